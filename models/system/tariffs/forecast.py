"""Prices made day by day from the forecast load, at the levels of another tariff (docs/model.md 3)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints, RecordError
from models.system.tariff import DAY_S, HOURS_PER_DAY, PERIODS, KnownByHour, Prices, TariffKind, Terms, period_prices

HOURS_PER_PERIOD = 8


class ForecastTariff(KnownByHour):
    """Prices made once per day (one pass) from that day's forecast equivalent load without cars.

    The 8 hours of lowest load - wind - PV cost the valley price, the 8 highest the peak price, the rest the flat one
    (docs/model.md 3.17); of equal hours the earlier counts as lower.
    """

    def __init__(self, levels: str, cny_per_usd: float, equivalent_load_mw: Callable[[int], Floats]) -> None:
        """levels: a table with valley, flat and peak prices; equivalent_load_mw: [24] by a day's midnight in s.

        Raises RecordError where the table has none, as `none`.
        """
        prices = period_prices(levels)
        self._charge, self._discharge = (np.array([prices[period][k] for period in PERIODS]) / cny_per_usd
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


def _prices(terms: Terms) -> Prices:
    if terms.equivalent_load_mw is None:
        raise RecordError("tariff forecast: needs a forecast of load, wind and PV")
    return ForecastTariff(terms.levels, terms.cny_per_usd, terms.equivalent_load_mw)


TARIFF = TariffKind(
    name="forecast", description="made per day: the 8 hours of lowest, middle and highest load - wind - PV as forecast",
    source="own rule (A), at the prices of `tariff.levels`", prices=_prices)
