"""Prices that owners see, by hour from any midnight (docs/model.md 3.17)."""

from __future__ import annotations

import numpy as np

from audit.finding import Floats
from audit.profiles import DAY_H, means, series_of
from audit.run import SECONDS_PER_HOUR, Run
from audit.tables import period_prices, tariff_cny_per_kwh

PERIODS = ("valley", "flat", "peak")


def prices_usd_per_kwh(run: Run, first_h: int, hours: int) -> tuple[Floats, Floats] | None:
    """(charging, discharging) [hours] from the hour first_h on; None where they hang on forecasts with errors."""
    chosen = run.part("tariff")
    rate, table = float(chosen["cny_per_usd"]), str(chosen["table"])
    if table == "none":
        return np.zeros(hours), np.zeros(hours)
    if table == "forecast":
        return _by_load(run, first_h, hours)
    charge, discharge = tariff_cny_per_kwh(table)
    at = (first_h + np.arange(hours)) % DAY_H
    return charge[at] / rate, discharge[at] / rate


def _by_load(run: Run, first_h: int, hours: int) -> tuple[Floats, Floats] | None:
    """Each day the 8 hours of lowest load - wind - sun are valley, the next 8 flat, the highest 8 peak."""
    known = series_of(run)
    if known is None or run.part("profiles")["forecast_error"] != "off":
        return None
    energy, knots, _, repeats, first_s = known
    levels, rate = period_prices(str(run.part("tariff")["levels"])), float(run.part("tariff")["cny_per_usd"])
    days = range(first_h // DAY_H, (first_h + hours - 1) // DAY_H + 1)
    period = []
    for day in days:
        edges = (day * DAY_H + np.arange(DAY_H + 1.0)) * SECONDS_PER_HOUR
        load, wind, sun = means(energy, knots, edges, repeats, first_s)
        rank = np.empty(DAY_H, dtype=np.int64)
        rank[np.argsort(load - wind - sun, kind="stable")] = np.arange(DAY_H)
        period.append(rank // (DAY_H // len(PERIODS)))
    chosen = np.concatenate(period)[first_h % DAY_H:][:hours]
    both = np.array([levels[name] for name in PERIODS]) / rate
    return both[chosen, 0], both[chosen, 1]
