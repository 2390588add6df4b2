"""What a layer sees and says.

Temporal (system operator): SystemView -> Plan, at plan times (each counted midnight).
Spatial (distribution operator, one per district): FeederView -> Setpoints, at every step.
What an operator owns beyond that (its cost functions, its network's power flow) is in the Knowledge
given at construction. Nothing here holds a true (undeclared) value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, Protocol

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints, Table
from models.records.feeder import PowerFlow, RadialFeeder, Site
from models.records.flexibility import BusFlexibility, CohortFlexibility, PairIndex
from models.records.objective import Objective
from models.records.quantity import TEXT, of
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits
from models.records.three_phase import ThreePhaseNetwork, WatchedFlowCall, WatchedSlopesCall
from models.records.vehicles import DeclaredTable, Vehicles

HOURS_PER_DAY = 24
ReserveRule = Literal["thermal_only", "scheduled", "scheduled_safely", "deliverable"]
"""`scheduled_safely` is for plans alone; scenarios cannot choose it."""
SAFE_FORM: dict[ReserveRule, ReserveRule] = {
    "thermal_only": "thermal_only", "scheduled": "scheduled_safely", "scheduled_safely": "scheduled_safely",
    "deliverable": "deliverable"}
"""For each rule that judges a run: the rule under which a plan promises only reserve it can keep at a stated risk."""
Headroom = Literal["capacity", "reachable"]
Terminal = Literal["match", "cyclic", "price", "free"]
Placement = Literal["in_place", "guided", "migrate"]
OnInexact = Literal["repair", "fallback", "stop"]
TotalKeptBy = Literal["all", "charging"]
FreeBehaviour = Literal["on_arrival", "price_response"]
CarControl = Literal["none", "charge_only", "bidirectional"]
EnvelopeRule = Literal["equal", "proportional", "most_energy", "least_regret"]
"""By which the operator of a network of three phases shares what it can carry among its customers."""

PowerFlowCall = Callable[[Floats, Floats], PowerFlow]
"""AC power flow of the operator's own network: (p_kw [N, B], q_kvar [N, B]) drawn at each bus -> PowerFlow."""

NetworkAtCall = Callable[[float], tuple[RadialFeeder, PowerFlowCall]]
"""The operator's own network, and its power flow, with the tap changer where its slack has about that voltage."""

BusLoadCall = Callable[[int, Floats], tuple[Floats, Floats]]
"""(time_s, forecast system load [H] in MW from then on) -> (kW, kvar) [B, H] drawn at each bus without cars."""

DayAheadCall = Callable[[int, int], tuple[Floats, Floats]]
"""(time_s, hours) -> (kW, kvar) [B, hours] drawn at each bus without cars from then on, as forecast then."""

FlowFromCall = Callable[[Floats], WatchedFlowCall]
"""Taps [R] at which regulators stand -> power flow of a network of three phases from there on."""

AtBusCall = Callable[[Floats], Floats]
"""Chargers of the operator's own cars: powers at the bus for powers into (below 0: out of) the batteries, [V] in kW."""


@dataclass(frozen=True, eq=False)
class CustomerTerms:
    """What the operator of a network of three phases needs to publish its customers' limits day-ahead."""

    network: ThreePhaseNetwork
    flow: WatchedFlowCall
    day_ahead: DayAheadCall
    import_kw: Floats
    """[B] what all chargers at a connection can draw together."""
    export_kw: Floats
    """[B] what they can feed back."""
    rule: EnvelopeRule
    slopes: WatchedSlopesCall | None = None
    """Derivatives of `flow`; None: differences of it."""


# ---------------------------------------------------------------- upper layer
@dataclass(frozen=True)
class FeederOffer:
    """What a distribution operator brings to a day-ahead exchange with the system operator: its own network."""

    feeder: RadialFeeder
    site: Site
    power_flow: PowerFlowCall
    bus_load: BusLoadCall
    """What its operator expects its buses to draw without cars."""
    customers: CustomerTerms | None = None
    """Of a network of three phases; None: it is of one phase, or publishes no customer's limits."""


@dataclass(frozen=True)
class TemporalKnowledge:
    """What the system operator owns; fixed for a run."""

    units: ThermalUnits
    horizon_h: int
    binding_h: int
    objective: Objective
    """Weights of what is minimised."""
    carbon_price_usd_per_t: float
    curtailment_penalty_usd_per_mwh: float
    wear_usd_per_kwh: Floats
    """[G] marginal wear per kWh drawn out of the battery."""
    tariff_in_objective: bool
    reserve_rule: ReserveRule
    reserve_fraction: float
    reserve_curve: ReserveCurve
    terminal: Terminal
    tangents: int
    mip_gap: float
    district_names: tuple[str, ...]
    offers: tuple[FeederOffer | None, ...] = ()
    """One per district (None: no network), only for controllers whose two layers talk before a plan is made."""
    shed_usd_per_mwh: float = 3000.0
    """Price of load not served, which reserve missing beyond the whole requirement is."""
    headroom: Headroom = "capacity"
    """What counts as reserve of a running unit: its capacity, or what it can reach within the hour."""


@dataclass(frozen=True)
class SystemView:
    """What the system operator sees at a plan time; forecasts are hourly means, arrays [H], and by step [H * Q]."""

    time_s: int
    load_mw: Floats
    wind_mw: Floats
    pv_mw: Floats
    price_charge_usd_per_kwh: Floats
    price_discharge_usd_per_kwh: Floats
    districts: tuple[CohortFlexibility, ...]
    hours_on: Ints
    """[U] hours each unit has been on (+) or off (-) until now."""
    p_mw: Floats
    """[U] present power."""
    delivery_quantile: Floats = field(default_factory=lambda: np.zeros(0))
    """[H] phi_t, what is safe to promise of the expected discharge, learned from past delivery; empty: not learned."""
    last_committed: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    """[U, H] the last plan's schedule for these hours (Plan.carried_on), where a search may begin; empty: none."""
    load_step_mw: Floats = field(default_factory=lambda: np.zeros(0))
    """Step means, for reserve; empty: each hour is one step."""
    wind_step_mw: Floats = field(default_factory=lambda: np.zeros(0))
    pv_step_mw: Floats = field(default_factory=lambda: np.zeros(0))
    renewable_least_mw: Floats = field(default_factory=lambda: np.zeros(0))
    """[H] of wind and sun together that cannot be curtailed; empty: all can be."""
    reserve_mw: Floats = field(default_factory=lambda: np.zeros(0))
    """[H] reserve asked for; empty: reserve_fraction of the load."""

    @property
    def steps_per_hour(self) -> int:
        """Q, 1 where nothing is known by step."""
        return max(self.load_step_mw.size // max(self.load_mw.size, 1), 1)


BY_STEP = ("load_step_mw", "wind_step_mw", "pv_step_mw")


@dataclass(frozen=True)
class DeliveryRecord(Table):
    """What a district's operator has measured of its own instructions in one step, by group [G]."""

    stays: Annotated[Floats, of("1", "group")]
    """Instructed stays that ended; only those in which some instruction told following from not following."""
    followed: Annotated[Floats, of("1", "group")]
    """Sum over them of the share of such steps in which the car did as told."""
    instructed_up_kwh: Annotated[Floats, of("kWh", "group")]
    delivered_up_kwh: Annotated[Floats, of("kWh", "group")]
    instructed_down_kwh: Annotated[Floats, of("kWh", "group")]
    delivered_down_kwh: Annotated[Floats, of("kWh", "group")]


@dataclass(frozen=True)
class Plan(Table):
    """The upper layer's answer, hourly over the whole horizon (only the first binding_h are executed).

    What a layer does not reckon of its own costs is NaN, and not judged.
    """

    time_s: Annotated[int, of("s")]
    committed: Annotated[Ints, of("1", "unit", "hour")]
    """[U, H] 0 or 1."""
    p_mw: Annotated[Floats, of("MW", "unit", "hour")]
    """[U, H]"""
    wind_curtailed_mw: Annotated[Floats, of("MW", "hour")]
    pv_curtailed_mw: Annotated[Floats, of("MW", "hour")]
    reserve_shortfall_mw: Annotated[Floats, of("MW", "hour")]
    """[H] mean over the hour's steps."""
    reserve_shortfall_usd: Annotated[Floats, of("USD", "hour")]
    """[H] missing reserve at its price, step by step; part of the objective."""
    marginal_price_usd_per_mwh: Annotated[Floats, of("USD/MWh", "hour")]
    """[H] price of one more MWh of load with the commitment fixed."""
    pc_kw: Annotated[tuple[Floats, ...], of("kW", "district", "cohort", "hour")]
    """Per district [G, H]: expected charging power of each cohort at the bus."""
    pd_kw: Annotated[tuple[Floats, ...], of("kW", "district", "cohort", "hour")]
    objective_usd: Annotated[float, of("USD", nan=True)]
    """As weighted, with the true quadratic costs, over the horizon."""
    milp_objective_usd: Annotated[float, of("USD", nan=True)]
    bound_usd: Annotated[float, of("USD", nan=True)]
    gap_rel: Annotated[float, of("1", nan=True)]
    operating_cost_usd: Annotated[float, of("USD", nan=True)]
    owners_net_usd: Annotated[float, of("USD", nan=True)]
    curtailment_usd: Annotated[float, of("USD", nan=True)]
    carbon_cost_usd: Annotated[float, of("USD", nan=True)]
    carbon_t: Annotated[float, of("t", nan=True)]
    status: Annotated[str, of(TEXT)]
    solver_s: Annotated[float, of("s")]
    compile_s: Annotated[float, of("s")]

    def carried_on(self, now_s: int) -> Ints:
        """[U, H] the schedule from now_s on, hours after its end as days earlier; [0, 0] where there is no such day."""
        horizon_h = self.committed.shape[1]
        hours = (now_s - self.time_s) // SECONDS_PER_HOUR + np.arange(horizon_h)
        days_after = np.maximum(-((horizon_h - 1 - hours) // HOURS_PER_DAY), 0)
        earlier = hours - HOURS_PER_DAY * days_after
        return self.committed[:, earlier] if earlier.min() >= 0 else np.zeros((0, 0), dtype=np.int64)


class TemporalLayer(Protocol):
    """Decides *when*."""

    def plan(self, view: SystemView) -> Plan:
        """The plan for the hours from view.time_s; raises PlanError when there is none."""
        ...


# ---------------------------------------------------------------- lower layer
@dataclass(frozen=True)
class SpatialKnowledge:
    """What one district's operator owns; fixed for a run. `feeder` is None for a district without network."""

    district: str
    site: Site
    vehicles: Vehicles
    feeder: RadialFeeder | None
    power_flow: PowerFlowCall | None
    pairs: PairIndex
    step_s: int
    look_ahead_h: int
    horizon_h: int
    """Hours of the upper plan's cohorts (row = group * (horizon_h + 1) + departure hour)."""
    assumed_compliance: float
    wear_usd_per_kwh: Floats
    """[G]"""
    placement: Placement
    on_inexact: OnInexact
    reactive_power: bool
    target_slack_usd_per_mwh: float
    voltage_penalty_below_pu: float
    voltage_penalty_usd_per_pu2h: float
    solver: Literal["CLARABEL", "QOCO"]
    search_seed: int = 0
    """Root of the operator's own random numbers, for layers that search at random; of nothing in the world."""
    search_evaluations: int = 2000
    """Candidates that such a layer may try per decision."""
    search_population: int = 50
    look_ahead_neighbourhoods: int = 150
    """Parts of the feeder in hours after the present one; on feeders with no more buses each bus is its own."""
    may_discharge: bool = True
    """Whether the controller's `car_control` lets cars discharge; False: none is told to, whatever its charger can."""
    total_kept_by: TotalKeptBy = "all"
    """Whether idle cars give back for those that take more than planned, where there is no network."""
    at_bus_kw: AtBusCall | None = None
    """What chargers do at part load; None: the cars' constant pair is all there is to know."""
    at_slack: NetworkAtCall | None = None
    """The network as its tap changer stands; None: it has none that moves."""

    def as_it_stands(self, vm_pu: Floats) -> SpatialKnowledge:
        """With the network at these voltages [B], which were measured last: its tap changer may have moved."""
        if self.at_slack is None:
            return self
        feeder, power_flow = self.at_slack(float(vm_pu[0]))
        return replace(self, feeder=feeder, power_flow=power_flow, at_slack=None)
    generation_buses: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """[C] buses of whose generators the operator may take less than they give."""
    curtailment_usd_per_mwh: float = 0.0
    """What the objective says of each MWh not taken, beside the energy that others give in its place."""
    network: ThreePhaseNetwork | None = None
    """A network of three phases, whose connections are the site's buses; None: `feeder` is all there is."""
    network_flow: WatchedFlowCall | None = None
    flow_from: FlowFromCall | None = None
    """Its power flow where regulators stand at taps [R] now; None: it has none that move."""
    network_slopes: WatchedSlopesCall | None = None
    """Its derivatives; None: differences of its power flow are all there is."""
    customers: CustomerTerms | None = None
    """What it takes to publish its customers' limits; None: `network` is None, or the controller publishes none."""

    @property
    def has_network(self) -> bool:
        """Whether there is any, of one phase or of three."""
        return self.feeder is not None or self.network is not None


@dataclass(frozen=True)
class FeederView:
    """What a district's operator sees as a step begins. Bus arrays are [B] or [B, periods].

    Periods at a decision hour: the Q = 3600 / step_s steps of this hour, then the N = look_ahead_h - 1 hours.
    Between decision hours `flexibility` and the forecasts still are those of the decision hour's start.
    """

    time_s: int
    plan_time_s: int
    """Start of the upper plan in force; its hour 0 is here."""
    pc_target_kw: Floats
    """[G, H] of this district, from the upper plan in force."""
    pd_target_kw: Floats
    marginal_price_usd_per_mwh: Floats
    """[H]"""
    price_charge_usd_per_kwh: Floats
    """[H] from the present hour on."""
    price_discharge_usd_per_kwh: Floats
    declared: DeclaredTable
    soc: Floats
    """[V] measured, as the step begins."""
    bus_load_kw: Floats
    """[B, Q + N] forecast without cars."""
    bus_load_kvar: Floats
    flexibility: BusFlexibility
    vm_pu: Floats
    """[B] of the step before."""
    compliance_by_group: Floats = field(default_factory=lambda: np.zeros(0))
    """[G] share of cars expected to follow, as learned; empty: `assumed_compliance` for all."""
    compliance_mean: float = float("nan")
    """The same as one number for the district; `flexibility` counts with it."""
    generation_kw: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """[C, Q + N] forecast of what generators give at `SpatialKnowledge.generation_buses`; part of `bus_load_kw`."""
    tap_pu: Floats = field(default_factory=lambda: np.zeros(0))
    """[R] where the regulators of a network of three phases stood in the step before; empty: none."""


@dataclass(frozen=True)
class SpatialCertificate(Table):
    """The lower layer's proof for the step in force. NaN where there was no solve (e.g. pro rata)."""

    status: Annotated[str, of(TEXT)]
    """accepted | fallback | repaired | none"""
    relaxation_gap_max_rel: Annotated[float, of("1", nan=True)]
    vm_error_max_pu: Annotated[float, of("pu", nan=True)]
    loss_error_rel: Annotated[float, of("1", nan=True)]
    solver_s: Annotated[float, of("s")]
    compile_s: Annotated[float, of("s")]
    solved_now: Annotated[bool, of("1")]
    binding: Annotated[str, of(TEXT)]
    """What limits bind or were violated when the solve failed; empty otherwise."""
    target_slack_kwh: Annotated[float, of("kWh")]
    """Cohort energy of this hour that the layer found undeliverable at the decision instant."""


@dataclass(frozen=True)
class Setpoints(Table):
    """The lower layer's answer for one step."""

    setpoint_kw: Annotated[Floats, of("kW", "vehicle")]
    """[V] requested power at the bus; positive = charging. 0 where not dispatched."""
    is_dispatched: Annotated[Ints, of("1", "vehicle")]
    """[V] 1 where the car is told what to do, 0 where it is free to act on its own."""
    p_plan_bus_kw: Annotated[Floats, of("kW", "bus")]
    """[B] PEV power the layer expects (all cars, load not included)."""
    q_plan_bus_kvar: Annotated[Floats, of("kvar", "bus")]
    vm_socp_pu: Annotated[Floats, of("pu", "bus", nan=True)]
    """[B] voltages of the optimisation itself; NaN if there is none."""
    vm_ac_pu: Annotated[Floats, of("pu", "bus", nan=True)]
    """[B] AC replay of the layer's own powers under forecast load; NaN if there is none."""
    losses_socp_kw: Annotated[float, of("kW", nan=True)]
    losses_ac_kw: Annotated[float, of("kW", nan=True)]
    nodal_price_usd_per_mwh: Annotated[Floats, of("USD/MWh", "bus", nan=True)]
    """[B]; NaN if there is none."""
    guidance_rank: Annotated[Ints, of("1", "charger_kind", "bus")]
    """[kind, B] by charger kind: 0 = best bus for the next arrival, ... ; -1 everywhere = no guidance."""
    certificate: SpatialCertificate
    generation_limit_kw: Annotated[Floats, of("kW", "generation_bus", nan=True, empty=True)] = field(
        default_factory=lambda: np.zeros(0))
    """[C] the most that generators of a bus may give; NaN: what comes; empty: what comes at every bus."""
    import_limit_kw: Annotated[Floats, of("kW", "bus", nan=True, empty=True)] = field(
        default_factory=lambda: np.zeros(0))
    """[B] the most that the customer at each bus may draw now, house and cars, as published; NaN: no limit; empty: none
    are published."""
    export_limit_kw: Annotated[Floats, of("kW", "bus", nan=True, empty=True)] = field(
        default_factory=lambda: np.zeros(0))
    """[B] the most that it may feed back."""


class SpatialLayer(Protocol):
    """Decides *where*."""

    def step(self, view: FeederView) -> Setpoints:
        """Set-points for [view.time_s, + step_s); re-solves at decision hours, holds in between."""
        ...


class PlanError(RuntimeError):
    """A layer has no answer; the message names the binding limits and amounts."""


class Controller(Protocol):
    """One file = one controller: builds its half of each layer. `controllers/base.py` has the defaults.

    All that the testbed asks of a controller stands here. The fields after `car_control` may be left unsaid
    (`controllers/contract.py` has what they then are).
    """

    name: str
    free_behaviour: FreeBehaviour
    """What cars do that are not dispatched."""
    has_vehicles: bool
    """False only for the reference without cars."""
    car_control: CarControl
    """What the upper layer may plan for enrolled cars; `none`: all cars enter as fixed load."""
    places_cars: bool
    """Whether it has a lower layer of its own: without one no operator of a feeder is told of cars."""
    learns_compliance: bool
    """True: plans count with the compliance learned from past stays in place of `assumed_compliance`."""
    sees_feeders: bool
    """True: the distribution operators bring their networks to the plan (`TemporalKnowledge.offers`)."""
    promises_safely: bool
    """True: plans and re-dispatch count reserve by the safe form of the scenario's rule (`SAFE_FORM`)."""
    knows_truth: bool
    """True: the forecasts are what will happen. Registered controllers alone may say so."""

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer: ...

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer: ...
