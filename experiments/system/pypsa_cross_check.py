"""The unit commitment against PyPSA (MIT), an independent implementation, on a variant that both can state exactly.

PyPSA knows one start-up cost and, with HiGHS, only linear fuel costs. So both sides get: the chord of each cost curve
between P_min and P_max (a' = a - c Pmin Pmax, b' = b + c (Pmin + Pmax)), and every start at the cold price. Minimum
up and down times and the status before the day are equal; PyPSA has no reserve, so the rule `thermal_only` without
shortfall is added to its model by hand.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from controllers.port import Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.answer import close_balance, make_plan
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.problem import make_case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import Commitment, dispatch
from models.records.arrays import Ints
from models.records.thermal_units import ThermalUnits
from testbed.running.preflight import WrongRequest

MISSING = "--cross-check needs PyPSA: pip install '.[cross-check]'"


@dataclass(frozen=True)
class CrossCheck:
    """Both optima of the same linear problem, and PyPSA's schedule judged by this project's dispatch and checker."""

    ours_usd: float
    bound_usd: float
    pypsa_usd: float
    pypsa_schedule_usd: float
    """Cost of PyPSA's schedule by this project's dispatch and cost function."""
    violations: int
    """Of PyPSA's schedule."""
    gap: float

    @property
    def problems(self) -> list[str]:
        """Empty if both agree within twice the MILP gap."""
        allowed = 2 * self.gap * self.ours_usd
        said = [f"{name} {usd:,.2f} $ against {self.ours_usd:,.2f} $"
                for name, usd in (("PyPSA", self.pypsa_usd), ("PyPSA's schedule", self.pypsa_schedule_usd))
                if abs(usd - self.ours_usd) > allowed]
        return said + ([f"PyPSA's schedule breaks {self.violations} rules"] if self.violations else [])

    def __str__(self) -> str:
        return (f"cross-check, linear costs, all starts cold: ours {self.ours_usd:,.2f} $ (bound "
                f"{self.bound_usd:,.2f}), PyPSA {self.pypsa_usd:,.2f} $, its schedule by our dispatch "
                f"{self.pypsa_schedule_usd:,.2f} $, {self.violations} violations")


def linear_units(units: ThermalUnits) -> ThermalUnits:
    """The chord of each cost curve, and hot starts at the cold price."""
    a, b, c = units.cost_a_usd_per_h, units.cost_b_usd_per_mwh, units.cost_c_usd_per_mw2h
    low, high = units.p_min_mw, units.p_max_mw
    return replace(units, cost_a_usd_per_h=a - c * low * high, cost_b_usd_per_mwh=b + c * (low + high),
                   cost_c_usd_per_mw2h=np.zeros(units.count),
                   start_usd=np.repeat(units.start_usd[:, -1:], units.start_usd.shape[1], axis=1))


def cross_check(knowledge: TemporalKnowledge, view: SystemView) -> CrossCheck:
    """Solve the linear variant twice; raises WrongRequest where PyPSA is not installed."""
    known = replace(knowledge, units=linear_units(knowledge.units), reserve_rule="thermal_only")
    schedule, usd = pypsa_answer(known, view)
    ours = UnitCommitment(known, "none").plan(view)
    judged = judge(known, view, schedule)
    violations = check_plan(known, view, judged, "none")
    return CrossCheck(ours.objective_usd, ours.bound_usd, usd, judged.objective_usd, len(violations), known.mip_gap)


def judge(knowledge: TemporalKnowledge, view: SystemView, schedule: Ints) -> Plan:
    """The plan that this project's dispatch makes of a schedule [U, H] from elsewhere; no bound is known."""
    case = make_case(knowledge, view, "none", 0.0, np.ones(knowledge.horizon_h))
    powers = dispatch(case, schedule, np.zeros(0))
    given = Commitment(schedule, np.zeros(0), powers.objective_usd, -np.inf, "given", 0.0, 0.0)
    return make_plan(case, given, close_balance(case, schedule, powers))


def pypsa_answer(knowledge: TemporalKnowledge, view: SystemView) -> tuple[Ints, float]:
    """(schedule [U, H], cost in $) of PyPSA with HiGHS at the same gap; raises WrongRequest without PyPSA."""
    try:
        pypsa: Any = importlib.import_module("pypsa")
    except ImportError as missing:
        raise WrongRequest([MISSING]) from missing
    units, network = knowledge.units, pypsa.Network()
    network.set_snapshots(range(knowledge.horizon_h))
    network.add("Bus", "system")
    network.add("Load", "load", bus="system", p_set=view.load_mw)
    for i, name in enumerate(units.names):
        network.add(
            "Generator", name, bus="system", committable=True, p_nom=units.p_max_mw[i],
            p_min_pu=units.p_min_mw[i] / units.p_max_mw[i], marginal_cost=units.cost_b_usd_per_mwh[i],
            stand_by_cost=units.cost_a_usd_per_h[i], start_up_cost=units.start_usd[i, -1],
            min_up_time=int(units.min_up_h[i]), min_down_time=int(units.min_down_h[i]),
            up_time_before=max(int(view.hours_on[i]), 0), down_time_before=max(-int(view.hours_on[i]), 0))
    needed = (1 + knowledge.reserve_fraction) * view.load_mw

    def reserve(network: Any, snapshots: Any) -> None:
        status = network.model.variables["Generator-status"]
        capacity = status.coords[status.dims[-1]].copy(data=units.p_max_mw)
        right = status.coords["snapshot"].copy(data=needed)
        network.model.add_constraints((status * capacity).sum(status.dims[-1]) >= right, name="reserve")

    for name in ("pypsa", "linopy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():  # its own libraries' coming changes, nothing about the answer
        warnings.simplefilter("ignore")
        state, condition = network.optimize(
            solver_name="highs", extra_functionality=reserve, log_to_console=False, mip_rel_gap=knowledge.mip_gap,
            mip_abs_gap=1e-6, threads=1, random_seed=0)
    if state != "ok":
        raise RuntimeError(f"PyPSA: {state}, {condition}")
    status = network.generators_t.status[list(units.names)].to_numpy()
    return np.rint(status.T).astype(np.int64), float(network.objective)
