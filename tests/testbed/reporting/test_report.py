"""The report: one file, no network, everything escaped, and every section there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.fleet.soc_counts import SOC_BINS, soc_counts
from models.network.sources.ieee33 import ieee33
from testbed.reporting.charts import controller_colour, controller_dash
from testbed.reporting.figure import charts
from testbed.reporting.figures.expected_and_came import forecasts
from testbed.reporting.figures.nodal_prices import widest_step
from testbed.reporting.figures.stored_energy import percentile, soc_fans
from testbed.reporting.figures.voltage_profile import branch_starts, voltage_profile
from testbed.reporting.report import shown_runs, write_report
from testbed.reporting.tree import tree_places
from testbed.results.layout import ResultError
from testbed.results.reading import open_result
from testbed.wiring.failure import Failure
from tests.testbed.reporting.days import BUSES, STEPS

SECTIONS = ("run", "headline", "load", "commitment", "cars", "voltage", "columns", "losses", "costs", "refusals",
            "prices", "caveats")


def _charts(page: str) -> dict[str, Any]:
    block = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    read: dict[str, Any] = json.loads(block.group(1))
    return read


def test_one_file_with_every_section_and_chart(write_day: Any, tmp_path: Path) -> None:
    paths = [write_day("uncoordinated", 0, 1), write_day("uncoordinated", 0, 2), write_day("bilayer", 70, 1),
             write_day("bilayer", 70, 2)]
    output = tmp_path / "out" / "report.html"
    write_report(paths, output)
    text = output.read_text(encoding="utf-8")
    assert output.stat().st_size < 3e6
    for section in SECTIONS:
        assert f'<section id="{section}">' in text, section
    placed = set(re.findall(r'class="plot" id="([^"]+)"', text))
    assert placed == set(_charts(text)) and len(placed) >= 14
    assert text.count("plotly.js (cartesian") == 1
    assert "Mean of 2 seeds" in text and "here" in text and "2.0" in text


def test_the_page_asks_the_network_for_nothing(write_day: Any, tmp_path: Path) -> None:
    write_report([write_day("bilayer", 70)], tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    ours = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", ours) and "@import" not in ours
    assert "url(" not in ours


def test_text_of_users_is_escaped(write_day: Any, toy: Any, tmp_path: Path) -> None:
    evil = '<img src=x onerror=alert("1")></script>'
    made = toy.scenario(name=evil, description=evil)
    path = write_day(evil, 10, made=made, status="failed", failure=Failure(evil, 5, evil))
    write_report([path], tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<img" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert "&lt;img src=x" in text
    titles = [a["text"] for a in _charts(text)["commitment-1"]["layout"]["annotations"]]
    assert titles == ["<b>&lt;img src=x onerror=alert(\"1\")&gt;&lt;/script&gt; (failed)</b>",
                      "<b>price of one more MWh</b>"]


def test_a_controller_keeps_its_colour_in_every_chart(write_day: Any) -> None:
    runs = shown_runs([open_result(write_day("uncoordinated", 0)), open_result(write_day("bilayer", 70))])
    drawn = charts(runs)
    for section, position in (("load", 0), ("commitment", 0), ("voltage", 0), ("losses", 0), ("prices", 0)):
        colours = {trace["name"]: trace["line"]["color"] for trace in drawn[section][position].data}
        assert colours["uncoordinated"] == controller_colour(0), section
        assert colours["bilayer"] == controller_colour(1), section
    assert len({(controller_colour(i), controller_dash(i)) for i in range(16)}) == 16


def test_units_and_cars_are_drawn_in_the_unit_of_their_axis(write_day: Any) -> None:
    """Units in MW as they are; cars of all districts in MW, of one network in kW."""
    [run] = runs = shown_runs([open_result(write_day("bilayer", 70))])
    drawn, result = charts(runs), run.result
    units = drawn["commitment"][1].data[0]["z"]
    on = result.system("committed").T > 0
    assert np.array(units, dtype=float)[on] == pytest.approx(result.system("p_mw").T[on], rel=1e-3)
    kw = {name: result.district(name, "charge_kw").sum() for name in result.districts}
    for position, total in ((0, sum(kw.values()) / 1000), (1, sum(kw.values()) / 1000), (-1, kw["feeder33"])):
        traces = drawn["cars"][position].data
        assert sum(np.sum(trace["y"]) for trace in traces if trace["stackgroup"].startswith("up")) == pytest.approx(
            total, rel=1e-3)


def test_every_axis_has_a_unit(write_day: Any) -> None:
    runs = shown_runs([open_result(write_day("uncoordinated", 0)), open_result(write_day("bilayer", 70))])
    for members in charts(runs).values():
        for chart in members:
            layout = chart.layout
            assert re.search(r"\[.+\]$", layout["xaxis"]["title"]["text"]), chart.title
            is_named = layout["yaxis"].get("type") == "category" or "coloraxis" in layout
            title = layout["yaxis"].get("title", {}).get("text", "")
            assert is_named or re.search(r"\[.+\]$", title), chart.title


def test_figures_show_what_the_file_holds(write_day: Any) -> None:
    path = write_day("bilayer", 70)
    result = open_result(path)
    drawn = charts(shown_runs([result]))
    load = next(t for t in drawn["load"][0].data if t["name"] == "bilayer")
    assert len(load["y"]) == STEPS + 1 and load["x"][-1] == 24
    voltages = drawn["voltage"][2].data[0]
    assert np.allclose(voltages["z"], result.district("feeder33", "vm_pu").T, atol=1e-4)
    zones = {(t["name"], t["stackgroup"]): t["y"] for t in drawn["cars"][0].data}
    charged = sum(result.district(d, "charge_kw")[:, :6].sum(axis=1) for d in result.districts) / 1000
    assert np.allclose(zones["residential", "up0"], charged, rtol=1e-3)
    refused = {t["name"]: t["x"] for t in drawn["refusals"][0].data}
    assert refused["ignores"] == [4 * STEPS] and "complied" not in refused


def test_what_cars_change_is_drawn_apart_from_the_load(write_day: Any) -> None:
    runs = shown_runs([open_result(write_day("no_pev", 0.0)), open_result(write_day("bilayer", 40.0))])
    whole, difference = charts(runs)["load"]
    ours, base = (np.array(line["y"], dtype=float) for line in whole.data[:0:-1])
    assert [line["name"] for line in difference.data] == ["bilayer"]
    assert np.array(difference.data[0]["y"], dtype=float) == pytest.approx(ours - base, abs=0.2)
    assert len(charts(runs[:1])["load"]) == 1


def test_the_profile_breaks_where_a_branch_begins(write_day: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bus 19 of the test feeder hangs on bus 2: no line from bus 18 to it."""
    result, feeder = open_result(write_day("bilayer", 40.0)), ieee33()
    parent = np.where(feeder.parent >= 0, feeder.bus_number[feeder.parent], -1)
    read = type(result).district
    monkeypatch.setattr(type(result), "holds", lambda *_: True)
    monkeypatch.setattr(type(result), "district",
                        lambda self, d, name: parent if name == "bus_parent" else read(self, d, name))
    assert feeder.bus_number[branch_starts(result, "feeder33")].tolist() == [19, 23, 26]
    line = voltage_profile(shown_runs([result]), "feeder33")[0].data[0]
    assert len(line["x"]) == BUSES + 3
    assert [x for x, y in zip(line["x"], line["y"], strict=True) if y is None] == [18.5, 22.5, 25.5]


def test_refusals_and_queues_are_drawn_step_by_step(write_day: Any, write_result: Any) -> None:
    runs = shown_runs([open_result(write_day("bilayer", 70))])
    over_time = {trace["name"]: trace["y"] for trace in charts(runs)["refusals"][1].data
                 if trace["stackgroup"].startswith("up")}
    assert over_time["ignores"] == [4.0] * STEPS and "complied" not in over_time
    busy = open_result(write_result("busy.h5", feeder={"queue_count": [0, 1, 3, 2], "plugged_count": 1.0}))
    drawn = {chart.title: chart.data[0]["y"] for chart in charts(shown_runs([busy]))["cars"]}
    assert drawn["Cars waiting for a port"] == [0, 1, 3, 2, 2] and drawn["Cars plugged in"][0] == 18
    assert "Cars waiting for a port" not in [chart.title for chart in charts(runs)["cars"]]
    assert len(charts(shown_runs([busy]))["refusals"]) == 1


def test_long_runs_show_hours_in_heat_maps(write_result: Any) -> None:
    vm = np.tile(np.linspace(0.95, 1.0, 4), (1, 1)).T * np.ones((4, 400))
    path = write_result(steps=400, step_s=900, feeder={"vm_pu": vm.T})
    panel = charts(shown_runs([open_result(path)]))["voltage"][2]
    assert len(panel.data[0]["x"]) == 100 and panel.data[0]["x"][:2] == [0.5, 1.5]
    assert "days" not in panel.title and panel.layout["xaxis"]["dtick"] == 24


def test_a_run_that_did_not_complete_is_shown_and_not_compared(write_day: Any, tmp_path: Path) -> None:
    paths = [write_day("uncoordinated", 0), write_day("bilayer", 70, stop_after=40, status="failed",
                                                      failure=Failure("feeder", 36_000, "no power flow"))]
    write_report(paths, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "failed, 40 of 96 steps; feeder failed at day 1 10:00: no power flow" in text
    assert 'class="diff">' not in text and "bilayer (failed)" in text


def test_a_report_without_a_single_step_still_says_what_failed(write_result: Any, tmp_path: Path) -> None:
    write_report([write_result(stop_after=0, status="failed", failure=Failure("temporal", 0, "no plan"))],
                 tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "no plan" in text and "No run completed" in text and 'class="plot"' not in text


def test_what_cannot_be_reported_is_refused(write_day: Any, write_result: Any, toy: Any, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="at least one result"):
        write_report([], tmp_path / "r.html")
    other = write_result("other.h5", made=toy.scenario(step_s=1800))
    with pytest.raises(ResultError, match="differ in step_s"):
        write_report([write_day("bilayer", 70), other], tmp_path / "r.html")


# ---------------------------------------------------------------- the feeder drawn
def test_branches_of_the_test_feeder_share_no_place_and_no_line() -> None:
    parent = ieee33().parent
    column, row = tree_places(parent)
    corners = {(int(row[n]), int(column[parent[n]])) for n in range(1, 33) if row[n] != row[parent[n]]}
    places = set(zip(row.tolist(), column.tolist(), strict=True))
    assert len(places) == 33 and not corners & places
    assert np.all(column[1:] == column[parent[1:]] + 1)
    assert np.flatnonzero(row == 0).tolist() == list(range(18))  # the way to bus 18 is the longest


def test_nodal_prices_are_drawn_where_they_lie_furthest_apart() -> None:
    price = np.full((4, 3), np.nan)
    price[1], price[2] = [20.0, 21.0, 22.0], [30.0, 35.0, 33.0]
    assert widest_step(price) == 2


# ---------------------------------------------------------------- plans, prices and batteries
def test_prices_stand_below_the_units_on_the_same_time(write_day: Any) -> None:
    [run] = runs = shown_runs([open_result(write_day("bilayer", 70))])
    chart = charts(runs)["commitment"][1]
    price = chart.data[-1]
    assert price["y"][:-1] == pytest.approx(run.result.system("marginal_price_usd_per_mwh"), rel=1e-4)
    below, above = chart.layout[f"yaxis{price['yaxis'][1:]}"]["domain"], chart.layout["yaxis"]["domain"]
    assert below[0] == 0 and below[1] < above[0] < above[1] <= 1 and chart.layout["xaxis"]["anchor"] == price["yaxis"]


def test_what_plans_expected_stands_beside_what_came(write_day: Any) -> None:
    [run] = runs = shown_runs([open_result(write_day("bilayer", 70))])
    load, cars = (chart for chart in charts(runs)["commitment"] if "expected" in chart.title)
    plan = run.result.plan(0)
    bound = plan["p_mw"].sum(axis=0)[: len(load.data[0]["y"]) - 1]
    assert load.data[0]["name"] == "planned the day before" and load.data[0]["y"][:-1] == pytest.approx(bound, rel=1e-4)
    kw = sum(run.result.district(d, "charge_kw").sum(axis=1) - run.result.district(d, "discharge_kw").sum(axis=1)
             for d in run.result.districts)
    assert cars.data[2]["name"] == "what came" and cars.data[2]["y"][:-1] == pytest.approx(kw / 1000, rel=1e-4)


def test_forecasts_stand_beside_what_came_unless_they_were_exact(write_day: Any) -> None:
    path = write_day("bilayer", 70)
    with h5py.File(path, "r+") as file:
        for forecast, came in (("load_forecast_mw", "load_mw"), ("wind_forecast_mw", "wind_available_mw"),
                               ("pv_forecast_mw", "pv_available_mw")):
            file[forecast][:] = file[came][:]
    assert forecasts(shown_runs([open_result(path)])) == []
    with h5py.File(path, "r+") as file:
        file["wind_forecast_mw"][:] += 12.0
    [chart] = forecasts(shown_runs([open_result(path)]))
    assert "load 0.0 MW, wind 12.0 MW, sun 0.0 MW" in chart.caption
    lines = {line["name"]: line["y"] for line in chart.data}
    assert lines == {"load": pytest.approx([0] * (STEPS + 1)), "wind": pytest.approx([12] * (STEPS + 1)),
                     "sun": pytest.approx([0] * (STEPS + 1))}


def test_a_fan_of_states_of_charge_is_drawn_over_all_districts(write_day: Any) -> None:
    path = write_day("bilayer", 70)
    districts = open_result(path).districts
    with h5py.File(path, "r+") as file:
        for name, soc in zip(districts, ([0.2, 0.36], [0.2, 0.36, 0.5]), strict=True):
            file[f"districts/{name}/soc_count"][:] = soc_counts(np.array(soc), np.zeros(len(soc), dtype=np.int64), 3)
    fan = soc_fans(shown_runs([open_result(path)]))
    assert [chart.title for chart in fan] == ["State of charge: private cars"]
    drawn = np.array([trace["y"][0] for trace in fan[0].data])
    assert drawn == pytest.approx([0.515, 0.2025, 0.3775, 0.2125, 0.365], abs=1e-9)


def test_a_file_older_than_the_counting_of_batteries_has_no_fan(write_day: Any) -> None:
    path = write_day("bilayer", 70)
    first = open_result(path).districts[0]
    with h5py.File(path, "r+") as file:
        del file[f"districts/{first}/soc_count"]
    assert soc_fans(shown_runs([open_result(path)])) == []


@given(soc=arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1)), percent=st.floats(0.1, 100))
def test_a_percentile_of_counted_cars_is_in_the_band_of_the_car(soc: Any, percent: float) -> None:
    counts = soc_counts(soc, np.zeros(soc.size, dtype=np.int64), 1)
    car = np.sort(soc)[max(int(np.ceil(percent / 100 * soc.size - 1e-9)) - 1, 0)]
    assert percentile(counts, percent)[0] == pytest.approx(car, abs=1 / SOC_BINS + 1e-6)


@pytest.mark.slow
def test_a_report_of_many_seeds_and_controllers_stays_small(write_day: Any, tmp_path: Path) -> None:
    names = ("uncoordinated", "no_pev", "tariff", "smart_charging", "temporal", "bilayer")
    paths = [write_day(name, shift, seed, network=ieee33()) for seed in range(20) for shift, name in enumerate(names)]
    write_report(paths, tmp_path / "all.html")
    assert (tmp_path / "all.html").stat().st_size < 10e6
    write_report(paths[:6], tmp_path / "day.html")
    assert (tmp_path / "day.html").stat().st_size < 3e6
