"""Identical units planned together: one integer commitment per cluster, then each start and stop given to a unit.

n units with equal data are interchangeable, which costs a solver dearly: it must disprove the same schedule once per
permutation. A cluster counts its running units instead (u, y, z in 0..n) and holds their total power. Nothing is lost:
- cost: for convex curves n_on units do best at equal power, and the tangents scaled by u give exactly that;
- minimum up and down times: units that started first stop first, so that (U5) and (U6) on sums suffice;
- hot and cold starts: (U8c) matches starts to stops, as the disaggregation does (cheapest assignment);
- status before the plan may differ from unit to unit: it enters by counts and ages (`inherited`).
Only ramps and start-up or shut-down limits are kept in total but perhaps not by every single unit: then the bound
holds, and the schedule is judged by what the single units' dispatch makes of it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from controllers.port import PlanError
from controllers.temporal.unit_commitment.commitment import commit
from controllers.temporal.unit_commitment.inherited import Inherited, power_before_mw
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.stages import Commitment
from models.records.arrays import Floats, Ints
from models.records.thermal_units import ThermalUnits

# a rest too short is taken only where the assignment has no other, and is then refused by name
FORBIDDEN_USD = 1e12


# ------------------------------------------------------------------ single units to clusters
def identical_units(units: ThermalUnits) -> list[Ints]:
    """Rows of units with equal data in the order of their first member; status and name do not count."""
    # status before the plan may differ: it enters by counts and ages, the data may not
    skip = ("names", "initial_h", "initial_p_mw")
    table = np.concatenate([np.asarray(getattr(units, f.name), dtype=np.float64).reshape(units.count, -1).T
                            for f in fields(units) if f.name not in skip])
    # in the order of the table below: np.unique sorts by data, which says nothing
    _, first, kind = np.unique(table, axis=1, return_index=True, return_inverse=True)
    rows = [np.flatnonzero(kind.reshape(-1) == k) for k in np.argsort(first)]
    quick = (units.min_up_h < 1) | (units.min_down_h < 1)  # may stop and start in one hour: no chain of on and off
    return [part for row in rows for part in (np.split(row, row.size) if quick[row[0]] else [row])]


def clustered(case: Case) -> Case:
    """The same problem with one row per cluster; the case itself where no two units are identical."""
    units, view = case.knowledge.units, case.view
    members = identical_units(units)
    if len(members) == units.count:
        return case
    first = np.array([m[0] for m in members])
    data = {f.name: getattr(units, f.name)[first] for f in fields(units) if f.name != "names"}
    kinds = ThermalUnits(names=tuple(f"{m.size} x {units.names[m[0]]}" for m in members), **data)
    power = power_before_mw(units, view.hours_on, view.p_mw)
    behind = Inherited(members=tuple(members), hours_on=tuple(view.hours_on[m] for m in members),
                       p_before_mw=np.array([power[m].sum() for m in members]))
    return replace(case, knowledge=replace(case.knowledge, units=kinds), clusters=behind,
                   view=replace(view, hours_on=view.hours_on[first], p_mw=view.p_mw[first]))


def commit_by_clusters(case: Case, gap: float, node_limit: int, without: Collection[str] = (),
                       tightening: bool = False, time_limit_s: float = math.inf) -> Commitment:
    """`commit` with identical units clustered; the answer is a schedule of single units [U, H], the bound the MILP's.

    Raises PlanError as `commit`, or where the clusters' schedule breaks a minimum time that was left out.
    """
    together = clustered(case)
    cheapest = commit(together, gap, node_limit, without, tightening=tightening, time_limit_s=time_limit_s)
    return cheapest if together is case else replace(cheapest, u=single_schedules(together, cheapest), starts=None)


# ------------------------------------------------------------------ clusters to single units
def single_schedules(together: Case, commitment: Commitment) -> Ints:
    """[U, H] 0 or 1 of the single units behind the clusters' numbers `found.u` and `found.starts`."""
    units, behind = together.knowledge.units, together.inherited
    starts = np.zeros_like(commitment.u) if commitment.starts is None else commitment.starts
    out = np.zeros((int(behind.count.sum()), together.horizon_h), dtype=np.int64)
    for i, members in enumerate(behind.members):
        change = np.diff(commitment.u[i], prepend=behind.on[i])
        # one unit may start in the hour in which another stops: the change alone would hide both
        started = np.maximum(starts[i], change)
        rules = _Rules(units.names[i], int(units.min_up_h[i]), int(units.min_down_h[i]), units.start_lag_h[i],
                       units.start_usd[i])
        out[members] = _share_out(rules, behind.hours_on[i], started, started - change)
    return out


@dataclass(frozen=True)
class _Rules:
    name: str
    min_up_h: int
    min_down_h: int
    start_lag_h: Ints
    start_usd: Floats
    """[S] by category."""


def _share_out(rules: _Rules, hours_on: Ints, started: Ints, stopped: Ints) -> Ints:
    """[n, H] schedules of a cluster's units from the numbers of units that start and stop in each hour.

    Every stop takes the unit that has been on for longest, every start the unit that the assignment names.
    """
    horizon = started.size
    start_h, stop_h = np.repeat(np.arange(horizon), started), np.repeat(np.arange(horizon), stopped)
    on, off = _oldest_first(hours_on, hours_on > 0), _oldest_first(hours_on, hours_on < 0)
    # in order of age, so that the k-th stop belongs to the k-th run: first on, first off
    on_since = np.concatenate([-np.abs(hours_on[on]), start_h])
    off_since = np.concatenate([-np.abs(hours_on[off]), stop_h])
    _check_times(rules, stop_h - on_since[:stop_h.size], rules.min_up_h, "minimum up")
    taken = _resting_units(rules, start_h, off_since)
    _check_times(rules, start_h - off_since[taken], rules.min_down_h, "minimum down")
    # runs that no stop ends go on to the horizon
    until = np.concatenate([stop_h, np.full(on_since.size - stop_h.size, horizon)])
    out = np.zeros((hours_on.size, horizon), dtype=np.int64)
    runs, rests = list(on), list(off)  # units of on_since and off_since, filled as time goes on
    for k in range(on_since.size):
        if k >= len(on):
            # the unit that starts is one that rested, and which one rested follows from the stops before
            while len(rests) <= taken[k - len(on)]:  # stops before this start: their runs are known
                rests.append(runs[len(rests) - len(off)])
            runs.append(rests[taken[k - len(on)]])
        out[runs[k], max(int(on_since[k]), 0):until[k]] = 1
    return out


def _oldest_first(hours_on: Ints, which: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Ints:
    """Positions of the units in `which`, longest in their present status first."""
    # those on for longest may stop first: then minimum times kept by the cluster are kept by each unit
    at = np.flatnonzero(which)
    return np.asarray(at[np.argsort(-np.abs(hours_on[at]), kind="stable")], dtype=np.int64)


def _resting_units(rules: _Rules, start_h: Ints, off_since: Ints) -> Ints:
    """For each start the position in `off_since` of the rest that it ends: cheapest, all at least MD long."""
    rest = start_h[:, None] - off_since[None, :]
    usd = rules.start_usd[np.maximum(np.searchsorted(rules.start_lag_h, rest, side="right") - 1, 0)]
    cost: Floats = np.where(rest >= rules.min_down_h, usd, FORBIDDEN_USD)
    # linear_sum_assignment would leave starts unassigned instead of refusing
    if start_h.size > off_since.size:
        raise PlanError(f"{rules.name}: more starts than units at rest")
    return np.asarray(linear_sum_assignment(cost)[1], dtype=np.int64)


def _check_times(rules: _Rules, lasted_h: Ints, least_h: int, what: str) -> None:
    if np.any(lasted_h < least_h):
        raise PlanError(f"{rules.name}: {what} time of {least_h} h cannot be kept by single units")
