"""Trips as somebody wrote them down: read row by row, driven as written, refused with file, row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.drivers.population import district_seed
from models.mobility.timetable import MOST_TRIPS, WEEKDAYS
from models.mobility.trip_parameters import TripParameters
from models.mobility.trips import DAY_S, TripWishes
from models.mobility.trips_csv import SHIPPED, TripLimits, read_trips
from models.records.groups import COMMERCIAL, OFFICE, RESIDENTIAL
from models.tables.mistakes import TableError

HEAD = "car,days,departure,arrival,zone,distance_km\n"
TWO_CARS = HEAD + """red,weekdays,07:30,08:00,office,12
red,weekdays,17:00,17:30,residential,12
blue,daily,22:00,01:30,commercial,50
"""
SMALL = TripLimits(usable_kwh=10.0, kwh_per_km=0.2, charging_zones=(RESIDENTIAL,))


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "trips.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def told(tmp_path: Path, rows: str, limits: TripLimits | None = None) -> str:
    with pytest.raises(TableError) as refused:
        read_trips(written(tmp_path, HEAD + rows), limits=limits)
    return str(refused.value)


def test_trips_are_driven_as_they_are_written(tmp_path: Path) -> None:
    trips = read_trips(written(tmp_path, TWO_CARS))
    monday = TripWishes(np.zeros(3, dtype=np.int64), district_seed(1, 0), TripParameters(laws=(trips,))).day(0)
    assert monday.zone[:, :2].tolist() == [[OFFICE, RESIDENTIAL], [COMMERCIAL, -1], [OFFICE, RESIDENTIAL]]
    assert monday.depart_s[0, :2].tolist() == [7.5 * 3600, 17 * 3600]
    # past midnight
    assert monday.duration_s[1, 0] == 3.5 * 3600
    assert monday.distance_km[2, :2].tolist() == [12, 12], "the third car drives as the first"


def test_each_day_of_the_week_has_its_trips(tmp_path: Path) -> None:
    trips = read_trips(written(tmp_path, TWO_CARS))
    friday = TripParameters(laws=(trips,), first_weekday=4)
    wishes = TripWishes(np.zeros(2, dtype=np.int64), district_seed(1, 0), friday)
    assert [int(wishes.day(day).exists[0].sum()) for day in range(-1, 4)] == [2, 2, 0, 0, 2], "Thursday to Monday"
    assert wishes.day(1).depart_s[1, 0] == DAY_S + 22 * 3600


def test_trips_may_stand_in_any_order_and_days_may_be_listed(tmp_path: Path) -> None:
    rows = "a,Monday sunday,18:00,19:00,residential,5\na,monday,8:00,9:00,office,5\n"
    trips = read_trips(written(tmp_path, HEAD + rows))
    depart_h, _, zone, _ = trips.table(WEEKDAYS.index("monday"))
    assert (depart_h[0].tolist(), zone[0].tolist()) == ([8.0, 18.0], [OFFICE, RESIDENTIAL])
    assert trips.table(WEEKDAYS.index("tuesday"))[2].max() == -1


ROW = "a,daily,08:00,09:00,office,5\n"
WRONG = {
    "a,daily,08:00,08:00,office,5\n": "row 1 (line 2): column arrival '08:00' after a departure at '08:00': a trip",
    "a,daily,24:00,00:00,office,0\n": "row 1 (line 2): column arrival '00:00' after a departure at '24:00': a trip",
    "a,daily,8 am,09:00,office,5\n": "row 1 (line 2): column departure '8 am' is no time of day",
    "a,daily,08:00,25:00,office,5\n": "row 1 (line 2): column arrival '25:00' is no time of day",
    "a,now,08:00,09:00,office,5\n": "row 1 (line 2): column days 'now' is no day",
    "a,,08:00,09:00,office,5\n": "row 1 (line 2): column days is empty",
    ",daily,08:00,09:00,office,5\n": "row 1 (line 2): column car is empty",
    "a,daily,08:00,09:00,moon,5\n": "row 1 (line 2): column zone 'moon' is no zone, allowed: residential",
    "a,daily,08:00,09:00,office,nan\n": "row 1 (line 2): column distance_km",
    "a,daily,08:00,09:00,office,\n": "row 1 (line 2): column distance_km is empty",
    "a,daily,08:00,08:05,office,500\n": "row 1 (line 2): column distance_km 500 km in 0.0833333 h are more",
    f"{ROW}a,monday,08:30,10:00,office,5\n": "row 2 (line 3): column departure '08:30' on monday is before its car has "
                                            "ended the trip of row 1 (line 2)",
    "a,sunday,23:00,07:00,office,5\na,monday,06:00,08:00,office,5\n": "row 2 (line 3): column departure '06:00' on "
                                                                    "monday is before",
    "".join(f"a,friday,{h:02}:00,{h:02}:30,office,5\n" for h in range(MOST_TRIPS + 1)):
        "row 9 (line 10): column departure is trip 9 of its car on friday, allowed: 8 a day",
}


@pytest.mark.parametrize("rows", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_told_with_row_and_column(tmp_path: Path, rows: str) -> None:
    assert WRONG[rows] in told(tmp_path, rows)


def test_all_mistakes_are_told_at_once_with_the_file(tmp_path: Path) -> None:
    text = told(tmp_path, "a,now,8 am,09:00,moon,-3\nb,daily,08:00,10:00,office,5\nb,daily,09:00,11:00,office,5\n")
    assert "trips.csv: 5 mistakes" in text
    assert [text.count(f"column {name} ") for name in ("days", "departure", "zone", "distance_km")] == [1, 2, 1, 1]


def test_a_missing_column_hides_no_other_mistake_and_is_one(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("driver,days,departure,arrival,zone,distance_km\na,daily,8:00,9:00,office,4\n"
                                       "b,daily,8:30,9:30,moon,4\n", encoding="utf-8")
    with pytest.raises(TableError) as told:
        read_trips(str(tmp_path / "mine.csv"))
    assert "3 mistakes" in (text := str(told.value)) and "unknown columns: 'driver'" in text
    assert "lacks the columns car" in text and "row 2 (line 3): column zone 'moon' is no zone" in text


def test_a_battery_must_last_from_charger_to_charger(tmp_path: Path) -> None:
    out_and_back = "a,daily,08:00,09:00,office,{0}\na,daily,17:00,18:00,residential,{0}\n"
    read_trips(written(tmp_path, HEAD + out_and_back.format(25)), limits=SMALL)
    text = told(tmp_path, out_and_back.format(26), SMALL)
    assert "row 2 (line 3): column distance_km makes 52 km since a charger was at hand: at least 10.4 kWh" in text
    assert "row 1" not in text, "one way is near enough"


def test_a_stop_too_short_to_plug_in_is_no_charger(tmp_path: Path) -> None:
    rows = "a,daily,08:00,09:00,residential,30\na,daily,{},11:00,residential,30\n"
    read_trips(written(tmp_path, HEAD + rows.format("09:30")), limits=SMALL)
    assert "makes 60 km" in told(tmp_path, rows.format("09:29"), SMALL)


def test_a_name_that_is_none_tells_those_that_come_along() -> None:
    with pytest.raises(TableError, match="trips that come along are car_sharing, commuter_workplace, delivery_van, "):
        read_trips("school_busses")


@pytest.mark.parametrize("name", SHIPPED)
def test_trips_that_come_along_can_be_read_and_each_car_has_some(name: str) -> None:
    trips = read_trips(name)
    assert trips.cars in (12, 40)
    assert np.unique(trips.car).size == trips.cars


def test_school_buses_stand_at_midday_in_the_evening_and_all_weekend() -> None:
    trips = read_trips("school_bus")
    runs = [(h, h + d) for h, d in zip(trips.depart_h, trips.duration_h, strict=True)]
    assert not any(begin < 13.0 and end > 10.0 for begin, end in runs)
    assert max(end for _, end in runs) < 17.0
    assert not trips.on_day[:, 5:].any()
    assert read_trips("school_bus_holidays").distance_km.max() <= 5
