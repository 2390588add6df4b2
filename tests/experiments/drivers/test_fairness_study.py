"""Means over seeds of how V2G is shared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from experiments.drivers import fairness_study
from testbed.metrics.of_runs import half_width


def test_a_row_per_controller_with_half_widths_over_its_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Any] = [SimpleNamespace(controller=c, gini=g) for c, g in (("a", 0.2), ("a", 0.4), ("b", 0.5))]
    monkeypatch.setattr(fairness_study, "fairness_of", lambda run: {"drivers_gini": run.gini})
    two, single = fairness_study.fairness_rows("one day", runs)
    assert (two["setting"], two["controller"], two["seeds"]) == ("one day", "a", "2")
    assert float(two["drivers_gini"]) == pytest.approx(0.3)
    assert float(two["drivers_gini_ci95"]) == pytest.approx(half_width(fairness_study.np.array([0.2, 0.4])))
    assert (single["drivers_gini"], single["drivers_gini_ci95"]) == ("0.5", "")
