"""Prices that car owners see: fixed tables by the hour of the day (MODEL.md section 8)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.records import SECONDS_PER_HOUR, Floats, Ints, RecordError

HOURS_PER_DAY = 24
_DATA = Path(__file__).parent / "data"


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
    pays = {row["period"]: float(row["base_cny_per_kwh"]) * float(row["factor"])
            for row in _rows("discharge_prices.csv")}
    for row in _rows("tariffs.csv"):
        if row["table"] == name:
            hours = slice(int(row["from_hour"]), int(row["to_hour"]))
            charge[hours], discharge[hours] = float(row["charge_cny_per_kwh"]), pays[row["period"]]
    return Tariff(name, charge, discharge, cny_per_usd)


def _hours_of_day(time_s: int, hours: int) -> Ints:
    return (time_s // SECONDS_PER_HOUR + np.arange(hours)) % HOURS_PER_DAY


def _rows(file_name: str) -> list[dict[str, str]]:
    with (_DATA / file_name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
