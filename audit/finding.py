"""What a rule compares, and what comes of it: a violation where it is broken, a note where it is broken at a price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
ROUNDING_REL = 1e-8
"""Of the largest value of an array: what machines may differ by (docs/audit.md)."""
WHOLE_RUN = -1


class AuditError(ValueError):
    """A file that cannot be audited; the message says which and why."""


@dataclass(frozen=True)
class Check:
    """How far something lies outside what a rule allows: excess [T], [T, names] or a number."""

    what: str
    excess: npt.ArrayLike
    allowed: float
    unit: str
    names: Sequence[str] = ()
    """Of the columns of excess."""
    axis: str = "step"
    """Of what the rows are: step, plan, hour; `run` for a number."""
    is_note: bool = False
    """Broken at a price, which is no contradiction."""
    fault: str = ""
    """The injected fault that explains it; then it is a note."""


@dataclass(frozen=True)
class Finding:
    """One broken rule: where it is first broken, and by how much at most."""

    rule: str
    what: str
    axis: str
    row: int
    """WHOLE_RUN, or the first step, plan or hour."""
    time_s: int | None
    """Of that row, from counted 00:00."""
    amount: float
    unit: str
    allowed: float
    is_note: bool = False
    fault: str = ""
    """The injected fault that explains it."""

    def __str__(self) -> str:
        where = "whole run" if self.row == WHOLE_RUN else f"{self.axis} {self.row}{self._clock}"
        word = "note: " if self.is_note else ""
        return (f"{word}{self.rule}: {self.what}, {where}: by {self.amount:.6g} {self.unit}"
                f" (allowed {self.allowed:.3g})")

    @property
    def _clock(self) -> str:
        if self.time_s is None:
            return ""
        day, rest = divmod(self.time_s, 86_400)
        return f" (day {day}, {rest // 3600:02d}:{rest % 3600 // 60:02d})"


@dataclass(frozen=True)
class Verdict:
    """All that an audit found."""

    violations: tuple[Finding, ...]
    notes: tuple[Finding | str, ...]
    """Limits passed at a price, and what could not be judged."""
    rules: int
    """Rules that were held against the file."""


def same(what: str, told: npt.ArrayLike, right: npt.ArrayLike, unit: str, *, names: Sequence[str] = (),
         rel: float = ROUNDING_REL, absolute: float = 1e-9, axis: str = "step") -> Check:
    """Both are the same to `rel` of the largest right value and `absolute`; NaN is the same as NaN alone."""
    left, wanted = np.broadcast_arrays(np.asarray(told, dtype=np.float64), np.asarray(right, dtype=np.float64))
    both_nan = np.isnan(left) & np.isnan(wanted)
    finite = np.abs(wanted[np.isfinite(wanted)])
    with np.errstate(invalid="ignore"):  # inf less inf is judged by equality
        excess = np.where(both_nan | (left == wanted), 0.0, np.abs(left - wanted))
    return Check(what, excess, absolute + rel * float(finite.max(initial=0.0)), unit, names, axis)


def within(what: str, told: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, unit: str, *,
           names: Sequence[str] = (), rel: float = ROUNDING_REL, absolute: float = 1e-9, axis: str = "step") -> Check:
    """Between low and high, to `rel` of the largest bound and `absolute`; NaN is outside."""
    value, least, most = np.broadcast_arrays(*(np.asarray(values, dtype=np.float64) for values in (told, low, high)))
    bounds = np.abs(np.concatenate([least.ravel(), most.ravel()]))
    scale = float(bounds[np.isfinite(bounds)].max(initial=0.0))
    return Check(what, np.maximum(least - value, value - most), absolute + rel * scale, unit, names, axis)


def holds(what: str, is_kept: npt.ArrayLike, *, names: Sequence[str] = (), axis: str = "step") -> Check:
    """A rule that is kept or not; the amount is 1."""
    return Check(what, 1.0 - np.asarray(is_kept, dtype=np.float64), 0.0, "", names, axis)


def outside(checks: Iterator[Check], teller: str) -> Iterator[Check]:
    """The checks as they are; as notes where a simulator of others, the teller, stands in the place of ours: what it
    computes is its own, and how far that lies from ours is told."""
    for check in checks:
        yield replace(check, what=f"{check.what} (told by the simulator {teller})", is_note=True) if teller else check


def not_judged(what: str, teller: str) -> Check:
    """A note that names what a simulator of others told and nothing here can judge."""
    return Check(f"{what}: told by the simulator {teller}, not judged", 1.0, 0.0, "", axis="run", is_note=True)


def findings(rule: str, check: Check, step_s: int | None = None) -> Iterator[Finding]:
    """One finding for each column of a check that is broken anywhere; NaN breaks it."""
    excess = np.asarray(check.excess, dtype=np.float64)
    if not excess.size:
        return
    is_run = excess.ndim == 0
    table = excess.reshape(1, 1) if is_run else excess.reshape(excess.shape[0], -1)
    broken = ~(table <= check.allowed)
    for column in np.flatnonzero(broken.any(axis=0)):
        row = int(np.argmax(broken[:, column]))
        most = float(np.nanmax(table[:, column], initial=-np.inf))
        name = f" {check.names[int(column)]}" if len(check.names) > column else ""
        time_s = row * step_s if step_s is not None and check.axis == "step" and not is_run else None
        what = f"{check.fault}: {check.what}{name}" if check.fault else check.what + name
        yield Finding(rule, what, check.axis, WHOLE_RUN if is_run else row, time_s,
                      most if np.isfinite(most) else float("nan"), check.unit, check.allowed, check.is_note,
                      check.fault)
