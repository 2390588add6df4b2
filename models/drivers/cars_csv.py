"""A fleet from a CSV file with one row per car; what is wrong is told with row and column, all at once.

Columns and what may stand in them: docs/bring_your_own_data.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.drivers.car_classes import GivenCars
from models.records.arrays import Floats
from models.tables.mistakes import TableError, shown
from models.tables.numbers import is_blank
from models.tables.table_format import TableFormat
from models.tables.user_table import UserTable

RANGES = {"capacity_kwh": (0.1, 2000.0), "charger_kw": (0.1, 10_000.0), "soc_wanted": (0.0, 1.0),
          "soc_initial": (0.0, 1.0), "consumption_kwh_per_km": (0.01, 10.0), "age_years": (0.0, 50.0)}
"""Columns that may be left out or empty: then the number is drawn as the class says."""
WORDS = {"yes": 1.0, "no": 0.0}


def read_cars(path: Path, classes: Sequence[str], soc_min: float, soc_max: float, form: TableFormat | None = None
              ) -> dict[str, GivenCars]:
    """The cars of each class, in the order of the file; TableError names file, rows, columns, and why not."""
    names = ("class", "bidirectional", *RANGES)
    try:
        table = UserTable(path, {name: (name,) for name in (*names, "car")}, ("class",), tuple(RANGES),
                          form or TableFormat(), only=", ".join(("car", *names)))
        class_of = [cell.strip() for cell in table.cells("class")]
        for row, name in enumerate(class_of):
            if name not in classes:
                table.wrong(row, "class", f"{shown(name)} is no class, allowed: {', '.join(classes)}")
        columns = {name: table.numbers(name, most, is_needed=False, least=least)
                   for name, (least, most) in RANGES.items()}
        columns["bidirectional"] = _yes_or_no(table)
        _check_names(table)
        _check_charge(table, columns, soc_min, soc_max)
        table.mistakes.refuse()
    except TableError as error:
        raise TableError(f"cars {error}") from None
    rows = {name: np.flatnonzero(np.array(class_of) == name) for name in classes}
    return {name: GivenCars(**{key: values[at] for key, values in columns.items()}) for name, at in rows.items()}


def _yes_or_no(table: UserTable) -> Floats:
    values = np.full(table.count, np.nan)
    for row, cell in enumerate(table.cells("bidirectional")):
        if cell.strip().lower() in WORDS:
            values[row] = WORDS[cell.strip().lower()]
        elif not is_blank(cell):
            table.wrong(row, "bidirectional", f"{shown(cell)} is neither yes nor no")
    return values


def _check_names(table: UserTable) -> None:
    """A car has one row; cars without a name are other cars."""
    first: dict[str, int] = {}
    for row, name in enumerate(cell.strip() for cell in table.cells("car")):
        if not is_blank(name) and first.setdefault(name, row) != row:
            table.wrong(row, "car", f"{shown(name)} stands in {table.places[first[name]]} too")


def _check_charge(table: UserTable, columns: dict[str, Floats], soc_min: float, soc_max: float) -> None:
    """No car begins or leaves with a charge that the fleet's batteries may not have."""
    for name in ("soc_wanted", "soc_initial"):
        for row in np.flatnonzero((columns[name] < soc_min) | (columns[name] > soc_max)).tolist():
            table.wrong(row, name, f"{columns[name][row]:g} is outside fleet.soc_min={soc_min:g} to "
                                   f"fleet.soc_max={soc_max:g}")
