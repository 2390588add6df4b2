"""Prices and limits go up to the system operator until no feeder has anything new to say."""

from controllers.joint.layer import CoordinatedPlan
from controllers.port import TemporalKnowledge, TemporalLayer
from controllers.variants.bilayer import Bilayer


class BilayerCoordinated(Bilayer):
    """`bilayer` whose layers exchange proposals, marginal losses and limits before the plan stands."""

    name = "bilayer_coordinated"
    description = "bilayer with marginal losses and limits flowing back until the plan stands"
    sees_feeders = True

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """The exchange before each plan."""
        return CoordinatedPlan(knowledge, self.car_control)
