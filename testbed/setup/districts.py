"""Districts of a run, built from the scenario: cars, site, trips, drivers and, where there is one, the feeder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from controllers.port import PowerFlowCall
from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.drivers.willingness import DriverParameters, Drivers
from models.fleet.flexibility import groups_of_fleet, pair_index
from models.mobility.mobility import Mobility
from models.mobility.recorded_sessions import read_sessions
from models.mobility.session_replay import ReplayInputs, SessionReplay
from models.mobility.trip_parameters import TripParameters
from models.mobility.trips import TripWishes
from models.network.feeder import zones_of_buses
from models.network.loads.bus_loads import BusLoads
from models.network.power_flow import TappedFeeder
from models.network.source import source_of
from models.network.three_phase.feeder import ThreePhaseFlows
from models.network.three_phase.layout import NO_CIRCUIT, CircuitLayout, layout_of
from models.network.transformers.tap_changer import TapChanger
from models.network.zones import zones_by_distance
from models.records.arrays import Ints, RecordError
from models.records.feeder import RadialFeeder, Site, ThreePhaseFeeder
from models.records.flexibility import PairIndex
from models.records.groups import Groups
from models.records.vehicles import Vehicles
from models.tables.table_format import TableFormat
from testbed.scenario import record as described
from testbed.scenario.files import files_digest, named_files
from testbed.scenario.parts import district as district_part
from testbed.scenario.parts.base import ZoneName
from testbed.scenario.parts.classes import zones_of_kind
from testbed.scenario.parts.fleet import Fleet
from testbed.setup.blocks import from_blocks
from testbed.setup.classes import (
    STAYS_OF_LAW,
    fleet_parameters,
    groups_of_scenario,
    habit,
    laws_of_trips,
    ports_of_kind,
    stays_per_day,
)
from testbed.setup.given_controllers import controller_of
from testbed.setup.networks.feeders import build_feeder, build_tap_changer, power_flow_of, tapped_feeder
from testbed.setup.networks.loads import build_loads
from testbed.wiring.run_spec import DAY_S, RunSpec


@dataclass(frozen=True)
class District:
    """A population of cars with its zones and, optionally, a feeder."""

    name: str
    vehicles: Vehicles
    site: Site
    seed: np.random.SeedSequence
    fleet_parameters: FleetParameters
    driver_parameters: DriverParameters
    feeder: RadialFeeder | None
    power_flow: PowerFlowCall | None
    loads: BusLoads | None
    """What the buses of the feeder draw without cars."""
    flows: ThreePhaseFlows | None
    """Of a circuit of three phases, node by node."""
    circuit: CircuitLayout
    """What a result says of that; nothing without."""
    pairs: PairIndex
    tap_changer: TapChanger | None = None
    tapped: TappedFeeder | None = None
    """The feeder at each position of its tap changer."""
    trip_parameters: TripParameters = field(default_factory=TripParameters)
    replay: ReplayInputs | None = None
    """Recorded sessions in place of trips."""

    @property
    def generation_buses(self) -> Ints:
        """[C] rows of buses of whose generators less may be taken than they give."""
        return np.zeros(0, dtype=np.int64) if self.loads is None else self.loads.generation_buses

    def wishes(self) -> TripWishes:
        """The trips that the cars' drivers want to make."""
        return TripWishes(self.vehicles.class_index, self.seed, self.trip_parameters)

    def drivers(self) -> Drivers:
        """Willingness of the drivers."""
        return Drivers(self.vehicles, self.seed, self.driver_parameters)

    def mobility(self, start_s: int, end_s: int) -> Mobility | SessionReplay:
        """Where the cars are, from start_s (a midnight): on simulated trips, or as recorded."""
        if self.replay is not None and self.vehicles.count:
            return SessionReplay(self.vehicles, self.site, self.drivers(), self.replay, start_s, end_s)
        return Mobility(self.vehicles, self.site, self.wishes(), self.drivers(), start_s)


def build_districts(spec: RunSpec) -> dict[str, District]:
    """All districts of the run by name; built once per process and content of the files that they come from."""
    has_vehicles = controller_of(spec).has_vehicles
    return _build(spec.scenario.model_dump_json(), spec.seed, has_vehicles, files_digest(named_files(spec.scenario)))


@lru_cache(maxsize=2)
def _build(scenario_json: str, seed: int, has_vehicles: bool, content: str) -> dict[str, District]:
    scenario = described.Scenario.model_validate_json(scenario_json)
    return {district.name: _district(scenario, district, district_seed(seed, i), has_vehicles)
            for i, district in enumerate(scenario.districts)}


def _district(scenario: described.Scenario, district: district_part.District, seed: np.random.SeedSequence,
              has_vehicles: bool) -> District:
    fleet = fleet_parameters(scenario, district if has_vehicles else None)
    vehicles = draw_vehicles(fleet, seed)
    feeder, loads = build_feeder(district), build_loads(district, scenario)
    site = _site(district, feeder, vehicles.count, scenario.fleet, vehicles.groups)
    changer = build_tap_changer(district, feeder)
    flows = ThreePhaseFlows(feeder) if isinstance(feeder, ThreePhaseFeeder) else None
    return District(
        name=district.name, vehicles=vehicles, site=site, seed=seed, fleet_parameters=fleet,
        driver_parameters=driver_parameters(scenario), feeder=feeder,
        power_flow=power_flow_of(feeder, scenario) if flows is None else flows.power_flow, loads=loads,
        flows=flows, circuit=NO_CIRCUIT if flows is None else layout_of(flows),
        tap_changer=changer, tapped=tapped_feeder(feeder, changer, scenario),
        pairs=pair_index(site, groups_of_fleet(vehicles), PAIR_BINS), trip_parameters=trip_parameters(scenario),
        replay=replay_inputs(district, scenario))


def trip_parameters(scenario: described.Scenario) -> TripParameters:
    """The scenario's trips."""
    return from_blocks(TripParameters, scenario.fleet, trips=scenario.private_trips, laws=laws_of_trips(scenario))


def replay_inputs(district: district_part.District, scenario: described.Scenario) -> ReplayInputs | None:
    """What the district replays, None where it has no recording; RecordError names the file and what is wrong."""
    if district.sessions is None:
        return None
    recorded = read_sessions(district.sessions, from_blocks(TableFormat, district.sessions_format))
    first_day = (np.datetime64(district.sessions_start_date, "D") - recorded.first_day).astype(np.int64)
    first, last = int(first_day), int(first_day) + scenario.days
    if first < 0 or last > recorded.days:
        raise RecordError(f"district {district.name}: sessions_start_date={district.sessions_start_date} leaves no "
                          f"room for {scenario.days} days from it in the {recorded.days} days recorded from "
                          f"{recorded.first_day} on")
    return ReplayInputs(recorded, first * DAY_S)


PAIR_BINS = 25
"""Departure bins of the lower layer: 24 hours and all later ones."""


def driver_parameters(scenario: described.Scenario) -> DriverParameters:
    """The scenario's drivers."""
    return from_blocks(DriverParameters, scenario.drivers, private_stays_per_day=STAYS_OF_LAW[scenario.private_trips],
                       stays_per_day=stays_per_day(scenario), habit=habit(scenario))


def site_of(district: district_part.District, feeder: RadialFeeder | None, scenario: described.Scenario) -> Site:
    """Where the district's cars can plug in; RecordError where its zones do not fit its network."""
    return _site(district, feeder, district.vehicle_count, scenario.fleet, groups_of_scenario(scenario))


def _site(district: district_part.District, feeder: RadialFeeder | None, cars: int, fleet: Fleet,
          groups: Groups) -> Site:
    bus_zone = (np.arange(groups.zone_count) if feeder is None
                else zones_of_buses(feeder, _where_cars_stand(feeder, _zones(district, feeder, groups.zones))))
    used = set(groups.kind_of_class.tolist())
    ports = []
    for kind, name in enumerate(groups.kind_names):
        zones = zones_of_kind(name, fleet.charger_kinds.get(name), groups.zones)
        here = np.isin(bus_zone, [groups.zones.index(zone) for zone in zones])
        # a kind that no class uses has no ports: nobody could stand there
        ports.append(np.where(here, ports_of_kind(district, name, cars) * (kind in used), 0).astype(np.int64))
    return Site(bus_zone, ports[0], ports[1], tuple(ports[2:]), groups)


def _where_cars_stand(feeder: RadialFeeder, zones: Mapping[int, int]) -> Mapping[int, int]:
    """Zone by number of the row where cars are connected: in a circuit of three phases it may be one of its own."""
    if not isinstance(feeder, ThreePhaseFeeder):
        return zones
    row = {int(number): i for i, number in enumerate(feeder.bus_number)}
    stands = {bus: int(feeder.port_row[row[bus]]) if bus in row else -1 for bus in zones}
    if without := [bus for bus, at in stands.items() if at < 0]:
        raise RecordError(f"feeder {feeder.name}: zone_map names buses {without[:8]} at which no customer stands")
    return {int(feeder.bus_number[stands[bus]]): zone for bus, zone in zones.items()}


def _zones(district: district_part.District, feeder: RadialFeeder, names: tuple[str, ...]) -> Mapping[int, int]:
    """Zone by bus number: a named map, lists, or shares by electrical distance."""
    named = district.zone_map
    if isinstance(named, str):
        own = source_of(str(district.feeder)).zone_maps.get(named)
        return zones_by_distance(feeder) if own is None else own()
    lists = {zone: buses for zone, buses in named.items() if isinstance(buses, tuple)}
    if lists:
        return _listed_zones(feeder, lists, names)
    shares = {zone: share for zone, share in named.items() if not isinstance(share, tuple)}
    return zones_by_distance(feeder, shares, names)


def _listed_zones(feeder: RadialFeeder, lists: Mapping[ZoneName, tuple[int | str, ...]], names: tuple[str, ...]
                  ) -> dict[int, int]:
    """Zone by bus number of buses by number or name; RecordError tells all that are unknown or named twice."""
    zones, mistakes = dict[int, int](), []
    for zone, buses in lists.items():
        for called in buses:
            try:
                row = feeder.bus_row(called)
            except RecordError as error:
                mistakes.append(str(error))
                continue
            number = int(feeder.bus_number[row])
            mistakes += [f"bus {feeder.bus_label(row)} is named twice; a bus has one zone"] if number in zones else []
            zones[number] = names.index(zone)
    if mistakes:
        raise RecordError("zone_map: " + "; ".join(mistakes))
    return zones


def network_mistakes(district: district_part.District, scenario: described.Scenario) -> list[str]:
    """Why the network of this district, its zones or its series cannot serve; empty if they can."""
    try:
        feeder = build_feeder(district)
    except RecordError as error:
        return [str(error)]
    mistakes = []
    for build in (lambda: site_of(district, feeder, scenario),
                  lambda: build_loads(district, scenario), lambda: build_tap_changer(district, feeder)):
        try:
            build()
        except RecordError as error:
            mistakes.append(str(error))
    return mistakes
