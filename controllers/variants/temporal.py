"""When, but not where."""

from controllers.base import BaseController
from controllers.port import CarControl, SpatialKnowledge, SpatialLayer
from controllers.spatial.pro_rata import ProRata


class Temporal(BaseController):
    """Unit commitment with vehicles; each cohort's target is shared pro rata, blind to the feeder."""

    name = "temporal"
    description = "unit commitment with vehicles, placed pro rata"
    car_control: CarControl = "bidirectional"

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """Pro rata by plugged kW."""
        return ProRata(knowledge)
