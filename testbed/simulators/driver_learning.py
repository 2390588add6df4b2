"""The system operator's learning of drivers within a run: fed by the delivery records, asked at plan times."""

from __future__ import annotations

from controllers.port import TemporalKnowledge
from controllers.temporal.learning import ComplianceLearner
from models.records.arrays import SECONDS_PER_HOUR, Floats
from models.records.flexibility import CohortFlexibility
from testbed.setup.given_controllers import controller_of
from testbed.simulators.adapter import Inputs
from testbed.wiring.crossings import LearnedCompliance
from testbed.wiring.run_spec import RunSpec


class DriverLearning:
    """Acts where a controller learns, and where the reserve rule `deliverable` needs a quantile; else it is silent."""

    def __init__(self, spec: RunSpec, knowledge: TemporalKnowledge) -> None:
        self._names = knowledge.district_names
        self._assumed = spec.scenario.planning.assumed_compliance
        self._replaces_assumed = controller_of(spec).learns_compliance
        self._acts = self._replaces_assumed or knowledge.reserve_rule == "deliverable"
        self._step_s, self._control_s = spec.step_s, spec.control_s
        self._spoken: dict[str, LearnedCompliance | None] = dict.fromkeys(self._names)
        self._learner = ComplianceLearner(len(self._names), self._assumed, knowledge.wear_usd_per_kwh.size,
                                          len(spec.scenario.fleet.zones))

    def observe(self, now_s: int, inputs: Inputs) -> None:
        """Learn from the step before now_s; nothing is instructed before the controller acts."""
        if self._acts and now_s > self._control_s:
            self._learner.observe(now_s, tuple(inputs[name]["delivery"] for name in self._names))

    def delivery_quantile(self, districts: tuple[CohortFlexibility, ...]) -> Floats:
        """[H] phi_t for the cars of a view; empty where no reserve rule needs it."""
        return self._learner.delivery_quantile(districts if self._acts else ())

    def spoken(self, now_s: int) -> dict[str, LearnedCompliance | None]:
        """What each district is told to expect from the next whole hour on.

        None where, or as long as, the scenario's `assumed_compliance` stands.
        """
        if self._replaces_assumed and self._learner.has_evidence and (now_s + self._step_s) % SECONDS_PER_HOUR == 0:
            self._spoken = {name: LearnedCompliance(self._learner.by_group(i), self._learner.of_district(i))
                            for i, name in enumerate(self._names)}
        return self._spoken

    def by_district(self) -> dict[str, float]:
        """Compliance that stands behind the plans of each district."""
        return {name: self._learner.of_district(i) if self._replaces_assumed else self._assumed
                for i, name in enumerate(self._names)}

    def mean(self) -> float:
        """Mean over all groups and districts; NaN without learning."""
        return self._learner.mean if self._acts else float("nan")
