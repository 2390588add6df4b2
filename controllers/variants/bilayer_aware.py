"""The bi-layer controller that learns whom it can count on."""

from controllers.port import SpatialKnowledge, SpatialLayer
from controllers.spatial.expecting import Expecting
from controllers.spatial.placing import optimising
from controllers.variants.bilayer import Bilayer


class BilayerAware(Bilayer):
    """`bilayer` whose plans count with the compliance learned online per cohort group."""

    name = "bilayer_aware"
    description = "bilayer that plans with the compliance it learns from past stays"
    learns_compliance = True

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """As `bilayer`, with learned compliance."""
        return Expecting(optimising(knowledge))
