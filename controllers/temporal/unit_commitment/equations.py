"""The upper layer's equations (docs/model.md 3.8 to 3.13), one function each, with number, formula and label.

Unit variables are flat vectors [U*H], unit by unit; cohort variables are vectors over active entries.
Powers in MW, energies in MWh, money in $. Indices: i unit, t hour, g cohort.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from controllers.rows.grid import times
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.reserve import RESERVE, RESERVE_RULES, shortfall_usd
from controllers.temporal.unit_commitment.units.curves import CURVES, cost_tangents
from controllers.temporal.unit_commitment.units.headroom import HEADROOM, highest
from controllers.temporal.unit_commitment.units.ramps import RAMPS, TIGHTENING
from controllers.temporal.unit_commitment.units.starts import STARTS
from controllers.temporal.unit_commitment.variables import (
    Constraints,
    Equation,
    Variables,
    at_rows,
    before,
    charging_mw,
    discharging_mw,
    first_hour,
    per_unit,
    unit_sum,
    window,
)
from models.records.arrays import Floats, Ints

# defined in other files and exported here with the equations
__all__ = ["RAMPS", "RESERVE_RULES", "TIGHTENING", "Constraints", "Equation", "Variables", "per_unit",
           "shortfall_usd", "unit_sum", "window"]


def _put(entries: int, at: Ints, values: Floats) -> sparse.csr_matrix:
    return sparse.csr_matrix((values, (at, np.arange(at.size))), shape=(entries, at.size))


# ------------------------------------------------------------------ system
def balance(case: Case, v: Variables) -> Constraints:
    """(U1) sum_i P + wind + PV - curtailed + sum_g Pd = D + Punc + sum_g Pc."""
    view = case.view
    supply = unit_sum(case) @ v.p + view.wind_mw - v.wind_cut + view.pv_mw - v.pv_cut + discharging_mw(case, v)
    demand = view.load_mw + case.uncontrolled_mw + charging_mw(case, v)
    return [supply + v.missing - v.surplus == demand]


def minimum_power(case: Case, v: Variables) -> Constraints:
    """(U2) P >= Pmin u."""
    return [v.p >= times(per_unit(case, case.knowledge.units.p_min_mw), v.u)]


def maximum_power(case: Case, v: Variables) -> Constraints:
    """(U3) P <= Pmax u, P with its reserve where that must be reachable."""
    return [highest(case, v) <= times(per_unit(case, case.knowledge.units.p_max_mw), v.u)]


def start_stop_logic(case: Case, v: Variables) -> Constraints:
    """(U4) u(t) - u(t-1) = y(t) - z(t), with u before the plan from the hours on."""
    return [v.u - before(case) @ v.u - first_hour(case, case.inherited.on) == v.y - v.z]


def minimum_up(case: Case, v: Variables) -> Constraints:
    """(U5) sum of y over the last MU hours <= u."""
    up = case.knowledge.units.min_up_h
    return [window(case, np.zeros_like(up), up - 1) @ v.y <= v.u]


def minimum_down(case: Case, v: Variables) -> Constraints:
    """(U6) sum of z over the last MD hours <= n - u."""
    down = case.knowledge.units.min_down_h
    return [window(case, np.zeros_like(down), down - 1) @ v.z <= per_unit(case, case.inherited.count) - v.u]


def initial_status(case: Case, v: Variables) -> Constraints:
    """(U7) units stay on (off) until their minimum up (down) time from before the plan is over.

    In a cluster the units bound to run (rest) count with the newly started (stopped) ones of (U5) and (U6).
    """
    units, inherited, h = case.knowledge.units, case.inherited, case.horizon_h
    run, rest = inherited.must_run(units, h).ravel(), inherited.must_rest(units, h).ravel()
    count = per_unit(case, inherited.count)
    # of a single unit the status is fixed outright, which presolve removes; of a cluster only a number is bound
    one_run, one_rest = (np.flatnonzero((bound > 0) & (count == 1)) for bound in (run, rest))
    out: Constraints = [v.u[one_run] == 1] if one_run.size else []
    out += [v.u[one_rest] == 0] if one_rest.size else []
    up, down, none = units.min_up_h - 1, units.min_down_h - 1, np.zeros_like(units.min_up_h)
    many_run, many_rest = (np.flatnonzero((bound > 0) & (count > 1)) for bound in (run, rest))
    if many_run.size:
        out.append((window(case, none, up) @ v.y)[many_run] + run[many_run] <= v.u[many_run])
    if many_rest.size:
        off = count[many_rest] - v.u[many_rest]
        out.append((window(case, none, down) @ v.z)[many_rest] + rest[many_rest] <= off)
    return out


def must_run(case: Case, v: Variables) -> Constraints:
    """(U25) u = n of units that have to run."""
    at = at_rows(case, case.knowledge.units.must_run)
    return [v.u[at] == per_unit(case, case.inherited.count)[at]] if at.size else []


def renewables(case: Case, v: Variables) -> Constraints:
    """(U10) curtailed wind and PV <= available, together <= available - what must be taken."""
    view, out = case.view, [v.wind_cut <= case.view.wind_mw, v.pv_cut <= case.view.pv_mw]
    if view.renewable_least_mw.size:
        out.append(v.wind_cut + v.pv_cut <= view.wind_mw + view.pv_mw - view.renewable_least_mw)
    return out


# ------------------------------------------------------------------ cars
def cohort_power(case: Case, v: Variables) -> Constraints:
    """(U12) Pfresh <= Pc <= Pcmax, Pd <= Pdmax; Pfresh: of cars that have just come and cannot wait."""
    rows, out = case.rows, [v.charge <= 1] + ([v.discharge <= 1] if v.discharge_at.size else [])
    # only where something must be charged: rows of zeros would cost the solver as much as others
    at = np.flatnonzero(rows.pc_min_mw[v.charge_at] > 0)
    least = rows.pc_min_mw[v.charge_at][at] / rows.pc_max_mw[v.charge_at][at]
    return out + ([v.charge[at] >= least] if at.size else [])


def cohort_sharing(case: Case, v: Variables) -> Constraints:
    """(U13) Pc/Pcmax + Pd/Pdmax <= 1: a car does one or the other, a cohort may do both."""
    both = np.intersect1d(v.charge_at, v.discharge_at)
    if both.size == 0:
        return []
    charge = v.charge[np.searchsorted(v.charge_at, both)]
    return [charge + v.discharge[np.searchsorted(v.discharge_at, both)] <= case.rows.share_limit[both]]


def cohort_recursion(case: Case, v: Variables) -> Constraints:
    """(U14) X(t) = X(t-1) + (eta_c Pc - Pd/eta_d) 1 h, X = 0 before the first entry."""
    rows, scale = case.rows, case.rows.x_scale_mwh
    # fractions of limits and scaled energies: coefficients near 1, whatever the size of a cohort
    into = rows.eta_charge[rows.cohort] * rows.pc_max_mw / scale
    out = rows.pd_max_mw / rows.eta_discharge[rows.cohort] / scale
    gained = _put(rows.entries, v.charge_at, into[v.charge_at]) @ v.charge
    if v.discharge_at.size:
        gained -= _put(rows.entries, v.discharge_at, out[v.discharge_at]) @ v.discharge
    return [rows.step_matrix() @ v.x == gained]


def cohort_envelope(case: Case, v: Variables) -> Constraints:
    """(U15) x_min <= X <= x_max at the end of each hour."""
    rows, scale = case.rows, case.rows.x_scale_mwh
    return [v.x >= rows.x_min_mwh / scale, v.x <= rows.x_max_mwh / scale]


def stays_on(case: Case) -> Ints:
    """Last entries of the cohorts still plugged in at the horizon's end."""
    rows = case.rows
    return np.asarray(np.flatnonzero(rows.last & (rows.departure_h[rows.cohort] >= case.horizon_h)), dtype=np.int64)


def terminal(case: Case, v: Variables) -> Constraints:
    """(U16) match: X_g(H) >= its uncoordinated value; cyclic: sum X(H) >= energy lent; price, free: none."""
    rows, at = case.rows, stays_on(case)
    if at.size == 0:
        return []
    scale = rows.x_scale_mwh[at]
    if case.knowledge.terminal == "match":
        return [v.x[at] >= rows.x_end_match_mwh[rows.cohort[at]] / scale]
    if case.knowledge.terminal == "cyclic":
        return [scale @ v.x[at] >= cyclic_energy_mwh(case)]
    return []


def cyclic_energy_mwh(case: Case) -> float:
    """Energy the cars beyond the horizon must hold on top of what they plugged in with, as far as they can."""
    return min(case.energy_needed_mwh, float(case.rows.x_max_mwh[stays_on(case)].sum()))


def no_cycling(case: Case, v: Variables) -> Constraints:
    """(U17) where cycling pays: Pc <= Pcmax b, Pd <= Pdmax (1 - b), b binary."""
    if v.cycling_at.size == 0:
        return []
    charge = v.charge[np.searchsorted(v.charge_at, v.cycling_at)]
    discharge = v.discharge[np.searchsorted(v.discharge_at, v.cycling_at)]
    return [charge <= v.direction, discharge <= 1 - v.direction]


COMMITMENT: dict[str, Equation] = {
    "start_stop_logic": start_stop_logic, "minimum_up": minimum_up, "minimum_down": minimum_down,
    "initial_status": initial_status,
} | STARTS | {"cost_tangents": cost_tangents, "must_run": must_run}
DISPATCH: dict[str, Equation] = {
    "balance": balance, "minimum_power": minimum_power, "maximum_power": maximum_power,
    "renewables": renewables,
} | RESERVE | RAMPS | CURVES | HEADROOM
COHORTS: dict[str, Equation] = {
    "cohort_power": cohort_power, "cohort_sharing": cohort_sharing, "cohort_recursion": cohort_recursion,
    "cohort_envelope": cohort_envelope, "terminal": terminal, "no_cycling": no_cycling,
}
EQUATIONS = COMMITMENT | DISPATCH | COHORTS
