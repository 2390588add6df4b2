"""When and where."""

from controllers.base import BaseController
from controllers.port import CarControl, SpatialKnowledge, SpatialLayer
from controllers.spatial.branch_flow.layer import BranchFlow
from controllers.spatial.pro_rata import ProRata


class Bilayer(BaseController):
    """Unit commitment with vehicles above, branch-flow optimisation of each feeder below."""

    name = "bilayer"
    description = "unit commitment with vehicles, placed by a branch-flow SOCP on the feeder"
    car_control: CarControl = "bidirectional"

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """Branch flow where there is a network, pro rata where there is none."""
        if knowledge.feeder is None:
            return ProRata(knowledge, "least_laxity")
        return BranchFlow(knowledge)
