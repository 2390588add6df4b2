"""Running a convex solver at tight tolerances and reading its answer; no wall-clock limits."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import cvxpy as cp

from controllers.port import PlanError

OPTIMAL = (cp.OPTIMAL, cp.OPTIMAL_INACCURATE)
INFEASIBLE = (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE)
SOLVER_OPTIONS: dict[str, dict[str, Any]] = {
    "CLARABEL": {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-9, "max_iter": 80, "max_threads": 1,
                 "equilibrate_enable": False},
    "QOCO": {"abstol": 1e-8, "reltol": 1e-8, "max_iters": 80},
}


@dataclass(frozen=True)
class SolverRun:
    """How a solve went. `seconds` is the solver's own time, `overhead_s` what cvxpy added."""

    status: str
    seconds: float
    overhead_s: float
    iterations: int

    @property
    def is_optimal(self) -> bool:
        return self.status in OPTIMAL


def run(problem: cp.Problem, solver: str) -> SolverRun:
    """Solve with parameters as they are; the status says what happened, a solver's crash is a PlanError."""
    if solver not in SOLVER_OPTIONS:
        raise PlanError(f"branch flow solver {solver!r}: allowed are {', '.join(SOLVER_OPTIONS)}")
    began = time.perf_counter()
    with warnings.catch_warnings():  # an inaccurate answer is judged by the AC replay, not by a warning
        warnings.filterwarnings("ignore", message="Solution may be inaccurate", category=UserWarning)
        try:
            problem.solve(solver=solver, **SOLVER_OPTIONS[solver])
        except cp.SolverError:
            return SolverRun("solver_error", 0.0, time.perf_counter() - began, 0)
    total = time.perf_counter() - began
    stats = problem.solver_stats
    seconds = float(stats.solve_time or 0.0)
    return SolverRun(str(problem.status), seconds, total - seconds, int(stats.num_iters or 0))


def run_with_second_try(problem: cp.Problem, solver: str) -> SolverRun:
    """As `run`; where the solver neither solves nor proves infeasibility, the other one is asked."""
    first = run(problem, solver)
    if first.is_optimal or first.status in INFEASIBLE:
        return first
    second = run(problem, next(other for other in SOLVER_OPTIONS if other != solver))
    return SolverRun(second.status, first.seconds + second.seconds, first.overhead_s + second.overhead_s,
                     first.iterations + second.iterations)


def require_convex(problem: cp.Problem) -> cp.Problem:
    """The problem itself; AssertionError if cvxpy's rules do not prove it convex."""
    assert problem.is_dcp(), "branch flow problem is not convex by cvxpy's rules"
    return problem
