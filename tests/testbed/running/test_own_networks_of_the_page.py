"""The networks of docs/bring_your_own_data.md, as they stand there: they are accepted, run, and pass the audit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from testbed.auditing.of_runs import audited
from testbed.results.reading import open_result
from testbed.running.one_run import run_scenario
from testbed.running.preflight import checked_scenario, run_request
from tests.testbed.small_run import HOURLY, shared_cache

PAGE = (Path(__file__).resolve().parents[3] / "docs/bring_your_own_data.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILES = {"village": {"matlab": "village.m", "csv": "village.csv", "yaml": "village.yaml"},
         "farm": {"csv": "farm.csv", "yaml": "farm.yaml"}}
"""By language of the block."""


@pytest.fixture(params=FILES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every file of one example, written where the test stands."""
    monkeypatch.chdir(tmp_path)
    village, farm = PAGE.split("### A case of MATPOWER")[1].split("### Loads and generators by name")
    for language, text in BLOCK.findall({"village": village, "farm": farm}[request.param]):
        if language == "python":
            exec(compile(text, "page", "exec"), {})  # what the page tells readers to do
        else:
            Path(FILES[request.param][language]).write_text(text, encoding="utf-8")
    return str(request.param)


def test_each_example_of_the_page_is_accepted(place: str) -> None:
    scenario = checked_scenario(f"{place}.yaml")
    assert scenario.districts[0].name == place


@pytest.mark.slow
def test_each_example_of_the_page_runs_and_passes_the_audit(place: str, tmp_path: Path) -> None:
    # an hour a step, and plans of a day and two hours: the page's day is computed, only faster
    faster = (*HOURLY, "planning.horizon_h=26", "spatial.look_ahead_h=2",
              f"execution.cache_dir={shared_cache(tmp_path)}")
    asked = run_request(f"{place}.yaml", "bilayer", overrides=faster, output=tmp_path / "run.h5")
    file = run_scenario(asked.scenario, asked.controllers[0], seed=1, output=asked.output)
    result = open_result(file)
    assert audited(file).violations == ()
    names = " ".join(result.bus_labels(place))
    assert all(name in names for name in {"village": ("School", "Mill"), "farm": ("Dairy", "Barn")}[place])
    assert result.district(place, "tap_position").any(), "the tap changer has moved from where it stood"
    if place == "farm":
        available, curtailed = (result.district(place, f"generation_{name}_kw").sum(axis=1)
                                for name in ("available", "curtailed"))
        assert np.all(curtailed <= available) and curtailed.sum() > 1.0
        assert result.district(place, "vm_pu").max() < 1.08, "within a position of the limit, 1.05"
