"""What acts when no optimum stands: each pair takes its share of its cohort's target, scaled until AC allows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.spatial.branch_flow.forecast import Forecast
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.judge import Judge, named
from models.records.arrays import Floats


@dataclass(frozen=True)
class ScaledProRata:
    """Powers of pairs [K, Q] in kW and what was done to get them."""

    pc_kw: Floats
    pd_kw: Floats
    scale: float
    text: str


def scaled_pro_rata(judge: Judge, layout: Layout, now: Forecast) -> ScaledProRata:
    """Best feasible scaling of pro rata over this hour's steps, by AC; names what no scaling can avoid."""
    pc, pd = shares_of_targets(layout, now)
    fixed = now.p_fixed_kw.T[: layout.steps]
    q = now.q_fixed_kvar.T[: layout.steps]
    pev, slow = (np.pad((matrix @ (pc - pd)).T, ((0, 0), (1, 0))) for matrix in (layout.pair_bus, layout.pair_bus_slow))
    # one factor for all pairs: no pair is chosen over another where nothing proves that it should be
    scale, left = judge.best_scale(fixed, q, pev, slow)
    text = f"pro rata at {100 * scale:.3g} %"
    return ScaledProRata(pc * scale, pd * scale, scale, f"{text}, still violated: {named(left)}" if left else text)


def shares_of_targets(layout: Layout, now: Forecast) -> tuple[Floats, Floats]:
    """Charging and discharging [K, Q] in kW, each pair by its share of its cohort's power."""
    flex = now.flexibility
    return (_shares(layout, now.target_c_kw, flex.pc_max_now_kw[layout.pairs]),
            _shares(layout, now.target_d_kw, flex.pd_max_now_kw[layout.pairs]))


def _shares(layout: Layout, target_kw: Floats, p_max_kw: Floats) -> Floats:
    """Target x share of the cohort's power [K, Q], not above p_max."""
    cohort_kw = layout.pair_cohort @ p_max_kw
    level = np.divide(target_kw[:, None], cohort_kw, out=np.zeros(cohort_kw.shape), where=cohort_kw > 0)
    return np.asarray(p_max_kw * np.minimum(layout.pair_cohort.T @ level, 1.0), dtype=np.float64)
