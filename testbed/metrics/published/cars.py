"""Headline figures of cars, drivers, the lower layer and the effort of a run; see `system`."""

from __future__ import annotations

import numpy as np

from testbed.metrics.inputs import Subject, district_sum, network_max, network_values, networks, ratio
from testbed.results.reading import Result

METRICS = Subject(place=10)
metric = METRICS.metric


# ---------------------------------------------------------------- energy of cars
@metric("charged_mwh", "MWh", "energy that cars charged, at the bus")
def charged_mwh(result: Result) -> float:
    return district_sum(result, "charged_kwh") / 1000


@metric("discharged_mwh", "MWh", "energy that cars discharged, at the bus")
def discharged_mwh(result: Result) -> float:
    return district_sum(result, "discharged_kwh") / 1000


@metric("charged_below_zero_mwh", "MWh", "part of it charged where charging is paid for: at a price below zero")
def charged_below_zero_mwh(result: Result) -> float:
    return _below_zero_mwh(result, "charged_kwh", "price_charge_usd_per_kwh")


@metric("discharged_below_zero_mwh", "MWh",
        "energy given back where that costs: burnt from step to step, to be paid for charging again")
def discharged_below_zero_mwh(result: Result) -> float:
    return _below_zero_mwh(result, "discharged_kwh", "price_discharge_usd_per_kwh")


def _below_zero_mwh(result: Result, energy: str, price: str) -> float:
    is_below = result.system(price) < 0
    return float(sum(result.district(d, energy)[is_below].sum() for d in result.districts)) / 1000


@metric("fast_charged_mwh", "MWh",
        "energy fast-charged on the way, outside the districts; no thermal unit serves it")
def fast_charged_mwh(result: Result) -> float:
    return district_sum(result, "fast_charged_kwh") / 1000


@metric("driven_mwh", "MWh", "energy driven")
def driven_mwh(result: Result) -> float:
    return district_sum(result, "driven_kwh") / 1000


# ---------------------------------------------------------------- from target to delivery
@metric("disaggregation_loss_kwh", "kWh", "part of the cohort targets that the set-points did not instruct")
def disaggregation_loss_kwh(result: Result) -> float:
    return district_sum(result, "disaggregation_loss_kwh")


@metric("not_delivered_share", "1", "disaggregation_loss_kwh over the cohort targets' energy, both ways")
def not_delivered_share(result: Result) -> float:
    return ratio(disaggregation_loss_kwh(result), district_sum(result, "target_energy_kwh"))


@metric("infeasible_request_kwh", "kWh", "energy wanted by drivers that no control could have delivered")
def infeasible_request_kwh(result: Result) -> float:
    return district_sum(result, "infeasible_request_kwh")


@metric("model_mismatch_kwh", "kWh",
        "energy lost to taper and part-load efficiency against the planned model")
def model_mismatch_kwh(result: Result) -> float:
    return district_sum(result, "model_mismatch_kwh")


@metric("departures_short", "1", "departures short of a wanted and feasible state of charge")
def departures_short(result: Result) -> float:
    return district_sum(result, "departures_short")


@metric("departures_short_kwh", "kWh", "energy missing at them")
def departures_short_kwh(result: Result) -> float:
    return district_sum(result, "departures_short_kwh")


# ---------------------------------------------------------------- compliance
@metric("compliance_realised", "1", "share of instructed vehicle-steps with |p - p_set| <= max(0.2 kW, 2 %)")
def compliance_realised(result: Result) -> float:
    return ratio(district_sum(result, "complied_count"), district_sum(result, "instructed_count"))


@metric("compliance_realised_energy", "1",
        "delivered over instructed energy, charging and discharging together")
def compliance_realised_energy(result: Result) -> float:
    return ratio(district_sum(result, "delivered_up_kwh") + district_sum(result, "delivered_down_kwh"),
                 district_sum(result, "instructed_up_kwh") + district_sum(result, "instructed_down_kwh"))


@metric("compliance_realised_energy_up", "1", "delivered over instructed discharging energy")
def compliance_realised_energy_up(result: Result) -> float:
    return ratio(district_sum(result, "delivered_up_kwh"), district_sum(result, "instructed_up_kwh"))


@metric("compliance_realised_energy_down", "1", "delivered over instructed charging energy")
def compliance_realised_energy_down(result: Result) -> float:
    return ratio(district_sum(result, "delivered_down_kwh"), district_sum(result, "instructed_down_kwh"))


# ---------------------------------------------------------------- proof of the lower layer
@metric("relaxation_gap_max_rel", "1", "largest relative cone gap of any solve; a diagnosis, not a refusal")
def relaxation_gap_max_rel(result: Result) -> float:
    return network_max(result, "relaxation_gap_rel")


@metric("relaxation_vm_error_max_pu", "pu",
        "largest |SOCP - AC| voltage of any solve; the AC replay is the judge")
def relaxation_vm_error_max_pu(result: Result) -> float:
    return network_max(result, "relaxation_vm_error_pu")


@metric("redispatch_failures", "1", "hours in which no re-dispatch was found and the plan in force stood")
def redispatch_failures(result: Result) -> float:
    return float(result.system("redispatch_failed").sum()) if result.holds_system("redispatch_failed") else np.nan


@metric("spatial_fallbacks", "1", "solves of the lower layer that ended in the fallback")
def spatial_fallbacks(result: Result) -> float:
    return _solves(result, "spatial_fallback")


@metric("spatial_repairs", "1", "solves of the lower layer that were repaired")
def spatial_repairs(result: Result) -> float:
    return _solves(result, "spatial_repaired")


def _solves(result: Result, flag: str) -> float:
    values = network_values(result, flag)
    return float(sum(v.sum() for v in values)) if networks(result) else np.nan


# ---------------------------------------------------------------- effort (differs between equal runs)
@metric("plan_gap_max_rel", "1", "largest proven relative gap of the upper layer's plans")
def plan_gap_max_rel(result: Result) -> float:
    count = result.plan_count
    # room for plans is set aside beforehand: rows beyond the count were never written
    return float(np.max(result.system("plan/gap_rel")[:count])) if count else np.nan


@metric("solver_s", "s", "time in solvers; differs between equal runs")
def solver_s(result: Result) -> float:
    return float(result.run.get("solver_s", np.nan))


@metric("wall_s", "s", "time of the whole run; differs between equal runs")
def wall_s(result: Result) -> float:
    return float(result.run.get("wall_s", np.nan))
