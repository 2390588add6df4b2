"""All rules held against a result file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import numpy as np

import audit.rules
from audit.faults.explaining import Fault, faults_of, named
from audit.finding import AuditError, Finding, Verdict, findings
from audit.registry import Rule, registered
from audit.run import Run, read_run
from audit.unit_tables import where_units_are_from

MOST_PER_RULE = 20
"""Findings that one rule reports; their number is told beyond it."""
BROKEN_INPUT = (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError, OverflowError, AttributeError,
                np.linalg.LinAlgError)
"""What a rule may meet in values that no run has written."""


SECOND_ENGINE = "power_grid_model"
OF_AN_EMPTY_FILE = "time_axis"
"""The rule that a file without a step breaks; the others are given runs of a step or more."""


@cache
def all_rules() -> dict[str, Rule]:
    """By name, in the order of the files in `audit/rules/`, whichever of them were imported before."""
    for module in iter_modules(audit.rules.__path__):
        import_module(f"{audit.rules.__name__}.{module.name}")
    return dict(sorted(registered().items(), key=lambda named: named[1].function.__module__))


def audit_file(path: Path | str, *, told: Mapping[str, Any] | None = None, sample: int | None = None,
               with_slow: bool = True) -> Verdict:
    """The verdict on a result file; AuditError for a file that is none.

    told: figures made of it elsewhere (`metrics`), to be held against the audit's own. sample: steps that slow rules
    look at, evenly spread; None: all. with_slow: whether the second engine is asked at all.
    """
    return audit_run(read_run(path, told, sample), with_slow=with_slow)


def audit_run(run: Run, *, with_slow: bool = True, only: Collection[str] = ()) -> Verdict:
    """The verdict on a run that was read, by the rules of these names alone if there are some."""
    rules = [rule for rule in all_rules().values()
             if (with_slow or not rule.is_slow) and (run.has_traces or not rule.needs_traces)
             and (run.steps or rule.name == OF_AN_EMPTY_FILE) and (not only or rule.name in only)]
    faults = faults_of(run)
    with np.errstate(all="ignore"):  # impossible values are for the rules to judge, not to warn of
        findings = [finding for rule in rules for finding in _held(rule, run, faults)]
    notes: tuple[Finding | str, ...] = (*_unread(run), *(finding for finding in findings if finding.is_note))
    return Verdict(tuple(finding for finding in findings if not finding.is_note), notes, len(rules))


def _held(rule: Rule, run: Run, faults: tuple[Fault, ...]) -> Iterator[Finding]:
    """At most MOST_PER_RULE findings of one rule."""
    try:
        broken = [finding for check in rule.function(run) for part in named(rule.name, check, run, faults)
                  for finding in findings(rule.name, part, run.step_s)]
    except BROKEN_INPUT as error:
        words = " ".join(str(error).split())[:160]
        raise AuditError(f"{run.path}: rule {rule.name} cannot be held against it: {type(error).__name__} "
                         f"{words}") from error
    except AuditError as error:
        raise AuditError(str(error) if str(run.path) in str(error) else f"{run.path}: {error}") from error
    broken = _once_a_fault(broken)
    yield from broken[:MOST_PER_RULE]
    if len(broken) > MOST_PER_RULE:
        yield Finding(rule.name, f"and {len(broken) - MOST_PER_RULE} more places", "run", -1, None,
                      float(len(broken)), "places", float(MOST_PER_RULE), all(finding.is_note for finding in broken))


def _once_a_fault(findings: list[Finding]) -> list[Finding]:
    """What a fault explains as one finding a rule: the first place, and how many more there are."""
    kept, by_fault = [], dict[str, list[Finding]]()
    for finding in findings:
        if finding.fault:
            by_fault.setdefault(finding.fault, []).append(finding)
        else:
            kept.append(finding)
    return kept + [replace(first, what=f"{first.what} (and {len(more)} more places)" if more else first.what)
                   for first, *more in by_fault.values()]


def _unread(run: Run) -> Iterator[str]:
    """What this file, or what is installed, does not let the audit judge."""
    if run.networks and find_spec(SECOND_ENGINE) is None:
        yield ("power-grid-model is not installed: AC was held against the audit's own sweeps alone "
               "(pip install 'v2g-testbed[audit]')")
    if run.steps and (whence := where_units_are_from(run)):
        yield whence
    if run.schema < 2:
        yield f"schema {run.schema} holds no impedances and no limits of chargers: AC and cars' powers were not judged"
    if not run.has_traces:
        yield "no traces per vehicle (record.vehicles): rules of single cars and steps were not held"
