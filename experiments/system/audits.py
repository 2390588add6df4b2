"""The audit of all scenarios under all controllers, one day each, of three seeds of the small ones, and of networks.

    python -m experiments.system.audits [-o FOLDER] [--hours H] [--workers N] [--from OLDER]

Each run and each verdict is kept: a stopped command goes on where it was. Cheap runs come first; after H hours no
other is begun, and what is left counts as open. Finished runs of an older folder are taken over and judged anew; each
row tells the code that made its run. Writes runs.csv and networks.csv; exit code 1 if a run has a violation.
A day of a scenario in SAME_DAY is another's, which stands for both.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from experiments.processes import process_pool
from experiments.publishing.audited import audit_hash, keep_verdict
from experiments.publishing.metric_rows import write_rows
from experiments.publishing.running import RowCache
from experiments.runs import RunsFailed, exit_code, results_of, say
from testbed.auditing.of_runs import AuditedRun, audited
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest, run_request
from testbed.running.several_runs import single_job
from testbed.setup.controller_loading import controller_names

SCENARIOS = ("smoke", "named_classes", "fleets_day", "study_day", "refusal_days", "placement_day", "tight_island",
             "claims_day", "street_day", "paper_day", "workplace_replay", "windy_day", "simbench_week", "rts_day",
             "rts_day_spilling")
"""From cheap to dear."""
SAME_DAY = {"rts_week": "rts_day"}
"""Scenarios whose one day is another's."""
DEAR = ("bilayer_pso", "bilayer_sga", "bilayer_coordinated", "bilayer_envelope", "joint")
"""Controllers that come last."""
SEVERAL_SEEDS, SEEDS = ("smoke", "study_day"), 3
ONE_DAY = ("days=1",)
SIMBENCH = tuple(f"simbench:1-{grid}--0-sw" for grid in (
    "LV-rural1", "LV-rural2", "LV-rural3", "LV-semiurb4", "LV-semiurb5", "LV-urban6", "MV-rural", "MV-semiurb",
    "MV-urban", "MV-comm"))
PANDAPOWER = tuple(f"pandapower:{grid}" for grid in (
    "create_cigre_network_lv", "create_cigre_network_mv", "create_kerber_dorfnetz",
    "create_kerber_landnetz_freileitung_1", "create_kerber_landnetz_freileitung_2", "create_kerber_landnetz_kabel_1",
    "create_kerber_landnetz_kabel_2", "create_kerber_vorstadtnetz_kabel_1", "create_kerber_vorstadtnetz_kabel_2",
    "kb_extrem_dorfnetz", "kb_extrem_landnetz_freileitung", "kb_extrem_landnetz_kabel"))
OF_NETWORKS = ("smart_charging", "bilayer")
"""Controllers under which each network's day is run."""
SMALL = ("step_s=3600", "districts.0.peak_scale=0.6", "spatial.look_ahead_h=2", "planning.mip_gap=2e-2")
RULES_TOLD = 5


@dataclass(frozen=True)
class Case:
    """One run that is audited."""

    scenario: str
    controller: str
    seed: int
    network: str = ""

    @property
    def overrides(self) -> tuple[str, ...]:
        return (*ONE_DAY, *((*SMALL, f"districts.0.feeder={self.network}") if self.network else ()))

    @property
    def file(self) -> str:
        place = self.network.replace(":", "-") or self.scenario
        return f"{place}/{self.controller}-seed{self.seed}.h5"

    @property
    def row(self) -> dict[str, str]:
        seeded = f"{self.scenario} {self.seed}" if self.scenario in SEVERAL_SEEDS else self.scenario
        return {"scenario": self.scenario, "network": self.network, "controller": self.controller,
                "seed": str(self.seed), "place": self.network or seeded}


def cases() -> Iterator[Case]:
    """All, the dearest last."""
    names = controller_names()
    yield from _of_scenarios([name for name in names if name not in DEAR])
    yield from (Case("smoke", name, 1, network) for network in (*SIMBENCH, *PANDAPOWER) for name in OF_NETWORKS)
    yield from _of_scenarios(DEAR)


def _of_scenarios(controllers: Sequence[str]) -> Iterator[Case]:
    for scenario in SCENARIOS:
        for seed in range(1, SEEDS + 1 if scenario in SEVERAL_SEEDS else 2):
            yield from (Case(scenario, name, seed) for name in controllers)


# ---------------------------------------------------------------- one case
def verdict(case: Case, folder: Path) -> dict[str, Any]:
    """How the run ended, and what the audit says of it."""
    try:
        request = run_request(case.scenario, case.controller, case.seed, case.overrides, None, folder / case.file,
                              force=True)
        begun = time.perf_counter()
        result, = results_of([single_job(request)])
        made = time.perf_counter()
        seen = audited(result.path)
        keep_verdict(folder, result.path, list(seen.violations))
    except WrongRequest as wrong:
        return {"ending": "not allowed", "words": wrong.mistakes[0]}
    except RunsFailed as failed:
        return {"ending": "failed", "words": str(failed).splitlines()[0]}
    return {"ending": "audited", "code": code_of(result.path), "violations": len(seen.violations),
            "notes": len(seen.notes), "words": "; ".join(rules_of(seen)), "run_s": round(made - begun, 1),
            "audit_s": round(time.perf_counter() - made, 1)}


def code_of(path: Path) -> str:
    """Digits of the sources that made a result; empty where it is of a time that did not tell."""
    return str(open_result(path).run.get("code", ""))


def take_over(older: Path, folder: Path) -> int:
    """Copies the finished runs of another folder that are not in this one, and says how many."""
    count = 0
    for case in cases():
        there, here = older / case.file, folder / case.file
        if there.is_file() and not here.exists() and open_result(there).status == "completed":
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(there, here)
            count += 1
    return count


def rules_of(seen: AuditedRun) -> list[str]:
    """Names of the rules that are broken."""
    return list(dict.fromkeys(line.split(":", maxsplit=1)[0] for line in seen.violations))[:RULES_TOLD]


def rows(folder: Path, hours: float, workers: int = 1) -> list[dict[str, str]]:
    """A row per case; those that were not begun in time are open."""
    kept = RowCache(folder / "verdicts.jsonl")
    todo = [case for case in cases() if not kept.has(_settings(case))]
    begin = partial(in_time, folder=folder, until_s=time.time() + 3600 * hours)
    with process_pool(workers) as pool:
        for case, told in zip(todo, pool.map(begin, todo), strict=True):
            if told:
                kept.row(_settings(case), lambda told=told: told)  # type: ignore[misc]
                say(f"{case.file}: {told}")
    return [_row(case, kept) for case in cases()]


def in_time(case: Case, folder: Path, until_s: float) -> dict[str, Any]:
    """Its verdict; empty after that instant."""
    return verdict(case, folder) if time.time() < until_s else {}


def _settings(case: Case) -> dict[str, Any]:
    """Under which a verdict is kept."""
    return {**case.row, "overrides": case.overrides, "audit": audit_hash()}


def _row(case: Case, kept: RowCache) -> dict[str, str]:
    settings, told = _settings(case), dict[str, Any](ending="open")
    if kept.has(settings):
        told = kept.row(settings, dict)
    return {**case.row, **{name: str(told.get(name, "")) for name in (
        "ending", "violations", "notes", "words", "run_s", "audit_s", "code")}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a run has a violation or failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("results/audits"), metavar="FOLDER")
    parser.add_argument("--hours", type=float, default=1e9, metavar="H", help="begin no run after so many")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="runs at once")
    parser.add_argument("--from", dest="older", type=Path, metavar="OLDER", help="folder of runs by other code")
    chosen = parser.parse_args(arguments)
    if chosen.older:
        say(f"{take_over(chosen.older, chosen.output)} runs taken over from {chosen.older}")
    return exit_code(lambda: _carry_out(chosen.output, chosen.hours, chosen.workers))


def _carry_out(folder: Path, hours: float, workers: int) -> int:
    told = rows(folder, hours, workers)
    write_rows([row for row in told if not row["network"]], folder / "runs.csv")
    write_rows([row for row in told if row["network"]], folder / "networks.csv")
    return int(any(row["ending"] == "failed" or row["violations"] not in ("", "0") for row in told))


if __name__ == "__main__":
    raise SystemExit(main())
