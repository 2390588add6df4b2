"""Networks of one's own: files written by `pandapower.to_json`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from models.network.read_nets import net_source
from models.records.arrays import RecordError


def _net(text: str) -> Any:
    import pandapower  # noqa: PLC0415 - slow to import

    file = Path(text)
    if not file.is_file():
        raise RecordError(f"feeder {file}: no such file")
    try:
        net = pandapower.from_json(text)
    except Exception as error:
        raise RecordError(f"feeder {file}: pandapower cannot read it: {type(error).__name__}: {error}") from error
    if not hasattr(net, "ext_grid"):
        raise RecordError(f"feeder {file}: holds no pandapower net")
    return net


def _content(text: str) -> str:
    """Whatever its time: a copy or a quick edit may keep that."""
    return hashlib.sha256(Path(text).read_bytes()).hexdigest() if Path(text).is_file() else ""


SOURCE = net_source("FILE.json", "a file written by `pandapower.to_json`; a path from where the command is given",
                    r".+\.json", _net, _content)
