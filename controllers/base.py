"""Defaults of a controller: the commitment knows the expected car load, and no car is dispatched.

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
    places_cars = False
    """True for a subclass that defines `spatial`, unless the subclass sets the field itself."""
    learns_compliance = False
    sees_feeders = False
    promises_safely = False
    knows_truth = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "places_cars" not in vars(cls):
            cls.places_cars = cls.spatial is not BaseController.spatial

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """The upper layer; by default unit commitment with this controller's `car_control`."""
        return UnitCommitment(knowledge, self.car_control)

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """The lower layer of one district; by default no car is dispatched."""
        return NoDispatch(knowledge)
