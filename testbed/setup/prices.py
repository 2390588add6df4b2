"""The prices of a run: one object for drivers, bills and controllers."""

from __future__ import annotations

import datetime as dt
from functools import cache, lru_cache

from models.records.arrays import Floats
from models.system.own_prices import OwnPrices, read_prices
from models.system.tariff import (
    DAY_S,
    HOURS_PER_DAY,
    TARIFFS,
    Prices,
    Terms,
    is_table_of_prices,
    price_file,
)
from models.tables.table_format import TableFormat
from testbed.scenario.files import file_digest
from testbed.scenario.parts.system import Tariff as TariffPart
from testbed.scenario.record import Scenario
from testbed.setup.blocks import from_blocks
from testbed.setup.forecasts import build_forecaster


def build_tariff(scenario: Scenario, seed: int) -> Prices:
    """Prices by the scenario's tariff, which may use each day's forecast as it was at the midnight before.

    So a day-ahead plan of 48 h knows all its prices without knowing more than its forecast. Forecast errors apply
    under every controller: all controllers of a seed meet the same prices. The first warm-up day has the
    forecast of its own midnight. Prices of one's own are read from their table.
    """
    if is_table_of_prices(scenario.tariff.table):
        return own_prices(scenario)
    chosen, begin_s = scenario.tariff, -scenario.days_before * DAY_S
    forecaster = cache(lambda: build_forecaster(scenario, seed))

    def equivalent_load_mw(midnight_s: int) -> Floats:
        made_s = max(midnight_s - DAY_S, begin_s)
        ahead = forecaster().hourly(made_s, (midnight_s - made_s) // DAY_S * HOURS_PER_DAY + HOURS_PER_DAY)
        return (ahead.load_mw - ahead.wind_mw - ahead.pv_mw)[-HOURS_PER_DAY:]

    return TARIFFS.named(chosen.table).prices(from_blocks(Terms, chosen, equivalent_load_mw=equivalent_load_mw))


def own_prices(scenario: Scenario) -> OwnPrices:
    """Prices from a table, read once per process and content; PriceError says why it cannot serve."""
    content = file_digest(price_file(scenario.tariff.table))
    return _own_prices(scenario.tariff, scenario.profiles.start_date, content)


@lru_cache(maxsize=2)
def _own_prices(chosen: TariffPart, start_date: dt.date | None, content: str) -> OwnPrices:
    return from_blocks(read_prices, chosen, file=price_file(chosen.table), start_date=start_date,
                       form=from_blocks(TableFormat, chosen.file_format))
