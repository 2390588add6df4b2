"""Every scenario that comes along passes the check that a user's own has to pass."""

import pytest

from models.system.tariff import is_table_of_prices
from testbed.running.preflight import checked_scenario
from testbed.scenario.loading import load_scenario, scenario_names
from testbed.setup.prices import own_prices

SLOW_TO_LOAD = {"rts_day", "rts_day_spilling", "rts_week"}
"""A feeder of SimBench."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW_TO_LOAD))
                                  for name in scenario_names()])
def test_a_shipped_scenario_passes_its_check(name):
    assert checked_scenario(name).name == name


def test_the_prices_that_shipped_scenarios_name_are_there():
    named = [load_scenario(name) for name in scenario_names()]
    tables = [own_prices(scenario) for scenario in named if is_table_of_prices(scenario.tariff.table)]
    assert tables and all(prices.paid[0].size for prices in tables)
