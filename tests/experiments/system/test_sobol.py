"""Sobol indices: functions whose indices are known, what a sample sets, and a sweep on the smallest scenario."""

import csv
from pathlib import Path

import numpy as np
import pytest

from experiments.runs import save_figure
from experiments.system.sobol import (
    BESIDE,
    FIGURE,
    OUTPUTS,
    STUDY,
    SUMMARY,
    independent_rows,
    inputs_of,
    main,
    outputs_of,
    picture,
    variation,
)
from experiments.system.sobol_indices import Index, Input, indices, points, sample
from testbed.running.preflight import checked_scenario
from testbed.scenario.marked_yaml import read_yaml
from tests.testbed import small_run

INPUTS = (Input("slope", 0.0, 2.0), Input("half", 0.0, 1.0), Input("map", levels=("plain", "hill", "coast")),
          Input("nothing", 5.0, 6.0))
HEIGHT = {"plain": 0.0, "hill": 1.0, "coast": 2.0}
SAMPLES = 1024


def evaluated(function, inputs=INPUTS, samples=SAMPLES):
    """The function at every row, by way of the different points and their places."""
    chosen, places = points(inputs, sample(inputs, samples))
    return np.array([function(*point.values()) for point in chosen])[places]


def test_the_indices_of_a_sum_are_its_shares_of_variance():
    # variances: a range of width w has w^2 / 12, three equal levels 0, 1, 2 have 2/3
    parts = np.array([4 / 12, 0.25 / 12, 2 / 3, 0.0])
    of_inputs = indices(INPUTS, "sum", evaluated(lambda slope, half, name, nothing: slope + half / 2 + HEIGHT[name]))
    expected = parts / parts.sum()
    assert [index.input for index in of_inputs] == ["slope", "half", "map", "nothing"]
    assert [index.first for index in of_inputs] == pytest.approx(expected, abs=0.02)
    assert [index.total for index in of_inputs] == pytest.approx(expected, abs=0.02)
    assert all(0 < index.first_ci95 < 0.15 for index in of_inputs[:3]) and of_inputs[3].total_ci95 == 0


def test_what_acts_only_together_has_no_first_order():
    inputs = (Input("x", -1.0, 1.0), Input("side", levels=(-1, 1)))
    of_inputs = indices(inputs, "product", evaluated(lambda x, side: x * side, inputs))
    assert [index.first for index in of_inputs] == pytest.approx([0, 0], abs=0.1)
    assert [index.total for index in of_inputs] == pytest.approx([1, 1], abs=0.1)


def test_an_output_that_never_varies_has_no_indices():
    for values in (np.full(12, 3.0), np.append(np.arange(11.0), np.nan)):
        of_inputs = indices(INPUTS[:1], "flat", values)
        assert np.isnan([of_inputs[0].first, of_inputs[0].total_ci95]).all()


def test_indices_are_the_same_every_time():
    values = evaluated(lambda slope, *rest: slope)
    assert indices(INPUTS, "x", values) == indices(INPUTS, "x", values)


# ---------------------------------------------------------------- the sample
def test_a_sample_twice_as_large_begins_with_the_smaller_one():
    small, large = sample(INPUTS, 8), sample(INPUTS, 16)
    assert small.shape == (8 * 6, 4)
    assert np.array_equal(large[:48], small)


def test_an_input_sets_its_keys():
    assert Input("x", 2.0, 4.0).settings(0.25) == {"x": 2.5}
    assert Input("fleet", 0.5, 1.5, keys={"a": 83.0, "b": 8.0}).settings(0.75) == {"a": 104, "b": 10}
    levels = Input("map", levels=("a", "b"), keys={"k": None})
    assert [levels.settings(share)["k"] for share in (0.0, 0.49, 0.5, 0.999999)] == ["a", "a", "b", "b"]


def test_equal_rows_are_one_point():
    inputs = (Input("x", 0.0, 1.0), Input("map", levels=("a", "b")))
    chosen, places = points(inputs, np.array([[0.5, 0.1], [0.5, 0.6], [0.25, 0.1], [0.5, 0.4]]))
    assert chosen == [{"x": 0.5, "map": "a"}, {"x": 0.5, "map": "b"}, {"x": 0.25, "map": "a"}]
    assert places == [0, 1, 2, 0]


def test_the_inputs_of_study_day():
    known = inputs_of(checked_scenario("study_day"))
    assert list(known) == ["compliance", "plug_in", "fleet", "wear", "zone_map"]
    assert known["fleet"].settings(0.5) == {  # a factor of 1: the scenario's own cars
        "districts.0.private": 83, "districts.0.taxi": 12, "districts.0.government": 8,
        "districts.1.private": 3917, "districts.1.taxi": 588, "districts.1.government": 392}
    assert known["wear"].settings(0.0) == {"objective.wear_usd_per_mwh": 14.286}
    assert known["zone_map"].settings(0.9) == {"districts.0.zone_map": "public"}


def test_free_rows_are_those_that_share_no_input():
    assert list(independent_rows(12, 3)) == [0, 3, 4, 7, 8, 11]
    rows = sample(INPUTS, 2)
    assert len({tuple(row) for row in rows[independent_rows(12, 2)]}) == 4


def test_noise_is_twice_the_gap_and_only_for_money():
    values = {name: np.array([1.0, 9.0, 3.0]) for name in (*OUTPUTS, *BESIDE)}  # one sample of one input: A, AB, B
    values |= {"objective_usd_adjusted": np.array([100.0, 0.0, 300.0]), "plan_gap_max_rel": np.array([0.01, 0.5, 0.01])}
    told = {name: (mean, sd, noise) for name, _, mean, sd, noise in variation(values, 1)}
    assert told["total_cost_usd_adjusted"] == pytest.approx((2.0, np.sqrt(2.0), (2 + 6) / 2))
    assert told["vm_min_pu"][2] == 0


# ---------------------------------------------------------------- the command
def test_mistakes_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--scenario", "smoke", "--samples", "3", "--inputs", "compliance", "compliance", "weather"]
    assert main([*asked, "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "power of two" in told and "weather: must be one of" in told and "twice" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_sweep_on_the_smallest_scenario(tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ["--scenario", "smoke", "--controller", "uncoordinated", "--samples", "2",
             "--inputs", "zone_map", "plug_in", "--workers", "1", "-o", str(out)]
    for setting in (*small_run.HOURLY, f"execution.cache_dir={tmp_path / 'cache'}"):
        asked += ["--set", setting]
    assert main(asked) == 0
    with (out / SUMMARY).open(newline="") as file:
        table = {(row["output"], row["input"]): row for row in csv.DictReader(file)}
    assert len(table) == len(OUTPUTS) * 2
    assert table["discharged_mwh", "plug_in"]["total"] == "nan", "nobody discharges"
    assert float(table["vm_min_pu", "plug_in"]["total"]) > 0
    assert (out / f"{FIGURE}.png").stat().st_size > 10_000 and (out / f"{FIGURE}.svg").is_file()
    # a row of the sample has the figures of its own point
    study = read_yaml(out / STUDY, []).data
    inputs = [inputs_of(checked_scenario("smoke"))[name] for name in ("zone_map", "plug_in")]
    chosen, places = points(inputs, sample(inputs, 2))
    assert study["points"] == chosen
    with (out / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["drivers.plug_in_probability"] for row in rows] == [
        str(point["drivers.plug_in_probability"]) for point in chosen]
    values = outputs_of(out / "results.csv", places)["feeder_losses_kwh"]
    assert list(values) == [float(rows[place]["feeder_losses_kwh"]) for place in places]


def test_an_output_without_indices_is_said_to_be_flat(tmp_path: Path) -> None:
    save_figure(picture([Index(name, "wear", *[np.nan] * 4) for name in OUTPUTS[:5]]), tmp_path / "x")
    assert (tmp_path / "x.svg").read_text().count("does not vary") == 5
