"""Load, wind and sun of the scenario, as means over any step (docs/model.md 8.2)."""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from audit.finding import AuditError, Floats
from audit.run import SECONDS_PER_HOUR, Run
from audit.tables import MODEL_DATA, numbers

TEN_UNIT_PEAK_MW = 1500.0
SUNRISE_H, SUNSET_H = 6.0, 18.0
DAY_H = 24
SIMBENCH = Path("networks") / "1-complete_data-mixed-all-0-sw"
SIMBENCH_FIRST = dt.datetime(2015, 12, 31, 23, tzinfo=dt.UTC)
SIMBENCH_ZONE = ZoneInfo("Europe/Berlin")
SIMBENCH_STEP_S = 900


def series_of(run: Run) -> tuple[Floats, Floats, float, bool, int] | None:
    """(energy [3, N + 1] MW s at knots, knots [N + 1] s, peak MW, repeats, first second); None where it is not known.

    Rows: load, wind, sun.
    """
    p = run.part("profiles")
    made = {"ten_unit": _ten_unit, "csv": _csv, "simbench": _simbench}.get(str(p["source"]))
    if made is None:
        raise AuditError(f"profiles.source={p['source']!r}: not known to the audit")
    return made(p)


def means(energy: Floats, knots: Floats, edges_s: Floats, repeats: bool, first_s: int) -> Floats:
    """[3, n] mean powers between edges [n + 1]."""
    since = edges_s - first_s
    rounds = np.floor(since / knots[-1]) if repeats else np.zeros(since.size)
    within = since - rounds * knots[-1]
    at = np.stack([np.interp(within, knots, row) + rounds * row[-1] for row in energy])
    return np.asarray(np.diff(at, axis=1) / np.diff(edges_s))


def _energy(rows: Floats, step_s: float) -> Floats:
    return np.concatenate([np.zeros((rows.shape[0], 1)), np.cumsum(rows, axis=1) * step_s], axis=1)


def _ten_unit(p: Any) -> tuple[Floats, Floats, float, bool, int]:
    """A day's tables by the hour, the sun half a sine between 06 and 18 as quarter-hour means; repeated."""
    peak = float(p["load_peak_mw"])
    load = np.repeat(numbers(MODEL_DATA / "ten_unit_load.csv", "load_mw")[0], 4) * peak / TEN_UNIT_PEAK_MW
    wind = np.repeat(numbers(MODEL_DATA / "wind_day.csv", "wind_pu")[0], 4) * float(p["wind_capacity_mw"])
    edges_h, length_h = np.arange(4 * DAY_H + 1) / 4, SUNSET_H - SUNRISE_H
    angle = np.pi * (np.clip(edges_h, SUNRISE_H, SUNSET_H) - SUNRISE_H) / length_h
    sun = -np.diff(np.cos(angle)) * length_h / np.pi * 4 * float(p["pv_capacity_mw"])
    rows, step_s = np.stack([load, wind, sun]), SECONDS_PER_HOUR / 4
    return _energy(rows, step_s), step_s * np.arange(rows.shape[1] + 1), peak, True, 0


def _csv(p: Any) -> tuple[Floats, Floats, float, bool, int] | None:
    path = Path(str(p["file"]))
    if not path.is_file():
        return None
    rows, step_s = numbers(path, "load_mw", "wind_mw", "pv_mw"), float(p["resolution_s"])
    return _energy(rows, step_s), step_s * np.arange(rows.shape[1] + 1), float(rows[0].max()), True, 0


def _simbench(p: Any) -> tuple[Floats, Floats, float, bool, int] | None:
    """Quarter hours of 2016 from the installed package's own files."""
    spec = importlib.util.find_spec("simbench")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / SIMBENCH
    load = _columns(folder / "LoadProfile.csv", p["load_columns"])
    mixture = (load / load.max(axis=0)).mean(axis=1)
    wind, sun = (np.maximum(_columns(folder / "RESProfile.csv", p[f"{name}_columns"]), 0.0).mean(axis=1)
                 * float(p[f"{name}_capacity_mw"]) for name in ("wind", "pv"))
    peak, date = float(p["load_peak_mw"]), p["start_date"]
    day = date if isinstance(date, dt.date) else dt.date.fromisoformat(str(date))
    midnight = dt.datetime.combine(day, dt.time(), SIMBENCH_ZONE)
    first_s = round((SIMBENCH_FIRST - midnight).total_seconds())
    rows = np.stack([mixture / mixture.max() * peak, wind, sun])
    return (_energy(rows, SIMBENCH_STEP_S), SIMBENCH_STEP_S * np.arange(rows.shape[1] + 1.0), peak, False, first_s)


def _columns(path: Path, names: Any) -> Floats:
    """[rows, names] of a file with semicolons."""
    with path.open(encoding="utf-8") as lines:
        known = lines.readline().rstrip("\n").split(";")
    if unknown := [name for name in names if name not in known]:
        raise AuditError(f"{path.name} has no column {', '.join(unknown)}")
    return np.loadtxt(path, delimiter=";", skiprows=1, usecols=[known.index(name) for name in names], ndmin=2)
