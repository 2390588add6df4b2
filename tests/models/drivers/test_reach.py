"""A zone that is out cannot be reached from midnight to midnight, whenever its cars came."""

from __future__ import annotations

import numpy as np

from models.drivers.behaviours import COMPLIED, ZONE_OUT, follows
from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.drivers.willingness import DriverParameters, Drivers
from models.mobility.mobility import Mobility
from models.mobility.trips import TripWishes
from models.records.feeder import Site

STEP, DAY = 1800, 86_400
SITE = Site(np.array([-1, 0, 1, 2]), np.array([0, 80, 80, 80]), np.array([0, 9, 9, 9]))
CARS = draw_vehicles(FleetParameters(private=60, taxi=6, government=10), district_seed(7, 0))


def drivers(probability: float) -> Drivers:
    parameters = DriverParameters(compliance_mean=0.8, zone_outages_per_day=-np.log1p(-probability))
    return Drivers(CARS, district_seed(7, 0), parameters)


def test_modes_follow_the_zone_and_the_day() -> None:
    """Half of the days are out; beside it the same world without outages says what would have been."""
    worlds = [Mobility(CARS, SITE, TripWishes(CARS.class_index, district_seed(7, 0)), drivers(p), 0)
              for p in (0.5, 0.0)]
    seen = set()
    for now_s in range(0, 6 * DAY, STEP):
        out = drivers(0.5).zones_out(now_s // DAY)
        bus = worlds[0].declared().bus_index
        there, free = (world.advance(now_s + STEP, np.full(CARS.count, 0.6)) for world in worlds)
        for place, behaviour, would in ((bus, there.behaviour, free.behaviour),
                                   (there.arrived_bus_index, there.arrived_behaviour, free.arrived_behaviour)):
            is_out = (place >= 0) & out[SITE.bus_zone[place]] & follows(would)
            assert np.array_equal(behaviour, np.where(is_out, ZONE_OUT, would))
            seen |= {(bool(now), int(old)) for now, old in zip(is_out[place >= 0], would[place >= 0], strict=True)}
    assert {(True, COMPLIED), (False, COMPLIED)} <= seen


def test_cars_that_came_the_day_before_are_out_too_and_come_back_at_midnight() -> None:
    some = drivers(0.5)
    days = [day for day in range(1, 30) if some.zones_out(day)[0] and not some.zones_out(day + 1)[0]]
    world = Mobility(CARS, SITE, TripWishes(CARS.class_index, district_seed(7, 0)), some, 0)
    shares = {}
    for now_s in range(0, (days[0] + 1) * DAY + STEP, STEP):
        bus = world.declared().bus_index
        behaviour = world.advance(now_s + STEP, np.full(CARS.count, 0.6)).behaviour
        home = (bus >= 0) & (SITE.bus_zone[bus] == 0)
        shares[now_s] = np.mean(behaviour[home] == ZONE_OUT)
    assert shares[days[0] * DAY] > 0.6 and shares[(days[0] + 1) * DAY - STEP] > 0.6
    assert shares[(days[0] + 1) * DAY] == 0
