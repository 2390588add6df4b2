"""Upper layers that know the feeders: envelopes published before the plan, an exchange, or one joint problem."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from controllers.joint.coordination import Proposal, Schedule, coordinate, plan_of, propose, scheduled
from controllers.joint.equations import Prices
from controllers.joint.limits import operating_envelope
from controllers.joint.monolith import solve_joint
from controllers.joint.network import Network, make_network
from controllers.joint.operation import direction_of
from controllers.port import CarControl, Plan, SystemView, TemporalKnowledge
from controllers.spatial.three_phase.publishing import district_limits_mw
from controllers.temporal.unit_commitment.commitment import guessed_schedule
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.solve import UnitCommitment, delivery_quantile
from controllers.temporal.unit_commitment.tuning import Tuning
from models.records.arrays import Floats


class FeederAware:
    """What the three have in common: the unit commitment that does not know feeders, and their networks."""

    def __init__(self, knowledge: TemporalKnowledge, car_control: CarControl = "bidirectional",
                 tuning: Tuning | None = None, prices: Prices | None = None) -> None:
        self.knowledge, self.car_control = knowledge, car_control
        self.tuning, self.prices = tuning or Tuning(), prices or Prices()
        self.alone = UnitCommitment(replace(knowledge, offers=()), car_control, self.tuning)

    def case(self, view: SystemView) -> Case:
        """The upper layer's own problem, one row per cohort and district."""
        return make_case(self.knowledge, view, self.car_control, self.tuning.terminal_value_usd_per_mwh,
                         delivery_quantile(view, self.tuning))

    def networks(self, view: SystemView) -> dict[int, Network]:
        """Feeders by index of their district; districts without an offer have none."""
        return networks_of(self.knowledge, view)


def networks_of(knowledge: TemporalKnowledge, view: SystemView) -> dict[int, Network]:
    """The feeders on offer under the view's load forecast."""
    return {k: make_network(knowledge.district_names[k], offer, view.time_s, view.load_mw,
                            view.districts[k].p_uncontrolled_kw)
            for k, offer in enumerate(knowledge.offers) if offer is not None}


class EnvelopePlan(FeederAware):
    """Unit commitment within the import and export limits that each feeder publishes.

    Limits that cannot be kept are passed at a price that is in no objective: value and bound are told without it. No
    plan that passes limits by no more costs less than the bound.
    """

    def plan(self, view: SystemView) -> Plan:
        """The plan within the limits; raises PlanError when there is none."""
        return self.within(view, ())

    def within(self, view: SystemView, without: Collection[str]) -> Plan:
        """The plan; `without` leaves out equations (tests)."""
        case, networks = self.case(view), self.networks(view)
        limits = {k: self._limits(view, case, k, net) for k, net in networks.items()}
        proposal = self._proposal(case, networks, limits, without)
        return plan_of(case, {}, proposal, self.prices, proposal.bound_usd)

    def _limits(self, view: SystemView, case: Case, district: int, net: Network) -> tuple[Floats, Floats]:
        """(import, export) [H] in MW: of the feeder as a whole, or on three phases of its customers together."""
        offer = self.knowledge.offers[district]
        if offer is None or offer.customers is None:
            return operating_envelope(case, district, net)
        return district_limits_mw(offer.customers, view.time_s, net.horizon_h)

    def _proposal(self, case: Case, networks: dict[int, Network], limits: dict[int, tuple[np.ndarray, np.ndarray]],
                  without: Collection[str]) -> Proposal:
        gap, nodes = self.knowledge.mip_gap, self.tuning.node_limit
        first = propose(case, networks, {}, self.prices, None, gap, nodes, limits, without,
                        guessed_schedule(case, gap))
        fixed = Schedule(first.u, direction_of(case, first.pc_mw, first.pd_mw))
        second = propose(case, networks, {}, self.prices, fixed, gap, nodes, limits, without)
        passed_usd = self.prices.overload * sum(float(part.sum()) for part in second.overload)
        return replace(second, value_usd=second.value_usd - passed_usd, bound_usd=first.bound_usd - passed_usd)


class CoordinatedPlan(FeederAware):
    """Proposals and replies until the feeders have nothing new to say (controllers/joint/coordination.py)."""

    def plan(self, view: SystemView) -> Plan:
        """The incumbent. `gap_rel` is the exchange's own, with the feeders' losses; `bound_usd` holds for the
        objective without them, as in every plan."""
        start = self.alone.plan(view)
        networks = self.networks(view)
        if not networks:
            return start
        agreed = coordinate(self.case(view), networks, start, self.prices, self.knowledge.mip_gap,
                            self.tuning.node_limit)
        return replace(agreed.plan, status=f"coordinated in {agreed.iterations} iterations",
                       solver_s=agreed.plan.solver_s + start.solver_s, bound_usd=start.bound_usd,
                       gap_rel=agreed.gap_rel)


class JointPlan(FeederAware):
    """One problem for both layers (controllers/joint/monolith.py)."""

    def plan(self, view: SystemView) -> Plan:
        """The incumbent; `gap_rel` is the joint problem's, `bound_usd` that of the objective without losses."""
        start, networks, case = self.alone.plan(view), self.networks(view), self.case(view)
        if not networks:
            return start
        joint = solve_joint(case, networks, scheduled(case, start), self.prices, self.knowledge.mip_gap,
                            self.tuning.node_limit)
        done = joint.operation.dispatch
        offer = Proposal(value_usd=joint.operation.j_usd, bound_usd=joint.bound_usd, u=joint.operation.u,
                         pc_mw=done.pc_mw, pd_mw=done.pd_mw, losses=(), overload=(), solver_s=joint.seconds)
        plan = plan_of(case, networks, offer, self.prices, start.bound_usd)
        return replace(plan, gap_rel=joint.gap_rel, status=f"joint in {joint.rounds} rounds")
