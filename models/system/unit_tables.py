"""Thermal units by what a scenario calls them: tables that come along, or a file of one's own (docs/units.md)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.data_tables import FOLDER, read_columns
from models.records.thermal_units import ThermalUnits
from models.system.own_units import several
from models.system.pglib_uc import PglibCase, read_pglib_uc
from models.system.unit_csv import read_unit_csv, unit_csv_notes
from models.system.units import EmissionSet, RampSet, ten_units
from models.tables.table_format import TableFormat

TEN_UNITS = "ten_units"
SHIPPED_CASES = ("rts_gmlc_2020-02-09", "rts_gmlc_2020-07-06")
SHIPPED = (TEN_UNITS, *SHIPPED_CASES)
SUFFIXES = (".csv", ".json")


def is_file_of_units(name: str) -> bool:
    """Whether the name is that of a file."""
    return name not in SHIPPED and name.lower().endswith(SUFFIXES)


def units_of(units: str, emissions: EmissionSet = "linear", unit_copies: int = 1, unit_scale: float = 1.0,
             ramps: RampSet = "none", units_format: TableFormat | None = None, text: str | None = None) -> ThermalUnits:
    """The units of that name, each `unit_copies` times, every unit `unit_scale` times its size.

    Emission and ramp sets are the ten units' alone, `units_format` is that of a CSV file; text: what a file of that
    name held, None to read it.
    Raises UnitFileError for a file that cannot serve.
    """
    if units == TEN_UNITS:
        return ten_units(emissions, unit_copies, unit_scale, ramps)
    if units in SHIPPED_CASES:
        return several(_emitting(shipped_case(units).units), unit_copies, unit_scale)
    file = Path(units)
    read = read_unit_csv(file, units_format, text) if _is_csv(units) else read_pglib_uc(file, text).units
    return several(read, unit_copies, unit_scale)


def unit_notes(units: str, units_format: TableFormat | None = None) -> tuple[str, ...]:
    """How a file of units without mistakes was read, where that is not the plain way."""
    return unit_csv_notes(Path(units), units_format) if is_file_of_units(units) and _is_csv(units) else ()


def _is_csv(units: str) -> bool:
    return units.lower().endswith(".csv")


def _emitting(units: ThermalUnits) -> ThermalUnits:
    """Units of RTS-GMLC with what they emit: cases of pglib-uc say nothing of it."""
    table = read_columns("rts_gmlc/emissions.csv")
    row = [table["unit"].index(name) for name in units.names]
    alpha, beta = (np.array([float(table[name][i]) for i in row])
                   for name in ("emission_alpha_t_per_h", "emission_beta_t_per_mwh"))
    return replace(units, emission_alpha_t_per_h=alpha, emission_beta_t_per_mwh=beta)


def shipped_case(name: str) -> PglibCase:
    """A pglib-uc case that comes along."""
    return read_pglib_uc(FOLDER / "units" / f"pglib_uc_{name}.json")
