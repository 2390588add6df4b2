"""What the upper layer planned for the hours that were carried out (ex ante), and carbon per MWh.

Each plan binds for `planning.binding_h` hours; figures add those hours up, as far as they were run. Planned figures
of owners count the cars under control alone: cars outside control are load to a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats, Ints
from models.records.thermal_units import ThermalUnits
from testbed.metrics.inputs import Subject, objective_parameter, ratio, system_energy_mwh, system_sum
from testbed.metrics.published.system import carbon_t
from testbed.results.reading import Result
from testbed.scenario.record import Scenario
from testbed.setup.knowledge import eta_discharge_of_groups, marginal_wear_usd_per_kwh, thermal_units

METRICS = Subject(place=40)
metric = METRICS.metric

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class BoundHours:
    """The carried-out hours of one plan."""

    first_h: int
    """Hour since counted 00:00."""
    committed: Ints
    """[U, n]"""
    p_mw: Floats
    curtailed_mw: Floats
    """[n] wind and PV"""
    pc_kw: tuple[Floats, ...]
    """Per district [G, n]"""
    pd_kw: tuple[Floats, ...]


def bound_hours(result: Result) -> Iterator[BoundHours]:
    """The hours of every stored plan that bind and were run."""
    binding_h, run_h = int(result.scenario["planning"]["binding_h"]), _hours_run(result)
    for index in range(result.plan_count):
        plan = result.plan(index)
        first_h = plan["time_s"] // SECONDS_PER_HOUR
        # a plan looks further ahead than it binds, and a stopped run did not carry all of it out
        keep = slice(0, max(min(binding_h, run_h - first_h), 0))
        yield BoundHours(
            first_h, plan["committed"][:, keep], plan["p_mw"][:, keep],
            (plan["wind_curtailed_mw"] + plan["pv_curtailed_mw"])[keep],
            tuple(power[:, keep] for power in plan["pc_kw"]), tuple(power[:, keep] for power in plan["pd_kw"]))


def _hours_run(result: Result) -> int:
    return int(result.steps_written * result.step_s // SECONDS_PER_HOUR)


def _scenario(result: Result) -> Scenario:
    return Scenario.model_validate(result.scenario)


def _planned(figure: Callable[[Result, ThermalUnits], float]) -> Callable[[Result], float]:
    """NaN without a plan, and where the file's units are not those of the scenario."""
    def of(result: Result) -> float:
        units = thermal_units(_scenario(result), result.brought("units"))
        return figure(result, units) if result.plan_count and units.names == result.unit_names else np.nan
    return of


# ---------------------------------------------------------------- F1
def _planned_operating(result: Result, units: ThermalUnits) -> float:
    """Fuel and start-ups of the plans; between plans the units' times on and off are carried as planned."""
    usd, hours_on = 0.0, np.asarray(result.on_before_h(units.initial_h))
    for hours in bound_hours(result):
        usd += float(units.fuel_cost_usd_per_h(hours.p_mw.T, hours.committed.T > 0).sum())
        for on in hours.committed.T > 0:
            # the sign says on or off, the size for how long
            starts = on & (hours_on < 0)
            usd += float(units.start_cost_usd(-hours_on)[starts].sum())
            same = on == (hours_on > 0)
            hours_on = np.where(on, 1, -1) * (np.where(same, np.abs(hours_on), 0) + 1)
    return usd


metric("planned_operating_cost_usd", "USD", "F1 ex ante: fuel and start-ups that the plans' carried-out hours "
       "foresee")(_planned(_planned_operating))


# ---------------------------------------------------------------- F2
def _hourly_price(result: Result, name: str) -> Floats:
    """[hours run] recorded price, the mean of each hour's steps."""
    steps, hours = SECONDS_PER_HOUR // result.step_s, _hours_run(result)
    return np.asarray(result.system(name)[: hours * steps].reshape(hours, steps).mean(axis=1), dtype=np.float64)


@metric("planned_tariff_payments_usd", "USD", "ex ante: tariff paid less earned by the cars under control, as planned")
def planned_tariff_payments_usd(result: Result) -> float:
    if not result.plan_count:
        return np.nan
    charge = _hourly_price(result, "price_charge_usd_per_kwh")
    discharge = _hourly_price(result, "price_discharge_usd_per_kwh")
    usd = 0.0
    for hours in bound_hours(result):
        at = slice(hours.first_h, hours.first_h + hours.committed.shape[1])
        usd += sum(float(pc.sum(axis=0) @ charge[at] - pd.sum(axis=0) @ discharge[at])
                   for pc, pd in zip(hours.pc_kw, hours.pd_kw, strict=True))
    return usd


@metric("planned_wear_cost_usd", "USD", "ex ante: wear of the planned discharging, at the objective's marginal wear")
def planned_wear_cost_usd(result: Result) -> float:
    if not result.plan_count:
        return np.nan
    scenario = _scenario(result)
    wear = marginal_wear_usd_per_kwh(scenario) / eta_discharge_of_groups(scenario)
    return float(sum((np.repeat(wear, pd.shape[0] // wear.size) @ pd).sum()
                     for hours in bound_hours(result) for pd in hours.pd_kw))


@metric("planned_owners_net_cost_usd", "USD", "F2 ex ante: planned tariff payments + planned wear, cars under control")
def planned_owners_net_cost_usd(result: Result) -> float:
    return planned_tariff_payments_usd(result) + planned_wear_cost_usd(result)


# ---------------------------------------------------------------- F3, F4
@metric("planned_curtailment_penalty_usd", "USD", "F3 ex ante: planned curtailment times its penalty")
def planned_curtailment_penalty_usd(result: Result) -> float:
    if not result.plan_count:
        return np.nan
    mwh = sum(float(hours.curtailed_mw.sum()) for hours in bound_hours(result))
    return mwh * objective_parameter(result, "curtailment_penalty_usd_per_mwh")


def _planned_tons(result: Result, units: ThermalUnits) -> float:
    return float(sum(units.emissions_t_per_h(hours.p_mw.T, hours.committed.T > 0).sum()
                     for hours in bound_hours(result)))


metric("planned_carbon_t", "t", "ex ante: emissions that the plans' carried-out hours foresee")(
    _planned(_planned_tons))


@metric("planned_carbon_cost_usd", "USD", "F4 ex ante: planned emissions times the carbon price")
def planned_carbon_cost_usd(result: Result) -> float:
    return _planned(_planned_tons)(result) * objective_parameter(result, "carbon_price_usd_per_t")


@metric("tariff_in_objective", "1", "accounting of objective_usd and of the plans: 1 counts tariff payments (as in "
        "the paper), 0 takes them as a transfer (social welfare)")
def tariff_in_objective(result: Result) -> float:
    return float(result.scenario["objective"]["tariff_in_objective"])


# ---------------------------------------------------------------- carbon per MWh
@metric("carbon_average_t_per_mwh", "t/MWh",
        "emissions over all energy generated: thermal, and wind and PV used")
def carbon_average_t_per_mwh(result: Result) -> float:
    used = sum(system_energy_mwh(result, f"{source}_available_mw") - system_energy_mwh(result, f"{source}_curtailed_mw")
               for source in ("wind", "pv"))
    return ratio(carbon_t(result), system_energy_mwh(result, "p_mw") + used)


def _marginal_carbon_of(result: Result, power: str) -> float:
    """Mean of the steps' marginal emissions, weighted with a power of all cars; NaN where there is none."""
    marginal = result.system("marginal_carbon_t_per_mwh")
    weights = np.sum([result.district(d, power).sum(axis=1) for d in result.districts], axis=0)
    return ratio(float(marginal @ weights), float(np.sum(weights)))


@metric("carbon_marginal_charging_t_per_mwh", "t/MWh",
        "emissions that one more MWh of load would cause, mean over what cars charge: exact derivative of the "
        "re-dispatch, units on as they are; 0 in steps with curtailment")
def carbon_marginal_charging_t_per_mwh(result: Result) -> float:
    return _marginal_carbon_of(result, "charge_kw")


@metric("carbon_marginal_discharging_t_per_mwh", "t/MWh", "the same, mean over what cars discharge")
def carbon_marginal_discharging_t_per_mwh(result: Result) -> float:
    return _marginal_carbon_of(result, "discharge_kw")


@metric("carbon_marginal_mean_t_per_mwh", "t/MWh", "the same, mean over counted time")
def carbon_marginal_mean_t_per_mwh(result: Result) -> float:
    steps = result.steps_written
    return system_sum(result, "marginal_carbon_t_per_mwh") / steps if steps else np.nan
