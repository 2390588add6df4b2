"""The first planning problem outside a run is that of the run."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers.port import SystemView
from testbed.running.first_view import first_view
from testbed.setup.controller_loading import load_controller
from testbed.simulators.temporal import TemporalSimulator
from tests.testbed import small_run


def _same(first: Any, other: Any) -> None:
    for field in fields(first):
        a, b = getattr(first, field.name), getattr(other, field.name)
        if field.name == "districts":
            assert len(a) == len(b) > 0
            for mine, yours in zip(a, b, strict=True):
                _same(mine, yours)
        else:
            np.testing.assert_array_equal(a, b, err_msg=field.name)


@pytest.mark.slow
def test_it_is_what_the_upper_layer_sees_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[SystemView] = []
    view_of = TemporalSimulator.view

    def kept(self: TemporalSimulator, now_s: int, inputs: Any) -> SystemView:
        seen.append(view_of(self, now_s, inputs))
        return seen[-1]

    monkeypatch.setattr(TemporalSimulator, "view", kept)
    small_run.run(tmp_path, seed=3)
    monkeypatch.undo()
    described = small_run.scenario(cache_dir=tmp_path / "cache")
    first = first_view(described, load_controller(small_run.PLAIN), seed=3)
    _same(first.view, seen[0])
    assert first.car_control == "bidirectional"
    assert first.knowledge.district_names == ("feeder33", "rest")
    assert sum(d.pc_max_kw.sum() for d in first.view.districts) > 0


def test_days_under_control_are_left_out(tmp_path: Path) -> None:
    cache, plain = tmp_path / "cache", load_controller(small_run.PLAIN)
    first, other = (first_view(small_run.scenario(f"warmup_controlled_days={days}", cache_dir=cache), plain, seed=1)
                  for days in (0, 2))
    _same(first.view, other.view)


def test_another_seed_is_another_morning(tmp_path: Path) -> None:
    described = small_run.scenario(cache_dir=tmp_path / "cache")
    first, other = (first_view(described, load_controller(small_run.PLAIN), seed=s).view.districts[0] for s in (1, 2))
    assert not np.array_equal(first.x_max_kwh, other.x_max_kwh)
