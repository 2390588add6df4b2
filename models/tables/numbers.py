"""Numbers of a user's table: one decimal sign for the whole file, no guess at thousands."""

from __future__ import annotations

import re
from collections.abc import Sequence

BLANKS = frozenset({"", "nan", "nat", "none", "null", "na", "n/a", "-"})
"""What stands, in small or large letters, for no value."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WITH_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
LIKE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


def is_blank(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in BLANKS


def decimal_sign(cells: Sequence[str]) -> str:
    """`comma` where numbers of the file have a comma and none a point, else `point`.

    ValueError where each comma could also part thousands.
    """
    commas = {cell.strip() for cell in cells if "," in cell and WITH_COMMA.fullmatch(cell.strip())}
    if not commas or any("." in cell and NUMBER.fullmatch(cell.strip()) for cell in cells):
        return "point"
    if all(LIKE_THOUSANDS.fullmatch(cell) for cell in commas):
        raise ValueError(f"{sorted(commas)[0]!r} may be a decimal comma or one of thousands; declare the decimal sign")
    return "comma"


def number(cell: str, sign: str) -> float:
    """The value of a cell; ValueError where it is no plain number with this decimal sign."""
    text, other = cell.strip(), "." if sign == "comma" else ","
    if other not in text and NUMBER.fullmatch(text := text.replace(",", ".", 1)):
        return float(text)
    raise ValueError(f"is no number with a decimal {sign}" if other in text else "is no number")
