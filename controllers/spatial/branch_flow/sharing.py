"""From the powers of pairs (bus, group, departure) to set-points of cars, with the cohort's sum kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.disaggregation import fill, least_laxity, sorted_by_row
from controllers.spatial.pro_rata import Cars
from models.records.arrays import Floats, Ints

DUST_KW = 1e-3
"""Powers below it are a solver's rounding, not a wish."""


def without_dust(power_kw: Floats) -> Floats:
    """The same powers, with what is below 1 W (or negative) set to 0."""
    return np.where(power_kw < DUST_KW, 0.0, power_kw)


@dataclass(frozen=True)
class Asked:
    """Powers over one step, in set-points (already divided by the assumed compliance), kW >= 0."""

    pair_c_kw: Floats
    """[K] of the layout's pairs."""
    pair_d_kw: Floats
    cohort_c_kw: Floats
    """[groups * bins]"""
    cohort_d_kw: Floats


def share(asked: Asked, cars: Cars, pair: Ints) -> Floats:
    """Mean powers [N] within every car's limits; `cars.row` is the cohort, `pair` [N] in 0..K (K: in no pair).

    First each pair's cars by least laxity; then what a cohort still lacks, or what forced charging gave it too
    much, goes to or comes from its other cars at whatever bus, again by laxity. No car is charged beyond what its
    driver wants while another of its cohort lacks that: the other would have to charge later without a target.
    """
    none = np.zeros(1)
    needed_kw = np.maximum(cars.need_kw, np.maximum(cars.lo_kw, 0.0))
    # pairs first, since a pair is where the optimum wants the power; a last row takes cars of no pair
    given = least_laxity(np.r_[asked.pair_c_kw, none], np.r_[asked.pair_d_kw, none], pair,
                         cars.lo_kw, needed_kw, cars.laxity)
    if not given.size:
        return given
    rows = asked.cohort_c_kw.size
    order = sorted_by_row(cars.row, cars.laxity)
    # cars have come and gone since the decision: what pairs cannot do any more is the cohort's, at any bus
    # discharging before charging: a car that gives can take nothing, so the room for charging is known only afterwards
    lacks_d = asked.cohort_d_kw - np.bincount(cars.row, np.maximum(-given, 0.0), rows)
    room_d = np.where(given <= 0, given + np.maximum(-cars.lo_kw, 0.0), 0.0)
    given = given - fill(np.maximum(lacks_d, 0.0), room_d, cars.row, order[::-1], rows)
    # three rounds: needs at any bus, then pairs beyond need where the optimum wants it, then whatever the cohort still
    # lacks
    given = given + _charge_more(asked.cohort_c_kw, given, needed_kw, cars.row, order)
    given = given + _beyond_need(asked, given, cars, pair)
    given = given + _charge_more(asked.cohort_c_kw, given, cars.hi_kw, cars.row, order)
    # cars in a hurry charge whatever was asked: others give way, or the district would draw more than planned
    excess = np.bincount(cars.row, np.maximum(given, 0.0), rows) - asked.cohort_c_kw
    spare = np.maximum(np.maximum(given, 0.0) - np.maximum(cars.lo_kw, 0.0), 0.0)
    less = fill(np.maximum(excess, 0.0), spare, cars.row, order[::-1], rows)
    return np.asarray(given - less, dtype=np.float64)


def _charge_more(target_kw: Floats, given_kw: Floats, limit_kw: Floats, row: Ints, order: Ints) -> Floats:
    """What cars that do not discharge take in addition [N], up to limit_kw, of what their cohort lacks."""
    lacks = target_kw - np.bincount(row, np.maximum(given_kw, 0.0), target_kw.size)
    room = np.where(given_kw >= 0, np.maximum(limit_kw - given_kw, 0.0), 0.0)
    return fill(np.maximum(lacks, 0.0), room, row, order, target_kw.size)


def _beyond_need(asked: Asked, given_kw: Floats, cars: Cars, pair: Ints) -> Floats:
    """What the pairs of a cohort whose cars have all they need take in addition [N], as far as it still lacks."""
    pairs, cohorts = asked.pair_c_kw.size, asked.cohort_c_kw.size
    charged = np.maximum(given_kw, 0.0)
    wish = np.maximum(np.r_[asked.pair_c_kw, 0.0] - np.bincount(pair, charged, pairs + 1), 0.0)
    # a pair has one cohort; pairs without cars keep cohort 0, where their wish has no car to fill it
    cohort_of = np.zeros(pairs + 1, dtype=np.int64)
    cohort_of[pair] = cars.row
    wished = np.bincount(cohort_of, wish, cohorts)
    lacks = np.maximum(asked.cohort_c_kw - np.bincount(cars.row, charged, cohorts), 0.0)
    # pairs may together wish for more than the cohort lacks: all are cut alike
    share_of_wish = np.minimum(np.divide(lacks, wished, out=np.zeros(cohorts), where=wished > 0), 1.0)
    room = np.where(given_kw >= 0, np.maximum(cars.hi_kw - given_kw, 0.0), 0.0)
    order = sorted_by_row(pair, cars.laxity)
    return fill(wish * share_of_wish[cohort_of], room, pair, order, pairs + 1)
