"""Evenly spaced series of a user's table: where they stand in a run, and whether they repeat (docs/tables.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from models.tables.times import TELL_ZONE, Moment, moment
from models.tables.user_table import UserTable

TIME = "time"
DAY_S = 86_400


class Span(NamedTuple):
    """Row k is the mean over [first_s + k resolution_s, + resolution_s), from the first counted midnight."""

    first_s: int
    repeats: bool


def span_of(table: UserTable, resolution_s: int, start_date: dt.date | None) -> Span:
    """Where the rows of a table stand; what is wrong with their times and number is added to its mistakes.

    With times and a start date the rows have their own days, and none repeats; otherwise they are whole days from the
    first counted midnight on, repeated.
    """
    if DAY_S % resolution_s:
        table.mistakes.add(f"resolution_s={resolution_s} does not divide a day; allowed are 60, 300, 900, 1800, 3600 "
                           "and other divisors of 86400")
        return Span(0, True)
    moments = _moments(table, resolution_s) if table.has(TIME) else []
    if start_date is None:
        _check_whole_days(table, resolution_s, moments)
        return Span(0, True)
    if not moments or moments[0] is None:
        if not table.has(TIME):
            table.mistakes.add(f"lacks a column {TIME}, by which start_date={start_date} is found")
        return Span(0, False)
    first_s = moments[0].instant_s - _midnight_s(table, start_date)
    if first_s % resolution_s:
        table.mistakes.add(f"column {TIME}: rows do not meet the midnight of start_date={start_date}, but the clock "
                           f"{abs(first_s) % resolution_s} s off it", table.places[0])
    return Span(first_s, False)


def series_notes(table: UserTable, resolution_s: int) -> Iterator[str]:
    """How a series without mistakes was read: rows without times may be another number of days than was meant."""
    yield from table.notes()
    days = table.count * resolution_s // DAY_S
    if days > 1 and not table.has(TIME):
        yield f"has no column {TIME}: {table.count} rows of {resolution_s} s are taken as {days} days in a row"


def _midnight_s(table: UserTable, day: dt.date) -> int:
    """The instant of a day's beginning on the table's clock; without a zone on the clock that is written."""
    midnight, zone = dt.datetime.combine(day, dt.time()), table.form.zone
    if zone is None:
        times = [time for time in table.times(TIME, is_needed=False) if time is not None]
        if len({time.utcoffset() for time in times}) > 1:
            table.mistakes.add(f"column {TIME}: has several offsets, so that the midnight of {day} is not known: "
                               f"{TELL_ZONE}")
        midnight = midnight.replace(tzinfo=times[0].tzinfo)
    return moment(midnight, zone).instant_s


def _moments(table: UserTable, resolution_s: int) -> list[Moment | None]:
    """[R] times on the local clock, each row beginning where the one before ends."""
    times = table.times(TIME, is_needed=True)
    table.check_clock(times)
    moments = table.rising_moments(TIME, times)
    for i, (before, now) in enumerate(pairwise(moments), 1):
        if before is not None and now is not None and now.instant_s - before.instant_s != resolution_s:
            table.mistakes.add(f"column {TIME}: is {now.instant_s - before.instant_s} s after the row before, "
                               f"resolution_s says {resolution_s}", table.places[i])
    return moments


def _check_whole_days(table: UserTable, resolution_s: int, moments: list[Moment | None]) -> None:
    if (table.count * resolution_s) % DAY_S:
        table.mistakes.add(f"{table.count} rows of {resolution_s} s are no whole days; a day needs "
                           f"{DAY_S // resolution_s} rows")
    if moments and moments[0] is not None and moments[0].wall_s % DAY_S:
        table.mistakes.add(f"column {TIME}: the first row must begin at 00:00 of the local clock", table.places[0])
