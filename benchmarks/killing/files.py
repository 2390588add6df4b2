"""What a killed command left: is it readable, is it what it is said to be, does it hold what was computed?"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .commands import called
from .kill import COMMAND, Seen


def look_at(path: Path, calm: Path, seen: Seen) -> None:
    """Is it readable, does `testbed show` say what it is, does it hold what the undisturbed run's holds?"""
    is_traces = path.stem.endswith("-vehicles")
    code, out, err = called("show", str(path))
    text = out.split("\n")[0] if code == 0 else err
    said = re.search(r"completed|failed|interrupted|running|unfinished|readable", text)
    state = said[0] if said else "nothing"
    seen.states.append(f"{'traces ' if is_traces else ''}{state}")
    if state not in ("completed", "failed", "interrupted") or (code and not is_traces):
        seen.wrong.append(f"{path.name} is shown as: {text.strip()[:200]}")
        return
    try:
        wrong = traces_differ(path, calm) if is_traces else result_differs(path, calm)
    except (OSError, KeyError, ValueError) as error:
        wrong = [f"{type(error).__name__}: {error}"]
    seen.wrong += [f"{path.name}: {what}" for what in wrong[:3]]
    if state == "completed" and seen.signal == "SIGKILL" and seen.hit == COMMAND and not is_traces:
        with h5py.File(path) as file:
            if file.attrs["status"] != "completed":
                seen.wrong.append(f"{path.name} is called completed")


def result_differs(path: Path, calm: Path) -> list[str]:
    """Series of the two that differ in the steps that the first says it holds."""
    with h5py.File(path, "r") as mine, h5py.File(calm, "r") as theirs:
        steps, names = int(mine.attrs["steps_written"]), []
        mine.visit(names.append)
        over_time = [name for name in names if isinstance(mine[name], h5py.Dataset) and is_over_time(mine[name])]
        return [name for name in over_time if not np.array_equal(mine[name][:steps], theirs[name][:steps],
                                                                 equal_nan=True)]


def traces_differ(path: Path, calm: Path) -> list[str]:
    """The same of vehicle traces."""
    wrong = []
    with h5py.File(path, "r") as mine, h5py.File(calm, "r") as theirs:
        for district, group in mine["districts"].items():
            steps = int(group.attrs["steps_written"])
            for name in ("soc", "p_vehicle_kw", "reason_vehicle"):
                if not np.array_equal(group[name][:steps], theirs[f"districts/{district}/{name}"][:steps]):
                    wrong.append(f"{district}/{name}")
    return wrong


def is_over_time(dataset: Any) -> bool:
    """True if its first axis is `time`."""
    return len(dataset.dims) > 0 and len(dataset.dims[0]) > 0 and dataset.dims[0].keys()[:1] == ["time"]


def table_of(file: Path) -> list[list[str]]:
    """A study's table without the seconds that differ between equal runs."""
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines())) if file.is_file() else []
    drop = {i for i, name in enumerate(rows[0]) if name.endswith(("wall_s", "solver_s"))} if rows else set()
    return [[cell for i, cell in enumerate(row) if i not in drop] for row in rows]
