"""When and where."""

from controllers.base import BaseController
from controllers.port import CarControl, SpatialKnowledge, SpatialLayer
from controllers.spatial.placing import optimising


class Bilayer(BaseController):
    """Unit commitment with vehicles above, branch-flow optimisation of each feeder below."""

    name = "bilayer"
    description = "unit commitment with vehicles, placed by a branch-flow SOCP on the feeder"
    car_control: CarControl = "bidirectional"

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """Optimisation where there is a network, of one phase or of three; pro rata where there is none."""
        return optimising(knowledge)
