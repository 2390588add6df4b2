"""Rows as tables of a page."""

from __future__ import annotations

import pytest

from experiments.publishing import markdown as m
from experiments.publishing.tables import PublishedError

ROWS = [{"controller": "a", "rate": "0.60", "usd": "1234.5", "half": "12"},
        {"controller": "a", "rate": "0.30", "usd": "-7", "half": "nan"},
        {"controller": "b", "rate": "0.30", "usd": "0", "half": ""}]


@pytest.mark.parametrize(("text", "form", "wanted"), [
    ("-6.6e-18", ".2f", "0.00"), ("-0.3", "+,.0f", "+0"), ("-0.6", "+,.0f", "-1"),
    ("1234.5", ",.0f", "1,234"), ("1,234.5", ".1f", "1234.5"), ("0.345", ".1%", "34.5 %"), ("nan", ".1f", ""),
    ("inf", ".0f", ""), ("", ".1f", ""), ("-", ".1f", ""), ("h9-14", "", "h9-14"), ("-0.0", "+.1f", "+0.0"),
    ("-0.004", "+.1f", "+0.0"), ("-0.00004", ".2%", "0.00 %"), ("-0.05", "+.1f", "-0.1")])
def test_a_cell_is_shown_by_its_format(text: str, form: str, wanted: str) -> None:
    assert m.shown(text, form) == wanted


def test_words_have_no_format() -> None:
    with pytest.raises(PublishedError, match="'abc' is no number"):
        m.shown("abc", ".1f")


def test_a_listing_has_a_line_per_row() -> None:
    text = m.listing(ROWS[:2], [m.code("who", "controller"), m.interval("usd", "usd", "half")])
    assert text.splitlines() == ["| who | usd |", "| --- | --- |", "| `a` | +1,234 ± 12 |", "| `a` | -7 |"]


def test_a_cross_leaves_places_without_row_empty() -> None:
    text = m.cross(ROWS, [m.code("", "controller")], m.column("", "rate", ".0%"), lambda row: row["usd"])
    assert text.splitlines() == ["|  | 60 % | 30 % |", "| --- | --- | --- |", "| `a` | 1234.5 | -7 |", "| `b` |  | 0 |"]


def test_two_rows_at_one_place_are_refused() -> None:
    with pytest.raises(PublishedError, match="two rows at"):
        m.cross([*ROWS, ROWS[0]], [m.code("", "controller")], m.column("", "rate"), lambda row: row["usd"])


def test_figures_stand_in_the_order_asked_with_their_formats() -> None:
    rows = [{"controller": c, "metric": name, "value": value}
            for c, name, value in (("x", "a_usd", "1"), ("x", "b_mwh", "2.25"), ("y", "a_usd", "3"),
                                   ("y", "b_mwh", ""))]
    text = m.figures_by(rows, {"b_mwh": ".1f", "a_usd": ".0f"})
    assert text.splitlines()[2:] == ["| `b_mwh` | 2.2 |  |", "| `a_usd` | 1 | 3 |"]


def test_bars_in_cells_do_not_end_them() -> None:
    assert m.markdown(["|p|"], [["a|b"]]).splitlines()[::2] == [r"| \|p\| |", r"| a\|b |"]
