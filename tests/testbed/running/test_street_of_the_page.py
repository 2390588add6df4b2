"""The example of docs/networks.md, as it stands there: it is accepted, runs, and passes the audit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from testbed.auditing.of_runs import audited
from testbed.results.reading import open_result
from testbed.running.one_run import run_scenario
from testbed.running.preflight import run_request
from testbed.setup.districts import build_districts
from testbed.wiring.run_spec import RunSpec

PAGE = (Path(__file__).resolve().parents[3] / "docs/networks.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(python|csv|yaml)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def request_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(BLOCKS["python"], {})
    (tmp_path / "street.csv").write_text(BLOCKS["csv"], encoding="utf-8")
    (tmp_path / "street.yaml").write_text(BLOCKS["yaml"], encoding="utf-8")
    return run_request("street.yaml", "bilayer", output=tmp_path / "street.h5")


def test_it_is_accepted_and_is_what_the_page_says(request_of_the_page):
    """Zones and series by name; the pump follows the system's load; taps of the net's own transformer."""
    asked = request_of_the_page
    street = build_districts(RunSpec(asked.scenario, "bilayer", 1, asked.output))["street"]
    assert street.feeder.bus_name == ("grid", "station", "corner", "school", "mill")
    assert street.site.bus_zone.tolist() == [-1, -1, 0, 1, 2]
    morning_kw, _ = street.loads.drawn(np.array([6.0, 12.0]) * 3600, np.array([0.5]))
    assert morning_kw[:, 0] == pytest.approx([0, 0, 3.0, 18.0 - 14.0, 5.0 + 8.0 * 0.5 * 0.83])
    assert street.tap_changer.position.tolist() == [2, 1, 0, -1, -2]


@pytest.mark.slow
def test_it_runs_and_passes_the_audit(request_of_the_page):
    asked = request_of_the_page
    path = run_scenario(asked.scenario, asked.controllers[0], seed=1, output=asked.output)
    assert open_result(path).status == "completed"
    assert len(set(open_result(path).district("street", "tap_position"))) >= 1
    assert audited(path).violations == ()
