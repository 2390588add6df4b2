"""Known answers: each is computed anew and held against its source (`testbed verify`)."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.checks.known_answer import Check, Value


def run_checks(slow: bool = False) -> list[Check]:
    """All known answers, in the order of docs/model.md 9; about ten seconds, with the slow ones some minutes."""
    from testbed.checks import (  # noqa: PLC0415  importing them costs seconds
        known_answers,
        known_answers_phases,
        known_answers_socp,
        known_answers_units,
    )

    parts = (*known_answers.CHECKS, *known_answers_phases.CHECKS, *known_answers_socp.CHECKS,
             *(known_answers_units.SLOW if slow else ()))
    return [check for part in parts for check in part()]


def print_checks(checks: Sequence[Check]) -> None:
    """One line each, and how many passed."""
    from testbed.reporting.tables import print_table  # noqa: PLC0415

    rows = [("ok" if check.passed else "FAILED", check.name, _words(check.expected), _words(check.got),
             f"{check.tolerance:g}", check.source) for check in checks]
    print_table(("", "check", "expected", "got", "tolerance", "source"), rows)
    print(f"{sum(check.passed for check in checks)} of {len(checks)} checks passed")


def _words(value: Value) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return value if isinstance(value, str) else f"{value:.9g}"
