"""One case of a study, as a worker carries it out: written aside, then renamed, so that a file is whole or not there.

    DIR/cases/KEY.h5     the result          DIR/cases/KEY.json   its figures; written last: the case is complete
    DIR/failed/KEY.json  why it failed       DIR/failed/KEY.h5    what it left
    DIR/parts/           what is being written, and a lock for each case; what killed workers left there goes with the
                         next sweep that has the folder for itself

With `record: figures` KEY.h5 keeps figures and the power system by the hour, and a failed case leaves its cause alone.
"""

from __future__ import annotations

import hashlib
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
from testbed.running.job import Job, Outcome, carry_out
from testbed.sweeping.alone import at_case
from testbed.sweeping.study import Case
from testbed.users.carrying import delivered
from testbed.wiring.code_version import code_hash
from testbed.wiring.failure import Failure
from testbed.wiring.whole_files import write_whole

PARTS, FILES, VIOLATIONS = "parts", "files", "violations"
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


def run_case(case: Case, folder: str, code: str, is_audited: bool = True) -> CaseOutcome:
    """Carry out the case and leave its files in the study's folder; what stops it is told, not raised.

    A worker with other code than `code`, or that does not see the folder, says so: it may have come after the check.
    """
    parts = Path(folder) / PARTS
    if problem := _unfit(parts, code):
        return CaseOutcome(case.key, 0.0, Failure("", 0, f"worker on {platform.node()}: {problem}"))
    with _one_at_a_time, at_case(parts, case.key):
        if is_complete(Path(folder), case.key):  # by another process, or a worker lost before it could say so
            return CaseOutcome(case.key, 0.0)
        with tempfile.TemporaryDirectory(dir=parts, prefix=f"{case.key}-", ignore_cleanup_errors=True) as own:
            output = Path(own) / f"{case.key}.h5"
            held = None if case.held is None else delivered(case.held)
            job = Job(case.scenario_json, case.spec, case.controller, case.seed, output, None, case.hours, held)
            with quiet("asyncio", logging.CRITICAL):  # the loop of a run that failed would name its pending tasks
                outcome = carry_out(job)
            return _kept(case, outcome, Path(own), Path(folder), is_audited)


def _unfit(parts: Path, code: str) -> str:
    """Why this process must not carry out cases; empty if it may."""
    if not parts.is_dir():
        return f"does not see {parts.parent}; the folder must be shared by all machines"
    return "" if code == code_hash() else f"has other code (sources {code_hash()}, the sweep {code})"


def _kept(case: Case, outcome: Outcome, own: Path, folder: Path, is_audited: bool) -> CaseOutcome:
    record: dict[str, Any] = {"case": case.key, "controller": case.controller, "seed": case.seed,
                              "point": case.point, "seconds": outcome.seconds, "code": code_hash()}
    if outcome.failure:
        record |= {"failure": outcome.failure.to_json()}
    else:
        record |= _what_came_out(outcome.path)
        if is_audited:
            record |= {VIOLATIONS: _violations(outcome.path)}
    if case.keeps == "figures":
        _shrink(outcome, record)
    target = folder / ("failed" if outcome.failure else "cases")
    target.mkdir(parents=True, exist_ok=True)
    files = sorted(own.glob("*.h5"))
    record[FILES] = {file.name: checksum(file) for file in files}
    for file in files:
        file.replace(target / file.name)
    write_whole(target / f"{case.key}.json", json.dumps(record).encode())
    if not outcome.failure:
        for old in (folder / "failed").glob(f"{case.key}*"):
            old.unlink()
    return CaseOutcome(case.key, outcome.seconds, outcome.failure)


def _shrink(outcome: Outcome, record: Mapping[str, Any]) -> None:
    """To the figures in the record; nothing but the record stays of a case that failed."""
    from testbed.exporting.figures_only import keep_figures  # noqa: PLC0415

    if outcome.failure:
        outcome.path.unlink(missing_ok=True)
        return
    keep_figures(outcome.path, {name: math.nan if value is None else value
                                for name, value in record["metrics"].items()})


def _what_came_out(path: Path) -> dict[str, Any]:
    """Every published figure, None where it does not apply; who was planned by which objective."""
    from testbed.metrics.comparability import optimised_text  # noqa: PLC0415
    from testbed.metrics.of_runs import compute_metrics  # noqa: PLC0415
    from testbed.results.reading import open_result  # noqa: PLC0415

    result = open_result(path)
    figures = {name: value if math.isfinite(value) else None for name, value in compute_metrics(result).items()}
    return {"metrics": figures, "optimised": optimised_text(result)}


def _violations(path: Path) -> tuple[str, ...]:
    """What the audit says against the result."""
    from testbed.auditing.of_runs import audited_in_passing  # noqa: PLC0415

    run, = audited_in_passing([path])
    return run.violations


def is_complete(folder: Path, key: str) -> bool:
    """True if the case's figures and result are there."""
    return bool(case_record(folder, key).get("metrics")) and (folder / "cases" / f"{key}.h5").is_file()


def damage(folder: Path, key: str) -> str:
    """What is wrong with the files of a case that look complete; empty if nothing is, or if there are none."""
    file = folder / "cases" / f"{key}.json"
    if not file.is_file():
        return ""
    record = _record(file)
    if not record.get("metrics"):
        return f"{file}: half-written or damaged"
    theirs = record.get(FILES, {f"{key}.h5": ""})
    return "; ".join(filter(None, (_damage_of(folder / "cases" / name, told) for name, told in theirs.items())))


def drop_record(folder: Path, key: str) -> None:
    """The case is not complete any more."""
    (folder / "cases" / f"{key}.json").unlink(missing_ok=True)


def _damage_of(file: Path, told: str) -> str:
    """Against the checksum that its record tells; an older record tells none, and the file must at least open."""
    from testbed.results.reading import ResultError, open_result  # noqa: PLC0415

    if not file.is_file():
        return f"{file}: is missing"
    if told:
        return "" if checksum(file) == told else f"{file}: is not the file that was written (another checksum)"
    try:
        status = open_result(file).status
    except ResultError as error:
        return str(error)
    return "" if status == "completed" else f"{file}: is {status}"


def checksum(file: Path) -> str:
    """sha256 of its bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def case_record(folder: Path, key: str) -> Mapping[str, Any]:
    """What is known of a complete or failed case; empty if it was never carried out, or its record is damaged."""
    for kind in ("cases", "failed"):
        if record := _record(folder / kind / f"{key}.json"):
            return record
    return {}


def _record(file: Path) -> Mapping[str, Any]:
    """Empty for a file that is not there, half-written or damaged."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def case_failure(record: Mapping[str, Any]) -> Failure | None:
    """Why the case of this record failed, if it did."""
    return Failure.from_json(record["failure"]) if "failure" in record else None


def patience_of(case: Case) -> float:
    """Seconds after which a worker that stands still is lost."""
    return float(json.loads(case.scenario_json)["execution"]["patience_s"])


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
