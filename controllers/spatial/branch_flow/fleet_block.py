"""The cars' half of the lower layer's problem: equations (10)-(15) as sparse rows of one decision hour.

Only pairs that hold cars and rows that can act become unknowns, so their number changes every hour. Powers are MW,
energies MWh, money $; arrays [rows, periods] are flattened row by row. Letters as in layout.py.
(10) bounds of pairs and rows        (11) pc/pc_max + pd/pd_max <= 1
(12) x(t) = x(t-1) + (eta_c pc - pd/eta_d) dt within the envelope     (13) hour targets with slack, quarters with
a tenth of its price        (14) later targets by zone and charger kind        (15) objective
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.conic.program import (
    Columns,
    Entries,
    Writer,
    diagonal,
    each,
    identity,
    picks,
    spread,
    steps_back,
)
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from models.records.arrays import Floats

QUARTER_SHARE = 0.1
"""Price of a quarter's deviation from the hour's mean over the price of target slack (docs/model.md 4.3)."""
TIE_BREAK_USD_PER_MWH = 0.05
"""Tiny cost of p^2 / p_max (share-weighted), so that the optimum is unique and neither row order nor solver
decides; at full power it is 0.05 $/MWh, against loss prices of some $/MWh between buses (A)."""
SMALLEST_SHARE_MW = 1e-4
ELASTIC_USD_PER_MWH = 2.0e3
"""Price of energy below the envelope in the repair problem: far above target slack at any bus (A)."""


@dataclass(frozen=True)
class FleetColumns:
    """Where the cars' unknowns stand; arrays as named."""

    pc: Columns
    """[K, Q]"""
    pd: Columns
    """[Kd, Q]"""
    later_pc: Columns
    """[J, N]"""
    later_pd: Columns
    q: Columns | None
    """[Kd, Q] reactive power; None where it is not used."""
    later_q: Columns | None


def write_fleet(w: Writer, knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, elastic: bool) -> FleetColumns:
    """All of (10)-(15) into the writer."""
    pc, pd, later_pc, later_pd = eq15_powers(w, layout, inputs)
    q, later_q = _reactive(w, knowledge, layout, inputs, pc, pd, later_pc, later_pd)
    found = FleetColumns(pc, pd, later_pc, later_pd, q, later_q)
    eq10_power_bounds(w, layout, inputs, found)
    eq11_one_direction(w, layout, inputs, found)
    eq12_envelopes(w, layout, inputs, found, elastic)
    eq13_hour_targets(w, knowledge.target_slack_usd_per_mwh, layout, inputs, found)
    eq14_later_targets(w, layout, inputs, found)
    return found


def eq15_powers(w: Writer, layout: Layout, inputs: Inputs) -> tuple[Columns, Columns, Columns, Columns]:
    """Powers >= 0 with (15): wear x discharge, and eps sum p^2 / p_max dt, strictly convex in every power."""
    dt = 1.0 / layout.steps
    wear = np.repeat(layout.wear_usd_per_mwh[layout.rows_d], layout.steps) * dt
    later_wear = np.repeat(layout.later_wear_usd_per_mwh, layout.hours)
    return (_power(w, inputs.pc_max, 0.0, dt), _power(w, inputs.pd_max, wear, dt),
            _power(w, inputs.later_pc_max, 0.0, 1.0), _power(w, inputs.later_pd_max, later_wear, 1.0))


def _power(w: Writer, p_max: Floats, cost: Floats | float, dt: float) -> Columns:
    limit = p_max.ravel()
    tie_break = 2.0 * TIE_BREAK_USD_PER_MWH * dt / np.maximum(limit, SMALLEST_SHARE_MW)
    return w.nonneg(limit.size, cost, tie_break, alive=limit > 0)


def eq10_power_bounds(w: Writer, layout: Layout, inputs: Inputs, c: FleetColumns) -> None:
    """(10) pc <= pc_max, pd <= pd_max; only where (11) does not imply it already."""
    one_way = np.zeros(inputs.pc_max.shape, dtype=bool)
    one_way[layout.rows_c] = True
    for block, limit, needed in (
            (c.pc, inputs.pc_max, one_way), (c.pd, inputs.pd_max, inputs.pc_max[layout.rows_d] <= 0),
            (c.later_pc, inputs.later_pc_max, np.zeros(inputs.later_pc_max.shape, dtype=bool)),
            (c.later_pd, inputs.later_pd_max, inputs.later_pc_max <= 0)):
        at = np.flatnonzero(needed.ravel() & block.alive)
        w.at_most("eq10", [(block, picks(at, block.size))], limit.ravel()[at])


def eq11_one_direction(w: Writer, layout: Layout, inputs: Inputs, c: FleetColumns) -> None:
    """(11) pc + (pc_max / pd_max) pd <= pc_max: a car does not charge and discharge at once."""
    discharging = each(picks(layout.rows_d, layout.pairs.size), layout.steps)
    w.at_most("eq11", [(c.pc, discharging), (c.pd, diagonal(inputs.ratio))], inputs.pc_max[layout.rows_d].ravel())
    everything = identity(c.later_pc.size)
    w.at_most("eq11", [(c.later_pc, everything), (c.later_pd, diagonal(inputs.later_ratio))],
              inputs.later_pc_max.ravel())


def eq12_envelopes(w: Writer, layout: Layout, inputs: Inputs, c: FleetColumns, elastic: bool) -> None:
    """(12) x_min <= x <= x_max at period ends; a row's x goes on from the sum of its pairs' x."""
    k, q, j, n = layout.pairs.size, layout.steps, layout.later_eta_c.size, layout.hours
    x, later_x = w.columns(k * q), w.columns(j * n)
    charged = each(diagonal(layout.eta_c / q), q)
    drawn = each(_back(layout), q).times(1.0 / q)
    w.equal("eq12", [(x, steps_back(k, q)), (c.pc, -charged), (c.pd, drawn)], np.zeros(k * q))
    carried = _last_to_first(Entries.of(layout.pair_later), n, q)
    later_charged = each(diagonal(layout.later_eta_c), n)
    later_drawn = each(diagonal(1.0 / layout.later_eta_d), n)
    w.equal("eq12", [(later_x, steps_back(j, n)), (x, -carried), (c.later_pc, -later_charged),
                     (c.later_pd, later_drawn)], np.zeros(j * n))
    for block, low, high in ((x, inputs.x_min, inputs.x_max), (later_x, inputs.later_x_min, inputs.later_x_max)):
        same = identity(block.size)
        w.at_most("eq12", [(block, same)], high.ravel())
        short = [(w.nonneg(block.size, ELASTIC_USD_PER_MWH), -same)] if elastic else []
        w.at_most("eq12", [(block, -same), *short], -low.ravel())


def eq13_hour_targets(w: Writer, price: float, layout: Layout, inputs: Inputs, c: FleetColumns) -> None:
    """(13) sum of pairs(q) = target - under + over + up(q) - down(q), sum_q up = sum_q down, per cohort."""
    q = layout.steps
    for power, matrix, target in ((c.pc, Entries.of(layout.pair_cohort), inputs.target_c),
                                  (c.pd, columns_d(layout.pair_cohort, layout), inputs.target_d)):
        cohorts = target.size
        under, over = w.nonneg(cohorts, price), w.nonneg(cohorts, price)
        quarter = QUARTER_SHARE * price / q
        up, down = w.nonneg(cohorts * q, quarter), w.nonneg(cohorts * q, quarter)
        same, all_steps = identity(cohorts * q), spread(cohorts, q)
        w.equal("eq13", [(power, each(matrix, q)), (up, -same), (down, same), (under, all_steps), (over, -all_steps)],
                np.repeat(target.ravel(), q))
        w.equal("eq13", [(up, all_steps.transposed()), (down, -all_steps.transposed())], np.zeros(cohorts))


def eq14_later_targets(w: Writer, layout: Layout, inputs: Inputs, c: FleetColumns) -> None:
    """(14) sum over a zone's buses of one charger kind = target - under + over, in hours that the plan covers."""
    price = np.broadcast_to(inputs.later_slack_usd_per_mw, inputs.later_target_c.shape).ravel()
    at = np.flatnonzero(price > 0)
    total = each(Entries.of(layout.later_zone), layout.hours).rows(at)
    for power, target in ((c.later_pc, inputs.later_target_c), (c.later_pd, inputs.later_target_d)):
        under, over = w.nonneg(at.size, price[at]), w.nonneg(at.size, price[at])
        same = identity(at.size)
        w.equal("eq14", [(power, total), (under, same), (over, -same)], target.ravel()[at])


def _reactive(w: Writer, knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, pc: Columns, pd: Columns,
              later_pc: Columns, later_pd: Columns) -> tuple[Columns | None, Columns | None]:
    """Reactive power within each bidirectional charger's kVA, || (p, q) || <= kVA; none when it is not used.

    kVA = the rated discharging power of the plugged bidirectional cars. In later hours, where one-way cars share
    the row, charging takes its full power from the room for q: on the safe side (for the sum of a neighbourhood).
    """
    if not knowledge.reactive_power:
        return None, None
    q = w.columns(pd.size, alive=pd.alive)
    discharging = each(picks(layout.rows_d, layout.pairs.size), layout.steps)
    _kva_cones(w, inputs.pd_max, [(pc, discharging), (pd, -_same(pd))], q)
    later_q = w.columns(later_pd.size, alive=later_pd.alive)
    _kva_cones(w, inputs.later_pd_max, [(later_pd, _same(later_pd))], later_q)
    at = np.flatnonzero(later_pd.alive)
    chosen = picks(at, later_pd.size)
    for sign in (1.0, -1.0):
        w.at_most("reactive", [(later_q, chosen.times(sign)), (later_pc, chosen)], inputs.later_pc_max.ravel()[at])
    return q, later_q


def _same(block: Columns) -> Entries:
    return identity(block.size)


def _kva_cones(w: Writer, kva: Floats, p: list[tuple[Columns, Entries]], q: Columns) -> None:
    """|| (p, q) || <= kva where there is a charger: rows (kva, p, q) of each cone follow each other."""
    at = np.flatnonzero(q.alive)
    place = 3 * np.arange(at.size)

    def rows(matrix: Entries, offset: int) -> Entries:
        return matrix.rows(at, place + offset, 3 * at.size)

    rhs = np.zeros(3 * at.size)
    rhs[place] = kva.ravel()[at]
    terms = [(block, -rows(matrix, 1)) for block, matrix in p]
    w.cones("reactive", [*terms, (q, -rows(_same(q), 2))], rhs, 3)


def columns_d(matrix: sp.csr_array, layout: Layout) -> Entries:
    """The columns of pairs that can discharge."""
    return Entries.of(matrix).transposed().rows(layout.rows_d).transposed()


def _back(layout: Layout) -> Entries:
    """[K, Kd] battery-side energy per unit discharged."""
    kd = layout.rows_d.size
    return Entries(layout.rows_d, np.arange(kd), 1.0 / layout.eta_d[layout.rows_d], (layout.eta_d.size, kd))


def _last_to_first(matrix: Entries, hours: int, steps: int) -> Entries:
    """[J N, K Q] takes the last step's value of each pair to the first later hour of its row."""
    return Entries(matrix.row * hours, matrix.column * steps + steps - 1, matrix.value,
                   (matrix.shape[0] * hours, matrix.shape[1] * steps))
