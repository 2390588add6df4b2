"""Many runs on Dask: a study's cases, resumed where it stopped, and its table of figures."""

from __future__ import annotations

import csv
import json
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from testbed.metrics.older_tables import left_out
from testbed.metrics.registry import METRICS
from testbed.running.preflight import RESULTS, WrongRequest, folder_mistakes
from testbed.scenario.twins import twin_notes
from testbed.sweeping.alone import alone_in
from testbed.sweeping.case import (
    VIOLATIONS,
    CaseOutcome,
    case_failure,
    case_record,
    clear_parts,
    damage,
    drop_record,
    is_complete,
    open_parts,
    patience_of,
)
from testbed.sweeping.study import Case, Study, cases_of, load_study, study_of
from testbed.wiring.code_version import code_hash
from testbed.wiring.failure import Failure
from testbed.wiring.whole_files import whole_file, write_whole

if TYPE_CHECKING:
    from distributed import Client

Say = Callable[[str], None]
TABLE, FAILED = "results.csv", "failed.csv"
LISTING = "study.json"
"""Which study the folder is of, for whoever collects its cases."""
PLACES = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
"""Of cases in the study's order: one, or the first and the last of several."""
AUDITED = "audit_violations"
"""Column of the table: how many rules of the audit the case breaks; empty where it was not audited."""
OPTIMISED = "optimised"
"""Last column of the table: who was planned by which objective; empty for a case kept from before it was written."""
MOST_TOLD = 6
"""Objectives that a sweep lists at its end."""


@dataclass(frozen=True)
class Sweep:
    """A checked study: its cases in their order, and the folder of its results."""

    study: Study
    file: Path | None
    """None: it was described in Python."""
    cases: tuple[Case, ...]
    folder: Path

    def chosen(self, keys: Sequence[str]) -> tuple[Case, ...]:
        """All cases, or those of these places (7, 1-100) or keys (a beginning is enough, of seven letters if it has
        digits alone); WrongRequest for what is none's.
        """
        if not keys:
            return self.cases
        by_words = {words: [case for case in self.cases if _is_meant(case, words)] for words in keys}
        if missing := [words for words, cases in by_words.items() if not cases]:
            raise WrongRequest([self._none_of(words) for words in missing])
        wanted = {case.key for cases in by_words.values() for case in cases}
        return tuple(case for case in self.cases if case.key in wanted)

    def _none_of(self, words: str) -> str:
        if PLACES.fullmatch(words):
            return f"--case {words}: {self.study.name} has cases 1 to {self.study.size}"
        if not words:
            return "--case '': is empty; must be a place, as 7 or 1-100, or a key"
        return f"--case {words}: no case of {self.study.name} begins so"

    def label(self, case: Case) -> str:
        """The case in words, e.g. `bilayer seed 1 drivers.profile="uk"`."""
        point = " ".join(f"{key}={value}" for key, value in zip(self.study.axes, case.point, strict=True))
        return f"{case.controller} seed {case.seed} {point}".strip()


def _is_meant(case: Case, words: str) -> bool:
    return case.place in _places(words) if PLACES.fullmatch(words) else bool(words) and case.key.startswith(words)


def _places(words: str) -> range:
    first, _, last = words.partition("-")
    return range(int(first), int(last or first) + 1)


def sweep_request(given: str | Mapping[str, Any], folder: Path | None = None, only: Sequence[str] = ()) -> Sweep:
    """The checked study of that name or file, or of these keys of a study file, where controllers may be objects.

    only: the cases that are meant; where all are places, points of the study without any of them are not looked at.
    WrongRequest lists every mistake, and nothing is written.
    """
    if isinstance(given, str):
        study, file = load_study(given)
        cases = cases_of(study, file.parent, places=_all_places(study, only))
    else:
        (study, held), file = study_of(given), None
        cases = cases_of(study, Path(), held)
    sweep = Sweep(study, file, cases, (folder or RESULTS / study.name).resolve())
    if mistakes := folder_mistakes(sweep.folder, f"-o {folder or sweep.folder}"):
        raise WrongRequest(mistakes)
    return sweep


def _all_places(study: Study, only: Sequence[str]) -> tuple[int, ...]:
    """Places within the study; none where a key is among them, for which all cases have to be made."""
    if not all(PLACES.fullmatch(words) for words in only):
        return ()
    return tuple(place for words in only for place in _places(words) if 1 <= place <= study.size)


def note_study(sweep: Sweep) -> None:
    """Leave word in the folder which study it is of, where that does not stand there already."""
    content = json.dumps({"name": sweep.study.name, "file": sweep.file and str(sweep.file.resolve())}).encode()
    file = sweep.folder / LISTING
    if not file.is_file() or file.read_bytes() != content:
        write_whole(file, content)


def run_sweep(sweep: Sweep, scheduler: str | None = None, workers: int | None = None, only: Sequence[str] = (),
              say: Say = print, is_audited: bool = True) -> int:
    """Carry out what is not complete yet and write the tables; returns the number of cases without a result.

    The tables do not depend on the number of workers, nor on interruptions.
    """
    chosen = sweep.chosen(only)
    with ExitStack() as held:
        if is_there := sweep.folder.is_dir():
            held.enter_context(alone_in(sweep.folder))
        drop_damaged(sweep, chosen, say)
        todo = [case for case in chosen if not is_complete(sweep.folder, case.key)]
        patience_s = min((patience_of(case) for case in todo), default=0.0)
        with _client(scheduler, workers, patience_s) if todo else nullcontext() as client:
            if not is_there:  # nothing is written before somebody answers
                sweep.folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(alone_in(sweep.folder))
            tell_start(sweep, chosen, todo, say)
            tell_left_out(sweep, say)
            note_study(sweep)
            try:
                if client is not None:
                    _carry_out(sweep, todo, client, say, is_audited)
            finally:
                write_tables(sweep)
        clear_parts(sweep.folder)  # nobody writes there any more
    _tell_objectives(sweep, chosen, say)
    return sum(not is_complete(sweep.folder, case.key) for case in chosen)


def drop_damaged(sweep: Sweep, chosen: Sequence[Case], say: Say) -> None:
    """Cases whose files are not what was written are named, and count as not carried out."""
    for case in chosen:
        if what := damage(sweep.folder, case.key):
            say(f"case {case.key} is made again: {what}")
            drop_record(sweep.folder, case.key)


def _client(scheduler: str | None, workers: int | None, patience_s: float) -> AbstractContextManager[Client]:
    from testbed.sweeping.cluster import connected  # noqa: PLC0415 - Dask takes a second

    return connected(scheduler, workers, patience_s)


def _carry_out(sweep: Sweep, todo: Sequence[Case], client: Client, say: Say, is_audited: bool) -> None:
    from testbed.sweeping.cluster import carried_out, check_workers  # noqa: PLC0415

    by_key, started = {case.key: case for case in todo}, time.perf_counter()
    open_parts(sweep.folder)
    check_workers(client, sweep.folder)
    for done, told in enumerate(carried_out(client, todo, sweep.folder, is_audited), start=1):
        outcome = _seen(sweep.folder, told)
        left_s = (time.perf_counter() - started) / done * (len(todo) - done)
        say(f"[{done}/{len(todo)}, {left_s:.0f} s left] {line_of(sweep, by_key[outcome.key], outcome)}")
        if outcome.failure:
            _remember_failure(sweep.folder, outcome.key, outcome.failure)
        tell_violations(sweep.folder, outcome.key, say)


def tell_violations(folder: Path, key: str, say: Say) -> None:
    """What the audit says against a case, if it says anything."""
    if violations := case_record(folder, key).get(VIOLATIONS):
        say(f"audit: {key}: {len(violations)} violations, the first: {violations[0]}")


def _seen(folder: Path, told: CaseOutcome) -> CaseOutcome:
    """What the worker said, unless it called complete what is not there."""
    if told.failure or is_complete(folder, told.key):
        return told
    cause = f"its worker called it complete, but its files are not in {folder}: is it shared?"
    return replace(told, failure=Failure("", 0, cause))


def line_of(sweep: Sweep, case: Case, outcome: CaseOutcome) -> str:
    """How the case ended, in words."""
    done = f"{case.hours} h simulated in {outcome.seconds:.1f} s" if outcome.seconds else "completed by another process"
    words = f"failed: {outcome.failure.text}" if outcome.failure else done
    return f"{case.key} {sweep.label(case)}: {words}"


def _remember_failure(folder: Path, key: str, failure: Failure) -> None:
    """A worker that died could not write down why; what it or another said before does not hold any more."""
    if case_failure(case_record(folder, key)) == failure:
        return
    file = folder / "failed" / f"{key}.json"
    file.parent.mkdir(exist_ok=True)
    write_whole(file, json.dumps({"case": key, "failure": failure.to_json()}).encode())


def tell_start(sweep: Sweep, chosen: Sequence[Case], todo: Sequence[Case], say: Say) -> None:
    kept = len(chosen) - len(todo)
    say(f"{sweep.study.name}: {len(chosen)} cases, {kept} complete already, {len(todo)} to do; {sweep.folder}")
    for note in twin_notes(json.loads(text) for text in dict.fromkeys(case.scenario_json for case in sweep.cases)):
        say(f"note: {note}")
    left = {case.key for case in todo}
    codes = [case_record(sweep.folder, case.key).get("code") for case in chosen if case.key not in left]
    if other := sum(code != code_hash() for code in codes):
        say(f"note: {other} complete cases were made by other code than the present; "
            "they are kept (another folder with -o makes all anew)")


def tell_left_out(sweep: Sweep, say: Say) -> None:
    """Cases that the table is about to lose."""
    if others := len(left_out(sweep.folder / TABLE, ("case",), {(case.key,) for case in sweep.cases})):
        say(f"note: {TABLE} will no longer list {others} cases that are not in this study; their results stay, and a "
            "study that names them lists them again")


def _tell_objectives(sweep: Sweep, chosen: Sequence[Case], say: Say) -> None:
    """Whose costs can be held against whose: a line for each objective, with the controllers planned by it."""
    by: dict[str, list[str]] = {}
    for case in chosen:
        if text := case_record(sweep.folder, case.key).get(OPTIMISED):
            by.setdefault(text, []).append(case.controller)
    if len(by) > MOST_TOLD:
        say(f"{len(by)} different objectives: column {OPTIMISED} of {TABLE}; only costs of equal ones compare")
        return
    for text, controllers in by.items():
        say(f"{', '.join(dict.fromkeys(controllers))}: planned {text}")


# ---------------------------------------------------------------- tables
def write_tables(sweep: Sweep) -> None:
    """results.csv, a row per case in the study's order, and failed.csv with cause and command, each in one move."""
    names = sweep.study.metrics or tuple(METRICS)
    failures = []
    with _replacing(sweep.folder / TABLE) as write:
        write(("case", "controller", "seed", *sweep.study.axes, "status", *names, AUDITED, OPTIMISED))
        for case in sweep.cases:
            record = case_record(sweep.folder, case.key)
            figures = record.get("metrics", {}) if is_complete(sweep.folder, case.key) else {}
            failure = case_failure(record)
            status = "completed" if figures else "failed" if failure else "open"
            values = (figures.get(name) for name in names)
            write((case.key, case.controller, case.seed, *case.point, status,
                   *("" if value is None else value for value in values),
                   len(record[VIOLATIONS]) if figures and VIOLATIONS in record else "",
                   record.get(OPTIMISED, "") if figures else ""))
            if failure and not figures:
                failures.append((case, failure.text))
    with _replacing(sweep.folder / FAILED) as write:
        write(("case", "controller", "seed", *sweep.study.axes, "cause", "again"))
        for case, cause in failures:
            write((case.key, case.controller, case.seed, *case.point, cause, _again(sweep, case)))


def _again(sweep: Sweep, case: Case) -> str:
    """What runs the case alone."""
    if sweep.file is None:
        return f"testbed.sweep(..., output={str(sweep.folder)!r}, cases=[{case.key!r}])"
    return shlex.join(["testbed", "sweep", str(sweep.file), "-o", str(sweep.folder), "--case", case.key])


@contextmanager
def _replacing(path: Path) -> Iterator[Callable[[Sequence[object]], object]]:
    """Writes rows of a CSV file that takes the place of the old one when it is whole."""
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        yield csv.writer(file).writerow
