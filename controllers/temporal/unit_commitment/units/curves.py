"""What a unit costs by its power (U9, U23): a convex curve, of a quadratic and of slopes that rise at kinks.

cost = a u + b P + c P^2 is held from below by tangents scaled by u; above kink k each MW costs kappa_k more, exactly:
with u whole or not, sum_k kappa_k max(P - x_k u, 0) is the least that n_on units can add at equal power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.rows.grid import times
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.units.starts import spread
from controllers.temporal.unit_commitment.variables import (
    Constraints,
    Equation,
    Variables,
    at_rows,
    before,
    per_unit,
    start_and_stop_mw,
)
from models.records.arrays import Floats, Ints
from models.records.thermal_units import STEEPER_USD_PER_MWH, ThermalUnits


def cost_tangents(case: Case, v: Variables) -> Constraints:
    """(U9) cost >= tangents of a u + b P + c P^2 at >= 12 powers, each scaled by u; one where c = 0."""
    a, b, c = case.unit_curve()
    units, out, every = case.knowledge.units, [], np.arange(case.knowledge.units.count * case.horizon_h)
    count = case.knowledge.tangents if np.any(c > 0) else 1
    for part in np.linspace(0.0, 1.0, count):
        at = units.p_min_mw + part * (units.p_max_mw - units.p_min_mw)
        slope, level = per_unit(case, b + 2 * c * at), per_unit(case, a - c * at**2)
        # all tangents of a straight line are one: the first is enough
        rows = every if part == 0 else at_rows(case, c > 0)
        out.append(v.cost[rows] >= times(slope[rows], v.p[rows]) + times(level[rows], v.u[rows]))
    return out


@dataclass(frozen=True)
class Kinks:
    """All powers at which curves get steeper, arrays [K], unit by unit."""

    row: Ints
    at_mw: Floats
    usd_per_mwh: Floats


def kinks(units: ThermalUnits) -> Kinks:
    """Of all units."""
    row, k = np.nonzero(units.kink_usd_per_mwh > STEEPER_USD_PER_MWH)
    return Kinks(row, units.kink_mw[row, k], units.kink_usd_per_mwh[row, k])


def power_beyond_kinks(case: Case, v: Variables) -> Constraints:
    """(U23) beyond_k(t) >= P - x_k u + max(x_k - SU, 0) y + max(x_k - SD, 0) z(t+1), beyond >= 0; z where MU >= 2.

    A unit that starts (will stop) is at most at SU (SD), so whatever lies beyond it is of those that run on.
    """
    units, all_kinks = case.knowledge.units, kinks(case.knowledge.units)
    if all_kinks.row.size == 0:
        return []
    row, h, take = all_kinks.row, case.horizon_h, spread(case, all_kinks.row)
    first, last = start_and_stop_mw(units)
    # else a unit that starts would hide, by a kink it cannot reach, what others of its kind have beyond theirs
    idle_start = np.repeat(np.maximum(all_kinks.at_mw - first[row], 0.0), h)
    idle_stop = np.repeat(np.maximum(all_kinks.at_mw - last[row], 0.0) * (units.min_up_h[row] >= 2), h)
    power = take @ v.p - times(np.repeat(all_kinks.at_mw, h), take @ v.u)
    return [v.beyond >= power + times(idle_start, take @ v.y) + times(idle_stop, (take @ before(case).T) @ v.z)]


def kink_usd(case: Case, v: Variables) -> object:
    """sum_k kappa_k beyond_k over the horizon."""
    all_kinks = kinks(case.knowledge.units)
    return np.repeat(all_kinks.usd_per_mwh, case.horizon_h) @ v.beyond if all_kinks.row.size else 0.0


CURVES: dict[str, Equation] = {"power_beyond_kinks": power_beyond_kinks}
