"""Tables of the user's own as the audit reads them: what the result holds, else the file; and when they begin."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from audit.finding import AuditError
from audit.own_tables import first_second, numbers_of, text_of

HOUR = 3600


def test_what_the_result_holds_is_read_before_the_file_that_may_have_changed(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    assert text_of({}, "prices", str(file)) is None
    file.write_text("\ufeffnow", encoding="utf-8")
    assert text_of({"prices": "then"}, "prices", str(file)) == "then"
    assert text_of({"profiles": "others"}, "prices", str(file)) == "now"


@pytest.mark.parametrize(("time", "zone", "date", "first_s"), [
    ("2024-03-05T00:00", None, dt.date(2024, 3, 5), 0),
    ("2024-03-04T22:30", None, "2024-03-05", -1.5 * HOUR),
    ("2024-03-05T01:00+01:00", None, dt.date(2024, 3, 5), HOUR),
    ("2024-03-05T00:00Z", "Europe/Berlin", dt.date(2024, 3, 5), HOUR),
    ("2024-04-01T00:00", "Europe/Berlin", dt.date(2024, 3, 31), 23 * HOUR),
    ("2024-03-31T22:00Z", "Europe/Berlin", dt.date(2024, 3, 31), 23 * HOUR),
    ("Sun, 31 Mar 2024 22:00:00 GMT", "Europe/Berlin", dt.date(2024, 3, 31), 23 * HOUR)])
def test_a_table_begins_so_long_after_the_midnight_of_the_start_date(time: str, zone: str | None, date: dt.date,
                                                                    first_s: float) -> None:
    """The last day of March has 23 hours in Berlin."""
    assert first_second([time], {"time_zone": zone}, date) == first_s


@pytest.mark.parametrize(("times", "date"), [([], dt.date(2024, 3, 5)), (["2024-03-05T00:00"], None)])
def test_rows_without_times_or_date_have_no_days_of_their_own(times: list[str], date: dt.date | None) -> None:
    assert first_second(times, {}, date) is None


def test_cells_that_are_no_numbers_are_named() -> None:
    with pytest.raises(AuditError, match=r"a table of the user's own: could not convert string to float: 'much'"):
        numbers_of("load_mw\n1\nmuch\n", {}, ["load_mw"])
