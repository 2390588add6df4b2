"""The cars' batteries as a simulator: instructions, drivers and trips become energy, step by step."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from controllers.port import DeliveryRecord
from models.drivers.delivery_record import StayMeter
from models.drivers.telemetry import ReportedSoc
from models.drivers.willingness import PriceResponse
from models.fleet.battery import Batteries, exchange_by_kind
from models.fleet.fleet import ChargingParameters, Fleet, FleetStep
from models.fleet.reserve_room import reserve_room
from models.fleet.soc_counts import SOC_BINS, soc_counts
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats
from models.records.vehicles import DeclaredTable, PresenceTable
from testbed.faults.supply import WITHOUT_POWER
from testbed.setup.blocks import from_blocks
from testbed.setup.classes import groups_of_scenario
from testbed.setup.districts import District, build_districts
from testbed.setup.given_controllers import controller_of, knows_truth, may_discharge
from testbed.setup.knowledge import charger_curves, driver_response, vehicle_wear_usd_per_kwh
from testbed.simulators.adapter import Adapter, Inputs, Values
from testbed.simulators.before_first_step import nothing_delivered
from testbed.wiring.attributes import of_step
from testbed.wiring.crossings import Instructions, PevFlows, PevPower, Prices, StepSums, VehicleTotals
from testbed.wiring.run_spec import DAY_S, RunSpec

SUMMED = tuple(field.name for field in fields(StepSums))


class FleetSimulator(Adapter):
    """One entity per district. Until the controller acts every car charges on arrival."""

    simulator = "fleet"

    def build(self, spec: RunSpec) -> None:
        controller = controller_of(spec)
        self.free_behaviour = controller.free_behaviour
        self.is_dispatching = controller.car_control != "none"
        self.hears_all = knows_truth(spec)
        response = driver_response(spec.scenario)
        districts = build_districts(spec)
        self.cores = {name: DistrictFleet(spec, districts[name], response) for name in self.entities}

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        return {name: self._district(name, now_s, inputs[name]) for name in self.entities}

    def _district(self, name: str, now_s: int, received: Values) -> Values:
        is_controlled, core = self.spec.is_controlled(now_s), self.cores[name]
        prices: Prices = received["prices"]
        told: Instructions = received["instructions"]
        declared: DeclaredTable = received["declared"]
        presence: PresenceTable = received["presence"]
        if now_s == 0:
            core.start_counting()
        soc = core.fleet.soc
        step = core.fleet.step(
            now_s, self.spec.step_s, told.setpoint_kw, told.is_dispatched, declared, presence,
            self.free_behaviour if is_controlled else "on_arrival",
            *_from_now(prices),
            arrivals_wait=is_controlled and self.is_dispatching, q_bus_kvar=told.q_bus_kvar,
            without_power=received.get(WITHOUT_POWER))
        if now_s >= 0:
            core.add(step)
            core.add_plugged(declared, presence, self.spec.step_s / SECONDS_PER_HOUR)
            core.soc_count = soc_counts(step.soc, core.district.vehicles.class_index, core.class_count)
        core.read_meters(now_s, self.spec.step_s, told, declared, soc, step, received.get(WITHOUT_POWER))
        core.measure_hours(now_s, self.spec.step_s, declared, presence)
        core.soc_reported = (step.soc if self.hears_all
                             else core.telemetry.step(step.soc, step.soc_arrived, presence))
        return core.values(step, is_last=now_s + self.spec.step_s == self.spec.scenario.days * DAY_S)


def _from_now(prices: Prices) -> tuple[Floats, Floats]:
    """(charging, discharging) [H] as drivers see them: what holds in this step, then the hours to come."""
    now = ((prices.charge_now_usd_per_kwh, prices.charge_usd_per_kwh),
           (prices.discharge_now_usd_per_kwh, prices.discharge_usd_per_kwh))
    charge, discharge = (np.concatenate([[this], hours[1:]]) for this, hours in now)
    return charge, discharge


class DistrictFleet:
    """The cars of one district and the sums of what happened to them since counted 00:00."""

    def __init__(self, spec: RunSpec, district: District, response: PriceResponse) -> None:
        vehicles, drivers = district.vehicles, district.drivers()
        wear = vehicle_wear_usd_per_kwh(spec.scenario, vehicles)
        parameters = from_blocks(ChargingParameters, spec.scenario.fleet, curves=charger_curves(spec.scenario))
        self.curves = parameters.curves
        self.district, self.class_count = district, len(groups_of_scenario(spec.scenario).class_names)
        self.soc_count = np.zeros((self.class_count, SOC_BINS), dtype=np.int64)
        """[class, band] cars by state of charge, in counted steps."""
        self.delivery = nothing_delivered(self.district)
        self.meter = StayMeter(vehicles, district.site.bus_zone)
        self.telemetry, self.soc_reported = ReportedSoc(vehicles.soc_initial), vehicles.soc_initial
        self.reserving = vehicles if may_discharge(spec) else replace(
            vehicles, p_discharge_max_kw=np.zeros(vehicles.count))
        """What the cars may add to the system under this controller; one that never discharges promises to stop."""
        self.batteries, self.keeps_traces = Batteries.of(vehicles), spec.scenario.record.vehicles
        self.requested_kw = self.limited_kw = np.zeros(vehicles.count)
        self.stay_h = self.arrived_h = self.asked_kwh = np.zeros(vehicles.count)
        self.reserve: dict[str, float] = {}
        self.fleet = Fleet(vehicles, district.site.bus_zone, wear, drivers.price_quantile, response, parameters)
        self.start_counting()

    def start_counting(self) -> None:
        """Forget the warm-up."""
        self.stored_start_kwh: Floats = self.fleet.energy_kwh.copy()
        names = (*SUMMED, "plugged_h", "departures_short")
        self.sums = {name: np.zeros(self.district.vehicles.count) for name in names}

    def add(self, step: FleetStep) -> None:
        """Add one step to the sums."""
        for name in SUMMED:
            self.sums[name] += getattr(step, name)
        self.sums["departures_short"] += step.departure_short_kwh > 0

    def add_plugged(self, declared: DeclaredTable, presence: PresenceTable, step_h: float) -> None:
        """Add the hours plugged in during one step."""
        here, came = _plugged_shares(declared, presence)
        self.sums["plugged_h"] += (here + came) * step_h

    def measure_hours(self, now_s: int, step_s: int, declared: DeclaredTable, presence: PresenceTable) -> None:
        """For traces: how long each car was plugged in, and what energy it was asked for."""
        if not self.keeps_traces:
            return
        step_h = step_s / SECONDS_PER_HOUR
        here, came = _plugged_shares(declared, presence)
        self.stay_h, self.arrived_h = np.where(declared.is_plugged, here * step_h, np.nan), came * step_h
        left_h = (declared.declared_departure_s - now_s) / SECONDS_PER_HOUR
        # a car past its declared departure is asked for as long as it stays
        hours = np.where(left_h > 0, np.minimum(left_h, step_h), here * step_h)
        self.asked_kwh = np.nan_to_num(self.requested_kw) * hours

    def read_meters(self, now_s: int, step_s: int, told: Instructions, declared: DeclaredTable,
                    soc: Floats, step: FleetStep, without_power: Bools | None = None) -> None:
        """Delivery against instructions, as chargers' records tell in the end, and what the cars could truly add: none
        at buses [B] without power."""
        setpoint_kw, is_dispatched = told.setpoint_kw, told.is_dispatched
        record = self.meter.step(now_s, step_s, setpoint_kw, is_dispatched, declared, soc, step.p_kw)
        self.delivery = DeliveryRecord(**{field.name: getattr(record, field.name) for field in fields(record)})
        asked = declared.is_plugged & (is_dispatched > 0) & self.district.vehicles.is_enrolled
        self.requested_kw = np.where(asked, setpoint_kw, np.nan)
        self.limited_kw = self.requested_kw
        if self.keeps_traces:
            hours = np.full(soc.size, step_s / SECONDS_PER_HOUR)
            done = exchange_by_kind(
                self.batteries, self.district.vehicles.charger_kind, soc * self.batteries.capacity_kwh,
                np.where(asked, setpoint_kw, 0.0), hours, self.batteries.max_kwh, self.curves)
            self.limited_kw = np.where(asked, (done.charged_kwh - done.discharged_kwh) / hours, np.nan)
        if without_power is not None:
            is_dead = without_power[declared.bus_index]
            self.limited_kw = np.where(asked & is_dead, 0.0, self.limited_kw)
            is_dispatched = np.where(is_dead, 0, is_dispatched)
        self.reserve = reserve_room(self.reserving, declared, is_dispatched, step.soc, step.p_kw, now_s + step_s)

    def values(self, step: FleetStep, *, is_last: bool) -> Values:
        """All attributes of the table for one step; the sums are told with the last."""
        charge_mw, discharge_mw = step.charge_group_kw.sum() / 1e3, step.discharge_group_kw.sum() / 1e3
        return {
            "setpoint_vehicle_kw": self.requested_kw, "limited_vehicle_kw": self.limited_kw,
            "stay_vehicle_h": self.stay_h, "arrived_vehicle_h": self.arrived_h, "asked_vehicle_kwh": self.asked_kwh,
            "soc": step.soc, "soc_reported": self.soc_reported, "p_vehicle_kw": step.p_kw,
            "reason_vehicle": step.behaviour,
            "pev_flows": PevFlows(step.p_bus_kw, step.q_bus_kvar, step.p_slow_bus_kw),
            "pev_mw": PevPower(charge_mw=float(charge_mw), discharge_mw=float(discharge_mw), **self.reserve),
            "delivery": self.delivery,
            "totals": self._totals() if is_last else None, "p_bus_kw": step.p_bus_kw, "q_bus_kvar": step.q_bus_kvar,
            "discharge_bus_kw": step.discharge_bus_kw,
            "charge_kw": step.charge_group_kw, "discharge_kw": step.discharge_group_kw,
            "tariff_usd": step.tariff_group_usd, "wear_usd": step.wear_group_usd,
            "refusals": step.by_behaviour.astype(np.float64), "stored_kwh": step.energy_kwh,
            "soc_count": self.soc_count,
            "departures_short_kwh": float(step.departure_short_kwh.sum()),
            **{name: float(getattr(step, name).sum()) for name in of_step("fleet", "sum")},
            **{name: float(getattr(step, name)) for name in of_step("fleet", "number")},
        }

    def _totals(self) -> VehicleTotals:
        vehicles = self.district.vehicles
        return VehicleTotals(
            class_index=vehicles.class_index, stored_start_kwh=self.stored_start_kwh,
            stored_end_kwh=self.fleet.energy_kwh, capacity_kwh=vehicles.capacity_kwh,
            age_years=vehicles.age_years, is_enrolled=vehicles.is_enrolled.astype(np.int64),
            is_bidirectional=vehicles.is_bidirectional.astype(np.int64),
            p_discharge_max_kw=vehicles.p_discharge_max_kw, **self.sums)


def _plugged_shares(declared: DeclaredTable, presence: PresenceTable) -> tuple[Floats, Floats]:
    """[V] shares of the step in which each car is plugged in: in the stay that goes on, and in one that begins."""
    return (np.where(declared.is_plugged, presence.stay_fraction, 0.0),
            np.where(presence.arrived_bus_index >= 0, presence.arrived_stay_fraction, 0.0))
