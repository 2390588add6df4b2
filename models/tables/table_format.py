"""How a user's table is written: what may be declared of it, and what is seen in it where nothing is declared."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
DECIMAL_SIGNS = {"point": ".", "comma": ","}


@dataclass(frozen=True)
class TableFormat:
    """None: seen in the file."""

    encoding: str | None = None
    """A text encoding that Python knows."""
    delimiter: str | None = None
    """One of DELIMITERS."""
    decimal_sign: str | None = None
    """One of DECIMAL_SIGNS."""
    time_zone: str | None = None
    """IANA name of the clock on which the table is replayed; None: times stand as written."""

    @property
    def zone(self) -> ZoneInfo | None:
        return None if self.time_zone is None else ZoneInfo(self.time_zone)


def is_time_zone(name: str) -> bool:
    """Whether the IANA database has a zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder or a hostile path raises the last two
        return False
    return True
