"""Whether a plan can be at all: what no weights, prices or taste of a controller could excuse.

The rest of `check_plan` judges the project's own statement (energy that cars are expected to need and hold, reserve,
costs as stated, the horizon's end): a controller may plan by another one, and its result tells what came of it.
"""

from __future__ import annotations

from controllers.port import CarControl, Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.checking.finding import Violation
from controllers.temporal.unit_commitment.checking.plan import check_physics

FIELDS = {
    "balance": "p_mw [MW]", "minimum_power": "p_mw [MW]", "maximum_power": "p_mw [MW]", "ramp_up": "p_mw [MW]",
    "ramp_down": "p_mw [MW]", "startup_limit": "p_mw [MW]", "shutdown_limit": "p_mw [MW]",
    "commitment_binary": "committed [1]", "minimum_up": "committed [1]", "minimum_down": "committed [1]",
    "initial_status": "committed [1]", "renewables": "wind_curtailed_mw or pv_curtailed_mw [MW]",
    "cohort_power": "pc_kw or pd_kw [kW]", "cohort_sharing": "pc_kw and pd_kw [kW]",
}
"""Where each rule looks."""
SHARE = 1e-5
"""Of the largest unit, or of the largest cohort's power: less is a solver's rounding."""


def why_impossible(knowledge: TemporalKnowledge, view: SystemView, plan: Plan, car_control: CarControl) -> str:
    """Each rule broken, with its field, the first hour, who, by how much and how often; empty if none is."""
    if plan.time_s != view.time_s:
        return f"time_s [s]: {plan.time_s} came, allowed is the time of the view, {view.time_s}"
    by_rule: dict[str, list[Violation]] = {}
    for violation in check_physics(knowledge, view, plan, car_control):
        if violation.amount > SHARE * _size(knowledge, view, violation.rule):
            by_rule.setdefault(violation.rule, []).append(violation)
    return "; field ".join(f"{FIELDS[rule]}: impossible plan, {broken[0]} ({len(broken)} in all)"
                           for rule, broken in by_rule.items())


def _size(knowledge: TemporalKnowledge, view: SystemView, rule: str) -> float:
    """The largest of what the rule is about; 0 where it counts."""
    if not rule.startswith("cohort"):
        return float(knowledge.units.p_max_mw.max()) if FIELDS[rule].endswith("[MW]") else 0.0
    return max((float(max_kw.max(initial=0.0)) for cars in view.districts
                for max_kw in (cars.pc_max_kw, cars.pd_max_kw)), default=0.0)
