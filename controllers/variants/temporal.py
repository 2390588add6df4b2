"""When, but not where."""

from dataclasses import dataclass

from controllers.base import BaseController
from controllers.port import CarControl, SpatialKnowledge, SpatialLayer
from controllers.spatial.pro_rata import ProRata, Sharing


@dataclass
class Temporal(BaseController):
    """Unit commitment with vehicles; each cohort's target is shared among its cars, blind to the feeder."""

    name = "temporal"
    description = "unit commitment with vehicles, placed pro rata"
    car_control: CarControl = "bidirectional"
    sharing: Sharing = "plugged_kw"
    """How a cohort's power is shared: by plugged_kw (pro rata), or least_laxity first"""

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """The sharing that was chosen."""
        return ProRata(knowledge, self.sharing)
