"""What makes a comparison of the audit a finding."""

import numpy as np
import pytest

from audit.finding import Check, findings, holds, same, within


def rows_of(check):
    return [(finding.row, finding.amount) for finding in findings("rule", check)]


@pytest.mark.parametrize(("value", "broken"), [(1.0, False), (2.0, False), (0.9, True), (2.1, True), (np.nan, True)])
def test_a_value_is_held_from_below_and_above_and_must_be_one(value, broken):
    assert bool(rows_of(within("x", [1.5, value], 1.0, 2.0, "kW"))) == broken


def test_what_is_no_number_is_the_same_as_nothing_else():
    assert rows_of(same("x", [np.nan, 1.0], [np.nan, 1.0], "kW")) == []
    assert [row for row, _ in rows_of(same("x", [1.0, np.nan], [1.0, 1.0], "kW"))] == [1]
    assert [row for row, _ in rows_of(same("x", [1.0, 1.0], [np.nan, 1.0], "kW"))] == [0]


def test_infinity_is_the_same_as_itself():
    assert rows_of(same("x", [np.inf], [np.inf], "kW")) == []
    assert len(rows_of(same("x", [np.inf], [1.0], "kW"))) == 1


def test_rounding_is_allowed_against_the_largest_value():
    assert rows_of(same("x", [1e6 + 5e-3, 1.0], [1e6, 1.0], "kW")) == []
    assert rows_of(same("x", [1e6, 1.0 + 2e-2], [1e6, 1.0], "kW")) == [(1, pytest.approx(2e-2))]


def test_the_first_step_and_the_largest_amount_are_told():
    assert rows_of(Check("x", [0.0, 1.0, 3.0, np.nan], 0.5, "kW")) == [(1, 3.0)]
    assert rows_of(holds("x", [True, True])) == []
    assert rows_of(holds("x", [True, False])) == [(1, 1.0)]
