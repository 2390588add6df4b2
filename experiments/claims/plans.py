"""Many single plans of the upper layer, each solved once: the first midnight's problem with switches turned.

No co-simulation: a plan is what the operator expects of the day, not what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from controllers.port import Plan, ReserveRule, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.solve import UnitCommitment
from experiments.processes import process_pool
from models.records.arrays import Floats, Ints
from models.records.objective import Objective
from testbed.running.first_view import first_view
from testbed.running.preflight import checked_scenario
from testbed.setup.controller_loading import load_controller
from testbed.setup.plan_cache import plan_key
from testbed.simulators.plans import remembered

ONE_DAY = ("planning.horizon_h=24", "planning.binding_h=12", "spatial.look_ahead_h=12")
"""One day and nothing after it, so that costs, tons and energies are those of a day (plans are not carried out)."""

DAY_H = 24
T = TypeVar("T")


@dataclass(frozen=True)
class PlanJob:
    """One planning problem and who solves it."""

    label: str
    controller: str
    knowledge: TemporalKnowledge
    view: SystemView


@dataclass(frozen=True)
class Switches:
    """One cell of the grid; `carbon` 0 means that emissions cost nothing."""

    reserve_rule: ReserveRule
    tariff: bool
    wear_usd_per_mwh: float
    carbon_usd_per_t: float
    renewables: bool

    @property
    def label(self) -> str:
        """As a line of a table."""
        return (f"{self.reserve_rule}, tariff {'on' if self.tariff else 'off'}, wear {self.wear_usd_per_mwh:g}, "
                f"carbon {self.carbon_usd_per_t:g}, {'wind and sun' if self.renewables else 'no renewables'}")

    def turned(self, job: PlanJob) -> PlanJob:
        """The job under these switches; all weights are 1, what is switched off has the price 0."""
        planned = load_controller(job.controller).car_control != "none"
        # Where cars are not planned neither tariff nor wear matters, and nothing is fed back that a rule could count:
        # one problem, solved once, for all rules.
        rule: ReserveRule = self.reserve_rule if planned else "thermal_only"
        knowledge = replace(
            job.knowledge, reserve_rule=rule, tariff_in_objective=self.tariff and planned,
            wear_usd_per_kwh=np.full(job.knowledge.wear_usd_per_kwh.size, self.wear_usd_per_mwh / 1e3 * planned),
            carbon_price_usd_per_t=self.carbon_usd_per_t, objective=Objective())
        share = float(self.renewables)
        view = replace(job.view, wind_mw=share * job.view.wind_mw, pv_mw=share * job.view.pv_mw)
        return PlanJob(f"{job.controller}: {self.label}", job.controller, knowledge, view)


def first_job(scenario: str, controller: str, overrides: Sequence[str] = (), seed: int = 1) -> PlanJob:
    """The first midnight's problem of a scenario, cut to one day."""
    seen = first_view(checked_scenario(scenario, (*ONE_DAY, *overrides)), load_controller(controller), seed)
    return PlanJob(f"{controller} on {scenario}", controller, seen.knowledge, seen.view)


def first_jobs(asked: Sequence[tuple[str, str, tuple[str, ...]]], workers: int = 1) -> list[PlanJob]:
    """`first_job` for each (scenario, controller, overrides), equal ones once; the warm-up takes seconds each."""
    different = list(dict.fromkeys(asked))
    made = dict(zip(different, spread(first_job, list(zip(*different, strict=True)), workers), strict=True))
    return [made[asked_for] for asked_for in asked]


def spread(function: Callable[..., T], columns: Sequence[Sequence[Any]], workers: int) -> list[T]:
    """The function over rows of arguments, given by column; with 2 workers or more in processes of their own."""
    if workers <= 1 or not columns or len(columns[0]) <= 1:
        return list(map(function, *columns))
    with process_pool(workers) as pool:
        return list(pool.map(function, *columns))


def solve_all(jobs: Sequence[PlanJob], folder: Path, workers: int = 1) -> list[Plan]:
    """The plans in the jobs' order; equal problems are solved once, those that lie in the folder not at all."""
    keys = [plan_key(UnitCommitment(job.knowledge, load_controller(job.controller).car_control), job.view)
            for job in jobs]
    different = dict(zip(keys, jobs, strict=True))
    plans = spread(solve, [list(different.values()), [folder] * len(different)], workers)
    by_key = dict(zip(different, plans, strict=True))
    return [by_key[key] for key in keys]


def solve(job: PlanJob, folder: Path) -> Plan:
    """The plan of one job."""
    return remembered(load_controller(job.controller).temporal(job.knowledge), folder).plan(job.view)


# ---------------------------------------------------------------- what a plan says
def units_on(plan: Plan) -> Ints:
    """[24] units committed on the first day."""
    return np.asarray(plan.committed.sum(axis=0)[:DAY_H])


def fewer_units(plan: Plan, base: Plan) -> Ints:
    """Hours, counted from 1, in which the plan has fewer units on than the base."""
    return np.asarray(np.flatnonzero(units_on(plan) < units_on(base)) + 1)


def cars_mw(plan: Plan, view: SystemView) -> tuple[Floats, Floats]:
    """Charging and discharging [H] of all cars as planned; cars outside control charge."""
    outside = sum((d.p_uncontrolled_kw for d in view.districts), np.zeros(plan.committed.shape[1]))
    charge = sum((p.sum(axis=0) for p in plan.pc_kw), outside)
    discharge = sum((p.sum(axis=0) for p in plan.pd_kw), np.zeros_like(outside))
    return np.asarray(charge) / 1e3, np.asarray(discharge) / 1e3
