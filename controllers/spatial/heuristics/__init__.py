"""Search at random in place of branch-flow optimisation: the same hour, the same prices, no certificate."""

from controllers.spatial.heuristics.layer import HeuristicFlow

__all__ = ["HeuristicFlow"]
