"""Limits go up, nothing else."""

from controllers.joint.layer import EnvelopePlan
from controllers.port import TemporalKnowledge, TemporalLayer
from controllers.variants.bilayer import Bilayer


class BilayerEnvelope(Bilayer):
    """`bilayer` whose upper layer respects the hourly import and export limits that each feeder publishes."""

    name = "bilayer_envelope"
    description = "bilayer within hourly import and export limits that each feeder publishes"
    sees_feeders = True

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """Unit commitment within published limits."""
        return EnvelopePlan(knowledge, self.car_control)
