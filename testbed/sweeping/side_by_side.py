"""Single cases of a study, each process by itself: as many at once in one folder as a job array starts."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.sweeping.alone import beside_others_in
from testbed.sweeping.case import PARTS, is_complete, run_case
from testbed.sweeping.sweep import Say, Sweep, drop_damaged, line_of, note_study, tell_start, tell_violations
from testbed.wiring.code_version import code_hash


def run_cases(sweep: Sweep, only: Sequence[str], say: Say, is_audited: bool = True) -> int:
    """Carry out what of these cases is not complete yet, in this process; returns the number without a result.

    The tables are not touched (testbed.sweeping.collecting makes them). A case that another process is at is waited
    for. WrongRequest where a sweep has the folder for itself.
    """
    chosen, parts = sweep.chosen(only), sweep.folder / PARTS
    sweep.folder.mkdir(parents=True, exist_ok=True)
    with beside_others_in(sweep.folder):
        parts.mkdir(exist_ok=True)
        note_study(sweep)
        drop_damaged(sweep, chosen, say)
        todo = [case for case in chosen if not is_complete(sweep.folder, case.key)]
        tell_start(sweep, chosen, todo, say)
        for done, case in enumerate(todo, start=1):
            outcome = run_case(case, str(sweep.folder), code_hash(), is_audited)
            say(f"[{done}/{len(todo)}] {line_of(sweep, case, outcome)}")
            tell_violations(sweep.folder, case.key, say)
    return sum(not is_complete(sweep.folder, case.key) for case in chosen)
