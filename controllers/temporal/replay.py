"""Stored plans given back at their times, so that lower layers can be compared on equal targets."""

from __future__ import annotations

from collections.abc import Iterable

from controllers.port import Plan, PlanError, SystemView


class ReplayPlan:
    """A TemporalLayer that decides nothing: it returns the stored plan of each plan time."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self._plans = {plan.time_s: plan for plan in plans}

    def plan(self, view: SystemView) -> Plan:
        """The stored plan for view.time_s; raises PlanError when none was stored for it."""
        if view.time_s not in self._plans:
            stored = ", ".join(str(t) for t in sorted(self._plans)) or "none"
            raise PlanError(f"no stored plan for time {view.time_s} s, stored times: {stored}")
        return self._plans[view.time_s]
