"""Times of users' tables: what counts as one, and where it stands on the local clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tables.times import clock_mistake, moment, parsed

PACIFIC = ZoneInfo("America/Los_Angeles")
HOUR = 3600


@pytest.mark.parametrize(("cell", "iso"), [
    ("2019-05-06T08:00:00", "2019-05-06T08:00:00"), (" 2019-05-06 08:00 ", "2019-05-06T08:00:00"),
    ("2019-05-06T08:00:59.999", "2019-05-06T08:00:59"), ("2019-05-06T08:00Z", "2019-05-06T08:00:00+00:00"),
    ("2019-05-06 08:00:00 -0700", "2019-05-06T08:00:00-07:00"),
    ("Mon, 06 May 2019 15:00:00 GMT", "2019-05-06T15:00:00+00:00"),
])
def test_forms_of_a_time(cell, iso):
    assert parsed(cell).isoformat() == iso


@pytest.mark.parametrize("cell", [
    "now", "2019", "2019-05", "2019-05-06", "1557129600", "05/06/2019 08:00", "06.05.2019 08:00", "today", "NaT",
    "0001-01-01T00:00:00", "9999-12-31T23:59:59", "1889-05-06T08:00", "2019-13-01T08:00", "2019-02-29T08:00",
    "2019-05-06T25:00", "2019-05-06T08:00+99:00", "20190506T080000", "2019-W19-1T08:00", "Mon, 06 May 19 15:00:00 GMT",
    "Xxx, 06 Xxx 2019 15:00:00 GMT", "\uff12\uff1019-05-06T08:00",
])
def test_what_is_no_time(cell):
    with pytest.raises(ValueError):
        parsed(cell)


@pytest.mark.parametrize(("cells", "zone", "words"), [
    (["2019-05-06T08:00", "2019-05-06T09:00"], None, ""),
    (["2019-05-06T08:00-07:00", "2019-12-06T08:00-08:00"], None, ""),
    (["2019-05-06T08:00Z"], None, "the local clock is not told"),
    (["2019-05-06T08:00-07:00", "2019-05-06T08:00"], None, "some times have an offset, others not"),
    (["2019-05-06T08:00Z", "2019-05-06T08:00"], PACIFIC, ""),
])
def test_a_clock_that_nobody_can_know_is_asked_for(cells, zone, words):
    problem = clock_mistake([parsed(cell) for cell in cells], zone)
    assert words in problem and bool(problem) == bool(words)


def wall(cell, zone=PACIFIC):
    return dt.datetime.fromtimestamp(moment(parsed(cell), zone).wall_s, dt.UTC).replace(tzinfo=None).isoformat()


def test_offsets_are_put_on_the_local_clock():
    assert wall("2019-05-06T15:00:00+00:00") == wall("2019-05-06T08:00") == "2019-05-06T08:00:00"
    assert wall("2019-12-06T15:00:00Z") == "2019-12-06T07:00:00"
    assert wall("2019-05-06T08:00-07:00", None) == "2019-05-06T08:00:00"


def test_an_hour_that_comes_twice_is_the_first_unless_that_were_too_early():
    first = moment(parsed("2019-11-03T01:30"), PACIFIC)
    second = moment(parsed("2019-11-03T01:10"), PACIFIC, after_s=first.instant_s)
    assert second.instant_s - first.instant_s == 40 * 60
    assert moment(parsed("2019-11-03T01:10"), PACIFIC).instant_s == first.instant_s - 20 * 60


def test_an_hour_that_is_left_out_is_refused():
    with pytest.raises(ValueError, match="clocks in America/Los_Angeles are put forward"):
        moment(parsed("2019-03-10T02:30"), PACIFIC)


@given(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2037, 1, 1)), st.integers(-14, 14))
def test_an_instant_is_the_same_in_every_offset(at, offset_h):
    """Written with any offset, a time is one instant, and one place on the wall."""
    plain = at.replace(microsecond=0, tzinfo=dt.UTC)
    other = plain.astimezone(dt.timezone(dt.timedelta(hours=offset_h)))
    assert moment(plain, PACIFIC) == moment(other, PACIFIC)
    assert moment(other, PACIFIC).instant_s == int(plain.timestamp())
