"""Whole runs with classes of a scenario's own: equal to the short keys, judged by the audit; buses that give back."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from testbed.auditing.of_runs import audited
from testbed.results.equality import equal_results
from testbed.results.reading import Result, open_result
from testbed.running.one_run import run_scenario
from testbed.scenario.loading import load_scenario
from testbed.setup.controller_loading import load_controller
from tests.testbed.small_run import shared_cache

BUSES = """
extends: fleets_day
description: Forty school buses at their depot, whose drivers do as told.
drivers: {profile: full}
districts:
  - name: depot
    cars: {school_bus: 40}
    slow_ports_per_bus: null
    fast_ports_per_bus: null
    ports_per_bus: {bus_depot: null}
"""
QUARTERS = 4


def _run(folder: Path, scenario: str, controller: str, *overrides: str) -> Path:
    described = load_scenario(scenario, (f"execution.cache_dir={shared_cache(folder)}", *overrides))
    return run_scenario(described, load_controller(controller), seed=1, output=folder / f"{described.name}.h5")


@pytest.mark.slow
@pytest.mark.parametrize("controller", ["uncoordinated", "bilayer"])
def test_the_three_classes_written_out_give_the_results_of_the_short_keys(tmp_path: Path, controller: str) -> None:
    short, full = (_run(tmp_path, name, controller) for name in ("smoke", "named_classes"))
    assert set(equal_results(full, short)) <= {"/@scenario", "/@scenario_name"}
    assert audited(full).violations == ()


@pytest.fixture(scope="module")
def bus_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of school buses under both layers, every car traced."""
    folder = tmp_path_factory.mktemp("buses")
    (folder / "buses.yaml").write_text(BUSES, encoding="utf-8")
    return _run(folder, str(folder / "buses.yaml"), "bilayer", "record.vehicles=true")


def _by_hour(result: Result, name: str) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(result.district("depot", name).sum(axis=1).reshape(24, QUARTERS).mean(axis=1))


@pytest.mark.slow
def test_school_buses_give_back_at_the_evening_peak_and_are_full_at_six(bus_day: Path) -> None:
    result = open_result(bus_day)
    given_kw = _by_hour(result, "discharge_kw")
    assert given_kw[17:22].max() > 1_000, "40 chargers of 60 kW"
    assert given_kw[17:22].sum() > 0.9 * given_kw.sum(), "in the evening, and hardly otherwise"
    with h5py.File(bus_day.with_name(f"{bus_day.stem}-vehicles.h5")) as traces:
        soc = traces["districts/depot/soc"][...]
    assert soc[6 * QUARTERS - 1].min() > 0.9 - 1e-6, "as full as batteries are filled here, before the first run"
    assert soc[21 * QUARTERS].mean() < 0.6, "and emptied in the evening"


@pytest.mark.slow
def test_the_audit_knows_classes_and_chargers_of_a_scenario_s_own(bus_day: Path) -> None:
    assert audited(bus_day).violations == ()


@pytest.mark.slow
def test_the_audit_knows_a_charger_s_own_curve(tmp_path: Path) -> None:
    curve = "{load: [0.1, 0.5, 1.0], charging: [0.7, 0.85, 0.93], discharging: [0.6, 0.85, 0.92]}"
    (tmp_path / "buses.yaml").write_text(BUSES, encoding="utf-8")
    kind = "fleet.charger_kinds.bus_depot"
    file = _run(tmp_path, str(tmp_path / "buses.yaml"), "uncoordinated", "step_s=3600", f"{kind}.curve={curve}",
                f"{kind}.eta_charge=0.93", f"{kind}.eta_discharge=0.92")
    assert audited(file).violations == ()
    with h5py.File(file, "r+") as altered:
        altered["districts/depot/lost_kwh"][...] *= 0.1
    assert any(line.startswith("losses_of_chargers") for line in audited(file).violations)


@pytest.mark.slow
def test_four_fleets_on_a_feeder_pass_the_audit(tmp_path: Path) -> None:
    file = _run(tmp_path, "fleets_day", "bilayer", "record.vehicles=true")
    assert audited(file).violations == ()
    names = {str(name).split("/")[1] for name in open_result(file).district("town", "group")}
    assert names == {"commuter", "shared", "van", "school_bus"}
