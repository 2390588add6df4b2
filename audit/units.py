"""The thermal units of a scenario, what their curves say, and what limits their powers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audit.finding import AuditError, Floats
from audit.run import SECONDS_PER_HOUR, Run

AT_LIMIT_MW = 1e-7
"""Nearer to a limit or to a bend of its cost a unit is there."""
AS_PLANNED_MW = 1e-6
"""Sums of powers that differ by less are equal."""


NEAR_PLAN_MW = 2e-3
"""So near to the sum of planned powers one more MWh may come from units above their plan or from those below it."""


@dataclass(frozen=True)
class Units:
    """Arrays [U], for all copies, at the scenario's scale."""

    names: tuple[str, ...]
    low_mw: Floats
    high_mw: Floats
    a: Floats
    b: Floats
    c: Floats
    points: tuple[Floats | None, ...]
    """[2, points] powers in MW and cost in USD/h where the cost is piecewise linear; else None, and a, b, c hold."""
    alpha: Floats
    beta: Floats
    gamma: Floats
    up_h: Floats
    down_h: Floats
    start_after_h: Floats
    """[U, categories] hours off beyond which each start-up category holds, rising; inf: none."""
    start_usd: Floats
    """[U, categories]"""
    initial_h: Floats
    initial_mw: Floats
    """As counted time begins; NaN: of a unit that is on, not known."""
    ramp_up: Floats
    ramp_down: Floats
    start_mw: Floats
    stop_mw: Floats
    must_run: Any

    def fuel_usd_per_h(self, p_mw: Floats, on: Any) -> Floats:
        """a u + b P + c P^2, or on the line between points, while on (docs/model.md 2.4)."""
        usd = np.asarray(self.a + self.b * p_mw + self.c * p_mw**2)
        for i, table in self._piecewise:
            usd[..., i] = np.interp(np.asarray(p_mw)[..., i], table[0], table[1])
        return np.asarray(usd * on)

    def tons_per_h(self, p_mw: Floats, on: Any) -> Floats:
        """alpha u + beta P + gamma P^2 while on."""
        return np.asarray((self.alpha + self.beta * p_mw + self.gamma * p_mw**2) * on)

    def fuel_slopes(self, p_mw: Floats) -> tuple[Floats, Floats]:
        """(what going down by one MW saves, what going up costs) [..., U] in USD/MWh; they differ at a bend."""
        down = np.asarray(self.b + 2 * self.c * p_mw)
        up = down.copy()
        for i, table in self._piecewise:
            p, slopes = np.asarray(p_mw)[..., i], np.diff(table[1]) / np.diff(table[0])
            for side, at in ((down, p - AT_LIMIT_MW), (up, p + AT_LIMIT_MW)):
                side[..., i] = slopes[np.clip(np.searchsorted(table[0], at, side="right") - 1, 0, slopes.size - 1)]
        return down, up

    def straight_pieces(self, i: int) -> list[tuple[float, float, float]]:
        """(from MW, to MW, USD/MWh) of a unit without a quadratic cost."""
        table = self.points[i]
        if table is None or table.shape[1] < 2:
            return [(float(self.low_mw[i]), float(self.high_mw[i]), float(self.b[i]))]
        slopes = np.diff(table[1]) / np.diff(table[0])
        return list(zip(table[0][:-1].tolist(), table[0][1:].tolist(), slopes.tolist(), strict=True))

    @property
    def _piecewise(self) -> list[tuple[int, Floats]]:
        return [(i, table) for i, table in enumerate(self.points) if table is not None and table.shape[1] > 1]

    @cached_property
    def is_quick(self) -> Any:
        """[U] may start outside the plan."""
        return (self.up_h == 1) & (self.down_h == 1)

    @cached_property
    def has_ramps(self) -> bool:
        """Whether a step's powers hang on those of an hour before."""
        return bool(np.isfinite([self.ramp_up, self.ramp_down, self.start_mw]).any())


# ---------------------------------------------------------------- what happened
def before_h(run: Run) -> Floats:
    """[T + 1, U] hours on (+) or off (-) as each step begins and as the last ends, carried on from the first."""
    on = run("committed") > 0
    hours = np.zeros((run.steps + 1, on.shape[1]))
    hours[0] = run("on_before_h")[0]
    for t in range(run.steps):
        same = (hours[t] > 0) == on[t]
        hours[t + 1] = np.where(on[t], 1.0, -1.0) * (np.where(same, np.abs(hours[t]), 0.0) + run.step_h)
    return hours


def planned_on(run: Run) -> Any:
    """[T, U] what the plans in force order."""
    ordered = np.zeros(run("committed").shape, dtype=np.bool_)
    starts = run.plan["time_s"]
    written = np.flatnonzero(starts >= 0)
    ends = [*starts[written[1:]], np.iinfo(np.int64).max]
    for index, end_s in zip(written, ends, strict=True):
        rows = np.flatnonzero((run.time_s >= starts[index]) & (run.time_s < end_s))
        lead = (run.time_s[rows] - starts[index]) // SECONDS_PER_HOUR
        if lead.size and lead.max() >= run.plan["committed"].shape[2]:
            raise AuditError(f"plan {index} ends before the next begins")
        ordered[rows] = run.plan["committed"][index].T[lead] > 0
    return ordered


def start_usd(units: Units, on: Any, rested_h: Floats) -> Floats:
    """[..., U] of each start: of the last category whose rest has been passed; 0 where none starts."""
    passed = -np.asarray(rested_h)[..., None] > units.start_after_h + 1e-9
    category = np.maximum(passed.sum(axis=-1) - 1, 0)
    usd = np.take_along_axis(np.broadcast_to(units.start_usd, passed.shape), category[..., None], axis=-1)[..., 0]
    return np.where((np.asarray(on) > 0) & (rested_h < 0), usd, 0.0)


def hour_before(run: Run) -> int:
    """Steps back to the one an hour before."""
    return max(round(1 / run.step_h), 1)


def limits_mw(run: Run, units: Units) -> tuple[Floats, Floats]:
    """[T, U] least and most power of units on, ramps against the hour before included (docs/model.md 3.10).

    Nothing limits the first hour, unless days before it were run (`limits_known`).
    """
    on, p, hour = run("committed") > 0, run("p_mw"), hour_before(run)
    low, high = (np.broadcast_to(limit, p.shape).copy() for limit in (units.low_mw, units.high_mw))
    if units.has_ramps and run.steps > hour:
        was_on, before = on[:-hour], p[:-hour]
        low[hour:] = np.where(was_on, np.maximum(units.low_mw, before - units.ramp_down), units.low_mw)
        high[hour:] = np.minimum(units.high_mw, np.where(was_on, before + units.ramp_up, units.start_mw))
    return low, high


def free_mw(run: Run, units: Units) -> tuple[Floats, Floats]:
    """[T, U] the same as a step may use them: units with ramps begin from their planned powers, below which none falls
    where more is needed than planned, and above which none rises where less is (docs/model.md 5.6)."""
    low, high = limits_mw(run, units)
    if not begins_from_plans(run, units):
        return low, high
    base, more = _beside_plan(run, low, high)
    begins = np.arange(run.steps) >= hour_before(run)
    # as planned to rounding: neither falls nor rises
    low[begins & (more > -AS_PLANNED_MW)] = base[begins & (more > -AS_PLANNED_MW)]
    high[begins & (more < AS_PLANNED_MW)] = base[begins & (more < AS_PLANNED_MW)]
    return low, high


def begins_from_plans(run: Run, units: Units) -> bool:
    """Whether units have ramps and the file, not an older one, says from which powers they begin."""
    return units.has_ramps and "ordered_mw" in run.arrays


def is_near_plan(run: Run, units: Units) -> Any:
    """[T] steps in which units with ramps are needed to within NEAR_PLAN_MW for what was planned of them."""
    if not begins_from_plans(run, units):
        return np.zeros(run.steps, dtype=np.bool_)
    return np.abs(_beside_plan(run, *limits_mw(run, units))[1]) < NEAR_PLAN_MW


def _beside_plan(run: Run, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """([T, U] planned powers as far as they can be reached, [T] what is needed beyond their sum, MW)."""
    base = np.clip(run("ordered_mw"), low, high)
    curtailed = run("wind_curtailed_mw") + run("pv_curtailed_mw")
    needed = run("p_mw").sum(axis=1) + run("shed_mw") - curtailed - run("dump_mw")
    return base, needed - ((run("committed") > 0) * base).sum(axis=1)


def limits_known(run: Run, units: Units) -> Any:
    """[T] whether the file tells what limits powers: not in the first hour of units with ramps that ran before it."""
    ran_before = int(run.attributes.get("warmup_controlled_days", 0)) > 0
    return ~(units.has_ramps & ran_before & (np.arange(run.steps) < hour_before(run)))
