"""The report of a study: who pays least where, intervals, shares of variance, fronts, twins, tables."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.records.arrays import RecordError
from testbed.reporting.study.cases import StudyCase, StudyCases, study_cases
from testbed.reporting.study.effects import best_at, difference_at, mean_at
from testbed.reporting.study.figure import STUDY_FIGURES, StudyFigure, charts_of, whole_charts
from testbed.reporting.study.figures.pareto_fronts import front
from testbed.reporting.study.report import write_study_report
from testbed.reporting.study.tables import escaped
from testbed.reporting.study.variance import grid_shares, sample_blocks, sample_shares, shares
from testbed.reporting.study.verdict import bests, notes, sentences
from testbed.running.preflight import WrongRequest
from testbed.scenario.twins import twin_notes
from tests.testbed.cli_runs import call, files_in
from tests.testbed.reporting.studies import grid, study_of, write_study

SOCIETY, OWNERS, OPERATOR = (f"{who}_cost_usd_adjusted" for who in ("society", "owners", "operator"))
NOISE = {1: -1.0, 2: 0.0, 3: 1.0}
POINTS = grid(drivers__compliance_mean=[0.4, 0.7, 1.0], tariff__table=["beijing2015", "chengdu2023"])


def day(point: dict[str, Any], controller: str, seed: int) -> dict[str, float] | None:
    """Control saves 100 $ a unit of compliance above one half; the seed's own luck is the same under both."""
    share, is_other = point.get("drivers.compliance_mean", 1.0), point.get("tariff.table") == "chengdu2023"
    saved = (100 * (share - 0.5) + (0.5 * NOISE[seed] if seed in NOISE else 0.0)) * (controller == "bilayer")
    society = 1000 + 50 * is_other + 10 * NOISE.get(seed, 0.0) - saved
    owners = 400 - 300 * is_other - 2 * saved
    return {SOCIETY: society, OWNERS: owners, OPERATOR: society - owners, "charged_mwh": 5.0, "driven_mwh": 1.0,
            "carbon_t": 100 + saved, "departures_short_kwh": 0.0, "plan_gap_max_rel": 1e-4, "objective_usd": 5000.0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study(tmp_path / "study", POINTS, day, metrics=(SOCIETY, OWNERS, "carbon_t"))


@pytest.fixture(scope="module")
def study() -> StudyCases:
    return study_of(POINTS, day, (SOCIETY, OWNERS, "carbon_t"))


def sampled(points: list[tuple[float, ...]], value: Any) -> StudyCases:
    """One controller, one seed, figures by formula; nothing on disk."""
    axes = tuple(f"drivers.k{i}" for i in range(len(points[0])))
    cases = tuple(StudyCase(str(i), "bilayer", 1, tuple(map(json.dumps, point)), "completed", {SOCIETY: value(point)})
                  for i, point in enumerate(points))
    return StudyCases("sample", axes, (SOCIETY,), cases)


# ---------------------------------------------------------------- means, intervals, differences
def test_means_and_paired_differences_are_what_one_gets_by_hand(study: StudyCases) -> None:
    point = ("0.7", '"beijing2015"')
    own = mean_at(study, SOCIETY, "uncoordinated", [point])
    assert own.mean == pytest.approx(1000) and own.ci95 == pytest.approx(4.302653 * 10 / np.sqrt(3), rel=1e-5)
    less = difference_at(study, SOCIETY, ("bilayer", "uncoordinated"), [point])
    assert less.mean == pytest.approx(-20) and less.ci95 == pytest.approx(4.302653 * 0.5 / np.sqrt(3), rel=1e-5)
    assert less.is_resolved and less.note == ""


def test_a_difference_below_twice_the_gap_is_not_resolved() -> None:
    def wide(point: dict[str, Any], controller: str, seed: int) -> dict[str, float]:
        return {**(day(point, controller, seed) or {}), "plan_gap_max_rel": 3e-3}  # 2 x 0.003 x 5000 $ = 30 $

    study = study_of(POINTS[2:4], wide)
    assert difference_at(study, SOCIETY, ("bilayer", "uncoordinated"), study.points[:1]).note == "not resolved"


def test_seeds_that_lack_a_point_have_no_say() -> None:
    def failing(point: dict[str, Any], controller: str, seed: int) -> dict[str, float] | None:
        return None if (controller, seed, point["drivers.compliance_mean"]) == ("bilayer", 3, 1.0) else \
            day(point, controller, seed)

    study = study_of(POINTS, failing)
    assert mean_at(study, SOCIETY, "bilayer", study.points).seeds == 2
    assert difference_at(study, SOCIETY, ("bilayer", "uncoordinated"), study.points[-1:]).seeds == 2
    assert notes(study)[0].startswith("2 of 36 cases failed")


def test_who_fails_on_a_dear_day_is_not_the_cheaper_for_it() -> None:
    """Of a seed that one controller lacks nobody's day counts, or means would be of different days."""
    def dear_third(point: dict[str, Any], controller: str, seed: int) -> dict[str, float] | None:
        figures = day(point, controller, seed)
        return None if (controller, seed) == ("uncoordinated", 3) else \
            {**figures, SOCIETY: figures[SOCIETY] + 1e6 * (seed == 3)}

    study = study_of(POINTS[-1:], dear_third)
    best = best_at(study, SOCIETY, study.points[0])
    assert best is not None
    assert (best.controller, best.cost.seeds, best.saving.seeds) == ("bilayer", 2, 2)


def test_who_pays_least_turns_where_drivers_refuse(study: StudyCases) -> None:
    at = {point: best_at(study, SOCIETY, point) for point in study.points}
    assert [best.controller for best in at.values() if best] == ["uncoordinated"] * 2 + ["bilayer"] * 4
    told = sentences(study, bests(study))
    assert told[0] == ("Society pays least under bilayer at 4 and under uncoordinated at 2 of 6 points, by 10 to 50 $ "
                       "less than under the next best; this is resolved at all of them.")
    assert told[1].startswith("Owners pay least under")
    assert "drivers.compliance_mean moves" not in told[3] and "tariff.table moves society's cost most" in told[3]
    assert told[4] == "Who is cheapest for society changes with drivers.compliance_mean."


def test_one_axis_is_told_from_end_to_end() -> None:
    study = study_of(grid(drivers__compliance_mean=[0.7, 1.0]), day)
    assert ("From 0.7 to 1.0 of drivers.compliance_mean the total cost to society under bilayer goes from 980 to 950 "
            "$.") in sentences(study, bests(study))


# ---------------------------------------------------------------- shares of variance
def test_shares_of_a_grid_add_up_without_interactions_and_see_them() -> None:
    x, y = np.meshgrid([0.0, 1.0, 2.0], [0.0, 3.0], indexing="ij")
    first, total = grid_shares((x + y)[None])
    assert first[0] == pytest.approx([(2 / 3) / (2 / 3 + 9 / 4), (9 / 4) / (2 / 3 + 9 / 4)])
    assert total == pytest.approx(first)
    first, total = grid_shares(((x - 1) * (y - 1.5))[None])
    assert first[0] == pytest.approx([0, 0]) and total[0] == pytest.approx([1, 1])


def test_a_sample_is_known_by_its_blocks() -> None:
    """Of the second block A and B are alike in the second input: its row with that of B stands once, as A."""
    blocks = [[("0", "0", "a"), ("1", "1", "a"), ("0", "0", "b"), ("1", "1", "b")] for _ in range(8)]
    points = [tuple(f"{place}{text}" for text in row) for place, block in enumerate(blocks) for row in block]
    points[4:8] = [("5", "5", "a"), ("6", "6", "a")]
    assert sample_blocks(points) is None  # a block without B is none
    points[4:6] = [("5", "5", "x"), ("6", "6", "x"), ("5", "5", "y"), ("6", "6", "y")]
    known = sample_blocks(points)
    assert known is not None and known.inputs == ((0, 1), (2,)) and known.places.shape == (8, 4)
    assert known.places[1].tolist() == [4, 5, 6, 7]


@pytest.mark.slow
def test_shares_of_a_sample_agree_with_salib() -> None:
    sobol, analyze = (pytest.importorskip(f"SALib.{part}.sobol") for part in ("sample", "analyze"))
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
    rows = sobol.sample(problem, 64, calc_second_order=False, seed=7)

    def value(point: tuple[float, ...]) -> float:
        return np.sin(6 * point[0]) + 3 * point[2] ** 2 + point[0] * point[3]

    # the first input moves two keys, the last falls on one of two levels, as in a choice
    points = [(a, round(2 * a, 6), b, float(c > 0.5)) for a, b, c in rows.tolist()]
    study = sampled(list(dict.fromkeys(points)), value)
    assert len(study.points) < len(points)
    told = shares(study, SOCIETY, "bilayer")
    theirs = analyze.analyze(problem, np.array(list(map(value, points))), calc_second_order=False, seed=1)
    assert told is not None and told.inputs == ("drivers.k0 + drivers.k1", "drivers.k2", "drivers.k3")
    assert told.first == pytest.approx(theirs["S1"], abs=1e-9) and told.total == pytest.approx(theirs["ST"], abs=1e-9)
    assert told.first_ci95 == pytest.approx(theirs["S1_conf"], rel=0.2)


def test_points_in_no_order_are_no_sample() -> None:
    points = [tuple(map(str, row)) for row in np.random.default_rng(3).random((60, 3))]
    assert sample_blocks(points) is None
    assert sample_shares(np.ones((1, 4, 4)) + np.arange(4))[0].shape == (1, 2)


# ---------------------------------------------------------------- figures
def test_figures_draw_what_the_folder_holds(study: StudyCases) -> None:
    drawn = {chart.title: chart for chart in [*charts_of(study, SOCIETY), *whole_charts(study)]}
    curve = drawn["total cost to society, by drivers.compliance_mean"]
    assert len(curve.layout["annotations"]) == 2  # a panel per tariff
    line = next(trace for trace in curve.data if trace["name"] == "bilayer")
    assert line["x"] == [0.4, 0.7, 1.0] and line["y"] == pytest.approx([1010, 980, 950])
    assert line["error_y"]["array"][0] == pytest.approx(4.302653 * 9.5 / np.sqrt(3), rel=1e-3)
    heat = drawn["total cost to society: difference from uncoordinated, by drivers.compliance_mean and tariff.table"]
    assert np.array(heat.data[0]["z"]) == pytest.approx(np.array([[10, -20, -50]] * 2)) and heat.data[0]["text"][0] == [
        "+10", "-20", "-50"]
    bars = drawn["What total cost to society depends on"]
    assert [bar["x"] for bar in bars.data[2:4]] == [pytest.approx([600 / (600 + 625), 625 / (600 + 625)], abs=1e-3)] * 2
    assert drawn["Total cost to owners and total cost to operator: what can be had at once"].data[0]["name"] == "front"


def test_a_front_is_what_none_beats() -> None:
    assert front([3.0, 1.0, 2.0, 2.0], [1.0, 3.0, 3.0, 2.0]).tolist() == [1, 3, 0]


def test_a_sample_has_clouds_in_place_of_curves() -> None:
    points = [tuple(row) for row in np.random.default_rng(3).random((40, 2)).round(4).tolist()]
    drawn = charts_of(sampled(points, lambda point: point[0]), SOCIETY)
    assert [chart.title for chart in drawn] == [f"total cost to society at all points, by drivers.k{i}" for i in (0, 1)]
    assert len(drawn[0].data[0]["x"]) == 40


@pytest.mark.parametrize("name", STUDY_FIGURES)
def test_every_figure_says_what_it_shows(name: str, study: StudyCases) -> None:
    figure = STUDY_FIGURES[name]
    charts = figure.draw(study, SOCIETY) if figure.draw else figure.draw_whole(study)  # type: ignore[misc]
    assert figure.shows and all(chart.title and chart.data for chart in charts)


def test_a_figure_with_two_ways_to_draw_is_refused() -> None:
    with pytest.raises(RecordError, match="study figure x: needs either draw or draw_whole"):
        StudyFigure("x", 1, "nothing")


# ---------------------------------------------------------------- twins
def test_a_key_varied_without_its_twin_is_told(study: StudyCases) -> None:
    assert notes(study) == ["drivers.compliance_mean goes from 0.4 to 1 while planning.assumed_compliance stays 0.95: "
                            "plans do not expect what drivers do, except those of controllers that learn it; vary both "
                            "where that is not meant."]


@pytest.mark.parametrize(("truth", "belief", "is_told"), [
    ((0.5, 1.0), (0.95, 0.95), True), ((0.5, 1.0), (0.5, 1.0), False), ((0.9, 0.9), (0.5, 1.0), True),
    ((0.9, 0.9), (0.9, 0.9), False)])
def test_twins_are_told_whichever_of_them_stays(truth: Any, belief: Any, is_told: bool) -> None:
    told = twin_notes([{"drivers": {"compliance_mean": a}, "planning": {"assumed_compliance": b}}
                       for a, b in zip(truth, belief, strict=True)])
    assert bool(told) == is_told


def test_the_price_of_a_battery_has_a_twin_only_where_wear_has_one_price() -> None:
    def told(model: str) -> list[str]:
        return twin_notes([{"wear": {"model": model, "battery_cny_per_kwh": price},
                            "objective": {"wear_usd_per_mwh": 53.6}} for price in (500, 900)])

    assert told("throughput") and not told("naumann")


# ---------------------------------------------------------------- page and tables
def test_the_page_and_its_tables(folder: Path, tmp_path: Path) -> None:
    done = call("report", folder)
    assert done.exit_code == 0, done.stderr
    assert [Path(line).name for line in done.stdout.split()] == [
        "report.html", "report-summary.csv", "report-summary.tex", "report-summary.parquet"]
    text = (folder / "report.html").read_text()
    first = re.sub("<[^>]+>", " ", text[:text.index("<nav>")].partition("</style>")[2])
    assert "Society pays least under bilayer at 4" in first and "planning.assumed_compliance stays 0.95" in first
    frame = pd.read_csv(folder / "report-summary.csv")
    assert len(frame) == 6 * 2 * 4 and set(frame["tariff.table"]) == {"beijing2015", "chengdu2023"}
    assert pd.read_parquet(folder / "report-summary.parquet")["mean"].tolist() == pytest.approx(frame["mean"].tolist())
    assert r"0.4 & beijing2015 & bilayer & 1\,010 $\pm$ 24" in (folder / "report-summary.tex").read_text()
    assert escaped("a_b & 5 %") == r"a\_b \& 5 \%"


def test_cases_that_failed_are_named_with_their_cause(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "s", POINTS,
                         lambda point, name, seed: None if (name, seed) == ("bilayer", 2) else day(point, name, seed))
    write_study_report(folder, tmp_path / "s.html")
    text = (tmp_path / "s.html").read_text()
    assert "6 of 36 cases failed" in text and "diverged" in text


@pytest.mark.parametrize(("damage", "message"), [
    (lambda folder: (folder / "results.csv").unlink(), "has no results.csv yet; `testbed collect"),
    (lambda folder: (folder / "results.csv").write_text("a,b\n1,2\n"), "must have the columns case, controller, seed"),
    (lambda folder: (folder / "study.json").write_text("{"), "study.json: cannot be read"),
    (lambda folder: [file.unlink() for file in (folder / "cases").glob("*.json")], "is called complete, but its"),
])
def test_a_damaged_study_is_told_and_nothing_is_written(folder: Path, damage: Any, message: str) -> None:
    damage(folder)
    before = files_in(folder)
    done = call("report", folder)
    assert done.exit_code == 2 and message in done.stderr
    assert files_in(folder) == before


def test_every_wrong_line_of_the_table_is_told(folder: Path) -> None:
    with (folder / "results.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    rows[2][2], rows[5][3], rows[7] = "one", "paper", rows[7][:-1]
    with (folder / "results.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(WrongRequest) as wrong:
        study_cases(folder)
    assert [text.partition("results.csv: ")[2] for text in wrong.value.mistakes] == [
        "line 3: seed 'one': must be a whole number", "line 6: 'paper': must be a value as JSON",
        "line 8: has 10 columns, must have 11"]
