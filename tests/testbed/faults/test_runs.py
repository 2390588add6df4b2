"""Runs in which things fail: none crashes, books balance, and the audit names exactly what was injected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.judge import audit_file
from testbed.faults.kind import FAULTS
from testbed.reporting.report import write_report
from testbed.results.equality import equal_results
from testbed.results.reading import Result, open_result
from tests.testbed import small_run

ITEMS = (
    "{kind: lower_layer_silent, district: feeder33, from_h: 1, until_h: 2}",
    "{kind: upper_solver_fails, from_h: 2, until_h: 4}",
    "{kind: lower_solver_fails, district: feeder33, from_h: 3, until_h: 4}",
    "{kind: setpoints_late, district: feeder33, from_h: 5, until_h: 7}",
    "{kind: setpoints_dropped, district: feeder33, from_h: 7, until_h: 9}",
    "{kind: telemetry_stale, district: feeder33, from_h: 8, until_h: 10}",
    "{kind: measurement_error, district: feeder33, from_h: 10, until_h: 12}",
    "{kind: forecast_outage, from_h: 11, until_h: 13}",
    "{kind: chargers_out, district: feeder33, zone: office, from_h: 13, until_h: 15}",
    "{kind: line_out, district: feeder33, line_to: 26, from_h: 16, until_h: 18}",
    "{kind: zone_out, district: feeder33, zone: residential, from_h: 18, until_h: 20}",
    "{kind: unit_trip, unit: U3, from_h: 19, until_h: 21}",
    "{kind: wind_off, from_h: 20, until_h: 22}",
    "{kind: power_flow_diverges, district: feeder33, from_h: 21, until_h: 23}")
ELSEWHERE = {"phase_out", "upper_layer_silent"}
"""Kinds tried on a network of three phases, and across a midnight."""
CONTROLLERS = (small_run.PLAIN, "uncoordinated", "smart_charging", "tariff", "temporal", "bilayer")


def faults(*items: str) -> str:
    return f"faults=[{', '.join(items)}]"


def is_held_apart(file: Path) -> tuple[list[str], set[str]]:
    """Violations, and the kinds that notes name."""
    verdict = audit_file(file, sample=2)
    named = {kind for kind in FAULTS for note in verdict.notes if f"({kind})" in str(note)}
    return [str(finding) for finding in verdict.violations], named


def unknown(result: Result) -> set[str]:
    """Series of the system and of the feeder in which something is NaN."""
    of_feeder = ("vm_pu", "losses_kw", "p_bus_kw", "stored_kwh", "line_loading_percent", "charge_kw", "tariff_usd")
    of_system = ("p_mw", "load_mw", "shed_mw", "reserve_shortfall_mw", "fuel_cost_usd", "pev_total_mw")
    return {name for name in of_feeder if np.isnan(result.district("feeder33", name)).any()} | {
        name for name in of_system if np.isnan(result.system(name)).any()}


@pytest.mark.slow
@pytest.mark.parametrize("controller", CONTROLLERS, ids=lambda name: name.rpartition(":")[2].lower())
def test_all_kinds_one_after_the_other_under_each_controller(tmp_path: Path, controller: str) -> None:
    assert {item.split("kind: ")[1].split(",")[0] for item in ITEMS} | ELSEWHERE == set(FAULTS)
    file = small_run.run(tmp_path, faults(*ITEMS), "record.vehicles=true", controller=controller)
    violations, named = is_held_apart(file)
    assert violations == []
    assert {"line_out", "wind_off", "unit_trip", "power_flow_diverges"} <= named
    result = open_result(file)
    assert unknown(result) == set() and [fault.kind for fault in result.faults] == [
        item.split("kind: ")[1].split(",")[0] for item in ITEMS]
    write_report([file], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "What failed" in page and "rgba(120,120,120,0.18)" in page


@pytest.mark.slow
def test_a_plan_missed_at_midnight_is_that_of_the_day_before(tmp_path: Path) -> None:
    file = small_run.run(tmp_path, faults("{kind: upper_layer_silent, day: 1, from_h: 20, until_h: 26}"), "days=2")
    violations, _ = is_held_apart(file)
    result = open_result(file)
    assert violations == [] and result.plan(1)["status"] == "carried on"
    assert not np.any(result.plan(1)["pc_kw"][0])


@pytest.mark.slow
def test_a_lost_phase_takes_what_hangs_on_it(tmp_path: Path) -> None:
    street = ("districts=[{name: street, feeder: 'dss:ieee13', private: 8, slow_ports_per_bus: 2, v_max_pu: 1.1, "
              "connections: {phases: customer}}]")
    plain, lost = (open_result(small_run.run(tmp_path, street, *extra, name=name)) for name, extra in (
        ("plain.h5", ()), ("lost.h5", (faults("{kind: phase_out, phase: 1, from_h: 10, until_h: 12}"),))))
    off = (plain.district("street", "load_bus_kw") > 0) & (lost.district("street", "load_bus_kw") == 0)
    assert off[10:12].any() and not off[:10].any() and not off[12:].any()
    assert is_held_apart(lost.path) == ([], {"phase_out"})


@pytest.mark.slow
def test_the_same_seed_fails_the_same(tmp_path: Path) -> None:
    one, two = (small_run.run(tmp_path, faults(ITEMS[4], ITEMS[6]), name=name) for name in ("a.h5", "b.h5"))
    assert equal_results(one, two) == []
