"""Defaults of a controller: the commitment knows the expected car load, and nobody is dispatched.

Every variant runs the same unit commitment, reserve rule and re-dispatch; variants differ only in what the cars do.
"""

from __future__ import annotations

from controllers.port import (
    CarControl,
    FreeBehaviour,
    SpatialKnowledge,
    SpatialLayer,
    TemporalKnowledge,
    TemporalLayer,
)
from controllers.spatial.none import NoDispatch
from controllers.temporal.unit_commitment.solve import UnitCommitment


class BaseController:
    """A controller that plans units around free cars. Subclass it and change what differs."""

    name = "base"
    description = "units are committed around the expected car load; cars are free"
    free_behaviour: FreeBehaviour = "on_arrival"
    has_vehicles = True
    car_control: CarControl = "none"
    learns_compliance = False
    """True: plans count with the compliance learned from past stays in place of `assumed_compliance`."""
    sees_feeders = False
    """True: the distribution operators bring their networks to the plan (`TemporalKnowledge.offers`)."""

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """The upper layer; by default unit commitment with this controller's `car_control`."""
        return UnitCommitment(knowledge, self.car_control)

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """The lower layer of one district; by default nobody is dispatched."""
        return NoDispatch(knowledge)
