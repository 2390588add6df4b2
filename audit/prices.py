"""Prices that owners see and pay (docs/model.md 3.17)."""

from __future__ import annotations

import numpy as np

from audit.finding import Floats
from audit.own_tables import first_second, numbers_of, text_of
from audit.profiles import DAY_H, ORACLE, told_of
from audit.run import SECONDS_PER_HOUR, Run
from audit.tables import MODEL_DATA, period_prices, tariff_cny_per_kwh

PERIODS = ("valley", "flat", "peak")
SHIPPED_PRICES = {"opens_at_18": "prices/opens_at_18.csv",
                  "spot_with_negative_hours": "prices/spot_with_negative_hours.csv",
                  "rts_gmlc_2020-02": "rts_gmlc/prices_2020-02.csv",
                  "rts_gmlc_2020-02_week": "rts_gmlc/prices_2020-02_week.csv",
                  "rts_gmlc_2020-02_spilling": "rts_gmlc/prices_2020-02_spilling.csv"}
DAY_S = DAY_H * SECONDS_PER_HOUR
Both = tuple[Floats, Floats]
"""(charging, discharging)."""


def paid_usd_per_kwh(run: Run) -> Both | None:
    """[T] in each step; None where they hang on forecasts with errors, or are not known."""
    if _is_own(run):
        own = _own(run)
        edges = run.step_s * np.arange(run.steps + 1.0)
        return None if own is None else (own.means(edges[:-1], run.step_s, 0), own.means(edges[:-1], run.step_s, 1))
    hours = -(-run.steps * run.step_s // SECONDS_PER_HOUR)
    both = _by_hour(run, 0, hours)
    at = run.time_s // SECONDS_PER_HOUR
    return None if both is None else (both[0][at], both[1][at])


def known_usd_per_kwh(run: Run, now_h: int, hours: int) -> Both | None:
    """[hours] from the hour now_h on, as operators know them then; None as above."""
    if not _is_own(run):
        return _by_hour(run, now_h, hours)
    own = _own(run)
    return None if own is None else (own.known(now_h, hours, 0), own.known(now_h, hours, 1))


# ---------------------------------------------------------------- tariffs by the hour
def _by_hour(run: Run, first_h: int, hours: int) -> Both | None:
    chosen = run.part("tariff")
    rate, table = float(chosen["cny_per_usd"]), str(chosen["table"])
    if table == "none":
        return np.zeros(hours), np.zeros(hours)
    if table == "forecast":
        return _by_load(run, first_h, hours)
    charge, discharge = tariff_cny_per_kwh(table)
    at = (first_h + np.arange(hours)) % DAY_H
    return charge[at] / rate, discharge[at] / rate


def _by_load(run: Run, first_h: int, hours: int) -> Both | None:
    """Each day the 8 hours of lowest load - wind - sun are valley, the next 8 flat, the highest 8 peak."""
    known = told_of(run, to_all=True)
    if known is None:
        return None
    levels, rate = period_prices(str(run.part("tariff")["levels"])), float(run.part("tariff")["cny_per_usd"])
    days = range(first_h // DAY_H, (first_h + hours - 1) // DAY_H + 1)
    period = []
    for day in days:
        load, wind, sun, _ = known.means((day * DAY_H + np.arange(DAY_H + 1.0)) * SECONDS_PER_HOUR)
        rank = np.empty(DAY_H, dtype=np.int64)
        rank[np.argsort(load - wind - sun, kind="stable")] = np.arange(DAY_H)
        period.append(rank // (DAY_H // len(PERIODS)))
    chosen = np.concatenate(period)[first_h % DAY_H:][:hours]
    both = np.array([levels[name] for name in PERIODS]) / rate
    return both[chosen, 0], both[chosen, 1]


# ---------------------------------------------------------------- prices of one's own
class _Own:
    """Rows [4, N] of a table: charging, discharging, and both as forecast."""

    def __init__(self, rows: Floats, step_s: float, first_s: int | None, foresight: str) -> None:
        self.rows, self.step_s, self.first_s, self.foresight = rows, step_s, first_s, foresight
        self.energy = np.concatenate([np.zeros((4, 1)), np.cumsum(rows, axis=1) * step_s], axis=1)

    def means(self, begins_s: Floats, period_s: float, row: int) -> Floats:
        """[n] over periods that begin then."""
        ends = self._integral(begins_s + period_s, row)
        return np.asarray((ends - self._integral(begins_s, row)) / period_s)

    def _integral(self, time_s: Floats, row: int) -> Floats:
        knots = self.step_s * np.arange(self.rows.shape[1] + 1.0)
        since = time_s - (self.first_s or 0)
        rounds = np.floor(since / knots[-1]) if self.first_s is None else np.zeros(np.shape(since))
        return np.asarray(np.interp(since - rounds * knots[-1], knots, self.energy[row])
                          + rounds * self.energy[row, -1])

    def known(self, now_h: int, hours: int, way: int) -> Floats:
        """The present hour is known; later ones as they come, as forecast, or as last known at that hour of the day."""
        begins: Floats = np.asarray((now_h + np.arange(hours)) * SECONDS_PER_HOUR, dtype=np.float64)
        told = self.means(begins, SECONDS_PER_HOUR, way + 2 * (self.foresight == "forecast"))
        if self.foresight == "day_before":
            days = np.ceil((begins - begins[0]) / DAY_S)
            told = self.means(np.asarray(begins - days * DAY_S), SECONDS_PER_HOUR, way)
        told[:1] = self.means(begins[:1], SECONDS_PER_HOUR, way)
        return told


def _is_own(run: Run) -> bool:
    table = str(run.part("tariff")["table"])
    return table in SHIPPED_PRICES or table.lower().endswith((".csv", ".csv.gz"))


def _own(run: Run) -> _Own | None:
    chosen = run.part("tariff")
    table, form = str(chosen["table"]), chosen.get("file_format") or {}
    path = str(MODEL_DATA / SHIPPED_PRICES[table]) if table in SHIPPED_PRICES else table
    text = text_of(run.inputs, "prices", path)
    if text is None:
        return None
    names = [f"{way}{kind}_per_{unit}" for way in ("charge", "discharge") for kind in ("", "_forecast")
             for unit in ("kwh", "mwh")]
    columns, times = numbers_of(text, form, names)
    rate = float(chosen["currency_per_usd"])

    def of(name: str) -> Floats | None:
        for unit, per_kwh in (("kwh", 1.0), ("mwh", 1e-3)):
            if f"{name}_per_{unit}" in columns:
                return np.asarray(columns[f"{name}_per_{unit}"] * per_kwh / rate)
        return None

    charge, told = of("charge"), of("charge_forecast")
    if charge is None:
        return None
    discharge, told_discharge = of("discharge"), of("discharge_forecast")
    discharge = charge if discharge is None else discharge
    told = charge if told is None else told
    rows = np.stack([charge, discharge, told, told if told_discharge is None else told_discharge])
    # who is told the truth needs no foresight
    foresight = "known" if str(run.attributes["controller"]) == ORACLE else str(chosen["foresight"])
    return _Own(rows, float(chosen["resolution_s"]), first_second(times, form, run.part("profiles").get("start_date")),
                foresight)
