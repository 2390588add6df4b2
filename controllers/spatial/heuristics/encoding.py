"""From a vector of genes in 0..1 to pair powers that keep limits and envelopes and meet targets as far as can be.

One gene per pair and direction: the share of what the pair can do in each step of the hour. The shares are a wish:
if a cohort's wishes sum to less than its target, all its pairs are raised in proportion to the room that is left,
if to more, lowered in proportion to what they take beyond the least they must. So every gene vector keeps powers,
(11) and (12) and meets each target exactly where its pairs can, and every division of a target over pairs has
genes that give it. Genes exist only where something is left to choose: a cohort with a target and two pairs or more.
One gene serves all steps of the hour: with load and price constant over it, the best division is constant too. What
it cannot shape is how a cohort that must charge, or whose cars leave within the hour, spreads over the quarters.
Letters: N candidates, K pairs, C cohorts, Q steps, G genes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.spatial.branch_flow.forecast import Forecast
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.branch_flow.sharing import DUST_KW
from models.records.arrays import Bools, Floats

TINY = 1e-12
FULL_SCALE_GENE = 0.8
"""A scale gene at or above it asks for the whole target: to find that must be easy."""


@dataclass(frozen=True)
class Powers:
    """Pair powers of N candidates, kW >= 0."""

    pc_kw: Floats
    """[N, K, Q]"""
    pd_kw: Floats


@dataclass(frozen=True)
class Rates:
    """Change of x per hour, arrays [N, K]."""

    must: Floats
    """What charging has to reach."""
    least: Floats
    """How far discharging may go."""
    most: Floats
    """How far charging may go."""


class Encoding:
    """Genes of one decision hour."""

    def __init__(self, layout: Layout, now: Forecast, may_curtail: bool) -> None:
        flex, rows = now.flexibility, layout.pairs
        self._step_h = 1.0 / layout.steps
        self._eta_c, self._eta_d = layout.eta_c, layout.eta_d
        self._x_min, self._x_max = flex.x_min_now_kwh[rows], flex.x_max_now_kwh[rows]
        self.pc_max_kw, self.pd_max_kw = flex.pc_max_now_kw[rows], flex.pd_max_now_kw[rows].copy()
        # rows of one-way cars have a limit only where the fleet's row is shared
        self.pd_max_kw[layout.rows_c] = 0.0
        self._cohort = layout.pair_cohort.toarray()
        self._pace = _pace_h(self.pc_max_kw, self._step_h)
        self._asked_c = level_steps(now.target_c_kw, self._cohort @ self.pc_max_kw)
        self._asked_d = level_steps(now.target_d_kw, self._cohort @ self.pd_max_kw)
        self._genes_c = self._choices(now.target_c_kw, self.pc_max_kw)
        self._genes_d = self._choices(now.target_d_kw, self.pd_max_kw)
        self.may_curtail = may_curtail
        """Two more genes scale all charging and all discharging targets: where a network limit stands against them."""

    @property
    def gene_count(self) -> int:
        pairs = np.count_nonzero(self._genes_c) + np.count_nonzero(self._genes_d)
        return int(pairs) + (2 if self.may_curtail else 0)

    def pro_rata(self) -> Floats:
        """Genes [G] that give every pair of a cohort the same share of its power, targets in full."""
        shares = [_shares(asked, limit, self._cohort)[genes]
                  for asked, limit, genes in ((self._asked_c, self.pc_max_kw, self._genes_c),
                                              (self._asked_d, self.pd_max_kw, self._genes_d))]
        return np.concatenate([*shares, np.ones(2 if self.may_curtail else 0)])

    def decode(self, genes: Floats) -> Powers:
        """Pair powers of genes [N, G], step after step."""
        charge, discharge, scale_c, scale_d = self._parts(genes)
        count, (pairs, steps) = genes.shape[0], self.pc_max_kw.shape
        pc, pd = np.zeros((count, pairs, steps)), np.zeros((count, pairs, steps))
        x = np.zeros((count, pairs))
        given_c, given_d = (np.zeros((count, self._cohort.shape[0])) for _ in range(2))
        for q in range(steps):
            rates = self._rates(x, q)
            # due by the end of step q, so a step that could not give its part is made up for in the next
            due_c = np.maximum(scale_c * self._asked_c[:, : q + 1].sum(axis=1) - given_c, 0.0)
            due_d = np.maximum(scale_d * self._asked_d[:, : q + 1].sum(axis=1) - given_d, 0.0)
            pc[:, :, q] = self._charge(charge, rates, due_c, q)
            pd[:, :, q] = self._discharge(discharge, rates, due_d, pc[:, :, q], q)
            x += (self._eta_c * pc[:, :, q] - pd[:, :, q] / self._eta_d) * self._step_h
            given_c += pc[:, :, q] @ self._cohort.T
            given_d += pd[:, :, q] @ self._cohort.T
        return Powers(pc, pd)

    # ------------------------------------------------------------ one step
    def _rates(self, x: Floats, q: int) -> Rates:
        """Change of x per hour [N, K] in step q that keeps (12): this step's bounds, at a pace that keeps later ones.

        What must be charged is spread evenly over time, and what may be charged or discharged over the power that
        there will be: a battery nearly full is not filled in the first step, one that leaves early not left behind.
        """
        even = self._step_h * np.arange(1, self._x_min.shape[1] - q + 1)
        lasting = self._pace[:, q, q:]
        low, high = self._x_min[None, :, q:] - x[:, :, None], self._x_max[None, :, q:] - x[:, :, None]
        lowest, highest = low[:, :, 0] / self._step_h, high[:, :, 0] / self._step_h
        top = np.maximum(highest, lowest)
        must = np.minimum((low / even).max(axis=2), top)
        return Rates(must, np.minimum((low / lasting).max(axis=2), top),
                     np.maximum((high / lasting).min(axis=2), must))

    def _charge(self, share: Floats, rates: Rates, due: Floats, q: int) -> Floats:
        """Charging [N, K]: what must be, and what the cohort is due."""
        limit = self.pc_max_kw[:, q]
        least = np.clip(rates.must / self._eta_c, 0.0, limit)
        most = np.maximum(np.clip(rates.most / self._eta_c, 0.0, limit), least)
        return self._share_out(share, least, most, due)

    def _discharge(self, share: Floats, rates: Rates, due: Floats, pc: Floats, q: int) -> Floats:
        """Discharging [N, K] with what charging leaves of (11) and (12)."""
        limit = self.pd_max_kw[:, q]
        used = np.divide(pc, self.pc_max_kw[:, q], out=np.zeros(pc.shape), where=self.pc_max_kw[:, q] > 0)
        # what charging brings beyond the least may be given back by other cars of the pair
        room = np.maximum(self._eta_c * pc - rates.least, 0.0) * self._eta_d
        most = np.minimum(limit * np.maximum(1.0 - used, 0.0), room)
        least = np.minimum(np.maximum(self._eta_c * pc - rates.most, 0.0) * self._eta_d, most)
        return self._share_out(share, least, most, due)

    def _share_out(self, share: Floats, least: Floats, most: Floats, due: Floats) -> Floats:
        """least + share (most - least), raised or lowered in proportion until each cohort [N, C] has its due."""
        wish = least + share * (most - least)
        total = wish @ self._cohort.T
        up, down = most - wish, wish - least
        raised = _fraction(due - total, up @ self._cohort.T)
        lowered = _fraction(total - due, down @ self._cohort.T)
        return np.asarray(wish + up * (raised @ self._cohort) - down * (lowered @ self._cohort), dtype=np.float64)

    # ------------------------------------------------------------ genes
    def _choices(self, target_kw: Floats, limit_kw: Floats) -> Bools:
        """[K] pairs that share a target with another pair."""
        can = limit_kw.max(axis=1) > DUST_KW
        chosen = (target_kw > DUST_KW) & (self._cohort @ can > 1)
        return np.asarray(can & (self._cohort.T @ chosen > 0), dtype=np.bool_)

    def _parts(self, genes: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Shares of all pairs [N, K] for both directions, and the scales [N, 1] of both targets."""
        count, charge_genes = genes.shape[0], int(np.count_nonzero(self._genes_c))
        charge, discharge = (np.zeros((count, self.pc_max_kw.shape[0])) for _ in range(2))
        pairs = genes[:, :-2] if self.may_curtail else genes
        charge[:, self._genes_c] = pairs[:, :charge_genes]
        discharge[:, self._genes_d] = pairs[:, charge_genes:]
        full = np.ones((count, 1))
        if not self.may_curtail:
            return charge, discharge, full, full
        # an upper part of the gene's range means all of the target, so that a search can hold on to it
        scales = np.minimum(genes[:, -2:] / FULL_SCALE_GENE, 1.0)
        return charge, discharge, scales[:, :1], scales[:, 1:]


def _pace_h(limit_kw: Floats, step_h: float) -> Floats:
    """[K, Q, Q] hours at step q's limit that the limits [K, Q] of steps q..j amount to; at least one step."""
    until = np.cumsum(limit_kw, axis=1)
    between = until[:, None, :] - (until - limit_kw)[:, :, None]
    # counted in hours at this step's own power, so that a pace holds although later limits differ
    own = limit_kw[:, :, None]
    hours = step_h * np.divide(between, own, out=np.ones(between.shape), where=own > 0)
    return np.asarray(np.maximum(hours, step_h), dtype=np.float64)


def level_steps(target_kw: Floats, room_kw: Floats) -> Floats:
    """The hour's targets [C] as powers of its steps [C, Q] within room [C, Q], as even as can be, mean = target.

    Where cars leave within the hour, earlier steps carry more; a target beyond all room gets all of it.
    """
    steps = room_kw.shape[1]
    # water filling: the level at which all steps below their room are equal is the first that fits
    ordered = np.sort(room_kw, axis=1)
    below = np.cumsum(ordered, axis=1) - ordered
    levels = (target_kw[:, None] * steps - below) / (steps - np.arange(steps))
    fits = levels <= ordered
    first = np.where(fits.any(axis=1), fits.argmax(axis=1), steps - 1)
    level = np.maximum(np.take_along_axis(levels, first[:, None], axis=1), 0.0)
    return np.asarray(np.minimum(level, room_kw), dtype=np.float64)


def _fraction(part: Floats, whole: Floats) -> Floats:
    """part / whole within 0..1, 0 where there is nothing."""
    ratio = np.divide(part, whole, out=np.zeros(part.shape), where=whole > TINY)
    return np.asarray(np.clip(ratio, 0.0, 1.0), dtype=np.float64)


def _shares(asked_kw: Floats, limit_kw: Floats, cohort: Floats) -> Floats:
    """[K] share of each pair's power that its cohort's target is, over the hour."""
    level = _fraction(asked_kw.sum(axis=1), cohort @ limit_kw.sum(axis=1))
    return np.asarray(level @ cohort, dtype=np.float64)
