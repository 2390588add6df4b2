"""Records that only cross between simulators: what one tells another in a step.

Where a record of the world or of a controller's port says the same already, that one crosses (`DeclaredTable`,
`PresenceTable`, `CohortFlexibility`, `BusFlexibility`, `DeliveryRecord`, `Plan`). Every field has a unit and axes
(`models.records.quantity`); `testbed.wiring.attributes` says which record is which datum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from models.records.arrays import Floats, Ints, Table
from models.records.quantity import of


# ---------------------------------------------------------------- profiles
@dataclass(frozen=True)
class Forecast(Table):
    """Load without cars, wind and PV, and what of both must be taken, from the last plan or re-dispatch time on."""

    load_mw: Annotated[Floats, of("MW", "hour")]
    wind_mw: Annotated[Floats, of("MW", "hour")]
    pv_mw: Annotated[Floats, of("MW", "hour")]
    must_take_mw: Annotated[Floats, of("MW", "hour")]
    load_step_mw: Annotated[Floats, of("MW", "horizon_step")]
    wind_step_mw: Annotated[Floats, of("MW", "horizon_step")]
    pv_step_mw: Annotated[Floats, of("MW", "horizon_step")]


@dataclass(frozen=True)
class Prices(Table):
    """The tariff: what holds in this step, and from the present hour on what is known of it."""

    charge_now_usd_per_kwh: Annotated[float, of("USD/kWh")]
    discharge_now_usd_per_kwh: Annotated[float, of("USD/kWh")]
    charge_usd_per_kwh: Annotated[Floats, of("USD/kWh", "hour")]
    discharge_usd_per_kwh: Annotated[Floats, of("USD/kWh", "hour")]


@dataclass(frozen=True)
class BusLoad(Table):
    """Load of each bus in the step, without cars, and what of it is generation of which less may be taken."""

    p_kw: Annotated[Floats, of("kW", "bus")]
    """With all generation as it comes."""
    q_kvar: Annotated[Floats, of("kvar", "bus")]
    generation_kw: Annotated[Floats, of("kW", "generation_bus")] = field(default_factory=lambda: np.zeros(0))
    """Given, not below 0."""


@dataclass(frozen=True)
class BusLoadForecast(Table):
    """The same as expected when the present hour began."""

    p_kw: Annotated[Floats, of("kW", "bus", "period")]
    q_kvar: Annotated[Floats, of("kvar", "bus", "period")]
    generation_kw: Annotated[Floats, of("kW", "generation_bus", "period")] = field(
        default_factory=lambda: np.zeros((0, 0)))


# ---------------------------------------------------------------- upper layer
@dataclass(frozen=True)
class Commitment(Table):
    """Units on and their planned power in this hour; all off before the first plan."""

    committed: Annotated[Ints, of("1", "unit")]
    p_mw: Annotated[Floats, of("MW", "unit")]


@dataclass(frozen=True)
class PriceForecast(Table):
    """Price of one more MWh of load by the plan in force; 0 before the first."""

    usd_per_mwh: Annotated[Floats, of("USD/MWh", "hour")]


@dataclass(frozen=True)
class Targets(Table):
    """What the plan in force asks of a district's cohorts; its hour 0 begins at plan_time_s."""

    plan_time_s: Annotated[int, of("s")]
    pc_kw: Annotated[Floats, of("kW", "cohort", "hour")]
    pd_kw: Annotated[Floats, of("kW", "cohort", "hour")]


@dataclass(frozen=True)
class LearnedCompliance(Table):
    """Share of cars expected to follow, as past stays have taught."""

    by_group: Annotated[Floats, of("1", "group")]
    mean: Annotated[float, of("1")]


@dataclass(frozen=True)
class ReserveTerms(Table):
    """What is safe to promise of discharge in this hour, and the compliance behind it."""

    delivery_quantile: Annotated[float, of("1", nan=True)]
    """phi of the reserve rule; NaN: not learned."""
    compliance: Annotated[Floats, of("1", "district")]


# ---------------------------------------------------------------- lower layer
@dataclass(frozen=True)
class Instructions(Table):
    """What cars are told in the step, and the reactive power that their chargers are to bring to each bus."""

    setpoint_kw: Annotated[Floats, of("kW", "vehicle")]
    """At the bus; positive = charging; 0 where nothing is told."""
    is_dispatched: Annotated[Ints, of("1", "vehicle")]
    """1 where the car is told what to do."""
    q_bus_kvar: Annotated[Floats, of("kvar", "bus")]


@dataclass(frozen=True)
class PlannedFlows(Table):
    """PEV power of each bus that stands behind the instructions, as expected, and limits of generators."""

    p_setpoint_kw: Annotated[Floats, of("kW", "bus")]
    q_setpoint_kvar: Annotated[Floats, of("kvar", "bus")]
    generation_limit_kw: Annotated[Floats, of("kW", "generation_bus", nan=True)] = field(
        default_factory=lambda: np.zeros(0))
    """The most that a bus's generators may give; NaN: what comes."""


@dataclass(frozen=True)
class Guidance(Table):
    """Where the next arrivals should plug in: 0 = best bus; -1 everywhere = no guidance."""

    rank: Annotated[Ints, of("1", "charger_kind", "bus")]


# ---------------------------------------------------------------- cars
@dataclass(frozen=True)
class PevFlows(Table):
    """PEV power of each bus, mean of the step."""

    p_kw: Annotated[Floats, of("kW", "bus")]
    q_kvar: Annotated[Floats, of("kvar", "bus")]
    p_slow_kw: Annotated[Floats, of("kW", "bus")]
    """Of it through slow chargers."""


@dataclass(frozen=True)
class PevPower(Table):
    """PEV power of a district, and what its instructed cars could still give (models.fleet.reserve_room)."""

    charge_mw: Annotated[float, of("MW")]
    discharge_mw: Annotated[float, of("MW")]
    discharge_max_mw: Annotated[float, of("MW")]
    discharge_told_mw: Annotated[float, of("MW")]
    interruptible_mw: Annotated[float, of("MW")]
    above_mwh: Annotated[float, of("MWh")]
    above_two_way_mwh: Annotated[float, of("MWh")]
    above_may_stop_mwh: Annotated[float, of("MWh")]
    eta_charge: Annotated[float, of("1")]
    eta_discharge: Annotated[float, of("1")]


@dataclass(frozen=True)
class StepSums(Table):
    """Quantities of every car's step that are added up over counted time."""

    charged_kwh: Annotated[Floats, of("kWh", "vehicle")]
    discharged_kwh: Annotated[Floats, of("kWh", "vehicle")]
    stored_kwh: Annotated[Floats, of("kWh", "vehicle")]
    drawn_kwh: Annotated[Floats, of("kWh", "vehicle")]
    fast_charged_kwh: Annotated[Floats, of("kWh", "vehicle")]
    fast_charged_usd: Annotated[Floats, of("USD", "vehicle")]
    driven_kwh: Annotated[Floats, of("kWh", "vehicle")]
    lost_kwh: Annotated[Floats, of("kWh", "vehicle")]
    tariff_usd: Annotated[Floats, of("USD", "vehicle")]
    wear_usd: Annotated[Floats, of("USD", "vehicle")]
    departure_short_kwh: Annotated[Floats, of("kWh", "vehicle")]
    infeasible_request_kwh: Annotated[Floats, of("kWh", "vehicle")]


@dataclass(frozen=True)
class VehicleTotals(StepSums):
    """Sums of every car since counted 00:00, and what is needed to judge them."""

    plugged_h: Annotated[Floats, of("h", "vehicle")]
    departures_short: Annotated[Floats, of("1", "vehicle")]
    class_index: Annotated[Ints, of("1", "vehicle")]
    stored_start_kwh: Annotated[Floats, of("kWh", "vehicle")]
    stored_end_kwh: Annotated[Floats, of("kWh", "vehicle")]
    capacity_kwh: Annotated[Floats, of("kWh", "vehicle")]
    age_years: Annotated[Floats, of("a", "vehicle")]
    is_enrolled: Annotated[Ints, of("1", "vehicle")]
    is_bidirectional: Annotated[Ints, of("1", "vehicle")]
    p_discharge_max_kw: Annotated[Floats, of("kW", "vehicle")]


# ---------------------------------------------------------------- units
@dataclass(frozen=True)
class UnitsState(Table):
    """Thermal units at the end of the step."""

    hours_on: Annotated[Ints, of("h", "unit")]
    """Hours on (+) or off (-)."""
    p_mw: Annotated[Floats, of("MW", "unit")]
