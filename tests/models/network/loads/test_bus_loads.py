"""Series of buses, loads, generators and storages: what is drawn where, and every mistake by file, row and column."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.network.loads.bus_loads import BusLoads, Series
from models.network.loads.composing import Given, bus_loads
from models.network.loads.elements import NO_ELEMENTS, Elements
from models.network.loads.net_elements import elements_of_net
from models.network.loads.series_csv import csv_series
from models.network.net_feeder import feeder_of_net
from models.network.source import FeederLimits
from models.network.sources.ieee33 import ieee33
from models.records.arrays import RecordError
from models.records.feeder import RadialFeeder
from models.tables.mistakes import TableError
from models.tables.table_format import TableFormat
from tests.models.network.loads.street import HOURS, SERIES, street, written

HOUR_EDGES_S = 3600.0 * np.arange(25)


@cache
def feeder() -> RadialFeeder:
    return feeder_of_net(street(), "street", FeederLimits(v_max_pu=1.1, peak_scale=0.5))


@cache
def elements() -> Elements:
    return elements_of_net(street(), feeder().bus_number)


def loads_of(file: Path, others_constant: bool = False, start_date: dt.date | None = None) -> BusLoads:
    series = csv_series(file, 3600, TableFormat(), feeder(), elements(), start_date)
    return bus_loads(feeder(), elements(), Given(others_constant, peak_scale=0.5), series)


def told(file: Path, **changes: Any) -> str:
    with pytest.raises(TableError) as mistakes:
        loads_of(file, **changes)
    return str(mistakes.value)


# ---------------------------------------------------------------- what is drawn
def test_each_element_draws_what_its_column_says(tmp_path: Path) -> None:
    shape = np.linspace(0.4, 1.0, 24)
    p_kw, q_kvar = loads_of(written(tmp_path)).drawn(HOUR_EDGES_S, shape)
    sun, pump = SERIES["sgen School roof p_kw"], 0.5 * np.outer([8.0, 4.0], shape)
    assert p_kw[2] == pytest.approx(SERIES["load 0 p_kw"]) and q_kvar[2] == pytest.approx(SERIES["load 0 q_kvar"])
    assert p_kw[3] == pytest.approx(SERIES["load School p_kw"] - sun)
    assert q_kvar[3] == pytest.approx(0.3 * SERIES["load School p_kw"] + 0.2 * sun), "at the net's own ratios"
    assert p_kw[5] == pytest.approx(pump[0] + SERIES["storage 0 p_kw"]) and q_kvar[5] == pytest.approx(pump[1])
    assert p_kw[6] == pytest.approx(0.5 * 2.0 * shape) and not p_kw[[0, 1, 4]].any()


def test_what_has_no_series_may_stay_at_the_nets_own_power(tmp_path: Path) -> None:
    p_kw, _ = loads_of(written(tmp_path), others_constant=True).drawn(HOUR_EDGES_S, np.zeros(24))
    assert p_kw[6] == pytest.approx(np.full(24, -4.0))
    without = bus_loads(feeder(), elements(), Given(others_constant=True, peak_scale=0.5))
    p_kw, q_kvar = without.drawn(HOUR_EDGES_S, np.ones(24))
    assert p_kw[3] == pytest.approx(np.full(24, 10.0 - 30.0)) and q_kvar[3] == pytest.approx(np.full(24, 3.0 + 6.0))
    assert p_kw[5] == pytest.approx(np.full(24, 4.0 + 3.0))


def test_without_a_word_all_loads_are_the_feeders_own() -> None:
    loads = bus_loads(feeder(), elements(), Given(peak_scale=0.5))
    assert np.array_equal(loads.follow_kw, feeder().p_base_kw)
    assert np.array_equal(loads.follow_kvar, feeder().q_base_kvar)
    assert not loads.taken and not loads.fixed_kw.any()


def test_a_bus_may_be_said_as_a_whole(tmp_path: Path) -> None:
    file = written(tmp_path, {"bus school p_kw": HOURS - 5.0, "bus 5 p_kw": HOURS + 1.0, "bus 5 q_kvar": 0.0 * HOURS})
    p_kw, q_kvar = loads_of(file, others_constant=True).drawn(HOUR_EDGES_S, np.ones(24))
    assert p_kw[3] == pytest.approx(HOURS - 5.0) and q_kvar[3] == pytest.approx(0.3 * (HOURS - 5.0))
    assert p_kw[5] == pytest.approx(HOURS + 1.0) and not q_kvar[5].any(), "load and storage of the bus are in it"


def test_a_network_without_elements_has_buses(tmp_path: Path) -> None:
    feeder = ieee33()
    series = csv_series(written(tmp_path, {"bus 18 p_kw": HOURS + 1.0}), 3600, TableFormat(), feeder, NO_ELEMENTS)
    p_kw, q_kvar = bus_loads(feeder, NO_ELEMENTS, Given(), series).drawn(HOUR_EDGES_S, np.ones(24))
    assert p_kw[17] == pytest.approx(HOURS + 1.0) and q_kvar[17] == pytest.approx((HOURS + 1.0) * 40 / 90)
    assert p_kw[16] == pytest.approx(np.full(24, 60.0))


def test_forecasts_miss_consumption_and_generation_apart(tmp_path: Path) -> None:
    loads = loads_of(written(tmp_path))
    factors = np.stack([np.full(24, 1.1), np.full(24, 0.8), np.ones(24)])
    p_kw, _ = loads.drawn(HOUR_EDGES_S, np.zeros(24), factors)
    assert p_kw[3] == pytest.approx(1.1 * SERIES["load School p_kw"] - 0.8 * SERIES["sgen School roof p_kw"])
    assert p_kw[5] == pytest.approx(SERIES["storage 0 p_kw"])


def test_generation_of_which_less_may_be_taken_is_that_of_static_generators(tmp_path: Path) -> None:
    given = Given(others_constant=True, peak_scale=0.5, curtailable=True)
    series = csv_series(written(tmp_path), 3600, TableFormat(), feeder(), elements(), None)
    loads = bus_loads(feeder(), elements(), given, series)
    sun = SERIES["sgen School roof p_kw"]
    assert loads.generation_buses.tolist() == [3, 6]
    assert loads.generation_kw(HOUR_EDGES_S) == pytest.approx(np.stack([sun, np.full(24, 4.0)]))
    missed = loads.generation_kw(HOUR_EDGES_S, np.stack([np.full(24, 9.0), np.full(24, 0.8), np.full(24, 9.0)]))
    assert missed == pytest.approx(np.stack([0.8 * sun, np.full(24, 4.0)])), "what is constant is known"
    p_kw = loads.drawn(HOUR_EDGES_S, np.zeros(24))[0]
    assert np.array_equal(p_kw, loads_of(written(tmp_path), others_constant=True).drawn(HOUR_EDGES_S, np.zeros(24))[0])


def test_without_a_static_generator_nothing_can_be_curtailed() -> None:
    with pytest.raises(RecordError, match="feeder street has no static generator with a series, nor one at its own"):
        bus_loads(feeder(), elements(), Given(curtailable=True))


def test_what_is_taken_and_what_is_not_is_told(tmp_path: Path) -> None:
    loads = loads_of(written(tmp_path))
    assert loads.notes == ("without a series, following the system's load: load 2 'Pump', load 3 'House'",
                           "without a series, left out: sgen 1 'Wind'")
    assert dict(loads.taken) == {("sgen", 0): "by its series", ("storage", 0): "by its series"}


@pytest.mark.parametrize(("columns", "told"), [
    ({"load 0 p_kw": HOURS * 1e3}, "columns p_kw peak at 5.75e+03 times what the network's own elements have"),
    ({"load 0 p_kw": HOURS / 1e5, "load School p_kw": HOURS / 1e5}, "are their numbers kW?"),
    ({"sgen School roof p_kw": -SERIES["sgen School roof p_kw"]}, "drawing power: sgen 0 'School roof'"),
    ({"load 0 p_kw": HOURS * 0.0, "sgen School roof p_kw": HOURS - 1.0}, "")], ids=["W", "GW", "sign", "as usual"])
def test_numbers_that_look_as_of_another_unit_or_sign_are_noted(tmp_path: Path, columns: dict[str, Any], told: str
                                                                ) -> None:
    notes = csv_series(written(tmp_path, columns), 3600, TableFormat(), feeder(), elements(), None).notes
    assert len(notes) == bool(told) and all(told in note for note in notes)


def test_days_of_a_file_without_times_are_told(tmp_path: Path) -> None:
    """A day of quarters read as hours would be four days."""
    file = tmp_path / "quarters.csv"
    file.write_text("bus 3 p_kw\n" + "5\n" * 96, encoding="utf-8")
    note = "has no column time: 96 rows of 3600 s are taken as 4 days in a row"
    assert note in csv_series(file, 3600, TableFormat(), feeder(), elements(), None).notes
    assert csv_series(file, 900, TableFormat(), feeder(), elements(), None).notes == ()


# ---------------------------------------------------------------- time
def test_means_of_any_span_keep_the_energy() -> None:
    series = Series(np.array([[1.0], [3.0], [5.0], [7.0]]), 900, repeats=True)
    assert series.means(np.array([0.0, 900.0, 3600.0]))[:, 0] == pytest.approx([1.0, 5.0])
    assert series.means(np.array([450.0, 1350.0]))[:, 0] == pytest.approx([2.0])
    assert series.means(np.array([-900.0, 0.0, 3600.0, 4500.0]))[:, 0] == pytest.approx([7.0, 4.0, 1.0])
    moved = Series(series.values, 900, first_s=-1800)
    assert moved.means(np.array([-1800.0, -900.0, 0.0, 1800.0]))[:, 0] == pytest.approx([1.0, 3.0, 6.0])
    with pytest.raises(RecordError, match=r"cover days -0\.0208333 to 0\.0208333 from .* but days 0 to 0\.0416667"):
        moved.check_span(0, 3600)


def test_days_repeat_or_are_those_of_a_date(tmp_path: Path) -> None:
    file = written(tmp_path, {"load 0 p_kw": np.arange(48.0)})
    repeated = loads_of(file).drawn(HOUR_EDGES_S + 48 * 3600, np.zeros(24))[0][2]
    assert repeated == pytest.approx(np.arange(24.0))
    dated = loads_of(file, start_date=dt.date(2024, 3, 6))
    assert dated.drawn(HOUR_EDGES_S, np.zeros(24))[0][2] == pytest.approx(np.arange(24.0, 48.0))
    assert dated.drawn(HOUR_EDGES_S[:2] - 86_400, np.zeros(1))[0][2, 0] == 0.0
    with pytest.raises(RecordError, match="they cover days -1 to 1"):
        dated.drawn(HOUR_EDGES_S + 3600, np.zeros(24))


# ---------------------------------------------------------------- mistakes
def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, {**SERIES, "load Nobody p_kw": HOURS, "bus 99 p_kw": HOURS, "load House p_kw": HOURS,
                              "pv p_kw": HOURS, "sgen Wind q_kvar": HOURS, "load 1 p_kw": HOURS})
    lines = file.read_text(encoding="utf-8").splitlines()
    del lines[7]
    lines[3] = lines[3].replace(",0.0,", ",nan,", 1)
    file.write_text("\n".join(lines), encoding="utf-8")
    assert told(file).splitlines() == [
        f"{file}: 9 mistakes",
        "  has unknown columns: 'pv p_kw'; allowed: time, and of series ELEMENT p_kw or ELEMENT q_kvar, ELEMENT being "
        "bus, load, asymmetric_load, motor, sgen, asymmetric_sgen, storage and a number or name, as `bus 7 p_kw`",
        "  23 rows of 3600 s are no whole days; a day needs 24 rows",
        "  column 'load Nobody p_kw': the net has no load 'Nobody'",
        "  column 'bus 99 p_kw': feeder street has no bus '99'",
        "  column 'load House p_kw': load 0, 3 have this name; write a number",
        "  column 'load 1 p_kw': 'load School p_kw' is the same",
        "  sgen 1 'Wind' has a column q_kvar and none of p_kw",
        "  row 3 (line 4): column sgen School roof p_kw is empty; each row needs it",
        "  row 7 (line 8): column time: is 7200 s after the row before, resolution_s says 3600"]


@pytest.mark.parametrize(("columns", "words"), [
    ({"load 1 p_kw": HOURS, "bus 3 p_kw": HOURS}, "load 1 'School' stands at bus 3, which has series of its own"),
    ({"time of day": HOURS}, "has no column of a series, ELEMENT p_kw or"),
    ({"load 0 p_kw": np.where(HOURS == 4, 2e7, 0.0)}, "row 5 (line 6): column load 0 p_kw '20000000.0' is out of ra"),
])
def test_other_mistakes(columns: dict[str, Any], words: str, tmp_path: Path) -> None:
    assert words in told(written(tmp_path, columns))


def test_what_is_cut_off_has_no_place_for_a_series(tmp_path: Path) -> None:
    net = street()
    net.load.loc[1, "in_service"] = False
    others = elements_of_net(net, feeder().bus_number)
    with pytest.raises(TableError, match="load 1 'School' is out of service, cut off or not supplied"):
        csv_series(written(tmp_path), 3600, TableFormat(), feeder(), others)


def test_dates_need_times(tmp_path: Path) -> None:
    assert "lacks a column time, by which start_date=2024-03-05 is found" in told(
        written(tmp_path, times=False), start_date=dt.date(2024, 3, 5))
