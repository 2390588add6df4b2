"""Districts of a run, built from the scenario: cars, site, trips, drivers and, where there is one, the feeder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from controllers.port import PowerFlowCall
from models.drivers import DriverParameters, Drivers
from models.flexibility import groups_of_fleet, pair_index
from models.population import FleetParameters, district_seed, draw_vehicles
from models.records import ZONES, PairIndex, RadialFeeder, Site, Vehicles
from models.trips import TripWishes
from testbed import scenario as described
from testbed.controller_loading import load_controller
from testbed.run_spec import RunSpec
from testbed.scenario_parts import district as district_part


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
    pairs: PairIndex

    def wishes(self) -> TripWishes:
        """The trips that the cars' drivers want to make."""
        return TripWishes(self.vehicles.class_index, self.seed)

    def drivers(self) -> Drivers:
        """Willingness of the drivers."""
        return Drivers(self.vehicles, self.seed, self.driver_parameters)


def build_districts(spec: RunSpec) -> dict[str, District]:
    """All districts of the run by name; built once per process."""
    has_vehicles = load_controller(spec.controller).has_vehicles
    return _build(spec.scenario.model_dump_json(), spec.seed, has_vehicles)


def network_districts(spec: RunSpec) -> dict[str, District]:
    """Those that have a feeder."""
    return {name: district for name, district in build_districts(spec).items() if district.feeder is not None}


@lru_cache(maxsize=2)
def _build(scenario_json: str, seed: int, has_vehicles: bool) -> dict[str, District]:
    scenario = described.Scenario.model_validate_json(scenario_json)
    return {district.name: _district(scenario, district, district_seed(seed, i), has_vehicles)
            for i, district in enumerate(scenario.districts)}


def _district(scenario: described.Scenario, district: district_part.District, seed: np.random.SeedSequence,
              has_vehicles: bool) -> District:
    fleet = fleet_parameters(scenario, district if has_vehicles else None)
    vehicles = draw_vehicles(fleet, seed)
    feeder = _feeder(district)
    site = _site(district, feeder, vehicles.count)
    return District(
        name=district.name, vehicles=vehicles, site=site, seed=seed, fleet_parameters=fleet,
        driver_parameters=driver_parameters(scenario), feeder=feeder,
        power_flow=_power_flow(feeder, scenario), pairs=pair_index(site, groups_of_fleet(vehicles), PAIR_BINS))


PAIR_BINS = 25
"""Departure bins of the lower layer: 24 hours and all later ones."""


def fleet_parameters(scenario: described.Scenario, district: district_part.District | None) -> FleetParameters:
    """The scenario's fleet with this district's counts; no cars at all without a district."""
    fleet = scenario.fleet
    return FleetParameters(
        private=district.private if district else 0, taxi=district.taxi if district else 0,
        government=district.government if district else 0,
        battery_kwh=fleet.private_capacity_kwh, taxi_battery_kwh=fleet.taxi_capacity_kwh,
        government_battery_kwh=fleet.government_capacity_kwh,
        slow_kw=fleet.slow_charger_kw, fast_kw=fleet.fast_charger_kw,
        consumption_kwh_per_km=fleet.consumption_kwh_per_km, eta_charge=fleet.eta_charge,
        eta_discharge=fleet.eta_discharge, soc_min=fleet.soc_min, soc_max=fleet.soc_max,
        soc_floor_v2g=fleet.soc_floor_v2g, soc_wanted=fleet.soc_wanted, soc_initial=fleet.soc_initial,
        slow_taper_start_soc=fleet.slow_taper_start_soc, fast_taper_start_soc=fleet.fast_taper_start_soc,
        age_years=fleet.age_years, bidirectional_private=fleet.private_bidirectional_share,
        bidirectional_taxi=fleet.taxi_bidirectional_share,
        bidirectional_government=fleet.government_bidirectional_share,
        enrolled_share=scenario.drivers.enrolled_share)


def driver_parameters(scenario: described.Scenario) -> DriverParameters:
    """The scenario's drivers."""
    drivers, modes = scenario.drivers, scenario.drivers.modes
    return DriverParameters(
        plug_in_probability=drivers.plug_in_probability, compliance_mean=drivers.compliance_mean,
        compliance_concentration=drivers.compliance_concentration, zone_shock_rho=drivers.zone_shock_rho,
        zone_out_probability=1.0 - float(np.exp(-drivers.zone_outages_per_day)),
        guidance_acceptance=drivers.guidance_acceptance,
        mode_weights=(modes.ignores, modes.overrides, modes.leaves_early, modes.arrives_late,
                      modes.never_plugs_in, modes.telemetry_lost))


def _feeder(district: district_part.District) -> RadialFeeder | None:
    if district.feeder is None:
        return None
    from models.feeder import ieee33  # noqa: PLC0415 - pandapower is slow to import

    return ieee33(peak_scale=district.peak_scale, slack_vm_pu=district.slack_vm_pu, v_min_pu=district.v_min_pu,
                  v_max_pu=district.v_max_pu, substation_kva=_substation_kva(district),
                  line_rating_a=_line_rating_a(district), transformer_margin=_unlimited(district.transformer_margin))


def _line_rating_a(district: district_part.District) -> float | None:
    """None: as assumed in the feeder's own model."""
    return None if district.line_rating_a == "assumed" else _unlimited(district.line_rating_a)


def _unlimited(limit: float | None) -> float:
    return float("inf") if limit is None else limit


def _substation_kva(district: district_part.District) -> float:
    return float("inf") if district.substation_mva is None else 1e3 * district.substation_mva


def _site(district: district_part.District, feeder: RadialFeeder | None, cars: int) -> Site:
    slow = cars if district.slow_ports_per_bus is None else district.slow_ports_per_bus
    fast = cars if district.fast_ports_per_bus is None else district.fast_ports_per_bus
    if feeder is not None:
        from models.feeder import site, zone_map  # noqa: PLC0415 - pandapower is slow to import

        named = district.zone_map
        zones = zone_map(named) if isinstance(named, str) else {
            bus: ZONES.index(zone) for zone, buses in named.items() for bus in buses}
        return site(feeder, zones, slow, fast)
    virtual = np.arange(len(ZONES))
    return Site(bus_zone=virtual, slow_ports=np.full(virtual.size, slow),
                fast_ports=np.where(virtual == ZONES.index("commercial"), fast, 0))


def _power_flow(feeder: RadialFeeder | None, scenario: described.Scenario) -> PowerFlowCall | None:
    if feeder is None:
        return None
    from models.feeder import ac_engine  # noqa: PLC0415 - pandapower is slow to import

    return ac_engine(feeder, scenario.spatial.engine).power_flow
