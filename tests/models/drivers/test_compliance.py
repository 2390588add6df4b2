"""Who complied in a step, and why the others did not."""

from dataclasses import fields

import numpy as np

from models.drivers.compliance import Compliance, compare, none_instructed


def test_the_short_way_for_nobody_instructed_says_what_the_long_one_does() -> None:
    random = np.random.default_rng(3)
    enrolled, nobody = random.random(40) < 0.6, np.zeros(40, dtype=np.bool_)
    charged = random.uniform(0, 5, 40)
    whole = compare(np.zeros(40), np.zeros(40), charged, np.zeros(40), nobody, enrolled, random.integers(0, 5, 40),
                    random.random(40) < 0.5, nobody, 0.25)
    short = none_instructed(enrolled)
    np.testing.assert_array_equal(short.behaviour, whole.behaviour)
    np.testing.assert_array_equal(short.by_behaviour, whole.by_behaviour)
    assert [getattr(short, f.name) for f in fields(short)[1:] if f.name != "by_behaviour"] == \
        [getattr(whole, f.name) for f in fields(whole)[1:] if f.name != "by_behaviour"]


def compared(held_kwh: float, charged_kwh: float, discharged_kwh: float = 0.0, hours: float = 0.25,
             asked_kwh: float | None = None) -> Compliance:
    """One enrolled car that is asked and would follow."""
    car = np.ones(1)
    return compare(car * (held_kwh if asked_kwh is None else asked_kwh), car * held_kwh, car * charged_kwh,
                   car * discharged_kwh, car > 0, car > 0, np.zeros(1, dtype=np.int64), car < 0, car < 0, hours)


def test_a_car_complies_within_its_tolerance_of_power_whatever_the_step() -> None:
    """0.2 kW of 4 kW are 0.05 kWh of a quarter; of 20 kW it is 2 %."""
    assert compared(1.0, 1.049).complied_count == 1
    assert compared(1.0, 1.051).complied_count == 0
    assert compared(4.0, 4.19, hours=1.0).complied_count == 1
    assert compared(5.0, 5.09).complied_count == 1
    assert compared(5.0, 5.11).complied_count == 0


def test_what_exceeds_the_instruction_is_not_delivered() -> None:
    down, up = compared(1.0, 3.0, asked_kwh=0.8), compared(-1.0, 0.0, 3.0, asked_kwh=-0.8)
    assert (down.instructed_down_kwh, down.delivered_down_kwh) == (0.8, 0.8)
    assert (up.instructed_up_kwh, up.delivered_up_kwh) == (0.8, 0.8)
    assert compared(-1.0, 0.0, 0.5).delivered_up_kwh == 0.5
