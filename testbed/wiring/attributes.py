"""THE table: every datum that crosses between simulators, once.

META of each simulator, all connections (made in world.py) and the layout of the result file come from it.
`now` consumers read the value of the same step; `shifted` consumers read that of the step before
(state is shifted, commands never are). The audience says who may know it: an `operator` datum may reach a
controller, a `truth` datum may not, a `record` datum goes to the recorder only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Scope = Literal["system", "district"]
SCOPES: tuple[Scope, ...] = ("system", "district")
Audience = Literal["operator", "truth", "record"]
SIMULATORS: tuple[str, ...] = (
    "profiles", "mobility", "temporal", "spatial", "fleet", "feeder", "power_system", "recorder",
)
NETWORK_ONLY = ("feeder",)
"""Simulators that have an entity only for districts with a network."""

DISTRICT_SIMULATORS = ("mobility", "spatial", "fleet", "feeder")
"""Simulators that have districts only: those of one district can be served elsewhere."""

RECORD = "record"
"""What a simulator sends to the recorder in a step: all recorded plain arrays of an entity, by name. One datum, not
many, since each costs time on its way."""

VEHICLE_TRACES = ("soc", "setpoint_vehicle_kw", "limited_vehicle_kw", "p_vehicle_kw", "reason_vehicle")
"""Arrays over vehicles that go to the second file, where the scenario asks for them."""


@dataclass(frozen=True)
class Attribute:
    """One datum: who makes it, what it is, who reads it when, and whether it is recorded."""

    producer: str
    scope: Scope
    name: str
    unit: str
    long_name: str
    dims: tuple[str, ...] = ()
    """Axes besides time; empty for a number. `table` marks a packed record that is no plain array."""
    now: tuple[str, ...] = ()
    shifted: tuple[str, ...] = ()
    recorded: bool = False
    audience: Audience = "record"

    @property
    def is_table(self) -> bool:
        return self.dims == ("table",)


def _series(producer: str, scope: Scope, rows: list[tuple[str, str, str]], dims: tuple[str, ...] = (),
            **common: object) -> list[Attribute]:
    return [Attribute(producer, scope, name, unit, text, dims, recorded=True, **common)  # type: ignore[arg-type]
            for name, unit, text in rows]


_PROFILES = [
    *_series("profiles", "system", [
        ("load_mw", "MW", "system load without cars, normal feeder losses included"),
        ("wind_available_mw", "MW", "wind power available"),
        ("pv_available_mw", "MW", "PV power available"),
    ], now=("power_system",), audience="truth"),
    Attribute("profiles", "system", "forecast", "", "hourly forecasts of load, wind and PV [H]", ("table",),
              now=("temporal",), audience="operator"),
    Attribute("profiles", "system", "prices", "", "tariff from the present hour on [H]", ("table",),
              now=("temporal", "spatial", "fleet"), audience="operator"),
    *_series("profiles", "system", [
        ("price_charge_usd_per_kwh", "USD/kWh", "tariff paid for charging"),
        ("price_discharge_usd_per_kwh", "USD/kWh", "tariff earned by discharging"),
    ]),
    Attribute("profiles", "district", "bus_load", "", "actual load of each bus without cars [B]", ("table",),
              now=("feeder",), audience="truth"),
    Attribute("profiles", "district", "bus_load_forecast", "", "forecast load of each bus [B, periods]", ("table",),
              now=("spatial",), audience="operator"),
]

_MOBILITY = [
    Attribute("mobility", "district", "presence", "", "what truly happens in the step [V]", ("table",),
              now=("fleet",), audience="truth"),
    Attribute("mobility", "district", "declared", "", "what drivers have said as the step begins [V]", ("table",),
              now=("spatial", "fleet"), audience="operator"),
    Attribute("mobility", "district", "cohort_flexibility", "", "envelopes of cohorts [G, H]", ("table",),
              now=("temporal",), audience="operator"),
    Attribute("mobility", "district", "bus_flexibility", "", "envelopes of bus groups", ("table",),
              now=("spatial",), audience="operator"),
    *_series("mobility", "district", [("plugged_count", "1", "cars plugged in as the step begins")], ("group",)),
    *_series("mobility", "district", [("queue_count", "1", "cars waiting for a port at the end of the step")]),
]

_TEMPORAL = [
    Attribute("temporal", "system", "commitment", "", "units on and planned power in this hour [U]", ("table",),
              now=("power_system",), audience="operator"),
    Attribute("temporal", "system", "marginal_price_forecast", "", "planned marginal price [H]", ("table",),
              now=("spatial",), audience="operator"),
    *_series("temporal", "system", [
        ("expected_objective_usd", "USD", "weighted objective of the plan in force over its hours, as planned last"),
        ("redispatch_failed", "1", "1 where no re-dispatch was found and the plan in force stood"),
    ]),
    Attribute("temporal", "district", "targets", "", "cohort targets of the plan in force [G, H]", ("table",),
              now=("spatial",), audience="operator"),
    Attribute("temporal", "district", "learned_compliance", "", "share of cars expected to follow, by group",
              ("table",), shifted=("mobility", "spatial"), audience="operator"),
    Attribute("temporal", "system", "reserve_terms", "", "what is safe to promise of discharge in this hour",
              ("table",), now=("power_system",), audience="operator"),
    *_series("temporal", "system", [
        ("delivery_quantile", "1", "phi of the reserve rule in this hour, as learned; NaN: not learned"),
        ("learned_compliance_mean", "1", "mean compliance as learned from past stays; NaN: not learned"),
    ]),
    Attribute("temporal", "system", "plan", "", "the whole plan in force; written once per plan", ("table",),
              recorded=True),
]

_SPATIAL = [
    Attribute("spatial", "district", "instructions", "", "set-points of vehicles [V]", ("table",),
              now=("fleet",), audience="operator"),
    Attribute("spatial", "district", "planned_flows", "", "bus powers planned and instructed [B]", ("table",),
              now=("feeder",), audience="operator"),
    Attribute("spatial", "district", "guidance", "", "rank of buses for the next arrivals [2, B]", ("table",),
              shifted=("mobility",), audience="operator"),
    *_series("spatial", "district", [
        ("p_plan_bus_kw", "kW", "PEV power the layer expects"),
        ("q_plan_bus_kvar", "kvar", "PEV reactive power the layer expects"),
        ("vm_socp_pu", "pu", "voltage of the optimisation itself"),
        ("vm_plan_ac_pu", "pu", "AC voltage of the optimised powers under forecast load"),
        ("nodal_price_usd_per_mwh", "USD/MWh", "nodal marginal price"),
    ], ("bus",)),
    *_series("spatial", "district", [
        ("target_charge_kw", "kW", "cohort targets for charging (expected delivery)"),
        ("target_discharge_kw", "kW", "cohort targets for discharging (expected delivery)"),
    ], ("group",)),
    *_series("spatial", "district", [
        ("losses_socp_kw", "kW", "feeder losses of the optimisation itself"),
        ("losses_plan_ac_kw", "kW", "AC losses of the optimised powers under forecast load"),
        ("relaxation_gap_rel", "1", "largest relative cone gap of the solve in force"),
        ("relaxation_vm_error_pu", "pu", "largest |SOCP - AC| voltage of the solve in force"),
        ("relaxation_loss_error_rel", "1", "|SOCP - AC| loss relative to AC loss"),
        ("spatial_solved", "1", "1 where the layer solved in this step"),
        ("spatial_fallback", "1", "1 where the solve fell back"),
        ("spatial_repaired", "1", "1 where the solve was repaired"),
        ("target_energy_kwh", "kWh", "cohort target energy of the hour that ends with this step, both ways"),
        ("disaggregation_loss_kwh", "kWh", "part of it that the set-points did not instruct"),
    ]),
]

_FLEET = [
    Attribute("fleet", "district", "soc", "1", "state of charge at the end of the step", ("vehicle",),
              shifted=("mobility",), audience="truth"),
    Attribute("fleet", "district", "soc_reported", "1", "the same as last reported to the operator", ("vehicle",),
              shifted=("mobility", "spatial"), audience="operator"),
    Attribute("fleet", "district", "setpoint_vehicle_kw", "kW", "power asked of the car; NaN where nothing is",
              ("vehicle",)),
    Attribute("fleet", "district", "limited_vehicle_kw", "kW", "part of it that charger and battery can do",
              ("vehicle",)),
    Attribute("fleet", "district", "p_vehicle_kw", "kW", "mean power at the bus in the step", ("vehicle",)),
    Attribute("fleet", "district", "reason_vehicle", "1", "reason code of the step", ("vehicle",)),
    Attribute("fleet", "district", "pev_flows", "", "PEV power of each bus [B]", ("table",),
              now=("feeder",), audience="truth"),
    Attribute("fleet", "district", "pev_mw", "MW", "PEV power of the district, by reserve role", ("table",),
              now=("power_system",), audience="truth"),
    Attribute("fleet", "district", "delivery", "", "stays ended and energy delivered, against instructions",
              ("table",), shifted=("temporal",), audience="operator"),
    Attribute("fleet", "district", "totals", "", "sums since counted 00:00 [V]", ("table",), recorded=True),
    *_series("fleet", "district", [
        ("p_bus_kw", "kW", "PEV power of each bus"),
        ("q_bus_kvar", "kvar", "PEV reactive power of each bus"),
        ("discharge_bus_kw", "kW", "power that cars give back at each bus, charging not taken off"),
    ], ("bus",)),
    *_series("fleet", "district", [
        ("charge_kw", "kW", "charging power at the bus"),
        ("discharge_kw", "kW", "discharging power at the bus"),
        ("tariff_usd", "USD", "tariff paid (positive) or earned (negative) by owners in the step"),
        ("wear_usd", "USD", "battery wear booked in the step"),
    ], ("group",)),
    *_series("fleet", "district", [("refusals", "1", "vehicle-steps by reason code")], ("reason",)),
    *_series("fleet", "district", [
        ("stored_kwh", "kWh", "energy in all batteries at the end of the step"),
        ("charged_kwh", "kWh", "energy charged at the bus"),
        ("discharged_kwh", "kWh", "energy discharged at the bus"),
        ("fast_charged_kwh", "kWh", "energy fast-charged on the way"),
        ("fast_charged_usd", "USD", "paid for fast charging on the way"),
        ("driven_kwh", "kWh", "energy driven"),
        ("lost_kwh", "kWh", "energy lost in chargers and batteries"),
        ("instructed_up_kwh", "kWh", "discharging energy instructed"),
        ("delivered_up_kwh", "kWh", "part of it delivered"),
        ("instructed_down_kwh", "kWh", "charging energy instructed"),
        ("delivered_down_kwh", "kWh", "part of it delivered"),
        ("instructed_count", "1", "vehicle-steps instructed"),
        ("complied_count", "1", "vehicle-steps that complied"),
        ("departures_short", "1", "departures short of a feasible wanted SOC"),
        ("departures_short_kwh", "kWh", "energy missing at them"),
        ("infeasible_request_kwh", "kWh", "energy wanted that no control could have delivered"),
        ("model_mismatch_kwh", "kWh", "energy lost to taper and part-load efficiency against the planned model"),
    ]),
]

_FEEDER = [
    Attribute("feeder", "district", "vm_pu", "pu", "voltage of what happened", ("bus",),
              shifted=("spatial",), recorded=True, audience="operator"),
    Attribute("feeder", "district", "losses_change_mw", "MW", "feeder losses above those without cars",
              now=("power_system",), recorded=True, audience="truth"),
    *_series("feeder", "district", [
        ("vm_setpoint_pu", "pu", "AC voltage of the vehicles' set-points under actual load"),
        ("line_loading_percent", "%", "loading of the line to the parent bus"),
        ("transformer_kva", "kVA", "load and slow chargers behind the bus's own transformer"),
    ], ("bus",)),
    *_series("feeder", "district", [
        ("losses_kw", "kW", "feeder losses of what happened"),
        ("losses_setpoint_kw", "kW", "AC losses of the vehicles' set-points under actual load"),
        ("losses_base_kw", "kW", "feeder losses without cars"),
        ("p_slack_kw", "kW", "active power drawn from the transmission system"),
        ("q_slack_kvar", "kvar", "reactive power drawn from the transmission system"),
    ]),
]

_POWER_SYSTEM = [
    Attribute("power_system", "system", "units_state", "", "hours on and power of each unit [U]", ("table",),
              shifted=("temporal",), audience="operator"),
    *_series("power_system", "system", [
        ("p_mw", "MW", "power of each unit"), ("committed", "1", "1 where the unit is on"),
        ("on_before_h", "h", "hours that the unit has been on (+) or off (-) as the step begins"),
    ], ("unit",)),
    *_series("power_system", "system", [
        ("pev_total_mw", "MW", "PEV power of all districts"),
        ("losses_change_total_mw", "MW", "change of feeder losses by cars, all districts"),
        ("wind_curtailed_mw", "MW", "wind curtailed"),
        ("pv_curtailed_mw", "MW", "PV curtailed"),
        ("shed_mw", "MW", "load shed"),
        ("dump_mw", "MW", "power dumped"),
        ("reserve_shortfall_mw", "MW", "spinning reserve missing by the rule, actual powers; at most the requirement"),
        ("reserve_credit_mw", "MW", "what plugged cars could add, as the rule `deliverable` counts it; else 0"),
        ("marginal_price_usd_per_mwh", "USD/MWh", "price of one more MWh of load, as weighted"),
        ("marginal_carbon_t_per_mwh", "t/MWh", "emissions of one more MWh of load, units on as they are"),
        ("marginal_cost_usd_per_mwh", "USD/MWh", "its fuel and carbon, weights 1; 0 where curtailed power serves it"),
        ("fuel_cost_usd", "USD", "fuel of the step"),
        ("startup_cost_usd", "USD", "start-ups of the step"),
        ("carbon_t", "t", "emissions of the step"),
        ("unit_starts", "1", "units started"),
        ("emergency_starts", "1", "quick units started outside the commitment"),
    ]),
]

ATTRIBUTES: tuple[Attribute, ...] = (
    *_PROFILES, *_MOBILITY, *_TEMPORAL, *_SPATIAL, *_FLEET, *_FEEDER, *_POWER_SYSTEM,
)


def produced_by(simulator: str, scope: Scope) -> tuple[Attribute, ...]:
    """Attributes that this simulator makes for entities of the scope."""
    return tuple(a for a in ATTRIBUTES if a.producer == simulator and a.scope == scope)


@lru_cache
def recorded_of(simulator: str, scope: Scope) -> tuple[str, ...]:
    """Names of the plain arrays that go into this simulator's `record` for entities of the scope."""
    return tuple(a.name for a in produced_by(simulator, scope) if a.recorded and not a.is_table)


def to_recorder(simulator: str, scope: Scope, vehicles: bool) -> tuple[str, ...]:
    """What the simulator sends to the recorder for entities of the scope; traces only where `vehicles` are recorded."""
    tables = tuple(a.name for a in produced_by(simulator, scope)
                   if (a.recorded and a.is_table) or (vehicles and a.name in VEHICLE_TRACES))
    return ((RECORD,) if recorded_of(simulator, scope) else ()) + tables


def recorded(scope: Scope) -> tuple[Attribute, ...]:
    """Plain arrays that go to the result file for entities of the scope."""
    return tuple(a for a in ATTRIBUTES if a.recorded and a.scope == scope and not a.is_table)
