"""The upper layer's plans: units, costs, prices, bound, cohorts, and the reference without cars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.cars import charge_max_kw, wear_price_usd_per_kwh
from audit.finding import Check, Floats, holds, same, within
from audit.prices import known_usd_per_kwh
from audit.profiles import told_of
from audit.registry import rule
from audit.reserve_price import shortfall_usd_per_h
from audit.run import SECONDS_PER_HOUR, WAYS, Run
from audit.unit_tables import units_of
from audit.units import Units, start_usd

MW, NEAR_MW = 1e-4, 0.01
ANSWERS_PRICES = "tariff"
"""The controller under which cars that nobody controls answer prices."""
LOSSES_REL = 0.05
"""More than cars change feeders' losses by, as a share of the units' power."""
OWNERS_USD = 1e-3
"""To which owners' planned sums are held: solvers leave dust in costs that is not in cohorts."""


@dataclass(frozen=True)
class Plan:
    """One stored plan; arrays over its horizon."""

    name: str
    time_s: int
    values: Mapping[str, Any]
    pc_kw: tuple[Floats, ...]
    """[cohort, hour] per district."""
    pd_kw: tuple[Floats, ...]
    before_h: Floats | None
    """[U] hours on (+) or off (-) as it begins, where they are known."""

    def __call__(self, name: str) -> Any:
        return self.values[name]

    @property
    def hours(self) -> int:
        return int(self.values["p_mw"].shape[1])


def plans_of(run: Run) -> Iterator[Plan]:
    """Those of days under control before counted time, then the counted ones."""
    warm, units = run.warmup_plan, units_of(run)
    for index in np.flatnonzero(warm["time_s"] != -1).tolist() if warm else ():
        first = index == 0 and int(run.attributes.get("warmup_controlled_days", 0)) > 0
        yield Plan(f"warm-up plan {index}", int(warm["time_s"][index]), _row(warm, index), tuple(warm["pc_kw"][index]),
                   tuple(warm["pd_kw"][index]), units.initial_h if first else None)
    for index in np.flatnonzero(run.plan["time_s"] >= 0).tolist():
        at = int(run.plan["time_s"][index]) // run.step_s
        charge, discharge = (tuple(d(f"plan_{way}_kw")[index] for d in run.districts) for way in ("pc", "pd"))
        yield Plan(f"plan {index}", int(run.plan["time_s"][index]), _row(run.plan, index), charge, discharge,
                   run("on_before_h")[at] if at < run.steps else None)


def _row(values: Mapping[str, Any], index: int) -> dict[str, Any]:
    """One plan's entries; axes of the group are left alone."""
    return {name: value[index] for name, value in values.items() if name not in ("unit", "lead", "cohort", "district")
            and value.shape[:1] == values["time_s"].shape}


@rule("3.9", "plan/p_mw", "plan/committed")
def planned_limits(run: Run) -> Iterator[Check]:
    """Planned powers lie within the limits of planned units (U2, U3)."""
    units = units_of(run)
    for plan in plans_of(run):
        on = plan("committed").T
        yield within(f"{plan.name}: power of", plan("p_mw").T, on * units.low_mw, on * units.high_mw, "MW",
                     names=units.names, axis="hour", absolute=1e-7)
        yield holds(f"{plan.name}: on or off:", np.isin(on, (0, 1)), names=units.names, axis="hour")


def _status(plan: Plan, before_h: Floats) -> Floats:
    """[H, U] hours on (+) or off (-) as each hour begins."""
    hours, rows = np.asarray(before_h, dtype=np.float64), []
    for on in plan("committed").T > 0:
        rows.append(hours)
        same_status = (hours > 0) == on
        hours = np.where(on, 1.0, -1.0) * (np.where(same_status, np.abs(hours), 0.0) + 1.0)
    return np.array(rows)


def _whole(hours: Floats) -> Floats:
    """Whole hours on or off, as the operator counts them: rounded toward 0, but never 0."""
    return np.sign(hours) * np.maximum(np.floor(np.abs(hours) + 1e-9), 1.0)


@rule("3.9", "plan/committed")
def planned_minimum_times(run: Run) -> Iterator[Check]:
    """Planned starts and stops keep minimum times, those from before the plan included (U4 to U7)."""
    units = units_of(run)
    for plan in plans_of(run):
        if plan.before_h is None:
            continue
        on, before = plan("committed").T > 0, _whole(_status(plan, plan.before_h))
        yield Check(f"{plan.name}: rests too little:", np.where(on & (before < 0), units.down_h + before, -1.0), 1e-9,
                    "h", units.names, "hour")
        yield Check(f"{plan.name}: runs too little:", np.where(~on & (before > 0), units.up_h - before, -1.0), 1e-9,
                    "h", units.names, "hour")


@rule("3.10", "plan/p_mw")
def planned_ramps(run: Run) -> Iterator[Check]:
    """Planned powers change by no more than ramps allow, and start and stop no higher than they may (U18 to U21)."""
    units = units_of(run)
    for plan in plans_of(run):
        on, p = plan("committed").T > 0, plan("p_mw").T
        before_on = np.concatenate([_first_on(plan, on)[None], on[:-1]])
        before = np.concatenate([_first_mw(run, plan, units)[None], p[:-1]])
        rise = np.where(before_on, before + units.ramp_up, units.start_mw)
        fall = np.where(on, before - units.ramp_down, before - units.stop_mw)
        # NaN: of the power before the plan nothing is known, so that nothing is held
        for word, excess in (("rises or starts too high:", np.where(on, p - rise, -1.0)),
                             ("falls too fast or stops too high:", np.where(before_on, fall - p * on, -1.0))):
            yield Check(f"{plan.name}: {word}", np.nan_to_num(excess, nan=-1.0), MW, "MW", units.names, "hour")


def _first_on(plan: Plan, on: Any) -> Any:
    """[U] whether units ran before the plan; where that is not known they did as in its first hour."""
    return on[0] if plan.before_h is None else plan.before_h > 0


def _first_mw(run: Run, plan: Plan, units: Units) -> Floats:
    """[U] powers before the plan; NaN where they are not known, nor those below the minimum of a unit that stops."""
    at, warmed = plan.time_s // run.step_s, int(run.attributes.get("warmup_controlled_days", 0)) > 0
    if plan.before_h is None or (at == 0 and warmed):
        return np.full(units.low_mw.size, np.nan)
    if at <= 0:
        return units.initial_mw
    power = run("p_mw")[at - 1]
    return np.where((plan.before_h > 0) & (power < units.low_mw - 1e-3), np.nan, power)


@rule("3.8", "plan/operating_cost_usd", "plan/carbon_t", "plan/carbon_cost_usd", "plan/curtailment_usd", "plan/p_mw",
      "plan/committed", "plan/wind_curtailed_mw", "plan/pv_curtailed_mw")
def planned_costs(run: Run) -> Iterator[Check]:
    """A plan's costs are those of its units' true curves, starts, emissions and curtailment over the horizon."""
    units, objective = units_of(run), run.part("objective")
    for plan in plans_of(run):
        p, on = plan("p_mw").T, plan("committed").T
        tons = units.tons_per_h(p, on).sum()
        cut = (plan("wind_curtailed_mw") + plan("pv_curtailed_mw")).sum()
        told = {"carbon_t": (tons, "t"), "carbon_cost_usd": (tons * float(objective["carbon_price_usd_per_t"]), "USD"),
                "curtailment_usd": (cut * float(objective["curtailment_penalty_usd_per_mwh"]), "USD")}
        if plan.before_h is not None:
            starts = start_usd(units, on, _status(plan, plan.before_h)).sum()
            told["operating_cost_usd"] = (units.fuel_usd_per_h(p, on).sum() + starts, "USD")
        for name, (right, unit) in _reckoned(plan, told):
            yield same(f"{plan.name}: {name}", plan(name), right, unit, axis="run", absolute=1e-3)


def _reckoned(plan: Plan, told: Mapping[str, tuple[float, str]]) -> Iterator[tuple[str, tuple[float, str]]]:
    """Those figures that the plan states: a layer need not reckon its costs, and writes NaN."""
    return ((name, right) for name, right in told.items() if not np.isnan(float(plan(name))))


def payments_usd(run: Run, plan: Plan) -> tuple[float, float] | None:
    """(tariff, wear) of planned powers; None where prices or wear are not to be known from the file."""
    both, price = known_usd_per_kwh(run, plan.time_s // SECONDS_PER_HOUR, plan.hours), wear_price_usd_per_kwh(run)
    if both is None or price is None:
        return None
    first = run.districts[0]
    eta = first.classes.of_kind(first.group_kind, "eta_discharge")
    charge, discharge = both
    tariff = sum(float((pc @ charge).sum() - (pd @ discharge).sum())
                 for pc, pd in zip(plan.pc_kw, plan.pd_kw, strict=True))
    wear = sum(float((pd.reshape(eta.size, -1).sum(axis=1) / eta).sum()) * price for pd in plan.pd_kw)
    return tariff, wear


@rule("3.8", "plan/owners_net_usd", "plan/objective_usd", "plan_pc_kw", "plan_pd_kw", "plan/reserve_shortfall_usd")
def planned_objective(run: Run) -> Iterator[Check]:
    """F2 is planned tariff and wear; the objective is the weighted sum of F1 to F4 and of missing reserve."""
    objective = run.part("objective")
    for plan in plans_of(run):
        paid = payments_usd(run, plan)
        if paid is None or np.isnan(float(plan("objective_usd"))):
            continue
        tariff, wear = paid
        yield same(f"{plan.name}: owners_net_usd", plan("owners_net_usd"), tariff + wear, "USD", axis="run",
                   absolute=OWNERS_USD)
        owners = wear + (tariff if objective["tariff_in_objective"] else 0.0)
        terms = {"operating": plan("operating_cost_usd"), "owners": owners, "curtailment": plan("curtailment_usd"),
                 "carbon": plan("carbon_cost_usd")}
        right = sum(float(objective[f"weight_{name}"]) * float(value) for name, value in terms.items())
        if run.part("planning")["terminal"] != "price":
            yield same(f"{plan.name}: objective_usd", plan("objective_usd"),
                       right + plan("reserve_shortfall_usd").sum(), "USD", axis="run", rel=1e-7, absolute=1e-2)


@rule("3.14", "plan/bound_usd", "plan/gap_rel", "plan/milp_objective_usd")
def bound(run: Run) -> Iterator[Check]:
    """The bound lies below both values; the gap is what the objective lies above it, as a share of itself."""
    for plan in plans_of(run):
        value, low, linear = (float(plan(name)) for name in ("objective_usd", "bound_usd", "milp_objective_usd"))
        if np.isnan(low):
            continue
        size = max(abs(value), 1e-9)
        # plans made with the networks carry the gap of that problem, whose value is not in the file
        own = _is_made_with_networks(plan)
        gap = max((value - low) / size, 0.0)
        yield within(f"{plan.name}: gap_rel", plan("gap_rel"), 0.0 if own else gap, 1.0 if own else gap, "1",
                     axis="run", rel=0.0, absolute=1e-8)
        yield Check(f"{plan.name}: bound above the objective", low - value, 1e-5 * size, "USD", axis="run")
        # theirs has the price of losses in it, too
        most = np.inf if own else max(value, low)
        yield within(f"{plan.name}: milp_objective_usd", linear, low, most, "USD", axis="run", rel=1e-4)


@rule("3.9", "plan/marginal_price_usd_per_mwh")
def planned_price(run: Run) -> Iterator[Check]:
    """The price of an hour is what the next MW of the units free to move costs, as weighted; of plans made with the
    networks, whose losses are not in the file, to a change of power by LOSSES_REL of it."""
    units, objective = units_of(run), run.part("objective")
    w1 = float(objective["weight_operating"])
    carbon = float(objective["weight_carbon"]) * float(objective["carbon_price_usd_per_t"])
    for plan in plans_of(run):
        p, on = plan("p_mw").T, plan("committed").T > 0
        tons = carbon * (units.beta + 2 * units.gamma * p)
        # a solver's power is exact to a kW: nearer to a limit, or to a bend of its cost, it may stand for that
        near = NEAR_MW + (LOSSES_REL * p.sum(axis=1, keepdims=True) if _is_made_with_networks(plan) else 0.0)
        down, up = (w1 * units.fuel_slopes(p + side)[k] + tons for k, side in ((0, -near), (1, near)))
        free = on & (p > units.low_mw + near) & (p < units.high_mw - near) & _moves_alone(run, plan, units)
        plain = free.any(axis=1)
        most, least = np.where(free, down, -np.inf).max(axis=1), np.where(free, up, np.inf).min(axis=1)
        yield within(f"{plan.name}: price", np.where(plain, plan("marginal_price_usd_per_mwh"), 0.0),
                     np.where(plain, np.minimum(least, most), 0.0), np.where(plain, np.maximum(least, most), 0.0),
                     "USD/MWh", rel=1e-4, axis="hour")


def _is_made_with_networks(plan: Plan) -> bool:
    return str(plan("status")).startswith(("joint in", "coordinated in"))


def _moves_alone(run: Run, plan: Plan, units: Units) -> Any:
    """[H, U] where a little more or less power touches neither ramp, start nor stop, nor what is reached next."""
    on, p = plan("committed").T > 0, plan("p_mw").T
    before_on = np.concatenate([_first_on(plan, on)[None], on[:-1]])
    change = p - np.concatenate([_first_mw(run, plan, units)[None], p[:-1]])
    slow = np.isfinite(units.ramp_up) | np.isfinite(units.ramp_down)
    # a change against a power that is not known touches what it may
    kept = (change < units.ramp_up - NEAR_MW) & (-change < units.ramp_down - NEAR_MW) | ~slow & before_on
    begins = ~before_on & (p < units.start_mw - NEAR_MW)
    next_on, next_kept = np.concatenate([on[1:], on[-1:]]), np.concatenate([kept[1:], kept[:1] | True])
    reaches = p + units.ramp_up > units.high_mw + NEAR_MW
    if run.part("system").get("headroom") != "reachable":
        reaches = np.ones_like(on)
    ends = ~next_on & (p < units.stop_mw - NEAR_MW)
    last = np.arange(p.shape[0])[:, None] == p.shape[0] - 1
    return (before_on & kept | begins) & (last | next_on & next_kept & reaches | ends)


@rule("3.9", "plan/p_mw", "plan/wind_curtailed_mw", "plan/pv_curtailed_mw")
def planned_balance(run: Run) -> Iterator[Check]:
    """Planned power beyond load and cohorts is that of cars outside control: at least none (where drivers answer
    prices, no more than chargers can give back), at most all (U1)."""
    known = told_of(run)
    if known is None or run.schema < 2 or not run.has_totals:
        return
    most = sum(float(charge_max_kw(d).sum()) for d in run.districts) / 1e3
    answers = str(run.attributes["controller"]) == ANSWERS_PRICES
    given_back = sum(float(d("vehicle_p_discharge_max_kw").sum()) for d in run.districts) / 1e3 * answers
    for plan in plans_of(run):
        edges = plan.time_s + SECONDS_PER_HOUR * np.arange(plan.hours + 1.0)
        load, wind, sun, must_take = known.means(edges)
        cars = sum((pc - pd).sum(axis=0) for pc, pd in zip(plan.pc_kw, plan.pd_kw, strict=True)) / 1e3
        for name, cut, available in (("wind", plan("wind_curtailed_mw"), wind), ("sun", plan("pv_curtailed_mw"), sun)):
            yield within(f"{plan.name}: curtailed {name}", cut, 0.0, available, "MW", axis="hour", absolute=MW)
        yield Check(f"{plan.name}: curtailed of what must be taken", plan("wind_curtailed_mw") + plan("pv_curtailed_mw")
                    - np.maximum(wind + sun - must_take, 0.0), MW, "MW", axis="hour")
        outside = (plan("p_mw").sum(axis=0) + wind - plan("wind_curtailed_mw") + sun - plan("pv_curtailed_mw")
                   - load - cars)
        yield within(f"{plan.name}: power of cars outside control", outside, -_losses_mw(run) - given_back,
                     most + _losses_mw(run), "MW", axis="hour", absolute=MW)


def _losses_mw(run: Run) -> float:
    """What plans that see feeders may add for their losses (J2)."""
    sees = str(run.attributes["controller"]) in ("joint", "bilayer_coordinated", "bilayer_envelope")
    return sum(float(d("losses_kw").max(initial=0.0)) for d in run.networks) / 1e3 if sees else 0.0


@rule("3.13", "plan/reserve_shortfall_mw", "plan/reserve_shortfall_usd")
def planned_reserve(run: Run) -> Iterator[Check]:
    """Planned missing reserve costs what its curve says, at least that of its hourly mean; it is no less than what
    units (with their capacity, or what they reach) and planned discharging leave open."""
    known = told_of(run)
    if known is None:
        return
    units, rule_name = units_of(run), run.part("system")["reserve_rule"]
    fraction = float(run.part("system")["reserve_fraction"])
    for plan in plans_of(run):
        edges = plan.time_s + SECONDS_PER_HOUR * np.arange(plan.hours + 1.0)
        required = fraction * known.means(edges)[0]
        missing, usd = plan("reserve_shortfall_mw"), plan("reserve_shortfall_usd")
        least = shortfall_usd_per_h(run, missing, required)
        # within an hour what is missing may be missing in one step alone, dearer than its mean
        steps = SECONDS_PER_HOUR / run.step_s
        crowded = shortfall_usd_per_h(run, np.minimum(missing * steps, required), required) / steps
        most = np.where(missing < required / steps - MW, np.maximum(crowded, least), np.inf)
        yield within(f"{plan.name}: missing reserve", missing, 0.0, required, "MW", axis="hour", absolute=MW)
        yield within(f"{plan.name}: price of missing reserve", usd, least, most, "USD", axis="hour", rel=1e-7,
                     absolute=1e-6)
        if rule_name != "deliverable":
            pd_mw = sum(pd.sum(axis=0) for pd in plan.pd_kw) / 1e3 * (rule_name == "thermal_only")
            left = required - _spare_mw(run, plan, units) + pd_mw
            yield Check(f"{plan.name}: reserve that nobody gives", np.minimum(left, required) - missing,
                        1e-3 + _losses_mw(run), "MW", axis="hour")


def _spare_mw(run: Run, plan: Plan, units: Units) -> Floats:
    """[H] what units count for above their power: capacity, or what they could reach within the hour."""
    on, p = plan("committed").T > 0, plan("p_mw").T
    most = np.broadcast_to(units.high_mw, p.shape)
    if run.part("system").get("headroom") == "reachable":
        before_on = np.concatenate([_first_on(plan, on)[None], on[:-1]])
        before = np.concatenate([_first_mw(run, plan, units)[None], p[:-1]])
        climbed = np.where(np.isnan(before), np.inf, before) + units.ramp_up
        most = np.minimum(most, np.where(before_on, climbed, units.start_mw))
        stops = np.concatenate([on[:-1] & ~on[1:], np.zeros((1, on.shape[1]), dtype=np.bool_)])
        most = np.maximum(np.where(stops, np.minimum(most, units.stop_mw), most), p)
    return np.asarray(((most - p) * on).sum(axis=1))


@rule("3.2", "plan_pc_kw", "plan_pd_kw")
def planned_cohorts(run: Run) -> Iterator[Check]:
    """No cohort acts after the hour in which its cars leave; one-way cohorts give nothing; none passes its chargers."""
    for plan in plans_of(run):
        for d, pc, pd in zip(run.districts, plan.pc_kw, plan.pd_kw, strict=True):
            hours, leaves = np.arange(plan.hours), np.arange(pc.shape[0]) % (plan.hours + 1)
            gone = hours[None, :] > leaves[:, None]
            one_way = np.arange(pc.shape[0]) // (plan.hours + 1) % WAYS == 0
            most = float(charge_max_kw(d).sum()) if run.schema >= 2 and run.has_totals else np.inf
            for way, power in (("charging", pc), ("discharging", pd)):
                yield within(f"{plan.name}, {d.name}: {way}", power.T, 0.0, most, "kW", axis="hour")
                yield Check(f"{plan.name}, {d.name}: {way} of cars that have left",
                            np.where(gone, np.abs(power), 0.0).sum(axis=0), 1e-9, "kW", axis="hour")
            yield Check(f"{plan.name}, {d.name}: discharging of one-way cars", pd[one_way].sum(axis=0), 1e-9, "kW",
                        axis="hour")


@rule("4.3", "plan_pc_kw", "plan_pd_kw", "target_charge_kw", "target_discharge_kw")
def targets_of_plans(run: Run) -> Iterator[Check]:
    """Targets are the plan's, in the hour in which it is made, and all its hours where nothing is dispatched anew."""
    every = run.part("planning")["redispatch"] == "none"
    starts = run.plan["time_s"]
    written = np.flatnonzero(starts >= 0)
    for position, index in enumerate(written):
        end_s = starts[written[position + 1]] if position + 1 < written.size else run.steps * run.step_s
        if not every:
            end_s = min(end_s, starts[index] + SECONDS_PER_HOUR)
        rows = np.flatnonzero((run.time_s >= starts[index]) & (run.time_s < end_s))
        lead = (run.time_s[rows] - starts[index]) // SECONDS_PER_HOUR
        for d in run.districts:
            for way, name in (("pc", "target_charge_kw"), ("pd", "target_discharge_kw")):
                power = d(f"plan_{way}_kw")[index]
                by_group = power.reshape(run.districts[0].group_count, -1, power.shape[1]).sum(axis=1)
                yield same(f"{d.name}: {name} of plan {index},", d(name)[rows], by_group[:, lead].T, "kW",
                           names=tuple(map(str, d.axes["group"])))


@rule("3.15", "expected_objective_usd", "redispatch_failed")
def expected_objective(run: Run) -> Iterator[Check]:
    """As a plan is made the objective is the plan's; it changes at whole hours alone, and not where no dispatch was
    found."""
    value = np.nan_to_num(run("expected_objective_usd"), nan=0.0)
    first, failed = run.time_s % SECONDS_PER_HOUR == 0, run("redispatch_failed") > 0
    kept = np.diff(value) == 0
    yield holds("changes within an hour", kept | first[1:])
    yield holds("changes though no dispatch was found", kept | ~failed[1:])
    made = np.isin(run.time_s, run.plan["time_s"])
    yield holds("no dispatch within an hour, or as a plan is made", ~failed | (first & ~made))
    if run.part("planning")["terminal"] == "price":
        return
    for index in np.flatnonzero(run.plan["time_s"] >= 0):
        at = int(run.plan["time_s"][index]) // run.step_s
        if at < run.steps and not np.isnan(run.plan["objective_usd"][index]):
            yield same(f"objective as plan {index} is made", value[at], run.plan["objective_usd"][index], "USD",
                       rel=1e-6)
