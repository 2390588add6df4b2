"""Who complied in a step, and why the others did not."""

from dataclasses import fields

import numpy as np

from models.drivers.compliance import compare, none_instructed


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
