"""The bi-layer controller that learns whom it can count on."""

from controllers.port import SpatialKnowledge, SpatialLayer
from controllers.spatial.branch_flow.layer import BranchFlow
from controllers.spatial.expecting import Expecting
from controllers.spatial.pro_rata import ProRata
from controllers.variants.bilayer import Bilayer


class BilayerAware(Bilayer):
    """`bilayer` whose plans count with the compliance learned online per cohort group."""

    name = "bilayer_aware"
    description = "bilayer that plans with the compliance it learns from past stays"
    learns_compliance = True

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """As `bilayer`, with learned compliance."""
        if knowledge.feeder is None:
            return Expecting(ProRata(knowledge, "least_laxity"))
        return Expecting(BranchFlow(knowledge))
