"""The lower layer: decides each hour, shares the decision among the cars at each step."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from controllers.disaggregation import plugged_power_kw
from controllers.port import FeederView, Setpoints, SpatialCertificate, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decider, Decision
from controllers.spatial.branch_flow.sharing import Asked, share, without_dust
from controllers.spatial.pro_rata import Cars, plugged_cars
from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.records.groups import cohort_index, cohort_row, hour_of_row


class Decides(Protocol):
    """Makes the decision of an hour."""

    def decide(self, view: FeederView) -> Decision: ...


class BranchFlow:
    """SpatialLayer: branch-flow optimisation of one feeder, judged by AC power flow (docs/model.md 4.7).

    placement `in_place`: no guidance; `guided`: bus ranks for arrivals; `migrate` acts as `in_place`
    (its bound is `migrate.migrate_bound`, which is never executed).
    """

    def __init__(self, knowledge: SpatialKnowledge, decider: Decides | None = None) -> None:
        """decider: makes the hour's decision; None: the branch-flow optimisation."""
        self.knowledge = knowledge
        self._decider: Decides = Decider(knowledge) if decider is None else decider
        self._held: Decision | None = None
        self._pair_position = np.zeros(0, dtype=np.int64)
        self._booked_kwh = np.zeros((2, 0))
        """[2, groups * bins] charged and discharged by instruction in this hour."""

    def step(self, view: FeederView, compliance: float | None = None) -> Setpoints:
        """Set-points for [view.time_s, + step_s); solves at whole hours and at the first call.

        compliance: share of cars expected to follow; None: `assumed_compliance`.
        """
        # a first call may come within an hour; the next whole hour then decides anew
        solves = self._held is None or view.time_s - self._held.time_s >= SECONDS_PER_HOUR
        if solves or view.time_s % SECONDS_PER_HOUR == 0:
            self._held, solves = self._decider.decide(view), True
            self._begin_hour(self._held)
        assert self._held is not None
        expected = self.knowledge.assumed_compliance if compliance is None else compliance
        return self._act(view, self._held, solves, expected)

    def _begin_hour(self, held: Decision) -> None:
        pairs = self.knowledge.pairs
        # one more than there are rows: index -1 (a car whose row is unknown) and rows without cars lead to `no pair`
        self._pair_position = np.full(pairs.count + 1, held.layout.pairs.size, dtype=np.int64)
        self._pair_position[held.layout.pairs] = np.arange(held.layout.pairs.size)
        self._booked_kwh = np.zeros((2, self.knowledge.site.groups.count * pairs.bins))

    def _act(self, view: FeederView, held: Decision, solved_now: bool, compliance: float) -> Setpoints:
        k = self.knowledge
        period = min((view.time_s - held.time_s) // k.step_s, held.layout.steps - 1)
        cars, pair = self._cars(view, held)
        asked = self._asked(held, period, compliance)
        mean_kw, cut = self._allowed(view, held, period, cars, share(asked, cars, pair), compliance)
        self._book(cars, mean_kw)
        # set-points are raised by 1 / compliance, and so many are expected to follow: the plan holds what will be seen
        bus_kw = np.bincount(view.declared.bus_index[cars.index], mean_kw * compliance, k.site.bus_count)
        mean_all = np.zeros(k.vehicles.count)
        mean_all[cars.index] = mean_kw
        dispatched = np.zeros(k.vehicles.count, dtype=np.int64)
        dispatched[cars.index] = 1
        unknown = np.full(k.site.bus_count, np.nan)
        answer = held.answer
        return Setpoints(
            setpoint_kw=plugged_power_kw(mean_all, view.declared, view.time_s, k.step_s), is_dispatched=dispatched,
            p_plan_bus_kw=bus_kw + view.flexibility.p_uncontrolled_kw[:, period],
            q_plan_bus_kvar=held.q_plan_bus_kvar[period],
            vm_socp_pu=unknown if answer is None else answer.vm_pu[period], vm_ac_pu=held.vm_ac_pu[period],
            losses_socp_kw=float("nan") if answer is None else float(answer.losses_kw[period]),
            losses_ac_kw=float(held.losses_ac_kw[period]),
            nodal_price_usd_per_mwh=held.nodal_price_usd_per_mwh[period], guidance_rank=held.guidance,
            certificate=_certificate(held, solved_now, cut),
            generation_limit_kw=(held.generation_limit_kw[:, period] if held.generation_limit_kw.size else np.zeros(0)),
        )

    def _allowed(self, view: FeederView, held: Decision, period: int, cars: Cars, mean_kw: Floats, compliance: float
                 ) -> tuple[Floats, str]:
        """What the network lets the cars [N] have of what was shared among them in this step, and what it cut."""
        return mean_kw, ""

    def _cars(self, view: FeederView, held: Decision) -> tuple[Cars, Ints]:
        """Plugged cars with `row` = (group, bin) as counted at the decision, and their position among its pairs."""
        k = self.knowledge
        cars = plugged_cars(k, view)
        bus = view.declared.bus_index[cars.index]
        group = k.vehicles.group_of(cars.index, k.site.bus_zone[bus])
        departure_s = view.declared.declared_departure_s[cars.index]
        last_bin = k.pairs.bins - 1
        row = cohort_index(group, departure_s, held.time_s, last_bin)
        pair = self._pair_position[k.pairs.rows(bus, group, hour_of_row(row, last_bin))]
        return replace(cars, row=row), pair

    def _asked(self, held: Decision, period: int, compliance: float) -> Asked:
        """Set-points' sums of this step: pairs as decided, cohorts with what the hour still lacks."""
        k, layout = self.knowledge, held.layout
        step_h = k.step_s / SECONDS_PER_HOUR
        cohorts = []
        for booked, target, power in ((self._booked_kwh[0], held.forecast.cohort_c_kw, held.pc_kw),
                                      (self._booked_kwh[1], held.forecast.cohort_d_kw, held.pd_kw)):
            due_kwh = self._due_kwh(held, target, power, period + 1) / compliance
            # what earlier steps of the hour missed or overdid is made up for: the target is an hour's energy
            cohorts.append(without_dust((due_kwh - booked) / step_h))
        pair_c, pair_d = held.pc_kw[:, period] / compliance, held.pd_kw[:, period] / compliance
        assert layout.pairs.size == pair_c.size
        return Asked(pair_c, pair_d, cohorts[0], cohorts[1])

    def _due_kwh(self, held: Decision, target_kw: Floats, pair_kw: Floats, periods: int) -> Floats:
        """Energy [groups * bins] due by the end of this hour's first `periods` steps.

        As placed by the decision; where no network limit is near, what it could not place for want of cars
        stays due for cars that arrive meanwhile.
        """
        layout, step_h = held.layout, self.knowledge.step_s / SECONDS_PER_HOUR
        rows = cohort_row(layout.cohort_group, layout.cohort_bin, self.knowledge.pairs.bins - 1)
        due = np.zeros(target_kw.size)
        placed = layout.pair_cohort @ pair_kw
        due[rows] = placed[:, :periods].sum(axis=1) * step_h
        # energy not placed because of the network must not be given to cars that come later: the limit stands
        if held.is_tight:
            return due
        missing = target_kw.ravel().copy()
        missing[rows] -= placed.mean(axis=1)
        return np.asarray(due + np.maximum(missing, 0.0) * step_h * periods, dtype=np.float64)

    def _book(self, cars: Cars, mean_kw: Floats) -> None:
        step_h = self.knowledge.step_s / SECONDS_PER_HOUR
        for i, power in enumerate((np.maximum(mean_kw, 0.0), np.maximum(-mean_kw, 0.0))):
            self._booked_kwh[i] += np.bincount(cars.row, power, self._booked_kwh.shape[1]) * step_h


def _certificate(held: Decision, solved_now: bool, cut: str) -> SpatialCertificate:
    return SpatialCertificate(
        status=held.status, relaxation_gap_max_rel=held.gap_rel, vm_error_max_pu=held.vm_error_max_pu,
        loss_error_rel=held.loss_error_rel, solver_s=held.solver_s if solved_now else 0.0,
        compile_s=held.compile_s if solved_now else 0.0, solved_now=solved_now,
        binding="; ".join(text for text in (held.binding, cut) if text),
        target_slack_kwh=held.target_slack_kwh)
