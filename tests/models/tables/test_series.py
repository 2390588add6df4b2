"""Where the rows of a series stand in a run: repeated days, or days of their own on the clock of a place."""

import datetime as dt

import pytest

from models.tables.mistakes import TableError
from models.tables.series import TIME, span_of
from models.tables.table_format import TableFormat
from models.tables.user_table import UserTable

HOUR = 3600
BERLIN = TableFormat(time_zone="Europe/Berlin")


def span(folder, times, resolution_s=HOUR, date=None, form=None, header="time,x"):
    file = folder / "own.csv"
    file.write_text("\n".join([header, *(f"{time},1" for time in times)]) + "\n", encoding="utf-8")
    table = UserTable(file, {"x": ("x",), TIME: (TIME,)}, ("x",), ("x",), form or TableFormat())
    where = span_of(table, resolution_s, date)
    table.mistakes.refuse()
    return where


def hours(first, count, step_h=1):
    return [(first + dt.timedelta(hours=i * step_h)).isoformat() for i in range(count)]


def test_days_without_a_date_repeat(tmp_path):
    assert span(tmp_path, hours(dt.datetime(2019, 5, 6), 48)) == (0, True)


def test_rows_stand_where_their_times_say(tmp_path):
    times = hours(dt.datetime(2019, 5, 4, 22), 100)
    assert span(tmp_path, times, date=dt.date(2019, 5, 6)) == (-26 * HOUR, False)
    assert span(tmp_path, times, date=dt.date(2019, 5, 6), form=BERLIN) == (-26 * HOUR, False)


def test_offsets_are_put_on_the_clock_of_the_place(tmp_path):
    times = [time + "Z" for time in hours(dt.datetime(2019, 5, 4, 22), 100)]
    assert span(tmp_path, times, date=dt.date(2019, 5, 6), form=BERLIN) == (-24 * HOUR, False)


@pytest.mark.parametrize(("change", "hours_between"), [(dt.date(2019, 3, 31), 23), (dt.date(2019, 10, 27), 25)])
def test_between_midnights_of_a_clock_change_lie_as_many_hours_as_there_are(tmp_path, change, hours_between):
    """Rows are an hour apart; the day before begins at their first one, the day after a day of its own length later."""
    begin = dt.datetime.combine(change, dt.time(), BERLIN.zone).astimezone(dt.UTC)
    times = hours(begin, 30)
    assert span(tmp_path, times, date=change, form=BERLIN).first_s == 0
    next_day = change + dt.timedelta(days=1)
    assert span(tmp_path, times, date=next_day, form=BERLIN).first_s == -hours_between * HOUR


@pytest.mark.parametrize(("times", "message"), [
    (hours(dt.datetime(2019, 5, 6, 0, 30), 30), "rows do not meet the midnight of start_date=2019-05-06"),
    (hours(dt.datetime(2019, 5, 6), 30, 2), "is 7200 s after the row before, resolution_s says 3600"),
    (["soon", *hours(dt.datetime(2019, 5, 6, 1), 23)], r"csv: row 1 \(line 2\): column time 'soon' is no time[^\n]*$"),
    (["2019-10-27T00:00+02:00", "2019-10-27T00:00+01:00"], "has several offsets"),
])
def test_times_that_cannot_serve_are_told(tmp_path, times, message):
    with pytest.raises(TableError, match=message):
        span(tmp_path, times, date=dt.date(2019, 5, 6))


def test_a_date_needs_times(tmp_path):
    with pytest.raises(TableError, match="lacks a column time, by which start_date=2019-05-06 is found"):
        span(tmp_path, hours(dt.datetime(2019, 5, 6), 24), date=dt.date(2019, 5, 6), header="when,x")
