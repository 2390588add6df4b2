"""Envelopes of stays, cohorts and buses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.fleet.flexibility import (
    bus_flexibility,
    cohort_flexibility,
    first_dispatched,
    groups_of_fleet,
    join,
    known_sessions,
    pair_index,
    pair_rows,
    port_shares,
    select,
    uncoordinated_kwh,
    urgent_kwh,
    urgent_load_kw,
)
from models.records.arrays import RecordError
from models.records.feeder import Site
from models.records.flexibility import Sessions
from models.records.groups import THREE_CLASSES, cohort_index
from models.records.vehicles import DeclaredTable, Vehicles
from tests.models.fleet.one_stay import mean_plugged_fraction, session_envelope

HOUR = 3600
H = 24


def stays(count: int = 1, **changes: Any) -> Sessions:
    """A car of 50 kWh at 25 kWh that stays 10 h, wants 40, may have 45, keeps 17.5; 5 kW, efficiency 0.8."""
    columns: dict[str, Any] = {
        "group": 1, "bus_index": 0, "start_s": 0, "departure_s": 10 * HOUR, "energy_kwh": 25.0,
        "wanted_kwh": 40.0, "max_kwh": 45.0, "floor_v2g_kwh": 17.5, "p_charge_max_kw": 5.0,
        "p_discharge_max_kw": 5.0, "eta_charge": 0.8, "eta_discharge": 0.8, "weight": 1.0}
    integers = ("group", "bus_index", "start_s", "departure_s")
    arrays: dict[str, Any] = {
        name: np.broadcast_to(np.asarray(changes.get(name, value)), count).astype(
            np.int64 if name in integers else np.float64) for name, value in columns.items()}
    return Sessions(**arrays)


def random_stays(count: int, seed: int = 7) -> Sessions:
    rng = np.random.default_rng(seed)
    capacity = rng.uniform(30, 80, count)
    start = rng.integers(0, 20 * HOUR, count)
    return stays(count, group=rng.integers(0, THREE_CLASSES.count, count), start_s=start,
                 departure_s=start + rng.integers(0, 30 * HOUR, count),
                 energy_kwh=capacity * rng.uniform(0.1, 0.97, count),
                 wanted_kwh=capacity * rng.uniform(0.3, 1.0, count), max_kwh=capacity * 0.9,
                 floor_v2g_kwh=capacity * rng.uniform(0.2, 0.5, count),
                 p_charge_max_kw=rng.choice([3.0, 7.0, 45.0], count),
                 p_discharge_max_kw=rng.choice([0.0, 7.0], count), eta_charge=rng.uniform(0.85, 1, count),
                 eta_discharge=rng.uniform(0.85, 1, count), weight=rng.uniform(0.05, 1, count))


def bounds_at(sessions: Sessions, *hours: float) -> tuple[list[float], list[float]]:
    x_min, x_max = session_envelope(sessions, np.array(hours) * HOUR)
    return x_min[0].tolist(), x_max[0].tolist()


# ---------------------------------------------------------------- one stay
def test_envelope_by_hand() -> None:
    """4 kW into the battery, 6.25 kW out of it; need 15 kWh, so full power from 10 h - 3.75 h on."""
    x_min, x_max = bounds_at(stays(), -1, 0, 1, 2, 5, 7, 10, 12)
    assert x_max == pytest.approx([0, 0, 4, 8, 20, 20, 20, 20])
    assert x_min == pytest.approx([0, 0, -6.25, -7.5, -5, 3, 15, 15])


@pytest.mark.parametrize(("changes", "hour", "x_min", "x_max"), [
    ({"floor_v2g_kwh": 0.0}, 2.0, -12.5, 8.0),  # the discharger's power binds
    ({"p_discharge_max_kw": 0.0}, 2.0, 0.0, 8.0),  # a one-way charger gives nothing back
    ({"floor_v2g_kwh": 30.0}, 2.0, 0.0, 8.0),  # already below the floor: f = e_a
    ({"wanted_kwh": 44.0, "departure_s": 2 * HOUR}, 1.0, 4.0, 4.0),  # cannot be reached: full power throughout
    ({"energy_kwh": 47.0, "wanted_kwh": 40.0}, 10.0, -7.0, 0.0),  # above E_max: keeps what it has
    ({"wanted_kwh": 50.0}, 10.0, 20.0, 20.0),  # wants more than the battery may hold
    ({"departure_s": -HOUR}, 2.0, 0.0, 0.0),  # no time at all
])
def test_each_term_of_the_envelope_binds_somewhere(changes: dict[str, Any], hour: float, x_min: float,
                                                   x_max: float) -> None:
    low, high = bounds_at(stays(**changes), hour)
    assert (low[0], high[0]) == pytest.approx((x_min, x_max))


def test_twenty_thousand_random_envelopes_can_be_followed() -> None:
    """Bounds obey the power limits and never cross; from every point between them the next is reachable."""
    sessions = random_stays(20_000)
    step_h = 0.25
    t_s = np.arange(0, 52 * HOUR, 900)
    x_min, x_max = session_envelope(sessions, t_s)
    share = mean_plugged_fraction(sessions, t_s)
    up = share * (sessions.eta_charge * sessions.p_charge_max_kw)[:, None] * step_h
    down = share * (sessions.p_discharge_max_kw / sessions.eta_discharge)[:, None] * step_h
    tiny = 1e-9
    assert np.all(x_min <= x_max + tiny)
    for x in (x_min, x_max):
        assert np.all(np.diff(x, axis=1) <= up + tiny)
        assert np.all(np.diff(x, axis=1) >= -down - tiny)
    assert np.all(x_max[:, :-1] - down <= x_max[:, 1:] + tiny)
    assert np.all(x_min[:, :-1] + up >= x_min[:, 1:] - tiny)


def test_envelope_ends_at_what_is_wanted_and_feasible() -> None:
    sessions = random_stays(500)
    x_min, _ = session_envelope(sessions, np.array([100 * HOUR]))
    stay_h = np.maximum(sessions.departure_s - sessions.start_s, 0) / HOUR
    full = sessions.energy_kwh + sessions.eta_charge * sessions.p_charge_max_kw * stay_h
    most = np.minimum(full, np.maximum(sessions.max_kwh, sessions.energy_kwh))
    assert np.all(sessions.energy_kwh + x_min[:, 0] >= np.minimum(sessions.wanted_kwh, most) - 1e-9)


def test_plugged_fraction_counts_part_of_a_period() -> None:
    sessions = stays(start_s=HOUR // 2, departure_s=2 * HOUR + HOUR // 4)
    assert mean_plugged_fraction(sessions, np.arange(5) * HOUR)[0] == pytest.approx([0.5, 1, 0.25, 0])


def test_uncoordinated_stops_at_wanted_or_departure() -> None:
    sessions = stays(4, departure_s=np.array([10, 2, 10, 10]) * HOUR,
                     energy_kwh=np.array([25.0, 25.0, 42.0, 25.0]), start_s=np.array([0, 0, 0, 6]) * HOUR)
    assert uncoordinated_kwh(sessions, 8 * HOUR) == pytest.approx([15, 8, 0, 8])


# ---------------------------------------------------------------- cohorts
def test_departure_on_the_hour_belongs_to_the_hour_it_ends() -> None:
    departure_s = np.array([-5, 0, 1, HOUR, HOUR + 1, 3 * HOUR, 100 * HOUR])
    rows = cohort_index(np.full(7, 2), departure_s, 0, H)
    assert (rows - 2 * (H + 1)).tolist() == [0, 0, 0, 0, 1, 2, H]


def test_cohorts_are_sums_of_their_cars() -> None:
    sessions = replace(random_stays(3000), start_s=np.zeros(3000, dtype=np.int64))
    sessions = replace(sessions, departure_s=np.maximum(sessions.departure_s, 1))
    cohorts = cohort_flexibility(sessions, random_stays(0), 0, H, 0.9, np.arange(H, dtype=np.float64))
    row = cohort_index(sessions.group, sessions.departure_s, 0, H)
    ends = HOUR * np.arange(1, H + 1)
    x_min, x_max = session_envelope(sessions, ends)
    share = mean_plugged_fraction(sessions, HOUR * np.arange(H + 1))
    for wanted in np.unique(row)[::17]:
        cars = 0.9 * sessions.weight * (row == wanted)
        assert cohorts.x_min_kwh[wanted] == pytest.approx(cars @ x_min)
        assert cohorts.x_max_kwh[wanted] == pytest.approx(cars @ x_max)
        assert cohorts.pc_max_kw[wanted] == pytest.approx((cars * sessions.p_charge_max_kw) @ share)
        assert cohorts.pd_max_kw[wanted] == pytest.approx((cars * sessions.p_discharge_max_kw) @ share)
        assert cohorts.x_end_uncoordinated_kwh[wanted] == pytest.approx(
            cars @ uncoordinated_kwh(sessions, H * HOUR))
        assert cohorts.eta_charge[wanted] == pytest.approx(np.average(sessions.eta_charge, weights=cars))
    assert cohorts.x_min_kwh.shape == (THREE_CLASSES.count * (H + 1), H)
    assert cohorts.p_uncontrolled_kw.tolist() == list(range(H))
    assert cohorts.energy_start_kwh == pytest.approx(0.9 * sessions.weight @ sessions.energy_kwh)
    at_end = sessions.departure_s > H * HOUR
    assert cohorts.energy_end_base_kwh == pytest.approx(
        0.9 * (sessions.weight * sessions.energy_kwh)[at_end].sum())


def test_expected_cars_act_from_the_next_whole_hour() -> None:
    """Arrived at 2:10, so powers and envelope start at 3:00; what arrived before the plan is not expected."""
    expected = stays(2, start_s=np.array([2 * HOUR + 600, -60]), departure_s=12 * HOUR)
    cohorts = cohort_flexibility(stays(0), expected, 0, H, 1.0, np.zeros(H))
    row = int(cohort_index(np.array([1]), np.array([12 * HOUR]), 0, H)[0])
    assert cohorts.pc_max_kw[row, :4].tolist() == [0, 0, 0, 5]
    assert cohorts.x_max_kwh[row, :5] == pytest.approx([0, 0, 0, 4, 8])
    assert cohorts.pc_max_kw[row, 11:13].tolist() == [5, 0]
    assert cohorts.energy_start_kwh == 0


def test_expected_car_of_the_last_hour_counts_at_the_end() -> None:
    expected = stays(start_s=H * HOUR - 60, departure_s=(H + 5) * HOUR)
    cohorts = cohort_flexibility(stays(0), expected, 0, H, 1.0, np.zeros(H))
    assert cohorts.energy_end_base_kwh == pytest.approx(25)
    assert cohorts.pc_max_kw.sum() == 0


def test_overdue_car_is_expected_to_leave_within_the_hour() -> None:
    overdue = stays(start_s=-20 * HOUR, departure_s=-HOUR)
    cohorts = cohort_flexibility(overdue, stays(0), 0, H, 1.0, np.zeros(H))
    row = H + 1
    assert cohorts.pc_max_kw[row, :2].tolist() == [5, 0]
    assert cohorts.x_min_kwh[row, 0] == pytest.approx(4)


def test_plan_later_than_zero_counts_hours_from_its_start() -> None:
    now = 50 * HOUR
    moved = stays(start_s=now, departure_s=now + 10 * HOUR)
    first = cohort_flexibility(stays(), stays(0), 0, H, 1.0, np.zeros(H))
    later = cohort_flexibility(moved, stays(0), now, H, 1.0, np.zeros(H))
    assert np.array_equal(first.x_min_kwh, later.x_min_kwh)
    assert later.start_s == now


# ---------------------------------------------------------------- buses
SITE = Site(bus_zone=np.array([-1, 0, 0, 2]), slow_ports=np.array([0, 6, 2, 4]), fast_ports=np.array([0, 0, 3, 0]))
TAXI_GROUP = int(THREE_CLASSES.index(np.array([0]), np.array([1]), np.array([0]))[0])


def test_pairs_hold_only_what_can_occur() -> None:
    exists = np.zeros(THREE_CLASSES.count, dtype=bool)
    exists[[0, 1, TAXI_GROUP, 12]] = True
    pairs = pair_index(SITE, exists, 3)
    held = set(zip(pairs.bus_index.tolist(), pairs.group.tolist(), strict=True))
    assert held == {(1, 0), (1, 1), (2, 0), (2, 1), (2, TAXI_GROUP), (3, 12)}
    assert pairs.count == 6 * 3
    rows = pair_rows(pairs, np.array([2, 3]), np.array([TAXI_GROUP, 12]), np.array([HOUR + 1, 99 * HOUR]), 0)
    assert pairs.bus_index[rows].tolist() == [2, 3]
    assert pairs.group[rows].tolist() == [TAXI_GROUP, 12]
    assert pairs.departure_bin[rows].tolist() == [1, 2]


def test_car_without_a_row_is_refused() -> None:
    pairs = pair_index(SITE, np.ones(THREE_CLASSES.count, dtype=bool), 2)
    with pytest.raises(RecordError, match="bus 3 holds a car of group 0"):
        pair_rows(pairs, np.array([3]), np.array([0]), np.array([HOUR]), 0)


def test_bus_envelopes_are_sums_of_plugged_and_spread_cars() -> None:
    pairs = pair_index(SITE, np.ones(THREE_CLASSES.count, dtype=bool), 6)
    known = stays(3, group=np.array([1, 1, TAXI_GROUP]), bus_index=np.array([1, 2, 2]),
                  departure_s=np.array([3, 9, 9]) * HOUR)
    expected = stays(group=0, bus_index=-1, start_s=HOUR + 1, departure_s=9 * HOUR, weight=4.0)
    flexibility = bus_flexibility(known, expected, SITE, pairs, 0, 900, 6, 0.5, np.ones((4, 9)))
    assert flexibility.x_max_now_kwh.shape == (pairs.count, 4)
    rows = pair_rows(pairs, known.bus_index, known.group, known.departure_s, 0)
    quarters = session_envelope(known, 900 * np.arange(1, 5))
    assert flexibility.x_min_now_kwh[rows] == pytest.approx(0.5 * quarters[0])
    assert flexibility.x_max_now_kwh[rows] == pytest.approx(0.5 * quarters[1])
    assert flexibility.pc_max_now_kw.sum() == pytest.approx(0.5 * 15 * 4)
    later = session_envelope(known, HOUR * np.arange(2, 7))
    assert flexibility.x_max_later_kwh.shape == (4, 2, 5)
    assert flexibility.x_max_later_kwh[2, 1] == pytest.approx(0.5 * later[1][2])
    # The expected car acts from hour 2 on; bus 1 has six of its zone's eight slow ports.
    assert flexibility.pc_max_later_kw[1, 0] == pytest.approx([2.5, 2.5 + 7.5, 7.5, 7.5, 7.5])
    assert flexibility.pc_max_later_kw[2, 0] == pytest.approx([2.5, 2.5 + 2.5, 5, 5, 5])
    assert flexibility.x_max_later_kwh[1, 0, 1] == pytest.approx(0.5 * later[1][0, 1] + 0.5 * 4 * 0.75 * 4)
    assert flexibility.x_min_later_kwh[3].tolist() == np.zeros((2, 5)).tolist()
    assert np.all(flexibility.p_uncontrolled_kw == 1)


def test_bus_sums_agree_with_cohort_sums() -> None:
    rng = np.random.default_rng(3)
    known = random_stays(60)
    bus = rng.integers(1, 3, 60)
    known = replace(known, group=rng.integers(0, 2, 60), bus_index=bus, start_s=np.zeros(60, dtype=np.int64))
    expected = replace(random_stays(200), group=rng.integers(0, 2, 200))
    pairs = pair_index(SITE, np.ones(THREE_CLASSES.count, dtype=bool), H)
    buses = bus_flexibility(known, expected, SITE, pairs, 0, 900, H, 0.9, np.zeros((4, H + 3)))
    cohorts = cohort_flexibility(known, expected, 0, H, 0.9, np.zeros(H))
    assert buses.x_min_later_kwh.sum(axis=(0, 1)) == pytest.approx(cohorts.x_min_kwh.sum(axis=0)[1:])
    assert buses.pd_max_later_kw.sum(axis=(0, 1)) == pytest.approx(cohorts.pd_max_kw.sum(axis=0)[1:])
    assert buses.x_max_now_kwh.sum(axis=0)[-1] == pytest.approx(cohorts.x_max_kwh.sum(axis=0)[0])


def test_port_shares_sum_to_one_where_a_zone_has_ports() -> None:
    total = port_shares(SITE).sum(axis=0)
    assert total.tolist() == [[1, 1], [0, 0], [1, 0]]


# ---------------------------------------------------------------- stays as an operator knows them
def test_known_sessions_are_the_plugged_and_enrolled() -> None:
    n = 3
    vehicles = Vehicles(
        class_index=np.array([0, 1, 0]), capacity_kwh=np.full(n, 50.0), p_charge_max_kw=np.full(n, 7.0),
        p_discharge_max_kw=np.array([7.0, 0.0, 7.0]), eta_charge=np.full(n, 0.95), eta_discharge=np.full(n, 0.9),
        soc_min=np.full(n, 0.2), soc_max=np.full(n, 0.9), soc_floor_v2g=np.full(n, 0.35),
        soc_wanted=np.full(n, 0.5), soc_initial=np.full(n, 0.5), taper_start_soc=np.ones(n),
        consumption_kwh_per_km=np.ones(n), age_years=np.ones(n), is_enrolled=np.array([True, True, False]))
    declared = DeclaredTable(np.array([1, 2, 3]), np.zeros(n, dtype=np.int64), np.array([5, 6, 7]) * HOUR,
                             np.array([0.8, 0.9, 0.8]))
    sessions = known_sessions(vehicles, declared, np.array([0.4, 0.5, 0.6]), SITE.bus_zone, 77)
    assert sessions.group.tolist() == [1, TAXI_GROUP]
    assert sessions.start_s.tolist() == [77, 77]
    assert sessions.energy_kwh == pytest.approx([20, 25])
    assert sessions.wanted_kwh == pytest.approx([40, 45])
    assert sessions.floor_v2g_kwh == pytest.approx([17.5, 17.5])
    exists = groups_of_fleet(vehicles)
    assert np.flatnonzero(exists).tolist() == [1, 2, 7, 8, 13, 14]


def test_tables_of_stays_are_cut_and_joined() -> None:
    sessions = random_stays(10)
    again = join(select(sessions, slice(0, 4)), select(sessions, np.arange(4, 10)))
    assert all(np.array_equal(again.to_arrays()[name], column) for name, column in sessions.to_arrays().items())


# ---------------------------------------------------------------- cars in a hurry
def hurried(**changes):
    """Plugged in 00:30 to 02:00, 10 kW at 0.9: 13.5 kWh can be reached; wants 12 of them."""
    base = {"group": [1], "bus_index": [-1], "start_s": [1800], "departure_s": [7200], "energy_kwh": [20.0],
            "wanted_kwh": [32.0], "max_kwh": [50.0], "floor_v2g_kwh": [15.0], "p_charge_max_kw": [10.0],
            "p_discharge_max_kw": [0.0], "eta_charge": [0.9], "eta_discharge": [0.9], "weight": [1.0]}
    return Sessions(**{name: np.array(value) for name, value in {**base, **changes}.items()})


@pytest.mark.parametrize(("changes", "expected_kwh"), [
    ({}, 3.0),                                   # 12 wanted, 9 still possible after 01:00
    ({"wanted_kwh": [29.0]}, 0.0),               # can wait
    ({"wanted_kwh": [49.0]}, 4.5),               # asks for more than can be: full power from the start
    ({"departure_s": [3000]}, 3.0),              # leaves before the next hour: all that 20 minutes give
    ({"start_s": [3600]}, 0.0),                  # arrives on the hour: planned from the start
    ({"energy_kwh": [40.0]}, 0.0),               # has what it wants
])
def test_what_cannot_wait_for_the_next_hour(changes, expected_kwh):
    assert urgent_kwh(hurried(**changes)) == pytest.approx([expected_kwh])


def test_urgent_energy_is_the_lower_envelope_at_the_next_hour():
    stays = hurried()
    x_min, _ = session_envelope(stays, np.array([3600]))
    assert urgent_kwh(stays) == pytest.approx(x_min[:, 0])


def test_urgent_load_carries_the_urgent_energy_before_the_hour():
    load_kw = urgent_load_kw(hurried(), np.array([0, 900, 1800, 2700, 3600, 7200]))
    assert load_kw[0] == pytest.approx([0, 0, 3.0 / 0.9 / 0.5, 3.0 / 0.9 / 0.5, 0])


def test_the_plan_starts_where_the_urgent_part_ends():
    """e* of the planned stay is that of the whole stay: nothing is wanted twice, nothing is lost."""
    plan = cohort_flexibility(known_none(), hurried(), 0, 3, 1.0, np.zeros(3))
    assert plan.x_min_kwh.max() == pytest.approx(12.0 - 3.0)


def known_none():
    return select(hurried(), slice(0))


@pytest.mark.parametrize(("start_s", "step_s", "first_s"), [
    (1, 900, 900), (899, 900, 900), (900, 900, 1800), (1800, 3600, 3600), (3600, 3600, 7200)])
def test_a_car_is_dispatched_from_the_step_after_that_of_its_plug_in(start_s, step_s, first_s):
    assert first_dispatched(hurried(start_s=[start_s]), step_s).start_s.tolist() == [first_s]
