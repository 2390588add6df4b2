"""Recorded charging sessions: what stood in a charger's log, read from a CSV file.

Columns, forms of times and what is refused: docs/tables.md. Where a driver declared nothing, the request is what was
delivered and the declared stay is the median one. An arrival stands where the local clock stood, a departure after the
stay's true length: on the two days of the year on which clocks are changed, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from models.tables.mistakes import TableError
from models.tables.numbers import is_blank
from models.tables.table_format import TableFormat
from models.tables.times import Moment
from models.tables.user_table import UserTable

FOLDER = Path(__file__).parents[1] / "data" / "sessions"
SHIPPED = {"caltech2019": FOLDER / "caltech_2019-05_2019-08.csv.gz", "jpl2019": FOLDER / "jpl_2019-05_2019-08.csv.gz"}
"""Files that come along (ACN-Data, CC BY 4.0); 2019-05-01 to 2019-08-31."""
NAMES = {
    "arrival": ("arrival", "connectionTime"),
    "departure": ("departure", "disconnectTime"),
    "delivered_kwh": ("delivered_kwh", "delivered_energy (kWh)", "kWhDelivered"),
    "requested_kwh": ("requested_kwh", "requested_energy (kWh)"),
    "declared_departure": ("declared_departure", "estimated_departure"),
    "station": ("station", "station_id", "stationID"),
    "claimed": ("claimed",),
}
"""Of each column in one's own file, in the table of ACN-Data and in what its service gives."""
NEEDED = ("arrival", "departure", "delivered_kwh")
ENERGIES = ("delivered_kwh", "requested_kwh")
UNCLAIMED = "false"
"""ACN-Data fills the cells of sessions that no driver claimed, and marks them so."""
DAY_S = 86_400
FALLBACK_STAY_S = 4 * 3600
"""Declared stay where nobody in the file declared any (A)."""
MOST_KWH = 1000.0
"""More is refused: no car's battery holds it (A)."""
MOST_KW = 1000.0
"""A higher mean power is refused: no plug of a car gives it (A)."""
LONGEST_S = 60 * DAY_S
"""Longer is refused: most likely a wrong year (A)."""
ODD_KW, ODD_S = 22.0, 7 * DAY_S
"""Above them a session is told of: more than an AC charger gives; a car that was forgotten, or a wrong month (A)."""
FIRST_TOLD = 3


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
    notes: tuple[str, ...] = ()
    """What was seen in the file and is used nevertheless, a sentence each."""

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
        return RecordedSessions(self.first_day, **{name: getattr(self, name)[at] for name in names}, notes=self.notes)


@dataclass(frozen=True)
class _Columns:
    """What the cells say, [R]; NaN and None where they say nothing."""

    arrival: Sequence[Moment | None]
    departure: Sequence[Moment | None]
    declared: Sequence[Moment | None]
    delivered_kwh: Floats
    requested_kwh: Floats


def read_sessions(name_or_path: str, form: TableFormat | None = None) -> RecordedSessions:
    """The sessions of a shipped file (by its name) or of one's own; TableError names file, rows and what is wrong."""
    path = SHIPPED.get(name_or_path, Path(name_or_path))
    try:
        table = UserTable(path, NAMES, NEEDED, ENERGIES, form or TableFormat())
        columns = _columns(table)
        _check(table, columns)
        table.mistakes.refuse()
    except TableError as error:
        raise TableError(f"sessions {error}; shipped ones are {', '.join(SHIPPED)}" if not _is_there(path)
                         else f"sessions {error}") from None
    return _sessions(table, columns)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or holds NUL
        return False


def _columns(table: UserTable) -> _Columns:
    arrivals, departures = (table.times(name, is_needed=True) for name in ("arrival", "departure"))
    declared = [time if is_claimed else None for time, is_claimed in
                zip(table.times("declared_departure", is_needed=False), _is_claimed(table), strict=True)]
    table.check_clock(arrivals, departures, declared)
    arrival = table.moments("arrival", arrivals)
    delivered, requested = (table.numbers(name, MOST_KWH, is_needed=name in NEEDED) for name in ENERGIES)
    return _Columns(arrival, table.moments("departure", departures, arrival),
                    table.moments("declared_departure", declared, arrival), delivered, requested)


def _is_claimed(table: UserTable) -> list[bool]:
    return [cell.strip().lower() != UNCLAIMED for cell in table.cells("claimed")]


# ------------------------------------------------------------------ what cannot be
def _check(table: UserTable, columns: _Columns) -> None:
    for i, (arrival, departure) in enumerate(zip(columns.arrival, columns.departure, strict=True)):
        if arrival is not None and departure is not None:
            stay_s = departure.instant_s - arrival.instant_s
            if problem := _impossible(stay_s, float(columns.delivered_kwh[i])):
                table.mistakes.add(problem, table.places[i])
    if table.has("station") and not table.lacks:
        for i, first in _repeated(table, columns):
            table.mistakes.add(f"says the same as {table.places[first]}", table.places[i])


def _impossible(stay_s: int, delivered_kwh: float) -> str:
    if stay_s <= 0:
        return "departs at or before its arrival"
    if stay_s > LONGEST_S:
        return f"stays {stay_s / DAY_S:.1f} days, allowed: {LONGEST_S // DAY_S}"
    if delivered_kwh * SECONDS_PER_HOUR > MOST_KW * stay_s:
        return f"takes {delivered_kwh:g} kWh in {stay_s} s, allowed: {MOST_KW:g} kW in the mean"
    return ""


def _repeated(table: UserTable, columns: _Columns) -> Iterator[tuple[int, int]]:
    """(row, the first row that says the same), of rows that name a station."""
    seen: dict[tuple[object, ...], int] = {}
    stations = table.cells("station")
    for i, key in enumerate(zip(stations, columns.arrival, columns.departure, columns.delivered_kwh.tolist(),
                                strict=True)):
        if not is_blank(stations[i]) and seen.setdefault(key, i) != i:
            yield i, seen[key]


# ------------------------------------------------------------------ what is made of it
def _sessions(table: UserTable, columns: _Columns) -> RecordedSessions:
    wall_s = np.array([moment.wall_s for moment in columns.arrival if moment is not None], dtype=np.int64)
    first_day_s = int(wall_s.min()) // DAY_S * DAY_S
    # wall clock for when, true seconds for how long: a stay over a change of clocks keeps its length
    arrival_s, stay_s = wall_s - first_day_s, _after(columns.departure, columns.arrival)
    declared_stay_s = _after(columns.declared, columns.arrival)
    known = declared_stay_s > 0
    # the median and not the mean: a few cars left standing for days would stretch every other stay
    usual_s = int(np.median(declared_stay_s[known])) if known.any() else FALLBACK_STAY_S
    is_claimed = np.array(_is_claimed(table))
    requested = np.where(np.isnan(columns.requested_kwh) | ~is_claimed, columns.delivered_kwh, columns.requested_kwh)
    station = np.unique(np.array(table.cells("station")), return_inverse=True)[1].astype(np.int64)
    sessions = RecordedSessions(
        np.datetime64(first_day_s, "s").astype("datetime64[D]"), arrival_s, arrival_s + stay_s,
        arrival_s + np.where(known, declared_stay_s, usual_s), requested, columns.delivered_kwh, station,
        np.array([moment is not None for moment in columns.declared]),
        tuple(_notes(table, columns, stay_s, declared_stay_s, usual_s)))
    # stable: equal arrivals keep the file's order, so that slots are the same on every machine
    return sessions.rows(np.argsort(arrival_s, kind="stable"))


def _after(later: Sequence[Moment | None], arrival: Sequence[Moment | None]) -> Ints:
    """[R] true seconds from each arrival; 0 where nothing is known."""
    return np.array([0 if a is None or b is None else a.instant_s - b.instant_s
                     for a, b in zip(later, arrival, strict=True)], dtype=np.int64)


# ------------------------------------------------------------------ what is told
def _notes(table: UserTable, columns: _Columns, stay_s: Ints, declared_stay_s: Ints, usual_s: int) -> Iterator[str]:
    yield from table.notes()
    if (none := np.flatnonzero(declared_stay_s <= 0)).size:
        past = int(np.count_nonzero(declared_stay_s < 0))
        earlier = f" ({past} declared an earlier one)" if past else ""
        yield (f"{none.size} of {table.count} sessions without a declared departure after their arrival{earlier}: each "
               f"is taken to have declared the usual stay, {usual_s / SECONDS_PER_HOUR:.2f} h")
    if (none := np.flatnonzero(np.isnan(columns.requested_kwh))).size:
        yield f"{none.size} of {table.count} sessions without a request: what was delivered is taken as asked for"
    power_kw = columns.delivered_kwh * SECONDS_PER_HOUR / stay_s
    yield from _odd(table, np.flatnonzero(power_kw > ODD_KW), f"above {ODD_KW:g} kW in the mean")
    yield from _odd(table, np.flatnonzero(stay_s > ODD_S), f"longer than {ODD_S // DAY_S} days")
    if table.has("station"):
        yield from _odd(table, _beside_another(table, columns), "at a station that another car had not left")


def _odd(table: UserTable, rows: Ints, what: str) -> Iterator[str]:
    if rows.size:
        more = ", ..." if rows.size > FIRST_TOLD else ""
        yield (f"{rows.size} of {table.count} sessions are {what}: "
               f"{', '.join(str(table.places[i]) for i in rows[:FIRST_TOLD].tolist())}{more}")


def _beside_another(table: UserTable, columns: _Columns) -> Ints:
    """Rows that begin at a station while another session of it goes on."""
    until_s: dict[str, int] = {}
    rows = []
    stations = table.cells("station")
    stays = ((a.instant_s, d.instant_s, i) for i, (a, d) in
             enumerate(zip(columns.arrival, columns.departure, strict=True)) if a is not None and d is not None)
    for arrives_s, leaves_s, i in sorted(stays):
        if not is_blank(stations[i]):
            if arrives_s < until_s.get(stations[i], arrives_s):
                rows.append(i)
            until_s[stations[i]] = max(leaves_s, until_s.get(stations[i], leaves_s))
    return np.array(sorted(rows), dtype=np.int64)
