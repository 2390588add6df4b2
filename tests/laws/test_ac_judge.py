"""The AC replay is the judge: no answer of the lower layer that it refutes is passed on as good.

Refuted: a voltage beyond its limit by more than 5e-4 pu, a rating by more than 0.5 %, or claims that differ from the
power flow by more than 1e-5 pu or 0.1 % of the losses. `accepted` says nothing is wrong; `repaired` may leave a limit
broken that nothing could keep, and `fallback` likewise, but both must name it.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.spatial.branch_flow.decision import Decider, Decision
from models.feeder import ieee33
from tests.laws import random_feeder_case as any_case

SEEDS = st.integers(0, 2**32 - 1)
HOURS_PER_FEEDER = 5
IEEE33 = ieee33(v_min_pu=0.88, v_max_pu=1.05)
NAMES = {"v_min": "vm_pu below", "v_max": "vm_pu above", "line": "line loading", "substation": "transformer kVA",
         "transformer": "transformer kVA"}


def check(known: any_case.SpatialKnowledge, decision: Decision) -> None:
    """Good answers are true and within limits; others name what they break."""
    found = any_case.refutation(known, decision)
    assert decision.status in ("accepted", "repaired", "fallback")
    if decision.status == "accepted":
        assert not found.claims and not found.limits, (decision.status, found)
        assert decision.binding == ""
        return
    assert not found.claims, (decision.status, found)
    assert decision.binding
    for limit in found.limits:
        assert NAMES.get(limit, limit) in decision.binding, (limit, decision.binding)


def check_hours(seed: int, of_ieee33: bool = False) -> None:
    rng = np.random.default_rng(seed)
    known = any_case.operator(rng, IEEE33 if of_ieee33 else None)
    decider = Decider(known)
    for _ in range(HOURS_PER_FEEDER):
        check(known, decider.decide(any_case.hour(known, rng)))


@settings(deadline=None, derandomize=True, max_examples=12)
@given(SEEDS)
def test_no_refuted_answer_is_passed_on_as_good(seed: int) -> None:
    """60 decisions on 12 random feeders."""
    check_hours(seed)


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=100)
@given(SEEDS)
def test_no_refuted_answer_is_passed_on_as_good_at_length(seed: int) -> None:
    """500 decisions on 100 random feeders."""
    check_hours(seed)


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=10)
@given(SEEDS)
def test_no_refuted_answer_is_passed_on_as_good_on_ieee33(seed: int) -> None:
    """50 decisions on the 33-bus feeder."""
    check_hours(seed, of_ieee33=True)
