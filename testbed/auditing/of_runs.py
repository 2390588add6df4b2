"""A run brought before the audit: its file as it is, and the figures and statements that the testbed makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.metrics.of_runs import compute_metrics
from testbed.owners.statements import has_statements, owner_statements
from testbed.results.layout import ResultError
from testbed.results.reading import open_result

if TYPE_CHECKING:
    from audit.finding import Verdict

SAMPLED_STEPS = 8
"""Steps that the second engine looks at where a run is audited in passing."""
OF_FIGURES = ("metrics", "ledgers", "statements")
"""Rules on what is made of a run."""
MOST_TOLD = 5
"""Violations of one run that are told in full; the others are counted."""


@dataclass(frozen=True)
class AuditedRun:
    """What the audit says of one result."""

    path: Path
    label: str
    """Controller and seed."""
    violations: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.violations)

    @property
    def lines(self) -> list[str]:
        """For people: how many violations, and the first of them."""
        told = [f"audit: {self.label}: {line}" for line in self.violations[:MOST_TOLD]]
        more = [f"audit: {self.label}: {self.count - MOST_TOLD} more violations (testbed audit {self.path})"]
        return told + (more if self.count > MOST_TOLD else [])


def audited(path: Path, sample: int | None = None) -> AuditedRun:
    """The audit of a result; ResultError where the file is none.

    sample: steps that the second engine looks at; None: all.
    """
    verdict, label = _verdict(path, sample)
    notes = (*map(str, verdict.notes), *open_result(path).input_notes)
    return AuditedRun(path, label, tuple(map(str, verdict.violations)), notes)


def audited_in_passing(paths: Iterable[Path]) -> list[AuditedRun]:
    """Of runs that were just made: all fast rules, the second engine on some steps."""
    return [_in_passing(path) for path in paths]


def _in_passing(path: Path) -> AuditedRun:
    """What cannot be audited ends no command: it is a violation by itself."""
    try:
        return audited(path, SAMPLED_STEPS)
    except ResultError as error:
        return AuditedRun(path, path.stem, (f"cannot be audited: {error}",), ())


def summary(runs: Sequence[AuditedRun]) -> str:
    """One line: how many of the runs are clean."""
    broken = sum(bool(run.violations) for run in runs)
    return f"audit: {len(runs) - broken} of {len(runs)} runs without a violation"


def _verdict(path: Path, sample: int | None) -> tuple[Verdict, str]:
    from audit.finding import AuditError, Verdict  # noqa: PLC0415 - takes a third of a second
    from audit.judge import audit_run  # noqa: PLC0415
    from audit.run import read_run  # noqa: PLC0415

    try:
        run = read_run(path, sample=sample)  # the audit looks by itself, before anybody else does
        verdict = audit_run(run)
        if run.steps:
            figures = audit_run(replace(run, told=_told(path)), only=OF_FIGURES)
            verdict = Verdict((*verdict.violations, *figures.violations), verdict.notes, verdict.rules)
        return verdict, f"{run.attributes['controller']} seed {run.attributes['seed']}"
    except AuditError as error:
        raise ResultError(str(error)) from error


def _told(path: Path) -> dict[str, object]:
    """Published figures, and what each owner is told where the run came to its end."""
    result = open_result(path)
    told: dict[str, object] = {"metrics": compute_metrics(result)}
    if has_statements(result):
        told["statements"] = owner_statements(result).net_usd
    return told
