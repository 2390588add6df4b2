"""The cars' side of a result: energy, charger and battery limits, by district and, with traces, by vehicle."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.drivers.population import district_seed, draw_vehicles
from models.records.arrays import Bools, Floats
from models.records.feeder import RadialFeeder
from models.records.groups import GROUPS_PER_ZONE, ZONES, group_index
from models.records.vehicles import Vehicles
from testbed.checks.finding import Violation, worst
from testbed.results.reading import Result
from testbed.results.recording import traces_path
from testbed.results.vehicle_traces import read_traces
from testbed.scenario.parts.district import District
from testbed.scenario.record import Scenario
from testbed.setup.districts import build_feeder, fleet_parameters
from testbed.setup.knowledge import charger_curves
from testbed.setup.profiles import build_profiles

POWER_KW = 1e-2
ENERGY_REL = 1e-6
SOC = 1e-5
"""Traces are stored in single precision."""


def car_violations(result: Result, scenario: Scenario) -> Iterator[Violation]:
    """All broken rules of all districts."""
    for index, district in enumerate(scenario.districts):
        name, count = district.name, int(result.district(district.name, "vehicle").size)
        parameters = fleet_parameters(scenario, district if count else None)
        vehicles = draw_vehicles(parameters, district_seed(result.seed, index))
        yield from _energy(result, name, vehicles)
        yield from _groups(result, name, vehicles)
        yield from _buses(result, district)
        if count and scenario.record.vehicles:
            yield from _vehicles(result, name, vehicles)


def _energy(result: Result, name: str, v: Vehicles) -> Iterator[Violation]:
    """Stored energy changes by what is charged less discharged, driven and lost, and stays within all batteries."""
    if not result.has_totals(name):
        return
    d = {key: result.district(name, key) for key in ("stored_kwh", "charged_kwh", "discharged_kwh", "fast_charged_kwh",
                                                     "driven_kwh", "lost_kwh")}
    change = np.diff(d["stored_kwh"], prepend=result.vehicle(name, "stored_start_kwh").sum())
    gained = d["charged_kwh"] - d["discharged_kwh"] + d["fast_charged_kwh"] - d["driven_kwh"] - d["lost_kwh"]
    allowed = POWER_KW + ENERGY_REL * float(v.capacity_kwh.sum())
    yield from worst("energy_balance", np.abs(change - gained)[:, None], (name,), allowed)
    least, most = float((v.soc_min * v.capacity_kwh).sum()), float((v.soc_max * v.capacity_kwh).sum())
    outside = np.maximum(least - d["stored_kwh"], d["stored_kwh"] - most)
    yield from worst("soc_bounds", outside[:, None], (name,), allowed)
    yield from worst("losses_positive", -d["lost_kwh"][:, None], (name,), allowed)
    for way in ("charge", "discharge"):
        total_kwh = result.district(name, f"{way}_kw").sum(axis=1) * result.step_h
        yield from worst("energy_sum", np.abs(total_kwh - d[f"{way}d_kwh"])[:, None], (f"{name} {way}",), allowed)


def _groups(result: Result, name: str, v: Vehicles) -> Iterator[Violation]:
    """No group of cars beyond the chargers of all its cars; one-way chargers never discharge."""
    per_class = group_index(np.zeros_like(v.class_index), v.class_index, v.is_bidirectional)
    for way, limit_kw in (("charge", v.p_charge_max_kw), ("discharge", v.p_discharge_max_kw)):
        most = np.tile(np.bincount(per_class, limit_kw, GROUPS_PER_ZONE), len(ZONES))
        power = result.district(name, f"{way}_kw")
        names = [f"{name} {group}" for group in result.district(name, "group")]
        allowed = POWER_KW + ENERGY_REL * float(most.max())
        yield from worst("charger_power", np.maximum(power - most, -power), names, allowed)


def _buses(result: Result, district: District) -> Iterator[Violation]:
    """Bus powers sum to the groups'; the feeder draws load, cars and losses from the substation."""
    name, feeder = district.name, build_feeder(district)
    net_kw = (result.district(name, "charge_kw") - result.district(name, "discharge_kw")).sum(axis=1)
    at_bus_kw = result.district(name, "p_bus_kw").sum(axis=1)
    allowed = POWER_KW + ENERGY_REL * float(np.max(np.abs(net_kw), initial=0.0))
    yield from worst("bus_sum", np.abs(at_bus_kw - net_kw)[:, None], (name,), allowed)
    if feeder is not None:
        load_kw = _feeder_load_kw(result, feeder)
        error = result.district(name, "p_slack_kw") - load_kw - at_bus_kw - result.district(name, "losses_kw")
        yield from worst("feeder_balance", np.abs(error)[:, None], (name,), 0.1)


def _feeder_load_kw(result: Result, feeder: RadialFeeder) -> Floats:
    """[T] loads of the buses follow the system's load (docs/model.md 5.4)."""
    load_peak_mw = build_profiles(Scenario.model_validate(result.scenario)).load_peak_mw
    return np.asarray(feeder.p_base_kw.sum() * result.system("load_mw") / load_peak_mw)


def _vehicles(result: Result, name: str, v: Vehicles) -> Iterator[Violation]:
    """Each vehicle within its charger and battery; discharge ends at the V2G floor."""
    path = traces_path(result.path)
    soc, power_kw = read_traces(path, name, "soc"), read_traces(path, name, "p_vehicle_kw")
    start = result.vehicle(name, "stored_start_kwh") / v.capacity_kwh
    names = [f"{name} vehicle {i}" for i in range(v.count)]
    yield from worst("vehicle_power", np.maximum(power_kw - v.p_charge_max_kw, -power_kw - v.p_discharge_max_kw), names,
                     POWER_KW)
    outside = np.maximum(np.minimum(v.soc_min, start) - soc, soc - np.maximum(v.soc_max, start))
    yield from worst("vehicle_soc", outside, names, SOC)
    before = np.concatenate([start[None, :], soc[:-1]])
    floor = np.minimum(v.soc_floor_v2g, before)
    # a car that discharges and then leaves and drives within the step may end lower
    stayed = _did_not_drive(before, soc, power_kw, _best_eta_discharge(result, v) * v.capacity_kwh, result.step_h)
    below = np.where((power_kw < -POWER_KW) & stayed, floor - soc, 0.0)
    yield from worst("v2g_floor", below, names, SOC)
    at_bus_kwh = power_kw.sum(axis=1) * result.step_h
    net_kwh = result.district(name, "charged_kwh") - result.district(name, "discharged_kwh")
    allowed = POWER_KW + SOC * float(np.abs(net_kwh).max())
    yield from worst("vehicle_sum", np.abs(at_bus_kwh - net_kwh)[:, None], (name,), allowed)


def _best_eta_discharge(result: Result, v: Vehicles) -> Floats:
    """[V] the highest efficiency of each car's charger; a charger with a curve may lose more at part load."""
    eta = np.array(v.eta_discharge)
    for kind, curve in enumerate(charger_curves(Scenario.model_validate(result.scenario))):
        if curve is not None:
            eta[v.charger_kind == kind] = curve.discharging.max()
    return eta


def _did_not_drive(before: Floats, after: Floats, power_kw: Floats, kwh_per_soc: Floats, step_h: float) -> Bools:
    """[T, V] whether SOC falls by no more than the discharge alone must cause, so that the car did not drive."""
    drawn = -np.minimum(power_kw, 0.0) * step_h / kwh_per_soc
    return np.asarray(before - after <= drawn * (1 + 1e-3) + SOC, dtype=np.bool_)
