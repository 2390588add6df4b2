"""Prices of charging and discharging from a file of one's own, of any sign (docs/tables.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints, RecordError
from models.system.tariff import DAY_S
from models.tables.mistakes import TableError, shown
from models.tables.series import TIME, series_notes, span_of
from models.tables.table_format import TableFormat
from models.tables.user_table import UserTable

Foresight = Literal["known", "forecast", "day_before"]
WAYS, SOURCE = ("charge", "discharge"), "source"
PER = {"per_kwh": 1.0, "per_mwh": 1e-3}
"""Ends of column names, and what makes prices per kWh of them."""
MOST_USD_PER_MWH = 100_000.0
"""Above and below 0: what no exchange allows."""
MOST_NAMED = 8
HIGH_USD_PER_KWH = 2.0
"""A median above it is of another unit or currency, most likely: a note (A)."""

LOW_USD_PER_KWH = 0.0005
"""The same below it (A)."""
OTHER_UNIT = 100.0
"""Forecasts that differ by as much from what is paid are of another unit, most likely (A)."""


class PriceError(RecordError):
    """A file of prices that cannot serve; the message names it, and each row and column."""


@dataclass(frozen=True)
class OwnPrices:
    """Evenly spaced prices [N] in USD/kWh, of whole days that repeat or of days of their own."""

    paid: tuple[Floats, Floats]
    """(charging, discharging) as they come to be."""
    forecast: tuple[Floats, Floats]
    """The same as known beforehand; those that are paid where nothing else is."""
    resolution_s: int
    first_s: int
    repeats: bool
    foresight: Foresight = "known"
    notes: tuple[str, ...] = ()

    # ------------------------------------------------------------ as Prices
    def charge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """[hours] means of what charging comes to cost, from the hour that holds `time_s`."""
        return self._hourly(self.paid[0], _hours(time_s, hours))

    def discharge_usd_per_kwh(self, time_s: int, hours: int = 1) -> Floats:
        """[hours] the same of discharging."""
        return self._hourly(self.paid[1], _hours(time_s, hours))

    def known_usd_per_kwh(self, now_s: int, hours: int) -> tuple[Floats, Floats]:
        """The present hour as it is, later ones as published, as forecast, or as they were at that hour a day before.

        A day before is the last one of which the price was known at `now_s`.
        """
        begins = _hours(now_s, hours)
        source = self.forecast if self.foresight == "forecast" else self.paid
        late_s = begins - begins[0]
        seen = begins - -(-late_s // DAY_S) * DAY_S if self.foresight == "day_before" else begins
        charge, discharge = (np.concatenate([self._hourly(paid, begins[:1]), self._hourly(told, seen[1:])])
                             for paid, told in zip(self.paid, source, strict=True))
        return charge, discharge

    def paid_usd_per_kwh(self, time_s: int, period_s: int) -> tuple[float, float]:
        """Means over a period."""
        edges = np.array([time_s, time_s + period_s], dtype=np.int64)
        charge, discharge = (float(np.diff(self._integral(series, edges))[0]) / period_s for series in self.paid)
        return charge, discharge

    # ------------------------------------------------------------ means
    def _hourly(self, series: Floats, begins_s: Ints) -> Floats:
        """[n] means over the hours that begin then."""
        ends = self._integral(series, begins_s + SECONDS_PER_HOUR)
        return np.asarray((ends - self._integral(series, begins_s)) / SECONDS_PER_HOUR, dtype=np.float64)

    @property
    def end_s(self) -> int:
        """First instant after the last row."""
        return self.first_s + self.paid[0].size * self.resolution_s

    def _integral(self, series: Floats, time_s: Ints) -> Floats:
        """[n] from the first row to each instant; PriceError where the file has no data."""
        knots = self.resolution_s * np.arange(series.size + 1, dtype=np.float64)
        # as with profiles: differences of the integral are exact means whatever the rows' length
        sums = np.concatenate([[0.0], np.cumsum(series) * self.resolution_s])
        since = np.asarray(time_s - self.first_s, dtype=np.float64)
        rounds = since // knots[-1] if self.repeats else np.zeros(since.size)
        within = since - rounds * knots[-1]
        if within.min(initial=0.0) < 0 or within.max(initial=0.0) > knots[-1]:
            raise PriceError(f"prices: asked for {int(np.min(time_s))} s to {int(np.max(time_s))} s, but the series "
                             f"covers only {self.first_s} s to {self.end_s} s from the first counted midnight")
        return np.asarray(np.interp(within, knots, sums) + rounds * sums[-1], dtype=np.float64)


def _hours(time_s: int, hours: int) -> Ints:
    """[hours] beginnings from the hour that holds `time_s`."""
    return np.asarray(time_s // SECONDS_PER_HOUR + np.arange(hours), dtype=np.int64) * SECONDS_PER_HOUR


# ---------------------------------------------------------------- reading
def read_prices(file: Path, resolution_s: int = SECONDS_PER_HOUR, form: TableFormat | None = None,
                start_date: dt.date | None = None, currency_per_usd: float = 1.0,
                foresight: Foresight = "known") -> OwnPrices:
    """Prices of a CSV file: columns charge_per_kwh and discharge_per_kwh, or ..._per_mwh, in the file's own currency.

    Without a column for discharging it is paid what charging costs. Columns charge_forecast_per_kwh and so on are what
    is known beforehand with foresight `forecast`. Times and start_date as in `models.tables.series`. Raises PriceError.
    """
    names = [_name(way, is_forecast, per) for way in WAYS for is_forecast in (False, True) for per in PER]
    try:
        table = UserTable(file, {name: (name,) for name in (*names, TIME, SOURCE)}, (), names, form or TableFormat())
        most = MOST_USD_PER_MWH * currency_per_usd
        paid = _both(table, False, most)
        forecast = _both(table, True, most) if foresight == "forecast" else paid
        # a day without dates is every day
        span = span_of(table, resolution_s, start_date if table.has(TIME) else None)
        table.mistakes.refuse()
    except TableError as error:
        raise PriceError(str(error)) from None
    paid_usd, forecast_usd = ((charge / currency_per_usd, discharge / currency_per_usd)
                              for charge, discharge in (paid, forecast))
    return OwnPrices(paid_usd, forecast_usd, resolution_s, span.first_s, span.repeats, foresight,
                     (*series_notes(table, resolution_s), *_notes(table, paid_usd, forecast_usd, foresight)))


def _notes(table: UserTable, paid: tuple[Floats, Floats], forecast: tuple[Floats, Floats],
           foresight: Foresight) -> Iterator[str]:
    """Prices that look as if they were of another unit, and columns that say nothing here."""
    for way, usd_per_kwh in zip(WAYS, paid, strict=True):
        median = _median(usd_per_kwh)
        if 0 < median < LOW_USD_PER_KWH and any(table.has(_name(way, False, per)) for per in PER):
            yield (f"prices of {way} are {median * 1e3:,.6g} USD/MWh in the median, as nowhere: is the column "
                   f"{way}_per_kwh, or another number meant by currency_per_usd?")
        if median > HIGH_USD_PER_KWH and any(table.has(_name(way, False, per)) for per in PER):
            yield (f"prices of {way} are {median:,.6g} USD/kWh in the median, as nowhere: is the column "
                   f"{way}_per_mwh, or another number meant by currency_per_usd?")
    forecasts = [name for way in WAYS for per in PER if table.has(name := _name(way, True, per))]
    if forecasts and foresight != "forecast":
        yield f"columns not used with foresight: {foresight}: {', '.join(forecasts)}"
    if foresight == "forecast":
        yield from _levels_of_forecasts(paid, forecast)


def _levels_of_forecasts(paid: tuple[Floats, Floats], forecast: tuple[Floats, Floats]) -> Iterator[str]:
    """Forecasts of another unit than what is paid, most likely."""
    for way, comes, told in zip(WAYS, paid, forecast, strict=True):
        medians = _median(comes), _median(told)
        if min(medians) > 0 and not 1 / OTHER_UNIT < medians[1] / medians[0] < OTHER_UNIT:
            yield (f"forecast prices of {way} are {medians[1]:,.6g} USD/kWh in the median where {medians[0]:,.6g} are "
                   "paid: are both of the unit in their names?")


def _median(prices: Floats) -> float:
    """Of prices that are not 0, without their signs; 0 where all are."""
    some = np.abs(prices[prices != 0])
    return float(np.median(some)) if some.size else 0.0


def _name(way: str, is_forecast: bool, per: str) -> str:
    return f"{way}_forecast_{per}" if is_forecast else f"{way}_{per}"


def _both(table: UserTable, is_forecast: bool, most: float) -> tuple[Floats, Floats]:
    """(charging, discharging) [R] per kWh; a mistake where there is none for charging. most: per MWh."""
    charge = _series(table, "charge", is_forecast, most)
    if charge is None:
        either = " or ".join(_name("charge", is_forecast, per) for per in PER)
        why = ", needed with foresight: forecast" if is_forecast else ""
        header = ", ".join(map(shown, table.header[:MOST_NAMED]))
        table.mistakes.add(f"lacks a column {either}{why}; its header reads {header}")
        table.mistakes.refuse()
        raise AssertionError("a mistake is refused")
    discharge = _series(table, "discharge", is_forecast, most)
    if discharge is None and is_forecast and any(table.has(_name("discharge", False, per)) for per in PER):
        table.mistakes.add("lacks a forecast of its own column for discharging")
    return charge, charge if discharge is None else discharge


def _series(table: UserTable, way: str, is_forecast: bool, most: float) -> Floats | None:
    """[R] of the one column that there is; None without."""
    there = [per for per in PER if table.has(_name(way, is_forecast, per))]
    if len(there) > 1:
        table.mistakes.add(f"has {' and '.join(_name(way, is_forecast, per) for per in there)}, of which one is meant")
    if not there:
        return None
    most *= PER["per_mwh"] / PER[there[0]]
    return PER[there[0]] * table.numbers(_name(way, is_forecast, there[0]), most, is_needed=True, least=-most)
