"""The lower layer by search: decides as the heuristic does, acts and shares as branch flow does."""

from __future__ import annotations

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.layer import BranchFlow
from controllers.spatial.heuristics.decision import HeuristicDecider
from controllers.spatial.heuristics.search import Method


class HeuristicFlow(BranchFlow):
    """SpatialLayer: `branch_flow` with the hour's decision found by particle swarm or genetic algorithm."""

    def __init__(self, knowledge: SpatialKnowledge, method: Method) -> None:
        super().__init__(knowledge, HeuristicDecider(knowledge, method))
