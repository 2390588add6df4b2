"""The upper layer as a whole: commit on cohorts merged over districts, dispatch all cohorts, split uniquely."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from controllers.port import CarControl, Plan, PlanError, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.tuning import Tuning
from models.records.arrays import Floats


def delivery_quantile(view: SystemView, tuning: Tuning) -> Floats:
    """[H] phi_t as the view says it was learned, else that of the settings."""
    learned = view.delivery_quantile
    return learned if learned.size else np.full(view.load_mw.size, tuning.delivery_quantile)


class UnitCommitment:
    """docs/model.md 3.8 to 3.14 as a TemporalLayer.

    With `car_control` "none" cohorts are not planned: all expected car load is in `p_uncontrolled_kw`.
    `without` names equations to leave out (tests only).
    """

    def __init__(self, knowledge: TemporalKnowledge, car_control: CarControl = "bidirectional",
                 tuning: Tuning | None = None, without: Collection[str] = ()) -> None:
        self.knowledge = knowledge
        self.car_control = car_control
        self.tuning = tuning or Tuning()
        self.without = frozenset(without)

    def plan(self, view: SystemView) -> Plan:
        """The plan from view.time_s; raises PlanError naming hours and amounts when there is none."""
        # cvxpy takes a second to import, and a plan that is kept from before needs none of it
        from controllers.temporal.unit_commitment.answer import planned  # noqa: PLC0415

        return planned(self._case(view), self.tuning, self.without)

    def _case(self, view: SystemView) -> Case:
        h, tuning = self.knowledge.horizon_h, self.tuning
        if view.load_mw.size != h:
            raise PlanError(f"the view has {view.load_mw.size} hours, the plan needs {h}")
        return make_case(self.knowledge, view, self.car_control, tuning.terminal_value_usd_per_mwh,
                         delivery_quantile(view, tuning))


def reference_commitment(knowledge: TemporalKnowledge, view: SystemView, tuning: Tuning | None = None) -> Plan:
    """The same commitment with no cars at all, for the run's reference without cars."""
    return UnitCommitment(knowledge, "none", tuning).plan(replace(view, districts=()))
