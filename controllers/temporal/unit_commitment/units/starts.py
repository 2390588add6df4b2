"""What a start costs by the hours off before it (U8a to U8c): any number of categories, the coldest is the rule.

A start is of the coldest category unless a stop lies few enough hours back for a warmer one. In a cluster of n units
each stop serves one start: where units stop and start in turn, (U8b) alone would count a stop again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.variables import Constraints, Equation, Variables, at_rows, per_unit, window
from models.records.arrays import Floats, Ints
from models.records.thermal_units import NEVER_H, ThermalUnits


# ------------------------------------------------------------------ categories
@dataclass(frozen=True)
class WarmStarts:
    """The start-up categories of all units but each one's coldest, arrays [W], unit by unit."""

    row: Ints
    category: Ints
    newest_h: Ints
    oldest_h: Ints
    """Hours off in the category."""
    saving_usd: Floats
    """Below the coldest start."""


def warm_starts(units: ThermalUnits) -> WarmStarts:
    """Two categories, hot and cold, make one warm one."""
    row, k = np.nonzero(units.start_lag_h[:, 1:] < NEVER_H)
    return WarmStarts(row, k, units.start_lag_h[row, k], units.start_lag_h[row, k + 1] - 1,
                      coldest_usd(units)[row] - units.start_usd[row, k])


def coldest_usd(units: ThermalUnits) -> Floats:
    """[U] cost of a start after the longest rest."""
    # unused categories of a unit are filled up with NEVER_H
    last = (units.start_lag_h < NEVER_H).sum(axis=1) - 1
    return np.asarray(units.start_usd[np.arange(units.count), last], dtype=np.float64)


def spread(case: Case, row: Ints) -> sparse.csr_matrix:
    """[len(row) * H, U * H] takes hours of units to those of rows with a unit each."""
    pick = sparse.csr_matrix((np.ones(row.size), (np.arange(row.size), row)),
                             shape=(row.size, case.knowledge.units.count))
    return sparse.csr_matrix(sparse.kron(pick, sparse.eye(case.horizon_h)))


# ------------------------------------------------------------------ equations
def hot_is_start(case: Case, v: Variables) -> Constraints:
    """(U8a) sum over warm categories of hot <= y."""
    warm = warm_starts(case.knowledge.units)
    if warm.row.size == 0:
        return []
    at = at_rows(case, np.isin(np.arange(case.knowledge.units.count), warm.row))
    return [spread(case, warm.row).T[at] @ v.hot <= v.y[at]]


def hot_start(case: Case, v: Variables) -> Constraints:
    """(U8b) hot_s <= stops lag_s .. lag_s+1 - 1 hours ago: warm only after a short rest, else the coldest."""
    warm = warm_starts(case.knowledge.units)
    if warm.row.size == 0:
        return []
    still = case.inherited.still_warm(warm.row, warm.oldest_h, case.horizon_h).astype(np.float64).ravel()
    back = window(case, warm.newest_h, warm.oldest_h) @ spread(case, warm.row)
    return [v.hot <= back @ v.z + still]


@dataclass(frozen=True)
class Rests:
    """Pairs of a stop and a later start of one cluster between which a unit rests short enough to start warm."""

    row: Ints
    warm: Ints
    """Row of WarmStarts."""
    stop_h: Ints
    """Hour of the stop; negative: before the plan."""
    start_h: Ints


def short_rests(case: Case) -> Rests:
    """All pairs with lag_s <= start - stop < lag_s+1, of clusters only: single units need none."""
    inherited, h, warm = case.inherited, case.horizon_h, warm_starts(case.knowledge.units)
    parts = [np.zeros((4, 0), dtype=np.int64)]
    # clusters only: a single unit has one stop to rest from
    for w in np.flatnonzero(np.isin(warm.row, inherited.clustered)):
        ages = inherited.hours_on[warm.row[w]]
        stop, start = np.meshgrid(np.concatenate([np.unique(ages[ages < 0]), np.arange(h)]), np.arange(h),
                                  indexing="ij")
        fits = (start - stop >= warm.newest_h[w]) & (start - stop <= warm.oldest_h[w])
        same = np.full(int(fits.sum()), 1)
        parts.append(np.stack([same * warm.row[w], same * w, stop[fits], start[fits]]))
    row, of_warm, stop_h, start_h = np.concatenate(parts, axis=1)
    return Rests(row, of_warm, stop_h, start_h)


def hot_start_pairs(case: Case, v: Variables) -> Constraints:
    """(U8c) in a cluster hot_s(t) <= sum over r of w(r, t), sum over t of w(r, t) <= z(r), lag_s <= t - r < lag_s+1."""
    rests, h, inherited = short_rests(case), case.horizon_h, case.inherited
    if rests.row.size == 0:
        return []
    each = np.arange(rests.row.size)
    warm = warm_starts(case.knowledge.units)
    of_cluster = np.flatnonzero(np.repeat(np.isin(warm.row, inherited.clustered), h))
    into = sparse.csr_matrix((np.ones(each.size), (rests.warm * h + rests.start_h, each)),
                             shape=(warm.row.size * h, each.size))
    source, pair = np.unique(np.stack([rests.row, rests.stop_h]), axis=1, return_inverse=True)
    out_of = sparse.csr_matrix((np.ones(each.size), (pair.reshape(-1), each)), shape=(source.shape[1], each.size))
    # stops before the plan are facts with a number each, those within it are unknowns
    early = source[1] < 0
    stopped = np.array([(inherited.hours_on[i] == s).sum() for i, s in source[:, early].T], dtype=np.float64)
    late = source[0, ~early] * h + source[1, ~early]
    limits: Constraints = [v.hot[of_cluster] <= into[of_cluster] @ v.rest, out_of[~early] @ v.rest <= v.z[late]]
    return limits + ([out_of[early] @ v.rest <= stopped] if early.any() else [])


def startup_cost_usd(case: Case, v: Variables) -> Any:
    """coldest y - sum over warm categories of saving hot."""
    units = case.knowledge.units
    cold, warm = per_unit(case, coldest_usd(units)) @ v.y, warm_starts(units)
    return cold - np.repeat(warm.saving_usd, case.horizon_h) @ v.hot if warm.row.size else cold


STARTS: dict[str, Equation] = {"hot_is_start": hot_is_start, "hot_start": hot_start, "hot_start_pairs": hot_start_pairs}
