"""The year of SimBench's series: when each row begins, and on whose clock its days are."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

# Load moves by an hour at both clock changes, as it should. The sun's centre lies at 11.1-11.6 h standard
# time all year, 50 minutes or more before solar noon in Germany. Both are used as published.
FIRST_ROW = dt.datetime(2015, 12, 31, 23, tzinfo=dt.UTC)
"""The `time` column is local time with daylight saving; the rows themselves are evenly spaced in UTC."""
ROWS = 35_136
STEP_S = 900
ZONE = ZoneInfo("Europe/Berlin")


def first_s(start_date: dt.date) -> int:
    """Seconds from the local midnight of a day, looked up with daylight saving, to the first row."""
    return round((FIRST_ROW - dt.datetime.combine(start_date, dt.time(), ZONE)).total_seconds())
