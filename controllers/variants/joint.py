"""Both layers in one problem."""

from controllers.joint.layer import JointPlan
from controllers.port import TemporalKnowledge, TemporalLayer
from controllers.variants.bilayer import Bilayer


class Joint(Bilayer):
    """Plans units, cars and every feeder's branch flow as one problem; acts through bilayer's lower layer.

    For small cases: the work grows with feeders x lines x hours.
    """

    name = "joint"
    description = "units, vehicles and all feeders planned as one problem (small cases); bound and gap proven"
    sees_feeders = True

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """The joint problem."""
        return JointPlan(knowledge, self.car_control)
