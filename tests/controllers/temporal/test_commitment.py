"""A guess saves time and changes nothing: the optimum, its bound and what is proven are the problem's own."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from controllers.port import PlanError
from controllers.temporal.unit_commitment import commitment
from controllers.temporal.unit_commitment.commitment import (
    Guess,
    coarse,
    commit,
    guessed_schedule,
    roughly,
    solve_commitment,
    with_enough_tangents,
)
from controllers.temporal.unit_commitment.milp import Milp, highs_options
from controllers.temporal.unit_commitment.problem import Case

H = 8
TIGHT = 1e-9


@pytest.fixture
def case(build: SimpleNamespace) -> Case:
    return build.hill()


def test_the_optimum_is_that_of_the_problem_without_a_guess(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    guided = commit(case, TIGHT, 2000)
    monkeypatch.setattr(commitment, "roughly", lambda *_: None)
    alone = commit(case, TIGHT, 2000)
    assert guided.objective_usd == pytest.approx(alone.objective_usd, rel=1e-7)
    assert guided.bound_usd <= alone.objective_usd * (1 + 1e-9)
    assert guided.bound_usd == pytest.approx(alone.bound_usd, rel=1e-7)


@pytest.mark.parametrize("schedule", ["all off", "all on", "nonsense"])
def test_a_bad_guess_does_no_harm(case: Case, monkeypatch: pytest.MonkeyPatch, schedule: str) -> None:
    best = commit(case, TIGHT, 2000)
    size = case.knowledge.units.count * H
    u = {"all off": np.zeros(size), "all on": np.ones(size), "nonsense": np.arange(size) % 2 * 1.0}[schedule]
    monkeypatch.setattr(commitment, "_guesses", lambda *_: [Guess(u, -1e9)])
    assert commit(case, TIGHT, 2000).objective_usd == pytest.approx(best.objective_usd, rel=1e-7)
    monkeypatch.setattr(commitment, "_guesses", lambda *_: [Guess(u, best.objective_usd)])  # called good
    assert commit(case, TIGHT, 2000).objective_usd == pytest.approx(best.objective_usd, rel=1e-7)


def test_the_small_problem_has_fewer_cohorts_and_a_lower_relaxed_optimum(case: Case) -> None:
    many = replace(case, rows=case.rows)
    small = coarse(many)
    assert small.rows.count < case.rows.count
    assert small.rows.pc_max_mw.sum() == pytest.approx(case.rows.pc_max_mw.sum())
    rough = roughly(case, 1e-4)
    assert rough is not None
    guess = next(rough.guess(np.full(case.knowledge.units.count * H, np.nan)))
    assert set(np.unique(guess.schedule)) <= {0.0, 1.0}
    assert guess.relaxed_usd <= commit(case, TIGHT, 2000).objective_usd


def test_an_answer_says_what_is_proven_of_it(case: Case) -> None:
    """Stopped at the root, the gap is what bound and value leave, and it is not called optimal."""
    _, problem = commitment._written(case, (), False, False)
    milp = Milp(problem)
    answer = milp.solve(highs_options(0.0, 2000))
    assert answer.is_within(1e-6)
    assert not replace(answer, bound=answer.bound - 1.0).is_within(1e-9)
    assert not replace(answer, x=np.zeros(0)).is_within(1.0)
    relaxed = milp.solve(highs_options(0.0, 1), relaxed=True)
    assert relaxed.value <= answer.bound + 1e-6


def test_tangents_are_as_many_as_the_error_asks_for_and_no_more(case: Case) -> None:
    units, (_, _, c) = case.knowledge.units, case.unit_curve()
    own = case.knowledge.tangents
    for error_usd, most in ((1e9, 4), (5.0, own), (1e-9, own)):
        tangents = with_enough_tangents(case, error_usd).knowledge.tangents
        assert 4 <= tangents <= most
        gap_mw = (units.p_max_mw - units.p_min_mw) / (tangents - 1)
        lost_usd = H * (c * (gap_mw / 2) ** 2).sum()
        assert lost_usd <= error_usd * (1 + 1e-9) or tangents == own
        fewer_usd = lost_usd * ((tangents - 1) / (tangents - 2)) ** 2
        assert fewer_usd > error_usd or tangents in (4, own)


def test_a_search_that_may_not_look_says_so(case: Case) -> None:
    """Without a node and without a start there is no schedule, and that is no proof that there is none."""
    v, problem = commitment._written(case, (), False, False)
    with pytest.raises(PlanError, match=r"^unit commitment: no schedule found within 0 nodes$"):
        solve_commitment(case, v, problem, TIGHT, 0)


def test_what_has_no_answer_has_no_guess(case: Case) -> None:
    """More load than all units have: the small problem says so at once, and the problem itself in its own words."""
    impossible = replace(case, view=replace(case.view, load_mw=np.full(H, 400.0)))
    assert roughly(impossible, TIGHT) is None and guessed_schedule(impossible, TIGHT) is None
    with pytest.raises(PlanError, match=r"^unit commitment is infeasible$"):
        commit(impossible, TIGHT, 2000)


def test_a_time_limit_that_is_not_reached_changes_nothing(case: Case) -> None:
    free, limited = commit(case, TIGHT, 2000), commit(case, TIGHT, 2000, time_limit_s=600.0)
    assert np.array_equal(free.u, limited.u)
    assert (free.objective_usd, free.bound_usd, free.status) == (
        limited.objective_usd, limited.bound_usd, limited.status)


def test_a_time_limit_that_is_used_up_leaves_each_solve_a_second(case: Case) -> None:
    """A start is looked at all the same."""
    _, problem = commitment._written(case, (), False, False)
    milp = Milp(problem, time_limit_s=0.5)
    milp.seconds = 30.0
    assert milp.solve(highs_options(TIGHT, 2000)).is_within(1e-6)
