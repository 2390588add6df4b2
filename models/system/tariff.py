"""Prices that car owners see: fixed tables by the hour of the day, or made day by day from the forecast load.

Rules: docs/model.md 3.17. Drivers, owners' bills and controllers all read one object of this module.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints, RecordError

HOURS_PER_DAY = 24
HOURS_PER_PERIOD = 8
PERIODS = ("valley", "flat", "peak")
DAY_S = HOURS_PER_DAY * SECONDS_PER_HOUR
_DATA = Path(__file__).parents[1] / "data"


class Prices(Protocol):
    """What all who see prices read; [hours] from the hour that holds `time_s` (from a midnight, any sign)."""

    def charge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """What an owner pays for energy drawn at the bus."""
        ...

    def discharge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """What an owner is paid for energy fed in at the bus."""
        ...


@dataclass(frozen=True)
class Tariff:
    """Prices in CNY/kWh, arrays [24] by the hour of the day, and the exchange rate."""

    name: str
    charge_cny_per_kwh: Floats
    """What an owner pays for energy drawn at the bus."""
    discharge_cny_per_kwh: Floats
    """What an owner is paid for energy fed in at the bus."""
    cny_per_usd: float

    def __post_init__(self) -> None:
        problems = [f"{name} has shape {getattr(self, name).shape}, not (24,)"
                    for name in ("charge_cny_per_kwh", "discharge_cny_per_kwh")
                    if getattr(self, name).shape != (HOURS_PER_DAY,)]
        if not self.cny_per_usd > 0:
            problems.append(f"cny_per_usd={self.cny_per_usd:g} is not above 0")
        if problems:
            raise RecordError(f"tariff {self.name}: " + "; ".join(problems))

    def charge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """[hours] prices of charging from the hour that holds `time_s` (from a midnight, any sign)."""
        return self.charge_cny_per_kwh[_hours_of_day(time_s, hours)] / self.cny_per_usd

    def discharge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """[hours] prices of discharging, as `charge_usd_per_kwh`."""
        return self.discharge_cny_per_kwh[_hours_of_day(time_s, hours)] / self.cny_per_usd


class ForecastTariff:
    """Prices made once per day (one pass) from that day's forecast equivalent load without cars.

    The 8 hours of lowest load - wind - PV cost the valley price, the 8 highest the peak price, the rest the flat one
    (docs/model.md 3.17); of equal hours the earlier counts as lower.
    """

    def __init__(self, levels: str, cny_per_usd: float, equivalent_load_mw: Callable[[int], Floats]) -> None:
        """levels: a table with valley, flat and peak prices; equivalent_load_mw: [24] by a day's midnight in s.

        Raises RecordError where the table has none, as `none`.
        """
        found = period_prices(levels)
        self._charge, self._discharge = (np.array([found[period][k] for period in PERIODS]) / cny_per_usd
                                         for k in (0, 1))
        self._load_mw = equivalent_load_mw
        self._known: dict[int, Ints] = {}

    def periods(self, time_s: int, hours: int = 1) -> Ints:
        """[hours] 0 valley, 1 flat, 2 peak from the hour that holds `time_s`."""
        first_h = time_s // SECONDS_PER_HOUR
        days = range(first_h // HOURS_PER_DAY, (first_h + hours - 1) // HOURS_PER_DAY + 1)
        whole = np.concatenate([self._periods_of_day(day * DAY_S) for day in days])
        return np.asarray(whole[first_h % HOURS_PER_DAY:][:hours], dtype=np.int64)

    def _periods_of_day(self, midnight_s: int) -> Ints:
        if midnight_s not in self._known:
            self._known[midnight_s] = periods_by_load(self._load_mw(midnight_s))
        return self._known[midnight_s]

    def charge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """As `Tariff.charge_usd_per_kwh`."""
        return np.asarray(self._charge[self.periods(time_s, hours)], dtype=np.float64)

    def discharge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """As `Tariff.discharge_usd_per_kwh`."""
        return np.asarray(self._discharge[self.periods(time_s, hours)], dtype=np.float64)


def periods_by_load(load_mw: Floats) -> Ints:
    """[24] 0 valley, 1 flat, 2 peak: the lowest 8, middle 8 and highest 8 hours of a day's load [24]."""
    if load_mw.shape != (HOURS_PER_DAY,):
        raise RecordError(f"a day's load has shape {load_mw.shape}, not ({HOURS_PER_DAY},)")
    period = np.empty(HOURS_PER_DAY, dtype=np.int64)
    period[np.argsort(load_mw, kind="stable")] = np.arange(HOURS_PER_DAY) // HOURS_PER_PERIOD
    return period


def period_prices(name: str) -> Mapping[str, tuple[float, float]]:
    """(charge, discharge) in CNY/kWh by period of the table of that name; RecordError if it has no periods."""
    pays = _discharge_cny_per_kwh()
    found = {row["period"]: (float(row["charge_cny_per_kwh"]), pays[row["period"]])
             for row in _rows("tariffs.csv") if row["table"] == name}
    if set(found) != set(PERIODS):
        allowed = ", ".join(one for one in tariff_names() if one != "none")
        raise RecordError(f"tariff {name!r} has no valley, flat and peak prices, allowed: {allowed}")
    return found


def tariff_names() -> tuple[str, ...]:
    """Names that `tariff` knows."""
    return (*dict.fromkeys(row["table"] for row in _rows("tariffs.csv")), "none")


def tariff(name: str, cny_per_usd: float = 7.0) -> Tariff:
    """The tariff of that name; `none` has all prices 0.

    Charging: beijing2015, chengdu2023 (S). Discharging: 0.453 CNY/kWh (Guangdong 2025, S) x 1.7 : 1 : 0.38
    in the table's own peak, flat and valley hours (K; combining them is an assumption, A).
    Raises RecordError for an unknown name.
    """
    if name not in tariff_names():
        raise RecordError(f"tariff {name!r} is unknown, allowed: {', '.join(tariff_names())}")
    charge, discharge = np.zeros(HOURS_PER_DAY), np.zeros(HOURS_PER_DAY)
    pays = _discharge_cny_per_kwh()
    for row in _rows("tariffs.csv"):
        if row["table"] == name:
            hours = slice(int(row["from_hour"]), int(row["to_hour"]))
            charge[hours], discharge[hours] = float(row["charge_cny_per_kwh"]), pays[row["period"]]
    return Tariff(name, charge, discharge, cny_per_usd)


def _discharge_cny_per_kwh() -> dict[str, float]:
    return {row["period"]: float(row["base_cny_per_kwh"]) * float(row["factor"])
            for row in _rows("discharge_prices.csv")}


def _hours_of_day(time_s: int, hours: int) -> Ints:
    return (time_s // SECONDS_PER_HOUR + np.arange(hours)) % HOURS_PER_DAY


def _rows(file_name: str) -> list[dict[str, str]]:
    with (_DATA / file_name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
