"""The Pareto experiment as a command: a nine-hour plan of the smallest scenario."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from controllers.temporal.pareto import OBJECTIVES, Costs, Point
from experiments.runs import exit_code
from experiments.system.pareto import COLUMNS, Kept, main, planning_case
from testbed.running.preflight import WrongRequest

SMALL = ("step_s=3600", "planning.binding_h=8", "planning.horizon_h=9", "spatial.look_ahead_h=2",
         "profiles.wind_capacity_mw=900")


def _arguments(folder: Path, *more: str) -> list[str]:
    sets = [part for setting in (*SMALL, f"execution.cache_dir={folder / 'cache'}") for part in ("--set", setting)]
    return ["--scenario", "smoke", *sets, "-o", str(folder / "out"), *more]


@pytest.mark.slow
def test_it_writes_the_table_and_the_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert main(_arguments(tmp_path, "--points", "3", "--gap", "0.005")) == 0
    printed = capsys.readouterr()
    assert "dominated answers taken out" in printed.out and "gap" in printed.out
    assert "operating" in printed.err
    with (tmp_path / "out" / "pareto.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kept = [row for row in rows if row["front"] == "1"]
    assert set(COLUMNS) < set(rows[0])
    assert len(kept) >= 2
    cost, cut = ([float(row[f"{name}_usd"]) for row in kept] for name in ("operating", "curtailment"))
    assert cost == sorted(cost) and cut == sorted(cut, reverse=True)
    assert all(float(row["bound_usd"]) <= float(row["minimised_usd"]) for row in rows)
    for suffix in ("png", "svg"):
        assert (tmp_path / "out" / f"pareto.{suffix}").stat().st_size > 1000


def test_the_case_is_the_scenario_s_first_plan(tmp_path: Path) -> None:
    case = planning_case("smoke", (*SMALL, f"execution.cache_dir={tmp_path}"))
    assert case.horizon_h == 9
    assert case.view.time_s == 0
    assert case.rows.entries > 0
    assert case.view.wind_mw[0] == pytest.approx(0.9 * 900)


@pytest.mark.slow
def test_a_stopped_front_leaves_the_answers_it_has(tmp_path: Path) -> None:
    kept = Kept("operating", "carbon", tmp_path / "out" / "pareto", "a front")
    for count, (operating, carbon, on_front) in enumerate(((10.0, 9.0, "1"), (12.0, 5.0, "11"), (13.0, 6.0, "110")), 1):
        kept(_point(operating, carbon))
        with kept.stem.with_suffix(".csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == count
        assert "".join(row["front"] for row in rows) == on_front


def _point(operating_usd: float, carbon_usd: float) -> Point:
    costs: Costs = {"operating": operating_usd, "owners": 0.0, "curtailment": 0.0, "carbon": carbon_usd}
    return Point(minimises="operating", epsilon_usd=np.inf, costs_usd=costs, carbon_t=carbon_usd,
                 reserve_shortfall_usd=0.0, minimised_usd=operating_usd, milp_usd=operating_usd,
                 bound_usd=operating_usd, gap_rel=0.0, cycled_mwh=0.0, status="optimal",
                 committed=np.zeros((1, 1), dtype=np.int64))


def test_a_senseless_request_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match="--second carbon: must differ"):
        main(_arguments(tmp_path, "--first", "carbon", "--second", "carbon"))
    assert exit_code(lambda: main(_arguments(tmp_path, "--points", "1"))) == 2
    assert set(OBJECTIVES) == {"operating", "owners", "curtailment", "carbon"}
