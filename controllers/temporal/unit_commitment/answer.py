"""From a case to its plan: commit on cohorts merged over districts, dispatch all cohorts, split uniquely."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

import numpy as np

from controllers.port import Plan, PlanError
from controllers.temporal.unit_commitment.accounts import account
from controllers.temporal.unit_commitment.clusters import clustered, commit_by_clusters
from controllers.temporal.unit_commitment.commitment import commit
from controllers.temporal.unit_commitment.diagnosis import explain
from controllers.temporal.unit_commitment.problem import KW_PER_MW, Case, merge_cohorts
from controllers.temporal.unit_commitment.stages import Commitment, Dispatch, dispatch, split
from controllers.temporal.unit_commitment.tuning import Tuning
from controllers.temporal.unit_commitment.units.ramps import follows_power, stops_too_soon
from models.records.arrays import Floats, Ints

SPLIT_SLACK_REL = 1e-6
"""How much dearer than the optimum the unique split may be (docs/model.md 3.14)."""
DUST_KW = 1e-4
"""Below it a cohort's power is the solver's rounding; a car must not be kept from charging to give 1e-6 kW."""
TANGENT_GAP_REL = 1e-5
"""Room for the difference between tangents and true curves when a merged answer is judged."""


def planned(case: Case, tuning: Tuning, without: Set[str] = frozenset()) -> Plan:
    """The plan of a case; raises PlanError naming hours and amounts when there is none."""
    try:
        commitment, cheapest = _Solving(case, tuning, frozenset(without)).solve()
    except PlanError as error:
        reasons = explain(clustered(case) if tuning.clusters else case, tuning.node_limit, without)
        raise PlanError(f"{error}: {reasons}" if reasons else str(error)) from error
    direction, slack = commitment.direction, SPLIT_SLACK_REL * abs(cheapest.objective_usd)
    answer = close_balance(case, commitment.u, split(case, cheapest, direction, slack, without))
    return make_plan(case, commitment, answer)


@dataclass(frozen=True)
class _Solving:
    """One case and how it is solved."""

    case: Case
    tuning: Tuning
    without: frozenset[str]

    def solve(self) -> tuple[Commitment, Dispatch]:
        """Merged commitment and full dispatch; a fuller MILP when that leaves too large a gap."""
        case, mip_gap = self.case, self.case.knowledge.mip_gap
        allowed = self.tuning.accepted_gap_factor * mip_gap + TANGENT_GAP_REL
        # every relaxation's bound holds for the case itself, so the best of them is kept
        bound_usd = -np.inf
        for relaxed, clusters in self._relaxations():
            first = self._commit(relaxed, clusters)
            bound_usd = max(bound_usd, first.bound_usd)
            try:
                powers = dispatch(case, first.u, first.direction, self.without)
            except PlanError:  # a relaxed schedule may be too optimistic: the fuller problem decides
                continue
            close = powers.objective_usd - bound_usd <= allowed * abs(powers.objective_usd)
            if close and not stops_too_soon(case, first.u):
                return replace(first, bound_usd=bound_usd), powers
        full = self._commit(case, self.tuning.clusters and not self._single_limits())
        return (replace(full, bound_usd=max(bound_usd, full.bound_usd)),
                dispatch(case, full.u, full.direction, self.without))

    def _relaxations(self) -> list[tuple[Case, bool]]:
        """(case, with clusters) of the problems to try before the full one, the quickest first."""
        case = self.case
        merged, clusters = replace(case, rows=merge_cohorts(case.rows)), self.tuning.clusters
        mergeable = not case.cycling_pays().any() and merged.rows.count < case.rows.count
        return ([(merged, clusters)] if mergeable else []) + ([(case, True)] if self._single_limits() else [])

    def _single_limits(self) -> bool:
        """Clusters whose total may do what single units cannot: ramps, start-up and shut-down limits."""
        together = clustered(self.case)
        return self.tuning.clusters and bool((follows_power(together) & (together.inherited.count > 1)).any())

    def _commit(self, case: Case, clusters: bool) -> Commitment:
        solve = commit_by_clusters if clusters else commit
        return solve(case, case.knowledge.mip_gap, self.tuning.node_limit, self.without,
                     tightening=self.tuning.tightening, time_limit_s=self.tuning.time_limit_s)


def close_balance(case: Case, u: Ints, d: Dispatch) -> Dispatch:
    """Powers whose balance closes exactly: the solver's residual (about 1e-7 MW) goes to the freest unit."""
    units, view, h = case.knowledge.units, case.view, case.horizon_h
    low, high = units.p_min_mw[:, None] * u, units.p_max_mw[:, None] * u
    p = np.clip(d.p_mw, low, high)
    # cars keep their powers: units have no envelope over hours that a correction could break
    cars = np.bincount(case.rows.hour, d.pc_mw - d.pd_mw, h) if case.rows.entries else np.zeros(h)
    needed = view.load_mw + case.uncontrolled_mw + cars - (view.wind_mw - d.wind_cut_mw + view.pv_mw - d.pv_cut_mw)
    limited = follows_power(case).any()
    # one unit may lack the room; the second round gives what is left to the next
    for _ in range(2):
        missing = needed - p.sum(axis=0)
        for hour in np.flatnonzero(missing).tolist():
            least, most = _within_ramps(case, u, p, hour) if limited else (low[:, hour], high[:, hour])
            room = np.maximum(most - p[:, hour] if missing[hour] > 0 else p[:, hour] - least, 0.0)
            freest = int(room.argmax())
            p[freest, hour] += np.clip(missing[hour], -room[freest], room[freest])
    return replace(d, p_mw=p)


def _within_ramps(case: Case, u: Ints, p_mw: Floats, hour: int) -> tuple[Floats, Floats]:
    """(least, most) power [U] of running units in an hour, beside what they give in the hours before and after."""
    units, on = case.knowledge.units, u[:, hour] > 0
    least, most = units.p_min_mw * on, units.p_max_mw * on
    rise, fall = units.ramp_up_mw_per_h, units.ramp_down_mw_per_h
    if hour == 0:  # what it follows is another plan's: no unit moves in it that has a limit
        moves = ~follows_power(case)
        least, most = np.where(moves, least, p_mw[:, 0]), np.where(moves, most, p_mw[:, 0])
    for beside, up, down, edge in ((hour - 1, rise, fall, units.p_startup_max_mw),
                                   (hour + 1, fall, rise, units.p_shutdown_max_mw)):
        if 0 <= beside < case.horizon_h:
            runs, there = u[:, beside] > 0, p_mw[:, beside]
            least = np.where(runs & on, np.maximum(least, there - down), least)
            most = np.minimum(most, np.where(runs, there + up, edge))
    return least, most


def make_plan(case: Case, commitment: Commitment, d: Dispatch) -> Plan:
    """The Plan record with true costs beside the MILP's value and bound."""
    costs = account(case, commitment.u, d)
    charge, discharge = _by_district(case, d.pc_mw), _by_district(case, d.pd_mw)
    gap = (costs.objective_usd - commitment.bound_usd) / max(abs(costs.objective_usd), 1e-9)
    return Plan(
        time_s=case.view.time_s, committed=commitment.u, p_mw=d.p_mw, wind_curtailed_mw=d.wind_cut_mw,
        pv_curtailed_mw=d.pv_cut_mw,
        reserve_shortfall_mw=costs.reserve.mw.reshape(case.horizon_h, -1).mean(axis=1),
        reserve_shortfall_usd=costs.reserve.usd, marginal_price_usd_per_mwh=d.price_usd_per_mwh,
        pc_kw=charge, pd_kw=discharge,
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
