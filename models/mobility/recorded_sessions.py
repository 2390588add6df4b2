"""Recorded charging sessions: what stood in a charger's log, read from a CSV file.

Columns (header needed, any order, `.csv` or `.csv.gz`): `arrival`, `departure` (ISO times on the local clock, an
offset is dropped), `delivered_kwh`; optional `requested_kwh`, `declared_departure`, `station`. The names of ACN-Data do
as well. Where a driver declared nothing, the request is what was delivered and the declared stay is the median one.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.records.arrays import Bools, Floats, Ints, RecordError

FOLDER = Path(__file__).parents[1] / "data" / "sessions"
SHIPPED = {"caltech2019": FOLDER / "caltech_2019-05_2019-08.csv.gz", "jpl2019": FOLDER / "jpl_2019-05_2019-08.csv.gz"}
"""Files that come along (ACN-Data, CC BY 4.0); 2019-05-01 to 2019-08-31."""
ALSO_KNOWN_AS = {"delivered_kwh": "delivered_energy (kWh)", "requested_kwh": "requested_energy (kWh)",
                 "declared_departure": "estimated_departure", "station": "station_id"}
DAY_S = 86_400
FALLBACK_STAY_S = 4 * 3600
"""Declared stay for files without any declared departure (A)."""


@dataclass(frozen=True)
class RecordedSessions:
    """Sessions in the order of arrival, arrays [S]; seconds on the local clock from `first_day` 00:00."""

    first_day: np.datetime64
    arrival_s: Ints
    departure_s: Ints
    """When the car truly left."""
    declared_s: Ints
    """When its driver had said it would."""
    requested_kwh: Floats
    delivered_kwh: Floats
    """Both at the charger."""
    station: Ints
    """0.. in the order of the stations' names."""
    is_declared: Bools
    """Whether the driver gave a request and a departure."""

    @property
    def count(self) -> int:
        return int(self.arrival_s.size)

    @property
    def days(self) -> int:
        """Whole days from first_day that hold all arrivals."""
        return int(self.arrival_s.max(initial=-1) // DAY_S) + 1

    def rows(self, at: Ints | Bools) -> RecordedSessions:
        """Some of the sessions."""
        names = ("arrival_s", "departure_s", "declared_s", "requested_kwh", "delivered_kwh", "station", "is_declared")
        return RecordedSessions(self.first_day, **{name: getattr(self, name)[at] for name in names})


def read_sessions(name_or_path: str) -> RecordedSessions:
    """The sessions of a shipped file (by its name) or of one's own; RecordError names file, row and what is wrong."""
    path = SHIPPED.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise RecordError(f"sessions {name_or_path}: no such file, and not one of {', '.join(SHIPPED)}")
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        reader = csv.DictReader(file)
        columns = _columns(path, reader.fieldnames or [])
        rows = list(reader)
    return _sessions(path, rows, columns)


def _columns(path: Path, header: list[str] | tuple[str, ...] | object) -> dict[str, str]:
    """Our name -> the file's name of each column that is there."""
    names = set(header) if isinstance(header, list | tuple) else set()
    wanted = ("arrival", "departure", *ALSO_KNOWN_AS)
    header_of = {ours: name for ours in wanted for name in (ALSO_KNOWN_AS.get(ours), ours) if name in names and name}
    if missing := [name for name in ("arrival", "departure", "delivered_kwh") if name not in header_of]:
        raise RecordError(f"sessions {path}: lacks the columns {', '.join(missing)}")
    return header_of


def _sessions(path: Path, rows: list[dict[str, str]], columns: dict[str, str]) -> RecordedSessions:
    if not rows:
        raise RecordError(f"sessions {path}: holds no session")
    arrival, departure = (_instants(path, rows, columns[name]) for name in ("arrival", "departure"))
    first_day = arrival.min().astype("datetime64[D]")
    arrival_s, departure_s = ((times - first_day).astype("timedelta64[s]").astype(np.int64)
                              for times in (arrival, departure))
    if (bad := np.flatnonzero(departure_s <= arrival_s)).size:
        raise RecordError(f"sessions {path}: row {bad[0] + 1} departs at or before its arrival")
    delivered = _numbers(path, rows, columns["delivered_kwh"])
    has_declared = _has_declared(rows, columns)
    requested = _requested_kwh(path, rows, columns, delivered)
    declared_s = _declared_s(path, rows, columns, has_declared, arrival_s, first_day)
    names = [row[columns["station"]] for row in rows] if "station" in columns else [""] * len(rows)
    station = np.unique(names, return_inverse=True)[1].astype(np.int64)
    read = RecordedSessions(first_day, arrival_s, departure_s, declared_s, requested, delivered, station, has_declared)
    return read.rows(np.argsort(arrival_s, kind="stable"))


def _instants(path: Path, rows: list[dict[str, str]], column: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Local clock times to the second; what follows (fractions, offset) is dropped."""
    try:
        # the offset is dropped on purpose: a log's local clock is what drivers' habits follow
        return np.array([row[column][:19].replace(" ", "T") for row in rows], dtype="datetime64[s]")
    except ValueError as error:
        raise RecordError(f"sessions {path}: column {column}: {error}") from error


def _requested_kwh(path: Path, rows: list[dict[str, str]], columns: dict[str, str], delivered: Floats) -> Floats:
    """What was requested; what was delivered where the cell is empty or its row unclaimed."""
    requested, name = delivered.copy(), columns.get("requested_kwh")
    if name is not None:
        at = [i for i, row in enumerate(rows) if row[name] and _is_claimed(row)]
        requested[at] = _numbers(path, rows, name)[at]
    return requested


def _is_claimed(row: dict[str, str]) -> bool:
    """ACN-Data fills unclaimed rows and marks them."""
    return row.get("claimed", "True") == "True"


def _number(path: Path, place: int, column: str, text: str) -> float:
    """Of one cell; 0 if it is empty."""
    try:
        return float(text or 0)
    except ValueError as error:
        raise RecordError(f"sessions {path}: row {place + 1}: {column}={text!r} is no number") from error


def _numbers(path: Path, rows: list[dict[str, str]], column: str) -> Floats:
    values = np.array([_number(path, i, column, row[column]) for i, row in enumerate(rows)])
    if (bad := np.flatnonzero(~(values >= 0) | ~np.isfinite(values))).size:
        raise RecordError(f"sessions {path}: row {bad[0] + 1}: {column}={values[bad[0]]:g} is no energy")
    return values


def _has_declared(rows: list[dict[str, str]], columns: dict[str, str]) -> Bools:
    """Rows with a driver's declaration."""
    if "declared_departure" not in columns:
        return np.zeros(len(rows), dtype=np.bool_)
    name = columns["declared_departure"]
    return np.array([bool(row[name]) and _is_claimed(row) for row in rows])


def _declared_s(path: Path, rows: list[dict[str, str]], columns: dict[str, str], has: Bools, arrival_s: Ints,
                first_day: np.datetime64) -> Ints:
    """Declared departures; the median declared stay where nothing was declared or it had passed at arrival."""
    stay_s = np.full(arrival_s.size, -1, dtype=np.int64)
    at = np.flatnonzero(has)
    if at.size:
        times = _instants(path, [rows[i] for i in at], columns["declared_departure"])
        stay_s[at] = (times - first_day).astype("timedelta64[s]").astype(np.int64) - arrival_s[at]
    known = stay_s > 0
    # the median and not the mean: a few cars left standing for days would stretch every other stay
    usual_s = int(np.median(stay_s[known])) if known.any() else FALLBACK_STAY_S
    return np.asarray(arrival_s + np.where(known, stay_s, usual_s), dtype=np.int64)
