"""Studies of one point, of one seed, of one controller, with holes: what is said where less is known."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testbed.metrics.of_runs import ONE_SEED
from testbed.metrics.registry import METRICS
from testbed.reporting.study.cases import StudyCase, StudyCases, study_cases
from testbed.reporting.study.effects import Best, best_at, difference_at
from testbed.reporting.study.figure import charts_of
from testbed.reporting.study.report import write_study_report
from testbed.reporting.study.tables import write_tables
from testbed.reporting.study.variance import sample_blocks, shares
from testbed.reporting.study.verdict import bests, notes, sentences
from testbed.running.preflight import WrongRequest
from tests.testbed.reporting.studies import grid, study_of, write_study

SOCIETY, OWNERS, OPERATOR = (f"{who}_cost_usd_adjusted" for who in ("society", "owners", "operator"))
ONE_POINT = grid(drivers__compliance_mean=[0.9])
PAIR = ("bilayer", "uncoordinated")


def day(point: dict[str, Any], controller: str, seed: int) -> dict[str, float]:
    """Control saves society 20 $, on a day that is the dearer the later its seed."""
    society = 1000.0 + 10 * seed - 20 * (controller == "bilayer")
    return {SOCIETY: society, OWNERS: 400.0, OPERATOR: society - 400, "charged_mwh": 5.0}


def only(study: StudyCases, controllers: tuple[str, ...] = PAIR, seeds: tuple[int, ...] = (1, 2, 3)) -> StudyCases:
    return replace(study, cases=tuple(case for case in study.cases
                                      if case.controller in controllers and case.seed in seeds))


def page_of(points: list[dict[str, Any]], figures: Any, folder: Path, **more: Any) -> str:
    write_study_report(write_study(folder / "study", points, figures, **more), folder / "page.html")
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", (folder / "page.html").read_text()))


# ---------------------------------------------------------------- who pays least
def test_at_one_point_it_is_said_whether_it_is_resolved() -> None:
    study = study_of(ONE_POINT, day)
    told = sentences(study, bests(study))
    assert told[0] == "Society pays least under bilayer, by 20 $ less than under the next best; this is resolved."
    assert told[1].endswith("by 0 $ less than under the next best; this is not resolved.")
    assert len(told) == 3  # nothing was varied, so nothing depends on it


def test_one_controller_has_no_rival(tmp_path: Path) -> None:
    study = only(study_of(ONE_POINT, day), ("bilayer",))
    assert sentences(study, bests(study))[0] == "Society pays 1,000 $ under bilayer, the only one."
    best = best_at(study, SOCIETY, study.points[0])
    assert isinstance(best, Best) and (best.next, best.saving.seeds, best.is_resolved) == ("", 0, False)
    assert "bilayer" in page_of(ONE_POINT, day, tmp_path, controllers=("bilayer",))


def test_where_no_seed_is_complete_nobody_pays_least(tmp_path: Path) -> None:
    """Each seed lacks one controller's case at a point; the other point tells all the same."""
    points = grid(drivers__compliance_mean=[0.7, 0.9])

    def fails(point: dict[str, Any], controller: str, seed: int) -> dict[str, float] | None:
        is_lacking = point["drivers.compliance_mean"] == 0.7 and (controller, seed) in {
            ("bilayer", 1), ("uncoordinated", 2), ("bilayer", 3)}
        return None if is_lacking else day(point, controller, seed)

    study = study_of(points, fails)
    assert best_at(study, SOCIETY, study.points[0]) is None
    lost = replace(study, cases=tuple(case for case in study.cases if case.point == study.points[0]))
    assert sentences(lost, bests(lost)) == [
        "No seed of a point is complete for all controllers with cars: nobody can be said to pay least."]
    assert "no case" in page_of(points, fails, tmp_path)
    assert "under bilayer goes from" not in page_of(points, fails, tmp_path / "again")  # an end of the axis lacks
    text = (tmp_path / "page-summary.tex").read_text()
    assert text.count(" & -- ") + text.count(r" & -- \\") >= 2


def test_one_seed_resolves_nothing(tmp_path: Path) -> None:
    study = only(study_of(ONE_POINT, day), seeds=(2,))
    told = difference_at(study, SOCIETY, PAIR, study.points)
    assert (told.mean, told.seeds, told.note, told.is_resolved) == (-20.0, 1, ONE_SEED, False)
    text = page_of(ONE_POINT, day, tmp_path, seeds=(2,))
    assert "less than uncoordinated, " + ONE_SEED in text and " ± " not in text


def test_the_axis_is_told_between_the_values_that_are_known() -> None:
    points = grid(drivers__compliance_mean=[0.5, 0.7, 0.9])

    def fails_first(point: dict[str, Any], controller: str, seed: int) -> dict[str, float] | None:
        share = point["drivers.compliance_mean"]
        return None if share == 0.5 and (seed == 3 or controller == "bilayer") else \
            {**day(point, controller, seed), SOCIETY: 1000 * share - 20 * (controller == "bilayer")}

    study = study_of(points, fails_first)
    assert ("From 0.7 to 0.9 of drivers.compliance_mean the total cost to society under bilayer goes from 680 to 880 "
            "$.") in sentences(study, bests(study))


def test_a_payer_of_whom_nothing_is_known_is_left_out() -> None:
    study = study_of(ONE_POINT, lambda point, name, seed: {
        key: value for key, value in day(point, name, seed).items() if key != OPERATOR})
    assert [told.split()[0] for told in sentences(study, bests(study))] == ["Society", "Owners"]


# ---------------------------------------------------------------- what must be known beside it
def test_violations_and_objectives_that_differ_are_told() -> None:
    study = study_of(grid(drivers__compliance_mean=[0.7, 0.9]), day)
    cases = [replace(case, optimised=f"carbon at {case.point[0]}") for case in study.cases]
    cases[0] = replace(cases[0], violations=2)
    cases[-1] = replace(cases[-1], violations=1)
    told = notes(replace(study, cases=tuple(cases)))
    assert "2 cases break rules of the audit (3 violations): see the column audit_violations." in told
    assert told[-1].startswith("Cases were planned by 2 different objectives; costs are held against each other only")


def test_a_cost_that_is_the_same_everywhere_is_said_in_a_sentence(tmp_path: Path) -> None:
    text = page_of(ONE_POINT, day, tmp_path)
    assert "total cost to owners [USD] is the same in all cases, or does not apply." in text
    assert text.count("is the same in all cases") == 1


def test_figures_that_vary_and_are_not_shown_are_named(tmp_path: Path) -> None:
    names = [name for name in METRICS if not name.endswith("_cost_usd_adjusted")][:14]

    def many(point: dict[str, Any], controller: str, seed: int) -> dict[str, float]:
        return {**day(point, controller, seed), **{name: float(seed * (place + 1)) for place, name in enumerate(names)}}

    text = page_of(ONE_POINT, many, tmp_path, metrics=tuple(names))
    assert ("This page shows 12 figures; 5 more that vary are in results.csv: " + ", ".join(names[9:]) + ".") in text


# ---------------------------------------------------------------- shares and figures with holes
def test_no_shares_where_nothing_is_known_or_nothing_moves() -> None:
    points = grid(drivers__compliance_mean=[0.5, 0.7, 0.9], tariff__table=["beijing2015", "chengdu2023"])
    assert shares(only(study_of(points, day), seeds=()), SOCIETY, "bilayer") is None
    assert shares(study_of(points, day), "carbon_t", "bilayer") is None  # no case has the figure
    assert shares(study_of(points, day), SOCIETY, "bilayer") is None  # it is the same at every point


def test_a_sample_of_too_few_blocks_is_none() -> None:
    block = [("0", "a"), ("1", "a"), ("0", "b"), ("1", "b")]
    points = [(f"{place}{x}", f"{place}{y}") for place in range(8) for x, y in block]
    assert sample_blocks(points) is not None
    assert sample_blocks(points[:4]) is None and sample_blocks(points[:-1]) is None


def test_a_sample_whose_figure_never_moves_has_no_shares() -> None:
    block = [(0.1, 0.2), (0.3, 0.2), (0.1, 0.4), (0.3, 0.4)]
    points = [(x + place, y + place) for place in range(16) for x, y in block]
    cases = tuple(StudyCase(str(i), "bilayer", 1, tuple(map(str, point)), "completed", {SOCIETY: 5.0})
                  for i, point in enumerate(points))
    sample = StudyCases("sample", ("drivers.k0", "drivers.k1"), (SOCIETY,), cases)
    assert sample_blocks(sample.points) is not None
    assert shares(sample, SOCIETY, "bilayer") is None
    moving = replace(sample, cases=tuple(replace(case, figures={SOCIETY: float(case.point[0])}) for case in cases))
    assert shares(moving, SOCIETY, "bilayer") is not None


def test_a_map_of_one_controller_shows_means_and_leaves_holes_empty() -> None:
    study = only(study_of(grid(drivers__compliance_mean=[0.5, 0.9], tariff__table=["beijing2015", "chengdu2023"]), day),
                 ("bilayer",))
    whole = replace(study, cases=tuple(case for case in study.cases if case.point != study.points[3]))
    heat = next(chart for chart in charts_of(whole, SOCIETY) if chart.data[0]["type"] == "heatmap")
    assert "difference" not in heat.title
    assert heat.data[0]["text"] == [["1,000", "1,000"], ["1,000", ""]]
    assert "colorscale" not in heat.layout["coloraxis"] or heat.layout["coloraxis"].get("cmid") is None


# ---------------------------------------------------------------- tables
def test_without_pyarrow_there_is_no_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    made = write_tables(study_of(ONE_POINT, day), (SOCIETY,), tmp_path / "r.html")
    assert [file.name for file in made] == ["r-summary.csv", "r-summary.tex"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["r-summary.csv", "r-summary.tex"]


def test_an_unknown_status_is_told_with_those_there_are(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", ONE_POINT, day)
    with (folder / "results.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    rows[1][rows[0].index("status")] = "done"
    with (folder / "results.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(WrongRequest, match="line 2: status 'done': must be completed, failed, open"):
        study_cases(folder)


def test_a_study_without_a_complete_case_has_nothing_to_report(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", ONE_POINT, lambda point, name, seed: None)
    with pytest.raises(WrongRequest, match="none of its 6 cases is complete, so there is nothing to report"):
        study_cases(folder)


def test_curves_of_a_grid_with_holes_are_not_drawn_as_means() -> None:
    """Three axes have too many combinations for a line each; a mean over those there are would be of other days."""
    points = grid(drivers__compliance_mean=[0.5, 0.7, 0.9], drivers__enrolled_share=[0.1, 0.2, 0.3, 0.4],
                  tariff__table=["beijing2015", "chengdu2023", "opens_at_18"])

    def rising(point: dict[str, Any], controller: str, seed: int) -> dict[str, float]:
        figures = day(point, controller, seed)
        return {**figures, SOCIETY: figures[SOCIETY] + 100 * point["drivers.compliance_mean"]}

    full, holed = study_of(points, rising), study_of(points[:-1], rising)
    assert [c.title for c in charts_of(full, SOCIETY) if "by drivers.compliance_mean" in c.title]
    assert not [c.title for c in charts_of(holed, SOCIETY) if c.data[0].get("type") == "scatter" and np.size(
        c.data[0]["x"]) == 3]
