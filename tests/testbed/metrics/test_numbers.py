"""Numbers in tables."""

import pytest

from testbed.metrics.numbers import readable


@pytest.mark.parametrize(("value", "digits", "sign", "text"), [
    (651396.4, 6, "", "651,396"), (27458.3, 4, "+", "+27,458"), (-0.00061994, 4, "+", "-0.0006199"),
    (0.0, 4, "+", "+0"), (103.0, 6, "", "103"), (1338.1277, 6, "", "1,338.13"), (1e-9, 4, "+", "+1e-09"),
    (4.98017e6, 6, "", "4,980,170"), (0.5, 6, "", "0.5"), (-2096.2, 4, "+", "-2,096"),
])
def test_digits_without_exponents(value, digits, sign, text):
    assert readable(value, digits, sign) == text
