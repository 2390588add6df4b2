"""Running a convex solver at tight tolerances and reading its answer; no wall-clock limits."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import clarabel
import cvxpy as cp
import numpy as np
import qoco
import scipy.sparse as sp

from controllers.port import PlanError
from controllers.spatial.branch_flow.conic.program import ConicProgram
from controllers.spatial.branch_flow.conic.scaling import scaled
from models.records.arrays import Floats

OPTIMAL = (cp.OPTIMAL, cp.OPTIMAL_INACCURATE)
INFEASIBLE = (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE)
SOLVER_OPTIONS: dict[str, dict[str, Any]] = {
    "CLARABEL": {"tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9, "max_iter": 80, "max_threads": 1,
                 "equilibrate_enable": False},
    "QOCO": {"abstol": 1e-9, "reltol": 1e-9, "max_iters": 80},
}


LARGE_ROWS, LARGE_SOLVER = 100_000, "CLARABEL"
"""QOCO is the faster one up to some hundred buses; with 387,000 rows it took 67 to 78 iterations, Clarabel in the
lines' own units 32 (C)."""


@dataclass(frozen=True)
class SolverRun:
    """How a solve went. `seconds` is the solver's own time, `overhead_s` what writing the problem added."""

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


def run_conic(program: ConicProgram, solver: str) -> tuple[SolverRun, Floats, Floats]:
    """Solve a conic program: how it went, x, and the dual values of its rows (NaN without an answer).

    Above LARGE_ROWS Clarabel is asked first, whatever `solver` says. Where a solver neither solves nor proves
    infeasibility, the other one is asked.
    """
    if solver not in CONIC_SOLVERS:
        raise PlanError(f"branch flow solver {solver!r}: allowed are {', '.join(CONIC_SOLVERS)}")
    # by the size and not by trial: a run must give the same answer on every machine
    if program.rhs.size > LARGE_ROWS:
        solver = LARGE_SOLVER
    run, x, z = CONIC_SOLVERS[solver](program, False)
    if run.is_optimal or run.status in INFEASIBLE:
        return run, x, z
    # neither an answer nor a proof: numerics of the one solver, which the other does not share
    other = next(name for name in CONIC_SOLVERS if name != solver)
    second, x, z = CONIC_SOLVERS[other](program, True)
    return SolverRun(second.status, run.seconds + second.seconds, 0.0, run.iterations + second.iterations), x, z


def _clarabel(program: ConicProgram, is_last: bool) -> tuple[SolverRun, Floats, Floats]:
    """In the lines' own units; refines its linear solves only where no other solver is left: a third more time."""
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    for name, value in SOLVER_OPTIONS["CLARABEL"].items():
        setattr(settings, name, value)
    settings.iterative_refinement_enable = is_last
    began = time.perf_counter()
    scale = scaled(program)
    own = scale.program
    cones = [clarabel.ZeroConeT(own.zero), clarabel.NonnegativeConeT(own.nonneg)]
    cones += [clarabel.SecondOrderConeT(size) for size in own.soc_sizes]
    solver = clarabel.DefaultSolver(_upper(own), own.cost, sp.csc_matrix(own.matrix), own.rhs, cones, settings)
    answer = solver.solve()
    status = CLARABEL_STATUS.get(str(answer.status), "solver_error")
    x, z = scale.back(np.asarray(answer.x), np.asarray(answer.z))
    return SolverRun(status, time.perf_counter() - began, 0.0, int(answer.iterations)), x, z


def _qoco(program: ConicProgram, is_last: bool) -> tuple[SolverRun, Floats, Floats]:
    """Refines its linear solves likewise; they rarely ask for it, but the check alone takes a twentieth of the time."""
    rows = sp.csr_array(program.matrix)
    equal, cone = sp.csc_matrix(rows[: program.zero]), sp.csc_matrix(rows[program.zero :])
    solver = qoco.QOCO()
    began = time.perf_counter()
    solver.setup(program.cost.size, cone.shape[0], program.zero, _upper(program), program.cost, equal,
                 program.rhs[: program.zero], cone, program.rhs[program.zero :], program.nonneg,
                 len(program.soc_sizes), np.array(program.soc_sizes, dtype=np.int32),
                 **SOLVER_OPTIONS["QOCO"], **({} if is_last else {"max_ir_iters": 0}))
    answer = solver.solve()
    status = QOCO_STATUS.get(answer.status, "solver_error")
    return (SolverRun(status, time.perf_counter() - began, 0.0, int(answer.iters)), np.asarray(answer.x),
            np.concatenate([answer.y, answer.z]))


def _upper(program: ConicProgram) -> sp.csc_matrix:
    """The quadratic term as solvers want it: upper triangle, here diagonal."""
    return sp.csc_matrix(sp.diags_array(program.p_diagonal))


CONIC_SOLVERS: dict[str, Callable[[ConicProgram, bool], tuple[SolverRun, Floats, Floats]]] = {
    "QOCO": _qoco, "CLARABEL": _clarabel}
CLARABEL_STATUS = {"Solved": cp.OPTIMAL, "AlmostSolved": cp.OPTIMAL_INACCURATE, "PrimalInfeasible": cp.INFEASIBLE,
                   "AlmostPrimalInfeasible": cp.INFEASIBLE_INACCURATE, "DualInfeasible": cp.UNBOUNDED,
                   "AlmostDualInfeasible": cp.UNBOUNDED_INACCURATE}
QOCO_STATUS = {"QOCO_SOLVED": cp.OPTIMAL, "QOCO_SOLVED_INACCURATE": cp.OPTIMAL_INACCURATE}
