"""The upper layer as a whole: commit on cohorts merged over districts, dispatch all cohorts, split uniquely."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from controllers.port import CarControl, Plan, PlanError, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.accounts import account
from controllers.temporal.unit_commitment.clusters import clustered, commit_by_clusters
from controllers.temporal.unit_commitment.commitment import commit
from controllers.temporal.unit_commitment.diagnosis import explain
from controllers.temporal.unit_commitment.problem import KW_PER_MW, Case, make_case, merge_cohorts
from controllers.temporal.unit_commitment.ramps import follows_power, stops_too_soon
from controllers.temporal.unit_commitment.stages import Commitment, Dispatch, dispatch, split
from models.records import Floats, Ints

SPLIT_SLACK_REL = 1e-6
"""How much dearer than the optimum the unique split may be (MODEL.md section 3)."""
DUST_KW = 1e-4
"""Below it a cohort's power is the solver's rounding; a car must not be kept from charging to give 1e-6 kW."""
TANGENT_GAP_REL = 1e-5
"""Room for the difference between tangents and true curves when a merged answer is judged."""


@dataclass(frozen=True)
class Tuning:
    """Settings of the solve that are not part of the model."""

    node_limit: int = 3_000
    terminal_value_usd_per_mwh: float = 20.0
    """Terminal rule `price`: value of a MWh in a battery at the horizon's end (A)."""
    delivery_quantile: float = 1.0
    """phi of reserve rule `deliverable`, until a learned one is given."""
    accepted_gap_factor: float = 2.0
    """A merged answer within this multiple of mip_gap of the bound stands; otherwise the full MILP is solved."""
    clusters: bool = True
    """Identical units are planned as numbers of running units, then shared out (clusters.py)."""
    tightening: bool = False
    """Redundant constraints that may speed up the MILP (equations.TIGHTENING); the optimum is the same."""


def delivery_quantile(view: SystemView, tuning: Tuning) -> Floats:
    """[H] phi_t as the view says it was learned, else that of the settings."""
    learned = view.delivery_quantile
    return learned if learned.size else np.full(view.load_mw.size, tuning.delivery_quantile)


class UnitCommitment:
    """MODEL.md section 3 as a TemporalLayer.

    With `car_control` "none" cohorts are not planned: all expected car load is in `p_uncontrolled_kw`.
    `without` names equations to leave out (tests only).
    """

    def __init__(self, knowledge: TemporalKnowledge, car_control: CarControl = "bidirectional",
                 tuning: Tuning | None = None, without: Collection[str] = ()) -> None:
        self.knowledge = knowledge
        self.car_control = car_control
        self.tuning = tuning or Tuning()
        self.without = frozenset(without)

    def plan(self, view: SystemView) -> Plan:
        """The plan from view.time_s; raises PlanError naming hours and amounts when there is none."""
        case = self._case(view)
        try:
            commitment, found = self._solve(case)
        except PlanError as error:
            reasons = explain(clustered(case) if self.tuning.clusters else case, self.tuning.node_limit, self.without)
            raise PlanError(f"{error}: {reasons}" if reasons else str(error)) from error
        direction, slack = commitment.direction, SPLIT_SLACK_REL * abs(found.objective_usd)
        answer = close_balance(case, commitment.u, split(case, found, direction, slack, self.without))
        return make_plan(case, commitment, answer)

    def _case(self, view: SystemView) -> Case:
        h, tuning = self.knowledge.horizon_h, self.tuning
        if view.load_mw.size != h:
            raise PlanError(f"the view has {view.load_mw.size} hours, the plan needs {h}")
        return make_case(self.knowledge, view, self.car_control, tuning.terminal_value_usd_per_mwh,
                         delivery_quantile(view, tuning))

    def _solve(self, case: Case) -> tuple[Commitment, Dispatch]:
        """Merged commitment and full dispatch; a fuller MILP when that leaves too large a gap."""
        allowed = self.tuning.accepted_gap_factor * self.knowledge.mip_gap + TANGENT_GAP_REL
        bound_usd = -np.inf
        for relaxed, clusters in self._relaxations(case):
            first = self._commit(relaxed, clusters)
            bound_usd = max(bound_usd, first.bound_usd)
            try:
                found = dispatch(case, first.u, first.direction, self.without)
            except PlanError:  # a relaxed schedule may be too optimistic: the fuller problem decides
                continue
            close = found.objective_usd - bound_usd <= allowed * abs(found.objective_usd)
            if close and not stops_too_soon(case, first.u):
                return replace(first, bound_usd=bound_usd), found
        full = self._commit(case, self.tuning.clusters and not self._single_limits(case))
        return (replace(full, bound_usd=max(bound_usd, full.bound_usd)),
                dispatch(case, full.u, full.direction, self.without))

    def _relaxations(self, case: Case) -> list[tuple[Case, bool]]:
        """(case, with clusters) of the problems to try before the full one, the quickest first."""
        merged, clusters = replace(case, rows=merge_cohorts(case.rows)), self.tuning.clusters
        mergeable = not case.cycling_pays().any() and merged.rows.count < case.rows.count
        return ([(merged, clusters)] if mergeable else []) + ([(case, True)] if self._single_limits(case) else [])

    def _single_limits(self, case: Case) -> bool:
        """Clusters whose total may do what single units cannot: ramps, start-up and shut-down limits."""
        together = clustered(case)
        return self.tuning.clusters and bool((follows_power(together) & (together.inherited.count > 1)).any())

    def _commit(self, case: Case, clusters: bool) -> Commitment:
        solve = commit_by_clusters if clusters else commit
        return solve(case, self.knowledge.mip_gap, self.tuning.node_limit, self.without,
                     tightening=self.tuning.tightening)


def reference_commitment(knowledge: TemporalKnowledge, view: SystemView, tuning: Tuning | None = None) -> Plan:
    """The same commitment with no cars at all, for the run's reference without cars."""
    return UnitCommitment(knowledge, "none", tuning).plan(replace(view, districts=()))


def close_balance(case: Case, u: Ints, d: Dispatch) -> Dispatch:
    """Powers whose balance closes exactly: the solver's residual (about 1e-7 MW) goes to the freest unit."""
    units, view, h = case.knowledge.units, case.view, case.horizon_h
    low, high = units.p_min_mw[:, None] * u, units.p_max_mw[:, None] * u
    p = np.clip(d.p_mw, low, high)
    cars = np.bincount(case.rows.hour, d.pc_mw - d.pd_mw, h) if case.rows.entries else np.zeros(h)
    needed = view.load_mw + case.uncontrolled_mw + cars - (view.wind_mw - d.wind_cut_mw + view.pv_mw - d.pv_cut_mw)
    for _ in range(2):
        missing = needed - p.sum(axis=0)
        room = np.where(missing > 0, high - p, p - low)
        freest = room.argmax(axis=0)
        p[freest, np.arange(h)] += np.clip(missing, -room.max(axis=0), room.max(axis=0))
    return replace(d, p_mw=p)


def make_plan(case: Case, commitment: Commitment, d: Dispatch) -> Plan:
    """The Plan record with true costs beside the MILP's value and bound."""
    costs = account(case, commitment.u, d)
    charge, discharge = _by_district(case, d.pc_mw), _by_district(case, d.pd_mw)
    gap = (costs.objective_usd - commitment.bound_usd) / max(abs(costs.objective_usd), 1e-9)
    return Plan(
        time_s=case.view.time_s, committed=commitment.u, p_mw=d.p_mw, wind_curtailed_mw=d.wind_cut_mw,
        pv_curtailed_mw=d.pv_cut_mw, reserve_shortfall_mw=d.short_mw,
        marginal_price_usd_per_mwh=d.price_usd_per_mwh, pc_kw=charge, pd_kw=discharge,
        objective_usd=costs.objective_usd, milp_objective_usd=commitment.objective_usd,
        bound_usd=commitment.bound_usd, gap_rel=max(gap, 0.0), operating_cost_usd=costs.operating_usd,
        owners_net_usd=costs.owners_usd, curtailment_usd=costs.curtailment_usd, carbon_cost_usd=costs.carbon_usd,
        carbon_t=costs.carbon_t, status=commitment.status, solver_s=commitment.solver_s + d.solver_s,
        compile_s=commitment.compile_s + d.compile_s,
    )


def _by_district(case: Case, power_mw: Floats) -> tuple[Floats, ...]:
    """Entries back to one [G, H] array in kW per district."""
    rows, out = case.rows, []
    for k, cars in enumerate(case.view.districts):
        grid = np.zeros((cars.cohort_count, case.horizon_h))
        mine = np.flatnonzero(rows.district[rows.cohort] == k)
        grid[rows.row[rows.cohort[mine]], rows.hour[mine]] = power_mw[mine] * KW_PER_MW
        out.append(np.where(grid < DUST_KW, 0.0, grid))
    return tuple(out)
