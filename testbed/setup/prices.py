"""The prices of a run: one object for drivers, bills and controllers."""

from __future__ import annotations

from functools import cache

from models.records.arrays import Floats
from models.system.tariff import DAY_S, HOURS_PER_DAY, TARIFFS, Prices, Terms
from testbed.scenario.record import Scenario
from testbed.setup.blocks import from_blocks
from testbed.setup.forecasts import build_forecaster


def build_tariff(scenario: Scenario, seed: int) -> Prices:
    """Prices by the scenario's tariff, which may use each day's forecast as it was at the midnight before.

    So a day-ahead plan of 48 h knows all its prices without knowing more than its forecast. Forecast errors apply
    under every controller: all controllers of a seed meet the same prices. The first warm-up day has the
    forecast of its own midnight.
    """
    chosen, begin_s = scenario.tariff, -scenario.days_before * DAY_S
    forecaster = cache(lambda: build_forecaster(scenario, seed))

    def equivalent_load_mw(midnight_s: int) -> Floats:
        made_s = max(midnight_s - DAY_S, begin_s)
        ahead = forecaster().hourly(made_s, (midnight_s - made_s) // DAY_S * HOURS_PER_DAY + HOURS_PER_DAY)
        return (ahead.load_mw - ahead.wind_mw - ahead.pv_mw)[-HOURS_PER_DAY:]

    return TARIFFS.named(chosen.table).prices(from_blocks(Terms, chosen, equivalent_load_mw=equivalent_load_mw))
