"""What missing reserve costs."""

from __future__ import annotations

import numpy as np
import pytest

from models.records.reserve_curve import ReserveCurve, ReserveCurveError

CURVE = ReserveCurve((0.0, 0.1, 0.6), (200.0, 1000.0, 3000.0))


@pytest.mark.parametrize(("missing_mw", "usd"), [
    (0.0, 0.0), (-3.0, 0.0), (5.0, 1000.0), (10.0, 2000.0), (11.0, 3000.0), (60.0, 52_000.0), (61.0, 55_000.0),
    (100.0, 172_000.0), (140.0, 172_000.0),
])
def test_cost_is_the_integral_of_the_curve(missing_mw: float, usd: float) -> None:
    """100 MW asked for; what is missing beyond them is load shed, priced elsewhere."""
    assert CURVE.cost_usd_per_h(missing_mw, 100.0)[0] == pytest.approx(usd)


def test_cost_of_many_steps_at_once() -> None:
    usd = CURVE.cost_usd_per_h(np.array([5.0, 5.0, 0.0]), np.array([100.0, 10.0, 0.0]))
    assert usd.tolist() == [1000.0, 200.0 + 4000.0, 0.0]


def test_steps_fill_the_requirement() -> None:
    width = CURVE.steps(np.array([100.0, 50.0]))
    assert np.allclose(width, [[10.0, 5.0], [50.0, 25.0], [40.0, 20.0]])


def test_flat_is_one_price() -> None:
    assert ReserveCurve.flat(1000.0).cost_usd_per_h(np.array([7.0]), np.array([50.0]))[0] == 7000.0


def test_the_default_begins_low_and_ends_at_the_price_of_shed_load() -> None:
    curve = ReserveCurve.stepped(2500.0)
    assert curve.usd_per_mwh == (200.0, 1100.0, 2500.0) and curve.missing_share == (0.0, 0.04, 0.96)


def test_a_curve_over_reserve_held_is_turned_round() -> None:
    """3,000 $ below 40 % held, 1,000 $ up to 90 %, 200 $ from there on."""
    assert ReserveCurve.over_held((0.0, 0.4, 0.9), (3000.0, 1000.0, 200.0)) == CURVE


@pytest.mark.parametrize(("share", "usd", "said"), [
    ((0.0, 0.5), (200.0,), "2 shares"), ((0.1, 0.5), (1.0, 2.0), "rise from 0"),
    ((0.0, 0.0), (1.0, 2.0), "rise from 0"),
    ((0.0, 1.0), (1.0, 2.0), "below 1"), ((0.0, 0.5), (2.0, 1.0), "must not fall"), ((0.0,), (-1.0,), "below 0"),
    ((), (), "rise from 0"),
])
def test_what_is_no_curve_is_refused(share: tuple[float, ...], usd: tuple[float, ...], said: str) -> None:
    with pytest.raises(ReserveCurveError, match=said):
        ReserveCurve(share, usd)
