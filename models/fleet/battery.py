"""A battery behind its charger for a stretch of time: what a requested power really does. Vectorised over cars."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from models.fleet.charger_curves import ChargerCurve
from models.records.arrays import Floats, Ints, Table, refuse
from models.records.vehicles import Vehicles

TINY_KW = 1e-9
"""Below it a power moves nothing; it would overflow as a divisor."""
Curves = tuple[ChargerCurve | None, ...]
"""Efficiency by load of each kind of charger; None: the cars' constant pair."""


@dataclass(frozen=True)
class Batteries:
    """Constants of the cars treated together, arrays [N]."""

    capacity_kwh: Floats
    p_charge_max_kw: Floats
    p_discharge_max_kw: Floats
    eta_charge: Floats
    eta_discharge: Floats
    max_kwh: Floats
    floor_kwh: Floats
    """Discharging into the grid stops here."""
    taper_start_soc: Floats

    @classmethod
    def of(cls, vehicles: Vehicles) -> Batteries:
        """The batteries of all vehicles."""
        return cls(vehicles.capacity_kwh, vehicles.p_charge_max_kw, vehicles.p_discharge_max_kw,
                   vehicles.eta_charge, vehicles.eta_discharge, vehicles.soc_max * vehicles.capacity_kwh,
                   vehicles.soc_floor_v2g * vehicles.capacity_kwh, vehicles.taper_start_soc)

    def rows(self, index: Ints) -> Batteries:
        """The chosen cars."""
        return Batteries(*(getattr(self, name).take(index) for name in self.__dataclass_fields__))


def refuse_impossible(cars: Batteries, energy_kwh: Floats) -> None:
    """Raise RecordError for cars [N] that no battery can be, with energy_kwh [N] in them."""
    soc = energy_kwh / np.where(cars.capacity_kwh > 0, cars.capacity_kwh, np.inf)
    checks = {"capacity_kwh": (cars.capacity_kwh, cars.capacity_kwh > 0, "above 0"),
              "soc": (soc, (soc >= 0) & (soc <= 1), "0 to 1"),
              "p_charge_max_kw": (cars.p_charge_max_kw, cars.p_charge_max_kw >= 0, "at least 0"),
              "p_discharge_max_kw": (cars.p_discharge_max_kw, cars.p_discharge_max_kw >= 0, "at least 0"),
              "eta_charge": (cars.eta_charge, (cars.eta_charge > 0) & (cars.eta_charge <= 1), "above 0, at most 1"),
              "eta_discharge": (cars.eta_discharge, (cars.eta_discharge > 0) & (cars.eta_discharge <= 1),
                                "above 0, at most 1"),
              "soc_floor": (cars.floor_kwh / np.where(cars.capacity_kwh > 0, cars.capacity_kwh, np.inf),
                            cars.floor_kwh <= cars.max_kwh, "at most soc_max"),
              "taper_start_soc": (cars.taper_start_soc, (cars.taper_start_soc >= 0) & (cars.taper_start_soc <= 1),
                                  "0 to 1")}
    refuse([f"car {i + 1}: {name}={values[i]:g}, allowed: {allowed}"
            for name, (values, holds, allowed) in checks.items() for i in np.flatnonzero(~holds)[:1]], "batteries")


@dataclass(frozen=True)
class Exchange(Table):
    """What went through chargers, arrays [N] in kWh."""

    charged_kwh: Floats
    """At the bus."""
    discharged_kwh: Floats
    stored_kwh: Floats
    """Into the battery; eta_charge charged_kwh where the efficiency is constant."""
    drawn_kwh: Floats
    """Out of the battery; discharged_kwh / eta_discharge where the efficiency is constant."""
    mismatch_kwh: Floats
    """Delivered less than by constant efficiency without taper, or drawn more for it."""


def exchange(cars: Batteries, energy_kwh: Floats, power_kw: Floats, hours: Floats, ceiling_kwh: Floats,
             curve: ChargerCurve | None = None) -> Exchange:
    """Hold power_kw [N] at the bus (positive = charging) for hours [N], as far as charger and battery allow.

    Charging ends at ceiling_kwh [N], discharging at the V2G floor. Above taper_start_soc s0 the charging limit
    falls linearly, p <= pc (1 - s)/(1 - s0), solved exactly, so that the outcome does not depend on the step.
    With a curve the efficiency is that of the load; without one it is the cars' constant pair.
    """
    # set-points come from any controller: the charger's rating holds whatever is asked
    p_kw = np.minimum(np.maximum(power_kw, -cars.p_discharge_max_kw), cars.p_charge_max_kw)
    charge_kw, discharge_kw = np.maximum(p_kw, 0.0), np.maximum(-p_kw, 0.0)
    # a battery may hold more than its driver wants or, after a drive, less than the V2G floor: it then stands still
    room_kwh = np.maximum(ceiling_kwh - energy_kwh, 0.0)
    above_kwh = np.maximum(energy_kwh - cars.floor_kwh, 0.0)
    if curve is not None:
        return _exchange_by_load(cars, energy_kwh, charge_kw, discharge_kw, hours, room_kwh, above_kwh, curve)
    # charged follows from stored: a battery that is full within the step draws less at the bus
    ideal_kwh = np.minimum(cars.eta_charge * charge_kw * hours, room_kwh)
    stored_kwh, charged_kwh = ideal_kwh, ideal_kwh / cars.eta_charge
    # few cars are in their taper at a time: exponentials for them alone
    tapered = np.flatnonzero((energy_kwh + stored_kwh > cars.taper_start_soc * cars.capacity_kwh) & (p_kw > 0))
    if tapered.size:
        stored_kwh, charged_kwh = stored_kwh.copy(), charged_kwh.copy()
        stored_kwh[tapered], charged_kwh[tapered] = _taper(
            cars.rows(tapered), energy_kwh[tapered], charge_kw[tapered], hours[tapered], room_kwh[tapered])
    drawn_kwh = np.minimum(discharge_kw * hours / cars.eta_discharge, above_kwh)
    return Exchange(charged_kwh, drawn_kwh * cars.eta_discharge, stored_kwh, drawn_kwh, ideal_kwh - stored_kwh)


def at_bus_kw(vehicles: Vehicles, battery_kw: Floats, curves: Curves) -> Floats:
    """Power at the bus [V] for a power into (below 0: out of) the battery [V], by the charger's curve where it has one.

    With a curve it is within the charger's rated power.
    """
    power_kw = np.where(battery_kw > 0, battery_kw / vehicles.eta_charge, battery_kw * vehicles.eta_discharge)
    for index, curve in enumerate(curves):
        if curve is not None:
            # curves are in shares of the rated power, hence the division; a car without power must not divide by 0
            rows = np.flatnonzero(vehicles.charger_kind == index)
            rated_kw = np.maximum(vehicles.p_charge_max_kw[rows], TINY_KW)
            power_kw[rows] = rated_kw * curve.load_for(battery_kw[rows] / rated_kw)
    return np.asarray(power_kw, dtype=np.float64)


def exchange_by_kind(cars: Batteries, kind: Ints, energy_kwh: Floats, power_kw: Floats, hours: Floats,
                     ceiling_kwh: Floats, curves: Curves) -> Exchange:
    """`exchange` with the curve of each car's kind of charger [N], an index into `Groups.kinds`."""
    if all(curve is None for curve in curves):
        return exchange(cars, energy_kwh, power_kw, hours, ceiling_kwh)
    columns = np.zeros((len(fields(Exchange)), kind.size))
    for index, curve in enumerate(curves):
        rows = np.flatnonzero(kind == index)
        done = exchange(cars.rows(rows), energy_kwh[rows], power_kw[rows], hours[rows], ceiling_kwh[rows], curve)
        columns[:, rows] = [getattr(done, field.name) for field in fields(Exchange)]
    return Exchange(*columns)


def _exchange_by_load(cars: Batteries, energy_kwh: Floats, charge_kw: Floats, discharge_kw: Floats, hours: Floats,
                      room_kwh: Floats, above_kwh: Floats, curve: ChargerCurve) -> Exchange:
    """`exchange` with a curve; the mismatch is against the plan's constant pair, below 0 where that is worse."""
    rated_kw = np.maximum(cars.p_charge_max_kw, TINY_KW)
    into_kw = rated_kw * curve.into_battery(charge_kw / rated_kw)
    # with a curve the power into the battery is known and the time follows; without one the energy was capped directly
    active_h = _time(room_kwh, into_kw, hours)
    stored_kwh, charged_kwh = into_kw * active_h, charge_kw * active_h
    tapered = np.flatnonzero((energy_kwh + stored_kwh > cars.taper_start_soc * cars.capacity_kwh) & (charge_kw > 0))
    if tapered.size:
        stored_kwh[tapered], charged_kwh[tapered] = _taper_by_load(
            cars.rows(tapered), energy_kwh[tapered], charge_kw[tapered], hours[tapered], room_kwh[tapered], curve)
    out_kw = rated_kw * curve.out_of_battery(discharge_kw / rated_kw)
    giving_h = _time(above_kwh, out_kw, hours)
    drawn_kwh, discharged_kwh = out_kw * giving_h, discharge_kw * giving_h
    planned_kwh = np.minimum(cars.eta_charge * charge_kw * hours, room_kwh)
    # A battery filled to its ceiling lacks no energy; the extra energy drawn at the bus counts instead.
    is_full = stored_kwh >= room_kwh - TINY_KW
    short_kwh = np.where(is_full, cars.eta_charge * charged_kwh - stored_kwh, planned_kwh - stored_kwh)
    return Exchange(charged_kwh, discharged_kwh, stored_kwh, drawn_kwh,
                    short_kwh + drawn_kwh - discharged_kwh / cars.eta_discharge)


def _time(energy_kwh: Floats, power_kw: Floats, hours: Floats) -> Floats:
    """[N] hours until the energy has gone through, at most `hours`; 0 without power."""
    until_h = np.divide(energy_kwh, power_kw, out=np.zeros_like(hours), where=power_kw > TINY_KW)
    return np.asarray(np.minimum(hours, until_h))


def _taper(cars: Batteries, energy_kwh: Floats, charge_kw: Floats, hours: Floats,
           room_kwh: Floats) -> tuple[Floats, Floats]:
    """(stored, charged) [N] of charging cars that reach the taper: constant power first, then exponential.

    Up to s_p = 1 - (p/pc)(1 - s0) the power is p; beyond, ds/dt = eta/C pc (1-s)/(1-s0), hence
    s(t) = 1 - (1 - s_1) exp(-k t) with k = eta pc / (C (1-s0)).
    """
    span_kwh = np.maximum((1.0 - cars.taper_start_soc) * cars.capacity_kwh, 1e-12)
    knee_kwh = cars.capacity_kwh - charge_kw / cars.p_charge_max_kw * span_kwh
    rate_kw = cars.eta_charge * np.maximum(charge_kw, 0.0)
    # up to the knee the charger is the limit, beyond it the battery; 0 for a car that is beyond it already
    to_knee_kwh = np.minimum(np.maximum(knee_kwh - energy_kwh, 0.0), room_kwh)
    first_h = np.minimum(hours, np.divide(to_knee_kwh, rate_kw, out=hours.copy(), where=rate_kw > TINY_KW))
    first_kwh = rate_kw * first_h
    speed_per_h = cars.eta_charge * cars.p_charge_max_kw / span_kwh
    gap_kwh = np.maximum(cars.capacity_kwh - energy_kwh - first_kwh, 0.0)
    # expm1 keeps the digits of short times, where 1 - exp loses them
    decay_kwh = gap_kwh * -np.expm1(-speed_per_h * (hours - first_h))
    second_kwh = np.minimum(decay_kwh, room_kwh - first_kwh)
    stored_kwh = first_kwh + second_kwh
    # rounding may leave a hair more at the bus than was asked for
    return stored_kwh, np.minimum(stored_kwh / cars.eta_charge, charge_kw * hours)


def _taper_by_load(cars: Batteries, energy_kwh: Floats, charge_kw: Floats, hours: Floats, room_kwh: Floats,
                   curve: ChargerCurve) -> tuple[Floats, Floats]:
    """`_taper` with a curve: beyond the knee the load x = (C - e)/(C (1 - s0)) falls by dx/dt = -pc g(x)/(C (1-s0))."""
    span_kwh = np.maximum((1.0 - cars.taper_start_soc) * cars.capacity_kwh, 1e-12)
    load = charge_kw / cars.p_charge_max_kw
    into_kw = cars.p_charge_max_kw * curve.into_battery(load)
    to_knee_kwh = np.minimum(np.maximum(cars.capacity_kwh - load * span_kwh - energy_kwh, 0.0), room_kwh)
    first_h = _time(to_knee_kwh, into_kw, hours)
    first_kwh = into_kw * first_h
    begin = np.minimum((cars.capacity_kwh - energy_kwh - first_kwh) / span_kwh, load)
    # the load at which the battery reaches its ceiling ends the taper before its time
    least = begin - (room_kwh - first_kwh) / span_kwh
    # the curve knows the time from full load down to any other: the end is the load at a later time on it
    until, worked = curve.time_down_to(begin)
    speed_per_h = cars.p_charge_max_kw / span_kwh
    end = np.minimum(np.maximum(curve.load_after(until + speed_per_h * (hours - first_h)), least), begin)
    work = curve.time_down_to(end)[1] - worked
    return first_kwh + span_kwh * (begin - end), charge_kw * first_h + span_kwh * work
