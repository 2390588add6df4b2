"""Networks of one's own: files written by `pandapower.to_json`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from models.network.json_screening import MOST_BYTES, screened
from models.network.read_nets import net_source
from models.records.arrays import RecordError
from models.tables.content import content_of


def _net(text: str) -> Any:
    import pandapower  # noqa: PLC0415 - slow to import

    safe = screened(_content(Path(text)), text)
    try:
        return pandapower.from_json_string(safe, convert=True)
    except Exception as error:
        raise RecordError(f"feeder {text}: pandapower cannot read it: {type(error).__name__}: {error}") from error


def _content(file: Path) -> bytes:
    try:
        return content_of(file, MOST_BYTES)
    except ValueError as error:
        raise RecordError(f"feeder {file}: {error}") from None


def content_version(text: str) -> str:
    """The file's content, whatever its time: a copy or a quick edit may keep that."""
    try:
        return hashlib.sha256(content_of(Path(text), MOST_BYTES)).hexdigest()
    except ValueError as error:
        return str(error)


SOURCE = net_source("FILE.json", "a file written by `pandapower.to_json`; a path from where the command is given",
                    r".+\.json", _net, content_version)
