"""How tables of the user's own are written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from models.tables.table_format import is_time_zone
from testbed.scenario.parts.base import Part

Encoding = Literal["utf-8", "utf-16", "utf-16-le", "utf-16-be", "windows-1250", "windows-1251", "windows-1252",
                   "iso-8859-1", "iso-8859-2", "iso-8859-15", "mac-roman", "shift-jis", "gb18030"]


def _zone(name: str) -> str:
    if not is_time_zone(name):
        raise PydanticCustomError("time_zone", "Input should be a time zone of the IANA database, as "
                                  "Europe/Berlin, America/Los_Angeles or UTC")
    return name


class TimelessFormat(Part):
    """What a table without times does not say of itself; null: seen in the file (docs/tables.md)."""

    delimiter: Literal["comma", "semicolon", "tab", "bar"] | None = None
    """What parts the cells of a row."""
    decimal_sign: Literal["point", "comma"] | None = None
    """What parts whole from broken numbers."""
    encoding: Encoding | None = None
    """How letters are written as bytes."""


class TableFormat(TimelessFormat):
    """What a table does not say of itself; null: seen in the file (docs/tables.md)."""

    time_zone: Annotated[str, AfterValidator(_zone)] | None = None
    """IANA time zone of the place, as Europe/Berlin; times with an offset are put on its clock; null: as written."""
