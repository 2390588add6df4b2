"""An independent judge of upper plans: written from docs/model.md 3.8 to 3.14 alone, without cvxpy and without the
problem's matrices, so that a mistake in one of the two shows.

Whatever solver or controller made a plan, `check_plan` must return an empty list.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Protocol

import numpy as np

from controllers.port import CarControl, Plan, SystemView, TemporalKnowledge
from controllers.temporal.hourly_cost import hourly_amounts
from controllers.temporal.unit_commitment.checking.finding import POWER_MW, Violation
from controllers.temporal.unit_commitment.checking.reserve import reserve_violations
from models.records.arrays import Bools, Floats, Ints
from models.records.flexibility import CohortFlexibility
from models.records.groups import group_of_row, hour_of_row, to_cohorts
from models.records.objective import BESIDE

COHORT_KW = 1e-2
COHORT_REL = 1e-6
"""Cohort energies may miss by COHORT_KW plus this share of the cohort's largest bound (a cohort may hold 100 MWh)."""
COST_REL = 1e-6


__all__ = ["Violation", "check_physics", "check_plan"]


class Names(Protocol):
    """Names by row."""

    def __getitem__(self, row: int, /) -> str: ...


def check_plan(knowledge: TemporalKnowledge, view: SystemView, plan: Plan, car_control: CarControl = "bidirectional",
               terminal_value_usd_per_mwh: float = 20.0) -> list[Violation]:
    """All violations of `plan`; powers judged to 0.1 kW, cohorts to 10 W + 1e-6, money to 1e-6."""
    violations = [*check_physics(knowledge, view, plan, car_control),
                  *reserve_violations(knowledge, view, plan, car_control)]
    for d, name in enumerate(_district_names(knowledge, view)):
        cars, pc, pd = view.districts[d], plan.pc_kw[d], plan.pd_kw[d]
        violations += _cohort_fresh(cars, pc, name, car_control)
        violations += _cohort_energy(cars, pc, pd, name, car_control)
        violations += _cycling(knowledge, view, cars, pc, pd, name)
    if car_control != "none":
        violations += _terminal(knowledge, view, plan)
    return violations + list(_costs(knowledge, view, plan, terminal_value_usd_per_mwh))


def check_physics(knowledge: TemporalKnowledge, view: SystemView, plan: Plan,
                  car_control: CarControl) -> list[Violation]:
    """What units, sun, wind and chargers can do at all, and whether supply meets demand."""
    of_cars = (_cohort_power(view.districts[d], plan.pc_kw[d], plan.pd_kw[d], name, car_control)
               for d, name in enumerate(_district_names(knowledge, view)))
    return [*_balance(view, plan), *_unit_limits(knowledge, plan), *_up_and_down(knowledge, view, plan),
            *_changes_of_power(knowledge, view, plan), *_renewables(view, plan), *chain.from_iterable(of_cars)]


def _district_names(knowledge: TemporalKnowledge, view: SystemView) -> list[str]:
    names = knowledge.district_names
    return [names[d] if d < len(names) else f"district {d}" for d in range(len(view.districts))]


def _over(rule: str, excess: Floats, names: Names, tolerance: float) -> Iterator[Violation]:
    """A violation wherever excess [rows, H] passes the tolerance."""
    for i, t in zip(*np.nonzero(excess > tolerance), strict=True):
        yield Violation(rule, int(t), names[int(i)], float(excess[i, t]))


# ------------------------------------------------------------------ system
def _car_sums_mw(view: SystemView, plan: Plan) -> tuple[Floats, Floats, Floats]:
    """(charging, discharging, uncontrolled) [H]."""
    zero = np.zeros(view.load_mw.size)
    charge = sum((pc.sum(axis=0) for pc in plan.pc_kw), zero) / 1000
    discharge = sum((pd.sum(axis=0) for pd in plan.pd_kw), zero) / 1000
    return np.asarray(charge), np.asarray(discharge), _uncontrolled_mw(view)


def _uncontrolled_mw(view: SystemView) -> Floats:
    return np.asarray(sum((d.p_uncontrolled_kw for d in view.districts), np.zeros(view.load_mw.size)) / 1000)


def _balance(view: SystemView, plan: Plan) -> Iterator[Violation]:
    charge, discharge, uncontrolled = _car_sums_mw(view, plan)
    supply = (plan.p_mw.sum(axis=0) + view.wind_mw - plan.wind_curtailed_mw
              + view.pv_mw - plan.pv_curtailed_mw + discharge)
    error = np.abs(supply - view.load_mw - uncontrolled - charge)
    yield from _over("balance", error[None, :], ("system",), POWER_MW)


def _unit_limits(knowledge: TemporalKnowledge, plan: Plan) -> Iterator[Violation]:
    units, on = knowledge.units, plan.committed
    yield from _over("commitment_binary", np.abs(on - (on > 0)).astype(np.float64), units.names, 0.0)
    yield from _over("must_run", units.must_run[:, None] * (1.0 - on), units.names, 0.0)
    yield from _over("minimum_power", on * units.p_min_mw[:, None] - plan.p_mw, units.names, POWER_MW)
    yield from _over("maximum_power", plan.p_mw - on * units.p_max_mw[:, None], units.names, POWER_MW)


def _changes_of_power(knowledge: TemporalKnowledge, view: SystemView, plan: Plan) -> Iterator[Violation]:
    """Ramps, start-up and shut-down limits hour by hour; before the plan only where a unit's power is known."""
    units = knowledge.units
    for i, name in enumerate(units.names):
        was_on, before = bool(view.hours_on[i] > 0), float(view.p_mw[i])
        # a unit on below its minimum has a power that nobody measured: no limit can be held against it
        known = not was_on or before >= units.p_min_mw[i] - 1e-3
        before = min(before, float(units.p_max_mw[i]))
        for t, (is_on, power) in enumerate(zip(plan.committed[i] > 0, plan.p_mw[i], strict=True)):
            excess = {}
            if is_on and was_on and known:
                excess = {"ramp_up": power - before - units.ramp_up_mw_per_h[i],
                          "ramp_down": before - power - units.ramp_down_mw_per_h[i]}
            elif is_on and not was_on:
                excess = {"startup_limit": power - units.p_startup_max_mw[i]}
            elif was_on and not is_on and known:
                excess = {"shutdown_limit": before - units.p_shutdown_max_mw[i]}
            yield from (Violation(rule, t, name, float(by)) for rule, by in excess.items() if by > POWER_MW)
            was_on, before, known = bool(is_on), float(power), True


def _runs(on: Ints, before_h: int) -> Iterator[tuple[int, int, bool, int, bool]]:
    """(first hour, length with history, is on, length before it, reaches the end) of each run of equal status."""
    status, length, start = before_h > 0, abs(before_h), 0
    previous = 0
    # the first run begins before the plan: its length counts those hours too
    for t, value in enumerate(on):
        if bool(value) != status:
            yield start, length, status, previous, False
            status, previous, length, start = bool(value), length, 0, t
        length += 1
    yield start, length, status, previous, True


def _up_and_down(knowledge: TemporalKnowledge, view: SystemView, plan: Plan) -> Iterator[Violation]:
    units = knowledge.units
    for i, name in enumerate(units.names):
        for start, length, is_on, _, open_end in _runs(plan.committed[i], int(view.hours_on[i])):
            least = int(units.min_up_h[i] if is_on else units.min_down_h[i])
            # what happens after the horizon is unknown, so the last run may still become long enough
            if length < least and not open_end:
                inherited = start == 0 and bool(plan.committed[i][0]) != is_on
                carried = start == 0 and (view.hours_on[i] > 0) == is_on
                rule = "initial_status" if inherited or carried else ("minimum_up" if is_on else "minimum_down")
                yield Violation(rule, start, name, float(least - length))


def _renewables(view: SystemView, plan: Plan) -> Iterator[Violation]:
    for name, cut, available in (("wind", plan.wind_curtailed_mw, view.wind_mw),
                                 ("pv", plan.pv_curtailed_mw, view.pv_mw)):
        excess = np.maximum(cut - available, -cut)
        yield from _over("renewables", excess[None, :], (name,), POWER_MW)
    if view.renewable_least_mw.size:
        used = view.wind_mw + view.pv_mw - plan.wind_curtailed_mw - plan.pv_curtailed_mw
        yield from _over("renewables", (view.renewable_least_mw - used)[None, :], ("all",), POWER_MW)


# ------------------------------------------------------------------ cars
class _Rows:
    """Names cohort rows of a district on demand, so that thousands of names are not built for nothing."""

    def __init__(self, district: str) -> None:
        self.district = district

    def __getitem__(self, row: int) -> str:
        return f"{self.district} row {row}"


def _cohort_power(cars: CohortFlexibility, pc: Floats, pd: Floats, name: str,
                  car_control: CarControl) -> list[Violation]:
    pc_max = cars.pc_max_kw * (car_control != "none")
    pd_max = cars.pd_max_kw * (car_control == "bidirectional")
    share = (pc / np.where(cars.pc_max_kw > 0, cars.pc_max_kw, np.inf)
             + pd / np.where(cars.pd_max_kw > 0, cars.pd_max_kw, np.inf))
    # in kW like all else that is judged of cohorts
    both = (share - 1) * np.maximum(pc_max, pd_max)
    rows = _Rows(name)
    out: list[Violation] = []
    for rule, excess in (("cohort_power", np.maximum(pc - pc_max, -pc)),
                         ("cohort_power", np.maximum(pd - pd_max, -pd)), ("cohort_sharing", both)):
        out += _over(rule, excess, rows, COHORT_KW)
    return out


def _cohort_fresh(cars: CohortFlexibility, pc: Floats, name: str, car_control: CarControl) -> Iterator[Violation]:
    """Power that cars to come take before they can be told anything."""
    if cars.pc_fresh_kw.size and car_control != "none":
        missing = np.minimum(cars.pc_fresh_kw, cars.pc_max_kw) - pc
        yield from _over("cohort_power", missing * (pc >= -COHORT_KW), _Rows(name), COHORT_KW)


def _energy_kwh(cars: CohortFlexibility, pc: Floats, pd: Floats) -> Floats:
    """[G, H] net energy on the battery side at the end of each hour."""
    return np.cumsum(cars.eta_charge[:, None] * pc - pd / cars.eta_discharge[:, None], axis=1)


def _cohort_energy(cars: CohortFlexibility, pc: Floats, pd: Floats, name: str,
                   car_control: CarControl) -> list[Violation]:
    if car_control == "none":
        return []
    x, names, allowed = _energy_kwh(cars, pc, pd), _Rows(name), _allowed_kwh(cars)[:, None]
    below, above = cars.x_min_kwh - x, x - cars.x_max_kwh
    out = list(_over("cohort_x_min", below * (below > allowed), names, COHORT_KW))
    return out + list(_over("cohort_x_max", above * (above > allowed), names, COHORT_KW))


def _allowed_kwh(cars: CohortFlexibility) -> Floats:
    """[G] energy by which a cohort's bounds may be missed."""
    size = np.maximum(np.abs(cars.x_max_kwh), np.abs(cars.x_min_kwh)).max(axis=1)
    return np.asarray(COHORT_KW + COHORT_REL * size, dtype=np.float64)


def _cycling(knowledge: TemporalKnowledge, view: SystemView, cars: CohortFlexibility, pc: Floats, pd: Floats,
             name: str) -> list[Violation]:
    """Charging and discharging of one cohort at once, in hours in which that would pay."""
    pays = _cycling_pays(knowledge, view, cars)
    return list(_over("cycling", np.minimum(pc, pd) * pays, _Rows(name), COHORT_KW))


def _cycling_pays(knowledge: TemporalKnowledge, view: SystemView, cars: CohortFlexibility) -> Bools:
    """[G, H]: w2 (eta_c eta_d pi_dis - pi_ch - wear eta_c) > lambda (1 - eta_c eta_d), per kWh charged."""
    units, weight = knowledge.units, knowledge.objective
    carbon = weight.carbon * knowledge.carbon_price_usd_per_t
    cheapest = min(
        weight.operating * (units.cost_b_usd_per_mwh[i] + 2 * units.cost_c_usd_per_mw2h[i] * units.p_min_mw[i])
        + carbon * (units.emission_beta_t_per_mwh[i] + 2 * units.emission_gamma_t_per_mw2h[i] * units.p_min_mw[i])
        for i in range(units.count))
    uncontrolled = _uncontrolled_mw(view)
    renewable = view.wind_mw + view.pv_mw
    # where wind or sun may have to be curtailed, they are the cheapest energy: the lower price counts
    spill = (renewable > 0) & (renewable + units.p_min_mw.sum() > view.load_mw + uncontrolled)
    spilled = -weight.curtailment * knowledge.curtailment_penalty_usd_per_mwh
    price = np.where(spill, min(cheapest, spilled), cheapest) / 1000
    tariff = float(knowledge.tariff_in_objective)
    wear = to_cohorts(knowledge.wear_usd_per_kwh, cars.horizon_h)[:, None]
    eta_c, eta_d = cars.eta_charge[:, None], cars.eta_discharge[:, None]
    gain = weight.owners * (tariff * (eta_c * eta_d * view.price_discharge_usd_per_kwh - view.price_charge_usd_per_kwh)
                 - wear * eta_c)
    return np.asarray(gain > price * (1 - eta_c * eta_d) + 1e-9)


def _held_at_end(cars: CohortFlexibility, pc: Floats, pd: Floats) -> tuple[Floats, Bools]:
    """(x [G] at the horizon's end, which rows are cohorts that stay beyond it)."""
    stays = hour_of_row(np.arange(cars.cohort_count), cars.horizon_h) == cars.horizon_h
    return _energy_kwh(cars, pc, pd)[:, -1], stays


def _terminal(knowledge: TemporalKnowledge, view: SystemView, plan: Plan) -> Iterator[Violation]:
    names = _district_names(knowledge, view)
    lent = held = possible = 0.0
    for d, cars in enumerate(view.districts):
        x, stays = _held_at_end(cars, plan.pc_kw[d], plan.pd_kw[d])
        lent += cars.energy_start_kwh - cars.energy_end_base_kwh
        held, possible = held + float(x[stays].sum()), possible + float(cars.x_max_kwh[stays, -1].sum())
        if knowledge.terminal == "match":
            short = np.where(stays, np.minimum(cars.x_end_uncoordinated_kwh, cars.x_max_kwh[:, -1]) - x, 0.0)
            for row in np.flatnonzero(short > _allowed_kwh(cars)):
                yield Violation("terminal", cars.horizon_h - 1, f"{names[d]} row {row}", float(short[row]))
    if knowledge.terminal == "cyclic" and min(lent, possible) - held > 1.0:
        yield Violation("terminal", -1, "all cars", min(lent, possible) - held)


# ------------------------------------------------------------------ money
def _startup_usd(knowledge: TemporalKnowledge, view: SystemView, plan: Plan) -> float:
    units, total = knowledge.units, 0.0
    for i in range(units.count):
        for start, _, is_on, rested_h, _ in _runs(plan.committed[i], int(view.hours_on[i])):
            began = is_on and (start > 0 or view.hours_on[i] < 0)
            if began:
                category = sum(rested_h >= lag for lag in units.start_lag_h[i, 1:])
                total += float(units.start_usd[i, category])
    return total


def _beyond_kinks_usd(knowledge: TemporalKnowledge, plan: Plan) -> float:
    """What the steeper slopes of the units' curves add."""
    units, total = knowledge.units, 0.0
    for i in range(units.count):
        for at_mw, usd_per_mwh in zip(units.kink_mw[i], units.kink_usd_per_mwh[i], strict=True):
            total += float(usd_per_mwh) * float((plan.committed[i] * np.maximum(plan.p_mw[i] - at_mw, 0.0)).sum())
    return total


def _owners_usd(knowledge: TemporalKnowledge, view: SystemView, plan: Plan) -> tuple[float, float]:
    """(tariff payments, wear)."""
    tariff = wear = 0.0
    for d, cars in enumerate(view.districts):
        tariff += float((plan.pc_kw[d] * view.price_charge_usd_per_kwh).sum()
                        - (plan.pd_kw[d] * view.price_discharge_usd_per_kwh).sum())
        group = group_of_row(np.arange(cars.cohort_count), cars.horizon_h)
        wear += float((knowledge.wear_usd_per_kwh[group] / cars.eta_discharge * plan.pd_kw[d].sum(axis=1)).sum())
    return tariff, wear


def _costs(knowledge: TemporalKnowledge, view: SystemView, plan: Plan, value: float) -> Iterator[Violation]:
    units, on = knowledge.units, plan.committed
    fuel = float(sum((on[i] * (units.cost_a_usd_per_h[i] + units.cost_b_usd_per_mwh[i] * plan.p_mw[i]
                               + units.cost_c_usd_per_mw2h[i] * plan.p_mw[i] ** 2)).sum() for i in range(units.count)))
    fuel += _beyond_kinks_usd(knowledge, plan)
    tons = float(sum((on[i] * (units.emission_alpha_t_per_h[i] + units.emission_beta_t_per_mwh[i] * plan.p_mw[i]
                               + units.emission_gamma_t_per_mw2h[i] * plan.p_mw[i] ** 2)).sum()
                     for i in range(units.count)))
    operating = fuel + _startup_usd(knowledge, view, plan)
    tariff, wear = _owners_usd(knowledge, view, plan)
    cut = knowledge.curtailment_penalty_usd_per_mwh * float((plan.wind_curtailed_mw + plan.pv_curtailed_mw).sum())
    carbon = knowledge.carbon_price_usd_per_t * tons
    owners = wear + tariff * knowledge.tariff_in_objective
    own = {"operating": operating, "owners": owners, "curtailment": cut, "carbon": carbon}
    # a further term of the list is taken from its account by hour: judged is that the plan's sum has it
    further = hourly_amounts(set(knowledge.objective.names) - own.keys(), knowledge, view, plan)
    objective = knowledge.objective.weighted((
        *own.items(), *((name, float(part.sum())) for name, part in further),
        (BESIDE, float(plan.reserve_shortfall_usd.sum()))))
    if knowledge.terminal == "price":
        ends = [_held_at_end(c, plan.pc_kw[d], plan.pd_kw[d]) for d, c in enumerate(view.districts)]
        objective -= value / 1000 * sum(float(x[stays].sum()) for x, stays in ends)
    scale = max(abs(objective), 1.0)
    stated = {"operating_cost_usd": operating, "owners_net_usd": tariff + wear, "curtailment_usd": cut,
              "carbon_cost_usd": carbon, "carbon_t": tons, "objective_usd": objective}
    for name, right in stated.items():
        error = abs(float(getattr(plan, name)) - right)
        if error > COST_REL * scale:
            yield Violation("cost", -1, name, error)
    if plan.bound_usd > plan.objective_usd + 1e-5 * scale:
        yield Violation("bound", -1, "bound_usd", plan.bound_usd - plan.objective_usd)
