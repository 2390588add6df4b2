"""Laws of the lower layer: relaxation and power flow agree, sharing keeps sums and limits, order is irrelevant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.spatial.branch_flow.sharing import Asked, share
from controllers.spatial.branch_flow.targets import hour_targets
from controllers.spatial.judge import Judge
from controllers.spatial.pro_rata import Cars
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33
from models.records.flexibility import PairIndex
from models.records.groups import THREE_CLASSES
from tests.controllers.spatial.network_relaxation import solve_network

FEEDER = ieee33(v_min_pu=0.8, v_max_pu=1.2)
AC = ac_engine(FEEDER).power_flow
SEEDS = st.integers(0, 2**32 - 1)


@settings(deadline=None, derandomize=True, max_examples=8)
@given(SEEDS)
def test_relaxation_is_exact_for_any_load_that_is_drawn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p_kw = FEEDER.p_base_kw * rng.uniform(0.0, 1.2, (2, 33))
    q_kvar = FEEDER.q_base_kvar * rng.uniform(0.0, 1.2, (2, 33))
    answer = solve_network(FEEDER, p_kw, q_kvar)
    assert Judge(FEEDER, AC).compare(p_kw, q_kvar, answer.vm_pu, answer.losses_kw).agrees


@settings(deadline=None, derandomize=True, max_examples=20)
@given(SEEDS)
def test_losses_fall_with_a_little_injection_at_any_bus(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p_kw = FEEDER.p_base_kw * rng.uniform(0.3, 1.2)
    less = np.tile(p_kw, (2, 1))
    less[1, rng.integers(1, 33)] -= 1.0
    losses = AC(less, np.tile(FEEDER.q_base_kvar, (2, 1))).losses_kw
    assert losses[1] < losses[0]


def drawn_cars(rng: np.random.Generator, count: int, cohorts: int) -> Cars:
    lo_kw = rng.choice([-7.0, -3.0, 0.0, 2.0], count)
    hi_kw = np.maximum(lo_kw, rng.uniform(0.0, 7.0, count))
    least_kw = np.maximum(lo_kw, 0.0)
    ones = np.ones(count)
    return Cars(index=np.arange(count), row=rng.integers(0, cohorts, count), lo_kw=lo_kw, hi_kw=hi_kw,
                need_kw=least_kw + rng.choice([0.0, 0.5, 1.0], count) * (hi_kw - least_kw),
                laxity=rng.normal(5.0, 4.0, count),
                p_charge_max_kw=7 * ones, p_discharge_max_kw=7 * ones, present_s=900 * ones, rest_s=900 * ones)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(SEEDS, st.integers(0, 30))
def test_sharing_keeps_limits_and_gives_cohorts_what_they_can_take(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    cohorts, pairs = 4, 6
    cars = drawn_cars(rng, count, cohorts)
    pair = np.where(rng.random(count) < 0.2, pairs, rng.integers(0, pairs, count))
    asked = Asked(np.zeros(pairs), np.zeros(pairs), rng.uniform(0, 30, cohorts), np.zeros(cohorts))
    given_kw = share(asked, cars, pair)
    assert np.all(given_kw <= cars.hi_kw + 1e-9) and np.all(given_kw >= cars.lo_kw - 1e-9)
    charged = np.bincount(cars.row, np.maximum(given_kw, 0.0), cohorts)
    room = np.bincount(cars.row, cars.hi_kw, cohorts)
    forced = np.bincount(cars.row, np.maximum(cars.lo_kw, 0.0), cohorts)
    assert np.allclose(charged, np.maximum(np.minimum(asked.cohort_c_kw, room), forced))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(SEEDS, st.integers(0, 30))
def test_sharing_gives_cohorts_the_discharge_they_can_deliver(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    cars = drawn_cars(rng, count, 4)
    pair = rng.integers(0, 7, count)
    asked = Asked(np.zeros(6), rng.uniform(0, 4, 6), np.zeros(4), rng.uniform(0, 30, 4) + 24.0)
    given_kw = share(asked, cars, pair)
    discharged = np.bincount(cars.row, np.maximum(-given_kw, 0.0), 4)
    able = np.bincount(cars.row, np.maximum(-cars.lo_kw, 0.0), 4)
    assert np.allclose(discharged, np.minimum(asked.cohort_d_kw, able))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(SEEDS)
def test_nobody_gets_more_than_wanted_while_a_car_of_the_cohort_lacks_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pair = rng.integers(0, 6, 20)
    cars = replace(drawn_cars(rng, 20, 3), row=pair % 3)
    asked = Asked(rng.uniform(0, 20, 6), np.zeros(6), rng.uniform(0, 40, 3), np.zeros(3))
    given_kw = share(asked, cars, pair)
    has_more = np.bincount(cars.row, given_kw > cars.need_kw + 1e-9, 3) > 0
    lacks = np.bincount(cars.row, given_kw < cars.need_kw - 1e-9, 3) > 0
    assert not np.any(has_more & lacks)


def test_beyond_what_is_wanted_the_optimum_decides_where() -> None:
    """One cohort at two buses; each car wants 1 kW more; the optimum asks it all of the second bus."""
    two = np.ones(2)
    cars = Cars(index=np.arange(2), row=np.zeros(2, dtype=np.int64), lo_kw=0 * two, hi_kw=7 * two, need_kw=two,
                laxity=np.array([1.0, 2.0]), p_charge_max_kw=7 * two, p_discharge_max_kw=7 * two,
                present_s=900 * two, rest_s=900 * two)
    asked = Asked(np.array([0.0, 5.0]), np.zeros(2), np.array([5.0]), np.zeros(1))
    assert share(asked, cars, np.arange(2)).tolist() == [1.0, 4.0]


@settings(deadline=None, derandomize=True, max_examples=30)
@given(SEEDS)
def test_sharing_does_not_depend_on_the_order_of_cars(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pair = rng.integers(0, 5, 20)
    cars = replace(drawn_cars(rng, 20, 3), row=pair % 3)
    asked = Asked(rng.uniform(0, 8, 5), rng.uniform(0, 8, 5), rng.uniform(0, 30, 3), rng.uniform(0, 20, 3))
    order = rng.permutation(20)
    shuffled = Cars(**{name: getattr(cars, name)[order] for name in Cars.__dataclass_fields__})
    assert np.allclose(share(asked, cars, pair)[order], share(asked, shuffled, pair[order]))


@settings(deadline=None, derandomize=True, max_examples=30)
@given(SEEDS, st.integers(0, 47), st.integers(1, 30))
def test_targets_of_each_group_are_neither_lost_nor_made(seed: int, hour: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    targets = rng.uniform(0, 5, (THREE_CLASSES.count * 49, 48))
    most = rng.uniform(0, 5, (THREE_CLASSES.count, bins)) * (rng.random((THREE_CLASSES.count, bins)) < 0.5)
    least = most * rng.choice([0.0, 0.3, 1.0], (THREE_CLASSES.count, 1))
    now = hour_targets(targets, 48, hour, bins, least, most)
    assert np.allclose(now.sum(axis=1), targets[:, hour].reshape(THREE_CLASSES.count, 49).sum(axis=1))
    assert np.all(now >= 0)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(SEEDS, st.floats(0.0, 1.0))
def test_what_cars_beyond_the_horizon_can_do_together_no_bin_is_asked_beyond(seed: int, part: float) -> None:
    rng = np.random.default_rng(seed)
    most = rng.uniform(0, 5, (THREE_CLASSES.count, 25)) * (rng.random((THREE_CLASSES.count, 25)) < 0.5)
    least = most * rng.uniform(0, 1, most.shape)
    asked = least.sum(axis=1) + part * (most - least).sum(axis=1)
    targets = np.zeros((THREE_CLASSES.count * 49, 48))
    targets[48::49, 10] = asked  # the plan ends 38 h later: all bins but the last are before it
    late = hour_targets(targets, 48, 10, 25, least, most)
    assert np.allclose(late[:, -1], asked)
    targets[48::49, 47] = asked
    now = hour_targets(targets, 48, 47, 25, *(np.where(np.arange(25) >= 1, kw, 0.0) for kw in (least, most)))
    can = np.where(np.arange(25) >= 1, most, 0.0)
    fits = asked <= can.sum(axis=1) + 1e-9
    assert np.all((now <= can + 1e-9)[fits])
    assert fits.any() or part == 1.0


@settings(deadline=None, derandomize=True, max_examples=20)
@given(SEEDS)
def test_cars_find_their_pair_in_any_order_of_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    keys = rng.permutation(33 * THREE_CLASSES.count * 5)[:200]
    pairs = PairIndex(keys // (THREE_CLASSES.count * 5), keys // 5 % THREE_CLASSES.count, keys % 5, 5)
    assert np.array_equal(pairs.rows(pairs.bus_index, pairs.group, pairs.departure_bin), np.arange(200))
    missing = np.setdiff1d(np.arange(33 * THREE_CLASSES.count * 5), keys)[:50]
    rows = pairs.rows(missing // (THREE_CLASSES.count * 5), missing // 5 % THREE_CLASSES.count, missing % 5)
    assert np.all(rows == -1)
