"""The commitment without cars, against which hours with fewer units are counted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from audit.finding import Check, Floats, holds, within
from audit.profiles import series_of
from audit.registry import rule
from audit.run import SECONDS_PER_HOUR, Run
from audit.unit_tables import units_of
from audit.units import Units, start_usd

MOST_SUMS = 100_000
"""Sums of what starts may have cost that are looked at one by one."""


@rule("2.8", "reference/committed", "reference/ordered_mw")
def reference(run: Run) -> Iterator[Check]:
    """The commitment without cars keeps minimum times and costs what it says, dispatched on the load alone."""
    on, units = run.reference["committed"] > 0, units_of(run)
    yield holds("on or off without cars", np.isin(run.reference["committed"], (0, 1)), axis="hour")
    known = series_of(run)
    if known is None or not run.reference_attributes.get("name"):
        return
    before_h, before_mw = (run.reference_attributes.get(name) for name in ("before_h", "before_mw"))
    yield holds("must run:", on | ~units.must_run, names=units.names, axis="hour")
    yield from _minimum_times(units, on, before_h)
    ordered_mw = run.reference.get("ordered_mw")
    yield holds("begins from a plan:", np.full(on.shape[1], ordered_mw is None or units.has_ramps), names=units.names,
                axis="run")
    went_on = before_mw is not None or not int(run.attributes.get("warmup_controlled_days", 0))
    if units.has_ramps and (ordered_mw is None or not went_on):
        return  # files of before lack the powers from which ramps go on, or from which units begin
    load, wind, sun, _ = known.means(SECONDS_PER_HOUR * np.arange(on.shape[0] + 1.0))
    fuel = _least_fuel_usd(run, units, on, load - wind - sun, np.full(on.shape[1], np.nan) if before_mw is None
                           else np.asarray(before_mw), ordered_mw)
    told = float(run.reference_attributes["operating_cost_usd"])
    least, most = _starts_usd(units, on, before_h, told - fuel)
    yield within("operating cost without cars", told, fuel + least, fuel + most, "USD", axis="run", rel=1e-6)


# ---------------------------------------------------------------- fuel
def _least_fuel_usd(run: Run, units: Units, on: Any, need_mw: Floats, before: Floats, ordered: Floats | None) -> float:
    """Of all hours, each at least weighted cost, ramps from hour to hour and from planned powers, if there are any.

    before: NaN of units off or not known.
    """
    total, was_on = 0.0, np.isfinite(before) if np.isfinite(before).any() else on[0]
    for hour, (row, need) in enumerate(zip(on, need_mw, strict=True)):
        low = np.where(was_on & row, np.fmax(units.low_mw, before - units.ramp_down), units.low_mw)
        high = np.fmin(units.high_mw, np.where(was_on, before + units.ramp_up, units.start_mw))
        if ordered is not None and np.isfinite(before).any():
            base = np.clip(ordered[hour], low, high)
            low, high = (base, high) if need >= base[row].sum() else (low, base)
        before, was_on = _dispatched_mw(run, units, row, low, high, float(need)), row
        total += float(units.fuel_usd_per_h(before, row).sum())
    return total


def _dispatched_mw(run: Run, units: Units, on: Any, low: Floats, high: Floats, need_mw: float) -> Floats:
    """[U] powers of an hour, by bisection on the price; what lies at one price is shared in proportion."""
    below, above = -1e4, 1e5
    for _ in range(80):
        price = 0.5 * (below + above)
        enough = float(_power_mw(run, units, low, high, price)[on].sum()) >= need_mw
        below, above = (below, price) if enough else (price, above)
    least, most = (_power_mw(run, units, low, high, price) * on for price in (below, above))
    room = float((most - least).sum())
    part = np.clip((need_mw - least.sum()) / room, 0.0, 1.0) if room > 0 else 0.0
    return np.asarray(least + part * (most - least))


def _power_mw(run: Run, units: Units, low: Floats, high: Floats, price: float) -> Floats:
    """[U] what units give below a price: all that costs less, between their limits."""
    objective = run.part("objective")
    w1 = float(objective["weight_operating"])
    carbon = float(objective["weight_carbon"]) * float(objective["carbon_price_usd_per_t"])
    bend = 2 * (w1 * units.c + carbon * units.gamma)
    slope = w1 * units.b + carbon * units.beta
    p = np.where(bend > 0, (price - slope) / np.where(bend > 0, bend, 1.0), np.where(slope < price, high, low))
    for i, table in enumerate(units.points):
        if table is None:
            continue
        # emissions that bend would bend every piece; of own units' tables only the straight part is known to act
        cheaper = [end for _, end, usd in units.straight_pieces(i) if w1 * usd + carbon * units.beta[i] < price]
        p[i] = max(cheaper, default=-np.inf)
    return np.clip(p, low, high)


# ---------------------------------------------------------------- hours on and off
def _runs(on: Any) -> Iterator[tuple[int, int, bool]]:
    """(first hour, length, is on) of each stretch of one unit's hours."""
    edges = [0, *(np.flatnonzero(np.diff(on.astype(int))) + 1), on.size]
    for first, end in pairwise(edges):
        yield int(first), int(end - first), bool(on[first])


def _starts_usd(units: Units, on: Any, before_h: Floats | None, told_usd: float) -> tuple[float, float]:
    """(least, most) that all starts may have cost: one figure where it is known how long units were off before, or
    else that possible one which is nearest to what is told, unless there are too many."""
    if before_h is not None:
        known = sum(_start_usd(units, on, i, before_h[i]) for i in range(on.shape[1]))
        return known, known
    known, unknown = _starts(units, on)
    if np.prod([float(len(choice)) for choice in unknown]) > MOST_SUMS:
        return known + sum(map(min, unknown)), known + sum(map(max, unknown))
    sums = known + _possible_sums(unknown)
    nearest = float(sums[np.argmin(np.abs(sums - told_usd))])
    return nearest, nearest


def _start_usd(units: Units, on: Any, i: int, before_h: float) -> float:
    """Of all starts of a unit that was on (+) or off (-) for so many hours before."""
    status, usd = float(before_h), 0.0
    for first, length, is_on in _runs(on[:, i]):
        usd += _one_start_usd(units, i, -status) if is_on and status < 0 else 0.0
        carried = abs(status) if first == 0 and (status > 0) == is_on else 0.0
        status = (carried + length) * (1.0 if is_on else -1.0)
    return usd


def _starts(units: Units, on: Any) -> tuple[float, list[tuple[float, ...]]]:
    """(USD of starts that are known, what each other start may have cost): before the first hour nothing is known."""
    known, unknown = 0.0, list[tuple[float, ...]]()
    for i in range(on.shape[1]):
        of_any = tuple(np.unique(units.start_usd[i]).tolist())
        rested: int | None = None
        for first, length, is_on in _runs(on[:, i]):
            if not is_on:
                rested = length if first else None
            elif first == 0:
                unknown.append((0.0, *of_any))
            elif rested is None:
                unknown.append(of_any)
            else:
                known += _one_start_usd(units, i, rested)
    return known, unknown


def _one_start_usd(units: Units, i: int, rested_h: float) -> float:
    rested = np.full(units.low_mw.size, -float(rested_h))
    return float(start_usd(units, np.ones(rested.size), rested)[i])


def _possible_sums(choices: list[tuple[float, ...]]) -> Floats:
    """Every sum of one out of each, equal ones once."""
    sums = np.zeros(1)
    for choice in choices:
        sums = np.unique((sums[:, None] + np.array(choice)).ravel())
    return sums


def _minimum_times(units: Units, on: Any, before_h: Floats | None) -> Iterator[Check]:
    """Of stretches that end; of the first one the hours before count too, where they are known."""
    for i, name in enumerate(units.names):
        before = 0.0 if before_h is None else float(before_h[i])
        turns = before != 0 and (before > 0) != bool(on[0, i])
        lengths: list[tuple[int, float, bool]] = [(0, abs(before), before > 0)] if turns else []
        for first, length, is_on in _runs(on[:, i]):
            carried = abs(before) if first == 0 and not turns else 0.0
            if (first > 0 or before) and first + length < on.shape[0]:
                lengths.append((first, length + carried, is_on))
        for first, whole_h, is_on in lengths:
            least = float(units.up_h[i] if is_on else units.down_h[i])
            yield Check(f"reference: {name} {'runs' if is_on else 'rests'} too little from hour {first},",
                        least - whole_h, 1e-9, "h", axis="run")
