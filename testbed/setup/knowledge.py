"""What each operator owns, from the scenario: typed, and nothing that it could not know."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from controllers.port import (
    AtBusCall,
    BusLoadCall,
    CustomerTerms,
    DayAheadCall,
    FeederOffer,
    FlowFromCall,
    NetworkAtCall,
    PowerFlowCall,
    SpatialKnowledge,
    TemporalKnowledge,
)
from models.drivers.population import stream
from models.drivers.willingness import PriceResponse
from models.fleet.battery import Curves, at_bus_kw
from models.fleet.charger_curves import charger_curve
from models.network.loads.bus_loads import BusLoads
from models.network.power_flow import TappedFeeder
from models.network.three_phase.feeder import ThreePhaseFlows
from models.network.three_phase.watching import WatchedCircuit, watched_feeder
from models.records.arrays import SECONDS_PER_HOUR, Floats
from models.records.feeder import RadialFeeder
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits
from models.records.three_phase import beginning_at
from models.records.vehicles import Vehicles
from models.system.power_system import PowerSystemParameters
from models.system.unit_tables import units_of
from models.tables.table_format import TableFormat
from testbed.scenario.car_groups import charger_numbers, groups_of
from testbed.scenario.parts.system import demand_curve
from testbed.scenario.record import Scenario
from testbed.setup.blocks import from_blocks
from testbed.setup.classes import groups_of_scenario
from testbed.setup.districts import District, build_districts
from testbed.setup.forecasts import Forecaster, build_forecaster
from testbed.setup.given_controllers import controller_of, knows_truth, may_discharge
from testbed.setup.profiles import build_profiles
from testbed.setup.wear_price import wear_price_of_groups
from testbed.wiring.run_spec import RunSpec


def thermal_units(scenario: Scenario, text: str | None = None) -> ThermalUnits:
    """The scenario's units; text: what their file held, None to read it."""
    return from_blocks(units_of, scenario.system, units_format=units_format(scenario), text=text)


def units_format(scenario: Scenario) -> TableFormat:
    """How a file of units is written."""
    return from_blocks(TableFormat, scenario.system.units_format)


def objective_of(scenario: Scenario) -> Objective:
    """The weights, each from the key `weight_` and its term's name."""
    weights = scenario.objective.model_dump()
    return Objective(**{name: weights[f"weight_{name}"] for name in Objective().names})


def marginal_wear_usd_per_kwh(scenario: Scenario) -> Floats:
    """[G] per kWh drawn out of the battery: the life average of the scenario's wear model."""
    if scenario.wear.model == "throughput":
        return np.full(groups_of_scenario(scenario).count, scenario.objective.wear_usd_per_mwh / 1e3)
    return wear_price_of_groups(scenario)


def vehicle_wear_usd_per_kwh(scenario: Scenario, vehicles: Vehicles) -> Floats:
    """[V] the price of each car's group; it is the same in every zone."""
    group = vehicles.group_of(np.arange(vehicles.count), np.zeros_like(vehicles.class_index))
    return marginal_wear_usd_per_kwh(scenario)[group]


def temporal_knowledge(scenario: Scenario) -> TemporalKnowledge:
    """What the system operator owns."""
    return from_blocks(
        TemporalKnowledge, scenario.objective, scenario.system, scenario.planning,
        units=thermal_units(scenario), objective=objective_of(scenario),
        wear_usd_per_kwh=marginal_wear_usd_per_kwh(scenario),
        reserve_curve=reserve_curve(scenario), district_names=tuple(d.name for d in scenario.districts))


def feeder_offers(spec: RunSpec) -> tuple[FeederOffer | None, ...]:
    """The networks that distribution operators bring to the plan of a controller whose layers talk; else none."""
    if not controller_of(spec).sees_feeders:
        return ()
    peak_mw = build_profiles(spec.scenario).load_peak_mw
    forecaster = build_forecaster(spec.scenario, spec.seed, knows_truth(spec))
    return tuple(None if d.feeder is None or d.power_flow is None or d.loads is None
                 else FeederOffer(d.feeder, d.site, d.power_flow, _bus_load_call(d.loads, peak_mw, forecaster),
                                  customer_terms(spec, d))
                 for d in build_districts(spec).values())


def _bus_load_call(loads: BusLoads, peak_mw: float, forecaster: Forecaster) -> BusLoadCall:
    """Hourly, as the district's operator forecasts at the time of the plan."""
    def bus_load(time_s: int, load_mw: Floats) -> tuple[Floats, Floats]:
        hours = load_mw.size
        edges_s = time_s + SECONDS_PER_HOUR * np.arange(hours + 1, dtype=np.float64)
        factors = forecaster.series_factors(time_s, SECONDS_PER_HOUR, hours - 1)
        return loads.drawn(edges_s, load_mw / peak_mw, factors)

    return bus_load


def customer_terms(spec: RunSpec, district: District) -> CustomerTerms | None:
    """By which limits of customers are published: on three phases, for controllers whose feeders speak; else None."""
    if district.flows is None or district.loads is None or not controller_of(spec).sees_feeders:
        return None
    kept = _kept_terms(district.flows, knows_truth(spec))
    if not kept:
        watched, (import_kw, export_kw) = _watched(district.flows), _chargers_kw(district)
        kept.append(CustomerTerms(watched.network, watched, _day_ahead_call(spec, district.loads), import_kw,
                                  export_kw, spec.scenario.spatial.envelope_rule, watched.slopes))
    return kept[0]


@lru_cache(maxsize=8)
def _kept_terms(flows: ThreePhaseFlows, hears_truth: bool) -> list[CustomerTerms]:
    """At most one: both layers ask for the same limits, which are computed once where they are in one process."""
    return []


@lru_cache(maxsize=8)
def _watched(flows: ThreePhaseFlows) -> WatchedCircuit:
    return watched_feeder(flows)


def _day_ahead_call(spec: RunSpec, loads: BusLoads) -> DayAheadCall:
    """Hourly forecasts of the district's operator."""
    peak_mw = build_profiles(spec.scenario).load_peak_mw
    forecaster = build_forecaster(spec.scenario, spec.seed, knows_truth(spec))
    bus_load = _bus_load_call(loads, peak_mw, forecaster)
    return lambda time_s, hours: bus_load(time_s, forecaster.hourly(time_s, hours).load_mw)


def _chargers_kw(district: District) -> tuple[Floats, Floats]:
    """([B], [B]) what all chargers at a bus can draw and feed back together, each as the largest of its kind here."""
    vehicles, ports = district.vehicles, district.site.ports_by_kind()
    most = np.zeros((2, ports.shape[1]))
    for side, limit in enumerate((vehicles.p_charge_max_kw, vehicles.p_discharge_max_kw)):
        np.maximum.at(most[side], vehicles.charger_kind, limit)
    import_kw, export_kw = ports @ most[0], ports @ most[1]
    return import_kw, export_kw


def spatial_knowledge(spec: RunSpec, district: District) -> SpatialKnowledge:
    """What one district's operator owns: its cars' contracts, its site and its own network."""
    scenario = spec.scenario
    watched = None if district.flows is None else _watched(district.flows)
    return from_blocks(
        SpatialKnowledge, scenario.spatial, scenario.planning,
        district=district.name, site=district.site, vehicles=district.vehicles, feeder=district.feeder,
        power_flow=district.power_flow, pairs=district.pairs, step_s=spec.step_s, horizon_h=spec.horizon_h,
        wear_usd_per_kwh=marginal_wear_usd_per_kwh(scenario), may_discharge=may_discharge(spec),
        search_seed=int(stream(district.seed, "search").integers(2**31)),
        generation_buses=district.generation_buses,
        curtailment_usd_per_mwh=objective_of(scenario).curtailment * scenario.objective.curtailment_penalty_usd_per_mwh,
        network=None if watched is None else watched.network, network_flow=watched,
        flow_from=_flow_from_call(watched), network_slopes=None if watched is None else watched.slopes,
        customers=customer_terms(spec, district),
        at_bus_kw=_at_bus_call(charger_curves(scenario), district.vehicles), at_slack=_at_slack_call(district.tapped))


def _flow_from_call(watched: WatchedCircuit | None) -> FlowFromCall | None:
    return None if watched is None else partial(beginning_at, watched)


def _at_slack_call(tapped: TappedFeeder | None) -> NetworkAtCall | None:
    if tapped is None:
        return None

    def at_slack(vm_pu: float) -> tuple[RadialFeeder, PowerFlowCall]:
        feeder, engine = tapped.at(tapped.nearest(vm_pu))
        return feeder, engine.power_flow

    return at_slack


def _at_bus_call(curves: Curves, vehicles: Vehicles) -> AtBusCall | None:
    if all(curve is None for curve in curves):
        return None
    return lambda battery_kw: at_bus_kw(vehicles, battery_kw, curves)


def charger_curves(scenario: Scenario) -> Curves:
    """How efficient each kind of charger is by load."""
    fleet = scenario.fleet.model_dump()
    numbers = [charger_numbers(fleet, kind) for kind in groups_of(fleet).kind_names]
    return tuple(charger_curve(n["curve"], n["eta_charge"], n["eta_discharge"], fleet["connection_loss_share"])
                 for n in numbers)


def eta_discharge_of_groups(scenario: Scenario) -> Floats:
    """[G] the plan's efficiency of discharging, through the chargers of each group."""
    fleet = scenario.fleet.model_dump()
    groups = groups_of(fleet)
    by_kind = np.array([charger_numbers(fleet, kind)["eta_discharge"] for kind in groups.kind_names])
    return np.asarray(by_kind[groups.kind_of(np.arange(groups.count))])


def driver_response(scenario: Scenario) -> PriceResponse:
    """How drivers answer prices."""
    drivers, rate = scenario.drivers, scenario.tariff.cny_per_usd
    return PriceResponse(model=drivers.price_response,
                         dead_zone_usd_per_kwh=drivers.price_dead_zone_cny_per_kwh / rate,
                         saturation_usd_per_kwh=drivers.price_saturation_cny_per_kwh / rate)


def reserve_curve(scenario: Scenario) -> ReserveCurve:
    """What missing reserve costs, before and after the fact."""
    return demand_curve(scenario.system)


def power_system_parameters(scenario: Scenario) -> PowerSystemParameters:
    """Prices and rules of the re-dispatch."""
    return from_blocks(PowerSystemParameters, scenario.objective, scenario.system, objective=objective_of(scenario),
                       reserve_curve=reserve_curve(scenario))
