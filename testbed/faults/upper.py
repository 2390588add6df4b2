"""A system without words of its upper layer: the plan in force stands; where a plan is missed, that of the day before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Ints
from testbed.faults.placed import SYSTEM, Injection, Placed, Words

HOURS_PER_DAY = 24
CARRIED_ON = "carried on"
"""Status of a plan that nobody made: the commitment as a day earlier, and no wishes of cars."""
NOT_RECKONED = ("objective_usd", "milp_objective_usd", "bound_usd", "gap_rel", "operating_cost_usd", "owners_net_usd",
                "curtailment_usd", "carbon_cost_usd", "carbon_t")
BY_HOUR = ("wind_curtailed_mw", "pv_curtailed_mw", "reserve_shortfall_mw", "reserve_shortfall_usd",
           "marginal_price_usd_per_mwh")
PLAN_STANDS = ("the plan in force stands, unheard re-dispatches count as failed; where a plan is missed, units are on "
               "as in the same hours of the last one and cars get no targets (their needs are served) until the next")
PLAN_COMES = "what is said at the next whole hour holds; after a missed plan, the next plan"


class UpperHeld(Injection):
    """What leaves the upper layer while nothing does."""

    def __init__(self, fault: Placed) -> None:
        super().__init__(fault)
        self.last: Words = {}
        self.is_held = self.has_missed = False

    def say(self, now_s: int, heard: Words, said: Words) -> Words:
        """See Injection."""
        plan, is_on = said[SYSTEM]["plan"], self.fault.is_on(now_s)
        is_made = plan is not None and plan.time_s == now_s
        if self.is_held and not is_on and (is_made or (not self.has_missed and now_s % SECONDS_PER_HOUR == 0)):
            self.is_held = self.has_missed = False
        if not is_on and not self.is_held:
            self.last = said
            return said
        self.is_held = True
        if is_on and is_made:
            self.has_missed = True
            self.last = _carried_on(self.last, now_s)
        is_failed = now_s % SECONDS_PER_HOUR == 0 and not is_made
        self.last = _at_hour(self.last, now_s, float(is_failed))
        return self.last


def _at_hour(said: Words, now_s: int, failed: float) -> Words:
    """The last words with the commitment of this hour."""
    system = said[SYSTEM]
    plan = system["plan"]
    hour = (now_s - plan.time_s) // SECONDS_PER_HOUR
    commitment = replace(system["commitment"], committed=plan.committed[:, hour], p_mw=plan.p_mw[:, hour])
    return {**said, SYSTEM: {**system, "commitment": commitment, "redispatch_failed": failed}}


def _carried_on(said: Words, now_s: int) -> Words:
    """The last words with a plan from now on that repeats the last one's hours, and cars without targets."""
    system = said[SYSTEM]
    plan = _repeated(system["plan"], now_s)
    price = replace(system["marginal_price_forecast"], usd_per_mwh=plan.marginal_price_usd_per_mwh)
    words = {name: {**values, "targets": None if values["targets"] is None else replace(
        values["targets"], plan_time_s=now_s, pc_kw=np.zeros_like(values["targets"].pc_kw),
        pd_kw=np.zeros_like(values["targets"].pd_kw))} for name, values in said.items() if name != SYSTEM}
    return {**words, SYSTEM: {**system, "plan": plan, "marginal_price_forecast": price,
                              "expected_objective_usd": float("nan")}}


def _repeated(plan: Any, now_s: int) -> Any:
    """The plan for the hours from now on: its own as far as they go, then those of a day earlier."""
    rows = hours_again((now_s - plan.time_s) // SECONDS_PER_HOUR, plan.committed.shape[1])
    return replace(
        plan, time_s=now_s, committed=plan.committed[:, rows], p_mw=plan.p_mw[:, rows],
        **{name: getattr(plan, name)[rows] for name in BY_HOUR},
        pc_kw=tuple(map(np.zeros_like, plan.pc_kw)), pd_kw=tuple(map(np.zeros_like, plan.pd_kw)),
        **dict.fromkeys(NOT_RECKONED, float("nan")), status=CARRIED_ON, solver_s=0.0, compile_s=0.0)


def hours_again(passed: int, count: int, per_day: int = HOURS_PER_DAY) -> Ints:
    """[count] which of `count` hours stand for those from `passed` on: themselves, beyond their end days earlier.

    The last one where there is less than a day of them.
    """
    rows = passed + np.arange(count)
    if count < per_day:
        return np.minimum(rows, count - 1)
    return np.asarray(rows - per_day * np.maximum(-((count - 1 - rows) // per_day), 0))
