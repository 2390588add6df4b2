"""Actions of policies: what is none is refused, what no car can do is told."""

import numpy as np
import pytest

from controllers.learned.acting import Acting, ActionError, _answered, action_size, checked_action, shared_power_kw
from controllers.learned.observing import LEAST, MOST, NUMBERS
from controllers.spatial.pro_rata import Cars
from models.records.groups import THREE_CLASSES
from tests.controllers.spatial import branch_flow_case as case


def cars(lo_kw: list[float], hi_kw: list[float], laxity: list[float]) -> Cars:
    count = len(lo_kw)
    zeros, ints = np.zeros(count), np.zeros(count, dtype=np.int64)
    return Cars(index=np.arange(count), row=ints, lo_kw=np.array(lo_kw), hi_kw=np.array(hi_kw), need_kw=zeros,
                laxity=np.array(laxity), p_charge_max_kw=np.full(count, 7.0), p_discharge_max_kw=np.full(count, 7.0),
                present_s=zeros, rest_s=zeros)


@pytest.mark.parametrize(("action", "words"), [
    ([0.1], r"has shape \(1,\), must be \(2,\)"), ([[0.1, 0.2]], r"has shape \(1, 2\)"),
    (["a", 0], "must be 2 numbers"),
    ([0.0, np.nan], "entry 1 is no finite number"), (None, "shape")])
def test_what_is_no_action_is_refused_in_words(action: object, words: str) -> None:
    with pytest.raises(ActionError, match=words):
        checked_action(action, 2)


def test_numbers_beyond_the_bounds_are_taken_as_the_bounds() -> None:
    assert checked_action([3, -2], 2).tolist() == [1.0, -1.0]
    assert action_size("district", 30, 18) == action_size("price", 30, 18) == 1
    assert action_size("cohort", 30, THREE_CLASSES.count) == THREE_CLASSES.count * 31


def test_power_goes_to_those_in_a_hurry_and_comes_from_those_with_time() -> None:
    fleet = cars([-5.0, 2.0, -5.0], [7.0, 7.0, 7.0], [10.0, 1.0, 5.0])
    assert shared_power_kw(np.array([9.0]), np.zeros(3, dtype=np.int64), fleet).tolist() == [0.0, 7.0, 2.0]
    assert shared_power_kw(np.array([-6.0]), np.zeros(3, dtype=np.int64), fleet).tolist() == [-5.0, 2.0, -1.0]
    assert shared_power_kw(np.array([-21.0]), np.zeros(3, dtype=np.int64), fleet).sum() == -8.0, "all that limits allow"


@pytest.mark.parametrize(("price", "mean_kw"), [
    (-1.0, [7.0, 7.0, 7.0]), (0.0, [-5.0, 7.0, 7.0]), (0.9, [-5.0, 7.0, -5.0]), (-0.9, [0.0, 7.0, 7.0])])
def test_cars_answer_a_price_by_the_time_they_have(price: float, mean_kw: list[float]) -> None:
    asked, answered = _answered(price, cars([-5.0, 2.0, -5.0], [7.0, 7.0, 7.0], [12.0, 0.0, 6.0]))
    assert answered.tolist() == mean_kw and asked == sum(-7.0 if value < 0 else value for value in mean_kw)


def test_at_the_least_price_cars_do_what_a_district_does_that_asks_for_all() -> None:
    """Every car that is there charges as fast as it can; at the highest price those in no hurry give back."""
    known = case.knowledge(case.fleet(), step_s=900, look_ahead_h=2)
    view = case.view(known, *case.parked(known.vehicles, 19 * 3600), 19)
    by_price, asked = Acting(known, "price").setpoints(view, [-1.0])
    by_district, whole = Acting(known, "district").setpoints(view, [1.0])
    assert np.array_equal(by_price.setpoint_kw, by_district.setpoint_kw) and (by_price.setpoint_kw > 0).any()
    assert asked.asked_kw.tolist() == whole.asked_kw.tolist() == [known.vehicles.p_charge_max_kw.sum()]
    assert asked.done_kw == pytest.approx(whole.done_kw)
    dear, answered = Acting(known, "price").setpoints(view, [1.0])
    assert (dear.setpoint_kw < 0).any() and answered.done_kw.sum() == pytest.approx(dear.setpoint_kw.sum())


def test_every_number_of_an_observation_has_a_name_a_unit_and_bounds() -> None:
    assert len({number.name for number in NUMBERS}) == len(NUMBERS) and all(number.unit for number in NUMBERS)
    assert (LEAST < MOST).all()
