"""Sums over many constant powers, each between two instants of its own: at the cost of the powers, not times periods.

A power p from a to b has given p (min(t, b) - a)+ by t. Summed, that is a slope times t less a moment, and both
change only at the instants a and b: two running sums over the edges stand for all cars.
"""

from __future__ import annotations

import numpy as np

from models.records import SECONDS_PER_HOUR, Floats, Ints

DECIMALS = 9
"""Of kWh, finer than any rounding of the sums."""


def pulse_energy_kwh(begin_s: Floats | Ints, hours: Floats, power_kw: Floats, row: Ints, count: int,
                     edges_s: Ints) -> Floats:
    """Energy [count, n + 1] given up to each of edges_s [n + 1]: sums by row [S] of powers [S] held for hours [S].

    A power that begins before the first edge has given something there.
    """
    edges_h = _hours(edges_s, edges_s)
    begin_h = _hours(begin_s, edges_s)
    size, instant_h = edges_h.size + 1, np.concatenate([begin_h, begin_h + np.maximum(hours, 0.0)])
    change_kw = np.concatenate([power_kw, -power_kw])
    place = np.searchsorted(edges_h, instant_h) + size * np.concatenate([row, row])
    slope_kw, moment_kwh = (np.bincount(place, values, count * size).reshape(count, size)[:, :-1].cumsum(axis=1)
                            for values in (change_kw, change_kw * instant_h))
    return np.asarray(np.round(slope_kw * edges_h - moment_kwh, DECIMALS), dtype=np.float64)


def pulse_kw(begin_s: Floats | Ints, hours: Floats, power_kw: Floats, edges_s: Ints, row: Ints | None = None,
             count: int | None = None) -> Floats:
    """Mean power [count, n] of the same, none below 0, between edges_s [n + 1].

    Without row each power [S] has a row of its own. Exactly 0 where nothing runs.
    """
    if row is None or count is None:
        row, count = np.arange(power_kw.size), power_kw.size
    energy_kwh = pulse_energy_kwh(begin_s, hours, power_kw, row, count, edges_s)
    mean_kw = np.maximum(np.diff(energy_kwh, axis=1), 0.0) / (np.diff(edges_s) / SECONDS_PER_HOUR)
    return np.where(_runs(_hours(begin_s, edges_s), hours, row, count, _hours(edges_s, edges_s)), mean_kw, 0.0)


def _runs(begin_h: Floats, hours: Floats, row: Ints, count: int, edges_h: Floats) -> Ints:
    """[count, n] powers that run in some part of each period, counted."""
    size = edges_h.size + 1
    begun = np.searchsorted(edges_h, begin_h, side="right")
    ended = np.maximum(np.searchsorted(edges_h, begin_h + np.maximum(hours, 0.0)), begun)
    begins, ends = (np.bincount(place + size * row, minlength=count * size).reshape(count, size).cumsum(axis=1)
                    for place in (begun, ended))
    return np.asarray(begins[:, 1:-1] - ends[:, :-2], dtype=np.int64)


def _hours(instants_s: Floats | Ints, edges_s: Ints) -> Floats:
    return np.asarray((instants_s - edges_s[0]) / SECONDS_PER_HOUR, dtype=np.float64)
