"""Feeders and sites that contradict themselves are refused, and buses are found by number or name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.network.sources.ieee33 import ieee33
from models.records.arrays import RecordError
from models.records.feeder import Site

FEEDER = ieee33()
NAMED = replace(FEEDER, bus_name=("school", "mill", "mill", *[""] * 30))


def changed(name: str, row: int, value: float) -> dict[str, Any]:
    values = getattr(FEEDER, name).copy()
    values[row] = value
    return {name: values}


@pytest.mark.parametrize(("changes", "words"), [
    ({"bus_name": ("school",)}, "bus_name has 1 names for 33 buses"),
    (changed("parent", 0, 0), "bus 0 must be the slack with parent -1, not 0"),
    (changed("parent", 4, 5), "parents must precede their children"),
    (changed("r_pu", 7, 0.0), "every line needs r_pu > 0"),
    (changed("r_pu", 7, np.nan), "every line needs r_pu > 0"),
    (changed("turns_ratio", 2, 0.0), "every turns_ratio must be above 0"),
    (changed("turns_ratio", 2, np.nan), "every turns_ratio must be above 0"),
    (changed("shunt_b_pu", 3, np.inf), "every shunt_g_pu and shunt_b_pu must be a number"),
    (changed("shunt_g_pu", 3, np.nan), "every shunt_g_pu and shunt_b_pu must be a number"),
    ({"v_min_pu": 1.05}, "v_min_pu=1.05 is not below v_max_pu=1.05"),
    ({"v_max_pu": np.nan}, "v_min_pu=0.9 is not below v_max_pu=nan")])
def test_a_feeder_that_cannot_be_is_told_by_field_and_value(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RecordError) as told:
        replace(FEEDER, **changes)
    assert str(told.value) == f"feeder {FEEDER.name}: {words}"


def test_all_that_is_wrong_with_a_feeder_is_told_at_once() -> None:
    with pytest.raises(RecordError, match="every line needs r_pu > 0; v_min_pu=2 is not below"):
        replace(FEEDER, v_min_pu=2.0, **changed("r_pu", 1, -1.0))


def test_a_bus_is_called_by_its_number_or_its_name() -> None:
    assert [NAMED.bus_row(called) for called in (1, "1", 33, "school")] == [0, 0, 32, 0]


@pytest.mark.parametrize(("called", "words"), [
    (34, "feeder .* has no bus 34$"), ("34", "has no bus '34'$"), ("church", "has no bus 'church'$"),
    ("1" * 5_000, "has no bus '1{59}$"), ("mill", "buses 2, 3 are called 'mill'; write a number$")])
def test_a_bus_that_is_not_there_or_there_twice_is_refused(called: int | str, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        NAMED.bus_row(called)


def test_ports_are_those_of_the_kinds_of_chargers_that_there_are() -> None:
    ports = np.zeros(2, dtype=np.int64)
    with pytest.raises(RecordError, match=r"^site: ports of 3 kinds of chargers, there are slow, fast$"):
        Site(np.array([-1, 0]), ports, ports, own_ports=(ports,))
