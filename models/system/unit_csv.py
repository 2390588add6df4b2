"""A table of thermal units as CSV, one row a unit; the columns are in docs/units.md."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from models.records.arrays import Floats
from models.records.thermal_units import ThermalUnits
from models.system.own_units import MOST_UNITS, RANGES, WHOLE, OwnUnit, UnitFileError, mistakes_of, table_of
from models.tables.mistakes import TableError, shown
from models.tables.numbers import is_blank
from models.tables.table_format import TableFormat
from models.tables.user_table import UserTable

REQUIRED = ("unit", "p_min_mw", "p_max_mw", "min_up_h", "min_down_h", "initial_h")
QUADRATIC = ("cost_a_usd_per_h", "cost_b_usd_per_mwh", "cost_c_usd_per_mw2h")
EMISSIONS = ("emission_alpha_t_per_h", "emission_beta_t_per_mwh", "emission_gamma_t_per_mw2h")
LIMITS = ("ramp_up_mw_per_h", "ramp_down_mw_per_h", "p_startup_max_mw", "p_shutdown_max_mw")
POINT = ("point_{}_mw", "point_{}_usd_per_h")
START = ("start_{}_lag_h", "start_{}_usd")
MOST_PAIRS = 99
FIELD_OF = {"initial_p_mw": "p_before_mw",
            **dict(zip(QUADRATIC, ("quadratic.a", "quadratic.b", "quadratic.c"), strict=True)),
            **dict(zip(EMISSIONS, ("emissions.alpha", "emissions.beta", "emissions.gamma"), strict=True))}
"""Fields of OwnUnit for columns of another name."""
COLUMN_OF = {"name": "unit", "p_before_mw": "initial_p_mw", "quadratic": "cost_c_usd_per_mw2h"}
"""Columns for fields of OwnUnit."""
PAIRED = {column.format(k): field for k in range(1, MOST_PAIRS + 1) for column, field in
          zip((*POINT, *START), ("points.mw", "points.cost", "starts.lag", "starts.cost"), strict=True)}
"""Fields of OwnUnit for numbered columns."""
NUMBERS = {**{name: FIELD_OF.get(name, name) for name in (*REQUIRED[1:], *QUADRATIC, *EMISSIONS, *LIMITS, "must_run",
                                                          "initial_p_mw")}, **PAIRED}
COLUMNS = (*REQUIRED, *(name for name in NUMBERS if name not in REQUIRED), "source")
ALLOWED = (f"{', '.join(name for name in COLUMNS if name not in PAIRED)}, "
           f"{', '.join(name.format(1) for name in (*POINT, *START))} and so on with 2, 3, ... {MOST_PAIRS}")
INDEXED = re.compile(r"(points|starts)\[(\d+)\]\.(mw|cost|lag)")


def read_unit_csv(file: Path, form: TableFormat | None = None, text: str | None = None) -> ThermalUnits:
    """The table; UnitFileError names every mistake by row, line and column. text: what it held, None to read it."""
    try:
        table = _Table(file, form or TableFormat(), text)
        units = [table.unit(i) for i in range(table.count)]
        table.check_names([unit.name for unit in units])
        table.mistakes.refuse()
    except TableError as error:
        raise UnitFileError(str(error)) from None
    return table_of(units)


def unit_csv_notes(file: Path, form: TableFormat | None = None) -> tuple[str, ...]:
    """How a table without mistakes was read, where that is not the plain way."""
    return tuple(_Table(file, form or TableFormat()).notes())


class _Table(UserTable):
    """Rows of units."""

    def __init__(self, file: Path, form: TableFormat, text: str | None = None) -> None:
        super().__init__(file, {name: (name,) for name in COLUMNS}, REQUIRED, tuple(NUMBERS), form, only=ALLOWED,
                         text=text)
        if not any(map(self.has, (*QUADRATIC, POINT[0].format(1)))):
            self.mistakes.add(f"needs a cost: columns {', '.join(QUADRATIC)}, or {POINT[0].format(1)} and so on")
            self.mistakes.refuse()
        if self.count > MOST_UNITS:
            self.mistakes.add(f"holds {self.count:,} units, allowed: {MOST_UNITS:,}")
            self.mistakes.refuse()
        self._values = {name: self._column(name) for name in NUMBERS if self.has(name)}
        self._last = {pair: max((k for k in range(1, MOST_PAIRS + 1) if any(self.has(name.format(k)) for name in pair)),
                                default=0) for pair in (POINT, START)}
        """Highest number in the header; columns may lack below it."""

    def _column(self, name: str) -> Floats:
        least, most = RANGES[NUMBERS[name]]
        return self.numbers(name, most, least=least, is_needed=name in REQUIRED, is_whole=NUMBERS[name] in WHOLE)

    def check_names(self, names: list[str]) -> None:
        """Units go by their names."""
        first: dict[str, int] = {}
        for i, name in enumerate(names):
            if name and first.setdefault(name, i) != i:
                self.wrong(i, "unit", f"{shown(name)} stands in {self.places[first[name]]} too")

    def unit(self, i: int) -> OwnUnit:
        """The unit of a row; what is wrong in it is among the mistakes."""
        name = self.cells("unit")[i].strip()
        if is_blank(name):
            self.wrong(i, "unit", "is empty; each row needs it")
        points, starts = self._pairs(i, POINT), self._pairs(i, START)
        if bool(points) == any(self._has(i, column) for column in QUADRATIC):
            self.wrong(i, QUADRATIC[0], "or points: a unit needs either a quadratic cost or points, has "
                       + ("both" if points else "neither"))
        a, b, c = (self._value(i, column, 0.0) for column in QUADRATIC)
        alpha, beta, gamma = (self._value(i, column, 0.0) for column in EMISSIONS)
        unit = OwnUnit(
            name=name, p_min_mw=self._value(i, "p_min_mw"), p_max_mw=self._value(i, "p_max_mw"),
            min_up_h=int(self._value(i, "min_up_h")), min_down_h=int(self._value(i, "min_down_h")),
            initial_h=int(self._value(i, "initial_h")), starts=tuple((int(lag), usd) for lag, usd in starts)
            or ((0, 0.0),), points=points, quadratic=(a, b, c), emissions=(alpha, beta, gamma),
            must_run=self._value(i, "must_run", 0.0) > 0, p_before_mw=self._value(i, "initial_p_mw", 0.0),
            **{column: self._value(i, column, np.inf) for column in LIMITS})
        if not self.lacks and not self.mistakes.has(self.places[i]):
            for field, text in mistakes_of(unit):
                self.wrong(i, _column_of(field), text)
        return unit

    def _has(self, i: int, column: str) -> bool:
        return self.has(column) and not is_blank(self.cells(column)[i])

    def _value(self, i: int, column: str, default: float = 1.0) -> float:
        """Of a cell; `default` where there is none or a wrong one."""
        value = self._values[column][i] if column in self._values else np.nan
        return default if np.isnan(value) else float(value)

    def _pairs(self, i: int, columns: tuple[str, str]) -> tuple[tuple[float, float], ...]:
        """What stands in the numbered columns up to the first empty pair; a mistake where one follows it."""
        pairs: list[tuple[float, float]] = []
        ended = ""
        for k in range(1, self._last[columns] + 1):
            first, second = (column.format(k) for column in columns)
            if not (self._has(i, first) or self._has(i, second)):
                ended = ended or first
                continue
            if ended:
                self.wrong(i, first, f"follows an empty {ended}")
            for column in (first, second):
                if not self._has(i, column):
                    self.wrong(i, column, "is empty, the other of its pair is not")
            pairs.append((self._value(i, first), self._value(i, second)))
        return tuple(pairs)


def _column_of(field: str) -> str:
    """The column of a field of OwnUnit."""
    place = INDEXED.fullmatch(field)
    if place is None:
        return COLUMN_OF.get(field, field)
    kind, k, part = place.groups()
    return (POINT if kind == "points" else START)[part == "cost"].format(int(k) + 1)
