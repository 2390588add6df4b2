"""Runs with one array changed, in memory: all of it by 1 %, or one element by 10 %."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from audit.arrays import ARRAYS, Told, full_name
from audit.finding import findings
from audit.judge import all_rules
from audit.run import Run

WHOLE, ELEMENT = 0.01, 0.10
NEGLIGIBLE = 1e-6
"""Of an array's scale: a change below it is below every rule's tolerance."""


@dataclass(frozen=True)
class Alteration:
    """What was changed, and by how much against the array's scale."""

    name: str
    where: str
    share: float
    run: Run


def arrays_of(run: Run) -> Iterator[tuple[Told, str, np.ndarray]]:
    """(what it is, its district or '', values) of every array of numbers that the run holds."""
    for told in ARRAYS:
        if told.kind == "text":
            continue
        if told.place in ("district", "network", "traces"):
            for d in run.districts:
                values = (d.traces or {} if told.place == "traces" else d.arrays).get(told.name)
                if values is not None and values.size:
                    yield told, d.name, values
        else:
            values = {"system": run.arrays, "plan": run.plan, "reference": run.reference}[told.place].get(told.name)
            if values is not None and values.size:
                yield told, "", values


def with_array(run: Run, told: Told, district: str, values: np.ndarray) -> Run:
    """The run with another array in place of its own."""
    def exchanged(d):
        if d.name != district:
            return d
        if told.place == "traces":
            return replace(d, traces={**d.traces, told.name: values})
        return replace(d, arrays={**d.arrays, told.name: values})

    if district:
        return replace(run, districts=tuple(map(exchanged, run.districts)))
    part = {"system": "arrays", "plan": "plan", "reference": "reference"}[told.place]
    return replace(run, **{part: {**getattr(run, part), told.name: values}})


def whole(run: Run, told: Told, district: str, values: np.ndarray) -> Alteration | None:
    """All values 1 % larger, whole numbers by 1 or more; None where nothing would change."""
    is_whole = told.kind in ("count", "whole", "flag")
    finite = np.isfinite(values) & (values != 0)
    if not finite.any():
        return None
    step = np.maximum(np.abs(np.round(values * WHOLE)), 1.0) if is_whole else values * WHOLE
    new = np.where(finite, values + step, values).astype(values.dtype)
    return Alteration(full_name(told), f"{district} all", WHOLE, with_array(run, told, district, new))


def elements(run: Run, told: Told, district: str, values: np.ndarray, count: int, seed: int) -> Iterator[Alteration]:
    """Some elements, zeros among them, 10 % larger; zeros by 10 % of the scale, flags the other way round."""
    rng = np.random.default_rng([seed, len(full_name(told)), values.size])
    flat, finite = values.ravel(), np.isfinite(values.ravel())
    scale = float(np.abs(flat[finite]).max(initial=0.0)) or 1.0
    for is_zero in (False, True):
        among = np.flatnonzero(finite & ((flat == 0) == is_zero))
        for index in rng.choice(among, min(count, among.size), replace=False) if among.size else ():
            change = ELEMENT * (scale if is_zero else flat[index])
            if told.kind in ("count", "whole"):
                change = max(abs(round(change)), 1)
            if told.kind == "flag" or (told.name == "committed"):
                change = 1 - 2 * flat[index]
            new = values.copy().reshape(-1)
            new[index] += change
            at = tuple(int(i) for i in np.unravel_index(index, values.shape))
            yield Alteration(full_name(told), f"{district} {at} {flat[index]:.6g}", abs(float(change)) / scale,
                             with_array(run, told, district, new.reshape(values.shape)))


def is_caught(alteration: Alteration) -> bool:
    """Whether a rule that claims to determine the array, or one on possible values, is broken."""
    run = alteration.run
    rules = [rule for rule in all_rules().values() if alteration.name in rule.determines or
             rule.name == "possible_values"]
    with np.errstate(all="ignore"):
        for rule in rules:
            if rule.needs_traces and not run.has_traces:
                continue
            try:
                if any(not finding.is_note for check in rule.function(run) for finding in findings(rule.name, check)):
                    return True
            except (ValueError, IndexError):
                return True
    return False
