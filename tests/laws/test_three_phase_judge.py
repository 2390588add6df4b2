"""No answer on three phases is passed on that AC refutes, whatever street, cars and prices there are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.three_phase.decision import PhaseDecider
from tests.controllers.spatial import street_case as case

PROMISED = np.array([5e-4, 5e-3, 5e-3, 0.05])
"""Beyond these a limit counts as broken, by kind: pu, share of a rating (twice), points of unbalance."""
CASES = 300


def passed_on(seed: int, case_of: Callable[[int], tuple[SpatialKnowledge, FeederView]] = case.random_case) -> str:
    """Status of the decision; AssertionError if AC says that it breaks a limit, or makes a broken one worse."""
    known, view = case_of(seed)
    assert known.network is not None and known.network_flow is not None
    without = known.network_flow(view.bus_load_kw.T, view.bus_load_kvar.T).value
    if np.isnan(without).any():
        return "no flow without cars"
    decision = PhaseDecider(known).decide(view)
    steps, watched = decision.layout.steps, known.network.watched
    q_kvar = decision.q_plan_bus_kvar + decision.forecast.q_fixed_kvar.T
    value = known.network_flow(decision.p_plan_bus_kw, q_kvar).value[:steps]
    low, high = np.minimum(watched.low, without[:steps]), np.maximum(watched.high, without[:steps])
    excess = np.maximum(low - value, value - high) / PROMISED[watched.kind]
    assert excess.max() <= 1.0, f"seed {seed}: {decision.status}, {decision.binding}"
    is_broken = np.any((without < watched.low - PROMISED[watched.kind]) |
                       (without > watched.high + PROMISED[watched.kind]))
    assert not is_broken or "broken without cars" in decision.binding
    if decision.status != "accepted":
        assert "customer" in decision.binding or "no answer" in decision.binding
    return decision.status


def test_a_dozen_random_streets() -> None:
    statuses = [passed_on(seed) for seed in (12, 16, 26, 33, *range(100, 108))]
    assert {"accepted", "repaired"} <= set(statuses)


@pytest.mark.parametrize("seed", [15, 166, 254, 153, 210, 385, 589])
def test_weak_streets(seed: int) -> None:
    """In the first three rounds come to the edge of what can be carried; in the others a limit is so far broken that
    the model around there has no answer, within the radius or at all."""
    assert passed_on(seed, case.weak_case) in ("accepted", "fallback")


@pytest.mark.slow
def test_hundreds_of_random_streets() -> None:
    statuses = [passed_on(seed) for seed in range(1000, 1000 + CASES)]
    assert statuses.count("accepted") > CASES / 2
    assert statuses.count("fallback") < CASES / 10
