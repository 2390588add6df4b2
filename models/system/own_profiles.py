"""Load, wind and sun from a file of one's own, and what is forecast of them (docs/tables.md)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.data_tables import FOLDER
from models.records.arrays import Floats
from models.system.profiles import ProfileError, Profiles
from models.tables.mistakes import TableError
from models.tables.series import TIME, series_notes, span_of
from models.tables.table_format import TableFormat
from models.tables.user_table import UserTable

SHIPPED_SERIES = {"rts_gmlc_2020-02": "rts_gmlc/2020-02.csv"}
"""Series that come along, by name: files of `models/data/`."""
CSV_COLUMNS = ("load_mw", "wind_mw", "pv_mw")
MUST_TAKE, SOURCE = "must_take_mw", "source"
FORECASTS = {name: name.replace("_mw", "_forecast_mw") for name in (*CSV_COLUMNS, MUST_TAKE)}
"""What operators are told of each column; the column itself where there is no forecast of it."""
MOST_MW, ROUNDING_MW = 10_000_000.0, 1e-6
"""More than all power stations of the world give; what a sum of rounded columns may miss."""


def series_file(name: str) -> Path:
    """The file of a series, of one's own or one that comes along."""
    return FOLDER / SHIPPED_SERIES[name] if name in SHIPPED_SERIES else Path(name)


def csv_profiles(file: Path, resolution_s: int, form: TableFormat | None = None,
                 start_date: dt.date | None = None, renewables_factor: float = 1.0) -> Profiles:
    """Series from a CSV file with the columns load_mw, wind_mw, pv_mw (MW, means over resolution_s).

    must_take_mw is what of wind and sun together cannot be curtailed; columns NAME_forecast_mw are what operators are
    told of any of the four. A column `time`, where there is one, must rise by
    resolution_s; with a start_date the rows have their own days, else they are whole days, repeated. Wind and sun,
    with what must be taken of them, are used times renewables_factor. Raises
    ProfileError for a file that is missing, lacks a column, holds gaps, or does not fit.
    """
    try:
        numbers = (*FORECASTS, *FORECASTS.values())
        table = UserTable(file, {name: (name,) for name in (*numbers, TIME, SOURCE)}, CSV_COLUMNS, numbers,
                          form or TableFormat())
        actual = {name: table.numbers(name, MOST_MW, is_needed=True) for name in FORECASTS
                  if table.has(name) or name != MUST_TAKE}
        told = {name: table.numbers(FORECASTS[name], MOST_MW, is_needed=True) for name in actual
                if table.has(FORECASTS[name])}
        span = span_of(table, resolution_s, start_date)
        _check_levels(table, actual, told)
        for series in (actual, told):
            series |= {name: values * renewables_factor for name, values in series.items() if name != CSV_COLUMNS[0]}
        table.mistakes.refuse()
    except TableError as error:
        raise ProfileError(str(error)) from None
    made = Profiles(*_series(actual), load_peak_mw=float(actual["load_mw"].max()), resolution_s=resolution_s,
                    first_s=span.first_s, repeats=span.repeats, must_take_mw=actual.get(MUST_TAKE),
                    notes=tuple(series_notes(table, resolution_s)))
    if not told:
        return made
    load, wind, pv = _series({**actual, **told})
    return replace(made, forecast=replace(made, load_mw=load, wind_mw=wind, pv_mw=pv, must_take_mw=told.get(MUST_TAKE),
                                          notes=()))


def _series(by_name: dict[str, Floats]) -> tuple[Floats, Floats, Floats]:
    load, wind, pv = (by_name[name] for name in CSV_COLUMNS)
    return load, wind, pv


def _check_levels(table: UserTable, actual: dict[str, Floats], told: dict[str, Floats]) -> None:
    """Load at all; no more that must be taken than there is, in truth and as forecast."""
    if not np.any(actual["load_mw"] > 0):
        table.mistakes.add("load_mw is nowhere above 0")
    if told and MUST_TAKE in actual and MUST_TAKE not in told:
        table.mistakes.add(f"lacks the column {FORECASTS[MUST_TAKE]}, needed beside other forecasts")
    elif MUST_TAKE not in actual and table.has(FORECASTS[MUST_TAKE]):
        table.mistakes.add(f"lacks the column {MUST_TAKE}, of which {FORECASTS[MUST_TAKE]} is the forecast")
    for name, series in ((MUST_TAKE, actual), (FORECASTS[MUST_TAKE], {**actual, **told})):
        most = series["wind_mw"] + series["pv_mw"]
        for i in np.flatnonzero(series.get(MUST_TAKE, np.zeros(most.size)) > most + ROUNDING_MW):
            table.mistakes.add(f"column {name}: {series[MUST_TAKE][i]:g} is above wind and sun together, {most[i]:g}",
                               table.places[int(i)])
