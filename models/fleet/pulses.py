"""Sums over many constant powers, each between two instants of its own: at the cost of the powers, not times periods.

A power p from a to b has given p (min(t, b) - a)+ by t. Summed, that is a slope times t less a moment, and both
change only at the instants a and b: two running sums over the edges stand for all cars.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints


class _Pulses(NamedTuple):
    """Those [m] that matter before the last edge, in hours after the first, and the rows of edges they change at."""

    power_kw: Floats
    begin_h: Floats
    end_h: Floats
    begun: Ints
    """[m] row and first edge after the beginning."""
    ended: Ints
    """[m] row and first edge not before the end."""
    used: Ints
    """[u] rows that have any, which is few of many cohorts: rows above count among these."""


def pulse_energy_kwh(begin_s: Floats | Ints, hours: Floats, power_kw: Floats, row: Ints, count: int,
                     edges_s: Ints) -> Floats:
    """Energy [count, n + 1] given up to each of edges_s [n + 1]: sums by row [S] of powers [S] held for hours [S].

    A power that begins before the first edge has given something there.
    """
    pulses = _pulses(begin_s, hours, power_kw, row, count, edges_s)
    return _in_rows(_energy_kwh(pulses, edges_s), pulses.used, count)


def pulse_kw(begin_s: Floats | Ints, hours: Floats, power_kw: Floats, edges_s: Ints, row: Ints | None = None,
             count: int | None = None) -> Floats:
    """Mean power [count, n] of the same, none below 0, between edges_s [n + 1].

    Without row each power [S] has a row of its own. Exactly 0 where nothing runs.
    """
    if row is None or count is None:
        row, count = np.arange(power_kw.size), power_kw.size
    pulses = _pulses(begin_s, hours, power_kw, row, count, edges_s)
    given_kwh = np.diff(_energy_kwh(pulses, edges_s), axis=1)
    mean_kw = np.maximum(given_kwh, 0.0) / (np.diff(edges_s) / SECONDS_PER_HOUR)
    # a rounding of 1e-12 where nothing runs would keep an empty cohort alive in the plan
    return _in_rows(np.where(_runs(pulses, edges_s) > 0, mean_kw, 0.0), pulses.used, count)


def _pulses(begin_s: Floats | Ints, hours: Floats, power_kw: Floats, row: Ints, count: int, edges_s: Ints) -> _Pulses:
    # full batteries and one-way chargers make most pulses empty; left in they would cost as much as real ones
    kept = np.flatnonzero((power_kw != 0.0) & (hours > 0.0) & (begin_s < edges_s[-1]))
    # hours from the first edge: moments of large numbers would lose the digits that differences need
    edges_h, begin_h = _hours(edges_s, edges_s), _hours(begin_s[kept], edges_s)
    used, own = np.flatnonzero(np.bincount(row[kept], minlength=count)), np.zeros(count, dtype=np.int64)
    own[used] = np.arange(used.size)
    end_h, first = begin_h + hours[kept], own[row[kept]] * (edges_s.size + 1)
    return _Pulses(power_kw[kept], begin_h, end_h, first + np.searchsorted(edges_h, begin_h, side="right"),
                   first + np.searchsorted(edges_h, end_h), used)


def _energy_kwh(pulses: _Pulses, edges_s: Ints) -> Floats:
    power_kw, begin_h, end_h, begun, ended, used = pulses
    count = used.size
    slope_kw = _by_edge(begun, power_kw, count, edges_s) - _by_edge(ended, power_kw, count, edges_s)
    moment_kwh = (_by_edge(begun, power_kw * begin_h, count, edges_s)
                  - _by_edge(ended, power_kw * end_h, count, edges_s))
    return np.asarray(slope_kw.cumsum(axis=1) * _hours(edges_s, edges_s) - moment_kwh.cumsum(axis=1), dtype=np.float64)


def _runs(pulses: _Pulses, edges_s: Ints) -> Floats:
    """[u, n] powers that run in some part of each period, counted."""
    ones = np.ones(pulses.power_kw.size)
    begun, ended = (_by_edge(place, ones, pulses.used.size, edges_s).cumsum(axis=1)
                    for place in (pulses.begun, pulses.ended))
    return np.asarray(begun[:, 1:] - ended[:, :-1], dtype=np.float64)


def _by_edge(place: Ints, values: Floats, count: int, edges_s: Ints) -> Floats:
    # one place beyond the last edge takes what changes after it, and is dropped
    size = edges_s.size + 1
    return np.asarray(np.bincount(place, values, count * size).reshape(count, size)[:, :-1], dtype=np.float64)


def _in_rows(values: Floats, used: Ints, count: int) -> Floats:
    """[count, n] with 0 in the rows that are not used."""
    whole = np.zeros((count, values.shape[1]))
    whole[used] = values
    return whole


def _hours(instants_s: Floats | Ints, edges_s: Ints) -> Floats:
    return np.asarray((instants_s - edges_s[0]) / SECONDS_PER_HOUR, dtype=np.float64)
