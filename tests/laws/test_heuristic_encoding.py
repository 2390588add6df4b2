"""Laws of the searches' encoding: any genes keep limits and envelopes and give cohorts what the others could too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.spatial.branch_flow.forecast import Forecast, forecast
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.heuristics.encoding import Encoding, level_steps
from tests.controllers.spatial import branch_flow_case as case
from tests.controllers.spatial import heuristics_case as tiny

KNOWN = case.knowledge(case.fleet(16, 3, 2), look_ahead_h=2)
HOUR = 19
SEEDS = st.integers(0, 2**32 - 1)
ROUNDING = 1e-7


def drawn_hour(rng: np.random.Generator) -> tuple[Layout, Forecast]:
    """Cars parked at random, some of them in a hurry or leaving within the hour, and any targets."""
    declared, soc = case.parked(KNOWN.vehicles, HOUR * 3600, seed=int(rng.integers(2**31)))
    leaves = HOUR * 3600 + rng.integers(300, 12 * 3600, declared.declared_departure_s.size)
    soc = rng.uniform(0.2, 0.9, soc.size)
    view = case.view(KNOWN, replace(declared, declared_departure_s=leaves), soc, HOUR)
    wish = [rng.uniform(0.0, 12.0, view.pc_target_kw.shape) * (rng.random(view.pc_target_kw.shape) < 0.6)
            for _ in range(2)]
    view = replace(view, pc_target_kw=wish[0], pd_target_kw=wish[1])
    layout = make_layout(KNOWN, np.flatnonzero(view.flexibility.pc_max_now_kw.max(axis=1) > 0))
    return layout, forecast(KNOWN, layout, view)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(SEEDS, st.booleans())
def test_any_genes_keep_pair_limits_and_envelopes(seed: int, may_curtail: bool) -> None:
    rng = np.random.default_rng(seed)
    layout, now = drawn_hour(rng)
    encoding = Encoding(layout, now, may_curtail)
    genes = rng.random((12, encoding.gene_count))
    genes[:4] = np.round(genes[:4])
    powers = encoding.decode(genes)
    flex, rows = now.flexibility, layout.pairs
    pc_max, pd_max = flex.pc_max_now_kw[rows], flex.pd_max_now_kw[rows]
    assert powers.pc_kw.min() >= -ROUNDING and powers.pd_kw.min() >= -ROUNDING
    assert np.all(powers.pc_kw <= pc_max + ROUNDING) and np.all(powers.pd_kw <= pd_max + ROUNDING)
    assert np.all(powers.pd_kw[:, layout.rows_c] == 0)
    both = powers.pc_kw * pd_max + powers.pd_kw * pc_max
    assert np.all(both <= pc_max * pd_max + ROUNDING)
    rate = layout.eta_c[:, None] * powers.pc_kw - powers.pd_kw / layout.eta_d[:, None]
    x = np.cumsum(rate, axis=2) / layout.steps
    assert np.all(x <= flex.x_max_now_kwh[rows] + ROUNDING)
    assert np.all(x >= flex.x_min_now_kwh[rows] - ROUNDING)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(SEEDS, st.floats(1.0, 199.0))
def test_every_division_of_a_target_has_genes(seed: int, target_kw: float) -> None:
    """Shares of each pair's power give themselves back, so that no optimum is out of reach."""
    known = tiny.knowledge()
    encoding = Encoding(*tiny.hour(known, target_d_kw=target_kw), may_curtail=False)
    low, high = max(target_kw - 100.0, 0.0), min(target_kw, 100.0)
    first = np.random.default_rng(seed).uniform(low, high)
    p_kw = np.array([first, target_kw - first])
    assert np.allclose(encoding.decode(p_kw[None] / 100.0).pd_kw, p_kw[None, :, None])


@settings(deadline=None, derandomize=True, max_examples=60)
@given(SEEDS)
def test_steps_carry_the_target_or_all_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    room = rng.uniform(0, 10, (6, 4)) * (rng.random((6, 4)) < 0.8)
    target = rng.uniform(0, 8, 6)
    shared = level_steps(target, room)
    assert np.all(shared <= room + ROUNDING) and np.all(shared >= 0)
    assert np.allclose(shared.mean(axis=1), np.minimum(target, room.mean(axis=1)))
