"""With all telemetry lost the layers plan with the SOC at plug-in, while the cars charge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.records.arrays import Floats
from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import open_result
from testbed.running.one_run import run_scenario
from testbed.scenario.loading import load_scenario
from testbed.setup.controller_loading import load_controller
from testbed.simulators import spatial
from testbed.simulators.fleet import DistrictFleet
from tests.testbed import small_run

LOST = ("drivers.compliance_mean=0", "drivers.modes={ignores: 0, overrides: 0, leaves_early: 0, arrives_late: 0, "
        "never_plugs_in: 0, telemetry_lost: 1}", "step_s=3600", "planning.redispatch=hourly")


@pytest.mark.slow
@pytest.mark.parametrize(("controller", "is_lost"), [
    ("smart_charging", True), ("smart_charging", False), ("oracle", True)])
def test_operators_know_the_soc_at_plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, controller: str,
                                           is_lost: bool) -> None:
    truth: list[Floats] = []
    seen: list[tuple[int, Floats, Floats]] = []
    values, view = DistrictFleet.values, spatial.feeder_view

    def kept(self: DistrictFleet, step: Any, **how: Any) -> Any:
        if self.district.name == "feeder33":
            truth.append(step.soc)
        return values(self, step, **how)

    def looked(now_s: int, received: Any, bus_count: int) -> Any:
        seen_view = view(now_s, received, bus_count)
        if bus_count == 33:
            seen.append((now_s, np.where(seen_view.declared.is_plugged, seen_view.soc, np.nan), truth[-1]))
        return seen_view

    monkeypatch.setattr(DistrictFleet, "values", kept)
    monkeypatch.setattr(spatial, "feeder_view", looked)
    overrides = LOST if is_lost else ("step_s=3600", "drivers.profile=full")
    scenario = load_scenario("smoke", (*overrides, f"execution.cache_dir={small_run.shared_cache(tmp_path)}"))
    run = open_result(run_scenario(scenario, load_controller(controller), seed=1, output=tmp_path / "lost.h5"))
    behind = np.concatenate([(true - known)[np.isfinite(known)] for _, known, true in seen])
    assert behind.size > 50
    if not is_lost or controller == "oracle":
        assert np.all(behind == 0), "the oracle hears everything"
        return
    assert np.count_nonzero(behind > 0.05) > 20, "they charge, and nobody is told"
    assert np.all(behind > -1e-9), "no car gives back without an instruction"
    assert compute_metrics(run)["compliance_realised"] < 0.9
