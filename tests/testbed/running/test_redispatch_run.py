"""A run whose forecasts and drivers keep their word: the hourly re-dispatch keeps the day-ahead objective."""

import pytest

from testbed.results.reading import open_result
from tests.testbed import small_run

MIP_GAP = 1e-3
KEPT_WORD = ("planning.redispatch=hourly", "planning.expectation=perfect", "planning.assumed_compliance=1",
             "drivers.profile=full", f"planning.mip_gap={MIP_GAP}", "system.reserve_rule=scheduled",
             "fleet.eta_charge=0.95", "fleet.eta_discharge=0.95", "fleet.slow_charger_curve=constant")
"""Under `deliverable` the re-dispatch counts with what it has learned of drivers since midnight."""
CARS_MATTER = ("system.unit_scale=0.001", "profiles.load_peak_mw=1.5", "profiles.wind_capacity_mw=0.15",
               "profiles.pv_capacity_mw=0.1")
"""A system as small as the fleet: a mistake in the cars' state shows in the objective."""
LEAVE_FULL = ("fleet.soc_wanted=[0.9,0.9]", *(f"districts.{i}.{kind}=0" for i in (0, 1)
                                              for kind in ("taxi", "government")))
"""Private cars that leave full, so what they bring home was known at midnight."""
UNTOUCHED_H = 14
"""Later, cars are back that left within a step, a little short of full: they bring home less than was expected."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = small_run.run(tmp_path_factory.mktemp("kept"), *KEPT_WORD, *CARS_MATTER, *LEAVE_FULL, controller="temporal")
    return open_result(path)


@pytest.mark.slow
def test_each_hour_s_objective_is_the_day_ahead_one_to_the_gap(run):
    expected_usd = run.system("expected_objective_usd")
    assert expected_usd.size == 24
    assert expected_usd == pytest.approx(expected_usd[0], rel=MIP_GAP)
    assert run.system("redispatch_failed").sum() == 0


@pytest.mark.slow
def test_until_cars_are_back_nothing_changes_at_all(run):
    """State of units and cars is carried exactly, hour by hour."""
    expected_usd = run.system("expected_objective_usd")[:UNTOUCHED_H]
    assert expected_usd == pytest.approx(expected_usd[0], rel=1e-7)


@pytest.mark.slow
def test_cars_act_in_these_hours(run):
    """So that there is something to carry."""
    charged_kwh = sum(run.district(name, "charge_kw")[:UNTOUCHED_H].sum() for name in ("feeder33", "rest"))
    assert charged_kwh > 10
