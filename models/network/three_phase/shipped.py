"""Circuits that come along, by the name after `dss:`; source and licence in `models/data/SOURCES.md`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from models.data_tables import FOLDER
from models.records.arrays import RecordError

PREFIX = "dss:"
SHIPPED: Mapping[str, str] = MappingProxyType({
    "ieee13": "ieee13/IEEE13Nodeckt.dss",
    "ieee34": "ieee34/ieee34Mod2.dss",
    "ieee37": "ieee37/ieee37.dss",
    "ieee123": "ieee123/IEEE123Master.dss",
    "european_lv": "european_lv/Master.dss",
})


def master_of(text: str) -> Path:
    """The script of what a scenario writes: `dss:ieee13`, or a path; RecordError lists those that come along."""
    if not text.startswith(PREFIX):
        return Path(text)
    name = text.removeprefix(PREFIX)
    if name not in SHIPPED:
        raise RecordError(f"feeder {text}: unknown, allowed: {', '.join(PREFIX + known for known in SHIPPED)}, "
                          "or the path of a script ending in .dss")
    return FOLDER / "feeders" / SHIPPED[name]
