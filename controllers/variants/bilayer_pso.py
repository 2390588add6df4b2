"""The bi-layer controller with a particle swarm below."""

from controllers.port import SpatialKnowledge, SpatialLayer
from controllers.spatial.placing import searching
from controllers.variants.bilayer import Bilayer


class BilayerPso(Bilayer):
    """`bilayer` with the lower layer's hour decided by particle swarm on AC power flow."""

    name = "bilayer_pso"
    description = "bilayer with particle swarm on AC power flow below; no certificate"

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """The swarm where there is a network, as `bilayer` where there is none."""
        return searching(knowledge, "pso")
