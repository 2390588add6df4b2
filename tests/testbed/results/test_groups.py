"""What only some runs hold: added simulators, plans of the warm-up, tap changers, generation, files of the user."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from models.network.loads.bus_loads import CONSUMPTION, GENERATION, BusLoads, Uses
from models.network.three_phase.layout import CircuitLayout, Told
from models.network.transformers.tap_changer import TapChanger
from testbed.results.layout import DistrictLayout, ResultError, ResultLayout
from testbed.results.reading import Reference, open_result, stored_plans
from testbed.results.writing import ResultWriter
from testbed.wiring.attributes import recorded

STEPS, STEP_S = 2, 1800


def step_of(toy: Any, layout: ResultLayout) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Values of one step, all 0: the system's, and those of districts."""
    def zeros(attributes: Any, **sizes: int) -> dict[str, Any]:
        return {name: values[0] for name, values in toy.series(attributes, toy.SIZES | sizes, 1, {}).items()}
    return zeros(recorded("system")), {d.name: zeros(d.variables(), bus=d.bus_number.size) for d in layout.districts}


def writer_of(folder: Path, toy: Any, layout: ResultLayout, **header: Any) -> ResultWriter:
    made = replace(toy.header(toy.scenario(), "bilayer", 1, STEPS, STEP_S), **header)
    return ResultWriter(folder / "run.h5", made, layout)


def first_district(toy: Any, **changes: Any) -> ResultLayout:
    """The toy's layout with another first district."""
    layout = toy.layout()
    return replace(layout, districts=(replace(layout.districts[0], **changes), *layout.districts[1:]))


def made_group(folder: Path, toy: Any, layout: ResultLayout) -> h5py.Group:
    """The first district's group, in a file without steps."""
    writer_of(folder, toy, layout).release()
    return h5py.File(folder / "run.h5")[f"districts/{toy.FEEDER}"]


# ---------------------------------------------------------------- simulators of others
def test_what_an_added_simulator_says_is_a_series_with_its_unit(tmp_path: Path, toy: Any) -> None:
    layout = replace(toy.layout(), added={"weather": {"air_c": ("degC", "air at the roof")}})
    with writer_of(tmp_path, toy, layout) as writer:
        for step, air_c in enumerate((11.5, -2.0)):
            writer.write_step(step, *step_of(toy, layout), {"weather": {"air_c": air_c}})
        writer.close("completed")
    assert open_result(tmp_path / "run.h5").added("weather", "air_c").tolist() == [11.5, -2.0]
    with h5py.File(tmp_path / "run.h5") as file:
        told = file["simulators/weather/air_c"]
        assert (told.attrs["units"], told.attrs["long_name"]) == ("degC", "air at the roof")
        assert told.dims[0][0][...].tolist() == [0, STEP_S]


def test_an_added_simulator_that_says_nothing_is_named(tmp_path: Path, toy: Any) -> None:
    layout = replace(toy.layout(), added={"weather": {"air_c": ("degC", "")}})
    with (writer_of(tmp_path, toy, layout) as writer,
          pytest.raises(ResultError, match=r"^step 0, simulators/weather: no value for air_c$")):
        writer.write_step(0, *step_of(toy, layout))


# ---------------------------------------------------------------- plans of the warm-up
def test_plans_of_the_warm_up_come_before_the_others_in_a_replay(tmp_path: Path, toy: Any) -> None:
    layout = replace(toy.layout(), warmup_plan_count=3)
    plans = [toy.plan_arrays(layout, day) | {"time_s": (day - 2) * 86_400} for day in range(3)]
    with writer_of(tmp_path, toy, layout) as writer:
        for index, plan in enumerate(plans[:2]):
            writer.write_warmup_plan(index, plan)
        writer.write_plan(0, plans[2])
        with pytest.raises(ResultError, match=r"^plan 3 of the warm-up came, 3 were announced$"):
            writer.write_warmup_plan(3, plans[0])
    read = stored_plans(tmp_path / "run.h5")
    assert [plan.time_s for plan in read] == [-172_800, -86_400, 0], "the third that was announced never came"
    for written, plan in zip(plans, read, strict=True):
        assert np.array_equal(plan.p_mw, written["p_mw"]) and plan.status == "optimal"
        assert all(np.array_equal(a, b) for a, b in zip(plan.pc_kw, written["pc_kw"], strict=True))
        assert all(np.array_equal(a, b) for a, b in zip(plan.pd_kw, written["pd_kw"], strict=True))
    assert [plan.solver_s for plan in read[:2]] == [0.0, 0.0], "what solving took is kept of counted plans alone"


# ---------------------------------------------------------------- networks
def test_a_tap_changer_is_told_with_the_number_of_the_bus_that_it_holds(tmp_path: Path, toy: Any) -> None:
    changer = TapChanger(np.array([-1, 0, 1]), np.array([0.98, 1.0, 1.02]), start=1, bus=2, target_pu=1.01,
                         dead_band_pu=0.03, delay_s=60.0)
    group = made_group(tmp_path, toy, first_district(toy, bus_number=np.array([10, 20, 30, 40]), tap_changer=changer))
    assert group["tap"][...].tolist() == [-1, 0, 1] and group["tap_slack_vm_pu"][...].tolist() == [0.98, 1.0, 1.02]
    assert {name: value for name, value in group.attrs.items() if name.startswith("tap_")} == {
        "tap_bus": 30, "tap_target_pu": 1.01, "tap_dead_band_pu": 0.03, "tap_delay_s": 60.0}


NONE = np.zeros(4)
USES = Uses(("load 1", "sgen 7"), ("house", "roof"), np.array([0, 1]), np.array([1, 3]), np.array([1.0, -5.0]),
            np.zeros(2), np.array([CONSUMPTION, GENERATION]))


def test_generation_that_may_be_left_stands_at_its_buses(tmp_path: Path, toy: Any) -> None:
    loads = BusLoads(NONE, NONE, NONE, NONE, uses=USES, generation_buses=np.array([1, 3]),
                     generation_fixed_kw=np.array([-2.0, 0.0]))
    group = made_group(tmp_path, toy, first_district(toy, bus_number=np.array([10, 20, 30, 40]), loads=loads))
    assert group["generation_bus"][...].tolist() == [20, 40]
    assert group["generation_fixed_kw"][...].tolist() == [-2.0, 0.0]
    assert group["series_is_generation"][...].tolist() == [0, 1] and group["series_bus"][...].tolist() == [20, 40]
    assert group["generation_curtailed_kw"].shape == (STEPS, 2)


def test_nothing_is_told_of_generation_that_is_always_taken(tmp_path: Path, toy: Any) -> None:
    group = made_group(tmp_path, toy, first_district(toy, loads=BusLoads(NONE, NONE, NONE, NONE, uses=USES)))
    assert not [name for name in group if "generation" in name] and "series_bus" in group


def test_a_circuit_without_regulators_has_neither_their_axis_nor_their_arrays(tmp_path: Path, toy: Any) -> None:
    circuit = CircuitLayout({"node": ["a.1", "a.2"], "regulator": []}, {
        "node_base_v": Told("node", np.array([230.0, 231.0]), "V", ""),
        "regulator_ratio": Told("regulator", np.zeros(0), "1", "")}, is_exact=True)
    group = made_group(tmp_path, toy, first_district(toy, circuit=circuit))
    assert group["node_base_v"][...].tolist() == [230.0, 231.0] and group.attrs["is_exact"] == 1
    assert not [name for name in group if "regulator" in name or name == "tap_pu"]


def test_a_zone_for_each_bus() -> None:
    with pytest.raises(ResultError, match="district north: 3 bus numbers, 2 zones"):
        DistrictLayout("north", np.arange(3), np.zeros(2, dtype=int), has_network=True, vehicle_count=1)


# ---------------------------------------------------------------- what else came along
def test_files_of_the_user_and_planned_powers_come_back(tmp_path: Path, toy: Any) -> None:
    with writer_of(tmp_path, toy, toy.layout(), inputs={"units": ("mine.csv", "name,p_max_mw\nu1,5\n")}) as writer:
        ordered_mw = np.array([[1.0, 2.0, np.nan]])
        writer.write_reference(Reference("no_pev", np.array([[1, 1, 0]]), 9.5, ordered_mw=ordered_mw))
        writer.close("failed")
    result = open_result(tmp_path / "run.h5")
    assert result.brought("units") == "name,p_max_mw\nu1,5\n" and result.brought("profiles") is None
    assert result.reference is not None
    np.testing.assert_array_equal(result.reference.ordered_mw, ordered_mw)


def test_units_of_an_older_file_are_as_the_system_begins(tmp_path: Path, toy: Any, write_result: Any) -> None:
    initial_h = np.array([-8.0, 1.0, 1.0])
    path = write_result(system={"on_before_h": np.array([[0, 5, -3]] * 4)})
    assert open_result(path).on_before_h(initial_h).tolist() == [-8, 5, -3], "0: nothing was run before"
    with h5py.File(path, "r+") as file:
        del file["on_before_h"]
    assert open_result(path).on_before_h(initial_h).tolist() == initial_h.tolist()


# ---------------------------------------------------------------- refusals
@pytest.mark.parametrize(("value", "error", "said"), [
    (np.zeros(2), ResultError, r"^step 0, / load_mw: shape \(2,\), expected \(\)$"), ("much", ValueError, "much")])
def test_what_is_no_number_is_refused(tmp_path: Path, toy: Any, value: Any, error: type[Exception], said: str) -> None:
    system, districts = step_of(toy, toy.layout())
    with writer_of(tmp_path, toy, toy.layout()) as writer, pytest.raises(error, match=said):
        writer.write_step(0, system | {"load_mw": value}, districts)


def test_a_district_that_says_nothing_is_named(tmp_path: Path, toy: Any) -> None:
    system, districts = step_of(toy, toy.layout())
    with (writer_of(tmp_path, toy, toy.layout()) as writer,
          pytest.raises(ResultError, match=r"^step 0: no values for district rest$")):
        writer.write_step(0, system, {toy.FEEDER: districts[toy.FEEDER]})
