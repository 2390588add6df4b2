"""Expected stays: what they mean, where they come from, and that the cache never lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.drivers.plug_in_habit import PlugInHabit
from models.drivers.population import FleetParameters, district_seed, own_plug_in_soc
from models.fleet.free_load import at_once_kw
from models.mobility import expectation
from models.mobility.expectation import (
    DistrictInputs,
    ExpectedSessions,
    expected_sessions,
    perfect_sessions,
    populate,
    simulate_sessions,
)
from models.mobility.trip_parameters import TripParameters
from models.mobility.trips import DAY_S
from models.mobility.trips_home import MOST_HOME_TRIPS
from models.records.arrays import Floats
from models.records.feeder import Site
from models.records.flexibility import Sessions
from models.records.groups import THREE_CLASSES

SEED = district_seed(2, 0)
PLENTY = Site(np.arange(3), np.full(3, 2_500), np.zeros(3, dtype=np.int64))
SITE = Site(np.arange(3), np.full(3, 500), np.array([0, 500, 0]))
INPUTS = DistrictInputs(FleetParameters(40, 10, 10, eta_charge=0.95, eta_discharge=0.95), SITE)


def stays(start_h: list[float], departure_h: list[float], energy_kwh: list[float],
          weight: float = 1.0) -> Sessions:
    """Cars of 7 kW and 0.95 each way that want 40 kWh."""
    n = len(start_h)
    return Sessions(
        group=np.zeros(n, dtype=np.int64), bus_index=np.full(n, -1),
        start_s=(np.array(start_h) * 3600).astype(np.int64),
        departure_s=(np.array(departure_h) * 3600).astype(np.int64),
        energy_kwh=np.array(energy_kwh), wanted_kwh=np.full(n, 40.0), max_kwh=np.full(n, 45.0),
        floor_v2g_kwh=np.full(n, 17.5), p_charge_max_kw=np.full(n, 7.0), p_discharge_max_kw=np.full(n, 7.0),
        eta_charge=np.full(n, 0.95), eta_discharge=np.full(n, 0.95), weight=np.full(n, weight))


def assert_same(first: ExpectedSessions, other: ExpectedSessions) -> None:
    for name, values in first.sessions.to_arrays().items():
        np.testing.assert_array_equal(values, getattr(other.sessions, name), err_msg=name)
    np.testing.assert_array_equal(first.is_enrolled, other.is_enrolled)


# ---------------------------------------------------------------- load at once
def load_at_once_kw(sessions: Sessions, start_s: int, hours: int) -> Floats:
    """Of all cars [H], each counted by its weight."""
    edges_s = start_s + 3600 * np.arange(hours + 1)
    return at_once_kw(sessions, edges_s, sessions.weight, np.zeros(sessions.count, dtype=np.int64), 1)[0]


def test_load_of_one_car() -> None:
    """From 17:30 two hours at 7 kW put 13.3 kWh into the battery."""
    load_kw = load_at_once_kw(stays([17.5], [31], [40 - 13.3], weight=2.0), 16 * 3600, 6)
    np.testing.assert_allclose(load_kw, [0, 7, 14, 7, 0, 0], atol=1e-9)


def test_load_ends_with_the_stay_and_at_wanted() -> None:
    leaves = load_at_once_kw(stays([1], [1.5], [0]), 0, 3)
    np.testing.assert_allclose(leaves, [0, 3.5, 0], atol=1e-9)
    assert not load_at_once_kw(stays([1], [9], [42]), 0, 3).any()


def test_load_of_stays_across_the_window_s_ends() -> None:
    load_kw = load_at_once_kw(stays([-1, 1.25, 3.0, 9], [9, 9, 9, 20], [0, 0, 0, 0]), 0, 3)
    np.testing.assert_allclose(load_kw, [7, 7 + 5.25, 14], atol=1e-9)


def test_load_carries_all_energy() -> None:
    sessions = perfect_sessions(INPUTS, SEED, 1).sessions
    load_kw = load_at_once_kw(sessions, 0, 72)
    need_kwh = np.maximum(sessions.wanted_kwh - sessions.energy_kwh, 0)
    most_kwh = 0.95 * sessions.p_charge_max_kw * (sessions.departure_s - sessions.start_s) / 3600
    assert load_kw.sum() * 0.95 == pytest.approx(np.minimum(need_kwh, most_kwh).sum())


# ---------------------------------------------------------------- simulated stays
def test_perfect_is_the_run_s_own_future() -> None:
    """Every plug-in of the run after its warm-up, on a clock that begins at the counted midnight."""
    sessions = perfect_sessions(INPUTS, SEED, 2).sessions
    vehicles, mobility = populate(INPUTS, SEED)
    wanted_kwh = vehicles.soc_wanted * vehicles.capacity_kwh
    seen = set()
    for until_s in range(900, 3 * DAY_S + 1, 900):
        presence = mobility.advance(until_s, vehicles.soc_wanted)
        arrived = np.flatnonzero(presence.arrived_bus_index >= 0) if until_s > DAY_S else []
        for v in arrived:
            start_s = until_s - round(presence.arrived_fraction[v] * 900) - DAY_S
            if not vehicles.charger_kind[v]:  # taxis also look at their SOC
                seen.add((start_s, int(presence.arrived_departure_s[v]) - DAY_S, float(wanted_kwh[v])))
    got = zip(sessions.start_s, sessions.departure_s, sessions.wanted_kwh, strict=True)
    assert len(seen) > 100
    assert {tuple(row) for row, kw in zip(got, sessions.p_charge_max_kw, strict=True) if kw == 7} == seen
    assert np.all(sessions.weight == 1) and sessions.start_s.min() >= 0


def test_energy_at_plug_in_is_what_driving_left() -> None:
    """A commuter who was full in the morning arrives with wanted less the trip's energy."""
    inputs = replace(INPUTS, fleet=FleetParameters(200, 0, 0))
    sessions = perfect_sessions(inputs, SEED, 1).sessions
    used_kwh = sessions.wanted_kwh - sessions.energy_kwh
    assert used_kwh.min() >= 0 and np.all(sessions.energy_kwh >= 0)
    # Two legs of a median day: 39.5 km * 0.175 kWh/km / 2.
    assert np.median(used_kwh) == pytest.approx(39.5 * 0.175 / 2, rel=0.25)


def test_groups_hold_zone_class_and_direction() -> None:
    sessions = perfect_sessions(INPUTS, SEED, 1).sessions
    assert sessions.group.min() >= 0 and sessions.group.max() < THREE_CLASSES.count
    is_taxi = sessions.p_charge_max_kw > 7
    assert set(sessions.group[is_taxi]) == {(1 * 3 + THREE_CLASSES.class_names.index("taxi")) * 2}
    assert np.all(sessions.group[~is_taxi] % 2 == 1)
    assert np.all(sessions.bus_index == -1)


def test_warm_up_may_begin_before_zero() -> None:
    later = perfect_sessions(replace(INPUTS, start_s=-DAY_S), SEED, 1).sessions
    assert later.start_s.min() >= 0 and later.start_s.max() < DAY_S


# ---------------------------------------------------------------- expectation
def by_class(expected: ExpectedSessions, hours: int = 24) -> np.ndarray:
    """Expected stays per day that begin in the first `hours`, of slow and of fast cars."""
    s = expected.sessions
    early = s.start_s < hours * 3600
    is_slow = s.p_charge_max_kw == 7
    return np.array([s.weight[early & is_slow].sum(), s.weight[early & ~is_slow].sum()])


@pytest.mark.parametrize("limits", [(1, 2_500), (1, 60), (400, 500)])
def test_weights_give_a_day_of_the_whole_fleet(limits: tuple[int, int]) -> None:
    """All cars, a sample, or an enlarged fleet: the same number of stays a day."""
    inputs = replace(INPUTS, fleet=FleetParameters(160, 20, 20))
    day = by_class(expected_sessions(inputs, SEED, 4, vehicles_min=limits[0], vehicles_max=limits[1]))
    truth = by_class(perfect_sessions(inputs, district_seed(99, 0), 1))
    np.testing.assert_allclose(day, truth, rtol=0.12)


def test_horizon_holds_the_same_stays_again_the_next_day() -> None:
    expected = expected_sessions(INPUTS, SEED, 5, vehicles_min=1)
    s = expected.sessions
    assert s.start_s.min() >= 0 and DAY_S < s.start_s.max() < 2 * DAY_S
    assert np.all(s.departure_s > s.start_s)
    first, second = (s.weight[(s.start_s >= d * DAY_S) & (s.start_s < (d + 1) * DAY_S)].sum() for d in (0, 1))
    assert first == pytest.approx(second, rel=0.05)
    shorter = expected_sessions(INPUTS, SEED, 5, vehicles_min=1, horizon_h=30).sessions
    assert shorter.start_s.max() < 30 * 3600


def test_expectation_is_of_other_seeds() -> None:
    own = perfect_sessions(INPUTS, SEED, 1).sessions
    other = expected_sessions(INPUTS, SEED, 1, vehicles_min=1, horizon_h=24).sessions
    assert not set(own.wanted_kwh) & set(other.wanted_kwh)


def test_expected_load_agrees_with_other_days() -> None:
    inputs = replace(INPUTS, fleet=FleetParameters(300, 0, 0))
    load_kw = load_at_once_kw(expected_sessions(inputs, SEED, 5, vehicles_min=1).sessions, 0, 48)[24:]
    other = perfect_sessions(inputs, district_seed(42, 1), 3).sessions
    truth = load_at_once_kw(other, 0, 72)[24:].reshape(2, 24)
    assert load_kw.sum() == pytest.approx(truth.sum(axis=1).mean(), rel=0.1)
    assert np.corrcoef(load_kw, truth.mean(axis=0))[0, 1] > 0.9


@pytest.fixture(scope="module")
def at_home() -> DistrictInputs:
    habit = PlugInHabit()
    return replace(INPUTS, fleet=FleetParameters(1_000, 0, 0, habit=habit), site=PLENTY,
                   trips=TripParameters(trips="home"), drivers=replace(
                       INPUTS.drivers, habit=habit, private_stays_per_day=MOST_HOME_TRIPS + 1))


def test_what_is_expected_of_cars_at_home_is_a_mean_day_of_others(at_home: DistrictInputs) -> None:
    """After one day of warm-up as after fourteen: about half a plug-in a car and day, and what such a stay lacks."""
    s, settled = (expected_sessions(replace(at_home, warmup_days=days), SEED, 14, horizon_h=24).sessions
                  for days in (1, 14))
    assert s.weight.sum() == pytest.approx(settled.weight.sum(), rel=0.03)
    assert s.weight.sum() / 1_000 == pytest.approx(0.48, abs=0.04)
    lack_kwh, settled_kwh = (np.average(day.wanted_kwh - day.energy_kwh, weights=day.weight) for day in (s, settled))
    assert lack_kwh == pytest.approx(settled_kwh, rel=0.03)


def test_cars_at_home_begin_near_their_steady_state(at_home: DistrictInputs) -> None:
    """Mean state of charge by quarter of the drivers' habits at the start, after one day, and as the weeks go by."""
    vehicles, mobility = populate(at_home, SEED)
    by_habit = np.argsort(own_plug_in_soc(PlugInHabit(), vehicles.count, SEED)).reshape(4, -1)
    soc = vehicles.soc_initial
    midnights = [soc[by_habit].mean(axis=1)]
    for until_s in range(900, 22 * DAY_S, 900):
        soc, _ = expectation._charge_at_once(vehicles, mobility.advance(until_s, soc), soc, 0.25)
        if until_s % DAY_S == 0:
            midnights.append(soc[by_habit].mean(axis=1))
    steady = np.mean(midnights[7:], axis=0)
    assert np.all(np.diff(steady) > 0.03)
    np.testing.assert_allclose(midnights[0], steady, atol=0.045)
    np.testing.assert_allclose(midnights[1], steady, atol=0.02)


def test_whether_a_car_at_home_plugs_in_depends_on_what_it_holds(at_home: DistrictInputs) -> None:
    """The same wishes; a fleet that somebody keeps full plugs in less often, one that is kept low at every return."""
    counts = []
    for soc in (0.99, 0.6, 0.21):
        vehicles, mobility = populate(at_home, SEED)
        counts.append(0)
        for until_s in range(900, 3 * DAY_S, 900):
            counts[-1] += int((mobility.advance(until_s, np.full(vehicles.count, soc)).arrived_bus_index >= 0).sum())
    assert counts[0] < 0.2 * counts[1] and counts[1] < 0.7 * counts[2]


def test_no_cars_no_stays() -> None:
    nobody = replace(INPUTS, fleet=FleetParameters(0, 0, 0))
    assert expected_sessions(nobody, SEED, 2).sessions.count == 0
    assert not load_at_once_kw(expected_sessions(nobody, SEED, 2).sessions, 0, 24).any()


def test_days_must_be_positive() -> None:
    with pytest.raises(ValueError, match="days=0"):
        expected_sessions(INPUTS, SEED, 0)


def test_enrolment_is_known_per_stay() -> None:
    half = replace(INPUTS, fleet=replace(INPUTS.fleet, enrolled_share=0.5))
    assert expected_sessions(half, SEED, 3).is_enrolled.mean() == pytest.approx(0.5, abs=0.1)


def test_simulation_is_reproducible() -> None:
    assert_same(simulate_sessions(INPUTS, SEED, 1).stays, simulate_sessions(INPUTS, SEED, 1).stays)
