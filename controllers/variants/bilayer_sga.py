"""The bi-layer controller with a genetic algorithm below."""

from controllers.port import SpatialKnowledge, SpatialLayer
from controllers.spatial.placing import searching
from controllers.variants.bilayer import Bilayer


class BilayerSga(Bilayer):
    """`bilayer` with the lower layer's hour decided by a single-objective genetic algorithm on AC power flow."""

    name = "bilayer_sga"
    description = "bilayer with a genetic algorithm on AC power flow below; no certificate"

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """The genetic algorithm where there is a network, as `bilayer` where there is none."""
        return searching(knowledge, "sga")
