"""Cars and steps for the tests of the fleet: small, plain, and told apart by what a test changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.drivers.behaviours import COMPLIED
from models.fleet.charger_curves import ChargerCurve
from models.fleet.fleet import Fleet, FleetStep
from models.records.arrays import Floats, Ints
from models.records.vehicles import DeclaredTable, PresenceTable, Vehicles

HOUR, STEP = 3600, 900
PRICE_IN, PRICE_OUT = np.array([0.2, 0.1]), np.array([0.3, 0.4])
FAR_S = 2**60
WANTED = 0.8
"""SOC that drivers want."""
PART_LOAD = ChargerCurve(np.array([0.5, 1.0]), np.array([0.72, 0.76]), np.array([1 / 1.375, 0.76]))


def cars(count: int = 1, **changes: Any) -> Vehicles:
    """50 kWh, 8 kW both ways, efficiency 0.8, SOC 0.2..0.9, floor 0.35, wanted 0.8, now 0.5, no taper."""
    columns: dict[str, Any] = {
        "class_index": 0, "capacity_kwh": 50.0, "p_charge_max_kw": 8.0, "p_discharge_max_kw": 8.0,
        "eta_charge": 0.8, "eta_discharge": 0.8, "soc_min": 0.2, "soc_max": 0.9, "soc_floor_v2g": 0.35,
        "soc_wanted": WANTED, "soc_initial": 0.5, "taper_start_soc": 1.0, "consumption_kwh_per_km": 0.2,
        "age_years": 1.0, "is_enrolled": True}
    kinds = {"class_index": np.int64, "is_enrolled": np.bool_}
    return Vehicles(**{name: np.broadcast_to(np.asarray(changes.get(name, value)), count).astype(
        kinds.get(name, np.float64)) for name, value in columns.items()})


def whole(value: Any, count: int) -> Ints:
    return np.broadcast_to(np.asarray(value, dtype=np.int64), count).copy()


def real(value: Any, count: int) -> Floats:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), count).copy()


def declared_of(vehicles: Vehicles, bus: Any = 0, since_s: Any = 0, departure_s: Any = 10 * HOUR) -> DeclaredTable:
    n = vehicles.count
    return DeclaredTable(whole(bus, n), whole(since_s, n), whole(departure_s, n), vehicles.soc_wanted)


def presence_of(count: int = 1, **changes: Any) -> PresenceTable:
    """Plugged in for the whole step, complying, not driving."""
    columns: dict[str, Any] = {
        "stay_fraction": 1.0, "driven_kwh": 0.0, "arrived_fraction": 0.0, "arrived_bus_index": -1,
        "behaviour": COMPLIED, "arrived_behaviour": COMPLIED, "override_s": FAR_S, "departs": 0,
        "arrived_departure_s": FAR_S, "arrived_soc_wanted": WANTED,
        "arrived_stay_fraction": changes.get("arrived_fraction", 0.0)}
    reals = ("stay_fraction", "driven_kwh", "arrived_fraction", "arrived_stay_fraction", "arrived_soc_wanted")
    arrays: dict[str, Any] = {name: (real if name in reals else whole)(changes.get(name, value), count)
                              for name, value in columns.items()}
    arrays["departs"] = arrays["departs"].astype(np.bool_)
    return PresenceTable(**arrays, queue_length=np.zeros(2, dtype=np.int64))


def fleet_of(vehicles: Vehicles, **options: Any) -> Fleet:
    return Fleet(vehicles, np.array([0, 2]), np.full(vehicles.count, 0.05), **options)


def run(fleet: Fleet, setpoint_kw: Any = 0.0, *, told: Any = 1, declared: DeclaredTable | None = None,
        presence: PresenceTable | None = None, now_s: int = 0, dt_s: int = STEP, **options: Any) -> FleetStep:
    n = fleet.vehicles.count
    behaviour = options.pop("behaviour", "on_arrival")
    return fleet.step(now_s, dt_s, real(setpoint_kw, n), whole(told, n), declared or declared_of(fleet.vehicles),
                      presence or presence_of(n), behaviour, PRICE_IN, PRICE_OUT, **options)
