"""Plans that keep their promises at a stated risk: reserve and energy of cars count at a learned quantile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from controllers.port import SAFE_FORM, CarControl, Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models.records.flexibility import CohortFlexibility


class ChancePlan:
    """Unit commitment that promises what the quantile can carry, of reserve and of energy out of batteries.

    The plan's rule is the safe form of the one in its knowledge, whichever that is: what is not counted after the fact
    is not promised before it.
    """

    def __init__(self, knowledge: TemporalKnowledge, car_control: CarControl = "bidirectional") -> None:
        self.knowledge = replace(knowledge, reserve_rule=SAFE_FORM[knowledge.reserve_rule])
        self._layer = UnitCommitment(self.knowledge, car_control)

    def plan(self, view: SystemView) -> Plan:
        """The plan from view.time_s, with energy margins; raises PlanError when there is none."""
        return self._layer.plan(with_energy_margin(view))


def with_energy_margin(view: SystemView) -> SystemView:
    """The view with the energy that cars may lend cut to the smallest quantile of its hours.

    x_min below 0 (more taken out than was there at plug-in) times phi; what cars need (x_min above 0) stays. The cut
    bounds still never cross and rise no faster than before, so that every point between can be continued.
    """
    if not view.delivery_quantile.size:
        return view
    phi = float(view.delivery_quantile.min())
    return replace(view, districts=tuple(_cut(cars, phi) for cars in view.districts))


def _cut(cars: CohortFlexibility, phi: float) -> CohortFlexibility:
    return replace(cars, x_min_kwh=np.where(cars.x_min_kwh < 0.0, phi * cars.x_min_kwh, cars.x_min_kwh))
