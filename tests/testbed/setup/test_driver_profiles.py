"""Named sets of drivers: what each fills, and what wins over it."""

import pytest

from testbed.scenario.loading import load_scenario
from testbed.scenario.parts.fleet import PRESETS, TRIPS_OF_PROFILE, Habit
from testbed.setup.districts import trip_parameters


@pytest.mark.parametrize(("profile", "expected"), [
    ("paper", {"enrolled_share": 1.0, "compliance_mean": 0.95}),
    ("full", {"compliance_mean": 1.0, "guidance_acceptance": 1.0}),
    ("contract", {"plug_in_probability": 0.90, "compliance_mean": 0.95}),
    ("home", {"plug_in_probability": 1.0, "habit": Habit()}),
    ("uk", {"plug_in_probability": 1.0, "habit": Habit(mean_soc=0.49)}),
    ("us", {"enrolled_share": 0.04, "compliance_mean": 0.85}),
    ("correlated", {"plug_in_probability": 0.90, "zone_shock_rho": 0.05, "zone_outages_per_day": 0.1}),
])
def test_a_driver_profile_fills_what_is_not_given(profile, expected):
    assert profile in PRESETS
    drivers = load_scenario("smoke", [f"drivers.profile={profile}"]).drivers
    assert {name: getattr(drivers, name) for name in expected} == expected


def test_keys_beside_a_driver_profile_win_in_any_order():
    drivers = load_scenario("smoke", ["drivers.enrolled_share=0.5", "drivers.profile=us"]).drivers
    assert (drivers.enrolled_share, drivers.compliance_mean) == (0.5, 0.85)


@pytest.mark.parametrize(("overrides", "trips"), [
    ((), "parametric"), (("drivers.profile=contract",), "parametric"), (("drivers.profile=home",), "home"),
    (("drivers.profile=uk",), "home"), (("drivers.profile=home", "fleet.trips=survey"), "survey"),
    (("fleet.trips=home",), "home"),
])
def test_a_driver_profile_may_bring_trips_unless_they_are_given(overrides, trips):
    scenario = load_scenario("smoke", overrides)
    assert scenario.private_trips == trips
    parameters = trip_parameters(scenario)
    assert parameters.trips == trips
    assert set(TRIPS_OF_PROFILE) <= set(PRESETS)


def test_a_habit_may_be_changed_key_by_key():
    habit = load_scenario("smoke", ["drivers.habit.mean_soc=0.4", "drivers.profile=home"]).drivers.habit
    assert habit == Habit(mean_soc=0.4)


def test_naming_a_driver_profile_drops_the_base_files_numbers(tmp_path):
    cars = "districts: [{name: home, private: 5, slow_ports_per_bus: null}]\n"
    (tmp_path / "base.yaml").write_text(cars + "drivers: {compliance_mean: 0.5}\n", encoding="utf-8")
    child = tmp_path / "child.yaml"
    child.write_text("extends: base\ndrivers: {profile: us}\n", encoding="utf-8")
    assert load_scenario(child).drivers.compliance_mean == 0.85
