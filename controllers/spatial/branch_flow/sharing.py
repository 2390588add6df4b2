"""From the powers of pairs (bus, group, departure) to set-points of cars, with the cohort's sum kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.disaggregation import fill, least_laxity, sorted_by_row
from controllers.spatial.pro_rata import Cars
from models.records import GROUP_COUNT, Floats, Ints, PairIndex

DUST_KW = 1e-3
"""Powers below it are a solver's rounding, not a wish."""


def without_dust(power_kw: Floats) -> Floats:
    """The same powers, with what is below 1 W (or negative) set to 0."""
    return np.where(power_kw < DUST_KW, 0.0, power_kw)


def pair_of_cars(pairs: PairIndex, bus: Ints, group: Ints, departure_bin: Ints) -> Ints:
    """Row of PairIndex of each car [N], -1 where there is none."""
    keys = (pairs.bus_index * GROUP_COUNT + pairs.group) * pairs.bins + pairs.departure_bin
    order = np.argsort(keys, kind="stable")
    key = (bus * GROUP_COUNT + group) * pairs.bins + departure_bin
    place = np.minimum(np.searchsorted(keys, key, sorter=order), keys.size - 1)
    row = order[place]
    return np.asarray(np.where(keys[row] == key, row, -1), dtype=np.int64)


@dataclass(frozen=True)
class Asked:
    """Powers over one step, in set-points (already divided by the assumed compliance), kW >= 0."""

    pair_c_kw: Floats
    """[K] of the layout's pairs."""
    pair_d_kw: Floats
    cohort_c_kw: Floats
    """[GROUP_COUNT * bins]"""
    cohort_d_kw: Floats


def share(asked: Asked, cars: Cars, pair: Ints) -> Floats:
    """Mean powers [N] within every car's limits; `cars.row` is the cohort, `pair` [N] in 0..K (K: in no pair).

    First each pair's cars by least laxity; then what a cohort still lacks, or what forced charging gave it too
    much, goes to or comes from its other cars at whatever bus, again by laxity.
    """
    none = np.zeros(1)
    given = least_laxity(np.r_[asked.pair_c_kw, none], np.r_[asked.pair_d_kw, none], pair,
                         cars.lo_kw, cars.hi_kw, cars.laxity)
    if not given.size:
        return given
    rows = asked.cohort_c_kw.size
    order = sorted_by_row(cars.row, cars.laxity)
    lacks_d = asked.cohort_d_kw - np.bincount(cars.row, np.maximum(-given, 0.0), rows)
    room_d = np.where(given <= 0, given + np.maximum(-cars.lo_kw, 0.0), 0.0)
    given = given - fill(np.maximum(lacks_d, 0.0), room_d, cars.row, order[::-1], rows)
    lacks_c = asked.cohort_c_kw - np.bincount(cars.row, np.maximum(given, 0.0), rows)
    room_c = np.where(given >= 0, np.maximum(cars.hi_kw - given, 0.0), 0.0)
    more = fill(np.maximum(lacks_c, 0.0), room_c, cars.row, order, rows)
    spare = np.maximum(np.maximum(given, 0.0) - np.maximum(cars.lo_kw, 0.0), 0.0)
    less = fill(np.maximum(-lacks_c, 0.0), spare, cars.row, order[::-1], rows)
    return np.asarray(given + more - less, dtype=np.float64)
