"""The prices of a run: one object for drivers, bills and controllers."""

from __future__ import annotations

from models.records.arrays import Floats
from models.system.tariff import DAY_S, HOURS_PER_DAY, ForecastTariff, Prices, tariff
from testbed.scenario.record import Scenario
from testbed.setup.forecasts import build_forecaster


def build_tariff(scenario: Scenario, seed: int) -> Prices:
    """A fixed table, or prices made from each day's forecast as it was at the midnight before.

    So a day-ahead plan of 48 h knows all its prices without knowing more than its forecast. Forecast errors count
    whoever controls: all controllers of a seed meet the same prices. The first warm-up day is priced as it begins.
    """
    chosen = scenario.tariff
    if chosen.table != "forecast":
        return tariff(chosen.table, chosen.cny_per_usd)
    forecaster, begin_s = build_forecaster(scenario, seed), -scenario.days_before * DAY_S

    def equivalent_load_mw(midnight_s: int) -> Floats:
        made_s = max(midnight_s - DAY_S, begin_s)
        ahead = forecaster.hourly(made_s, (midnight_s - made_s) // DAY_S * HOURS_PER_DAY + HOURS_PER_DAY)
        return (ahead.load_mw - ahead.wind_mw - ahead.pv_mw)[-HOURS_PER_DAY:]

    return ForecastTariff(chosen.levels, chosen.cny_per_usd, equivalent_load_mw)
