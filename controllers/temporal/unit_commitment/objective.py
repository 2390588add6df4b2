"""The terms of the objective, unweighted in $: as the plan counts them, and what they came to by an answer's powers.

A function marked `planned` is a term's equation, affine in the unknowns; one marked `accounted` is the same in numpy,
with the true quadratic curves. What units cost per hour, w1 F1 + w4 F4 without start-ups, is one convex curve of a
unit's power and the unknown `cost` (U9): it is not part of `planned`. What a term comes to in each hour of a finished
plan is in `controllers/temporal/hourly_cost.py` for these four; a further term has its `by_hour` here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cvxpy as cp
import numpy as np

from controllers.rows.grid import total
from controllers.temporal.unit_commitment.equations import stays_on
from controllers.temporal.unit_commitment.missing import Powers
from controllers.temporal.unit_commitment.problem import KW_PER_MW, Case
from controllers.temporal.unit_commitment.reserve import shortfall_usd
from controllers.temporal.unit_commitment.units.curves import kink_usd
from controllers.temporal.unit_commitment.units.starts import coldest_usd, startup_cost_usd, warm_starts
from controllers.temporal.unit_commitment.variables import Variables
from models.records.arrays import Floats, Ints
from models.records.objective import BESIDE

PlannedTerm = Callable[[Case, Variables], Any]
AccountedTerm = Callable[[Case, Powers], float]
PLANNED: dict[str, PlannedTerm] = {}
ACCOUNTED: dict[str, AccountedTerm] = {}


def planned(name: str) -> Callable[[PlannedTerm], PlannedTerm]:
    """This function is the equation of the objective's term of that name."""
    def mark(function: PlannedTerm) -> PlannedTerm:
        PLANNED[name] = function
        return function
    return mark


def accounted(name: str) -> Callable[[AccountedTerm], AccountedTerm]:
    """This function says what the objective's term of that name came to."""
    def mark(function: AccountedTerm) -> AccountedTerm:
        ACCOUNTED[name] = function
        return function
    return mark


# ------------------------------------------------------------------ sums
def objective_usd(case: Case, v: Variables) -> Any:
    """w1 F1 + w2 F2 + w3 F3 + w4 F4 + reserve shortfall - terminal value."""
    objective = case.knowledge.objective
    terms = objective.weighted((name, PLANNED[name](case, v)) for name in objective.names if name in PLANNED)
    return total(v.cost) + terms + shortfall_usd(case, v) - terminal_value_usd(case, v)


def accounted_usd(case: Case, powers: Powers, reserve_usd: float) -> float:
    """The same of an answer: its terms, missing reserve at its price, less the terminal value."""
    objective = case.knowledge.objective
    terms = ((name, ACCOUNTED[name](case, powers)) for name in objective.names if name in ACCOUNTED)
    return float(objective.weighted([*terms, (BESIDE, reserve_usd)]) - terminal_value(case, powers.x_mwh))


# ------------------------------------------------------------------ F1
@planned("operating")
def startup_usd(case: Case, v: Variables) -> Any:
    """(F1, part) start-ups by category, and what costs more beyond kinks; the rest of fuel is in `cost`."""
    return startup_cost_usd(case, v) + kink_usd(case, v)


@accounted("operating")
def operating_usd(case: Case, powers: Powers) -> float:
    """F1 of an answer: fuel and start-ups."""
    units = case.knowledge.units
    start, _, hot = starts_and_stops(case, powers.u)
    # charged as the coldest start, then given back: the form of the equation, so both round alike
    warm, saved = warm_starts(units), np.zeros(powers.u.shape)
    np.add.at(saved, warm.row, hot * warm.saving_usd[:, None])
    startup = (start * coldest_usd(units)[:, None] - saved).sum()
    return float(units.fuel_cost_usd_per_h(powers.p_mw.T, powers.u.T).sum() + startup)


def starts_and_stops(case: Case, u: Ints) -> tuple[Ints, Ints, Ints]:
    """(start, stop [U, H], starts of warm categories [W, H]) that follow from the schedule and the hours before it."""
    units, h = case.knowledge.units, case.horizon_h
    on_before = (case.view.hours_on > 0).astype(np.int64)[:, None]
    change = np.diff(u, axis=1, prepend=on_before)
    start, stop = (change > 0).astype(np.int64), (change < 0).astype(np.int64)
    stopped_at = np.where(stop > 0, np.arange(h), -(10**6))
    # a unit off before the plan stopped at a negative hour; -10^6: never, so the start is of the coldest category
    stopped_at[:, 0] = np.maximum(stopped_at[:, 0], np.where(case.view.hours_on < 0, case.view.hours_on, -(10**6)))
    off_h = np.arange(h) - np.maximum.accumulate(stopped_at, axis=1)
    warm, category = warm_starts(units), units.start_category(off_h.T).T
    return start, stop, start[warm.row] * (category[warm.row] == warm.category[:, None])


# ------------------------------------------------------------------ F2
@planned("owners")
def owners_usd(case: Case, v: Variables) -> Any:
    """(F2) pi_ch Pc - pi_dis Pd + wear Pd/eta_d; pi = 0 with the tariff off."""
    rows = case.rows
    charge, discharge = entry_prices(case)
    cost: cp.Expression = 0.0
    if v.charge_at.size:
        cost += (charge * rows.pc_max_mw)[v.charge_at] @ v.charge
    if v.discharge_at.size:
        cost += (discharge * rows.pd_max_mw)[v.discharge_at] @ v.discharge
    return cost


@accounted("owners")
def owners_counted_usd(case: Case, powers: Powers) -> float:
    """F2 of an answer: wear, and the tariff where the objective counts it."""
    return wear_usd(case, powers) + tariff_usd(case, powers) * case.knowledge.tariff_in_objective


def wear_usd(case: Case, powers: Powers) -> float:
    """Of what is discharged."""
    rows = case.rows
    return float((rows.wear_usd_per_mwh / rows.eta_discharge)[rows.cohort] @ powers.pd_mw)


def tariff_usd(case: Case, powers: Powers) -> float:
    """Paid for charging less earned by discharging, whether or not the objective counts it."""
    view, rows = case.view, case.rows
    return KW_PER_MW * float(view.price_charge_usd_per_kwh[rows.hour] @ powers.pc_mw
                             - view.price_discharge_usd_per_kwh[rows.hour] @ powers.pd_mw)


def entry_prices(case: Case) -> tuple[Floats, Floats]:
    """[E] $ per MWh charged and per MWh discharged at the bus, tariff and wear."""
    rows = case.rows
    wear = (rows.wear_usd_per_mwh / rows.eta_discharge)[rows.cohort]
    return case.price_charge[rows.hour], wear - case.price_discharge[rows.hour]


# ------------------------------------------------------------------ F3
@planned("curtailment")
def curtailment_usd(case: Case, v: Variables) -> Any:
    """(F3) penalty on curtailed wind and PV."""
    return case.knowledge.curtailment_penalty_usd_per_mwh * (total(v.wind_cut) + total(v.pv_cut))


@accounted("curtailment")
def curtailed_usd(case: Case, powers: Powers) -> float:
    """F3 of an answer."""
    cut_mwh = float(powers.wind_cut_mw.sum() + powers.pv_cut_mw.sum())
    return case.knowledge.curtailment_penalty_usd_per_mwh * cut_mwh


# ------------------------------------------------------------------ F4
@planned("carbon")
def carbon_beside_cost_usd(_case: Case, _v: Variables) -> float:
    """F4 beside it, 0: all emissions are those of units, in `cost`."""
    return 0.0


@accounted("carbon")
def carbon_usd(case: Case, powers: Powers) -> float:
    """F4 of an answer: emissions at their price."""
    return case.knowledge.carbon_price_usd_per_t * emitted_t(case, powers)


def emitted_t(case: Case, powers: Powers) -> float:
    """Emissions of the units."""
    return float(case.knowledge.units.emissions_t_per_h(powers.p_mw.T, powers.u.T).sum())


# ------------------------------------------------------------------ at the horizon's end
def terminal_value_usd(case: Case, v: Variables) -> Any:
    """Credit for energy held at the horizon's end (terminal: price)."""
    at = stays_on(case)
    if case.knowledge.terminal != "price" or at.size == 0:
        return 0.0
    return case.terminal_value_usd_per_mwh * (case.rows.x_scale_mwh[at] @ v.x[at])


def terminal_value(case: Case, x_mwh: Floats) -> float:
    """$ for energy held at the horizon's end (terminal: price), else 0."""
    if case.knowledge.terminal != "price":
        return 0.0
    return case.terminal_value_usd_per_mwh * float(np.sum(x_mwh[stays_on(case)]))
