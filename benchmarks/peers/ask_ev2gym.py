"""Charging and discharging cases asked of EV2Gym's cars, on one phase."""

from __future__ import annotations

import sys
from pathlib import Path

from charging_cases import Cannot, ask
from ev2gym.models.ev import EV

VOLTS = 230.0


def answer(car: dict[str, float]) -> dict[str, float]:
    """One step of one car; energy at the bus is what its charger books, the energy that `EV.step` returns."""
    if car["soc_max"] != 1:
        raise Cannot("no ceiling but the capacity")
    capacity = car["capacity_kwh"]
    begin = car["soc"] * capacity
    ev = EV(id=0, location=0, battery_capacity_at_arrival=begin, time_of_arrival=0, time_of_departure=10,
            desired_capacity=capacity, battery_capacity=capacity, min_battery_capacity=car["soc_floor"] * capacity,
            min_emergency_battery_capacity=0.0, max_ac_charge_power=car["p_charge_max_kw"], min_ac_charge_power=0.0,
            max_discharge_power=-car["p_discharge_max_kw"], min_discharge_power=0.0, ev_phases=1,
            transition_soc=car["taper_start_soc"], charge_efficiency=car["eta_charge"],
            discharge_efficiency=car["eta_discharge"], timescale=car["hours"] * 60)
    booked, _ = ev.step(car["power_kw"] * 1e3 / VOLTS, VOLTS)
    moved = ev.current_capacity - begin
    return {"charged_kwh": max(booked, 0.0), "discharged_kwh": max(-booked, 0.0), "stored_kwh": max(moved, 0.0),
            "drawn_kwh": max(-moved, 0.0), "soc_end": ev.get_soc()}


ask(Path(sys.argv[1]), "ev2gym", "ev2gym", answer)
