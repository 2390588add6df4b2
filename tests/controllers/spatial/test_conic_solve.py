"""Which solver is asked, and what is said of one that is none."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from controllers.port import PlanError, SpatialKnowledge
from controllers.spatial.branch_flow.conic import solve
from controllers.spatial.branch_flow.decision import Decider
from tests.controllers.spatial import branch_flow_case as case

HOUR = 19


def knowledge(solver: str) -> SpatialKnowledge:
    return replace(case.knowledge(case.fleet(), step_s=3600, look_ahead_h=2), solver=solver)  # type: ignore[arg-type]


def test_an_unknown_solver_is_refused_with_those_there_are() -> None:
    known = knowledge("SCS")
    view = case.view(known, *case.parked(known.vehicles, HOUR * 3600), HOUR)
    with pytest.raises(PlanError, match=r"^branch flow solver 'SCS': allowed are QOCO, CLARABEL$"):
        Decider(known).decide(view)
    problem = cp.Problem(cp.Minimize(cp.Variable(nonneg=True)))
    with pytest.raises(PlanError, match=r"^branch flow solver 'SCS': allowed are CLARABEL, QOCO$"):
        solve.run(problem, "SCS")


def test_a_large_program_is_clarabels_whatever_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its rows alone: the same answer to the last bit as by Clarabel, another one than by QOCO."""
    asked, clarabel = knowledge("QOCO"), knowledge("CLARABEL")
    view = case.view(asked, *case.parked(asked.vehicles, HOUR * 3600), HOUR)
    small = Decider(asked).decide(view).p_plan_bus_kw
    monkeypatch.setattr(solve, "LARGE_ROWS", 100)
    large, other = (Decider(known).decide(view).p_plan_bus_kw for known in (asked, clarabel))
    assert np.array_equal(large, other)
    assert not np.array_equal(small, large) and np.allclose(small, large, atol=0.05)
