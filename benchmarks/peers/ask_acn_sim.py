"""Charging cases asked of ACN-Sim: its batteries, without losses; those with a taper of its two-stage kind."""

from __future__ import annotations

import sys
from pathlib import Path

from acnportal.acnsim.models.battery import Battery, Linear2StageBattery
from charging_cases import Cannot, ask

VOLTS = 240.0


def answer(car: dict[str, float]) -> dict[str, float]:
    """One step of one car."""
    if car["power_kw"] < 0:
        raise Cannot("cars do not discharge")
    if car["eta_charge"] != 1:
        raise Cannot("charging has no losses")
    if car["soc_floor"] or car["soc_max"] != 1:
        raise Cannot("no floor and no ceiling but the capacity")
    capacity = car["capacity_kwh"]
    begin = car["soc"] * capacity
    if car["taper_start_soc"] < 1:
        battery = Linear2StageBattery(capacity, begin, car["p_charge_max_kw"], transition_soc=car["taper_start_soc"])
    else:
        battery = Battery(capacity, begin, car["p_charge_max_kw"])
    amps = battery.charge(car["power_kw"] * 1e3 / VOLTS, VOLTS, car["hours"] * 60)
    stored = amps * VOLTS / 1e3 * car["hours"]
    return {"charged_kwh": stored, "stored_kwh": stored, "soc_end": (begin + stored) / capacity}


ask(Path(sys.argv[1]), "acn-sim", "acnportal", answer)
