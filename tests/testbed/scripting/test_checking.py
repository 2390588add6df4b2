"""What `testbed check` says of a scenario beyond its keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.running.preflight import WrongRequest
from testbed.scenario.loading import load_scenario
from testbed.scripting.checking import scenario_lines


def test_parameters_of_controllers_are_held_against_those_that_there_are(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("extends: smoke\ncontrollers: {temporal: {sharing: fair, shoring: 1}, bilayer: {x: 1}}\n",
                    encoding="utf-8")
    with pytest.raises(WrongRequest) as refused:
        scenario_lines(load_scenario(file))
    temporal, bilayer = refused.value.mistakes
    assert "controllers.temporal: " in temporal and "shoring is no parameter of Temporal" in temporal
    assert "sharing='fair': must be 'plugged_kw' or 'least_laxity'" in temporal
    assert "controllers.bilayer: bilayer: x is no parameter of Bilayer" in bilayer


def test_parameters_of_a_controller_that_is_not_known_are_noted(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("extends: smoke\ncontrollers: {temporl: {sharing: least_laxity}}\n", encoding="utf-8")
    assert any(line.startswith("note: controllers.temporl: is no controller; known: bilayer, ")
               for line in scenario_lines(load_scenario(file)))
