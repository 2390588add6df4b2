"""Judges a finished run by its result file alone, over all its days.

Written from docs/model.md 2, 3 and 5 and the stored scenario: no controller, no simulator and no solver is
asked, so that a mistake in one of them shows. `violations` must be empty for every completed run; limits that a run
may break at a price (voltage, loading, shed, dump, reserve) are `notes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats
from models.records.thermal_units import ThermalUnits
from testbed.checks.cars import car_violations
from testbed.checks.finding import Violation, worst
from testbed.metrics.inputs import networks
from testbed.results.reading import Result
from testbed.scenario.record import Scenario
from testbed.setup.knowledge import thermal_units

POWER_MW = 1e-4
MONEY_REL = 1e-6


@dataclass(frozen=True)
class Verdict:
    """What the checker found."""

    violations: tuple[Violation, ...]
    notes: tuple[str, ...]
    """Limits that the run exceeded at a price, with the amounts."""


def check_result(result: Result) -> Verdict:
    """All broken rules of a result; powers to 0.1 kW, money to 1e-6, cars to 10 W and 1e-6 of their energy."""
    scenario = Scenario.model_validate(result.scenario)
    units = thermal_units(scenario)
    violations = [*_complete(result), *_unit_limits(result, units), *_follows_plan(result, units),
                  *_up_and_down(result, units), *_costs(result, units), *_renewables(result), *_balance(result),
                  *_reserve(result, units, scenario), *_plans_agree(result, units), *car_violations(result, scenario)]
    return Verdict(tuple(violations), tuple(_notes(result, scenario)))


def _complete(result: Result) -> Iterator[Violation]:
    if result.status != "completed":
        yield Violation("completed", -1, f"status {result.status}", float(result.steps_total - result.steps_written))


# ------------------------------------------------------------------ thermal units
def _unit_limits(result: Result, units: ThermalUnits) -> Iterator[Violation]:
    p, on = result.system("p_mw"), result.system("committed").astype(np.int64)
    yield from worst("commitment_binary", np.abs(on - (on > 0)).astype(float), units.names, 0.0)
    yield from worst("minimum_power", on * units.p_min_mw - p, units.names, POWER_MW)
    yield from worst("maximum_power", p - on * units.p_max_mw, units.names, POWER_MW)


def _follows_plan(result: Result, units: ThermalUnits) -> Iterator[Violation]:
    """Every planned unit runs; beyond the plan only quick units (MU = MD = 1 h) may."""
    on, planned = result.system("committed") > 0, np.zeros(result.system("committed").shape, dtype=bool)
    times = result.system("plan/time_s")[: result.plan_count]
    for index, start_s in enumerate(times):
        end_s = times[index + 1] if index + 1 < times.size else np.inf
        rows = np.flatnonzero((result.time_s >= start_s) & (result.time_s < end_s))
        hour = (result.time_s[rows] - start_s) // SECONDS_PER_HOUR
        planned[rows] = result.system("plan/committed")[index].T[hour] > 0
    quick = (units.min_up_h == 1) & (units.min_down_h == 1)
    yield from worst("commitment", (planned & ~on).astype(float), units.names, 0.0)
    yield from worst("commitment", (on & ~planned & ~quick).astype(float), units.names, 0.0)


def _runs(on: Bools, before_s: int, step_s: int) -> Iterator[tuple[int, int, bool, int, bool]]:
    """(first step, length in s with history, is on, length of the run before, reaches the end) of equal status."""
    status, length, start, previous = before_s > 0, abs(before_s), 0, 0
    for t, value in enumerate(on):
        if bool(value) != status:
            yield start, length, status, previous, False
            status, previous, length, start = bool(value), length, 0, t
        length += step_s
    yield start, length, status, previous, True


def _before_s(result: Result, units: ThermalUnits) -> list[int]:
    """[U] seconds on (+) or off (-) as counted time begins, after a controlled warm-up or as the units' table says."""
    return [round(hours * SECONDS_PER_HOUR) for hours in result.on_before_h(units.initial_h)]


def _up_and_down(result: Result, units: ThermalUnits) -> Iterator[Violation]:
    """Minimum up and down times over the whole run, midnights and the status before included."""
    on, before_s = result.system("committed") > 0, _before_s(result, units)
    for i, name in enumerate(units.names):
        for start, length_s, is_on, _, open_end in _runs(on[:, i], before_s[i], result.step_s):
            least_h = int(units.min_up_h[i] if is_on else units.min_down_h[i])
            if length_s < least_h * SECONDS_PER_HOUR and not open_end:
                rule = "minimum_up" if is_on else "minimum_down"
                yield Violation(rule, start, name, least_h - length_s / SECONDS_PER_HOUR)


def _start_usd(result: Result, units: ThermalUnits) -> Floats:
    """[T] start-ups by the hours of rest before them."""
    on, usd, before_s = result.system("committed") > 0, np.zeros(result.steps_written), _before_s(result, units)
    for i in range(units.count):
        lags_s = (units.start_lag_h[i, 1:] - 1) * SECONDS_PER_HOUR  # a category begins with the hour before its lag
        for start, _, is_on, rest_s, _ in _runs(on[:, i], before_s[i], result.step_s):
            if is_on and rest_s > 0:  # a run that goes on from before has no start
                usd[start] += units.start_usd[i, int((rest_s > lags_s).sum())]
    return usd


def _costs(result: Result, units: ThermalUnits) -> Iterator[Violation]:
    p, on = result.system("p_mw"), result.system("committed")
    ours = {"startup_cost": ("startup_cost_usd", _start_usd(result, units)),
            "fuel_cost": ("fuel_cost_usd", units.fuel_cost_usd_per_h(p, on).sum(axis=1) * result.step_h),
            "carbon": ("carbon_t", units.emissions_t_per_h(p, on).sum(axis=1) * result.step_h)}
    for rule, (name, right) in ours.items():
        error = np.abs(result.system(name) - right)
        allowed = MONEY_REL * max(float(np.max(np.abs(right), initial=0.0)), 1.0)
        yield from worst(rule, error[:, None], ("system",), allowed)


# ------------------------------------------------------------------ system
def _renewables(result: Result) -> Iterator[Violation]:
    for source in ("wind", "pv"):
        cut, available = result.system(f"{source}_curtailed_mw"), result.system(f"{source}_available_mw")
        yield from worst("renewables", np.maximum(cut - available, -cut)[:, None], (source,), POWER_MW)


def _balance(result: Result) -> Iterator[Violation]:
    """sum P + renewables used + shed - dump = load + cars + change of feeder losses; the sums over districts too."""
    s = result.system
    supply = (s("p_mw").sum(axis=1) + s("wind_available_mw") - s("wind_curtailed_mw") + s("pv_available_mw")
              - s("pv_curtailed_mw") + s("shed_mw") - s("dump_mw"))
    demand = s("load_mw") + s("pev_total_mw") + s("losses_change_total_mw")
    yield from worst("balance", np.abs(supply - demand)[:, None], ("system",), POWER_MW)
    for name in ("shed_mw", "dump_mw", "reserve_shortfall_mw"):
        yield from worst("balance", -s(name)[:, None], (name,), POWER_MW)
    cars = sum((_cars_mw(result, d) for d in result.districts), np.zeros(result.steps_written))
    yield from worst("cars_sum", np.abs(s("pev_total_mw") - cars)[:, None], ("system",), POWER_MW)
    losses = sum(((result.district(d, "losses_kw") - result.district(d, "losses_base_kw")) / 1e3
                  for d in networks(result)), np.zeros(result.steps_written))
    yield from worst("losses_sum", np.abs(s("losses_change_total_mw") - losses)[:, None], ("system",), POWER_MW)


def _cars_mw(result: Result, district: str) -> Floats:
    net_kw = result.district(district, "charge_kw") - result.district(district, "discharge_kw")
    return np.asarray(net_kw.sum(axis=1) / 1e3)


def _reserve(result: Result, units: ThermalUnits, scenario: Scenario) -> Iterator[Violation]:
    """The shortfall written is that of the rule with actual powers; `deliverable` takes phi and the cars' room as
    written, and no other room counts."""
    s, system = result.system, scenario.system
    zero = np.zeros(result.steps_written)
    charge, discharge = (sum((result.district(d, f"{way}_kw").sum(axis=1) / 1e3 for d in result.districts), zero)
                         for way in ("charge", "discharge"))
    firm = (_counted_mw(result, units, system.headroom) + s("wind_available_mw") - s("wind_curtailed_mw")
            + s("pv_available_mw") - s("pv_curtailed_mw"))
    room = s("reserve_credit_mw") if system.reserve_rule == "deliverable" else zero
    yield from worst("reserve", np.maximum(s("reserve_credit_mw") - room, -room)[:, None], ("cars' room",), POWER_MW)
    if system.reserve_rule == "scheduled":
        firm = firm + discharge
    elif system.reserve_rule == "deliverable":
        firm = firm + np.nan_to_num(s("delivery_quantile"), nan=1.0) * discharge + room
    requirement = system.reserve_fraction * s("load_mw")
    right = np.clip(requirement + s("load_mw") + charge - firm, 0.0, requirement)
    # what units reach in the first hour depends on powers before it, which the file does not have
    known = slice(round(1 / result.step_h) if system.headroom == "reachable" else 0, None)
    yield from worst("reserve", np.abs(s("reserve_shortfall_mw") - right)[known, None], ("system",), POWER_MW)


def _counted_mw(result: Result, units: ThermalUnits, headroom: str) -> Floats:
    """[T] what counts of units that run: capacity, or what ramp and start let them reach from an hour before."""
    on, p, highest = result.system("committed") > 0, result.system("p_mw"), units.p_max_mw * result.system("committed")
    if headroom == "reachable":
        per_hour = round(1 / result.step_h)
        climbed = np.where(on[:-per_hour], p[:-per_hour] + units.ramp_up_mw_per_h, units.p_startup_max_mw)
        highest[per_hour:] = np.minimum(highest[per_hour:], climbed)  # those that are off have 0
    return np.asarray(highest.sum(axis=1), dtype=np.float64)


def _plans_agree(result: Result, units: ThermalUnits) -> Iterator[Violation]:
    """Planned powers within the limits of planned units."""
    for index in range(result.plan_count):
        plan = result.plan(index)
        for rule, excess in (("plan_minimum_power", plan["committed"] * units.p_min_mw[:, None] - plan["p_mw"]),
                             ("plan_maximum_power", plan["p_mw"] - plan["committed"] * units.p_max_mw[:, None])):
            yield from worst(rule, excess.T, units.names, POWER_MW)


# ------------------------------------------------------------------ what may be broken at a price
def _notes(result: Result, scenario: Scenario) -> Iterator[str]:
    for name, text in (("shed_mw", "load shed"), ("dump_mw", "energy dumped"),
                       ("reserve_shortfall_mw", "reserve missing")):
        energy = float(result.system(name).sum()) * result.step_h
        if energy > POWER_MW:
            yield f"{text}: {energy:.6g} MWh"
    yield from result.input_notes
    limits = {d.name: (d.v_min_pu, d.v_max_pu) for d in scenario.districts}
    for name in networks(result):
        vm, loading = result.district(name, "vm_pu"), result.district(name, "line_loading_percent")
        outside = (vm < limits[name][0]) | (vm > limits[name][1])
        if outside.any():
            yield (f"{name}: voltage outside {limits[name][0]:g}..{limits[name][1]:g} pu in {int(outside.sum())} "
                   f"bus-steps, lowest {vm.min():.5f}, highest {vm.max():.5f}")
        if np.any(loading > 100):
            over = int((loading > 100).sum())
            yield f"{name}: line loading above 100 % in {over} line-steps, up to {loading.max():.4g} %"
