"""The cars as a simulator: what leaves a district is in MW for the system and in kW for the rest."""

from dataclasses import replace

import numpy as np
import pytest

from models.records.groups import THREE_CLASSES
from models.records.vehicles import DeclaredTable, PresenceTable
from testbed.running.preflight import checked_scenario
from testbed.setup.districts import build_districts
from testbed.setup.knowledge import driver_response
from testbed.simulators.fleet import DistrictFleet
from testbed.wiring.crossings import Instructions
from testbed.wiring.run_spec import RunSpec


@pytest.fixture
def fleet(tmp_path):
    """The cars of a district, the district, and how many they are."""
    spec = RunSpec(checked_scenario("smoke"), "uncoordinated", 1, tmp_path / "x.h5")
    district = build_districts(spec)["feeder33"]
    return DistrictFleet(spec, district, driver_response(spec.scenario)), district, district.vehicles.count


def test_nothing_is_heard_of_what_cars_at_dead_chargers_could_give(fleet):
    """Two cars are told 2 kW, one of them at a bus without supply: it takes nothing and is no reserve."""
    core, district, n = fleet
    told_to = np.arange(n) < 2
    bus = np.where(told_to, np.flatnonzero(district.site.bus_zone >= 0)[np.minimum(np.arange(n), 1)], -1)
    zeros, ints, nowhere = np.zeros(n), np.zeros(n, dtype=np.int64), np.full(n, -1)
    declared = DeclaredTable(bus, ints, np.full(n, 36_000), np.full(n, 0.8))
    presence = PresenceTable(1.0 * told_to, zeros, zeros, zeros, nowhere, ints, ints, ints, zeros > 0, ints, zeros,
                             np.zeros(district.site.bus_count, dtype=np.int64))
    told = Instructions(2.0 * told_to, 1 * told_to, np.zeros(district.site.bus_count))
    step = core.fleet.step(0, 900, told.setpoint_kw, told.is_dispatched, declared, presence, "on_arrival", np.ones(1),
                           np.ones(1))
    room = {}
    for name, is_dead in (("all", None), ("dead", np.arange(district.site.bus_count) == bus[0])):
        core.read_meters(0, 900, told, declared, core.fleet.soc, step, is_dead)
        room[name] = core.reserve["interruptible_mw"]
    assert core.requested_kw[:2].tolist() == [2.0, 2.0] and core.limited_kw[:2].tolist() == [0.0, 2.0]
    assert room["all"] > room["dead"] > 0


def test_the_system_is_told_the_power_of_all_groups_in_mw(fleet):
    core, district, n = fleet
    nowhere, zeros, ints = np.full(n, -1), np.zeros(n), np.zeros(n, dtype=np.int64)
    declared = DeclaredTable(nowhere, ints, ints, zeros)
    presence = PresenceTable(zeros, zeros, zeros, zeros, nowhere, ints, ints, ints, zeros > 0, ints, zeros,
                             np.zeros(district.site.bus_count, dtype=np.int64))
    told = Instructions(zeros, ints, np.zeros(district.site.bus_count))
    step = core.fleet.step(0, 900, zeros, ints, declared, presence, "on_arrival", np.ones(1), np.ones(1))
    core.read_meters(0, 900, told, declared, core.fleet.soc, step)
    values = core.values(replace(step, charge_group_kw=np.full(THREE_CLASSES.count, 100.0),
                                 discharge_group_kw=np.full(THREE_CLASSES.count, 10.0)), is_last=False)
    assert values["charge_kw"].sum() == THREE_CLASSES.count * 100.0
    assert values["pev_mw"].charge_mw == pytest.approx(THREE_CLASSES.count * 0.1)
    assert values["pev_mw"].discharge_mw == pytest.approx(THREE_CLASSES.count * 0.01)
