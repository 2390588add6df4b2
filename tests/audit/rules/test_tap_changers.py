"""Tap changers: a line of 0.1 pu behind one of 2 % a position, whose voltages are roots of v (V - v) = r p."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.rules.tap_changers import tap_changers
from audit.run import Run
from tests.audit.made import district, run, said

STEP_S, R_PU = 60, 0.1
NUMBERS = np.arange(-2, 3)
LOAD_KW = np.array([0.0, 400, 400, 400, 400, 0, 0, 0])
POSITION = np.array([0, 0, 1, 2, 2, 2, 1, 0])
"""At 0.4 pu and position 0 the bus has 0.958 pu: up after 90 s, that is in the second minute, and again 90 s later."""


def of(position: Any = POSITION, load_kw: Any = LOAD_KW, numbers: Any = NUMBERS, **arrays: Any) -> Run:
    """A tap changer that holds 1 pu at bus 2 to 0.015 after 90 s; half of what is drawn are cars."""
    steps, numbers = len(position), np.asarray(numbers)
    at = {int(number): 1.0 + 0.02 * row for row, number in zip(np.arange(-2, 3), numbers, strict=True)}
    power = np.stack([np.zeros(steps), np.asarray(load_kw) / 2], axis=1)
    none = np.zeros((steps, 2))
    slack = np.array([at.get(int(number), 1.0) for number in position])
    of_network = {"bus_parent": [-1, 1], "line_r_pu": [0.0, R_PU], "line_x_pu": [0.0, 0.0], "shunt_g_pu": [0.0, 0.0],
                  "shunt_b_pu": [0.0, 0.0], "line_turns_ratio": [1.0, 1.0], "load_bus_kw": power, "p_bus_kw": power,
                  "load_bus_kvar": none, "q_bus_kvar": none, "vm_pu": np.stack([slack, slack], axis=1),
                  "tap_position": position, "tap_slack_vm_pu": list(at.values())}
    return run(district({**of_network, **arrays}, axes={"bus": [1, 2], "tap": numbers}, attributes={
        "v_slack_pu": 1.0, "tap_bus": 2, "tap_target_pu": 1.0, "tap_dead_band_pu": 0.03, "tap_delay_s": 90.0}),
        steps=steps, step_s=STEP_S)


def moved(load_kw: Any, row: int, waited_s: float) -> list[int]:
    """Rows by step, by the roots alone: second by second."""
    rows = []
    for power in load_kw:
        begin = row
        for _ in range(STEP_S):
            slack = 1.0 + 0.02 * (row - 2)
            v = (slack + np.sqrt(slack**2 - 4 * R_PU * power / 1e3)) / 2
            way = int(np.sign(1.0 - v)) if abs(1.0 - v) > 0.015 else 0
            waited_s = waited_s + 1 if way and 0 <= row + way <= 4 else 0.0
            if waited_s >= 90:
                row, waited_s = row + way, 0.0
        rows.append(row)
        assert abs(row - begin) <= 1
    return rows


def test_moves_that_follow_from_the_voltages_are_no_contradiction() -> None:
    assert (np.array(moved(LOAD_KW, 2, 0.0)) - 2).tolist() == POSITION.tolist()
    assert said(tap_changers, of()) == []
    assert said(tap_changers, of(-POSITION, numbers=-NUMBERS)) == [], "numbers may fall as the voltage rises"


@pytest.mark.parametrize("waited_s", [0.0, 20.0, 40.0, 89.0])
@pytest.mark.parametrize("begin", range(7))
def test_what_was_waited_before_the_first_step_is_nobodys_contradiction(begin: int, waited_s: float) -> None:
    """A file may begin in the midst of anything, with a move that is due at once too."""
    rows = moved(LOAD_KW[begin:], 2 if begin < 3 else int(POSITION[begin - 1]) + 2, waited_s)
    assert said(tap_changers, of(np.array(rows) - 2, LOAD_KW[begin:])) == []


@pytest.mark.parametrize("step", range(1, 8))
@pytest.mark.parametrize("by", [-1, 1])
def test_a_position_that_the_voltages_do_not_explain_is_told(step: int, by: int) -> None:
    """Also where the voltage of the slack was altered with it."""
    position = POSITION.copy()
    position[step] += by
    altered = said(tap_changers, of(position))
    if abs(position[step]) > 2:
        assert altered[-1] == f"street: position of the tap changer, {step}: 1"
        assert altered[0].startswith(f"street: voltage of the slack, {step}:"), "there is none at that position"
    else:
        assert [line.split(",")[0] for line in altered] == ["street: moves of the tap changer"]


def test_a_slack_that_is_not_at_its_position_is_told() -> None:
    honest = of()
    vm_pu = honest.districts[0]("vm_pu").copy()
    vm_pu[4, 0] += 0.001
    assert said(tap_changers, of(vm_pu=vm_pu)) == ["street: voltage of the slack, 4: 0.001 pu"]


def test_voltages_that_fall_from_one_position_to_the_next_are_told() -> None:
    falling = of(tap_slack_vm_pu=[0.96, 0.98, 1.0, 0.99, 1.04], vm_pu=np.array([1, 1, 0.99, 1.04, 1.04, 1.04, 0.99, 1]
                                                                              )[:, None].repeat(2, axis=1))
    assert said(tap_changers, falling) == ["street: voltages of positions rise, 2: 1"]


@pytest.mark.parametrize(("position", "told"), [
    ([0, 0, 0], []), ([0, 1, 0], ["street: position without a tap changer, 1: 1"])])
def test_without_a_tap_changer_the_position_is_0(position: list[int], told: list[str]) -> None:
    network = district({"tap_position": position}, axes={"bus": [1, 2]})
    assert said(tap_changers, run(network, steps=3)) == told
    assert said(tap_changers, run(replace(network, has_network=False), steps=3)) == []
    assert said(tap_changers, run(network, steps=3, schema=1)) == []


def test_files_of_before_hold_no_positions() -> None:
    assert said(tap_changers, run(district({}, axes={"bus": [1, 2]}), steps=3)) == []
