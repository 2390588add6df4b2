"""One case of a study, as a worker carries it out: written aside, then renamed, so that a file is whole or not there.

    DIR/cases/KEY.h5     the result          DIR/cases/KEY.json   its figures; written last: the case is complete
    DIR/failed/KEY.json  why it failed       DIR/failed/KEY.h5    what it left
    DIR/parts/           what is being written; remains of killed workers are swept away by the next sweep
"""

from __future__ import annotations

import json
import logging
import math
import platform
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.network.quiet import quiet
from testbed.running.several_runs import Job, Outcome, carry_out
from testbed.sweeping.study import Case
from testbed.wiring.code_version import code_hash
from testbed.wiring.failure import Failure

PARTS = "parts"
_one_at_a_time = threading.Lock()
"""A worker with several threads still runs one case at a time: a run has its process to itself."""


class SchedulerLost(RuntimeError):
    """The scheduler went away during a sweep."""


@dataclass(frozen=True)
class CaseOutcome:
    """How a case ended."""

    key: str
    seconds: float
    failure: Failure | None = None
    """None if it is complete."""


def run_case(case: Case, folder: str, code: str) -> CaseOutcome:
    """Carry out the case and leave its files in the study's folder; what stops it is told, not raised.

    A worker with other code than `code`, or that does not see the folder, says so: it may have come after the check.
    """
    with _one_at_a_time:
        if is_complete(Path(folder), case.key):  # finished by a worker that was lost before it could say so
            return CaseOutcome(case.key, 0.0)
        parts = Path(folder) / PARTS
        if problem := _unfit(parts, code):
            return CaseOutcome(case.key, 0.0, Failure("", 0, f"worker on {platform.node()}: {problem}"))
        with tempfile.TemporaryDirectory(dir=parts, prefix=f"{case.key}-", ignore_cleanup_errors=True) as own:
            output = Path(own) / f"{case.key}.h5"
            job = Job(case.scenario_json, case.spec, case.controller, case.seed, output, None, case.hours)
            with quiet("asyncio", logging.CRITICAL):  # the loop of a run that failed would name its pending tasks
                outcome = carry_out(job)
            return _kept(case, outcome, Path(own), Path(folder))


def _unfit(parts: Path, code: str) -> str:
    """Why this process must not carry out cases; empty if it may."""
    if not parts.is_dir():
        return f"does not see {parts.parent}; the folder must be shared by all machines"
    return "" if code == code_hash() else f"has other code (sources {code_hash()}, the sweep {code})"


def _kept(case: Case, outcome: Outcome, own: Path, folder: Path) -> CaseOutcome:
    record: dict[str, Any] = {"case": case.key, "controller": case.controller, "seed": case.seed,
                              "point": case.point, "seconds": outcome.seconds, "code": code_hash()}
    if outcome.failure:
        record |= {"failure": outcome.failure.to_json()}
    else:
        record |= _what_came_out(outcome.path)
    target = folder / ("failed" if outcome.failure else "cases")
    target.mkdir(parents=True, exist_ok=True)
    (own / f"{case.key}.json").write_text(json.dumps(record), encoding="utf-8")
    for file in sorted(own.glob("*.h5")):
        file.replace(target / file.name)
    (own / f"{case.key}.json").replace(target / f"{case.key}.json")
    if not outcome.failure:
        for old in (folder / "failed").glob(f"{case.key}*"):
            old.unlink()
    return CaseOutcome(case.key, outcome.seconds, outcome.failure)


def _what_came_out(path: Path) -> dict[str, Any]:
    """Every published figure, None where it does not apply; who was planned by which objective."""
    from testbed.metrics.comparability import optimised_text  # noqa: PLC0415
    from testbed.metrics.of_runs import compute_metrics  # noqa: PLC0415
    from testbed.results.reading import open_result  # noqa: PLC0415

    result = open_result(path)
    figures = {name: value if math.isfinite(value) else None for name, value in compute_metrics(result).items()}
    return {"metrics": figures, "optimised": optimised_text(result)}


def is_complete(folder: Path, key: str) -> bool:
    """True if the case's figures and result are there."""
    return all((folder / "cases" / f"{key}{suffix}").is_file() for suffix in (".json", ".h5"))


def case_record(folder: Path, key: str) -> Mapping[str, Any]:
    """What is known of a complete or failed case; empty if it was never carried out."""
    for kind in ("cases", "failed"):
        file = folder / kind / f"{key}.json"
        if file.is_file():
            return dict(json.loads(file.read_text(encoding="utf-8")))
    return {}


def case_failure(record: Mapping[str, Any]) -> Failure | None:
    """Why the case of this record failed, if it did."""
    return Failure.from_json(record["failure"]) if "failure" in record else None


def clear_parts(folder: Path) -> None:
    """Remove what killed workers left half-written; only while no other sweep writes into the folder."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)


def open_parts(folder: Path) -> None:
    """Make the place where workers write; they do not make it, so that one without the shared disk is found out."""
    clear_parts(folder)
    (folder / PARTS).mkdir(parents=True)


def worker_sees(token: str) -> tuple[bool, str]:
    """Asked of every worker: whether it sees this file of the study's folder, and which code it has."""
    return Path(token).is_file(), code_hash()
