"""Limits go up, nothing else."""

from controllers.joint.layer import EnvelopePlan
from controllers.port import SpatialKnowledge, SpatialLayer, TemporalKnowledge, TemporalLayer
from controllers.spatial.placing import within_limits
from controllers.variants.bilayer import Bilayer


class BilayerEnvelope(Bilayer):
    """`bilayer` whose upper layer respects the hourly import and export limits that each feeder publishes; on three
    phases these are limits of each customer, within which its cars stay."""

    name = "bilayer_envelope"
    description = "bilayer within hourly import and export limits that each feeder publishes"
    sees_feeders = True

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """Unit commitment within published limits."""
        return EnvelopePlan(knowledge, self.car_control)

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """As `bilayer`, on three phases within the limits that were published for each customer."""
        return within_limits(knowledge)
