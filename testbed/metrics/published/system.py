"""Headline figures of the system and the feeders: one pure function of a result each.

Definitions follow docs/model.md 2.4 and 5.4. Names are stable once published. All sums are over counted
time; MW and MWh from the bus upward, kW and kWh below it. Ledgers and the worth of stored energy:
`ledgers`; cars and drivers: `cars`.
"""

from __future__ import annotations

import numpy as np

from testbed.metrics.inputs import (
    HAPPENED,
    Subject,
    curtailable,
    district_sum,
    equivalent_load_mw,
    generation_curtailed_mw,
    happened,
    network_energy_kwh,
    network_max,
    network_min,
    network_values,
    networks,
    objective_parameter,
    system_energy_mwh,
    system_sum,
    units_on_per_hour,
    weights,
)
from testbed.results.reading import Result
from testbed.scenario.parts.system import System, demand_curve

METRICS = Subject(place=20)
metric = METRICS.metric


# ---------------------------------------------------------------- F1..F4 and their sums
@happened("operating")
@metric("operating_cost_usd", "USD",
        "F1: fuel and start-ups of thermal units, true quadratic curves", moved_by_gap=True)
def operating_cost_usd(result: Result) -> float:
    return fuel_cost_usd(result) + startup_cost_usd(result)


@metric("fuel_cost_usd", "USD", "fuel of thermal units, true quadratic curves", moved_by_gap=True)
def fuel_cost_usd(result: Result) -> float:
    return system_sum(result, "fuel_cost_usd")


@metric("startup_cost_usd", "USD", "start-ups of thermal units, hot or cold", moved_by_gap=True)
def startup_cost_usd(result: Result) -> float:
    return system_sum(result, "startup_cost_usd")


@metric("carbon_t", "t", "emissions of thermal units")
def carbon_t(result: Result) -> float:
    return system_sum(result, "carbon_t")


@happened("carbon")
@metric("carbon_cost_usd", "USD", "F4: emissions times the carbon price", moved_by_gap=True)
def carbon_cost_usd(result: Result) -> float:
    return carbon_t(result) * objective_parameter(result, "carbon_price_usd_per_t")


@metric("curtailed_mwh", "MWh", "wind and PV available but not used, of the system and in feeders")
def curtailed_mwh(result: Result) -> float:
    in_feeders = float(generation_curtailed_mw(result).sum()) * result.step_h
    return system_energy_mwh(result, "wind_curtailed_mw") + system_energy_mwh(result, "pv_curtailed_mw") + in_feeders


@metric("generation_curtailed_mwh", "MWh", "part of it that feeders do not take of their own generators; NaN where "
        "none may be curtailed (`series.curtailable`)")
def generation_curtailed_mwh(result: Result) -> float:
    return float(generation_curtailed_mw(result).sum()) * result.step_h if curtailable(result) else np.nan


@happened("curtailment")
@metric("curtailment_penalty_usd", "USD", "F3: curtailed energy times its penalty")
def curtailment_penalty_usd(result: Result) -> float:
    return curtailed_mwh(result) * objective_parameter(result, "curtailment_penalty_usd_per_mwh")


@metric("tariff_payments_usd", "USD",
        "tariff paid for charging less tariff earned by discharging, all owners")
def tariff_payments_usd(result: Result) -> float:
    return district_sum(result, "tariff_usd")


@metric("fast_charge_cost_usd", "USD", "paid by owners for fast charging on the way; in owners_net_cost_usd "
        "and in the ledgers of owners and society")
def fast_charge_cost_usd(result: Result) -> float:
    return district_sum(result, "fast_charged_usd")


@metric("wear_cost_usd", "USD", "battery wear booked")
def wear_cost_usd(result: Result) -> float:
    return district_sum(result, "wear_usd")


@metric("owners_net_cost_usd", "USD",
        "tariff payments + wear + fast charging on the way; negative: owners earn")
def owners_net_cost_usd(result: Result) -> float:
    return tariff_payments_usd(result) + wear_cost_usd(result) + fast_charge_cost_usd(result)


@happened("owners")
def owners_counted_usd(result: Result) -> float:
    """F2 as the objective counts it: wear, and tariff payments if the scenario says so."""
    wear = wear_cost_usd(result)
    return wear + tariff_payments_usd(result) if result.scenario["objective"]["tariff_in_objective"] else wear


@metric("imbalance_cost_usd", "USD",
        "load shed and energy dumped at the scenario's prices, missing reserve along its demand curve",
        moved_by_gap=True)
def imbalance_cost_usd(result: Result) -> float:
    prices = result.scenario["system"]
    return float(shed_load_mwh(result) * prices["shed_usd_per_mwh"]
                 + dumped_mwh(result) * prices["dump_usd_per_mwh"]
                 + reserve_shortfall_usd(result))


@metric("feeder_loss_cost_usd", "USD",
        "all feeder losses at the system's marginal price; part of the fuel already, never added to a "
        "total")
def feeder_loss_cost_usd(result: Result) -> float:
    losses = network_values(result, "losses_kw")
    price = result.system("marginal_price_usd_per_mwh")
    return float(sum((v * price).sum() for v in losses)) * result.step_h / 1000 if losses else np.nan


@metric("total_cost_usd", "USD",
        "operating + carbon + wear + imbalance; no tariffs (they are a transfer)", moved_by_gap=True)
def total_cost_usd(result: Result) -> float:
    return (operating_cost_usd(result) + carbon_cost_usd(result) + wear_cost_usd(result)
            + imbalance_cost_usd(result))


@metric("objective_usd", "USD",
        "w1 F1 + w2 F2 + w3 F3 + w4 F4 + imbalance, as it happened; F2 = wear, and tariff payments if "
        "tariff_in_objective", moved_by_gap=True)
def objective_usd(result: Result) -> float:
    objective = weights(result)
    terms = ((name, HAPPENED[name](result)) for name in objective.names if name in HAPPENED)
    return float(objective.weighted(terms) + imbalance_cost_usd(result))


# ---------------------------------------------------------------- system
@metric("equivalent_load_peak_mw", "MW",
        "largest equivalent load: load + PEV + change of feeder losses - wind used - PV used")
def equivalent_load_peak_mw(result: Result) -> float:
    return float(np.max(equivalent_load_mw(result), initial=-np.inf))


@metric("equivalent_load_valley_mw", "MW", "smallest equivalent load")
def equivalent_load_valley_mw(result: Result) -> float:
    return float(np.min(equivalent_load_mw(result), initial=np.inf))


@metric("equivalent_load_std_mw", "MW", "standard deviation of the equivalent load over steps")
def equivalent_load_std_mw(result: Result) -> float:
    load = equivalent_load_mw(result)
    return float(load.std()) if load.size else np.nan


@metric("unit_hours", "h", "sum over units of the hours on")
def unit_hours(result: Result) -> float:
    return system_sum(result, "committed") * result.step_h


@metric("unit_starts", "1", "starts of units, emergency starts included")
def unit_starts(result: Result) -> float:
    return system_sum(result, "unit_starts")


@metric("emergency_starts", "1", "quick units started outside the commitment")
def emergency_starts(result: Result) -> float:
    return system_sum(result, "emergency_starts")


@metric("hours_fewer_units", "h",
        "hours in which fewer units are on (most in any step of the hour) than in the no-car reference "
        "commitment that the file names and stores under /reference")
def hours_fewer_units(result: Result) -> float:
    reference = result.reference
    if reference is None:
        return np.nan
    on = units_on_per_hour(result)
    # a run that was stopped is compared over the hours it has
    return float(np.sum(on < reference.committed.sum(axis=1)[: on.size]))


@metric("shed_load_mwh", "MWh", "load not served")
def shed_load_mwh(result: Result) -> float:
    return system_energy_mwh(result, "shed_mw")


@metric("uncalled_reserve_mwh", "MWh", "part of it, shed in steps in which plugged cars could have added as much "
        "by the rule `deliverable`: their reserve is counted and never called; NaN under other rules")
def uncalled_reserve_mwh(result: Result) -> float:
    if result.scenario["system"]["reserve_rule"] != "deliverable":
        return np.nan
    uncalled_mw = np.minimum(result.system("shed_mw"), result.system("reserve_credit_mw"))
    return float(uncalled_mw.sum()) * result.step_h


@metric("uncalled_reserve_usd", "USD", "part of imbalance_cost_usd: that energy at the price of shed load, at most "
        "what calling the reserve would have saved; NaN under other rules than `deliverable`")
def uncalled_reserve_usd(result: Result) -> float:
    return uncalled_reserve_mwh(result) * float(result.scenario["system"]["shed_usd_per_mwh"])


@metric("dumped_mwh", "MWh", "surplus energy that could be neither used nor stored")
def dumped_mwh(result: Result) -> float:
    return system_energy_mwh(result, "dump_mw")


@metric("reserve_shortfall_mwh", "MWh",
        "spinning reserve missing by the scenario's rule, actual powers, step by step; at most the requirement")
def reserve_shortfall_mwh(result: Result) -> float:
    return system_energy_mwh(result, "reserve_shortfall_mw")


def reserve_shortfall_usd(result: Result) -> float:
    """Missing reserve at the price of the scenario's demand curve, step by step."""
    # files written before there were curves had one price
    system = System.model_validate({"reserve_curve": "flat", **result.scenario["system"]})
    requirement_mw = system.reserve_fraction * result.system("load_mw")
    usd_per_h = demand_curve(system).cost_usd_per_h(result.system("reserve_shortfall_mw"), requirement_mw)
    return float(usd_per_h.sum()) * result.step_h


# ---------------------------------------------------------------- feeder: what happened
@metric("feeder_losses_kwh", "kWh", "losses of all feeders, AC, of what happened")
def feeder_losses_kwh(result: Result) -> float:
    return network_energy_kwh(result, "losses_kw")


@metric("feeder_losses_base_kwh", "kWh", "losses of all feeders without cars")
def feeder_losses_base_kwh(result: Result) -> float:
    return network_energy_kwh(result, "losses_base_kw")


@metric("vm_min_pu", "pu", "lowest voltage at any bus and step, AC, of what happened")
def vm_min_pu(result: Result) -> float:
    return network_min(result, "vm_pu")


@metric("vm_max_pu", "pu", "highest voltage at any bus and step, AC, of what happened")
def vm_max_pu(result: Result) -> float:
    return network_max(result, "vm_pu")


@metric("voltage_violation_bus_h", "h", "bus-hours with a voltage outside v_min_pu..v_max_pu of the district")
def voltage_violation_bus_h(result: Result) -> float:
    limits = {d["name"]: (d["v_min_pu"], d["v_max_pu"]) for d in result.scenario["districts"]}
    names = networks(result)
    # NaN, a step without a power flow, compares as neither: it is no violation
    outside = [np.sum((vm := result.district(d, "vm_pu")) < limits[d][0]) + np.sum(vm > limits[d][1])
               for d in names]
    return float(sum(outside)) * result.step_h if names else np.nan


@metric("line_loading_max_percent", "%", "highest loading of any line at any step")
def line_loading_max_percent(result: Result) -> float:
    return network_max(result, "line_loading_percent")


# ---------------------------------------------------------------- feeder: the other three columns
@metric("feeder_losses_socp_kwh", "kWh", "losses by the optimisation itself; null where a step has none")
def feeder_losses_socp_kwh(result: Result) -> float:
    return network_energy_kwh(result, "losses_socp_kw")


@metric("feeder_losses_plan_ac_kwh", "kWh",
        "AC losses of the optimised powers under forecast load (the difference to _socp_ is relaxation "
        "error); null where a step has none")
def feeder_losses_plan_ac_kwh(result: Result) -> float:
    return network_energy_kwh(result, "losses_plan_ac_kw")


@metric("feeder_losses_setpoint_kwh", "kWh",
        "AC losses of the vehicles' set-points under actual load (the difference to _plan_ac_ is "
        "forecast and rounding error; what happened adds behaviour)")
def feeder_losses_setpoint_kwh(result: Result) -> float:
    return network_energy_kwh(result, "losses_setpoint_kw")


@metric("vm_min_socp_pu", "pu", "lowest voltage by the optimisation itself")
def vm_min_socp_pu(result: Result) -> float:
    return network_min(result, "vm_socp_pu")


@metric("vm_min_plan_ac_pu", "pu", "lowest AC voltage of the optimised powers under forecast load")
def vm_min_plan_ac_pu(result: Result) -> float:
    return network_min(result, "vm_plan_ac_pu")


@metric("vm_min_setpoint_pu", "pu", "lowest AC voltage of the vehicles' set-points under actual load")
def vm_min_setpoint_pu(result: Result) -> float:
    return network_min(result, "vm_setpoint_pu")
