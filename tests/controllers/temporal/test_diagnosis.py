"""What is said where there is no plan: the limit that stands in the way, with its amount worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from controllers.port import PlanError
from controllers.temporal.unit_commitment.diagnosis import explain
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models.records.flexibility import CohortFlexibility

H = 8
LOAD = [100.0] * H
PEAK = [*LOAD[:-1], 230.0]
"""30 MW more in the last hour than all units have."""


def slow_cars(build: SimpleNamespace, leaving: float = 0.0) -> CohortFlexibility:
    """1000 one-way cars that stay and would charge 28 kWh each, at half the power: 8 h x 3.5 kW x 0.95 = 26.6 kWh.

    And as many as told that leave after four hours with the 27.5 kWh that they came with.
    """
    zeros, stay = np.zeros(2, dtype=int), np.array([12, 4])
    cars = build.cohorts(H, zeros, zeros, stay, np.array([20.0, 27.5]), np.array([48.0, 27.5]), np.full(2, 7.0),
                         np.array([1000.0, leaving]))
    return replace(cars, pc_max_kw=0.5 * cars.pc_max_kw)


def refusal(build: SimpleNamespace, load: list[float], cars: tuple[CohortFlexibility, ...], terminal: str) -> str:
    known = build.knowledge(H, units=build.small_units(), terminal=terminal, mip_gap=1e-4)
    with pytest.raises(PlanError) as refused:
        UnitCommitment(known).plan(build.view(known, load, cars))
    return str(refused.value)


def test_cars_that_cannot_hold_at_the_end_what_they_would_by_themselves(build: SimpleNamespace) -> None:
    """28 - 26.6 kWh of 1000 cars."""
    assert refusal(build, LOAD, (slow_cars(build),), "match") == (
        "unit commitment is infeasible: terminal match: short by 1.4 MWh")


def test_cars_that_cannot_give_back_at_the_end_what_others_took_away(build: SimpleNamespace) -> None:
    """Those that left took 27.5 MWh along: 0.9 MWh more than the others can charge."""
    assert refusal(build, LOAD, (slow_cars(build, 1000.0),), "cyclic") == (
        "unit commitment is infeasible: terminal cyclic: short by 0.9 MWh")


@pytest.mark.parametrize("terminal", ["price", "free"])
def test_where_the_end_asks_for_nothing_only_the_rest_is_named(terminal: str, build: SimpleNamespace) -> None:
    assert refusal(build, PEAK, (slow_cars(build),), terminal) == (
        "unit commitment is infeasible: balance: capacity in hour 8 short by 30 MW")


@pytest.mark.parametrize("terminal", ["match", "cyclic"])
def test_cars_that_all_leave_owe_nothing_at_the_end(terminal: str, build: SimpleNamespace) -> None:
    cars = build.cohorts(H, np.array([0]), np.array([0]), np.array([6]), np.array([20.0]), np.array([40.0]),
                         np.array([7.0]), np.array([1000.0]))
    assert refusal(build, PEAK, (cars,), terminal) == (
        "unit commitment is infeasible: balance: capacity in hour 8 short by 30 MW")


def test_a_left_out_end_is_not_named(build: SimpleNamespace) -> None:
    known = build.knowledge(H, units=build.small_units())
    case = UnitCommitment(known)._case(build.view(known, LOAD, (slow_cars(build),)))
    assert explain(case, 1000) == "terminal match: short by 1.4 MWh"
    assert explain(case, 1000, ("terminal",)) == ""


def test_units_whose_past_forbids_every_schedule(build: SimpleNamespace) -> None:
    """`mid` must run and may not yet: it stopped an hour ago and has to rest for three."""
    units = build.small_units(initial_h=np.array([6, -1, -1]), must_run=np.array([False, True, False]))
    known = build.knowledge(H, units=units)
    with pytest.raises(PlanError, match=r"^unit commitment is infeasible: infeasible even with elastic balance and "
                                        r"envelopes \(initial status against minimum up and down times\)$"):
        UnitCommitment(known, "none").plan(build.view(known, LOAD))
