"""Load, wind and sun of the scenario, as means over any step (docs/model.md 8.2)."""

from __future__ import annotations

import datetime as dt
import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from audit.finding import AuditError, Floats
from audit.own_tables import first_second, numbers_of, text_of
from audit.run import SECONDS_PER_HOUR, Run
from audit.tables import MODEL_DATA, numbers

TEN_UNIT_PEAK_MW = 1500.0
SUNRISE_H, SUNSET_H = 6.0, 18.0
DAY_H = 24
SIMBENCH = Path("networks") / "1-complete_data-mixed-all-0-sw"
SIMBENCH_FIRST = dt.datetime(2015, 12, 31, 23, tzinfo=dt.UTC)
SIMBENCH_ZONE = ZoneInfo("Europe/Berlin")
SIMBENCH_STEP_S = 900
NAMES = ("load_mw", "wind_mw", "pv_mw", "must_take_mw")
"""Of the rows of a series; the last is what of wind and sun cannot be curtailed."""
SHIPPED_SERIES = {"rts_gmlc_2020-02": "rts_gmlc/2020-02.csv"}
ORACLE = "oracle"


@dataclass(frozen=True)
class Series:
    """Rows [4, N] of means over steps of step_s, the first from first_s on."""

    rows: Floats
    step_s: float
    peak_mw: float
    repeats: bool = True
    first_s: int = 0
    told: Floats | None = None
    """[4, N] what operators are told in their place, where a table says so."""

    def means(self, edges_s: Floats) -> Floats:
        """[4, n] between edges [n + 1]."""
        knots = self.step_s * np.arange(self.rows.shape[1] + 1.0)
        since = edges_s - self.first_s
        rounds = np.floor(since / knots[-1]) if self.repeats else np.zeros(since.size)
        within = since - rounds * knots[-1]
        energy = np.concatenate([np.zeros((self.rows.shape[0], 1)), np.cumsum(self.rows, axis=1) * self.step_s], axis=1)
        at = np.stack([np.interp(within, knots, row) + rounds * row[-1] for row in energy])
        return np.asarray(np.diff(at, axis=1) / np.diff(edges_s))


def series_of(run: Run) -> Series | None:
    """What comes to be; None where it is not known."""
    p = run.part("profiles")
    made = {"ten_unit": _ten_unit, "csv": _csv, "simbench": _simbench}.get(str(p["source"]))
    if made is None:
        raise AuditError(f"profiles.source={p['source']!r}: not known to the audit")
    return made(run, p)


def told_of(run: Run, *, to_all: bool = False) -> Series | None:
    """What operators are told of it; None where that is drawn by chance. to_all: under every controller alike."""
    if run.part("profiles")["forecast_error"] != "off":
        return None
    known = series_of(run)
    if known is None or known.told is None or (str(run.attributes["controller"]) == ORACLE and not to_all):
        return known
    return replace(known, rows=known.told)


def _without_limits(rows: Floats) -> Floats:
    return np.concatenate([rows, np.zeros((1, rows.shape[1]))])


def _ten_unit(run: Run, p: Any) -> Series:
    """A day's tables by the hour, the sun half a sine between 06 and 18 as quarter-hour means; repeated."""
    peak = float(p["load_peak_mw"])
    load = np.repeat(numbers(MODEL_DATA / "ten_unit_load.csv", "load_mw")[0], 4) * peak / TEN_UNIT_PEAK_MW
    wind = np.repeat(numbers(MODEL_DATA / "wind_day.csv", "wind_pu")[0], 4) * float(p["wind_capacity_mw"])
    edges_h, length_h = np.arange(4 * DAY_H + 1) / 4, SUNSET_H - SUNRISE_H
    angle = np.pi * (np.clip(edges_h, SUNRISE_H, SUNSET_H) - SUNRISE_H) / length_h
    sun = -np.diff(np.cos(angle)) * length_h / np.pi * 4 * float(p["pv_capacity_mw"])
    return Series(_without_limits(np.stack([load, wind, sun])), SECONDS_PER_HOUR / 4, peak)


def _csv(run: Run, p: Any) -> Series | None:
    """A table of the user's own; forecasts stand in columns beside."""
    file = str(p["file"])
    text = text_of(run.inputs, "profiles", str(MODEL_DATA / SHIPPED_SERIES[file]) if file in SHIPPED_SERIES else file)
    if text is None:
        return None
    form = p.get("file_format") or {}
    told_names = [name.replace("_mw", "_forecast_mw") for name in NAMES]
    columns, times = numbers_of(text, form, (*NAMES, *told_names))
    none = np.zeros(columns["load_mw"].size)
    rows = np.stack([columns.get(name, none) for name in NAMES])
    told = np.stack([columns.get(other, row) for other, row in zip(told_names, rows, strict=True)])
    first_s = first_second(times, form, p.get("start_date"))
    factor = np.array([1.0, *[float(p.get("renewables_factor", 1.0))] * 3])[:, None]
    rows, told = rows * factor, told * factor
    return Series(rows, float(p["resolution_s"]), float(rows[0].max()), first_s is None, first_s or 0,
                  told if set(told_names) & set(columns) else None)


def _simbench(run: Run, p: Any) -> Series | None:
    """Quarter hours of 2016 from the installed package's own files."""
    spec = importlib.util.find_spec("simbench")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / SIMBENCH
    load = simbench_columns(folder / "LoadProfile.csv", p["load_columns"])
    mixture = (load / load.max(axis=0)).mean(axis=1)
    wind, sun = (np.maximum(simbench_columns(folder / "RESProfile.csv", p[f"{name}_columns"]), 0.0).mean(axis=1)
                 * float(p[f"{name}_capacity_mw"]) for name in ("wind", "pv"))
    peak, first_s = float(p["load_peak_mw"]), simbench_first_s(p["start_date"])
    rows = np.stack([mixture / mixture.max() * peak, wind, sun])
    return Series(_without_limits(rows), SIMBENCH_STEP_S, peak, repeats=False, first_s=first_s)


def simbench_first_s(date: Any) -> int:
    """Seconds from the local midnight of a day to the first row."""
    day = date if isinstance(date, dt.date) else dt.date.fromisoformat(str(date))
    return round((SIMBENCH_FIRST - dt.datetime.combine(day, dt.time(), SIMBENCH_ZONE)).total_seconds())


def simbench_columns(path: Path, names: Any) -> Floats:
    """[rows, names] of a file with semicolons."""
    with path.open(encoding="utf-8") as lines:
        known = lines.readline().rstrip("\n").split(";")
    if unknown := [name for name in names if name not in known]:
        raise AuditError(f"{path.name} has no column {', '.join(unknown)}")
    return np.loadtxt(path, delimiter=";", skiprows=1, usecols=[known.index(name) for name in names], ndmin=2)
