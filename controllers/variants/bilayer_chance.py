"""The bi-layer controller that promises only what it can keep."""

from controllers.port import TemporalKnowledge, TemporalLayer
from controllers.temporal.learning_chance import ChancePlan
from controllers.variants.bilayer_aware import BilayerAware


class BilayerChance(BilayerAware):
    """`bilayer_aware` whose reserve and energy count at the learned 5 % quantile of delivery."""

    name = "bilayer_chance"
    description = "bilayer_aware with reserve and energy at the learned 5 % quantile of delivery"
    promises_safely = True

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """Unit commitment with energy margins, under the safe form of the reserve rule."""
        return ChancePlan(knowledge, self.car_control)
