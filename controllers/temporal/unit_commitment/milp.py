"""One mixed-integer problem as HiGHS takes it: relaxed, with variables held, from a known answer, and for good.

cvxpy's own interface to HiGHS is used for all of it; only bounds, integrality and first answer change between solves.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import cvxpy as cp
import numpy as np

from controllers.temporal.unit_commitment.heard import heard
from models.records.arrays import Floats

NO_SEARCH = {"mip_heuristic_run_rins": False, "mip_heuristic_run_rens": False,
             "mip_heuristic_run_root_reduced_cost": False}
"""HiGHS without its searches for better answers, which take most of the time where a good one is given."""


FEASIBLE_POINT = 2
"""HiGHS's kSolutionStatusFeasible."""
LEAST_S = 1.0
"""What a solve has where a time limit is used up: a start is looked at all the same."""


def highs_options(gap: float, node_limit: int) -> dict[str, Any]:
    """One thread, fixed seed, limits that count nodes: equal answers on every machine."""
    return {"mip_rel_gap": gap, "mip_abs_gap": 1e-6, "threads": 1, "random_seed": 0,
            "mip_max_nodes": node_limit, "mip_heuristic_effort": 0.15}


@dataclass(frozen=True)
class Answer:
    """What HiGHS found; `value` and `bound` without the objective's constant."""

    raw: dict[str, Any]
    """As cvxpy's interface returns it."""
    x: Floats
    """All unknowns; empty if nothing was found."""
    value: float
    bound: float

    def is_within(self, gap: float) -> bool:
        """Whether an answer was found that is proven to this relative gap."""
        return self.x.size > 0 and self.value - self.bound <= gap * abs(self.value) + 1e-6


@dataclass
class Milp:
    """`problem` written for HiGHS once."""

    problem: cp.Problem
    time_limit_s: float = math.inf
    """Of all its solves together."""
    seconds: float = 0.0
    """Spent in the solver."""
    compile_s: float = field(init=False)

    def __post_init__(self) -> None:
        begun = time.perf_counter()
        self._data, self._chain, self._inverse = self.problem.get_problem_data(cp.HIGHS)
        self._columns = self._data["param_prob"].var_id_to_col
        self.compile_s = time.perf_counter() - begun

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return int(self._data["c"].size)

    def columns(self, variable: cp.Variable) -> slice:
        """Where the variable's entries stand among all unknowns."""
        first = self._columns[variable.id]
        return slice(first, first + variable.size)

    def solve(self, options: dict[str, Any], *, held: Floats | None = None, relaxed: bool = False,
              start: Answer | None = None) -> Answer:
        """held: values of all unknowns, NaN where free; relaxed: none is an integer; start: answer to begin with."""
        lower, upper = self._bounds()
        if held is not None:
            # held by bounds and not by rows: the matrix stays, and presolve takes the columns out
            lower, upper = np.where(np.isnan(held), lower, held), np.where(np.isnan(held), upper, held)
        data = {**self._data, "lower_bounds": lower, "upper_bounds": upper}
        if relaxed:
            data |= {"bool_vars_idx": [], "int_vars_idx": []}
        # cvxpy passes a first answer on only as the result of an earlier solve
        known = {} if start is None else {"HIGHS": (None, None, {"model_status": "kOptimal",
                                                                  "solution": start.raw["solution"]})}
        begun = time.perf_counter()
        options = dict(options)
        if math.isfinite(self.time_limit_s):
            options["time_limit"] = max(self.time_limit_s - self.seconds, LEAST_S)
        raw = heard(lambda: self._chain.solver.solve_via_data(data, start is not None, False, options, known))
        self.seconds += time.perf_counter() - begun
        return _answer(raw, relaxed)

    def give(self, answer: Answer) -> None:
        """Put the answer into the problem's variables, status and value."""
        self.problem.unpack_results(answer.raw, self._chain, self._inverse)

    def _bounds(self) -> tuple[Floats, Floats]:
        lower, upper = self._data["lower_bounds"], self._data["upper_bounds"]
        lower = np.full(self.size, -np.inf) if lower is None else lower.copy()
        upper = np.full(self.size, np.inf) if upper is None else upper.copy()
        # cvxpy leaves binaries to integrality: relaxed, they need their 0..1 as bounds
        binary = np.array(self._data["bool_vars_idx"], dtype=np.int64)
        lower[binary], upper[binary] = np.maximum(lower[binary], 0.0), np.minimum(upper[binary], 1.0)
        return lower, upper


def _answer(raw: dict[str, Any], relaxed: bool) -> Answer:
    info = raw["info"]
    # a limit may be reached with or without a point
    has_point = bool(raw["solution"].value_valid) and info.primal_solution_status == FEASIBLE_POINT
    value = float(info.objective_function_value) if has_point else np.inf
    return Answer(raw=raw, x=np.array(raw["solution"].col_value) if has_point else np.zeros(0), value=value,
                  bound=value if relaxed else float(info.mip_dual_bound))
