"""What operators expect of cars still to come: free ones act as they plug in, others as they are dispatched."""

from types import SimpleNamespace

import numpy as np
import pytest

from models.fleet.flexibility import cohort_flexibility
from models.mobility.expectation import ExpectedSessions
from models.records.flexibility import Sessions
from models.records.vehicles import DeclaredTable
from testbed.running.preflight import checked_scenario
from testbed.setup.districts import build_districts
from testbed.setup.expectations import ExpectedCars
from testbed.simulators.fleet import FleetSimulator
from testbed.simulators.mobility import DistrictMobility
from testbed.wiring.crossings import Instructions
from testbed.wiring.run_spec import RunSpec

PINNED = ("planning.redispatch=none", "fleet.eta_charge=0.95", "fleet.eta_discharge=0.95",
          "planning.assumed_compliance=0.9", "spatial.look_ahead_h=4", "planning.expectation=sampled")
KW, ETA = 7.0, 0.95


def stays(**changes):
    """One car in an office, plugged in from 10:20 to 18:00, which lacks seven hours of full power."""
    base = {"group": [1], "bus_index": [-1], "start_s": [37_200], "departure_s": [64_800], "energy_kwh": [3.0],
            "wanted_kwh": [3.0 + 7 * KW * ETA], "max_kwh": [60.0], "floor_v2g_kwh": [3.0], "p_charge_max_kw": [KW],
            "p_discharge_max_kw": [KW], "eta_charge": [ETA], "eta_discharge": [ETA], "weight": [1.0]}
    return Sessions(**{name: np.array(value) for name, value in {**base, **changes}.items()})


def seen_at(hour, controller="bilayer", step_s=3600, plugged=None, is_enrolled=True, **changes):
    """The outlook of a district that expects these stays alone."""
    scenario = checked_scenario("smoke", [*PINNED, f"step_s={step_s}"])
    spec = RunSpec(scenario, controller, 1, "unused.h5")
    district = next(iter(build_districts(spec).values()))
    expected = stays(**changes)
    cars = ExpectedCars(spec, district, ExpectedSessions(expected, np.full(expected.count, is_enrolled)))
    plugged = nobody() if plugged is None else plugged
    everybody = np.ones(plugged.count, dtype=np.bool_)
    return cars.outlook(hour * 3600, plugged, everybody, np.arange(plugged.count))


def nobody():
    empty = stays().to_arrays()
    return Sessions(**{name: values[:0] for name, values in empty.items()})


@pytest.mark.parametrize(("expectation", "arrives_s"), [("sampled", 37_200), ("perfect", 86_400 + 37_200)])
def test_a_mean_day_comes_again_and_the_runs_own_days_come_when_they_come(expectation, arrives_s):
    """At nine on the second day a car is expected at 10:20, and nobody at nine on the day before it comes."""
    scenario = checked_scenario("smoke", [*PINNED, f"planning.expectation={expectation}"])
    spec = RunSpec(scenario, "bilayer", 1, "unused.h5")
    district = next(iter(build_districts(spec).values()))
    expected = stays(start_s=[arrives_s], departure_s=[arrives_s + 27_600])
    cars = ExpectedCars(spec, district, ExpectedSessions(expected, np.ones(1, dtype=np.bool_)))
    nothing = np.zeros(0, dtype=np.int64)
    coming = cars.outlook(33 * 3600, nobody(), nothing > 0, nothing, ahead_h=3).coming
    assert (coming.start_s.tolist(), coming.departure_s.tolist()) == ([86_400 + 37_200], [86_400 + 64_800])
    assert cars.outlook(9 * 3600, nobody(), nothing > 0, nothing, 3).coming.count == (expectation == "sampled")


@pytest.mark.parametrize("controller", ["uncoordinated", "tariff"])
def test_a_free_car_charges_from_the_instant_it_plugs_in(controller):
    """Not from the next step on: forty minutes of the hour of arrival, at any length of steps."""
    for step_s in (900, 3600):
        expected_kw = seen_at(9, controller, step_s).uncontrolled_kw().reshape(-1, 3600 // step_s).mean(axis=1)
        assert expected_kw[:3] == pytest.approx([0.0, KW * 40 / 60, KW])


def test_a_car_outside_control_charges_from_the_instant_it_plugs_in():
    assert seen_at(10, is_enrolled=False).uncontrolled_kw()[0] == pytest.approx(KW * 40 / 60)


def test_the_share_that_will_ignore_charges_at_once_and_the_others_wait_for_the_next_step():
    outlook = seen_at(10)
    assert outlook.uncontrolled_kw()[0] == pytest.approx(0.1 * KW * 40 / 60)
    _, _, dispatched = outlook.controllable()
    assert dispatched.start_s.tolist() == [11 * 3600]


def test_the_forecast_of_the_feeder_begins_in_the_quarter_of_plug_in():
    by_quarter = seen_at(10, "uncoordinated", 900).uncontrolled_bus_kw().sum(axis=0)[:4]
    assert by_quarter == pytest.approx([0.0, KW * 10 / 15, KW, KW])


def test_dispatched_cars_in_a_hurry_start_with_their_first_step():
    """It needs all its 160 minutes and is told to charge from 10:30 on, half an hour before its first planned hour."""
    hurried = seen_at(10, step_s=900, departure_s=[46_800])
    assert hurried.urgent_kw()[:4] == pytest.approx(0.9 * np.array([0.0, 0.0, KW, KW]))


@pytest.mark.parametrize(("start_s", "is_expected"), [(35_999, False), (36_000, True), (39_599, True), (39_600, False)])
def test_who_plugs_in_from_now_on_is_expected_and_who_came_before_is_there(start_s, is_expected):
    """A car that comes at exactly now does so in the step that begins, and is not plugged in yet."""
    spec = RunSpec(checked_scenario("smoke", [*PINNED, "step_s=3600"]), "uncoordinated", 1, "unused.h5")
    district = next(iter(build_districts(spec).values()))
    cars = ExpectedCars(spec, district, ExpectedSessions(stays(start_s=[start_s]), np.ones(1, dtype=np.bool_)))
    none = np.zeros(0, dtype=np.int64)
    outlook = cars.outlook(36_000, nobody(), none.astype(np.bool_), none, ahead_h=1)
    assert outlook.coming.count == int(is_expected)
    assert bool(outlook.uncontrolled_kw()[0] > 0) == is_expected


def test_a_stay_shorter_than_a_step_is_load_where_it_is_free_and_no_envelope_where_it_waits():
    outlook = seen_at(10, departure_s=[39_000])
    assert outlook.uncontrolled_kw()[:2] == pytest.approx([0.1 * KW * 30 / 60, 0.0])
    _, _, dispatched = outlook.controllable()
    assert (dispatched.start_s >= dispatched.departure_s).all()


def test_a_free_car_past_its_declared_departure_is_expected_to_charge_for_the_hour_in_which_it_leaves():
    overdue = stays(start_s=[36_000], departure_s=[35_000], bus_index=[3])
    assert seen_at(10, "uncoordinated", plugged=overdue, start_s=[80_000]).uncontrolled_kw()[:2] == pytest.approx(
        [KW, 0.0])


@pytest.mark.parametrize("step_s", [900, 3600])
def test_perfect_expectation_of_free_cars_is_what_they_do(tmp_path, step_s):
    """Every hour of the day, from the plan's beginning: no taper, so that nothing else can differ."""
    overrides = [*PINNED, "planning.expectation=perfect", "fleet.fast_taper_start_soc=1", f"step_s={step_s}",
                 "fleet.slow_charger_curve=constant", "drivers.profile=full", f"execution.cache_dir={tmp_path}"]
    spec = RunSpec(checked_scenario("smoke", overrides), "uncoordinated", 3, tmp_path / "x.h5")
    name, district = next(iter(build_districts(spec).items()))
    mobility, simulator = DistrictMobility(spec, district), FleetSimulator()
    simulator.spec, simulator.entities = spec, (name,)
    simulator.build(spec)
    fleet, forecast_kw, done_kw = simulator.cores[name].fleet, None, np.zeros(24)
    told, no_rank = np.zeros(district.vehicles.count), np.full((2, district.site.bus_count), -1)
    for now_s in range(spec.start_s, 86_400, step_s):
        declared = mobility.core.declared()
        seen = mobility.step(now_s, fleet.soc, no_rank)
        forecast_kw = seen["cohort_flexibility"].p_uncontrolled_kw if now_s == 0 else forecast_kw
        step = fleet.step(now_s, step_s, told, told.astype(np.int64), declared,
                          seen["presence"], "on_arrival", np.ones(1), np.ones(1), False)
        if now_s >= 0:
            done_kw[now_s // 3600] += step.p_kw.sum() * step_s / 3600
    assert done_kw.sum() > 100
    assert forecast_kw[:24] == pytest.approx(done_kw, abs=1e-6)


# ---------------------------------------------------------------- cars that may not discharge
@pytest.mark.parametrize(("controller", "bounds_kwh"), [
    ("bilayer", (-7.0 / ETA, 33.25 - 7.0 * ETA * 3)), ("smart_charging", (0.0, 33.25 - 7.0 * ETA * 3))])
def test_a_cohort_that_may_not_discharge_has_the_bound_of_charging_alone(controller, bounds_kwh):
    """Half full at ten, five hours of full power lacking, until 18:00: charging alone it may only wait."""
    lacking = stays(start_s=[36_000], energy_kwh=[20.0], wanted_kwh=[20.0 + 5 * KW * ETA], bus_index=[3])
    known, _, _ = seen_at(10, controller, plugged=lacking, start_s=[80_000]).controllable()
    plan = cohort_flexibility(known, nobody(), 36_000, 8, 1.0, np.zeros(8))
    assert plan.x_min_kwh.sum(axis=0)[[0, 4]] == pytest.approx(bounds_kwh)
    assert bool(plan.pd_max_kw.any()) == (controller == "bilayer")


@pytest.mark.parametrize(("controller", "is_counted"), [("bilayer", True), ("smart_charging", False)])
def test_reserve_after_the_fact_counts_on_no_discharging_that_is_not_allowed(tmp_path, controller, is_counted):
    spec = RunSpec(checked_scenario("smoke", PINNED), controller, 3, tmp_path / "x.h5")
    name, district = next(iter(build_districts(spec).items()))
    simulator = FleetSimulator()
    simulator.spec, simulator.entities = spec, (name,)
    simulator.build(spec)
    core, n = simulator.cores[name], district.vehicles.count
    here = DeclaredTable(np.full(n, 3), np.zeros(n, dtype=np.int64), np.full(n, 40_000), district.vehicles.soc_wanted)
    met = SimpleNamespace(soc=np.full(n, 0.7), p_kw=np.zeros(n))
    told = Instructions(np.zeros(n), np.ones(n, dtype=np.int64), np.zeros(district.site.bus_count))
    core.read_meters(0, 900, told, here, met.soc, met)
    assert (core.reserve["discharge_max_mw"] > 0) == is_counted
    assert (core.reserve["above_two_way_mwh"] > 0) == is_counted
