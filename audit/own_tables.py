"""Series from tables of the user's own, by the text that the result holds (docs/tables.md); read apart.

What was wrong with a table was told before the run; here a table that cannot be read is no table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from audit.finding import AuditError, Floats
from audit.tables import columns_of

BLANKS = {"", "nan", "nat", "none", "null", "na", "n/a", "-"}
"""What stands for no value, in small or large letters."""
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
TIME = "time"


def text_of(held: Mapping[str, str], what: str, path: str) -> str | None:
    """Of a table: what the result holds of it, else the file if it is there; None where there is neither."""
    if what in held:
        return held[what]
    return Path(path).read_text(encoding="utf-8-sig") if Path(path).is_file() else None


def numbers_of(text: str, form: Mapping[str, Any], names: Sequence[str]) -> tuple[dict[str, Floats], list[str]]:
    """({column: values} of those names that there are, times as written)."""
    table = cells_of(text, form, names)
    try:
        values = {name: np.array([float(cell) for cell in table[name]]) for name in names if name in table}
    except ValueError as error:
        raise AuditError(f"a table of the user's own: {error}") from error
    return values, table.get(TIME, [])


def cells_of(text: str, form: Mapping[str, Any], names: Sequence[str]) -> dict[str, list[str]]:
    """{column: cells}; of the columns of numbers among them, `names`, with a decimal point, '' where there is none."""
    header = text.lstrip("\ufeff \r\n").split("\n", 1)[0].strip()
    delimiter = DELIMITERS[form["delimiter"]] if form.get("delimiter") else max(
        DELIMITERS.values(), key=lambda sign: len({cell.strip(' "') for cell in header.split(sign)} & {*names}))
    table = columns_of(text.lstrip("\ufeff"), delimiter)
    there = [name for name in names if name in table]
    has_comma = any("," in cell for name in there for cell in table[name])
    sign = form.get("decimal_sign") or ("comma" if has_comma else "point")
    for name in there:
        table[name] = [_plain(cell, sign) for cell in table[name]]
    return table


def _plain(cell: str, sign: str) -> str:
    text = cell.strip()
    return "" if text.lower() in BLANKS else text.replace(",", ".") if sign == "comma" else text


def first_second(times: Sequence[str], form: Mapping[str, Any], start_date: Any) -> int | None:
    """When the first row begins, from the midnight of the start date; None where rows have no days of their own."""
    if not times or start_date is None:
        return None
    day = start_date if isinstance(start_date, dt.date) else dt.date.fromisoformat(str(start_date))
    zone, first = form.get("time_zone"), _time(times[0])
    midnight = dt.datetime.combine(day, dt.time())
    if zone is None:
        return round((first - midnight.replace(tzinfo=first.tzinfo)).total_seconds())
    place = ZoneInfo(zone)
    # Python takes times of one zone for wall clocks: put on UTC the difference is that of instants
    placed = first.replace(tzinfo=place) if first.tzinfo is None else first
    return round((placed.astimezone(dt.UTC) - midnight.replace(tzinfo=place).astimezone(dt.UTC)).total_seconds())


def _time(cell: str) -> dt.datetime:
    text = cell.strip()
    time = parsedate_to_datetime(text) if text[:1].isalpha() else dt.datetime.fromisoformat(text)
    return time.replace(microsecond=0)
