"""Figures of runs as rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.publishing import metric_rows
from testbed.metrics.of_runs import half_width


def test_a_row_is_the_mean_over_seeds_with_its_half_width(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Any] = [SimpleNamespace(controller=c, usd=usd) for c, usd in (("a", 1.0), ("a", 3.0), ("b", 5.0))]
    monkeypatch.setattr(metric_rows, "compute_metrics", lambda run: {"cost_usd": run.usd, "other": 0.0})
    two, single = metric_rows.metric_rows("s", runs, ("cost_usd",))
    assert two == {"setting": "s", "controller": "a", "seeds": "2", "metric": "cost_usd", "value": "2.0",
                   "ci95": repr(half_width(np.array([1.0, 3.0])))}
    assert (single["controller"], single["value"], single["ci95"]) == ("b", "5.0", "")
