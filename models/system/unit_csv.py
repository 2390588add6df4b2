"""A table of thermal units as CSV, one row a unit; the columns are in docs/units.md."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from models.records.thermal_units import ThermalUnits
from models.system.own_units import OwnUnit, mistakes_of, refuse_file, table_of

REQUIRED = ("unit", "p_min_mw", "p_max_mw", "min_up_h", "min_down_h", "initial_h")
QUADRATIC = ("cost_a_usd_per_h", "cost_b_usd_per_mwh", "cost_c_usd_per_mw2h")
EMISSIONS = ("emission_alpha_t_per_h", "emission_beta_t_per_mwh", "emission_gamma_t_per_mw2h")
LIMITS = ("ramp_up_mw_per_h", "ramp_down_mw_per_h", "p_startup_max_mw", "p_shutdown_max_mw")
OPTIONAL = (*QUADRATIC, *EMISSIONS, *LIMITS, "must_run", "initial_p_mw", "source")
POINT = ("point_{}_mw", "point_{}_usd_per_h")
START = ("start_{}_lag_h", "start_{}_usd")
COLUMN_OF = {"name": "unit", "p_before_mw": "initial_p_mw", "quadratic": "cost_c_usd_per_mw2h",
             "starts": "start_1_lag_h"}
"""Columns for fields of OwnUnit."""
NUMBERED = re.compile(r"(point|start)_[1-9]\d?_(mw|usd_per_h|lag_h|usd)")
INDEXED = re.compile(r"(points|starts)\[(\d+)\]\.(mw|cost|lag)")


def read_unit_csv(file: Path) -> ThermalUnits:
    """The table; UnitFileError names every mistake by row, line and column."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        refuse_file(file, [f"cannot be read: {error}"])
    rows = list(csv.reader(text.splitlines()))
    header = [cell.strip() for cell in rows[0]] if rows else []
    refuse_file(file, _header_mistakes(header, len(rows)))
    mistakes: list[str] = []
    units = [_unit(_Row(f"row {k} (line {k + 1})", dict(zip(header, cells, strict=False)), mistakes))
             for k, cells in enumerate(rows[1:], 1) if _has_width(cells, header, k, mistakes)]
    names = [unit.name for unit in units]
    mistakes += [f"unit: {name!r} stands in {names.count(name)} rows" for name in dict.fromkeys(names)
                 if names.count(name) > 1]
    refuse_file(file, mistakes)
    return table_of(units)


def _header_mistakes(header: list[str], rows: int) -> list[str]:
    known = {*REQUIRED, *OPTIONAL}
    mistakes = [f"column {name!r}: is unknown, allowed: {', '.join((*REQUIRED, *OPTIONAL))}, "
                "point_1_mw, point_1_usd_per_h, start_1_lag_h, start_1_usd and so on with 2, 3, ..."
                for name in header if name not in known and not _is_numbered(name)]
    mistakes += [f"column {name!r}: is missing" for name in REQUIRED if name not in header]
    mistakes += [f"column {name!r}: is there twice" for name in dict.fromkeys(header) if header.count(name) > 1]
    has_cost = set(QUADRATIC) & set(header) or "point_1_mw" in header
    mistakes += [] if has_cost else [f"needs a cost: columns {', '.join(QUADRATIC)}, or point_1_mw and so on"]
    return mistakes + (["holds no unit: a header and rows are needed"] if rows < 2 else [])


def _is_numbered(name: str) -> bool:
    return NUMBERED.fullmatch(name) is not None and any(
        re.sub(r"\d+", "{}", name) == pattern for pattern in (*POINT, *START))


def _has_width(cells: list[str], header: list[str], row: int, mistakes: list[str]) -> bool:
    if len(cells) == len(header):
        return True
    if cells:
        mistakes.append(f"row {row} (line {row + 1}): has {len(cells)} cells, the header {len(header)}")
    return False


@dataclass
class _Row:
    """Cells of one unit, and where what is wrong with them is told."""

    place: str
    cells: dict[str, str]
    mistakes: list[str] = field(default_factory=list)

    def tell(self, column: str, text: str) -> None:
        self.mistakes.append(f"{self.place}, {column}: {text}")

    def has(self, column: str) -> bool:
        return self.cells.get(column, "").strip() != ""

    def number(self, column: str, default: float | None = None, *, whole: bool = False) -> float:
        """The cell's value; `default` where it is empty, a mistake where there is none."""
        if not self.has(column):
            if default is None:
                self.tell(column, "is empty")
            return 1.0 if default is None else default
        text = self.cells[column].strip()
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value) or (whole and value != int(value)):
            self.tell(column, f"{text!r} must be a {'whole number' if whole else 'number'}, with a decimal point")
            return 1.0
        return value

    def hours(self, column: str) -> int:
        return int(self.number(column, whole=True))

    def triple(self, columns: tuple[str, str, str]) -> tuple[float, float, float]:
        a, b, c = (self.number(column, 0.0) for column in columns)
        return a, b, c

    def pairs(self, columns: tuple[str, str]) -> tuple[tuple[float, float], ...]:
        """What stands in the numbered columns up to the first empty pair; a mistake where one follows it."""
        out: list[tuple[float, float]] = []
        ended = False
        for k in count(1):
            names = [column.format(k) for column in columns]
            if not set(names) & set(self.cells):
                return tuple(out)
            if any(self.has(name) for name in names):
                if ended:
                    self.tell(names[0], f"follows an empty {columns[0].format(k - 1)}")
                out.append((self.number(names[0], whole=names[0].endswith("_h")), self.number(names[1])))
            else:
                ended = True
        raise AssertionError


def _unit(row: _Row) -> OwnUnit:
    before, quadratic = len(row.mistakes), any(row.has(name) for name in QUADRATIC)
    if not row.has("unit"):
        row.tell("unit", "is empty")
    points = row.pairs(POINT)
    if bool(points) == quadratic:
        row.tell(QUADRATIC[0], f"a unit needs either a quadratic cost or points, has {'both' if points else 'neither'}")
    must_run = row.cells.get("must_run", "").strip() or "0"
    if must_run not in ("0", "1"):
        row.tell("must_run", f"{must_run!r} must be 0 or 1")
    limits = {name: row.number(name, np.inf) for name in LIMITS}
    unit = OwnUnit(
        name=row.cells["unit"].strip(), p_min_mw=row.number("p_min_mw"), p_max_mw=row.number("p_max_mw"),
        min_up_h=row.hours("min_up_h"), min_down_h=row.hours("min_down_h"), initial_h=row.hours("initial_h"),
        starts=tuple((int(lag), usd) for lag, usd in row.pairs(START)) or ((0, 0.0),), points=points,
        quadratic=row.triple(QUADRATIC), emissions=row.triple(EMISSIONS), must_run=must_run == "1",
        p_before_mw=row.number("initial_p_mw", 0.0), **limits)
    if len(row.mistakes) == before:
        for name, text in mistakes_of(unit):
            row.tell(_column(name), text)
    return unit


def _column(name: str) -> str:
    """The column of a field of OwnUnit."""
    place = INDEXED.fullmatch(name)
    if place is None:
        return COLUMN_OF.get(name, name)
    kind, k, part = place.groups()
    return (POINT if kind == "points" else START)[part == "cost"].format(int(k) + 1)
