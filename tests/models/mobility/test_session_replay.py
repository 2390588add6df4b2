"""Recorded sessions: read as they are, replayed through the port of simulated mobility."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.drivers.population import district_seed
from models.drivers.willingness import DriverParameters, Drivers
from models.mobility.recorded_sessions import DAY_S, SHIPPED, RecordedSessions, read_sessions
from models.mobility.session_replay import (
    LEAST_GAP_S,
    ReplayInputs,
    SessionReplay,
    buses_of,
    expected_replay,
    replay_notes,
    slots_of,
    true_replay,
)
from models.mobility.stays import MIN_PLUGGED_S
from models.records.arrays import RecordError
from models.records.vehicles import Vehicles
from tests.models.mobility.replayed import HOUR, fleet, site

OWN = """arrival,departure,requested_kwh,delivered_kwh,declared_departure,station
2020-01-02T08:00:00,2020-01-02T17:00:00,20,12,2020-01-02T16:00:00,B
2020-01-01T09:30:00,2020-01-01T12:00:00,10,10,2020-01-01T18:00:00,A
2020-01-02T09:00:00,2020-01-02T09:20:00,5,1,,A
2020-01-03T09:00:00,2020-01-03T11:00:00,30,8,,A
"""


HEAD = "arrival,departure,delivered_kwh\n"


@pytest.fixture
def own(tmp_path: Path) -> RecordedSessions:
    file = tmp_path / "own.csv"
    file.write_text(OWN)
    return read_sessions(str(file))


def replay(recorded: RecordedSessions, vehicles: Vehicles, mean: float = 1.0, days: int = 3) -> SessionReplay:
    parameters = DriverParameters(compliance_mean=mean, modes={"ignores": 1.0})
    drivers = Drivers(vehicles, district_seed(1, 0), parameters)
    return SessionReplay(vehicles, site(), drivers, ReplayInputs(recorded, 0), 0, days * DAY_S)


def test_ones_own_file(own: RecordedSessions) -> None:
    assert str(own.first_day) == "2020-01-01" and own.days == 3
    assert own.arrival_s.tolist() == [9.5 * HOUR, DAY_S + 8 * HOUR, DAY_S + 9 * HOUR, 2 * DAY_S + 9 * HOUR]
    assert own.declared_s[:2].tolist() == [18 * HOUR, DAY_S + 16 * HOUR]
    assert own.declared_s[3] - own.arrival_s[3] == 8.25 * HOUR  # the median of 8.5 and 8 hours
    assert own.requested_kwh.tolist() == [10, 20, 5, 30], "asked for, whether or not a departure was declared"
    assert own.station.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(("text", "message"), [
    ("arrival,departure\n", "lacks the columns delivered_kwh"),
    (HEAD, "holds a header and no rows"),
    (f"{HEAD}2020-01-01T09:00:00,2020-01-01T08:00:00,3\n", r"row 1 \(line 2\): departs at or before"),
    (f"{HEAD}2020-01-01T09:00:00,2020-01-01T18:00:00,-3\n", "delivered_kwh '-3' is out of range, allowed: 0 to 1000"),
    (f"{HEAD}2020-01-01T09:00:00,2020-03-01T21:00:00,3\n", r"row 1 \(line 2\): stays 60\.5 days, allowed: 60$"),
    ("arrival,departure,delivered_kwh\nsoon,2020-01-01T18:00:00,3\n", "column arrival 'soon' is no time"),
])
def test_a_bad_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(RecordError, match=message):
        read_sessions(str(file))


def test_sessions_at_a_station_that_is_taken_are_told_and_kept(tmp_path: Path) -> None:
    """The second begins within the first, the fourth within the longer first too; no station is none that is taken."""
    file = tmp_path / "taken.csv"
    day = "2020-01-01T{:02d}:00:00"
    stays = ((8, 18, "A"), (9, 10, "A"), (9, 10, "B"), (17, 19, "A"), (19, 20, "A"), (8, 18, ""), (9, 10, " "))
    rows = [f"{day.format(begin)},{day.format(end)},5,{station}" for begin, end, station in stays]
    file.write_text("\n".join(["arrival,departure,delivered_kwh,station", *rows]))
    sessions = read_sessions(str(file))
    assert sessions.count == 7
    assert sessions.notes[-1] == ("2 of 7 sessions are at a station that another car had not left: row 2 (line 3), "
                                  "row 4 (line 5)")


def test_what_no_battery_or_charger_of_the_district_repeats_is_told(tmp_path: Path) -> None:
    """A car of 7 kW and 50 to 60 kWh, of which 0.7 may be used, charged at 0.95: 36.8 to 44.2 kWh, 7 kWh an hour."""
    file = tmp_path / "much.csv"
    file.write_text(f"{HEAD}2020-01-01T08:00:00,2020-01-01T18:00:00,60\n2020-01-02T08:00:00,2020-01-02T09:00:00,10\n"
                    "2020-01-03T08:00:00,2020-01-03T18:00:00,10\n")
    vehicles, inputs = fleet(1), ReplayInputs(read_sessions(str(file)), 0)
    held_kwh = 0.7 * float(vehicles.capacity_kwh[0]) / 0.95
    assert list(replay_notes(inputs, vehicles, 0, 3 * DAY_S)) == [
        f"1 of 3 sessions of the simulated days took more than the district's batteries hold: {60 - held_kwh:.4g} of "
        "80 kWh are not repeated",
        "1 of 3 sessions of the simulated days took more than the district's chargers give in these stays: 3 of 80 kWh "
        "are not repeated"]
    assert list(replay_notes(inputs, vehicles, 2 * DAY_S, 3 * DAY_S)) == []
    assert list(replay_notes(inputs, vehicles, -DAY_S, 0)) == [
        "the first 1 of 1 simulated days lie before the recording: no car comes then"]


def test_a_request_counts_wherever_it_is_given(tmp_path: Path) -> None:
    file, head = tmp_path / "some.csv", "arrival,departure,delivered_kwh,requested_kwh"
    day = "2020-01-01T{:02d}:00:00"
    rows = [f"{day.format(h)},{day.format(h + 2)},{got},{asked}" for h, got, asked in ((8, 5, 10), (9, 12, ""))]
    file.write_text("\n".join([head, *rows]))
    sessions = read_sessions(str(file))
    assert sessions.requested_kwh.tolist() == [10, 12] and not sessions.is_declared.any()
    file.write_text("\n".join([head, *rows, f"{day.format(11)},{day.format(12)},1,much"]))
    with pytest.raises(RecordError, match=r"row 3 \(line 4\): column requested_kwh 'much' is no number"):
        read_sessions(str(file))


def test_an_unknown_name_lists_what_comes_along() -> None:
    with pytest.raises(RecordError, match="caltech2019, jpl2019"):
        read_sessions("nowhere")


@pytest.mark.parametrize(("name", "count"), [("caltech2019", 3527), ("jpl2019", 6026)])
def test_shipped_files(name: str, count: int) -> None:
    sessions = read_sessions(name)
    assert sessions.count == count and sessions.days == 123 and SHIPPED[name].parent.joinpath("LICENSE.md").is_file()
    assert sessions.is_declared.mean() > 0.8
    assert np.median(sessions.departure_s - sessions.arrival_s) > 2 * HOUR


def test_sessions_share_no_slot_and_need_enough_cars() -> None:
    recorded = ReplayInputs(read_sessions("caltech2019"), 30 * DAY_S).between(0, 5 * DAY_S)
    slot = slots_of(recorded, 60)
    for car in np.unique(slot):
        mine = slot == car
        assert np.all(recorded.arrival_s[mine][1:] - recorded.departure_s[mine][:-1] >= LEAST_GAP_S)
    with pytest.raises(RecordError, match="5 cars are too few"):
        slots_of(recorded, 5)


def test_a_day_as_recorded(own: RecordedSessions) -> None:
    """Each step tells of plug-ins, departures and the drive before, to the second."""
    vehicles = fleet()
    mobility, soc = replay(own, vehicles), np.full(3, 0.8)
    seen = []
    for now_s in range(0, DAY_S, 900):
        before, done = mobility.declared(), mobility.advance(now_s + 900, soc)
        if done.departs.any() or (done.arrived_bus_index >= 0).any():
            seen.append((now_s, before, done))
    (at, _, arrival), (left_at, plugged, departure) = seen
    slot = int(np.flatnonzero(arrival.arrived_bus_index >= 0)[0])
    assert at == 9.5 * HOUR and arrival.arrived_fraction[slot] == 1.0
    assert arrival.driven_kwh[slot] == pytest.approx(10 * 0.95)
    assert left_at == 12 * HOUR and departure.departs[slot] and departure.stay_fraction[slot] == 0.0
    assert plugged.declared_departure_s[slot] == 18 * HOUR  # what was said, not what came true
    expected = 0.8 + (10 - 10) * 0.95 / vehicles.capacity_kwh[slot]
    assert plugged.soc_wanted[slot] == pytest.approx(min(expected, 0.9))


def test_short_sessions_are_left_out(own: RecordedSessions) -> None:
    kept = ReplayInputs(own, 0).between(0, 3 * DAY_S)
    assert kept.count == 3 and np.all(kept.departure_s - kept.arrival_s >= MIN_PLUGGED_S)


def test_days_count_from_the_start_date(own: RecordedSessions) -> None:
    kept = ReplayInputs(own, DAY_S).between(-DAY_S, DAY_S)
    assert kept.arrival_s.tolist() == [9.5 * HOUR - DAY_S, 8 * HOUR]


def test_refusal_is_drawn_leaving_is_not() -> None:
    vehicles = fleet(60)
    recorded = read_sessions("caltech2019")

    def behaviours(mean: float) -> list[int]:
        mobility, drawn = replay(recorded, vehicles, mean, days=4), []
        for now_s in range(0, 4 * DAY_S, 900):
            done = mobility.advance(now_s + 900, vehicles.soc_initial)
            drawn += done.arrived_behaviour[done.arrived_bus_index >= 0].tolist()
        return drawn
    all_, some = behaviours(1.0), behaviours(0.5)
    assert len(all_) == len(some) > 50 and set(all_) == {0}
    assert 0.3 < np.mean(np.array(some) == 0) < 0.7


def test_stations_stand_at_office_buses() -> None:
    bus = buses_of(read_sessions("caltech2019"), site())
    assert set(bus.tolist()) == {1, 2}
    homes = replace(site(), bus_zone=np.array([-1, 0, 0, 0]))
    assert set(buses_of(read_sessions("caltech2019"), homes).tolist()) == {1, 2, 3}, "or anywhere without an office"


def test_a_district_without_slow_ports_replays_nothing() -> None:
    with pytest.raises(RecordError, match=r"^recorded sessions: the district has no slow port$"):
        buses_of(read_sessions("caltech2019"), site(0))


def test_expectation_is_the_mean_of_past_days_only() -> None:
    recorded, vehicles = read_sessions("caltech2019"), fleet(60)
    inputs = ReplayInputs(recorded, 20 * DAY_S)
    expected = expected_replay(inputs, vehicles, site(), 10, 48, 900)
    past = inputs.between(-10 * DAY_S, 0).count
    assert expected.sessions.weight.sum() == pytest.approx(2 * past / 10)
    assert expected.sessions.start_s.min() >= 0 and expected.sessions.start_s.max() < 2 * DAY_S
    changed = ReplayInputs(recorded.rows(recorded.arrival_s < 20 * DAY_S), 20 * DAY_S)
    again = expected_replay(changed, vehicles, site(), 10, 48, 900)  # the future does not matter
    assert again.sessions.weight.sum() == expected.sessions.weight.sum()
    with pytest.raises(RecordError, match="no day before the first planned one"):
        expected_replay(ReplayInputs(recorded, 0), vehicles, site(), 10, 48, 900)


def test_days_of_a_controlled_warmup_are_no_past_to_expect_from() -> None:
    recorded, vehicles = read_sessions("caltech2019"), fleet(60)
    first, later = ReplayInputs(recorded, 20 * DAY_S), ReplayInputs(recorded, 23 * DAY_S)
    before = expected_replay(later, vehicles, site(), 10, 48, 900, before_s=-3 * DAY_S)
    at_once = expected_replay(first, vehicles, site(), 10, 48, 900)
    for name, values in at_once.sessions.to_arrays().items():
        np.testing.assert_array_equal(values, getattr(before.sessions, name), err_msg=name)
    with pytest.raises(RecordError, match="no day before the first planned one"):
        expected_replay(later, vehicles, site(), 10, 48, 900, before_s=-23 * DAY_S)
    own = true_replay(later, vehicles, site(), 2, 900, begin_s=-3 * DAY_S)
    assert own.sessions.start_s.tolist() == later.between(-3 * DAY_S, 2 * DAY_S).arrival_s.tolist()


def test_perfect_expectation_is_the_runs_own_days() -> None:
    inputs, vehicles = ReplayInputs(read_sessions("caltech2019"), 20 * DAY_S), fleet(60)
    own = true_replay(inputs, vehicles, site(), 2, 900)
    assert own.sessions.start_s.tolist() == inputs.between(0, 2 * DAY_S).arrival_s.tolist()


def test_sessions_that_end_in_the_step_in_which_they_begin_can_be_told_nothing(tmp_path: Path) -> None:
    """They come all the same and are expected as load: 11:05 to 11:50 is outside control at hourly steps alone."""
    file = tmp_path / "short.csv"
    file.write_text(OWN + "2020-01-03T11:05:00,2020-01-03T11:50:00,5,1,,B\n")
    recorded, vehicles = read_sessions(str(file)), fleet()
    for step_s, told in ((900, 2), (3600, 1)):
        plugs_in = replay(recorded, vehicles)
        soc, arrivals = np.full(vehicles.count, 0.5), 0
        for until_s in range(step_s, 3 * DAY_S + step_s, step_s):
            came = plugs_in.advance(until_s, soc).arrived_bus_index >= 0
            arrivals += int(came.sum()) if until_s > 2 * DAY_S else 0
        assert arrivals == 2
        own = true_replay(ReplayInputs(recorded, 2 * DAY_S), vehicles, site(), 1, step_s)
        past = expected_replay(ReplayInputs(recorded, 3 * DAY_S), vehicles, site(), 1, 24, step_s)
        for expected in (own, past):
            assert expected.sessions.count == 2 and expected.is_enrolled.sum() == told


@pytest.mark.parametrize(("two_way", "least_kw"), [(1, 0.0), (2, 7.0 * 2 / 3)])
def test_sessions_of_a_one_way_cohort_are_expected_without_discharging(two_way: int, least_kw: float) -> None:
    vehicles = fleet()
    vehicles = replace(vehicles, p_discharge_max_kw=np.where(np.arange(3) < two_way, 7.0, 0.0))
    own = true_replay(ReplayInputs(read_sessions("caltech2019"), 20 * DAY_S), vehicles, site(), 1, 900).sessions
    assert own.p_discharge_max_kw == pytest.approx(np.full(own.count, least_kw))
    assert set((own.group % 2).tolist()) == {int(two_way == 2)}
