"""The league: its scenarios and seeds, carried out as studies, and its tables."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from controllers.port import Controller
from testbed.league.entry import EntryFailed, entry_of
from testbed.league.standings import Standing, ledger_of, page, standings
from testbed.running.preflight import RESULTS, WrongRequest, folder_mistakes
from testbed.scenario.loading import load_scenario
from testbed.setup.controller_loading import ControllerError, controller_names
from testbed.sweeping.case import case_record
from testbed.sweeping.sweep import Sweep, run_sweep, sweep_request
from testbed.wiring.whole_files import whole_file, write_whole

SCENARIOS = ("smoke", "study_day")
SEEDS = (104, 109, 114)
"""Held out: no environment for learning draws them for training (docs/learning.md)."""
BASES = ("uncoordinated", "oracle")
TABLE, PAGE = "league.csv", "league.md"


@dataclass(frozen=True)
class League:
    """A checked league: one study a scenario."""

    sweeps: tuple[Sweep, ...]
    folder: Path


def league_request(added: Sequence[str] = (), only: Sequence[str] = (), folder: Path | None = None,
                   scenarios: Sequence[str] = SCENARIOS, seeds: Sequence[int] = SEEDS) -> League:
    """All shipped controllers (or those of `only`, with the two bases) and what is added. WrongRequest with every
    mistake, and nothing written."""
    place, mistakes, entries = (folder or RESULTS / "league").resolve(), list[str](), list[Controller]()
    mistakes += folder_mistakes(place, f"-o {folder or place}")
    mistakes += [f"--controllers {name}: no shipped controller; there are {', '.join(controller_names())}"
                 for name in only if name not in controller_names()]
    for spec in added:
        try:
            entries.append(entry_of(spec))
        except (ControllerError, EntryFailed) as error:
            mistakes.append(f"--add {error}")
    if mistakes:
        raise WrongRequest(mistakes)
    names = list(dict.fromkeys((*BASES, *only))) if only else list(controller_names())
    studies: list[dict[str, Any]] = [
        {"name": f"league-{scenario}", "scenario": scenario, "seeds": list(seeds), "record": "figures",
         "controllers": [*names, *entries]} for scenario in scenarios]
    return League(tuple(sweep_request(study, place / study["name"]) for study in studies), place)


def play(league: League, workers: int | None = None, say: Callable[[str], None] = print) -> list[Standing]:
    """Carry out what is missing and write the tables; rows of all scenarios."""
    league.folder.mkdir(parents=True, exist_ok=True)
    for sweep in league.sweeps:
        run_sweep(sweep, workers=workers, say=say)
    rows = [row for sweep in league.sweeps for row in _of_scenario(sweep)]
    _write_table(rows, league.folder / TABLE)
    seeds = sorted({case.seed for sweep in league.sweeps for case in sweep.cases})
    write_whole(league.folder / PAGE, page(rows, seeds).encode())
    return rows


def _of_scenario(sweep: Sweep) -> list[Standing]:
    runs: dict[str, dict[int, dict[str, float | None]]] = {}
    for case in sweep.cases:
        own = runs.setdefault(case.controller, {})
        if figures := case_record(sweep.folder, case.key).get("metrics"):
            own[case.seed] = dict(figures)
    scenario = sweep.study.scenario
    return standings(scenario, ledger_of(load_scenario(scenario)), runs)


def _write_table(rows: Sequence[Standing], path: Path) -> None:
    names = [field.name for field in fields(Standing)]
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            values = [getattr(row, name) for name in names]
            writer.writerow(["" if isinstance(value, float) and not np.isfinite(value) else value for value in values])
