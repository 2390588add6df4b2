"""A battery behind its charger for a stretch of time: what a requested power really does. Vectorised over cars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records import Floats, Ints, Table, Vehicles

TINY_KW = 1e-9
"""Below it a power moves nothing; it would overflow as a divisor."""


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


@dataclass(frozen=True)
class Exchange(Table):
    """What went through chargers, arrays [N] in kWh."""

    charged_kwh: Floats
    """At the bus."""
    discharged_kwh: Floats
    stored_kwh: Floats
    """Into the battery; eta_charge charged_kwh without part-load loss."""
    drawn_kwh: Floats
    """Out of the battery; discharged_kwh / eta_discharge without part-load loss."""
    mismatch_kwh: Floats
    """Delivered less than by constant efficiency without taper, or drawn more for it."""


def exchange(cars: Batteries, energy_kwh: Floats, power_kw: Floats, hours: Floats, ceiling_kwh: Floats,
             part_load_loss_kw: float = 0.0) -> Exchange:
    """Hold power_kw [N] at the bus (positive = charging) for hours [N], as far as charger and battery allow.

    Charging ends at ceiling_kwh [N], discharging at the V2G floor. Above taper_start_soc s0 the charging limit
    falls linearly, p <= pc (1 - s)/(1 - s0), solved exactly, so that the outcome does not depend on the step.
    The charger itself burns part_load_loss_kw (bus side when charging, battery side of the inverter when
    discharging) while it runs.
    """
    p_kw = np.minimum(np.maximum(power_kw, -cars.p_discharge_max_kw), cars.p_charge_max_kw)
    charge_kw, discharge_kw = np.maximum(p_kw, 0.0), np.maximum(-p_kw, 0.0)
    room_kwh = np.maximum(ceiling_kwh - energy_kwh, 0.0)
    ideal_kwh = np.minimum(cars.eta_charge * charge_kw * hours, room_kwh)
    stored_kwh, charged_kwh = ideal_kwh, ideal_kwh / cars.eta_charge
    if part_load_loss_kw > 0:
        stored_kwh, charged_kwh = _charge_with_loss(cars, charge_kw, hours, room_kwh, part_load_loss_kw)
    tapered = np.flatnonzero((energy_kwh + stored_kwh > cars.taper_start_soc * cars.capacity_kwh) & (p_kw > 0))
    if tapered.size:
        stored_kwh, charged_kwh = stored_kwh.copy(), charged_kwh.copy()
        stored_kwh[tapered], charged_kwh[tapered] = _taper(
            cars.rows(tapered), energy_kwh[tapered], charge_kw[tapered], hours[tapered], room_kwh[tapered],
            part_load_loss_kw)
    above_kwh = np.maximum(energy_kwh - cars.floor_kwh, 0.0)
    drawn_kwh = np.minimum(discharge_kw * hours / cars.eta_discharge, above_kwh)
    discharged_kwh = drawn_kwh * cars.eta_discharge
    mismatch_kwh = ideal_kwh - stored_kwh
    if part_load_loss_kw > 0:
        ideal_out_kwh = drawn_kwh - discharged_kwh
        drawn_kwh, discharged_kwh = _discharge_with_loss(cars, discharge_kw, hours, above_kwh,
                                                         part_load_loss_kw)
        mismatch_kwh = mismatch_kwh + (drawn_kwh - discharged_kwh) - ideal_out_kwh
    return Exchange(charged_kwh, discharged_kwh, stored_kwh, drawn_kwh, mismatch_kwh)


def _charge_with_loss(cars: Batteries, charge_kw: Floats, hours: Floats, room_kwh: Floats,
                      loss_kw: float) -> tuple[Floats, Floats]:
    """(stored, charged) [N] when the charger burns loss_kw of what it draws."""
    rate_kw = cars.eta_charge * np.maximum(charge_kw - loss_kw, 0.0)
    active_h = np.minimum(hours, np.divide(room_kwh, rate_kw, out=np.zeros_like(hours), where=rate_kw > TINY_KW))
    return rate_kw * active_h, charge_kw * active_h


def _discharge_with_loss(cars: Batteries, discharge_kw: Floats, hours: Floats, above_kwh: Floats,
                         loss_kw: float) -> tuple[Floats, Floats]:
    """(drawn, discharged) [N] when the inverter burns loss_kw beside what it feeds in."""
    rate_kw = np.where(discharge_kw > 0, discharge_kw + loss_kw, 0.0) / cars.eta_discharge
    active_h = np.minimum(hours, np.divide(above_kwh, rate_kw, out=np.zeros_like(hours), where=rate_kw > TINY_KW))
    return rate_kw * active_h, discharge_kw * active_h


def _taper(cars: Batteries, energy_kwh: Floats, charge_kw: Floats, hours: Floats, room_kwh: Floats,
           loss_kw: float) -> tuple[Floats, Floats]:
    """(stored, charged) [N] of charging cars that reach the taper: constant power first, then exponential.

    Up to s_p = 1 - (p/pc)(1 - s0) the power is p; beyond, ds/dt = eta/C (pc (1-s)/(1-s0) - loss), hence
    s(t) = s_inf - (s_inf - s_1) exp(-k t) with k = eta pc / (C (1-s0)), s_inf = 1 - loss (1-s0)/pc.
    """
    span_kwh = np.maximum((1.0 - cars.taper_start_soc) * cars.capacity_kwh, 1e-12)
    knee_kwh = cars.capacity_kwh - charge_kw / cars.p_charge_max_kw * span_kwh
    rate_kw = cars.eta_charge * np.maximum(charge_kw - loss_kw, 0.0)
    to_knee_kwh = np.minimum(np.maximum(knee_kwh - energy_kwh, 0.0), room_kwh)
    first_h = np.minimum(hours, np.divide(to_knee_kwh, rate_kw, out=hours.copy(), where=rate_kw > TINY_KW))
    first_kwh = rate_kw * first_h
    limit_kwh = cars.capacity_kwh - loss_kw * span_kwh / cars.p_charge_max_kw
    speed_per_h = cars.eta_charge * cars.p_charge_max_kw / span_kwh
    gap_kwh = np.maximum(limit_kwh - energy_kwh - first_kwh, 0.0)
    decay_kwh = gap_kwh * -np.expm1(-speed_per_h * (hours - first_h))
    second_kwh = np.minimum(decay_kwh, room_kwh - first_kwh)
    stored_kwh = first_kwh + second_kwh
    # The ceiling may end the second part early: t = -ln(1 - x/gap)/k.
    share = np.divide(second_kwh, gap_kwh, out=np.zeros_like(hours), where=gap_kwh > 0)
    until_h = -np.log1p(-np.minimum(share, 1 - 1e-16)) / speed_per_h
    active_h = first_h + np.minimum(hours - first_h, until_h)
    charged_kwh = stored_kwh / cars.eta_charge + loss_kw * active_h
    return stored_kwh, np.minimum(charged_kwh, charge_kw * hours)
