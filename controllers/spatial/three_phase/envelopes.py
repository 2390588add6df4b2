"""Limits on what each customer's cars may draw and feed back, safe for every combination of customers within them.

A customer may draw up to m and feed back up to e more than its house does; D customers, one hour, kW. Watched values
are linear in what customers do, so the worst of all combinations is a sum over customers of the worse of two ends:

    (E1) v + sum of min(v_i m_i, -v_i e_i) >= low,  v + sum of max(v_i m_i, -v_i e_i) <= high        v_i = dv/dp_i
    (E2) the same of Re(y exp(-ja)) <= high cos(pi/n) for n directions a, y complex, n = DIRECTIONS

AC then judges combinations that are worst for some value, those of one phase alone, of opposite signs and random ones;
what AC has beyond the model is taken off the bounds, and the limits are found again. Rules:

    (E3) equal          the same kW for all, up to what each could use:  m = min(s, M), e = min(s, E), s largest
    (E4) proportional   the same share of the connection:                m = s M, e = s E, s largest
    (E5) most_energy    the largest sum of m and e
    (E6) least_regret   the smallest largest (own best alone - granted)/own best alone; then the largest sum
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
from scipy.optimize import linprog

from controllers.port import EnvelopeRule as Rule
from controllers.port import PlanError
from controllers.spatial.three_phase.limits import KEPT, Bounds, bounds_of
from controllers.spatial.three_phase.linear import Linear, around, sensitivities
from models.records.arrays import Bools, Floats, Ints
from models.records.three_phase import VOLTAGE, ThreePhaseNetwork, WatchedFlowCall, WatchedSlopesCall

RULES: tuple[Rule, ...] = get_args(Rule)
DIRECTIONS = 16
ROUNDS = 12
HALVINGS = 40
RANDOM_CORNERS = 40
SMALLEST_KW = 1e-6
ALIKE = 1e-4
"""Rows whose slopes differ by less than this share of the steepest of them are one, with the least room."""


@dataclass(frozen=True)
class Rows:
    """by_import @ m + by_export @ e <= room, all of them not negative."""

    by_import: Floats
    """[n, D]"""
    by_export: Floats
    room: Floats
    """[n]"""
    value: Ints
    """[n] watched value of each."""
    slope: Floats
    """[n, D] of what the row bounds, per kW."""

    @property
    def matrix(self) -> Floats:
        """[n, 2 D]"""
        return np.hstack([self.by_import, self.by_export])


@dataclass(frozen=True)
class Envelope:
    """What one hour allows."""

    import_kw: Floats
    """[D] of cars, above the house."""
    export_kw: Floats
    """[D] of cars, below the house."""
    rounds: int

    @property
    def total_kw(self) -> float:
        return float(self.import_kw.sum() + self.export_kw.sum())


@dataclass(frozen=True)
class Hour:
    """One hour's forecast and what cars at each driven connection could use."""

    p_kw: Floats
    """[B] houses and cars outside control."""
    q_kvar: Floats
    most_import_kw: Floats
    """[D]"""
    most_export_kw: Floats


class EnvelopePublisher:
    """The envelopes of one network."""

    def __init__(self, network: ThreePhaseNetwork, call: WatchedFlowCall, seed: int = 0,
                 slopes: WatchedSlopesCall | None = None) -> None:
        """slopes: derivatives of `call`; None: differences of it."""
        self.network, self.call, self._seed, self._slopes = network, call, seed, slopes

    def publish(self, hour: Hour, rule: Rule) -> Envelope:
        """The envelope of an hour by a rule; raises PlanError where AC still refutes it after all rounds, or has no
        power flow of the houses."""
        linear, bounds, taps = self._around(hour)
        off = np.zeros(self.network.watched.count)
        most = np.concatenate([hour.most_import_kw, hour.most_export_kw])
        for rounds in range(1, ROUNDS + 1):
            rows = rows_of_bounds(self.network, linear, bounds, off, most)
            limits = BY_RULE[rule](rows, most)
            beyond = self._beyond(hour, bounds, taps, rows, limits)
            if np.all(beyond <= KEPT[self.network.watched.kind]):
                return Envelope(limits[: limits.size // 2], limits[limits.size // 2 :], rounds)
            off = off + np.maximum(beyond, 0.0)
        worst = self.network.watched.element[int(np.argmax(beyond))]
        name = self.network.name
        raise PlanError(f"network {name}: AC refutes the envelope by {rule} after {ROUNDS} rounds; {worst}")

    def violations(self, hour: Hour, envelope: Envelope, real_p_kw: Floats, real_q_kvar: Floats) -> float:
        """Share of combinations that break a limit while houses draw [B] what they really do."""
        excess = self.real_excess(hour, envelope, real_p_kw, real_q_kvar)
        return float(np.mean(np.any(excess > KEPT[self.network.watched.kind], axis=1)))

    def real_excess(self, hour: Hour, envelope: Envelope, real_p_kw: Floats, real_q_kvar: Floats) -> Floats:
        """[n, M] by how much combinations are outside the limits while houses draw [B] what they really do.

        What houses break by themselves does not count. The envelope binds customers, house and cars together; no car
        draws or feeds back more than it can.
        """
        free = self.call(real_p_kw[None], real_q_kvar[None])
        bounds = bounds_of(self.network, [free])
        # a customer's limit holds its house: what that draws beyond its forecast, cars have less
        drawn = (real_p_kw - hour.p_kw)[self.network.driven]
        limits = np.clip(np.concatenate([envelope.import_kw - drawn, envelope.export_kw + drawn]), 0.0,
                         np.concatenate([hour.most_import_kw, hour.most_export_kw]))
        cars = self._corners(limits, np.zeros((0, self.network.driven.size)))
        return bounds.excess(self._values(real_p_kw, real_q_kvar, cars, None))

    # ------------------------------------------------------------ AC
    def _around(self, hour: Hour) -> tuple[Linear, Bounds, Floats]:
        p, q, driven = hour.p_kw[None], hour.q_kvar[None], self.network.driven
        free = self.call(p, q)
        flow = self.call(p, q, free.taps) if free.taps.size else free
        if np.isnan(flow.losses_kw).any():
            raise PlanError(f"network {self.network.name}: no power flow without cars")
        slopes = sensitivities(self.call, p, q, free.taps, 1, False, driven, self._slopes)
        return around(p, q, flow, slopes, driven), bounds_of(self.network, [flow, free]), free.taps

    def _beyond(self, hour: Hour, bounds: Bounds, taps: Floats, rows: Rows, limits: Floats) -> Floats:
        """[M] worst excess over all combinations tried, by AC with the taps held and free."""
        cars = self._corners(limits, rows.slope)
        held = [self._values(hour.p_kw, hour.q_kvar, cars, taps)]
        if taps.size:
            held.append(self._values(hour.p_kw, hour.q_kvar, cars, None))
        excess = np.max([bounds.excess(value).max(axis=0) for value in held], axis=0)
        return np.asarray(np.where(np.isnan(excess), np.inf, excess))

    def _values(self, p_kw: Floats, q_kvar: Floats, cars: Floats, taps: Floats | None) -> Floats:
        """[n, M] by AC of cars [n, D] on top of the houses."""
        p = np.tile(p_kw, (len(cars), 1))
        p[:, self.network.driven] += cars
        held = None if taps is None or not taps.size else np.tile(taps, (len(cars), 1))
        return self.call(p, np.tile(q_kvar, (len(cars), 1)), held).value

    def _corners(self, limits: Floats, slopes: Floats) -> Floats:
        """[n, D] combinations at their limits: worst for each slope, one phase alone, opposite phases, random."""
        most, least = limits[: limits.size // 2], -limits[limits.size // 2 :]
        signs = [np.unique(slopes > 0, axis=0)] if slopes.size else []
        phases = [self.network.phases[b] for b in self.network.driven]
        for phase in ("1", "2", "3"):
            is_there = np.array([phase in own for own in phases])
            signs.append(np.stack([is_there, ~is_there]))
        count = most.size
        drawn = np.random.default_rng(self._seed).random((RANDOM_CORNERS, count)) < 0.5
        up = np.concatenate([*signs, np.ones((1, count), dtype=bool), np.zeros((1, count), dtype=bool), drawn])
        corners = np.where(up, most, least)
        # one phase alone: the others do nothing
        alone = np.concatenate([self._alone(phases, most), self._alone(phases, least)])
        return np.concatenate([corners, alone])

    @staticmethod
    def _alone(phases: list[str], limit: Floats) -> Floats:
        return np.stack([np.where([own == phase for own in phases], limit, 0.0) for phase in ("1", "2", "3")])


def rows_of_bounds(network: ThreePhaseNetwork, linear: Linear, bounds: Bounds, off: Floats, most_kw: Floats) -> Rows:
    """(E1) and (E2) of all bounds of one hour, taken in by off [M], that customers at their most [2 D] could reach; a
    side without a bound has no row, and rows that say the same are one."""
    is_voltage = network.watched.kind == VOLTAGE
    slope = linear.sensitivities.phasor_by_p[0]
    low, high, value = bounds.low[0], bounds.high[0], linear.flow.value[0]
    blocks = [_rows(np.flatnonzero(is_voltage & np.isfinite(bound)), sign * slope.real, sign * (bound - value) - off)
              for bound, sign in ((high, 1.0), (low, -1.0))]
    phasor, cut = linear.flow.phasor[0], np.cos(np.pi / DIRECTIONS)
    # a street has thousands of currents, of which no combination brings most anywhere near their rating
    reach = np.abs(phasor) + np.abs(slope) @ most_kw.reshape(2, -1).max(axis=0)
    others = np.flatnonzero(~is_voltage & np.isfinite(high) & (reach > (high - off) * cut))
    for a in 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS:
        turned = np.exp(-1j * a)
        blocks.append(_rows(others, (turned * slope).real, (high - off) * cut - (turned * phasor).real))
    return _reached(Rows(*(np.concatenate(part) for part in zip(*blocks, strict=True))), most_kw)


def _reached(rows: Rows, most_kw: Floats) -> Rows:
    """Those that can be reached, of lines in series only the tightest."""
    at = np.flatnonzero(rows.matrix @ most_kw > rows.room)
    at = at[np.argsort(rows.room[at], kind="stable")]
    # lines in series have slopes alike up to their length; the sort before leaves the one with least room first
    steepest = np.abs(rows.slope[at]).max(axis=1, initial=SMALLEST_KW)
    shape = np.column_stack([rows.slope[at] / (ALIKE * steepest[:, None]), np.log(steepest) / ALIKE])
    _, first = np.unique(np.round(shape), axis=0, return_index=True)
    chosen = at[np.sort(first)]
    return Rows(rows.by_import[chosen], rows.by_export[chosen], rows.room[chosen], rows.value[chosen],
                rows.slope[chosen])


def _rows(at: Ints, slope: Floats, room: Floats) -> tuple[Floats, Floats, Floats, Ints, Floats]:
    up = slope[at]
    # a bound that houses alone reach leaves nothing, but never less than nothing
    return np.maximum(up, 0.0), np.maximum(-up, 0.0), np.maximum(room[at], 0.0), at, up


# ---------------------------------------------------------------- rules
def equal(rows: Rows, most_kw: Floats) -> Floats:
    """(E3) the same kW for all, up to what each can use, [2 D]."""
    low, high = 0.0, float(most_kw.max(initial=0.0))
    if _keeps(rows, most_kw):
        return most_kw
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _keeps(rows, np.minimum(most_kw, middle)) else (low, middle)
    return np.minimum(most_kw, low)


def proportional(rows: Rows, most_kw: Floats) -> Floats:
    """(E4) the same share of what each could use, [2 D]."""
    used = rows.matrix @ most_kw
    share = np.divide(rows.room, used, out=np.full(used.size, np.inf), where=used > 1e-15)
    return np.asarray(min(1.0, float(share.min(initial=np.inf))) * most_kw)


def most_energy(rows: Rows, most_kw: Floats) -> Floats:
    """(E5) the largest sum, [2 D]."""
    return _best(rows, most_kw, np.zeros(most_kw.size))


def least_regret(rows: Rows, most_kw: Floats) -> Floats:
    """(E6) the smallest largest regret, then the largest sum, [2 D]."""
    used = rows.matrix
    alone = np.divide(rows.room[:, None], used, out=np.full(used.shape, np.inf), where=used > 1e-15)
    best = np.minimum(most_kw, alone.min(axis=0, initial=np.inf))
    some = np.flatnonzero(best > SMALLEST_KW)
    if not some.size:
        return np.zeros(most_kw.size)
    # granted = (1 - regret) x best is the least that keeps that regret, so the largest such share is the answer
    share = np.divide(rows.room, used @ best, out=np.full(rows.room.size, np.inf), where=used @ best > 1e-15)
    return _best(rows, most_kw, min(1.0, float(share.min(initial=np.inf))) * (1.0 - 1e-9) * best)


BY_RULE = {"equal": equal, "proportional": proportional, "most_energy": most_energy, "least_regret": least_regret}


def _keeps(rows: Rows, limits: Floats) -> bool:
    return bool(np.all(rows.matrix @ limits <= rows.room + 1e-12))


def _best(rows: Rows, most_kw: Floats, least_kw: Floats) -> Floats:
    """The largest sum between least and most."""
    answer = linprog(-np.ones(most_kw.size), A_ub=rows.matrix, b_ub=rows.room,
                     bounds=[*zip(least_kw.tolist(), np.maximum(most_kw, least_kw).tolist(), strict=True)],
                     method="highs")
    if answer.status != 0:
        raise PlanError(f"envelope: the linear problem has no answer ({answer.message})")
    return np.maximum(np.asarray(answer.x, dtype=np.float64), 0.0)


# ---------------------------------------------------------------- figures
def gini(granted: Floats, has_cars: Bools) -> float:
    """Of what customers with cars are granted, 0: all alike; 0 where nobody is granted anything."""
    mine = np.sort(granted[has_cars])
    if not mine.size or mine.sum() <= 0:
        return 0.0
    rank = np.arange(1, mine.size + 1)
    return float((2.0 * rank - mine.size - 1.0) @ mine / (mine.size * mine.sum()))
