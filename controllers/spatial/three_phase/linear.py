"""A three-phase network near an operating point: watched values and losses by what connections draw.

Derivatives are forward differences of the operator's own AC power flow with the taps held, so whatever a circuit holds
(delta loads, regulators, PV) is in them. Values are exact in every period; derivatives are taken at two mean points,
the present hour and the hours after it. Periods T, points S, connections B of which D can be driven, watched values M;
kW and kvar.

With reciprocal impedances the curvature of losses is that of voltages seen from the other side,

    (T5) d2 losses / dp_j dp_k = -(dv_j/dp_k + dv_k/dp_j),   v in pu of each connection, p in kW,

since a current of p_k/V lowers v_j by what it also adds to the losses of p_j; q likewise. Z-bus method: Bernstein,
Wang, Dall'Anese, Le Boudec and Zhao 2018, IEEE Trans. Power Systems 33(6) (K).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from models.records.arrays import Floats, Ints
from models.records.three_phase import Complexes, WatchedFlow, WatchedFlowCall

MOST_PROBES = 2000
"""AC cases spent on derivatives of one round: few points where there are many connections."""
MOST_POINTS = 2
LEAST_PROBE_KW = 0.1
PROBE_SHARE = 1e-4
SMALLEST_SQUARE = 1e-3
"""Directions whose curvature is below this share of the largest are left out; the next round's gradient knows them."""


@dataclass(frozen=True)
class Sensitivities:
    """Derivatives at S points."""

    point_of: Ints
    """[T] which serves a period."""
    p_kw: Floats
    """[S, B]"""
    q_kvar: Floats
    phasor_by_p: Complexes
    """[S, M, D] per kW."""
    phasor_by_q: Complexes
    """[S, M, D] per kvar, or [S, M, 0] where q is not driven."""
    vm_by_p: Floats
    """[S, D, D]"""
    vm_by_q: Floats
    loss_by_p: Floats
    """[S, D] kW per kW."""
    loss_by_q: Floats
    root: Floats
    """[r, D] F of the curvature F'F of losses, 1/sqrt(kW)."""


@dataclass(frozen=True)
class Linear:
    """The network around p_kw, q_kvar [T, B]."""

    p_kw: Floats
    q_kvar: Floats
    flow: WatchedFlow
    """AC there, taps held."""
    sensitivities: Sensitivities
    loss_by_p: Floats
    """[T, D] kW per kW; loss_by_q per kvar."""
    loss_by_q: Floats
    driven: Ints
    """[D] rows of connections."""


def around(p_kw: Floats, q_kvar: Floats, flow: WatchedFlow, sensitivities: Sensitivities, driven: Ints) -> Linear:
    """Exact values, and losses' gradient moved from the points of derivatives to each period by the curvature."""
    s, root = sensitivities, sensitivities.root
    moved = [(at - mean[s.point_of])[:, driven] @ root.T @ root for at, mean in ((p_kw, s.p_kw), (q_kvar, s.q_kvar))]
    by_q = s.loss_by_q[s.point_of] + moved[1] if s.loss_by_q.size else np.zeros(moved[1].shape)
    return Linear(p_kw, q_kvar, flow, s, s.loss_by_p[s.point_of] + moved[0], by_q, driven)


def sensitivities(call: WatchedFlowCall, p_kw: Floats, q_kvar: Floats, taps: Floats, steps: int, with_q: bool,
                  driven: Ints) -> Sensitivities:
    """At the mean of the present hour's `steps` periods, and at that of the later ones."""
    point_of = _points(p_kw.shape[0], steps, driven.size * (2 if with_q else 1))
    groups = [np.flatnonzero(point_of == s) for s in range(point_of.max() + 1)]
    p, q = (np.stack([power[group].mean(axis=0) for group in groups]) for power in (p_kw, q_kvar))
    held = np.stack([taps[group[0]] for group in groups])
    base = call(p, q, held)
    probe_kw = max(LEAST_PROBE_KW, PROBE_SHARE * float(np.abs(p_kw).sum(axis=1).max()))
    points = [(p[s], q[s], held[s], _case(base, s)) for s in range(len(groups))]
    by_p = _stacked(call, points, probe_kw * _unit(driven, p.shape[1]), driven, False)
    nothing = (by_p[0][..., :0], by_p[1][..., :0], by_p[2][..., :0])
    by_q = _stacked(call, points, probe_kw * _unit(driven, p.shape[1]), driven, True) if with_q else nothing
    root = _root(by_p[1].mean(axis=0))
    own = 0.5 * probe_kw * (root**2).sum(axis=0)  # what a forward difference adds by curvature
    return Sensitivities(point_of, p, q, by_p[0], by_q[0], by_p[1], by_q[1], by_p[2] - own,
                         by_q[2] - own if with_q else by_q[2], root)


_Point = tuple[Floats, Floats, Floats, WatchedFlow]
"""p and q [B], taps [R], and AC there."""


def _unit(driven: Ints, count: int) -> Floats:
    """[D, B] one more at each driven connection."""
    return np.asarray(np.eye(count)[driven])


def _case(flow: WatchedFlow, s: int) -> WatchedFlow:
    """One case of several."""
    return WatchedFlow(*(getattr(flow, field.name)[s] for field in fields(flow)))


def _stacked(call: WatchedFlowCall, points: list[_Point], shift: Floats, driven: Ints, of_q: bool
             ) -> tuple[Complexes, Floats, Floats]:
    """Differences at all points: ([S, M, D], [S, D, D], [S, D])."""
    parts = [_differences(call, point, shift, driven, of_q) for point in points]
    return np.stack([a for a, _, _ in parts]), np.stack([b for _, b, _ in parts]), np.stack([c for _, _, c in parts])


def _points(periods: int, steps: int, probes: int) -> Ints:
    """[T] 0 in the present hour, 1 later; 0 everywhere where there are too many connections for two points."""
    point_of = np.zeros(periods, dtype=np.int64)
    if MOST_POINTS * probes <= MOST_PROBES:
        point_of[steps:] = 1
    return point_of


def _differences(call: WatchedFlowCall, point: _Point, shift: Floats, driven: Ints, of_q: bool
                 ) -> tuple[Complexes, Floats, Floats]:
    """Per kW or kvar at each driven connection: ([M, D], [D, D], [D])."""
    p, q, taps, base = point
    probe = float(shift.max())
    case_p, case_q = p + (0.0 * shift if of_q else shift), q + (shift if of_q else 0.0 * shift)
    flow = call(case_p, case_q, np.broadcast_to(taps, (driven.size, taps.size)))
    return ((flow.phasor - base.phasor).T / probe, ((flow.vm_pu - base.vm_pu) / probe)[:, driven].T,
            (flow.losses_kw - base.losses_kw) / probe)


def _root(vm_by_p: Floats) -> Floats:
    """(T5) F [r, D] with F'F = -(dv/dp + its transpose), as far as that curves upwards."""
    square, vectors = np.linalg.eigh(-(vm_by_p + vm_by_p.T))
    kept = square > SMALLEST_SQUARE * max(square.max(initial=0.0), 1e-12)
    return np.asarray(np.sqrt(square[kept])[:, None] * vectors[:, kept].T)
