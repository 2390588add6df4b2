"""Prices that car owners see: what a tariff offers, and those there are, one file each in `models/system/tariffs/`.

Rules: docs/model.md 3.17. Drivers, owners' bills and controllers all read one object of this module.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from models.data_tables import FOLDER, read_columns
from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints, RecordError
from models.registry import Registry

HOURS_PER_DAY = 24
PERIODS = ("valley", "flat", "peak")
DAY_S = HOURS_PER_DAY * SECONDS_PER_HOUR
CNY_PER_USD = 7.0
"""(A)"""


class Prices(Protocol):
    """What all who see prices read; [hours] from the hour that holds `time_s` (from a midnight, any sign)."""

    def charge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """What an owner pays for energy drawn at the bus."""
        ...

    def discharge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """What an owner is paid for energy fed in at the bus."""
        ...

    def known_usd_per_kwh(self, now_s: int, hours: int) -> tuple[Floats, Floats]:
        """(charging, discharging) as far as anybody can know them at `now_s`, from the present hour on."""
        ...

    def paid_usd_per_kwh(self, time_s: int, period_s: int) -> tuple[float, float]:
        """(charging, discharging) in a period within an hour."""
        ...


class KnownByHour(ABC):
    """Prices that stand for whole hours and are known beforehand."""

    @abstractmethod
    def charge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """As `Prices.charge_usd_per_kwh`."""

    @abstractmethod
    def discharge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """As `Prices.discharge_usd_per_kwh`."""

    def known_usd_per_kwh(self, now_s: int, hours: int) -> tuple[Floats, Floats]:
        """As `Prices.known_usd_per_kwh`."""
        return self.charge_usd_per_kwh(now_s, hours), self.discharge_usd_per_kwh(now_s, hours)

    def paid_usd_per_kwh(self, time_s: int, period_s: int) -> tuple[float, float]:
        """As `Prices.paid_usd_per_kwh`."""
        return float(self.charge_usd_per_kwh(time_s)[0]), float(self.discharge_usd_per_kwh(time_s)[0])


@dataclass(frozen=True)
class Tariff(KnownByHour):
    """Fixed prices in CNY/kWh, arrays [24] by the hour of the day, and the exchange rate."""

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


@dataclass(frozen=True)
class Terms:
    """What a tariff may need to make its prices."""

    cny_per_usd: float = CNY_PER_USD
    levels: str = "beijing2015"
    """A tariff with period prices, for one that has none of its own."""
    equivalent_load_mw: Callable[[int], Floats] | None = None
    """[24] load - wind - PV as forecast, by a day's midnight in s; None where there is no forecast."""


@dataclass(frozen=True)
class TariffKind:
    """What a file of `models/system/tariffs/` declares as TARIFF."""

    name: str
    description: str
    """What it is, in a few words."""
    source: str
    prices: Callable[[Terms], Prices]
    charge_cny_per_kwh: Mapping[str, float] | None = None
    """What charging costs in each of PERIODS; None: it has no period prices to lend to another."""


SHIPPED_PRICES = {"opens_at_18": "prices/opens_at_18.csv",
                  "spot_with_negative_hours": "prices/spot_with_negative_hours.csv",
                  "rts_gmlc_2020-02": "rts_gmlc/prices_2020-02.csv",
                  "rts_gmlc_2020-02_week": "rts_gmlc/prices_2020-02_week.csv",
                  "rts_gmlc_2020-02_spilling": "rts_gmlc/prices_2020-02_spilling.csv"}
"""Tables of prices that come along, by name: files of `models/data/`."""
PRICE_SUFFIXES = (".csv", ".csv.gz")


def is_file_of_prices(name: str) -> bool:
    """Whether the name is that of a file of the user's own."""
    return name not in SHIPPED_PRICES and name not in TARIFFS and name.lower().endswith(PRICE_SUFFIXES)


def is_table_of_prices(name: str) -> bool:
    """Whether the name is that of a table by step or hour, of one's own or one that comes along."""
    return name in SHIPPED_PRICES or is_file_of_prices(name)


def price_file(name: str) -> Path:
    """The file of a table of prices."""
    return FOLDER / SHIPPED_PRICES[name] if name in SHIPPED_PRICES else Path(name)


TARIFFS: Registry[TariffKind] = Registry("tariff", "models.system.tariffs", "TARIFF", TariffKind)


def tariff(name: str, cny_per_usd: float = CNY_PER_USD) -> Prices:
    """The prices of the tariff of that name where they need no forecast; RecordError for an unknown name."""
    return TARIFFS.named(name).prices(Terms(cny_per_usd))


def level_names() -> tuple[str, ...]:
    """Tariffs with valley, flat and peak prices."""
    return tuple(name for name, tariff in TARIFFS.items() if tariff.charge_cny_per_kwh is not None)


def period_prices(name: str) -> Mapping[str, tuple[float, float]]:
    """(charge, discharge) in CNY/kWh by period of the tariff of that name; RecordError if it has no periods."""
    known, pays = TARIFFS.named(name).charge_cny_per_kwh, discharge_cny_per_kwh()
    if known is None:
        raise RecordError(f"tariff {name!r} has no valley, flat and peak prices, allowed: {', '.join(level_names())}")
    return {period: (known[period], pays[period]) for period in PERIODS}


def table_tariff(name: str, description: str, source: str, charge_cny_per_kwh: Mapping[str, float],
                 hours: Sequence[tuple[int, str]]) -> TariffKind:
    """A tariff by the hour of the day, as (hours, period) one after the other from midnight.

    Discharging is paid at 0.453 CNY/kWh (Guangdong 2025, S) x 1.7 : 1 : 0.38 in its peak, flat and valley hours (K;
    combining them is an assumption, A). Raises RecordError unless the hours add up to a day of known periods.
    """
    day = [period for count, period in hours for _ in range(count)]
    if len(day) != HOURS_PER_DAY or not set(day) <= set(PERIODS) or set(charge_cny_per_kwh) != set(PERIODS):
        raise RecordError(f"tariff {name}: has {len(day)} hours of {', '.join(dict.fromkeys(day))} and prices of "
                          f"{', '.join(charge_cny_per_kwh)}, must be {HOURS_PER_DAY} hours of {', '.join(PERIODS)}")

    def prices(terms: Terms) -> Prices:
        both = (charge_cny_per_kwh, discharge_cny_per_kwh())
        charge, discharge = (np.array([by_period[period] for period in day]) for by_period in both)
        return Tariff(name, charge, discharge, terms.cny_per_usd)

    return TariffKind(name, description, source, prices, charge_cny_per_kwh)


def discharge_cny_per_kwh() -> Mapping[str, float]:
    """What owners are paid in each of PERIODS, whatever the tariff."""
    table = read_columns("discharge_prices.csv")
    return {period: float(base) * float(factor)
            for period, base, factor in zip(table["period"], table["base_cny_per_kwh"], table["factor"], strict=True)}


def _hours_of_day(time_s: int, hours: int) -> Ints:
    return (time_s // SECONDS_PER_HOUR + np.arange(hours)) % HOURS_PER_DAY
