"""Series of buses, loads, generators and storages from a file of one's own (docs/networks.md).

A column is called `ELEMENT p_kw` or `ELEMENT q_kvar`, an element `bus 7`, `load 3`, `sgen School roof`: a table of the
net, and a number or a name in it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.network.loads.bus_loads import CONSUMPTION, GENERATION, STORAGE, GivenSeries, Series, Uses
from models.network.loads.elements import GENERATORS, KINDS, STORAGES, Elements
from models.records.arrays import Bools, Floats
from models.records.feeder import RadialFeeder, ThreePhaseFeeder
from models.tables.series import TIME, series_notes, span_of
from models.tables.table_format import TableFormat
from models.tables.user_table import UserTable

BUS = "bus"
COLUMN = rf"({'|'.join((BUS, *KINDS))}) (\S|\S.*\S) (p_kw|q_kvar)"
SHAPE = (f"ELEMENT p_kw or ELEMENT q_kvar, ELEMENT being {', '.join((BUS, *KINDS))} and a number or name, as "
         "`bus 7 p_kw`")
MOST_KW = 10_000_000.0
OTHER_UNIT = 100.0
"""Series that differ by as much from the network's own powers are of another unit, most likely (A)."""


@dataclass
class _Target:
    """What one pair of columns is about."""

    label: str
    bus: int
    kind: int
    sign: float
    ratio: float
    """kvar per kW where no column says it."""
    own_kw: float
    """Its power in the network, without its sign."""
    columns: dict[str, int] = field(default_factory=dict)
    """Column by quantity."""


def csv_series(file: Path, resolution_s: int, form: TableFormat, feeder: RadialFeeder, elements: Elements,
               start_date: dt.date | None = None) -> GivenSeries:
    """What a file says of buses and elements of a feeder, from its day `start_date` on; None: its days repeat.

    TableError tells all mistakes: columns of nothing that the feeder has, gaps, missing rows, times.
    """
    table = UserTable(file, {TIME: (TIME,)}, (), (), form, only=f"{TIME}, and of series {SHAPE}", others=COLUMN)
    if not table.others:
        table.mistakes.add(f"has no column of a series, {SHAPE}")
    span = span_of(table, resolution_s, start_date)
    values = [table.numbers(name, MOST_KW, least=-MOST_KW, is_needed=True) for name in table.others]
    targets = _targets(table, feeder, elements)
    table.mistakes.refuse()
    series = Series(np.stack(values, axis=1), resolution_s, span.first_s, span.repeats)
    buses, rows = _replaced(targets, feeder, elements)
    return GivenSeries(series, _uses(table, targets), buses, rows, (
        *series_notes(table, resolution_s), *_level_notes(list(targets.values()), series.values)))


# ---------------------------------------------------------------- which column is what
def _targets(table: UserTable, feeder: RadialFeeder, elements: Elements) -> dict[tuple[str, int], _Target]:
    """By table and row; columns of nothing become mistakes of the table."""
    targets: dict[tuple[str, int], _Target] = {}
    for column, name in enumerate(table.others):
        kind, which, quantity = re.fullmatch(COLUMN, name).groups()  # type: ignore[union-attr]
        try:
            row = feeder.bus_row(which) if kind == BUS else _element_row(elements, kind, _as_named(which, feeder))
        except ValueError as error:
            table.mistakes.add(f"column {name!r:.80}: {error}")
            continue
        target = targets.setdefault((kind, row), _target(kind, row, feeder, elements))
        if quantity in target.columns:
            table.mistakes.add(f"column {name!r:.80}: {table.others[target.columns[quantity]]!r:.80} is the same")
        target.columns[quantity] = column
    for mistake in _misfits(targets, feeder):
        table.mistakes.add(mistake)
    return targets


def _as_named(which: str, feeder: RadialFeeder) -> str:
    """OpenDSS tells all names in small letters."""
    return which.lower() if isinstance(feeder, ThreePhaseFeeder) else which


def _element_row(elements: Elements, kind: str, which: str) -> int:
    here = [i for i, table in enumerate(elements.table) if table == kind]
    rows = _rows_named(which, [int(elements.number[i]) for i in here], [elements.name[i] for i in here])
    if not rows:
        raise ValueError(f"the net has no {kind} {which!r:.40}")
    if len(rows) > 1:
        numbers = ", ".join(str(elements.number[here[row]]) for row in rows)
        raise ValueError(f"{kind} {numbers} have this name; write a number")
    row = here[rows[0]]
    if elements.bus[row] < 0:
        raise ValueError(f"{elements.label(row)} is out of service, cut off or not supplied")
    return row


def _rows_named(which: str, numbers: list[int], names: tuple[str, ...] | list[str]) -> list[int]:
    """Rows of this number, else of this name."""
    if re.fullmatch(r"\d{1,9}", which) and int(which) in numbers:
        return [numbers.index(int(which))]
    return [row for row, name in enumerate(names) if name == which]


def _target(kind: str, row: int, feeder: RadialFeeder, elements: Elements) -> _Target:
    if kind == BUS:
        p_kw, q_kvar = feeder.p_base_kw[row], feeder.q_base_kvar[row]
        return _Target(f"bus {feeder.bus_number[row]}", row, CONSUMPTION, 1.0, _ratio(p_kw, q_kvar), abs(float(p_kw)))
    own = GENERATION if kind in GENERATORS else STORAGE if kind in STORAGES else CONSUMPTION
    ratio = _ratio(elements.p_kw[row], elements.q_kvar[row])
    return _Target(elements.label(row), int(elements.bus[row]), own, -1.0 if own == GENERATION else 1.0, ratio,
                   abs(float(elements.p_kw[row])))


def _ratio(p_kw: float, q_kvar: float) -> float:
    return float(q_kvar / p_kw) if p_kw else 0.0


def _misfits(targets: dict[tuple[str, int], _Target], feeder: RadialFeeder) -> Iterator[str]:
    """Reactive power without active, and elements at a bus that has series of its own."""
    at_buses = {row for kind, row in targets if kind == BUS}
    for (kind, _), target in targets.items():
        if "p_kw" not in target.columns:
            yield f"{target.label} has a column q_kvar and none of p_kw"
        if kind != BUS and target.bus in at_buses:
            yield (f"{target.label} stands at bus {feeder.bus_number[target.bus]}, which has series of its own: what a "
                   "bus draws in all leaves no room for its elements")


def _uses(table: UserTable, targets: dict[tuple[str, int], _Target]) -> Uses:
    rows = []
    for target in targets.values():
        by_itself = "q_kvar" not in target.columns
        rows.append((target, target.columns["p_kw"], target.sign, target.sign * target.ratio if by_itself else 0.0))
        if not by_itself:
            rows.append((target, target.columns["q_kvar"], 0.0, target.sign))
    return Uses(
        label=tuple(target.label for target, *_ in rows), source=tuple(table.others[column] for _, column, *_ in rows),
        column=np.array([column for _, column, *_ in rows]), bus=np.array([target.bus for target, *_ in rows]),
        p_factor=np.array([p for *_, p, _ in rows]), q_factor=np.array([q for *_, q in rows]),
        kind=np.array([target.kind for target, *_ in rows]))


def _level_notes(targets: list[_Target], values: Floats) -> Iterator[str]:
    """Numbers that look as if they were of another unit, and generators that draw."""
    peaks = [(float(np.abs(values[:, target.columns["p_kw"]]).max()), target.own_kw) for target in targets]
    ratios = [peak_kw / own_kw for peak_kw, own_kw in peaks if peak_kw and own_kw]
    middle = float(np.median(ratios)) if ratios else 1.0
    if not 1 / OTHER_UNIT < middle < OTHER_UNIT:
        yield (f"columns p_kw peak at {middle:,.3g} times what the network's own elements have, in the median: are "
               "their numbers kW?")
    drawing = [target.label for target in targets
               if target.kind == GENERATION and values[:, target.columns["p_kw"]].sum() < 0]
    if drawing:
        yield f"below 0 in the mean, and so drawing power: {', '.join(drawing)}; what generators give is above 0"


def _replaced(targets: dict[tuple[str, int], _Target], feeder: RadialFeeder, elements: Elements) -> tuple[Bools, Bools]:
    """Which buses and which elements the file says all of."""
    buses, rows = np.zeros(feeder.bus_count, dtype=np.bool_), np.zeros(elements.count, dtype=np.bool_)
    for kind, row in targets:
        (buses if kind == BUS else rows)[row] = True
    return buses, np.asarray(rows | ((elements.bus >= 0) & buses[elements.bus]))
