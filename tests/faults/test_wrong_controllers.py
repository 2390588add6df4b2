"""Whatever a controller does wrong ends the run with one message: controller, method, file and line, field, rule."""

import copy
import inspect
import re
from pathlib import Path

import pytest

from testbed.results.reading import open_result
from testbed.running.first_view import _built, _midnight
from testbed.running.one_run import RunFailed, run_scenario
from testbed.setup.given_controllers import given
from testbed.simulators.spatial import SpatialSimulator
from testbed.simulators.temporal import TemporalSimulator
from testbed.wiring.failure import SimulatorFailure
from testbed.wiring.run_spec import RunSpec
from tests.faults import wrong_controllers as wrong
from tests.faults.wrong_controllers import Writing, Wrong
from tests.testbed import plain_controller, small_run

IMPOSSIBLE = r"impossible plan, cohort_power hour \d+ feeder33 row \d+: "
FILE = re.escape(str(Path(wrong.__file__).relative_to(Path.cwd())))
HURRY = ("planning.patience_s=0.2",)


def line_of(function):
    """Where the mark is."""
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if "# here" in line)


def failure_of(folder, controller, *overrides):
    described = small_run.scenario(*overrides, cache_dir=small_run.shared_cache(folder))
    with pytest.raises(RunFailed) as caught:
        run_scenario(described, controller, seed=1, output=folder / "run.h5")
    assert open_result(folder / "run.h5").status == "failed"
    return caught.value.failure


@pytest.fixture(scope="module")
def midnight(tmp_path_factory):
    """What the upper layer hears at the first midnight."""
    folder = tmp_path_factory.mktemp("midnight")
    described = small_run.scenario(cache_dir=small_run.shared_cache(folder))
    return _midnight(RunSpec(described, small_run.PLAIN, 1, folder / "run.h5"))


class Seen(Exception):
    """Of a run that has come as far as is wanted."""


@pytest.fixture(scope="module")
def first_step(tmp_path_factory):
    """What the lower layers hear in the first step, with its time."""
    folder, heard, advance = tmp_path_factory.mktemp("first"), [], SpatialSimulator.advance

    def listen(simulator, now_s, inputs):
        if not simulator.spec.is_controlled(now_s):
            return advance(simulator, now_s, inputs)
        heard.append((now_s, copy.deepcopy(inputs)))
        raise Seen

    with pytest.MonkeyPatch.context() as patch, pytest.raises(RunFailed, match="Seen"):
        patch.setattr(SpatialSimulator, "advance", listen)
        small_run.run(folder)
    return heard[0]


def failure_in(simulator, folder, heard, controller, *overrides):
    """As `failure_of`, with nothing simulated but this simulator in the step (time, inputs)."""
    described = small_run.scenario(*overrides, cache_dir=small_run.shared_cache(folder))
    now_s, inputs = heard
    with given(controller, described.execution, folder) as how, pytest.raises(SimulatorFailure) as caught:
        built = _built(simulator(), RunSpec(described, how.words, 1, folder / "run.h5"))
        built.ledger_dir = None
        built._guarded(now_s, lambda: built.advance(now_s, inputs))
    return caught.value.failure


def failure_above(folder, midnight, controller, *overrides):
    return failure_in(TemporalSimulator, folder, (0, midnight), controller, *overrides)


def failure_below(folder, first_step, controller, *overrides):
    return failure_in(SpatialSimulator, folder, first_step, controller, *overrides)


# ---------------------------------------------------------------- code that does not come to an answer
ENDS = {
    wrong.throws: ("ZeroDivisionError: division by zero", ()),
    wrong.throws_deep_within_numpy: ("ValueError: all input arrays must have the same shape", ()),
    wrong.leaves_python: (r"ends the process \(SystemExit: 0\)", ()),
    wrong.cancels: ("BaseException: no Exception at all", ()),
    wrong.never_ends: (r"took longer than planning\.patience_s=0\.2", HURRY),
    wrong.waits_for_ever: (r"took longer than planning\.patience_s=0\.2", HURRY),
    wrong.holds_on: (r"took longer than planning\.patience_s=0\.2", HURRY),
}
BELOW = {wrong.writes_into_what_drivers_said: ("ValueError: assignment destination is read-only", ()),
         wrong.writes_into_soc: ("ValueError: output array is read-only", ()),
         wrong.writes_into_targets: ("ValueError: assignment destination is read-only", ())}
ABOVE = {wrong.writes_into_forecast: ("ValueError: assignment destination is read-only", ()),
         wrong.writes_into_quantiles: ("ValueError: assignment destination is read-only", ())}


@pytest.mark.parametrize("change", [*ENDS, *ABOVE], ids=lambda change: change.__name__)
def test_an_upper_layer_that_does_not_answer_is_told_with_its_line(tmp_path, midnight, change):
    words, overrides = (ENDS | ABOVE)[change]
    told = failure_above(tmp_path, midnight, Wrong(plan=change), *overrides)
    assert told.simulator == "temporal"
    assert re.fullmatch(rf"controller wrong, plan\(\) at {FILE}:\d+: {words}.*", told.cause)
    assert told.cause.split(": ")[0].endswith(f":{line_of(change)}") or change in (wrong.never_ends, wrong.holds_on)
    assert Path(wrong.__file__).name in told.trace and change.__name__ in told.trace


@pytest.mark.parametrize("change", [*ENDS, *BELOW], ids=lambda change: change.__name__)
def test_a_lower_layer_that_does_not_answer_is_told_with_its_line(tmp_path, first_step, change):
    words, overrides = (ENDS | BELOW)[change]
    # what cannot be written is so on its way from the other simulators
    told = (failure_of(tmp_path, Wrong(step=change)) if change in BELOW else
            failure_below(tmp_path, first_step, Wrong(step=change), *overrides))
    assert told.simulator == "spatial"
    assert re.fullmatch(rf"controller wrong, step\(\) of feeder33 at {FILE}:\d+: {words}.*", told.cause)


@pytest.mark.parametrize(("method", "simulator", "change"), [
    ("temporal()", "temporal", wrong.into_units), ("spatial() of feeder33", "spatial", wrong.into_capacities),
    ("spatial() of feeder33", "spatial", wrong.into_ratings)])
def test_what_an_operator_owns_cannot_be_written(tmp_path, method, simulator, change):
    told = failure_of(tmp_path, Writing(**{"upper" if simulator == "temporal" else "lower": change}))
    assert told.simulator == simulator
    assert told.cause.startswith(f"controller wrong, {method} at ")
    assert f"wrong_controllers.py:{line_of(change)}: ValueError: " in told.cause and "read-only" in told.cause


# ---------------------------------------------------------------- answers
PLANS = {
    wrong.nothing: r": nothing came, allowed is the record Plan",
    wrong.words: r": a str came, allowed is the record Plan",
    wrong.own_record: r": a SimpleNamespace came, allowed is the record Plan",
    wrong.not_a_number: r", field p_mw \[MW\]: \d+ of \d+ values \(nan at \[0, 0\], .*\) are not finite",
    wrong.too_short: r", field pc_kw \[kW\]: district 0: shape \(\d+, 12\) came, allowed is \(\d+, 30\): cohort, hour",
    wrong.one_district_less: r", field pd_kw \[kW\]: 1 arrays came, allowed is a tuple of 2 arrays",
    wrong.commitment_as_truth_values: r", field committed \[1\]: bool came, allowed is int64",
    wrong.two_of_a_unit: r", field committed \[1\]: impossible plan, commitment_binary hour 1 U1: 1 \(300 in all\)",
    wrong.all_units_off: r", field p_mw \[MW\]: impossible plan, balance hour 1 system: \d+\.\d+ \(30 in all\)",
    wrong.less_than_the_load: r", field p_mw \[MW\]: impossible plan, balance hour 1 system: ",
    wrong.beyond_its_units: r", field p_mw \[MW\]: impossible plan, minimum_power hour 1 U2: ",
    wrong.on_and_off: r".*; field committed \[1\]: impossible plan, minimum_up hour 3 U1: ",
    wrong.negative_targets: rf".*; field pc_kw or pd_kw \[kW\]: {IMPOSSIBLE}",
    wrong.beyond_all_chargers: rf".*; field pc_kw or pd_kw \[kW\]: {IMPOSSIBLE}",
    wrong.wind_from_nowhere: r".*field wind_curtailed_mw or pv_curtailed_mw \[MW\]: impossible plan, renewables hour",
    wrong.of_another_day: r", field time_s \[s\]: 86400 came, allowed is the time of the view, 0",
}
SETPOINTS = {
    wrong.nothing: r": nothing came, allowed is the record Setpoints",
    wrong.own_record: r": a SimpleNamespace came, allowed is the record Setpoints",
    wrong.set_points_that_are_no_numbers: r", field setpoint_kw \[kW\]: \d+ of \d+ values \(nan at \[0\], ",
    wrong.endless_set_points: r", field setpoint_kw \[kW\]: \d+ of \d+ values \(inf at \[0\], .*\) are not finite",
    wrong.one_car_less: r", field setpoint_kw \[kW\]: shape \(\d+,\) came, allowed is \(\d+,\): vehicle",
    wrong.a_list: r", field setpoint_kw \[kW\]: a list came, allowed is an array of float64",
    wrong.whole_numbers_as_floats: r", field is_dispatched \[1\]: float64 came, allowed is int64",
    wrong.dispatched_twice: r", field is_dispatched \[1\]: car \d+ \(and \d+ more\) has 2, allowed are 0 and 1",
    wrong.more_than_the_charger: r", field setpoint_kw \[kW\]: car \d+ .*is told 1000, its charger can -?[\d.]+ to ",
    wrong.a_bus_that_is_not_there: r", field guidance_rank \[1\]: 1000 for slow chargers, allowed are -1 to 32",
    wrong.two_best_buses: r", field guidance_rank \[1\]: rank 0 is there twice for slow chargers",
    wrong.no_proof: r", field certificate\.status \[text\]: missing",
    wrong.powers_of_buses_that_are_no_numbers: r", field p_plan_bus_kw \[kW\]: 1 of 33 values \(nan at \[1\]\)",
}


def defined(kind, method):
    return re.escape(f"{Path(wrong.__file__).relative_to(Path.cwd())}:"
                     f"{getattr(kind, method).__code__.co_firstlineno}")


@pytest.mark.parametrize("change", PLANS, ids=lambda change: change.__name__)
def test_a_plan_that_cannot_be_ends_the_run_and_the_field_is_named(tmp_path, midnight, change):
    told = failure_above(tmp_path, midnight, Wrong(plan=change))
    assert (told.simulator, told.time_s) == ("temporal", 0)
    place = defined(wrong.WrongAbove, "plan")
    assert re.match(rf"controller wrong, plan\(\) in {place}, answer Plan{PLANS[change]}", told.cause)


@pytest.mark.parametrize("change", SETPOINTS, ids=lambda change: change.__name__)
def test_set_points_that_cannot_be_end_the_run_and_the_field_is_named(tmp_path, first_step, change):
    told = failure_below(tmp_path, first_step, Wrong(step=change))
    assert told.simulator == "spatial"
    place = rf"controller wrong, step\(\) of feeder33 in {defined(wrong.WrongBelow, 'step')}"
    assert re.match(f"{place}, answer Setpoints{SETPOINTS[change]}", told.cause)


def test_a_whole_run_ends_with_the_same_words_and_its_file_says_failed(tmp_path, first_step):
    told = failure_of(tmp_path, Wrong(step=wrong.set_points_that_are_no_numbers))
    assert told.simulator == "spatial", "and not the feeder, which only meets what came of it"
    assert told.cause == failure_below(tmp_path, first_step, Wrong(step=wrong.set_points_that_are_no_numbers)).cause


def test_who_says_that_no_car_discharges_lets_none_discharge(tmp_path):
    plan = failure_of(tmp_path, Wrong(plan=wrong.discharging, car_control="charge_only"))
    assert "impossible plan, cohort_power" in plan.cause
    told = failure_of(tmp_path, Wrong(step=wrong.out_of_the_battery, car_control="charge_only"))
    assert re.search(r"is told -1, its charger can 0 to [\d.]+ \(car_control lets no car discharge\)", told.cause)


def test_cars_without_contract_cannot_be_told(tmp_path):
    told = failure_of(tmp_path, Wrong(step=wrong.cars_without_contract), "drivers.enrolled_share=0.5")
    assert re.search(r"field is_dispatched \[1\]: car \d+ .*is told what to do and has no contract", told.cause)


@pytest.mark.parametrize(("method", "simulator", "layer"), [("temporal", "temporal", "plan"),
                                                            ("spatial", "spatial", "step")])
@pytest.mark.parametrize(("given", "words"), [(None, "nothing"), ([], "a list")])
def test_a_layer_that_is_none_is_told(tmp_path, method, simulator, layer, given, words):
    controller = Wrong()
    vars(controller)[method] = lambda knowledge: given
    told = failure_of(tmp_path, controller)
    assert told.simulator == simulator
    assert re.search(rf"controller wrong, {method}\(\).* in \S+test_wrong_controllers\.py:\d+ answers {words}, which "
                     rf"has no method {layer}\(view\)", told.cause)


def test_a_method_that_takes_something_else_is_told_where_it_stands(tmp_path):
    class Deaf(plain_controller.AllUnitsOn):
        def plan(self):
            return None

    controller = Wrong()
    vars(controller)["temporal"] = Deaf
    told = failure_of(tmp_path, controller)
    assert re.search(r"controller wrong, plan\(\) at \S+test_wrong_controllers\.py:\d+: TypeError: .*plan\(\) takes 1",
                     told.cause)


INTO = (wrong.into_units, wrong.into_capacities, wrong.into_ratings)
BY_THEMSELVES = (wrong.discharging, wrong.out_of_the_battery, wrong.cars_without_contract)


def test_thirty_wrong_things_and_more_are_tried_each_for_its_message():
    """Each function of the module is one; beside them stand layers that are none and methods of another signature."""
    tried = {*ENDS, *ABOVE, *BELOW, *PLANS, *SETPOINTS, *INTO, *BY_THEMSELVES}
    assert tried == {value for value in vars(wrong).values()
                     if inspect.isfunction(value) and value.__module__ == wrong.__name__}
    assert len(tried) >= 45
