"""What the lower layer writes of its problem, and in which units: nothing of it may move the optimum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.branch_flow import problem as problem_module
from controllers.spatial.branch_flow.choice import Penalty, expected_choice, hour_of_periods, whole_choice
from controllers.spatial.branch_flow.conic import solve
from controllers.spatial.branch_flow.conic.scaling import scaled
from controllers.spatial.branch_flow.decision import Decider
from controllers.spatial.branch_flow.forecast import forecast, inputs_of
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.branch_flow.problem import Assembly, LowerProblem, Solution
from controllers.spatial.judge import Violation
from models.records.feeder import PowerFlow
from tests.controllers.spatial import branch_flow_case as case

HOUR = 19
PENALTY_USD = 2000.0


def evening(**changes: Any) -> tuple[SpatialKnowledge, FeederView]:
    known = case.knowledge(case.fleet(), **{"step_s": 1800, "look_ahead_h": 6,
                                            "voltage_penalty_usd_per_pu2h": PENALTY_USD, **changes})
    declared, soc = case.parked(known.vehicles, HOUR * 3600)
    return known, case.view(known, declared, soc, HOUR, load_scale=1.0)


def prepared(known: SpatialKnowledge, view: FeederView) -> tuple[Layout, Inputs]:
    layout = make_layout(known, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
    return layout, inputs_of(known, layout, forecast(known, layout, view))


def of_everything(known: SpatialKnowledge, layout: Layout, inputs: Inputs) -> tuple[Solution, Penalty]:
    """The optimum with every limit and all of the penalty written."""
    assembly = Assembly(known, layout, inputs)
    choice = whole_choice(assembly.limits)
    run, x, z = solve.run_conic(assembly.program(choice), known.solver)
    assert assembly.limits.penalty is not None
    return assembly.solution(x, z, choice, run), assembly.limits.penalty


def assert_same(first: Solution, other: Solution) -> None:
    assert first.run.is_optimal and other.run.is_optimal
    assert first.objective_usd == pytest.approx(other.objective_usd, rel=1e-8, abs=1e-6)
    assert np.abs(first.p_pev - other.p_pev).max() < 1e-4
    assert np.abs(first.price_usd_per_mw - other.price_usd_per_mw).max() < 2e-3


@pytest.mark.parametrize("solver", ["QOCO", "CLARABEL"])
def test_what_is_left_out_does_not_move_the_optimum(solver: str) -> None:
    known, view = evening(solver=solver)
    layout, inputs = prepared(known, view)
    whole, penalty = of_everything(known, layout, inputs)
    solution = LowerProblem(known).solve(layout, inputs)
    assert_same(solution, whole)
    low = solution.flow.v[:, :] < known.voltage_penalty_below_pu**2
    assert 0 < np.count_nonzero(low) < low.size  # voltages lie on both sides of the threshold
    assert penalty.row.size == low.size


@pytest.mark.parametrize("claimed_pu", [0.8, 1.1, np.nan])
def test_a_wrong_expectation_of_voltages_is_put_right(claimed_pu: float) -> None:
    """Voltages expected all below, all above or not at all: the optimum is the same."""
    known, view = evening()
    layout, inputs = prepared(known, view)
    whole, _ = of_everything(known, layout, inputs)

    def flow(p_kw: Any, q_kvar: Any) -> PowerFlow:
        return replace(case.POWER_FLOW(p_kw, q_kvar), vm_pu=np.full(p_kw.shape, claimed_pu))

    assert_same(LowerProblem(replace(known, power_flow=flow)).solve(layout, inputs), whole)


def test_the_penalty_is_written_only_near_its_threshold() -> None:
    known, view = evening()
    layout, inputs = prepared(known, view)
    limits = Assembly(known, layout, inputs).limits
    penalty = limits.penalty
    assert penalty is not None
    vm = np.full((32, layout.periods), 0.99)
    vm[0], vm[1] = 0.90, np.nan
    vm[2] = known.voltage_penalty_below_pu
    none = np.zeros(limits.size, dtype=bool)
    choice = expected_choice(limits, penalty, none, vm, np.ones(layout.periods, dtype=bool))
    chosen = choice.written[penalty.row].reshape((32, layout.periods), order="F")
    below = choice.below[penalty.row].reshape((32, layout.periods), order="F")
    assert np.all(chosen[1:3]) and not np.any(chosen[[0, *range(3, 32)]])
    assert np.all(below[0]) and not np.any(below[1:])


def test_a_second_hour_solves_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the last answer said of the hours now ahead is enough to choose well."""
    known, view = evening(solver="QOCO", look_ahead_h=12)
    solves: list[int] = []

    def counted(*arguments: Any) -> Any:
        solves.append(1)
        return solve_conic(*arguments)

    solve_conic = solve.run_conic
    monkeypatch.setattr(problem_module.solve, "run_conic", counted)
    decider = Decider(known)
    decider.decide(view)
    before = len(solves)
    declared, soc = case.parked(known.vehicles, (HOUR + 1) * 3600)
    decider.decide(replace(case.view(known, declared, soc, HOUR + 1, load_scale=1.0), plan_time_s=(HOUR + 1) * 3600))
    assert len(solves) == before + 1


def test_an_hour_that_was_begun_and_not_solved_leaves_nothing_behind() -> None:
    known, view = evening()
    layout, inputs = prepared(known, view)
    begun = LowerProblem(known)
    for hour in (0, 1):
        begun.begin(view.time_s + 3600 * hour, layout)
    assert np.array_equal(begun.solve(layout, inputs).p_pev, LowerProblem(known).solve(layout, inputs).p_pev)


def test_the_same_program_in_the_lines_own_units() -> None:
    known, view = evening(reactive_power=True)
    layout, inputs = prepared(known, view)
    assembly = Assembly(known, layout, inputs)
    program = assembly.program(whole_choice(assembly.limits))
    assert program.units is not None and np.ptp(np.log10(program.units.mva)) > 1.0
    scale = scaled(program)
    run, x, z = solve.CONIC_SOLVERS["QOCO"](scale.program, False)
    plain_run, plain_x, plain_z = solve.CONIC_SOLVERS["QOCO"](program, False)
    assert run.is_optimal and plain_run.is_optimal
    x, z = scale.back(x, z)
    worth = program.cost @ plain_x + 0.5 * program.p_diagonal @ plain_x**2
    assert program.cost @ x + 0.5 * program.p_diagonal @ x**2 == pytest.approx(worth, rel=1e-7)
    assert np.abs(program.matrix.T @ z + program.cost + program.p_diagonal * x).max() < 1e-6
    assert np.abs((z - plain_z)[: inputs.p_fixed.size]).max() < 1e-3  # nodal prices


def test_hours_move_on() -> None:
    known, view = evening()
    layout, _ = prepared(known, view)
    assert list(hour_of_periods(layout)) == [0, 0, 1, 2, 3, 4, 5]


def test_a_broken_limit_is_told_from_a_refusal_of_ac() -> None:
    known, view = evening(on_inexact="fallback")
    decider = Decider(known)
    broken = (Violation("line loading_percent", 7, 2, 120.0, 100.0, 0.2),)
    decider.judge.violations = lambda *_, **__: broken  # type: ignore[method-assign]
    binding = decider.decide(view).binding
    assert binding.startswith("limits broken, AC agrees to ") and "line loading_percent=120 against 100" in binding
    assert "AC refuses" not in binding
