"""Recorded sessions replayed into batteries without a controller: what each charges, at any step."""

from __future__ import annotations

import numpy as np

from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.drivers.willingness import DriverParameters, Drivers
from models.fleet.battery import Curves
from models.fleet.fleet import ChargingParameters, Fleet
from models.mobility.recorded_sessions import DAY_S, RecordedSessions
from models.mobility.session_replay import ReplayInputs, SessionReplay, slots_of
from models.records.arrays import Floats
from models.records.feeder import Site
from models.records.vehicles import Vehicles

HOUR = 3600


def site(slow: int = 4) -> Site:
    """Slack, two office buses, one residential bus."""
    return Site(np.array([-1, 2, 2, 0]), np.array([0, slow, slow, slow]), np.zeros(4, dtype=np.int64))


def fleet(count: int = 3) -> Vehicles:
    parameters = FleetParameters(private=count, taxi=0, government=0, eta_charge=0.95, eta_discharge=0.95)
    return draw_vehicles(parameters, district_seed(1, 0))


def session_kwh(recorded: RecordedSessions, step_s: int, days: int, cars: int = 6, *, first_s: int = 0,
                curves: Curves = (None, None)) -> Floats:
    """[S] at the charger, of all sessions that arrive in `days` days from first_s of the recording on.

    Two sessions of a slot are so far apart that whole hours around them tell them apart.
    """
    vehicles, inputs = fleet(cars), ReplayInputs(recorded, first_s)
    mobility = SessionReplay(vehicles, site(), Drivers(vehicles, district_seed(1, 0), DriverParameters()), inputs, 0,
                             days * DAY_S)
    batteries = Fleet(vehicles, site().bus_zone, np.zeros(cars), parameters=ChargingParameters(curves=curves))
    replayed = inputs.between(0, days * DAY_S)
    until_s = -(-int(replayed.departure_s.max(initial=0)) // HOUR) * HOUR
    told, price = np.zeros(cars, dtype=np.int64), np.ones(1)
    hourly_kwh = np.zeros((until_s // HOUR + 1, cars))
    for now_s in range(0, until_s + HOUR, step_s):
        declared, presence = mobility.declared(), mobility.advance(now_s + step_s, batteries.soc)
        done = batteries.step(now_s, step_s, np.zeros(cars), told, declared, presence, "on_arrival", price, price)
        hourly_kwh[now_s // HOUR] += done.charged_kwh
    slots = slots_of(replayed, cars)
    spans = zip(slots.tolist(), (replayed.arrival_s // HOUR).tolist(), (replayed.departure_s // HOUR).tolist(),
                strict=True)
    return np.array([hourly_kwh[first:last + 1, slot].sum() for slot, first, last in spans])
