"""A fleet with one row per car: what is written holds, what is not is drawn, mistakes are told with row and column."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.drivers.cars_csv import read_cars
from models.drivers.population import FleetParameters, district_seed, draw_vehicles
from models.tables.mistakes import TableError

CLASSES = ("private", "taxi", "government")
THREE = """car,class,capacity_kwh,charger_kw,bidirectional
a,private,40,11,no
b,taxi,,,
c,private,77,,yes
"""


def read(tmp_path: Path, text: str):  # type: ignore[no-untyped-def]
    file = tmp_path / "cars.csv"
    file.write_text(text, encoding="utf-8")
    return read_cars(file, CLASSES, 0.2, 0.9)


def test_what_is_written_holds_and_the_rest_is_drawn_as_of_any_car(tmp_path: Path) -> None:
    cars = read(tmp_path, THREE)
    assert [cars[name].count for name in CLASSES] == [2, 1, 0]
    fleet = FleetParameters(private=2, taxi=1)
    given = replace(fleet, own=tuple(replace(c, count=cars[c.name].count, given=cars[c.name]) for c in fleet.classes))
    drawn, vehicles = (draw_vehicles(which, district_seed(1, 0)) for which in (fleet, given))
    assert vehicles.capacity_kwh.tolist() == [40, 77, drawn.capacity_kwh[2]]
    assert vehicles.p_charge_max_kw.tolist() == [11, drawn.p_charge_max_kw[1], drawn.p_charge_max_kw[2]]
    assert vehicles.is_bidirectional.tolist() == [False, True, False]
    np.testing.assert_array_equal(vehicles.soc_wanted, drawn.soc_wanted)


def test_a_sample_of_more_cars_goes_through_the_rows_again(tmp_path: Path) -> None:
    cars = read(tmp_path, THREE)["private"]
    assert cars.of("capacity_kwh", np.full(5, 50.0)).tolist() == [40, 77, 40, 77, 40]


def test_cells_that_say_nothing_are_drawn(tmp_path: Path) -> None:
    cars = read(tmp_path, "car,class,bidirectional\n-,taxi,NaN\n-,taxi,-\n,taxi,\n")["taxi"]
    assert cars.count == 3 and np.isnan(cars.bidirectional).all()


WRONG = {
    "class,capacity_kwh\nbus,60\n": "row 1 (line 2): column class 'bus' is no class, allowed: private, taxi",
    "class,capacity_kwh\ntaxi,0\n": "row 1 (line 2): column capacity_kwh '0' is out of range, allowed: 0.1 to 2000",
    "class,bidirectional\ntaxi,perhaps\n": "row 1 (line 2): column bidirectional 'perhaps' is neither yes nor no",
    "class,soc_initial\ntaxi,0.1\n": "row 1 (line 2): column soc_initial 0.1 is outside fleet.soc_min=0.2 to",
    "car,class\na,taxi\nb,taxi\na,taxi\n": "row 3 (line 4): column car 'a' stands in row 1 (line 2) too",
    "class,colour\ntaxi,red\n": "has unknown columns: 'colour'",
    "kind\ntaxi\n": "lacks the columns class",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_told_with_row_and_column(tmp_path: Path, text: str) -> None:
    with pytest.raises(TableError) as refused:
        read(tmp_path, text)
    assert WRONG[text] in str(refused.value)
    assert "cars.csv" in str(refused.value)
