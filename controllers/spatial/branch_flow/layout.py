"""Fixed index matrices of one district: which pair feeds which bus, cohort and later row.

Letters: L lines (= buses but the slack), K pairs, C cohorts (group, departure bin) that have pairs, R rows
(bus, charger kind) with ports, J rows (neighbourhood, zone, kind) of them, which act as one in later hours,
W rows (zone, kind) with ports. Suffix `_d`: only rows that can discharge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from controllers.port import PlanError, SpatialKnowledge
from controllers.spatial.branch_flow.neighbourhoods import neighbourhoods
from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.records.groups import cohort_row, group_of_row, hour_of_row, is_bidirectional


@dataclass(frozen=True)
class Layout:
    """Constants of the lower layer's problem; sparse matrices sum rows."""

    steps: int
    """Q, steps in the current hour."""
    hours: int
    """N, later hours."""
    period_h: Floats
    """[T] length of each period in hours."""
    pairs: Ints
    """[K] rows of PairIndex that hold cars now; at least one."""
    rows_d: Ints
    """[Kd] rows of `pairs` that can discharge."""
    rows_c: Ints
    """Rows of `pairs` that can only charge."""
    pair_bus: sp.csr_array
    """[L, K]"""
    pair_bus_slow: sp.csr_array
    """[L, K] those chargers that are behind the bus's own transformer, such as slow ones."""
    pair_cohort: sp.csr_array
    """[C, K]"""
    pair_later: sp.csr_array
    """[J, K]"""
    cohort_group: Ints
    """[C]"""
    cohort_bin: Ints
    """[C]"""
    later_bus: sp.csr_array
    """[L, R]"""
    later_bus_slow: sp.csr_array
    later_rows: sp.csr_array
    """[J, R]"""
    later_zone: sp.csr_array
    """[W, J]"""
    row_bus: Ints
    """[R] bus of each row with ports."""
    row_kind: Ints
    row_later: Ints
    """[R] row J that it belongs to."""
    zone_of: Ints
    """[W]"""
    kind_of: Ints
    eta_c: Floats
    """[K]"""
    eta_d: Floats
    wear_usd_per_mwh: Floats
    """[K] per MWh discharged at the bus: wear per kWh out of the battery / eta_d."""
    later_eta_c: Floats
    """[J]"""
    later_eta_d: Floats
    later_wear_usd_per_mwh: Floats
    rated: Ints
    """[R] lines whose bus has an MV/LV transformer of finite rating."""

    @property
    def periods(self) -> int:
        return self.steps + self.hours


def make_layout(knowledge: SpatialKnowledge, held: Ints) -> Layout:
    """All index matrices for the rows `held` of PairIndex; raises PlanError without feeder or pairs."""
    site, feeder = knowledge.site, knowledge.feeder
    if not knowledge.has_network or knowledge.pairs.count == 0:
        raise PlanError(f"district {knowledge.district}: the lower layer needs a network and places for cars")
    if knowledge.look_ahead_h < 2 or SECONDS_PER_HOUR % knowledge.step_s:
        raise PlanError(f"the lower layer needs look_ahead_h >= 2 (got {knowledge.look_ahead_h}) and a step that "
                        f"divides an hour (got {knowledge.step_s} s)")
    steps = SECONDS_PER_HOUR // knowledge.step_s
    hours = knowledge.look_ahead_h - 1
    # an hour without cars keeps one empty row: no matrix of the problem is ever without a column
    held = held if held.size else np.zeros(1, dtype=np.int64)
    bus, group = knowledge.pairs.bus_index[held], knowledge.pairs.group[held]
    groups = site.groups
    kind, kinds, is_behind = groups.kind_of(group), groups.kind_count, groups.behind_transformer
    ports = site.ports_by_kind()
    row_bus, row_kind = np.nonzero(ports)
    row_of = np.full(ports.shape, -1)
    row_of[row_bus, row_kind] = np.arange(row_bus.size)
    # later hours are forecasts: what differs from bus to bus by next to nothing only slows the solver
    later_key, row_later = _later_rows(knowledge, row_bus, row_kind)
    zone_rows, later_w = np.unique(later_key % (groups.zone_count * kinds), return_inverse=True)
    # a cohort without cars here could only pay for its missed target: it gets no row
    last_bin = knowledge.pairs.bins - 1
    # sorted keys make the same rows in every hour with the same cars, hence the same program
    keys, pair_c = np.unique(cohort_row(group, knowledge.pairs.departure_bin[held], last_bin), return_inverse=True)
    rows_d = np.flatnonzero(is_bidirectional(group))
    # likewise: all stand in, with limits of 0
    rows_d = rows_d if rows_d.size else np.arange(held.size)
    eta_c, eta_d, wear = _group_constants(knowledge)
    later_eta_c, later_eta_d, later_wear = _later_constants(
        knowledge, later_key // kinds % groups.zone_count, later_key % kinds, eta_c, eta_d)
    lines = site.bus_count - 1
    return Layout(
        steps=steps, hours=hours,
        period_h=np.r_[np.full(steps, 1.0 / steps), np.ones(hours)],
        pairs=held, rows_d=rows_d, rows_c=np.setdiff1d(np.arange(held.size), rows_d),
        pair_bus=_sums(bus - 1, lines), pair_bus_slow=_sums(bus - 1, lines, is_behind[kind]),
        pair_cohort=_sums(pair_c, keys.size), pair_later=_sums(row_later[row_of[bus, kind]], later_key.size),
        cohort_group=group_of_row(keys, last_bin), cohort_bin=hour_of_row(keys, last_bin),
        later_bus=_sums(row_bus - 1, lines), later_bus_slow=_sums(row_bus - 1, lines, is_behind[row_kind]),
        later_rows=_sums(row_later, later_key.size), later_zone=_sums(later_w, zone_rows.size),
        row_bus=row_bus, row_kind=row_kind, row_later=row_later,
        zone_of=zone_rows // kinds, kind_of=zone_rows % kinds,
        eta_c=eta_c[group], eta_d=eta_d[group], wear_usd_per_mwh=wear[group],
        later_eta_c=later_eta_c, later_eta_d=later_eta_d, later_wear_usd_per_mwh=later_wear,
        rated=np.zeros(0, dtype=np.int64) if feeder is None or knowledge.network is not None
        else np.flatnonzero(np.isfinite(feeder.transformer_kva[1:])),
    )


def _later_rows(knowledge: SpatialKnowledge, row_bus: Ints, row_kind: Ints) -> tuple[Ints, Ints]:
    """(keys [J] = (neighbourhood * zones + zone) * kinds + kind, row J of each of the rows [R])."""
    # zone and kind within the key: cars of one neighbourhood act as one only if targets treat them alike
    zone = _areas(knowledge, row_bus) * knowledge.site.groups.zone_count + knowledge.site.bus_zone[row_bus]
    keys, row_later = np.unique(zone * knowledge.site.groups.kind_count + row_kind, return_inverse=True)
    return keys, np.asarray(row_later, dtype=np.int64)


def _areas(knowledge: SpatialKnowledge, row_bus: Ints) -> Ints:
    """[R] neighbourhood of each row's bus."""
    most = knowledge.look_ahead_neighbourhoods
    if knowledge.network is None:
        assert knowledge.feeder is not None
        return neighbourhoods(knowledge.feeder.parent, most)[row_bus]
    # on three phases neighbours at one cable may be on different phases: those that come one after the other are taken
    _, place = np.unique(row_bus, return_inverse=True)
    count = int(place.max(initial=0)) + 1
    return np.asarray(place * min(most, count) // count, dtype=np.int64)


def _sums(row: Ints, rows: int, keep: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None) -> sp.csr_array:
    """Matrix [rows, n] that adds element j to row[j]."""
    values = np.ones(row.size) if keep is None else keep.astype(float)
    matrix = sp.csr_array((values, (row, np.arange(row.size))), shape=(rows, row.size))
    # a stored 0 would be an entry in the solver's factorisation
    matrix.eliminate_zeros()
    return matrix


def _group_constants(knowledge: SpatialKnowledge) -> tuple[Floats, Floats, Floats]:
    """Mean efficiencies of each group's class and its wear per MWh at the bus; arrays [G]."""
    vehicles = knowledge.vehicles
    groups = np.arange(knowledge.wear_usd_per_kwh.size)
    vehicle_class, classes = vehicles.groups.class_of(groups), vehicles.groups.class_count
    means = []
    for eta in (vehicles.eta_charge, vehicles.eta_discharge):
        count = np.bincount(vehicles.class_index, minlength=classes)
        total = np.bincount(vehicles.class_index, eta, minlength=classes)
        # a class without cars has no mean, and no power for which it would matter
        overall = eta.mean() if eta.size else 1.0
        means.append(np.where(count > 0, total / np.maximum(count, 1), overall)[vehicle_class])
    return means[0], means[1], knowledge.wear_usd_per_kwh * 1e3 / means[1]


def _later_constants(
    knowledge: SpatialKnowledge, zone: Ints, kind: Ints, eta_c: Floats, eta_d: Floats
) -> tuple[Floats, Floats, Floats]:
    """Mean over the bidirectional groups of each later row's zone and kind; arrays [J]."""
    groups, known = np.arange(eta_c.size), knowledge.site.groups
    wear = knowledge.wear_usd_per_kwh * 1e3 / eta_d
    belongs = ((known.zone_of(groups)[None, :] == zone[:, None]) & (known.kind_of(groups)[None, :] == kind[:, None])
               & is_bidirectional(groups)[None, :])
    # one-way cars to come have no discharge to which efficiency and wear could apply
    weights = belongs / belongs.sum(axis=1, keepdims=True)
    return weights @ eta_c, weights @ eta_d, weights @ wear
