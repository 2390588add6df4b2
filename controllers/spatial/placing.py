"""The lower layer that suits a district's network: none, one of one phase, or one of three."""

from __future__ import annotations

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.layer import BranchFlow
from controllers.spatial.expecting import ToldLayer
from controllers.spatial.heuristics.decision import HeuristicDecider
from controllers.spatial.heuristics.phases import PhaseSearch
from controllers.spatial.heuristics.search import Method
from controllers.spatial.pro_rata import ProRata
from controllers.spatial.three_phase.layer import ThreePhase
from controllers.spatial.three_phase.publishing import WithinLimits


def optimising(knowledge: SpatialKnowledge) -> ToldLayer:
    """Branch flow on one phase, convex rounds on three, pro rata by least laxity without a network."""
    if knowledge.network is not None:
        return ThreePhase(knowledge)
    return ProRata(knowledge, "least_laxity") if knowledge.feeder is None else BranchFlow(knowledge)


def within_limits(knowledge: SpatialKnowledge) -> ToldLayer:
    """The same; where the operator publishes limits of its customers, their cars stay within them."""
    return optimising(knowledge) if knowledge.customers is None else WithinLimits(knowledge)


def searching(knowledge: SpatialKnowledge, method: Method) -> ToldLayer:
    """The same with the hour's decision found by a search."""
    if knowledge.network is not None:
        return ThreePhase(knowledge, PhaseSearch(knowledge, method))
    if knowledge.feeder is None:
        return optimising(knowledge)
    return BranchFlow(knowledge, HeuristicDecider(knowledge, method))
