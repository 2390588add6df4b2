"""A three-phase network near an operating point: watched values and losses by what connections draw.

Derivatives are those of the operator's own circuit with the taps held, from its equations; where these are not known
(PV systems, loads of odd models) they are forward differences of its AC power flow, which has whatever a circuit holds
in it. Values are exact in every period; derivatives are taken at two mean points, the present hour and the hours after
it. Periods T, points S, connections B of which D can be driven, watched values M; kW and kvar.

With reciprocal impedances the curvature of losses is that of voltages seen from the other side,

    (T5) d2 losses / dp_j dp_k = -(dv_j/dp_k + dv_k/dp_j),   v in pu of each connection, p in kW,

since a current of p_k/V lowers v_j by what it also adds to the losses of p_j; q likewise. Z-bus method: Bernstein,
Wang, Dall'Anese, Le Boudec and Zhao 2018, IEEE Trans. Power Systems 33(6) (K).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from controllers.port import PlanError
from models.records.arrays import Floats, Ints
from models.records.three_phase import Complexes, WatchedFlow, WatchedFlowCall, WatchedSlopes, WatchedSlopesCall

MOST_PROBES = 2000
"""AC cases spent on derivatives of one round: few points where there are many connections."""
MOST_POINTS = 2
LEAST_PROBE_KW = 0.1
PROBE_SHARE = 1e-4
SMALLEST_SQUARE = 1e-3
"""Directions whose curvature is below this share of the largest are left out; the next round's gradient knows them."""
OWN_SHARES = (1.0, 0.5, 0.0)
"""Of connections' own curvature that is taken apart: as much as leaves a rest that curves upwards."""


class NoSlopes(PlanError):
    """A little beyond the operating point there is no power flow to take a difference to."""


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
    """[r, D] F of the curvature F'F + diag(own) of losses, 1/sqrt(kW)."""
    own: Floats
    """[D] what each connection's own losses curve, 1/kW."""


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
    s, shifts = sensitivities, [(at - mean[sensitivities.point_of])[:, driven] for at, mean in (
        (p_kw, sensitivities.p_kw), (q_kvar, sensitivities.q_kvar))]
    moved = [shift @ s.root.T @ s.root + shift * s.own for shift in shifts]
    by_q = s.loss_by_q[s.point_of] + moved[1] if s.loss_by_q.size else np.zeros(moved[1].shape)
    return Linear(p_kw, q_kvar, flow, s, s.loss_by_p[s.point_of] + moved[0], by_q, driven)


def sensitivities(call: WatchedFlowCall, p_kw: Floats, q_kvar: Floats, taps: Floats, steps: int, with_q: bool,
                  driven: Ints, slopes: WatchedSlopesCall | None = None) -> Sensitivities:
    """At the mean of the present hour's `steps` periods, and at that of the later ones.

    slopes: the network's own derivatives; None: differences of its power flow. Raises NoSlopes where there are none.
    """
    point_of = _points(p_kw.shape[0], steps, driven.size * (2 if with_q else 1))
    groups = [np.flatnonzero(point_of == s) for s in range(point_of.max() + 1)]
    p, q = (np.stack([power[group].mean(axis=0) for group in groups]) for power in (p_kw, q_kvar))
    held = np.stack([taps[group[0]] for group in groups])
    if slopes is not None:
        return _of_slopes(point_of, p, q, [slopes(p[s], q[s], held[s], with_q) for s in range(len(groups))])
    base = call(p, q, held)
    probe_kw = max(LEAST_PROBE_KW, PROBE_SHARE * float(np.abs(p_kw).sum(axis=1).max()))
    points = [(p[s], q[s], held[s], _case(base, s)) for s in range(len(groups))]
    by_p = _stacked(call, points, probe_kw * _unit(driven, p.shape[1]), driven, False)
    nothing = (by_p[0][..., :0], by_p[1][..., :0], by_p[2][..., :0])
    by_q = _stacked(call, points, probe_kw * _unit(driven, p.shape[1]), driven, True) if with_q else nothing
    root, own = curvature(by_p[1].mean(axis=0))
    added = 0.5 * probe_kw * ((root**2).sum(axis=0) + own)  # by curvature, to a forward difference
    return Sensitivities(point_of, p, q, by_p[0], by_q[0], by_p[1], by_q[1], by_p[2] - added,
                         by_q[2] - added if with_q else by_q[2], root, own)


def _of_slopes(point_of: Ints, p_kw: Floats, q_kvar: Floats, points: list[tuple[WatchedSlopes, ...]]) -> Sensitivities:
    by_p, *of_q = zip(*points, strict=True)
    by_q = of_q[0] if of_q else [WatchedSlopes(own.phasor[:, :0], own.vm_pu[:, :0], own.losses_kw[:0]) for own in by_p]
    (phasor, vm, losses), (phasor_q, vm_q, losses_q) = (
        [np.stack([getattr(own, field.name) for own in by]) for field in fields(WatchedSlopes)] for by in (by_p, by_q))
    return Sensitivities(point_of, p_kw, q_kvar, phasor, phasor_q, vm, vm_q, losses, losses_q,
                         *curvature(vm.mean(axis=0)))


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
    if np.isnan(flow.losses_kw).any():
        raise NoSlopes("a little more than is drawn has no power flow")
    return ((flow.phasor - base.phasor).T / probe, ((flow.vm_pu - base.vm_pu) / probe)[:, driven].T,
            (flow.losses_kw - base.losses_kw) / probe)


def curvature(vm_by_p: Floats) -> tuple[Floats, Floats]:
    """(T5) F [r, D] and own [D] with F'F + diag(own) = -(dv/dp + its transpose), as far as that curves upwards.

    Each connection has losses of its own, in the line or transformer to it. Taken apart, few directions are left of
    those that connections share, where D directions would each be a full row of the problem.
    """
    whole = -(vm_by_p + vm_by_p.T)
    for share in OWN_SHARES:
        own = share * _apart(whole)
        square, vectors = np.linalg.eigh(whole - np.diag(own))
        least = SMALLEST_SQUARE * max(square.max(initial=0.0), 1e-12)
        if square.min(initial=0.0) >= -least:
            break
    kept = square > least
    return np.asarray(np.sqrt(square[kept])[:, None] * vectors[:, kept].T), own


def _apart(whole: Floats) -> Floats:
    """[D] of the curvature [D, D] what each connection shares with no other."""
    shared = np.where(np.eye(len(whole), dtype=np.bool_), 0.0, whole).max(axis=1, initial=0.0)
    return np.asarray(np.maximum(np.diag(whole) - shared, 0.0))
