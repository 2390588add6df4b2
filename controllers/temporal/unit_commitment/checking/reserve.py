"""The judge of planned reserve: written from docs/model.md 3.12 and 3.13 on the view and the plan alone.

Step by step and cohort by cohort, with loops where a solver has matrices, so that a mistake in one of the two shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from controllers.port import CarControl, Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.checking.finding import POWER_MW, Violation
from models.records.arrays import Bools, Floats
from models.records.flexibility import CohortFlexibility
from models.records.groups import hour_of_row

COST_USD = 1e-3
TINY_KW = 1e-9
KNOWN_MW = 1e-3
"""A unit that is on further below its minimum power has a power that nobody measured."""


def reserve_violations(knowledge: TemporalKnowledge, view: SystemView, plan: Plan,
                       car_control: CarControl) -> Iterator[Violation]:
    """The stated shortfall [H] and its price are those of the rule under the plan's own powers."""
    q = view.steps_per_hour
    view = replace(view, districts=tuple(under_control(cars, car_control) for cars in view.districts))
    for t in range(view.load_mw.size):
        gap = np.array([_gap_mw(knowledge, view, plan, t, k) for k in range(q)])
        required = _required_mw(knowledge, view, t, q)
        short = np.minimum(gap, required)
        usd = sum(_price_usd(knowledge, s, r) + knowledge.shed_usd_per_mwh * (g - s)
                  for s, r, g in zip(short, required, gap, strict=True)) / q
        for who, error, allowed in (("system", abs(short.mean() - plan.reserve_shortfall_mw[t]), POWER_MW),
                                    ("price", abs(usd - plan.reserve_shortfall_usd[t]),
                                     COST_USD + POWER_MW * knowledge.shed_usd_per_mwh)):
            if error > allowed:
                yield Violation("reserve", t, who, float(error))


def _of_step(by_step: Floats, hourly: Floats, t: int, q: int) -> Floats:
    return by_step[t * q:(t + 1) * q] if by_step.size else np.full(q, hourly[t])


def _required_mw(knowledge: TemporalKnowledge, view: SystemView, t: int, q: int) -> Floats:
    if view.reserve_mw.size:
        return np.full(q, view.reserve_mw[t])
    return knowledge.reserve_fraction * _of_step(view.load_step_mw, view.load_mw, t, q)


def _price_usd(knowledge: TemporalKnowledge, short: float, required: float) -> float:
    """The integral of the demand curve, step by step."""
    curve, total = knowledge.reserve_curve, 0.0
    ends = (*curve.missing_share[1:], 1.0)
    for begin, end, price in zip(curve.missing_share, ends, curve.usd_per_mwh, strict=True):
        total += price * min(max(short - begin * required, 0.0), (end - begin) * required)
    return total


def _gap_mw(knowledge: TemporalKnowledge, view: SystemView, plan: Plan, t: int, k: int) -> float:
    """What is missing in step k of hour t, whatever the requirement."""
    q = view.steps_per_hour
    load, wind, sun = (float(_of_step(getattr(view, f"{name}_step_mw"), getattr(view, f"{name}_mw"), t, q)[k])
                       for name in ("load", "wind", "pv"))
    outside = sum(float(_of_step(d.p_uncontrolled_step_kw if d.p_uncontrolled_step_kw.size == view.load_mw.size * q
                                 else np.zeros(0), d.p_uncontrolled_kw, t, q)[k]) for d in view.districts) / 1000
    running = _running_mw(knowledge, view, plan, t)
    firm = running + wind + sun - float(plan.wind_curtailed_mw[t] + plan.pv_curtailed_mw[t])
    needed = load + float(_required_mw(knowledge, view, t, q)[k]) + outside + _charging_mw(view, plan, t, k)
    return max(needed - firm - _of_cars_mw(knowledge, view, plan, t), 0.0)


def _running_mw(knowledge: TemporalKnowledge, view: SystemView, plan: Plan, t: int) -> float:
    """What counts of units that are on: their capacity, or as far as start, stop and ramp let them go in the hour."""
    units, on, total = knowledge.units, plan.committed > 0, 0.0
    for i in np.flatnonzero(on[:, t]):
        most = float(units.p_max_mw[i])
        if knowledge.headroom == "reachable":
            was_on = bool(on[i, t - 1]) if t else bool(view.hours_on[i] > 0)
            before = float(plan.p_mw[i, t - 1]) if t else min(float(view.p_mw[i]), most)
            if not was_on:
                most = min(most, float(units.p_startup_max_mw[i]))
            # in the first hour a ramp holds only from a power that was measured
            elif t or before >= units.p_min_mw[i] - KNOWN_MW:
                most = min(most, before + float(units.ramp_up_mw_per_h[i]))
            if t + 1 < on.shape[1] and not on[i, t + 1]:
                most = min(most, float(units.p_shutdown_max_mw[i]))
            most = max(most, float(plan.p_mw[i, t]))
        total += most
    return total


def _charging_mw(view: SystemView, plan: Plan, t: int, k: int) -> float:
    """The larger of the hour's mean and of what cohorts do in the step: those that leave in it as its cars leave."""
    mean = sum(float(pc[:, t].sum()) for pc in plan.pc_kw)
    total, h = mean, view.load_mw.size
    if not view.districts or any(d.pc_leaving_kw.size == 0 for d in view.districts):
        return mean / 1000
    last = np.sum([d.pc_leaving_kw for d in view.districts], axis=0)
    for pc in plan.pc_kw:
        # the rows of all groups whose cars leave in hour t: h + 1 rows a group, the last for those that stay
        for row in range(t, pc.shape[0], h + 1):
            if last[row].mean() > TINY_KW:
                total += float(pc[row, t]) * (float(last[row, k] / last[row].mean()) - 1.0)
    return max(mean, total) / 1000


# ------------------------------------------------------------------ what counts of cars
def _of_cars_mw(knowledge: TemporalKnowledge, view: SystemView, plan: Plan, t: int) -> float:
    discharge = sum(float(pd[:, t].sum()) for pd in plan.pd_kw) / 1000
    rule = knowledge.reserve_rule
    if rule in ("thermal_only", "scheduled"):
        return discharge if rule == "scheduled" else 0.0
    phi = float(view.delivery_quantile[t]) if view.delivery_quantile.size else 1.0
    return phi * discharge + (_room_mw(view, plan, t, phi) if rule == "deliverable" else 0.0)


def _room_mw(view: SystemView, plan: Plan, t: int, phi: float) -> float:
    """h: charging that may stop for an hour, then more discharging, as far as an hour's energy above x_min goes."""
    charge = discharge = limit = spare = spare_two_way = spare_stop = eta_c = 0.0
    eta_d, stop = 1.0, _may_stop(view, t)
    for cars, pc, pd in zip(view.districts, plan.pc_kw, plan.pd_kw, strict=True):
        used = _acts(cars).any(axis=1)
        eta_c = max(eta_c, float(cars.eta_charge[used].max(initial=0.0)))
        eta_d = min(eta_d, float(cars.eta_discharge[used].min(initial=1.0)))
        # energy on the battery's side, on top of what cars plugged in with
        x = np.cumsum(cars.eta_charge[:, None] * pc - pd / cars.eta_discharge[:, None], axis=1)[:, t]
        above = np.where(_acts(cars)[:, t], x - cars.x_min_kwh[:, t], 0.0)
        charge, discharge = charge + float(stop @ pc[:, t]), discharge + float(pd[:, t].sum())
        limit += float(cars.pd_max_kw[:, t].sum())
        spare, spare_stop = spare + float(above.sum()), spare_stop + float(stop @ above)
        spare_two_way += float(above[cars.pd_max_kw[:, t] > TINY_KW].sum())
    less = min(phi * charge, max(min(spare_stop, spare), 0.0) / max(eta_c, TINY_KW))
    more = min(phi * max(limit - discharge, 0.0), eta_d * max(min(spare_two_way, spare - eta_c * less), 0.0))
    return (less + more) / 1000


def _acts(cars: CohortFlexibility) -> Bools:
    """[G, H] where a cohort has power, or must have risen."""
    rise = np.diff(cars.x_min_kwh, axis=1, prepend=0.0)
    return np.asarray((cars.pc_max_kw > TINY_KW) | (cars.pd_max_kw > TINY_KW) | (rise > TINY_KW))


def _may_stop(view: SystemView, t: int) -> Floats:
    """[G] share of each cohort's chargers, all districts together, that could do without charging for an hour."""
    count, h = view.districts[0].cohort_count, view.load_mw.size
    share = np.where(hour_of_row(np.arange(count), h) == t, 0.0, 1.0)
    if any(d.pc_latest_kw.size == 0 for d in view.districts):
        return share
    # to stop for an hour, the latest schedule must need the charger neither in it nor right after
    now, then = (sum((d.pc_latest_kw[:, hour] for d in view.districts), np.zeros(count))
                 for hour in (t, min(t + 1, h - 1)))
    most = np.maximum(sum((d.pc_max_kw[:, t] for d in view.districts), np.zeros(count)), TINY_KW)
    return np.asarray(share * (1.0 - np.clip(np.maximum(now, then) / most, 0.0, 1.0)))


def under_control(cars: CohortFlexibility, car_control: CarControl) -> CohortFlexibility:
    """What the plan may use of the cohorts; x_min says nothing where cars are not controlled."""
    charges, discharges = car_control != "none", car_control == "bidirectional"
    return replace(cars, pc_max_kw=cars.pc_max_kw * charges, pd_max_kw=cars.pd_max_kw * discharges,
                   x_min_kwh=cars.x_min_kwh * charges)
