"""Forecasts that are wrong, and the more so the further ahead: load, wind and sun.

The truth leaves its forecast as a first-order autoregression: e(t | now) = sum over the hours j = now .. t of
phi^(t - j) sigma xi_j, xi_j standard normal and learned in hour j. So sd(lead) = sigma sqrt((1 - phi^(2 lead)) /
(1 - phi^2)): about sqrt(lead) at first, then levelling off. Forecasts of one hour made at different times agree
with each other: each new hour only adds what was learned in it. Sizes are assumed (A).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.system.profiles import Forecast

HOURS_PER_DAY = 24
SEED_KEY = 1_000_000
"""Place of forecast errors among a run's random numbers: no district has it."""
DAY_KEY_OFFSET = 10_000
"""Added to the day in seeds, so that days before 0 have one too."""
LOAD, WIND, PV = range(3)


@dataclass(frozen=True)
class ErrorSize:
    """Standard deviation of the error one hour ahead, and what of it is left an hour later (A).

    Load: share of the load. Wind: share of installed power. Sun: share of the true power, so nothing at night.
    """

    load: float = 0.006
    wind: float = 0.03
    pv: float = 0.035
    memory: float = 0.95

    def sd(self, lead_h: Ints | Floats) -> Floats:
        """Growth [n] of the standard deviation over that of one hour ahead, for leads of 1, 2, ... hours."""
        square = self.memory**2
        return np.asarray(np.sqrt((1 - square ** np.asarray(lead_h, dtype=np.float64)) / (1 - square)))


SIZES = {"default": ErrorSize(), "large": ErrorSize(load=0.015, wind=0.075, pv=0.0875)}
"""24 h ahead: load 1.8 %, wind 9 % of installed power, sun 11 %; `large` two and a half times that (A)."""


@dataclass(frozen=True)
class ForecastErrors:
    """All forecast errors of a run: a function of the seed alone, in whatever order they are asked for."""

    size: ErrorSize
    seed: int
    wind_capacity_mw: float
    pv_capacity_mw: float

    def deviation(self, series: int, now_s: int, hours: int) -> Floats:
        """[hours] error of LOAD, WIND or PV, as a share, for the hours from now_s on; now_s is a whole hour."""
        first = now_s // SECONDS_PER_HOUR
        # an hour's error is all that is learned until then, faded: it grows ahead, and hours side by side err alike
        learned = self._learned(series, first, hours)
        lag = np.arange(hours)[:, None] - np.arange(hours)[None, :]
        weight = np.where(lag >= 0, self.size.memory ** np.maximum(lag, 0), 0.0)
        sigma = (self.size.load, self.size.wind, self.size.pv)[series]
        return np.asarray(sigma * (weight @ learned), dtype=np.float64)

    def applied(self, truth: Forecast, now_s: int, per_hour: int = 1) -> Forecast:
        """Means from now_s on, per_hour in each hour, as they are forecast at now_s; load >= 0, wind and sun within
        0..installed. All of one hour miss by the same share."""
        hours = truth.load_mw.size // per_hour
        load, wind, pv = (np.repeat(self.deviation(series, now_s, hours), per_hour) for series in (LOAD, WIND, PV))
        wind_most, pv_most = (np.maximum(most, actual) for most, actual in (
            (self.wind_capacity_mw, truth.wind_mw), (self.pv_capacity_mw, truth.pv_mw)))
        forecast = Forecast(
            load_mw=np.maximum(truth.load_mw * (1 + load), 0.0),
            wind_mw=np.clip(truth.wind_mw + self.wind_capacity_mw * wind, 0.0, wind_most),
            pv_mw=np.clip(truth.pv_mw * (1 + pv), 0.0, pv_most), must_take_mw=truth.must_take_mw)
        # what must be taken keeps its share of what is forecast
        there = truth.wind_mw + truth.pv_mw
        share = np.divide(truth.must_take_mw, there, out=np.zeros(there.size), where=there > 0)
        return replace(forecast, must_take_mw=share * (forecast.wind_mw + forecast.pv_mw))

    def _learned(self, series: int, first_hour: int, hours: int) -> Floats:
        days = range(first_hour // HOURS_PER_DAY, (first_hour + hours - 1) // HOURS_PER_DAY + 1)
        whole = np.concatenate([_day(self.seed, series, day) for day in days])
        begin = first_hour % HOURS_PER_DAY
        return whole[begin : begin + hours]


@lru_cache(maxsize=256)
def _day(seed: int, series: int, day: int) -> Floats:
    """[24] standard normal numbers of one day; read-only."""
    key = np.random.SeedSequence(seed, spawn_key=(SEED_KEY, series, day + DAY_KEY_OFFSET))
    numbers = np.random.default_rng(key).standard_normal(HOURS_PER_DAY)
    numbers.setflags(write=False)
    return numbers
