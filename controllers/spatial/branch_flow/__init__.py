"""Branch-flow optimisation of one feeder: where the upper layer's targets are met."""

from controllers.spatial.branch_flow.layer import BranchFlow

__all__ = ["BranchFlow"]
