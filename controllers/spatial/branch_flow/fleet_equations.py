"""The cars' equations (10)-(15) of the lower layer: one function, one equation, on cvxpy's unknowns or on grids.

Powers are MW, energies MWh, money $. Letters as in layout.py; arrays [rows, periods].
(10) bounds of pairs and rows        (11) pc/pc_max + pd/pd_max <= 1
(12) x(t) = x(t-1) + (eta_c pc - pd/eta_d) dt within the envelope     (13) hour targets with slack, quarters with
a tenth of its price        (14) later targets by zone and charger kind        (15) objective
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.rows.entries import Entries, picks, steps_back
from controllers.rows.grid import beside, cones, entries, flat, periods_of, rows_of, times, total
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from models.records.arrays import Floats, Ints

QUARTER_SHARE = 0.1
"""Price of a quarter's deviation from the hour's mean over the price of target slack (docs/model.md 4.3)."""
TIE_BREAK_USD_PER_MWH = 0.05
"""Tiny cost of p^2 / p_max (share-weighted), so that the optimum is unique and neither row order nor solver
decides; at full power it is 0.05 $/MWh, against loss prices of some $/MWh between buses (A)."""
SMALLEST_SHARE_MW = 1e-4
ELASTIC_USD_PER_MWH = 2.0e3
"""Price of energy below the envelope in the repair problem: far above target slack at any bus (A)."""


@dataclass(frozen=True)
class Side:
    """What charging, or discharging, has of its own: power and what is missed of its targets."""

    power: Any
    """[K, Q] charging; [Kd, Q] discharging."""
    later: Any
    """[J, N]"""
    under: Any
    """[C, 1] mean power missing to an hour's target."""
    over: Any
    up: Any
    """[C, Q] step's power above the hour's mean."""
    down: Any
    later_under: Any
    """[W, N'] of the later hours that the plan covers."""
    later_over: Any

    @property
    def all(self) -> tuple[Any, ...]:
        return (self.power, self.later, self.under, self.over, self.up, self.down, self.later_under, self.later_over)


@dataclass(frozen=True)
class Cars:
    """Unknowns of the cars; all but energies and reactive power are not below 0."""

    charge: Side
    discharge: Side
    x: Any
    """[K, Q] energy at the end of each step."""
    later_x: Any
    """[J, N]"""
    q: Any = None
    """[Kd, Q] reactive power; None where it is not used."""
    later_q: Any = None
    """[J, N]"""
    short: Any = None
    """[K, Q] energy below the envelope; repair only."""
    later_short: Any = None


# ---------------------------------------------------------------- sums
def active_power(layout: Layout, inputs: Inputs, cars: Cars, *, slow_only: bool = False) -> Any:
    """[L, T] cars' power at each bus; of slow chargers alone: behind the bus's own transformer."""
    now, later = (layout.pair_bus_slow, layout.later_bus_slow) if slow_only else (layout.pair_bus, layout.later_bus)
    here, there = Entries.of(now), Entries.of(later)
    c, d, row = cars.charge, cars.discharge, layout.row_later
    # [L, K] times [K, Q]: sparse, as a pair stands at one bus
    present = rows_of(here, c.power) - rows_of(columns_d(here, layout), d.power)
    shared = times(inputs.later_share_c, c.later[row]) - times(inputs.later_share_d, d.later[row])
    return beside(present, rows_of(there, shared))


def reactive_power(layout: Layout, inputs: Inputs, cars: Cars) -> Any:
    """[L, T] of the chargers; 0 where it is not used."""
    if cars.q is None:
        return 0.0
    now = rows_of(columns_d(Entries.of(layout.pair_bus), layout), cars.q)
    shared = times(inputs.later_share_d, cars.later_q[layout.row_later])
    return beside(now, rows_of(Entries.of(layout.later_bus), shared))


def columns_d(matrix: Entries, layout: Layout) -> Entries:
    """The columns of pairs that can discharge."""
    return matrix.transposed().rows(layout.rows_d).transposed()


def known_hours(inputs: Inputs) -> Ints:
    """[N'] later hours that the plan covers."""
    return np.flatnonzero(inputs.later_slack_usd_per_mw[0] > 0)


# ---------------------------------------------------------------- limits
def signs(cars: Cars) -> list[Any]:
    """All but energies and reactive power >= 0."""
    short = [power for power in (cars.short, cars.later_short) if power is not None]
    return [power >= 0.0 for power in (*cars.charge.all, *cars.discharge.all, *short)]


def eq10_power_bounds(layout: Layout, inputs: Inputs, cars: Cars) -> list[Any]:
    """(10) pc <= pc_max, pd <= pd_max (and >= 0: `signs`); only where (11) does not imply it already."""
    # rows that imply each other make a problem degenerate: the solver slows down and duals are not unique
    one_way = np.zeros(inputs.pc_max.shape, dtype=bool)
    one_way[layout.rows_c] = True
    most = ((cars.charge.power, inputs.pc_max, one_way),
            (cars.discharge.power, inputs.pd_max, inputs.pc_max[layout.rows_d] <= 0),
            (cars.discharge.later, inputs.later_pd_max, inputs.later_pc_max <= 0))
    at = [np.flatnonzero(flat(needed & (limit > 0))) for _, limit, needed in most]
    return [entries(power, where) <= flat(limit)[where]
            for (power, limit, _), where in zip(most, at, strict=True) if where.size]


def eq11_one_direction(layout: Layout, inputs: Inputs, cars: Cars) -> list[Any]:
    """(11) pc + (pc_max / pd_max) pd <= pc_max: a car does not charge and discharge at once."""
    c, d = cars.charge, cars.discharge
    return [c.power[layout.rows_d] + times(inputs.ratio, d.power) <= inputs.pc_max[layout.rows_d],
            c.later + times(inputs.later_ratio, d.later) <= inputs.later_pc_max]


def eq12_envelopes(layout: Layout, inputs: Inputs, cars: Cars) -> list[Any]:
    """(12) x_min <= x <= x_max at period ends; a row's x goes on from the sum of its pairs' x."""
    c, d, step_h = cars.charge, cars.discharge, 1.0 / layout.steps
    drawn = step_h * rows_of(_back(layout), d.power)
    gain = times(layout.eta_c[:, None] * step_h, c.power) - drawn
    later_gain = times(layout.later_eta_c[:, None], c.later) - times(1.0 / layout.later_eta_d[:, None], d.later)
    # later hours know no departures, only rows: what the hour's pairs have taken is where their row begins
    carried = periods_of(rows_of(Entries.of(layout.pair_later), cars.x), _last_to_first(layout))
    constraints = [periods_of(cars.x, steps_back(layout.steps)) == gain,
                   periods_of(cars.later_x, steps_back(layout.hours)) - carried == later_gain]
    for x, low, high, short in ((cars.x, inputs.x_min, inputs.x_max, cars.short),
                                (cars.later_x, inputs.later_x_min, inputs.later_x_max, cars.later_short)):
        constraints += [x <= high, (x if short is None else x + short) >= low]
    return constraints


def eq13_hour_targets(layout: Layout, inputs: Inputs, cars: Cars) -> list[Any]:
    """(13) sum of pairs(q) = target - under + over + up(q) - down(q), sum_q up = sum_q down, per cohort."""
    every, constraints = Entries.of(layout.pair_cohort), []
    steps = np.arange(layout.steps)
    each_step = Entries(np.zeros_like(steps), steps, np.ones(steps.size), (1, steps.size))
    for side, matrix, target in ((cars.charge, every, inputs.target_c),
                                 (cars.discharge, columns_d(every, layout), inputs.target_d)):
        # slack for the hour as a whole, and between its quarters: lateness within the hour costs a tenth
        missed = periods_of(side.under - side.over, each_step) - side.up + side.down
        constraints += [rows_of(matrix, side.power) + missed == np.repeat(target, layout.steps, axis=1),
                        periods_of(side.up - side.down, each_step.transposed()) == 0.0]
    return constraints


def eq14_later_targets(layout: Layout, inputs: Inputs, cars: Cars) -> list[Any]:
    """(14) sum over a zone's buses of one charger kind = target - under + over, in hours that the plan covers."""
    at = known_hours(inputs)
    if not at.size:
        return []
    zones, chosen = Entries.of(layout.later_zone), picks(at, layout.hours).transposed()
    return [rows_of(zones, periods_of(side.later, chosen)) + side.later_under - side.later_over == target[:, at]
            for side, target in ((cars.charge, inputs.later_target_c), (cars.discharge, inputs.later_target_d))]


def eq_reactive(layout: Layout, inputs: Inputs, cars: Cars) -> list[Any]:
    """Reactive power within each bidirectional charger's kVA, || (p, q) || <= kVA; none when it is not used.

    kVA = the rated discharging power of the plugged bidirectional cars. In later hours, where one-way cars share
    the row, charging takes its full power from the room for q: on the safe side (for the sum of a neighbourhood).
    """
    if cars.q is None:
        return []
    c, d = cars.charge, cars.discharge
    now, later = (np.flatnonzero(flat(limit > 0)) for limit in (inputs.pd_max, inputs.later_pd_max))
    constraints = [cones(flat(limit)[at], entries(p, at), entries(q, at)) for limit, at, p, q in (
        (inputs.pd_max, now, c.power[layout.rows_d] - d.power, cars.q),
        (inputs.later_pd_max, later, -d.later, cars.later_q)) if at.size]
    if not later.size:
        return constraints
    room, taken = flat(inputs.later_pc_max)[later], entries(cars.later_q, later)
    charging = entries(c.later, later)
    return [*constraints, taken + charging <= room, charging - taken <= room]


# ---------------------------------------------------------------- objective
def eq15_cars_usd(layout: Layout, inputs: Inputs, cars: Cars, slack_usd_per_mwh: float) -> Any:
    """(15) wear x discharge, and what is missed of targets at its price."""
    c, d, at = cars.charge, cars.discharge, known_hours(inputs)
    # $ per MWh times the step's hours: powers are MW
    wear = layout.wear_usd_per_mwh[layout.rows_d][:, None] / layout.steps
    usd = total(times(wear, d.power)) + total(times(layout.later_wear_usd_per_mwh[:, None], d.later))
    quarter = QUARTER_SHARE * slack_usd_per_mwh / layout.steps
    later = inputs.later_slack_usd_per_mw[:, at]
    for side in (c, d):
        usd = usd + slack_usd_per_mwh * (total(side.under) + total(side.over))
        usd = usd + quarter * (total(side.up) + total(side.down))
        if at.size:
            usd = usd + total(times(later, side.later_under)) + total(times(later, side.later_over))
    for short in (cars.short, cars.later_short):
        usd = usd if short is None else usd + ELASTIC_USD_PER_MWH * total(short)
    return usd


def eq15_squares(layout: Layout, inputs: Inputs, cars: Cars) -> list[tuple[Any, Floats]]:
    """(15) eps sum p^2 / p_max dt, strictly convex in every power: unknowns and the weights of their squares."""
    dt = 1.0 / layout.steps
    return [(power, TIE_BREAK_USD_PER_MWH * hours / np.maximum(limit, SMALLEST_SHARE_MW)) for power, limit, hours in (
        (cars.charge.power, inputs.pc_max, dt), (cars.discharge.power, inputs.pd_max, dt),
        (cars.charge.later, inputs.later_pc_max, 1.0), (cars.discharge.later, inputs.later_pd_max, 1.0))]


# ---------------------------------------------------------------- small matrices
def _back(layout: Layout) -> Entries:
    """[K, Kd] battery-side energy per unit discharged."""
    kd = layout.rows_d.size
    return Entries(layout.rows_d, np.arange(kd), 1.0 / layout.eta_d[layout.rows_d], (layout.eta_d.size, kd))


def _last_to_first(layout: Layout) -> Entries:
    """[Q, N] takes the last step's value to the first later hour."""
    return Entries(np.array([layout.steps - 1]), np.zeros(1, dtype=np.int64), np.ones(1), (layout.steps, layout.hours))
