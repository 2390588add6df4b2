"""Load, wind and sun from a file of one's own (docs/tables.md)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from models.system.profiles import DAY_S, ProfileError, Profiles
from models.tables.mistakes import TableError
from models.tables.table_format import TableFormat
from models.tables.user_table import UserTable

CSV_COLUMNS = ("load_mw", "wind_mw", "pv_mw")
TIME = "time"
MOST_MW = 10_000_000.0
"""More than all power stations of the world give."""


def csv_profiles(file: Path, resolution_s: int, form: TableFormat | None = None) -> Profiles:
    """Series from a CSV file with the columns load_mw, wind_mw, pv_mw (MW, means over resolution_s), repeated.

    A column `time`, where there is one, must rise by resolution_s from a midnight on. Raises ProfileError for a file
    that is missing, lacks a column, holds gaps, or is not whole days long.
    """
    try:
        table = UserTable(file, {name: (name,) for name in (*CSV_COLUMNS, TIME)}, CSV_COLUMNS, CSV_COLUMNS,
                          form or TableFormat())
        load, wind, pv = (table.numbers(name, MOST_MW, is_needed=True) for name in CSV_COLUMNS)
        _check_length(table, resolution_s)
        if table.has(TIME):
            _check_times(table, resolution_s)
        if not np.any(load > 0):
            table.mistakes.add("load_mw is nowhere above 0")
        table.mistakes.refuse()
    except TableError as error:
        raise ProfileError(str(error)) from None
    return Profiles(load, wind, pv, float(load.max()), resolution_s=resolution_s, repeats=True,
                    notes=tuple(table.notes()))


def _check_length(table: UserTable, resolution_s: int) -> None:
    if DAY_S % resolution_s:
        table.mistakes.add(f"resolution_s={resolution_s} does not divide a day; allowed are 60, 300, 900, 1800, 3600 "
                           "and other divisors of 86400")
    elif (table.count * resolution_s) % DAY_S:
        table.mistakes.add(f"{table.count} rows of {resolution_s} s are no whole days; a day needs "
                           f"{DAY_S // resolution_s} rows")


def _check_times(table: UserTable, resolution_s: int) -> None:
    """Rows are means one after the other: each begins when the one before ends, the first at a midnight."""
    times = table.times(TIME, is_needed=True)
    table.check_clock(times)
    moments = table.rising_moments(TIME, times)
    if moments and moments[0] is not None and moments[0].wall_s % DAY_S:
        table.mistakes.add("column time: the first row must begin at 00:00 of the local clock", table.places[0])
    for i, (before, now) in enumerate(pairwise(moments), 1):
        if before is not None and now is not None and now.instant_s - before.instant_s != resolution_s:
            table.mistakes.add(f"column time: is {now.instant_s - before.instant_s} s after the row before, "
                               f"resolution_s says {resolution_s}", table.places[i])
