"""`testbed verify`: known answers hold, and a wrong one is seen."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from typer.testing import CliRunner

from models.network.sources.ieee33 import ieee33
from models.system.units import ten_units
from testbed.checks import known_answers, known_answers_phases, known_answers_socp, verify
from testbed.checks.known_answer import Check, at_most, equal, near
from testbed.cli.app import app

PARTS = (*known_answers.CHECKS, *known_answers_phases.CHECKS, *known_answers_socp.CHECKS)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_known_answer(part: Callable[[], list[Check]]) -> None:
    checks = part()
    assert [check for check in checks if not check.passed] == []
    assert all(check.source and check.name for check in checks)


def test_every_line_of_the_model_has_its_checks() -> None:
    names = {part.__name__ for part in PARTS}
    assert names == {"check_ten_units", "check_ieee33", "check_tie_configuration", "check_daily_feeder",
                     "check_two_engines", "check_exact", "check_refused", "check_repaired",
                     "check_published_feeders", "check_balanced_circuit"}


def test_a_number_beyond_its_tolerance_fails_and_so_does_no_number() -> None:
    assert near("a", 2.0, 2.1, 0.2, "s").passed
    assert not near("a", 2.0, 2.1, 0.05, "s").passed
    assert not near("a", 2.0, np.nan, 1e9, "s").passed
    assert at_most("a", 1e-9, 1e-8, "s").passed
    assert not at_most("a", 1e-7, 1e-8, "s").passed
    assert not at_most("a", -1.0, 1e-8, "s").passed
    assert not at_most("a", np.nan, 1e-8, "s").passed
    assert not equal("a", (1, 2), (2, 1), "s").passed


@pytest.mark.parametrize(("part", "name", "wrong"), [
    (known_answers.check_ieee33, "ieee33", lambda: ieee33(slack_vm_pu=1.001)),
    (known_answers.check_tie_configuration, "tie_configuration", ieee33),
    (known_answers.check_daily_feeder, "ieee33", lambda: ieee33(peak_scale=1.01)),
    (known_answers.check_ten_units, "ten_units", lambda: ten_units(unit_scale=1.001)),
])
def test_a_wrong_model_is_seen(monkeypatch: pytest.MonkeyPatch, part: Callable[[], list[Check]], name: str,
                               wrong: Callable[[], object]) -> None:
    monkeypatch.setattr(known_answers, name, wrong)
    assert not all(check.passed for check in part())


@pytest.mark.parametrize(("feeder", "most_v"), [("ieee13", 2.0), ("ieee37", 0.5), ("ieee123", 5.0)])
def test_scripts_as_they_are_are_not_the_published_cases(monkeypatch: pytest.MonkeyPatch, feeder: str,
                                                         most_v: float) -> None:
    monkeypatch.setattr(known_answers_phases, "AS_PUBLISHED", {})
    assert max(map(abs, known_answers_phases.differences_v(feeder).values())) > most_v


def test_another_schedule_at_the_same_cost_is_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_answers, "UNITS_ON", (1,) * 24)
    checks = {check.name: check for check in known_answers.check_ten_units()}
    assert checks["ten units: units on in each hour"].passed


# ------------------------------------------------------------------ the command
def fake_checks() -> list[Check]:
    return [near("first", 1.0, 1.0, 0.1, "here"), equal("second", (1, 2), (1, 3), "there"),
            near("third", 1.0, float("nan"), 0.1, "nowhere")]


def test_verify_json_is_one_object_and_a_failed_check_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.cli.commands.verify.run_checks", lambda slow: fake_checks())
    done = CliRunner().invoke(app, ["verify", "--json"])
    assert done.exit_code == 1
    first, second, third = json.loads(done.stdout)["checks"]
    assert first == {"name": "first", "expected": 1.0, "got": 1.0, "tolerance": 0.1, "source": "here", "passed": True}
    assert (second["got"], second["passed"]) == ([1, 3], False)
    assert (third["got"], third["passed"]) == (None, False)


def test_verify_prints_a_table_and_ends_with_0_if_all_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.cli.commands.verify.run_checks", lambda slow: fake_checks()[:1])
    done = CliRunner().invoke(app, ["verify"])
    assert done.exit_code == 0
    assert "1 of 1 checks passed" in done.stdout
    assert "here" in done.stdout


def test_run_checks_runs_every_part_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_answers, "CHECKS", (fake_checks,))
    monkeypatch.setattr(known_answers_phases, "CHECKS", (lambda: fake_checks()[1:2],))
    monkeypatch.setattr(known_answers_socp, "CHECKS", (lambda: fake_checks()[:1],))
    assert [check.name for check in verify.run_checks()] == ["first", "second", "third", "second", "first"]
