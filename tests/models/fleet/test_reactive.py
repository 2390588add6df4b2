"""Reactive power: shared by room, never beyond a charger's kVA, and only from cars that are there and follow."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fleet.reactive import reactive_kvar

ONE, TWO = np.ones(1), np.ones(2)
AT_0, BOTH_AT_0 = np.zeros(1, dtype=np.int64), np.zeros(2, dtype=np.int64)


def test_a_discharging_car_gives_what_its_rating_leaves() -> None:
    given_kvar = reactive_kvar(np.array([-50.0, 0.0]), AT_0, -4.2 * ONE, -4.2 * ONE, 7.0 * ONE, ONE, ONE)
    assert np.allclose(given_kvar, [-5.6, 0.0])  # 7^2 - 4.2^2 = 5.6^2


def test_what_is_asked_is_shared_by_room() -> None:
    """Rooms 7 and 5.6: one who leaves at once takes its share with it, nobody stands in."""
    power = np.array([0.0, 4.2])
    share = reactive_kvar(np.array([6.3]), BOTH_AT_0, power, power, 7.0 * TWO, TWO, np.array([1.0, 0.0]))
    assert np.allclose(share, 6.3 * 7.0 / 12.6)


def test_one_way_and_undispatched_chargers_give_none() -> None:
    asked, kva, told = np.array([5.0]), np.array([0.0, 7.0]), np.array([1.0, 0.0])
    assert reactive_kvar(asked, BOTH_AT_0, 0.0 * TWO, 0.0 * TWO, kva, told, TWO)[0] == 0.0


def test_a_car_that_charges_at_full_power_instead_has_no_room_left() -> None:
    did = np.array([0.0, 7.0])
    share = reactive_kvar(np.array([7.0]), BOTH_AT_0, 0.0 * TWO, did, 7.0 * TWO, TWO, TWO)
    assert np.allclose(share, 3.5)  # the other keeps to its half


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_never_more_than_asked_nor_than_the_room_of_those_who_follow(seed: int, cars: int) -> None:
    rng = np.random.default_rng(seed)
    asked, bus = rng.normal(0.0, 20.0, 4), rng.integers(0, 4, cars)
    p, kva = rng.uniform(-7.0, 7.0, cars), rng.choice([0.0, 7.0, 11.0], cars)
    told, share = rng.integers(0, 2, cars).astype(float), rng.uniform(0.0, 1.0, cars)
    got = reactive_kvar(asked, bus, rng.uniform(-7.0, 7.0, cars), p, kva, told, share)
    room = np.bincount(bus, np.sqrt(np.maximum(kva**2 - p**2, 0.0)) * told * share, 4)
    assert np.all(np.abs(got) <= np.minimum(np.abs(asked), room) + 1e-9)
    assert np.all(got * asked >= 0.0)
