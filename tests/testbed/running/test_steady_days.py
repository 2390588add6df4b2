"""Days under the controller before counted time: everything acts in them, nothing of them is counted."""

from pathlib import Path

import numpy as np
import pytest

from models.drivers import population
from models.fleet.fleet import Fleet
from models.system.power_system import NetLoad, PowerSystem
from models.system.profiles import Profiles
from testbed.auditing.of_runs import audited
from testbed.metrics.of_runs import compute_metrics
from testbed.results.equality import equal_results
from testbed.results.reading import open_result, stored_plans
from testbed.running.one_run import run_scenario
from testbed.running.preflight import WrongRequest, run_request
from testbed.scenario.loading import load_scenario
from testbed.scenario.record import Scenario
from testbed.setup.controller_loading import load_controller
from testbed.setup.knowledge import power_system_parameters, thermal_units
from testbed.setup.reference import no_car_reference
from testbed.wiring.attributes import recorded
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run

DAY_S = 86_400
STEADY, TWO_DAYS = "warmup_controlled_days=1", "days=2"
CARS_MATTER = ("system.unit_scale=0.001", "profiles.load_peak_mw=1.5", "profiles.wind_capacity_mw=0.15",
               "profiles.pv_capacity_mw=0.1", "planning.mip_gap=0.01")
"""A system as small as the fleet: its plans and powers hang on every car."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("steady")


@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.slow) for name in ("bilayer", "no_pev")])
def pair(request, folder):
    """A counted day after a controlled one, and two counted days in which drivers wish the same, each a day later."""
    def run(*days, name):
        return open_result(small_run.run(folder, *CARS_MATTER, *days, controller=request.param,
                                         name=f"{request.param}-{name}.h5", cache_dir=folder / "cache"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("means", "hourly", "load_shape"):
            patch.setattr(Profiles, name, _of_the_day(getattr(Profiles, name)))
        steady = run(STEADY, name="steady")
        patch.setattr(population, "DAY_KEY_OFFSET", population.DAY_KEY_OFFSET - 1)
        return steady, run(TWO_DAYS, name="two")


def _of_the_day(series):
    """One-day tables repeat; taken from the first day they do so to the last digit."""
    return lambda self, now_s, *more: series(self, now_s % DAY_S, *more)


def test_the_counted_day_is_the_second_day_under_control(pair):
    """To what solvers make of other digits in the sixteenth place: instants are a day apart."""
    steady, two = pair
    for name in (a.name for a in recorded("system")):
        np.testing.assert_allclose(steady.system(name), two.system(name)[24:], 1e-6, 1e-6, err_msg=name)
    for district in steady.districts:
        for name in (a.name for a in recorded("district") if steady.holds(district, a.name)):
            np.testing.assert_allclose(steady.district(district, name), two.district(district, name)[24:], 1e-5, 1e-5,
                                       err_msg=name)


def test_only_counted_days_are_in_the_file(pair):
    steady, two = pair
    assert (steady.steps_written, steady.steps_total, steady.time_s[0], steady.plan_count) == (24, 24, 0, 1)
    assert (steady.warmup_controlled_days, two.warmup_controlled_days) == (1, 0)
    assert steady.attributes["warmup_controlled_days"] == 1
    for district in steady.districts:
        charged = steady.vehicle(district, "charged_kwh")
        assert charged.sum() == pytest.approx(two.district(district, "charged_kwh")[24:].sum())
        assert steady.vehicle(district, "stored_start_kwh").sum() == pytest.approx(
            two.district(district, "stored_kwh")[23].sum())
    usd = (two.system("fuel_cost_usd") + two.system("startup_cost_usd"))[24:].sum()
    assert compute_metrics(steady)["operating_cost_usd"] == pytest.approx(usd)


def test_units_carry_their_hours_over_midnight(pair):
    """The run lengths at the end of the day before, counted by hand from the schedule and the units' table."""
    steady, two = pair
    first_day = two.system("committed")[:24] > 0
    initial_h = thermal_units(Scenario.model_validate(two.scenario)).initial_h
    for unit, before_h in enumerate(initial_h):
        status = first_day[-1, unit]
        changes = np.flatnonzero(first_day[:, unit] != status)
        hours = 23 - changes[-1] if changes.size else 24 + abs(before_h) * ((before_h > 0) == status)
        assert steady.system("on_before_h")[0, unit] == (hours if status else -hours)
    assert steady.system("on_before_h")[0].tolist() != initial_h.tolist()


def test_the_checker_judges_from_that_state(pair):
    assert audited(pair[0].path).violations == ()


def test_start_ups_and_planned_costs_begin_from_that_state(pair):
    """Planned costs are those of the second day's plan, carried out by the testbed's units after the first one's."""
    steady, two = pair
    was_on, is_on = two.system("committed")[23] > 0, steady.system("committed")[0] > 0
    assert steady.system("unit_starts")[0] == np.sum(is_on & ~was_on)
    scenario = Scenario.model_validate(two.scenario)
    core, usd = PowerSystem(thermal_units(scenario), power_system_parameters(scenario)), [0.0, 0.0]
    for hour in range(48):
        plan, of_day = two.plan(hour // 24), hour % 24
        net = NetLoad(float(plan["p_mw"][:, of_day].sum()), 0.0, 0.0, 0.0, 0.0)
        step = core.step(3600 * hour, 3600, plan["committed"][:, of_day], net)
        usd[hour // 24] += step.fuel_cost_usd + step.startup_cost_usd
    assert compute_metrics(steady)["planned_operating_cost_usd"] == pytest.approx(usd[1], rel=1e-4)


@pytest.mark.slow
def test_the_reference_without_cars_runs_through_the_same_days(folder):
    """Its second day and what that costs: units that rested through the night start colder than those of the table."""
    steady, one_day, two = (no_car_reference(small_run.scenario(*keys, cache_dir=folder / "cache"))
                        for keys in ((STEADY,), (), (TWO_DAYS,)))
    np.testing.assert_array_equal(steady.committed, two.committed[24:])
    assert steady.operating_cost_usd == pytest.approx(two.operating_cost_usd - one_day.operating_cost_usd, rel=1e-12)
    assert abs(steady.operating_cost_usd - one_day.operating_cost_usd) > 1.0


def test_energy_of_every_vehicle_balances_over_counted_time(pair):
    steady, _ = pair
    for district in steady.districts:
        def of(name, district=district):
            return steady.vehicle(district, name)
        change = of("stored_end_kwh") - of("stored_start_kwh")
        into = of("charged_kwh") + of("fast_charged_kwh") - of("discharged_kwh") - of("driven_kwh") - of("lost_kwh")
        assert into == pytest.approx(change, abs=1e-6)


@pytest.mark.slow
def test_counted_trips_are_the_same_whatever_was_before(folder):
    """Wishes belong to the counted day; only what the cars bring along may differ."""
    runs = [open_result(small_run.run(folder, f"warmup_controlled_days={days}", controller="uncoordinated",
                                      name=f"trips{days}.h5")) for days in (0, 1)]
    plugged = [run.district("rest", "plugged_count") for run in runs]
    np.testing.assert_array_equal(*plugged)
    assert plugged[0].sum() > 0


@pytest.mark.slow
def test_free_cars_answer_prices_from_the_first_day_under_control_on(folder, monkeypatch):
    seen, step = {}, Fleet.step

    def kept(self, now_s, *arguments, **more):
        seen[now_s] = next(argument for argument in arguments if isinstance(argument, str))
        return step(self, now_s, *arguments, **more)
    monkeypatch.setattr(Fleet, "step", kept)
    small_run.run(folder, STEADY, controller="tariff", name="prices.h5")
    assert {behaviour for now_s, behaviour in seen.items() if now_s < -DAY_S} == {"on_arrival"}
    assert {behaviour for now_s, behaviour in seen.items() if now_s >= -DAY_S} == {"price_response"}
    assert min(seen) == -2 * DAY_S


@pytest.mark.slow
def test_separate_processes_give_the_same_file(folder):
    here = small_run.run(folder, STEADY, name="one.h5")
    apart = small_run.run(folder, STEADY, "execution.mode=separate_processes", name="apart.h5")
    assert equal_results(here, apart) == []


# ---------------------------------------------------------------- stored plans
@pytest.mark.slow
def test_a_replay_under_the_same_controller_is_the_same_run(folder):
    stands = "planning.redispatch=none"  # a replayed plan is held as it was stored
    first = small_run.run(folder, *CARS_MATTER, STEADY, stands, controller="temporal", name="written.h5")
    assert [plan.time_s for plan in stored_plans(first)] == [-DAY_S, 0]
    again = small_run.run(folder, *CARS_MATTER, STEADY, stands, controller="temporal", name="replayed.h5", plan=first)
    assert equal_results(first, again) == []


@pytest.mark.slow
def test_a_plan_with_other_days_before_is_refused(folder):
    path = small_run.run(folder, name="no_days_before.h5")
    keys = [*small_run.HOURLY, STEADY]
    with pytest.raises(WrongRequest, match="its warmup_controlled_days is 0, the scenario's 1"):
        run_request("smoke", "temporal", overrides=keys, plan=path)


def test_a_scenario_of_an_older_file_had_no_such_days(write_result, toy):
    made = toy.scenario()
    text = "\n".join(line for line in toy.to_yaml(made).splitlines() if "warmup_controlled_days" not in line)
    path = write_result(made=made)
    result = open_result(path)
    result.attributes["scenario"] = text
    assert result.warmup_controlled_days == 0
    assert Scenario.model_validate(result.scenario).warmup_controlled_days == 0


# ---------------------------------------------------------------- times
@pytest.mark.parametrize(("keys", "expected"), [
    ([], (1, 1)), (["warmup_controlled_days=0"], (0, 1)), (["drivers.profile=home"], (7, 7)),
    (["drivers.profile=home", "days=2"], (7, 2)), (["warmup_controlled_days=0", "drivers.profile=home"], (0, 7)),
    (["drivers.profile=home", "days=1", "warmup_controlled_days=3"], (3, 1)), (["drivers.profile=full"], (1, 1)),
    (["drivers.profile=uk"], (7, 7)),
])
@pytest.mark.parametrize("name", ["paper_day", "study_day"])
def test_the_drivers_say_how_many_days_it_takes(name, keys, expected):
    """Drivers who plug in every few days, unless the days are given."""
    scenario = load_scenario(name, keys)
    assert (scenario.warmup_controlled_days, scenario.days) == expected


def test_a_file_may_say_the_drivers_and_the_days(tmp_path):
    def of(text):
        file = tmp_path / "mine.yaml"
        file.write_text(f"extends: study_day\n{text}drivers: {{profile: home}}\n", encoding="utf-8")
        scenario = load_scenario(file)
        return scenario.warmup_controlled_days, scenario.days
    assert of("") == (7, 7)
    assert of("days: 1\n") == (7, 1)
    assert of("warmup_controlled_days: 2\n") == (2, 7)


# ---------------------------------------------------------------- is the first day that of the steady state?
@pytest.mark.slow
def test_the_papers_first_day_costs_what_a_steady_one_does_once_stored_energy_is_counted(tmp_path):
    """To half a percent of the adjusted objective; without counting what the batteries gave it is six percent less."""
    def day(*keys):
        keys = (*keys, f"execution.cache_dir={small_run.shared_cache(tmp_path)}")
        path = run_scenario(load_scenario("paper_day", keys), load_controller("bilayer"), seed=1,
                            output=tmp_path / f"{len(keys)}.h5")
        return compute_metrics(open_result(path))
    steady, first = day(), day("warmup_controlled_days=0")
    assert steady["steadiness_percent"] < 2 and first["steadiness_percent"] > 50
    assert first["objective_usd_adjusted"] == pytest.approx(steady["objective_usd_adjusted"], rel=0.005)
    assert first["objective_usd"] < 0.97 * steady["objective_usd"]


def test_the_claims_day_begins_with_the_units_as_in_their_table():
    assert load_scenario("claims_day").warmup_controlled_days == 0


def test_the_controller_acts_from_the_end_of_the_uncoordinated_days_on():
    scenario = small_run.scenario("warmup_days=2", "warmup_controlled_days=3", "planning.redispatch=hourly",
                                  cache_dir="cache")
    spec = RunSpec(scenario, small_run.PLAIN, 1, Path("run.h5"))
    assert (spec.start_s, spec.control_s, spec.warmup_s) == (-5 * DAY_S, -3 * DAY_S, 5 * DAY_S)
    assert [spec.is_plan_time(day * DAY_S) for day in (-4, -3, -1, 0)] == [False, True, True, True]
    assert [spec.is_decision_time(-3 * DAY_S + s) for s in (-3600, 0, 900, 3600)] == [False, True, False, True]
    assert [spec.is_redispatch_time(-3 * DAY_S + s) for s in (-3600, 0, 3600)] == [False, False, True]
    assert spec.steps_total == 24 * (5 + 1)
    assert scenario.hours_simulated == 24 * 6
