"""Hourly re-dispatch under a commitment that stands: units and cohorts anew from what is measured.

Receding horizon, docs/model.md 3.15. The day-ahead plan keeps its hours on and off; the powers of units and the
targets of cohorts from now to the plan's end are found again with envelopes that start at the measured SOC (X = 0
now). One QP per hour: no MILP, no second stage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from controllers.port import BY_STEP, CarControl, Plan, PlanError, SystemView, TemporalKnowledge
from controllers.temporal.hourly_cost import hourly_objective_usd
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.solve import delivery_quantile
from controllers.temporal.unit_commitment.tuning import Tuning
from models.records.arrays import SECONDS_PER_HOUR, Floats
from models.records.flexibility import CohortFlexibility
from models.records.groups import (
    by_group_and_hour,
    cohort_row,
    group_of_row,
    hour_of_row,
    rows_from_hour,
)

if TYPE_CHECKING:
    from controllers.temporal.unit_commitment.quadratic import Seldom

HOURLY_FIELDS = ("p_mw", "wind_curtailed_mw", "pv_curtailed_mw", "reserve_shortfall_mw", "reserve_shortfall_usd",
                 "marginal_price_usd_per_mwh")


@dataclass(frozen=True)
class Imbalance:
    """What the plan expects of hours that the committed units cannot balance, in $/MWh."""

    shed_usd_per_mwh: float
    dump_usd_per_mwh: float


@dataclass(frozen=True)
class Redispatched:
    """A plan in force brought up to date from one hour on."""

    plan: Plan
    """Hours before the present one as they stood; the commitment and the accounts are the day-ahead plan's."""
    hourly_usd: Floats
    """[H] weighted objective of each hour of the plan: passed hours as planned last, those to come as planned now."""
    solver_s: float
    compile_s: float


class Redispatch:
    """Re-dispatches a plan in force, whatever layer made it."""

    def __init__(self, knowledge: TemporalKnowledge, car_control: CarControl, imbalance: Imbalance,
                 tuning: Tuning | None = None) -> None:
        self.knowledge, self.car_control, self.imbalance = knowledge, car_control, imbalance
        self.tuning = tuning or Tuning()
        self._seldom: Seldom | None = None

    def update(self, view: SystemView, plan: Plan, hourly_usd: Floats | None = None) -> Redispatched:
        """The plan with its hours from view.time_s on found again.

        `view` holds the remaining hours only: its arrays are [h], its cohorts [cohort_count(h), h], with
        plan.time_s + (H - h) hours = view.time_s; hourly_usd [H] are the costs planned so far (NaN: not known).
        Raises PlanError when there is no dispatch even with load shed.
        """
        # cvxpy takes a second to import
        from controllers.temporal.redispatch import redispatched  # noqa: PLC0415
        from controllers.temporal.unit_commitment.quadratic import Seldom  # noqa: PLC0415
        from controllers.temporal.unit_commitment.stages import SELDOM  # noqa: PLC0415

        self._seldom = self._seldom or Seldom(SELDOM)
        passed = _passed_hours(view, plan)
        knowledge = replace(self.knowledge, horizon_h=view.load_mw.size)
        case = make_case(knowledge, view, self.car_control, self.tuning.terminal_value_usd_per_mwh,
                         delivery_quantile(view, self.tuning))
        u = plan.committed[:, passed:]
        now = redispatched(case, u, _directions(case, plan, passed),
                           (self.imbalance.shed_usd_per_mwh, self.imbalance.dump_usd_per_mwh), self._seldom)
        costs = np.full(plan.committed.shape[1], np.nan) if hourly_usd is None else hourly_usd.copy()
        costs[passed:] = (hourly_objective_usd(knowledge, view, now.window) + now.imbalance_usd)
        return Redispatched(_merged(plan, now.window, passed), costs, now.window.solver_s, now.window.compile_s)


def hours_left(view: SystemView, passed_h: int) -> SystemView:
    """A view whose forecasts begin now, and whose cohorts stand on the plan's rows, for the hours left of the plan."""
    left = view.load_mw.size - passed_h
    names = ("load_mw", "wind_mw", "pv_mw", "price_charge_usd_per_kwh", "price_discharge_usd_per_kwh")
    steps = {name: getattr(view, name)[: left * view.steps_per_hour] for name in BY_STEP}
    return replace(view, **{name: getattr(view, name)[:left] for name in names}, **steps,
                   delivery_quantile=view.delivery_quantile[:left],
                   renewable_least_mw=view.renewable_least_mw[:left], reserve_mw=view.reserve_mw[:left],
                   districts=tuple(_remaining(cars, passed_h) for cars in view.districts))


def _remaining(cohorts: CohortFlexibility, passed_h: int) -> CohortFlexibility:
    """Cohorts on the plan's own rows and hours (nothing before passed_h) as a problem of the hours left."""
    h = cohorts.horizon_h
    rows = rows_from_hour(passed_h, h, cohorts.cohort_count)
    known = {name: getattr(cohorts, name) for name in (*_BY_HOUR, *_BY_COHORT) if getattr(cohorts, name).size}
    kept: dict[str, Any] = {name: values[rows] for name, values in known.items()}
    kept |= {name: kept[name][:, passed_h:] for name in _BY_HOUR if name in kept}
    passed_steps = passed_h * (cohorts.p_uncontrolled_step_kw.size // h)
    return replace(
        cohorts, start_s=cohorts.start_s + passed_h * SECONDS_PER_HOUR, **kept,
        p_uncontrolled_kw=cohorts.p_uncontrolled_kw[passed_h:],
        p_uncontrolled_step_kw=cohorts.p_uncontrolled_step_kw[passed_steps:])


_BY_HOUR = ("x_min_kwh", "x_max_kwh", "pc_max_kw", "pd_max_kw", "pc_latest_kw", "pc_fresh_kw")
_BY_COHORT = ("eta_charge", "eta_discharge", "x_end_uncoordinated_kwh", "pc_leaving_kw")


# ------------------------------------------------------------------ one hour's problem
def _passed_hours(view: SystemView, plan: Plan) -> int:
    hours, passed = plan.committed.shape[1], (view.time_s - plan.time_s) // SECONDS_PER_HOUR
    if passed + view.load_mw.size != hours or passed < 0:
        raise PlanError(f"the plan made at {plan.time_s} s covers {hours} h: at {view.time_s} s {hours - passed} h are "
                        f"left, the view has {view.load_mw.size}")
    return int(passed)


def _directions(case: Case, plan: Plan, passed: int) -> Floats:
    """[K] of the entries in which charging and discharging at once would pay: the plan in force's side."""
    at = np.flatnonzero(case.cycling_pays())
    rows, h = case.rows, case.horizon_h
    index, hour = rows.cohort[at], rows.hour[at] + passed
    row = rows.row[index]
    own = cohort_row(group_of_row(row, h), hour_of_row(row, h) + passed, plan.committed.shape[1])
    net_kw = np.array([plan.pc_kw[d][r, t] - plan.pd_kw[d][r, t]
                       for d, r, t in zip(rows.district[index], own, hour, strict=True)])
    return np.asarray(net_kw >= 0, dtype=np.float64)


def _merged(plan: Plan, window: Plan, passed: int) -> Plan:
    """The plan in force with the window's hours in place of its own, on its own rows and hours."""
    hourly: dict[str, Any] = {}
    for name in HOURLY_FIELDS:
        values = np.array(getattr(plan, name), dtype=np.float64)
        values[..., passed:] = getattr(window, name)
        hourly[name] = values
    pc = tuple(_pasted(old, new, passed) for old, new in zip(plan.pc_kw, window.pc_kw, strict=True))
    pd = tuple(_pasted(old, new, passed) for old, new in zip(plan.pd_kw, window.pd_kw, strict=True))
    return replace(plan, pc_kw=pc, pd_kw=pd, **hourly)


def _pasted(old_kw: Floats, new_kw: Floats, passed: int) -> Floats:
    """Targets [G, H] with the hours from `passed` on taken from those of the window, hour 0 = passed."""
    h = old_kw.shape[1]
    grid = by_group_and_hour(old_kw, h).copy()
    grid[:, :, passed:] = 0.0
    grid[:, passed:, passed:] = by_group_and_hour(new_kw, h - passed)
    return grid.reshape(old_kw.shape)
