"""What operators are told of load, wind and sun to come: the truth with the scenario's forecast errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.system.forecast_error import LOAD, PV, SIZES, ForecastErrors
from models.system.profiles import Forecast, Profiles
from testbed.scenario.record import Scenario
from testbed.setup.blocks import from_blocks
from testbed.setup.profiles import build_profiles


@dataclass(frozen=True)
class Forecaster:
    """Forecasts made at whole hours; without errors (None) they are as the series says: what it has for forecasts, or
    the truth."""

    profiles: Profiles
    errors: ForecastErrors | None

    def hourly(self, now_s: int, hours: int) -> Forecast:
        """Hourly means [hours] from now_s on, as forecast at now_s."""
        truth = self.profiles.hourly(now_s, hours)
        return truth if self.errors is None else self.errors.applied(truth, now_s)

    def by_step(self, now_s: int, hours: int, step_s: int) -> Forecast:
        """Means [hours * 3600 / step_s] of the same: each step misses by the error of its hour."""
        steps = SECONDS_PER_HOUR // step_s
        truth = self.profiles.means(now_s, step_s, hours * steps)
        return truth if self.errors is None else self.errors.applied(truth, now_s, steps)

    def load_shape(self, now_s: int, step_s: int, later_h: int) -> Floats:
        """[3600 / step_s + later_h] load over peak: the steps of the present hour, then hours, as forecast now."""
        steps = SECONDS_PER_HOUR // step_s
        shape = np.concatenate([self.profiles.load_shape(now_s, step_s, steps),
                                self.profiles.load_shape(now_s + SECONDS_PER_HOUR, SECONDS_PER_HOUR, later_h)])
        if self.errors is None:
            return shape
        deviation = self.errors.deviation(LOAD, now_s, later_h + 1)
        return np.maximum(shape * (1 + np.repeat(deviation, _periods(steps, later_h))), 0.0)

    def series_factors(self, now_s: int, step_s: int, later_h: int) -> Floats | None:
        """[3, 3600 / step_s + later_h] by which series of buses are missed, by kind, in the same periods; None: not.

        Consumption misses by the share of the system's load, generation by that of the sun; storages are known.
        """
        if self.errors is None:
            return None
        periods = _periods(SECONDS_PER_HOUR // step_s, later_h)
        load, sun = (np.maximum(1 + np.repeat(self.errors.deviation(series, now_s, later_h + 1), periods), 0.0)
                     for series in (LOAD, PV))
        return np.stack([load, sun, np.ones(load.size)])


def _periods(steps: int, later_h: int) -> Ints:
    """How many periods each hour has: the present one its steps, later ones one."""
    return np.concatenate([[steps], np.ones(later_h, dtype=np.int64)])


def build_forecaster(scenario: Scenario, seed: int, is_perfect: bool = False) -> Forecaster:
    """Forecasts of a run; `is_perfect`: without errors, whatever the scenario says."""
    described, profiles = scenario.profiles, build_profiles(scenario)
    if is_perfect or described.forecast_error == "off":
        return Forecaster(profiles if is_perfect else profiles.forecast or profiles, None)
    errors = from_blocks(ForecastErrors, described, size=SIZES[described.forecast_error], seed=seed)
    return Forecaster(profiles, errors)
