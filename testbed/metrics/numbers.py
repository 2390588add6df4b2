"""Numbers as people read them in tables: so many digits, thousands apart, no exponent where it can be avoided."""

from __future__ import annotations

import math

SMALLEST = 1e-6


def readable(value: float, digits: int, sign: str = "") -> str:
    """`digits` significant digits (whole numbers keep all of theirs), e.g. 651,396 or -0.00062; sign "+" shows it.

    The value must be finite.
    """
    if value == 0 or abs(value) < SMALLEST:
        return f"{value:{sign}.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:{sign},.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
