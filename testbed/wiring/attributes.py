"""THE table: every datum that crosses between simulators, once, with the record it is and all that is known of it.

META of each simulator, all connections (made in world.py), the checks at a simulator's border, the layout of the
result file and the diagram of docs/architecture.md come from it.
`now` consumers read the value of the same step; `shifted` consumers read that of the step before
(state is shifted, commands never are). The audience says who may know it: an `operator` datum may reach a
controller, a `truth` datum may not, a `record` datum goes to the recorder only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from controllers.port import DeliveryRecord, Plan
from models.records.arrays import Table
from models.records.flexibility import BusFlexibility, CohortFlexibility
from models.records.quantity import FieldTold, Quantity, field_told, fields_told
from models.records.vehicles import DeclaredTable, PresenceTable
from testbed.wiring.crossings import (
    BusLoad,
    BusLoadForecast,
    Commitment,
    Forecast,
    Guidance,
    Instructions,
    LearnedCompliance,
    PevFlows,
    PevPower,
    PlannedFlows,
    PriceForecast,
    Prices,
    ReserveTerms,
    Targets,
    UnitsState,
    VehicleTotals,
)

Scope = Literal["system", "district"]
SCOPES: tuple[Scope, ...] = ("system", "district")
Audience = Literal["operator", "truth", "record"]


@dataclass(frozen=True)
class Place:
    """Where a simulator has entities: one for the system, one for each district, or for each that has a network."""

    has_system: bool
    districts: Literal["all", "networks", "none"]

    @property
    def can_be_remote(self) -> bool:
        """Simulators that have districts only: those of one district can be served elsewhere."""
        return not self.has_system


PLACES: dict[str, Place] = {
    "profiles": Place(True, "all"), "mobility": Place(False, "all"), "temporal": Place(True, "all"),
    "spatial": Place(False, "all"), "fleet": Place(False, "all"), "feeder": Place(False, "networks"),
    "power_system": Place(True, "none"), "recorder": Place(True, "all"),
}
"""The eight simulators."""
SIMULATORS = tuple(PLACES)
NETWORK_ONLY = tuple(name for name, place in PLACES.items() if place.districts == "networks")
"""Simulators that have an entity only for districts with a network."""
DISTRICT_SIMULATORS = tuple(name for name, place in PLACES.items() if place.can_be_remote)

RECORD = "record"
"""What a simulator sends to the recorder in a step: all recorded plain arrays of an entity, by name. One datum, not
many, since each costs time on its way."""


@dataclass(frozen=True)
class Attribute:
    """One datum: who makes it, what it is, who reads it when, and whether it is recorded.

    Raises RecordError where it, or a field of its record, has no unit or an unknown axis.
    """

    producer: str
    scope: Scope
    name: str
    unit: str
    long_name: str
    dims: tuple[str, ...] = ()
    """Axes besides time of a plain array; empty for a number and for a record."""
    now: tuple[str, ...] = ()
    shifted: tuple[str, ...] = ()
    recorded: bool = False
    audience: Audience = "record"
    record: type[Table] | None = None
    """What crosses, if it is no plain array or number: its fields have units and axes of their own."""
    absent: str = ""
    """When nothing crosses in place of the record; empty: never."""
    is_integer: bool = False
    may_be_nan: bool = False
    """NaN says that there is none."""
    is_flag: bool = False
    """0 or 1, stored as int8 (HDF5 booleans are not read by every xarray engine)."""
    traced_as: str = ""
    """Type in the second file, of traces per vehicle, where the scenario asks for them; empty: not there."""
    of_step: Literal["", "number", "sum"] = ""
    """Taken by its name from what the model's step gave: as it is, or summed over vehicles; empty: made otherwise."""

    def __post_init__(self) -> None:
        _ = self.fields

    @property
    def is_record(self) -> bool:
        return self.record is not None

    @property
    def fields(self) -> tuple[FieldTold, ...]:
        """What crosses, field by field; of a plain array or number one, without a name."""
        if self.record is not None:
            return fields_told(self.record)
        kind = int if self.is_integer else float
        return (field_told(f"{self.producer}.{self.name}", "", Quantity(self.unit, self.dims, self.may_be_nan), kind),)


def _series(producer: str, scope: Scope, rows: list[tuple[str, str, str]], dims: tuple[str, ...] = (),
            **common: Any) -> list[Attribute]:
    return [Attribute(producer, scope, name, unit, text, dims, **{"recorded": True} | common)
            for name, unit, text in rows]


def _record(producer: str, scope: Scope, name: str, record: type[Table], long_name: str, **common: Any) -> Attribute:
    return Attribute(producer, scope, name, "", long_name, record=record, **common)


_PROFILES = [
    *_series("profiles", "system", [
        ("load_mw", "MW", "system load without cars, normal feeder losses included"),
        ("wind_available_mw", "MW", "wind power available"),
        ("pv_available_mw", "MW", "PV power available"),
        ("must_take_mw", "MW", "what of wind and PV together cannot be curtailed"),
    ], now=("power_system",), audience="truth"),
    _record("profiles", "system", "forecast", Forecast, "forecasts of load, wind and PV",
            now=("temporal",), audience="operator"),
    _record("profiles", "system", "prices", Prices, "tariff from the present hour on",
            now=("temporal", "spatial", "fleet"), audience="operator"),
    *_series("profiles", "system", [
        ("price_charge_usd_per_kwh", "USD/kWh", "tariff paid for charging"),
        ("price_discharge_usd_per_kwh", "USD/kWh", "tariff earned by discharging"),
    ]),
    *_series("profiles", "system", [
        ("load_forecast_mw", "MW", "system load as forecast when the plan in force was made"),
        ("wind_forecast_mw", "MW", "wind power available, as forecast then"),
        ("pv_forecast_mw", "MW", "PV power available, as forecast then"),
    ], may_be_nan=True),
    _record("profiles", "district", "bus_load", BusLoad, "actual load of each bus without cars",
            now=("feeder",), audience="truth"),
    _record("profiles", "district", "bus_load_forecast", BusLoadForecast, "forecast load of each bus",
            now=("spatial",), audience="operator"),
]

_MOBILITY = [
    _record("mobility", "district", "presence", PresenceTable, "what truly happens in the step",
            now=("fleet",), audience="truth"),
    _record("mobility", "district", "declared", DeclaredTable, "what drivers have said as the step begins",
            now=("spatial", "fleet"), audience="operator"),
    _record("mobility", "district", "cohort_flexibility", CohortFlexibility, "envelopes of cohorts",
            now=("temporal",), audience="operator", absent="before the first plan"),
    _record("mobility", "district", "bus_flexibility", BusFlexibility, "envelopes by bus",
            now=("spatial",), audience="operator", absent="before the controller acts"),
    *_series("mobility", "district", [("plugged_count", "1", "cars plugged in as the step begins")], ("group",)),
    *_series("mobility", "district", [("queue_count", "1", "cars waiting for a port at the end of the step")]),
]

_TEMPORAL = [
    _record("temporal", "system", "commitment", Commitment, "units on and planned power in this hour",
            now=("power_system",), audience="operator"),
    _record("temporal", "system", "marginal_price_forecast", PriceForecast, "planned marginal price",
            now=("spatial",), audience="operator"),
    *_series("temporal", "system", [
        ("expected_objective_usd", "USD", "weighted objective of the plan in force over its hours, as planned last"),
    ], may_be_nan=True),
    *_series("temporal", "system", [
        ("redispatch_failed", "1", "1 where no re-dispatch was found and the plan in force stood"),
    ], is_flag=True),
    _record("temporal", "district", "targets", Targets, "cohort targets of the plan in force",
            now=("spatial",), audience="operator", absent="before the first plan"),
    _record("temporal", "district", "learned_compliance", LearnedCompliance, "share of cars expected to follow",
            shifted=("mobility", "spatial"), audience="operator", absent="before anything is learned"),
    _record("temporal", "system", "reserve_terms", ReserveTerms, "what is safe to promise of discharge in this hour",
            now=("power_system",), audience="operator"),
    *_series("temporal", "system", [
        ("delivery_quantile", "1", "phi of the reserve rule in this hour, as learned; NaN: not learned"),
        ("learned_compliance_mean", "1", "mean compliance as learned from past stays; NaN: not learned"),
    ], may_be_nan=True),
    _record("temporal", "system", "plan", Plan, "the whole plan in force; written once per plan",
            recorded=True, absent="before the first plan"),
]

_SPATIAL = [
    _record("spatial", "district", "instructions", Instructions, "set-points of cars",
            now=("fleet",), audience="operator"),
    _record("spatial", "district", "planned_flows", PlannedFlows, "bus powers planned and instructed",
            now=("feeder",), audience="operator"),
    _record("spatial", "district", "guidance", Guidance, "rank of buses for the next arrivals",
            shifted=("mobility",), audience="operator"),
    *_series("spatial", "district", [
        ("p_plan_bus_kw", "kW", "PEV power the layer expects"),
        ("q_plan_bus_kvar", "kvar", "PEV reactive power the layer expects"),
    ], ("bus",)),
    *_series("spatial", "district", [
        ("vm_socp_pu", "pu", "voltage of the optimisation itself"),
        ("vm_plan_ac_pu", "pu", "AC voltage of the optimised powers under forecast load"),
        ("nodal_price_usd_per_mwh", "USD/MWh", "nodal marginal price"),
    ], ("bus",), may_be_nan=True),
    *_series("spatial", "district", [
        ("import_limit_kw", "kW", "most that the customer may draw, house and cars, as published; NaN: no limit"),
        ("export_limit_kw", "kW", "most that it may feed back"),
    ], ("connection",), may_be_nan=True),
    *_series("spatial", "district", [
        ("told_connection_kw", "kW", "set-points of the cars at it, together"),
    ], ("connection",)),
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
    ], may_be_nan=True),
    *_series("spatial", "district", [
        ("spatial_solved", "1", "1 where the layer solved in this step"),
        ("spatial_fallback", "1", "1 where the solve fell back"),
        ("spatial_repaired", "1", "1 where the solve was repaired"),
    ], is_flag=True),
    *_series("spatial", "district", [
        ("target_energy_kwh", "kWh", "cohort target energy of the hour that ends with this step, both ways"),
        ("disaggregation_loss_kwh", "kWh", "part of it that the set-points did not instruct"),
    ]),
]

_FLEET = [
    Attribute("fleet", "district", "soc", "1", "state of charge at the end of the step", ("vehicle",),
              shifted=("mobility",), audience="truth", traced_as="f4"),
    Attribute("fleet", "district", "soc_reported", "1", "the same as last reported to the operator", ("vehicle",),
              shifted=("mobility", "spatial"), audience="operator"),
    *_series("fleet", "district", [
        ("setpoint_vehicle_kw", "kW", "power asked of the car; NaN where nothing is"),
        ("limited_vehicle_kw", "kW", "part of it that charger and battery can do"),
    ], ("vehicle",), recorded=False, traced_as="f4", may_be_nan=True),
    *_series("fleet", "district", [
        ("stay_vehicle_h", "h", "hours of the step in which the stay that it begins with goes on; NaN without one"),
    ], ("vehicle",), recorded=False, traced_as="f4", may_be_nan=True),
    *_series("fleet", "district", [
        ("arrived_vehicle_h", "h", "hours of the step in a stay that begins within it"),
        ("asked_vehicle_kwh", "kWh", "energy of the set-point until the car's declared departure; positive = charging"),
    ], ("vehicle",), recorded=False, traced_as="f4"),
    Attribute("fleet", "district", "p_vehicle_kw", "kW", "mean power at the bus in the step", ("vehicle",),
              traced_as="f4"),
    Attribute("fleet", "district", "reason_vehicle", "1", "reason code of the step", ("vehicle",),
              traced_as="i1", is_integer=True),
    _record("fleet", "district", "pev_flows", PevFlows, "PEV power of each bus", now=("feeder",), audience="truth"),
    _record("fleet", "district", "pev_mw", PevPower, "PEV power of the district, by reserve role",
            now=("power_system",), audience="truth"),
    _record("fleet", "district", "delivery", DeliveryRecord, "stays ended and energy delivered, against instructions",
            shifted=("temporal",), audience="operator"),
    _record("fleet", "district", "totals", VehicleTotals, "sums since counted 00:00", recorded=True,
            absent="before the last step"),
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
    ]),
    *_series("fleet", "district", [
        ("soc_count", "1", "cars by state of charge at the end of the step"),
    ], ("car_class", "soc_band"), is_integer=True),
    *_series("fleet", "district", [
        ("charged_kwh", "kWh", "energy charged at the bus"),
        ("discharged_kwh", "kWh", "energy discharged at the bus"),
        ("fast_charged_kwh", "kWh", "energy fast-charged on the way"),
        ("fast_charged_usd", "USD", "paid for fast charging on the way"),
        ("driven_kwh", "kWh", "energy driven"),
        ("lost_kwh", "kWh", "energy lost in chargers and batteries"),
        ("infeasible_request_kwh", "kWh", "energy wanted that no control could have delivered"),
    ], of_step="sum"),
    *_series("fleet", "district", [
        ("instructed_up_kwh", "kWh", "discharging energy instructed"),
        ("delivered_up_kwh", "kWh", "part of it delivered"),
        ("instructed_down_kwh", "kWh", "charging energy instructed"),
        ("delivered_down_kwh", "kWh", "part of it delivered"),
        ("instructed_count", "1", "vehicle-steps instructed"),
        ("complied_count", "1", "vehicle-steps that complied"),
        ("model_mismatch_kwh", "kWh", "energy lost to taper and part-load efficiency against the planned model"),
        ("departures_short", "1", "departures short of a feasible wanted SOC"),
    ], of_step="number"),
    *_series("fleet", "district", [("departures_short_kwh", "kWh", "energy missing at them")]),
]

_FEEDER = [
    Attribute("feeder", "district", "vm_pu", "pu", "voltage of what happened", ("bus",),
              shifted=("spatial",), recorded=True, audience="operator"),
    Attribute("feeder", "district", "losses_change_mw", "MW", "feeder losses above those without cars",
              now=("power_system",), recorded=True, audience="truth"),
    Attribute("feeder", "district", "generation_curtailed_mw", "MW", "generation in the feeder that is not taken",
              now=("power_system",), audience="truth"),
    *_series("feeder", "district", [
        ("generation_available_kw", "kW", "given by generators of the bus of which less may be taken"),
        ("generation_curtailed_kw", "kW", "part of it that is not taken"),
    ], ("generation_bus",)),
    *_series("feeder", "district", [
        ("generation_limit_kw", "kW", "the most that these may give, as the operator says; NaN: no limit"),
    ], ("generation_bus",), may_be_nan=True),
    *_series("feeder", "district", [
        ("vm_setpoint_pu", "pu", "AC voltage of the vehicles' set-points under actual load"),
        ("line_loading_percent", "%", "loading of the line to the parent bus"),
        ("transformer_kva", "kVA", "load and slow chargers behind the bus's own transformer"),
        ("load_bus_kw", "kW", "drawn at the bus without cars: loads, less generators, storages as they charge"),
        ("load_bus_kvar", "kvar", "its reactive power"),
    ], ("bus",)),
    *_series("feeder", "district", [
        ("v_node_re_v", "V", "voltage to earth, real part"),
        ("v_node_im_v", "V", "voltage to earth, imaginary part"),
    ], ("node",)),
    *_series("feeder", "district", [("current_a", "A", "current of a phase of a line or winding")], ("conductor",)),
    *_series("feeder", "district", [
        ("neutral_current_a", "A", "sum of the phases of a line, which flows back through neutral and earth"),
    ], ("line",)),
    *_series("feeder", "district", [
        ("unbalance_percent", "%", "negative over positive sequence of the voltages at a bus"),
    ], ("three_phase_bus",)),
    Attribute("feeder", "district", "tap_pu", "pu", "tap of a regulator", ("regulator",), shifted=("spatial",),
              recorded=True, audience="operator"),
    *_series("feeder", "district", [
        ("losses_kw", "kW", "feeder losses of what happened"),
        ("losses_setpoint_kw", "kW", "AC losses of the vehicles' set-points under actual load"),
        ("losses_base_kw", "kW", "feeder losses without cars"),
        ("p_slack_kw", "kW", "active power drawn from the transmission system"),
        ("q_slack_kvar", "kvar", "reactive power drawn from the transmission system"),
        ("tap_position", "1", "position of the automatic tap changer; 0 without one"),
    ]),
]

_POWER_SYSTEM = [
    _record("power_system", "system", "units_state", UnitsState, "hours on and power of each unit",
            shifted=("temporal",), audience="operator"),
    *_series("power_system", "system", [
        ("p_mw", "MW", "power of each unit"),
        ("on_before_h", "h", "hours that the unit has been on (+) or off (-) as the step begins"),
    ], ("unit",)),
    *_series("power_system", "system", [("committed", "1", "1 where the unit is on")], ("unit",), is_flag=True),
    *_series("power_system", "system", [
        ("ordered_mw", "MW", "planned power from which each unit begins; NaN without ramps"),
    ], ("unit",), may_be_nan=True),
    *_series("power_system", "system", [
        ("pev_total_mw", "MW", "PEV power of all districts"),
        ("losses_change_total_mw", "MW", "change of feeder losses by cars, all districts"),
        ("reserve_credit_mw", "MW", "what plugged cars could add, as the rule `deliverable` counts it; else 0"),
        ("unit_starts", "1", "units started"),
    ]),
    *_series("power_system", "system", [
        ("wind_curtailed_mw", "MW", "wind curtailed"),
        ("pv_curtailed_mw", "MW", "PV curtailed"),
        ("shed_mw", "MW", "load shed"),
        ("dump_mw", "MW", "power dumped"),
        ("reserve_shortfall_mw", "MW", "spinning reserve missing by the rule, actual powers; at most the requirement"),
        ("marginal_price_usd_per_mwh", "USD/MWh", "price of one more MWh of load, as weighted"),
        ("marginal_carbon_t_per_mwh", "t/MWh", "emissions of one more MWh of load, units on as they are"),
        ("marginal_cost_usd_per_mwh", "USD/MWh", "its fuel and carbon, weights 1; 0 where curtailed power serves it"),
        ("fuel_cost_usd", "USD", "fuel of the step"),
        ("startup_cost_usd", "USD", "start-ups of the step"),
        ("carbon_t", "t", "emissions of the step"),
        ("emergency_starts", "1", "quick units started outside the commitment"),
    ], of_step="number"),
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
    return tuple(a.name for a in produced_by(simulator, scope) if a.recorded and not a.is_record)


def to_recorder(simulator: str, scope: Scope, vehicles: bool) -> tuple[str, ...]:
    """What the simulator sends to the recorder for entities of the scope; traces only where `vehicles` are recorded."""
    apart = tuple(a.name for a in produced_by(simulator, scope)
                  if (a.recorded and a.is_record) or (vehicles and a.traced_as))
    return ((RECORD,) if recorded_of(simulator, scope) else ()) + apart


def recorded(scope: Scope) -> tuple[Attribute, ...]:
    """Plain arrays that go to the result file for entities of the scope."""
    return tuple(a for a in ATTRIBUTES if a.recorded and a.scope == scope and not a.is_record)


def traced() -> tuple[Attribute, ...]:
    """Arrays over vehicles that go to the second file, where the scenario asks for them."""
    return tuple(a for a in ATTRIBUTES if a.traced_as)


@lru_cache
def of_step(simulator: str, how: str) -> tuple[str, ...]:
    """Names of what is taken from the model's step: its `number`s as they are, its `sum`s over vehicles."""
    return tuple(a.name for a in ATTRIBUTES if a.producer == simulator and a.of_step == how)


@lru_cache
def records() -> dict[str, type[Table]]:
    """Every record class that crosses, by the name under which it is packed."""
    return {a.record.__name__: a.record for a in ATTRIBUTES if a.record is not None}
