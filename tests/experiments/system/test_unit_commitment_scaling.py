"""The scaling experiment: its problem, its verdict, and the linear variant on which another tool can be compared."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.solve import UnitCommitment
from experiments.runs import exit_code
from experiments.system import unit_commitment_scaling
from experiments.system.pypsa_cross_check import CrossCheck, judge, linear_units
from experiments.system.unit_commitment_scaling import main, measure, proven, replicated
from models.system.units import ten_units


@pytest.mark.slow
def test_ten_units_with_and_without_clusters_are_one_problem(tmp_path: Path,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--units", "10", "--gaps", "1e-6", "-o", str(tmp_path)]) == 0
    with (tmp_path / "unit_commitment_scaling.csv").open() as file:
        first, other = csv.DictReader(file)
    assert (first["clusters"], other["clusters"]) == ("True", "False")
    assert float(first["cost_usd"]) == float(other["cost_usd"]) == pytest.approx(563_937.69, abs=0.5)
    assert capsys.readouterr().out.count("\n") == 4


@pytest.mark.slow
def test_twenty_units_by_clusters_and_one_by_one_bound_each_other() -> None:
    together, single = (measure(20, 1e-3, clusters, 1000) for clusters in (True, False))
    assert together.violations == single.violations == 0
    assert together.cost_usd == pytest.approx(1_123_802, rel=1e-3)
    assert max(together.bound_usd, single.bound_usd) <= min(together.cost_usd, single.cost_usd)


def test_a_wrong_number_of_units_is_refused() -> None:
    assert exit_code(lambda: main(["--units", "15"])) == 2


def test_the_verdict_names_broken_rules_and_missed_gaps() -> None:
    row = replace(measure(10, 1e-3, True, 1000), violations=2)
    assert proven([row]) == ["10 units: 2 violations"]
    assert proven([replace(row, violations=0, gap_proven=2e-3)]) == ["10 units: gap 2.00e-03 instead of 0.001"]
    assert proven([replace(row, violations=0, clusters=False, gap_proven=2e-3)]) == []


# ------------------------------------------------------------------ the variant for PyPSA
def test_the_chord_meets_the_curve_at_both_ends() -> None:
    units = ten_units()
    linear, on = linear_units(units), np.ones(10)
    for p in (units.p_min_mw, units.p_max_mw):
        assert linear.fuel_cost_usd_per_h(p, on) == pytest.approx(units.fuel_cost_usd_per_h(p, on))
    assert np.array_equal(linear.start_usd[:, 0], units.start_usd[:, 1])


def test_a_schedule_from_elsewhere_is_dispatched_and_paid_as_our_own() -> None:
    known, view = replicated(10, 1e-4)
    known = replace(known, units=linear_units(known.units))
    ours = UnitCommitment(known, "none").plan(view)
    judged = judge(known, view, ours.committed)
    assert judged.objective_usd == pytest.approx(ours.objective_usd, rel=1e-8)
    assert check_plan(known, view, judged, "none") == []
    hasty = np.ones_like(ours.committed)
    hasty[0, 5] = 0
    assert {v.rule for v in check_plan(known, view, judge(known, view, hasty), "none")} == {"minimum_down"}


def test_disagreement_is_named() -> None:
    agreed = CrossCheck(1000.0, 999.9, 1000.0, 1000.0, 0, 1e-6)
    assert agreed.problems == []
    assert replace(agreed, pypsa_usd=1001.0).problems == ["PyPSA 1,001.00 $ against 1,000.00 $"]
    assert replace(agreed, violations=3).problems == ["PyPSA's schedule breaks 3 rules"]


def test_without_pypsa_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "pypsa", None)
    monkeypatch.setattr(unit_commitment_scaling, "measure_all", lambda *_: [])
    assert exit_code(lambda: main(["--cross-check", "-o", str(tmp_path)])) == 2
    assert "pip install '.[cross-check]'" in capsys.readouterr().err
