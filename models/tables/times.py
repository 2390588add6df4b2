"""Times of a user's table: from text to instants, and to seconds of the local clock."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?(Z|[+-]\d\d:?\d\d))?", re.ASCII)
LETTER = re.compile(r"[A-Z][a-z]{2}, \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|[+-]\d{4})", re.ASCII)
"""As mails and web servers write it, and ACN-Data."""
ALLOWED = "a time like 2019-05-06T08:00:00, if need be with its offset (-07:00, Z), of the years {} to {}"
FIRST_YEAR, LAST_YEAR = 1990, 2100
TIMES_ALLOWED = ALLOWED.format(FIRST_YEAR, LAST_YEAR)
EPOCH = dt.datetime(1970, 1, 1)
TELL_ZONE = "declare the time zone of the place, such as America/Los_Angeles"


class Moment(NamedTuple):
    """One time, seconds since 1970: on the local clock, and on a clock that is never put forward or back."""

    wall_s: int
    instant_s: int


def parsed(cell: str) -> dt.datetime:
    """The time in a cell, to the second; ValueError says why it is none."""
    text = cell.strip()
    if ISO.fullmatch(text):
        time = dt.datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-").replace(" Z", "Z"))
    elif LETTER.fullmatch(text):
        time = parsedate_to_datetime(text)
    else:
        raise ValueError("no such time")
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError("out of range")
    return time.replace(microsecond=0)


def clock_mistake(times: Sequence[dt.datetime], zone: ZoneInfo | None) -> str:
    """Why the local clock of these times is not known; empty if it is.

    Without a zone, times with an offset stand on the clock that is written, unless that is the clock of nobody's wall.
    """
    if zone is not None:
        return ""
    offsets = {time.utcoffset() for time in times}
    if None in offsets and len(offsets) > 1:
        return f"some times have an offset, others not: {TELL_ZONE}"
    if dt.timedelta(0) in offsets:
        return f"times are in UTC (Z, +00:00 or GMT), the local clock is not told: {TELL_ZONE}, or UTC"
    return ""


def moment(time: dt.datetime, zone: ZoneInfo | None, after_s: int | None = None) -> Moment:
    """A time on the zone's clock (None: as written).

    An hour that comes twice, as clocks are put back, is the first one, unless that were not after the instant after_s.
    ValueError for a time that is left out as clocks are put forward.
    """
    if zone is None:
        return Moment(_seconds(time.replace(tzinfo=None)), _seconds(_plain_utc(time)))
    if time.tzinfo is not None:
        return Moment(_seconds(time.astimezone(zone).replace(tzinfo=None)), _seconds(_plain_utc(time)))
    first, second = (_seconds(_plain_utc(time.replace(tzinfo=zone, fold=fold))) for fold in (0, 1))
    if first > second:  # what is left out has its two offsets the other way round
        raise ValueError(f"is left out on this day, as clocks in {zone.key} are put forward")
    return Moment(_seconds(time), second if after_s is not None and first <= after_s else first)


def _plain_utc(time: dt.datetime) -> dt.datetime:
    return time if time.tzinfo is None else time.astimezone(dt.UTC).replace(tzinfo=None)


def _seconds(plain: dt.datetime) -> int:
    span = plain - EPOCH
    return span.days * 86_400 + span.seconds


