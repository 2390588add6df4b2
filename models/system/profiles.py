"""Load, wind and sun of the system as step means at any time, and their forecasts as hourly means.

Times are whole seconds from the first counted midnight; negative in the warm-up.
"""

from __future__ import annotations

import csv
import datetime as dt
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats
from models.system.units import ten_unit_load_mw
from models.tables import simbench_year

QUARTER_S = 900
DAY_S = 86_400
TEN_UNIT_PEAK_MW = 1500.0
PV_RISE_H, PV_SET_H = 6.0, 18.0
"""Half a sine between these hours (A)."""
_DATA = Path(__file__).parents[1] / "data"

SIMBENCH_FOLDER = Path("networks") / "1-complete_data-mixed-all-0-sw"


class ProfileError(ValueError):
    """A series that cannot serve; the message says which, where and what is needed."""


@dataclass(frozen=True)
class Forecast:
    """Means over consecutive periods, arrays [N], MW."""

    load_mw: Floats
    wind_mw: Floats
    pv_mw: Floats
    must_take_mw: Floats
    """What of wind and sun together cannot be curtailed."""


@dataclass(frozen=True)
class Profiles:
    """Evenly spaced means [N] of one day that repeats, or of a longer stretch that does not.

    Row k is the mean over [first_s + k resolution_s, + resolution_s), from the first counted midnight.
    """

    load_mw: Floats
    wind_mw: Floats
    """Available, not yet curtailed."""
    pv_mw: Floats
    load_peak_mw: float
    resolution_s: int = QUARTER_S
    first_s: int = 0
    repeats: bool = False
    notes: tuple[str, ...] = ()
    """What was seen in a file of the user's own and is used nevertheless, a sentence each."""
    must_take_mw: Floats | None = None
    """What of wind and sun together cannot be curtailed; None: nothing."""
    forecast: Profiles | None = None
    """What operators are told in its place; None: the truth, or the truth with errors."""

    def __post_init__(self) -> None:
        problems: list[str] = []
        for name in ("load_mw", "wind_mw", "pv_mw", *(["must_take_mw"] if self.must_take_mw is not None else [])):
            series = getattr(self, name)
            if series.shape != self.load_mw.shape or series.ndim != 1 or not series.size:
                problems.append(f"{name} has shape {series.shape}, load_mw {self.load_mw.shape}")
            elif not np.all(np.isfinite(series)):
                problems.append(f"{name} is not a number in row {np.flatnonzero(~np.isfinite(series))[0]}")
            elif np.min(series) < 0:
                problems.append(f"{name} is negative in row {np.flatnonzero(series < 0)[0]}")
        if not self.load_peak_mw > 0:
            problems.append(f"load_peak_mw={self.load_peak_mw:g} is not above 0")
        if problems:
            raise ProfileError("profiles: " + "; ".join(problems))

    def means(self, time_s: int, period_s: int, count: int = 1) -> Forecast:
        """Means over `count` periods of `period_s` from `time_s`; exact for any period.

        Raises ProfileError where the series has no data.
        """
        self._check_span(time_s, time_s + period_s * count)
        edges_s = time_s + period_s * np.arange(count + 1, dtype=np.float64)
        # no power is below 0, but by rounding the sum of many days is at night
        load, wind, pv, must_take = (np.maximum(np.diff(self._energy(row, edges_s)) / period_s, 0.0)
                                     for row in self._energies)
        return Forecast(load, wind, pv, np.minimum(must_take, wind + pv))

    def hourly(self, time_s: int, hours: int) -> Forecast:
        """Hourly means from `time_s` on, arrays [hours]: the (perfect) forecast."""
        return self.means(time_s, SECONDS_PER_HOUR, hours)

    def load_shape(self, time_s: int, period_s: int, count: int = 1) -> Floats:
        """[count] system load / peak: the factor on every bus's peak load, active and reactive."""
        return self.means(time_s, period_s, count).load_mw / self.load_peak_mw

    @property
    def end_s(self) -> int:
        """First instant after the last row."""
        return self.first_s + self.load_mw.size * self.resolution_s

    def _check_span(self, start_s: int, end_s: int) -> None:
        if not self.repeats and (start_s < self.first_s or end_s > self.end_s):
            raise ProfileError(f"profiles: asked for {start_s} s to {end_s} s, but the series covers only "
                               f"{self.first_s} s to {self.end_s} s from the first counted midnight")

    @cached_property
    def _knots_s(self) -> Floats:
        return self.resolution_s * np.arange(self.load_mw.size + 1, dtype=np.float64)

    @cached_property
    def _energies(self) -> tuple[Floats, ...]:
        """Integrals [N + 1] in MW s of load, wind, sun and what must be taken of them, from the first row on."""
        must_take = np.zeros(self.load_mw.size) if self.must_take_mw is None else self.must_take_mw
        return tuple(np.concatenate(([0.0], np.cumsum(series) * self.resolution_s))
                     for series in (self.load_mw, self.wind_mw, self.pv_mw, must_take))

    def _energy(self, energy: Floats, time_s: Floats) -> Floats:
        """An integral at each instant; between rows the power is constant."""
        since_first_s = time_s - self.first_s
        rounds = since_first_s // self._knots_s[-1] if self.repeats else 0.0
        within_s = since_first_s - rounds * self._knots_s[-1]
        return np.asarray(np.interp(within_s, self._knots_s, energy) + rounds * energy[-1], dtype=np.float64)


# ---------------------------------------------------------------- the ten-unit day
def ten_unit_profiles(
    load_peak_mw: float = TEN_UNIT_PEAK_MW, wind_capacity_mw: float = 150.0, pv_capacity_mw: float = 100.0
) -> Profiles:
    """The one-day tables, repeated: load (S, 1,500 MW at its peak), wind (S), sun as half a sine (A)."""
    load = np.repeat(ten_unit_load_mw(), 4) * (load_peak_mw / TEN_UNIT_PEAK_MW)
    wind = np.repeat(wind_day_pu(), 4) * wind_capacity_mw
    return Profiles(load, wind, pv_day_pu() * pv_capacity_mw, load_peak_mw, repeats=True)


def wind_day_pu() -> Floats:
    """[24] wind power per installed power, hours 1 to 24 (S)."""
    with (_DATA / "wind_day.csv").open(newline="", encoding="utf-8") as file:
        return np.array([row["wind_pu"] for row in csv.DictReader(file)], dtype=np.float64)


def pv_day_pu() -> Floats:
    """[96] quarter-hour means of sin(pi (h - 6) / 12) between 06 and 18, 0 outside (A)."""
    edges_h = np.clip(np.arange(97) / 4, PV_RISE_H, PV_SET_H)
    length_h = PV_SET_H - PV_RISE_H
    area_h = -np.cos(np.pi * (edges_h - PV_RISE_H) / length_h) * length_h / np.pi
    return np.asarray(np.diff(area_h) * 4, dtype=np.float64)


# ---------------------------------------------------------------- a stretch of 2016
def simbench_profiles(
    start_date: dt.date,
    load_peak_mw: float,
    wind_capacity_mw: float,
    pv_capacity_mw: float,
    load_columns: Sequence[str],
    wind_columns: Sequence[str],
    pv_columns: Sequence[str],
) -> Profiles:
    """15-minute series of 2016 from the installed simbench package; counted time starts at local midnight.

    Load: each column over its own peak, averaged, then scaled so that the year's peak is `load_peak_mw`.
    Wind and sun: mean of the columns (per installed power, at least 0) x capacity.
    Local midnight is looked up with daylight saving; within a run the clock is not changed.
    Raises ProfileError if the package, a column or a value is missing.
    """
    load = _read_simbench("LoadProfile.csv", load_columns)
    mixture = (load / load.max(axis=0)).mean(axis=1)
    renewables = np.maximum(_read_simbench("RESProfile.csv", [*wind_columns, *pv_columns]), 0.0)
    wind, pv = renewables[:, : len(wind_columns)].mean(axis=1), renewables[:, len(wind_columns):].mean(axis=1)
    return Profiles(mixture / mixture.max() * load_peak_mw, wind * wind_capacity_mw, pv * pv_capacity_mw,
                    load_peak_mw, first_s=simbench_year.first_s(start_date))


def _read_simbench(file_name: str, columns: Sequence[str]) -> Floats:
    """[35136, columns] of one file, in the order asked for."""
    import pandas as pd  # noqa: PLC0415  (only needed here)

    file = _simbench_folder() / file_name
    with file.open(encoding="utf-8") as lines:
        known = lines.readline().rstrip("\n").split(";")
    if unknown := [name for name in columns if name not in known]:
        raise ProfileError(f"{file_name} has no column {', '.join(unknown)}; known: {', '.join(known[1:])}")
    table = pd.read_csv(file, sep=";", usecols=list(dict.fromkeys(columns)))[list(columns)]
    values = table.to_numpy(dtype=np.float64)
    if values.shape[0] != simbench_year.ROWS or not np.all(np.isfinite(values)):
        raise ProfileError(f"{file_name} must have {simbench_year.ROWS} rows without gaps, but has "
                           f"{values.shape[0]} rows and {int(np.sum(~np.isfinite(values)))} gaps")
    return np.asarray(values, dtype=np.float64)


def _simbench_folder() -> Path:
    # Found without importing it: that alone takes seconds.
    spec = importlib.util.find_spec("simbench")
    if spec is None or spec.origin is None:
        raise ProfileError("profiles from simbench need the package simbench: pip install simbench")
    return Path(spec.origin).parent / SIMBENCH_FOLDER
