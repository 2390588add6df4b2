"""The result file: xarray opens it, a kill leaves it readable, and equal runs give equal files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from models.network.sources.ieee33 import ieee33
from testbed.metrics.of_runs import compute_metrics
from testbed.results.equality import equal_results
from testbed.results.layout import READABLE_SCHEMAS, ResultError
from testbed.results.reading import NEEDED_ATTRIBUTES, Reference, open_result, stored_plans
from testbed.results.vehicle_traces import VehicleTraceWriter, read_traces
from testbed.results.writing import ResultWriter, finish_result
from testbed.wiring.attributes import recorded
from testbed.wiring.failure import Failure

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_xarray_opens_every_group_with_coordinates_units_and_names(write_result: Any, toy: Any) -> None:
    path = write_result(system={"load_mw": [1.0, 2.0, 3.0, 4.0]}, plans=(toy.plan_arrays(toy.layout()),),
                        totals={"feeder33": {"driven_kwh": np.array([3.0, 4.0])}})
    with xr.open_dataset(path, engine="h5netcdf") as root:
        assert list(root.load_mw.values) == [1, 2, 3, 4]
        assert list(root.time.values) == [0, 1800, 3600, 5400]
        assert list(root.unit.values) == list(toy.UNITS)
        assert set(root.data_vars) == {a.name for a in recorded("system")}
        assert root.committed.dtype == np.int8
    with xr.open_dataset(path, engine="h5netcdf", group="districts/feeder33") as district:
        assert district.vm_pu.dims == ("time", "bus")
        assert district.refusals.dims == ("time", "reason")
        assert district.plan_pc_kw.dims == ("plan", "cohort", "lead")
        assert list(district.bus.values) == [1, 2, 3, 4]
        assert list(district.vehicle_driven_kwh.values) == [3, 4]
        assert district.vehicle_driven_kwh.units == "kWh"
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        assert {"/plan", "/reference", "/districts/rest"} <= set(tree.groups)
        for node in tree.subtree:
            for name, variable in node.variables.items():
                assert "units" in variable.attrs and "long_name" in variable.attrs, (node.path, name)
                assert variable.dtype != np.bool_


def test_feeder_variables_only_where_there_is_a_network(write_result: Any) -> None:
    result = open_result(write_result())
    assert result.has_network("feeder33") and not result.has_network("rest")
    assert result.district("rest", "p_bus_kw").shape == (4, 3)
    with pytest.raises(ResultError, match="holds no districts/rest/vm_pu"):
        result.district("rest", "vm_pu")


def test_every_recorded_value_comes_back(write_result: Any) -> None:
    rng = np.random.default_rng(3)
    system = {a.name: rng.random((20, 3) if a.dims else 20) for a in recorded("system")
              if not a.is_flag}
    vm_pu = rng.random((20, 4))
    result = open_result(write_result(steps=20, system=system, feeder={"vm_pu": vm_pu}))
    for name, values in system.items():
        assert np.array_equal(result.system(name), values), name
    assert np.array_equal(result.district("feeder33", "vm_pu"), vm_pu)
    assert result.status == "completed" and result.failure is None


def test_a_result_held_open_is_opened_once(write_result: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result, opened, real = open_result(write_result()), list[Path](), h5py.File
    monkeypatch.setattr(h5py, "File", lambda path, *rest, **named: opened.append(path) or real(path, *rest, **named))
    with result.held_open():
        with result.held_open():
            result.system("load_mw")
        assert result.has_network("feeder33") and result.district("feeder33", "vm_pu").shape == (4, 4)
    assert len(opened) == 1
    assert result.system("committed").size and len(opened) == 2, "closed again, and still readable"


def test_stored_plan_is_the_plan_that_was_written(write_result: Any, toy: Any) -> None:
    plans = tuple(toy.plan_arrays(toy.layout(), time_s) for time_s in (0, 86_400))
    path = write_result(plans=plans)
    for written, read in zip(plans, stored_plans(path), strict=True):
        for name, value in read.to_arrays().items():
            if name in ("pc_kw", "pd_kw"):
                assert all(np.array_equal(a, b) for a, b in zip(value, written[name], strict=True))
            else:
                assert np.array_equal(value, written[name]), name


def test_a_plan_never_written_is_not_read(write_result: Any) -> None:
    path = write_result()
    assert open_result(path).plan_count == 0
    with pytest.raises(ResultError, match="no stored plan"):
        stored_plans(path)


def test_run_information_and_reference(write_result: Any) -> None:
    path = write_result(run={"wall_s": 2.5, "simulators": {"fleet": 1.0}})
    assert open_result(path).reference is None
    finish_result(path, "completed", reference=Reference("no_pev", np.array([[1, 0, 1], [1, 1, 1]]), 9.5))
    reference = open_result(path).reference
    assert reference is not None and reference.name == "no_pev" and reference.operating_cost_usd == 9.5
    assert list(reference.committed.sum(axis=1)) == [2, 3]
    assert open_result(path).run["wall_s"] == 2.5
    assert open_result(path).run["simulators"] == {"fleet": 1.0}


# ---------------------------------------------------------------- how a run ended
def test_a_failed_run_says_who_when_why_and_keeps_its_steps(write_result: Any) -> None:
    failure = Failure("feeder", 3600, "no power flow")
    result = open_result(write_result(status="failed", failure=failure, stop_after=2,
                                      system={"load_mw": [5.0, 6.0, 7.0, 8.0]}))
    assert (result.status, result.steps_written, result.failure) == ("failed", 2, failure)
    assert list(result.system("load_mw")) == [5, 6]
    assert list(result.time_s) == [0, 1800]


def test_a_released_file_is_running_until_it_is_finished(write_result: Any) -> None:
    path = write_result(status="running")
    assert open_result(path).status == "running"  # its process, this one, is there
    finish_result(path, "completed", run={"wall_s": 1.0})
    assert open_result(path).status == "completed" and open_result(path).run["wall_s"] == 1.0


def test_a_run_with_missing_steps_cannot_be_called_completed(write_result: Any) -> None:
    with pytest.raises(ResultError, match="completed after 3 of 4 steps"):
        write_result(stop_after=3)
    path = write_result("other.h5", stop_after=3, status="running")
    with pytest.raises(ResultError, match="completed after 3 of 4 steps"):
        finish_result(path, "completed")


KILLED = """
    import os, signal, sys
    from pathlib import Path
    sys.path[:0] = [{root!r}, {here!r}]
    import conftest as toy
    from testbed.results.writing import ResultWriter
    made, shape = toy.scenario(), toy.layout()
    writer = ResultWriter(Path({path!r}), toy.header(made, "bilayer", 1, 40, 900), shape)
    values = {{"": toy.series(toy.recorded("system"), toy.SIZES, 40, {{"load_mw": list(range(40))}})}}
    for d in shape.districts:
        values[d.name] = toy.series(d.variables(), toy.SIZES | {{"bus": d.bus_number.size}}, 40, {{}})
    for i in range(37):
        row = {{key: {{n: v[i] for n, v in arrays.items()}} for key, arrays in values.items()}}
        writer.write_step(i, row.pop(""), row)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_leaves_its_flushed_steps_readable(tmp_path: Path) -> None:
    path = tmp_path / "killed.h5"
    script = textwrap.dedent(KILLED).format(root=str(ROOT), here=str(Path(__file__).parents[1]), path=str(path))
    done = subprocess.run([sys.executable, "-c", script], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    result = open_result(path)
    assert (result.status, result.steps_written) == ("interrupted", 32)
    assert list(result.system("load_mw")) == list(range(32))
    with xr.open_dataset(path, engine="h5netcdf") as root:
        assert np.isnan(root.load_mw.values[32:]).all()


def test_arrays_are_contiguous_and_allocated_early(write_result: Any) -> None:
    with h5py.File(write_result(stop_after=0, status="running")) as file:
        for name in ("load_mw", "districts/feeder33/vm_pu", "districts/feeder33/plan_pc_kw", "plan/p_mw"):
            created = file[name].id.get_create_plist()
            assert created.get_layout() == h5py.h5d.CONTIGUOUS, name
            assert created.get_alloc_time() == h5py.h5d.ALLOC_TIME_EARLY, name
            assert np.isnan(file[name][...]).all(), name


# ---------------------------------------------------------------- mistakes are refused
def test_steps_come_in_order_and_whole(tmp_path: Path, toy: Any) -> None:
    shape = toy.layout()
    with ResultWriter(tmp_path / "r.h5", toy.header(toy.scenario(), "x", 1, 4, 900), shape) as writer:
        with pytest.raises(ResultError, match="step 1 came, step 0"):
            writer.write_step(1, {}, {})
        with pytest.raises(ResultError, match="no value for load_mw"):
            writer.write_step(0, {}, {})
        system = {n: v[0] for n, v in toy.series(recorded("system"), toy.SIZES, 1, {}).items()}
        with pytest.raises(ResultError, match="p_mw: shape \\(2,\\), expected \\(3,\\)"):
            writer.write_step(0, {**system, "p_mw": np.zeros(2)}, {})
        with pytest.raises(ResultError, match="plan 1 came, 1 were announced"):
            writer.write_plan(1, {})
    with pytest.raises(ResultError, match="reference commitment: shape"):
        finish_result(tmp_path / "r.h5", "failed", reference=Reference("no_pev", np.zeros((9, 3)), 0.0))


def test_what_is_no_result_file_is_named_so(tmp_path: Path, write_result: Any) -> None:
    with pytest.raises(ResultError, match="there is no such file"):
        open_result(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(ResultError, match="not a readable HDF5 file"):
        open_result(tmp_path / "text.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(ResultError, match="not a result of this testbed"):
        open_result(tmp_path / "foreign.h5")
    path = write_result()
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 99
    with pytest.raises(ResultError, match="schema version 99, this program reads 1, 2"):
        open_result(path)


@pytest.mark.parametrize("lost", NEEDED_ATTRIBUTES)
def test_a_file_that_lost_what_it_must_say_is_damaged(lost: str, write_result: Any) -> None:
    path = write_result()
    with h5py.File(path, "r+") as file:
        del file.attrs[lost]
    with pytest.raises(ResultError, match=rf"damaged, it does not say its {lost}$"):
        open_result(path)


def test_all_that_a_file_lost_is_told_at_once(write_result: Any) -> None:
    path = write_result()
    with h5py.File(path, "r+") as file:
        del file.attrs["seed"], file.attrs["status"]
    with pytest.raises(ResultError, match=r"does not say its status, seed$"):
        open_result(path)


def test_buses_are_called_by_their_numbers_and_their_names_where_they_have_some(write_result: Any) -> None:
    named = replace(ieee33(), bus_name=("Substation", *[""] * 32))
    result = open_result(write_result(buses=33, network=named))
    assert result.bus_labels("feeder33")[:2] == ("1 (Substation)", "2")
    assert result.bus_labels("rest") == ("1", "2", "3")


def test_unknown_names_are_refused(write_result: Any) -> None:
    result = open_result(write_result())
    with pytest.raises(ResultError, match="no district nowhere; there are feeder33, rest"):
        result.district("nowhere", "vm_pu")
    with pytest.raises(ResultError, match="plan 0 of 0"):
        result.plan(0)


# ---------------------------------------------------------------- equality
def test_equal_runs_are_equal_and_differences_have_names(write_result: Any, toy: Any) -> None:
    plan = toy.plan_arrays(toy.layout())
    first = write_result("a.h5", plans=(plan,), run={"wall_s": 1.0})
    second = write_result("b.h5", plans=({**plan, "solver_s": 9.9},), run={"wall_s": 2.0})
    assert equal_results(first, second) == []
    other = write_result("c.h5", plans=({**plan, "bound_usd": 1.0},), feeder={"vm_pu": 1e-15}, controller="x")
    assert equal_results(first, other) == ["/@controller", "districts/feeder33/vm_pu", "plan/bound_usd"]


def test_a_dataset_that_one_file_lacks_is_a_difference(write_result: Any) -> None:
    a = write_result("a.h5", totals={"rest": {"driven_kwh": np.zeros(3)}})
    assert equal_results(a, write_result("b.h5")) == ["districts/rest/vehicle_driven_kwh"]


@pytest.mark.parametrize("schema", READABLE_SCHEMAS)
def test_every_published_schema_is_read(write_result: Any, schema: int) -> None:
    path = write_result(system={"load_mw": 700.0})
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = schema
        if schema < 2:
            del file.attrs["load_peak_mw"]
    result = open_result(path)
    assert (result.steps_written, float(result.system("load_mw")[0])) == (4, 700.0)
    assert compute_metrics(result)["unit_hours"] == 0


# ---------------------------------------------------------------- traces of vehicles
def _write_traces(path: Path, toy: Any, steps: int) -> None:
    writer = VehicleTraceWriter(path, toy.header(toy.scenario(), "x", 1, 20, 900), toy.layout())
    for i in range(steps):
        for district, count in (("feeder33", 2), ("rest", 3)):
            soc = np.full(count, i / 32)
            values = {"soc": soc, "setpoint_vehicle_kw": soc * 8, "limited_vehicle_kw": soc * 7,
                      "p_vehicle_kw": soc * 7, "reason_vehicle": soc * 0 + 2, "stay_vehicle_h": soc,
                      "arrived_vehicle_h": soc * 0, "asked_vehicle_kwh": soc * 2}
            writer.write_step(i, district, values)
    writer.close()


def test_vehicle_traces_come_back_when_complete(tmp_path: Path, toy: Any) -> None:
    path = tmp_path / "run-vehicles.h5"
    _write_traces(path, toy, 20)
    soc = read_traces(path, "rest", "soc")
    assert soc.shape == (20, 3) and np.array_equal(soc[:, 2], np.arange(20) / 32)
    with xr.open_dataset(path, engine="h5netcdf", group="districts/feeder33") as district:
        assert district.reason_vehicle.dims == ("time", "vehicle") and int(district.reason_vehicle[0, 0]) == 2
    with pytest.raises(ResultError, match="no soc of district nowhere"):
        read_traces(path, "nowhere", "soc")


def test_incomplete_vehicle_traces_are_read_on_request_only(tmp_path: Path, toy: Any) -> None:
    path = tmp_path / "t.h5"
    _write_traces(path, toy, 19)
    with pytest.raises(ResultError, match=r"did not complete \(19 of 20 steps\)"):
        read_traces(path, "rest", "soc")
    soc = read_traces(path, "rest", "soc", partial=True)
    assert soc.shape == (19, 3) and np.array_equal(soc[:, 2], np.arange(19) / 32)
    with pytest.raises(ResultError, match="vehicle traces \\(interrupted, 19 of 20 steps\\), not a result"):
        open_result(path)


def test_traces_come_step_by_step_and_a_district_without_cars_has_empty_ones(tmp_path: Path, toy: Any) -> None:
    path, layout = tmp_path / "t.h5", toy.layout()
    empty = replace(layout, districts=(layout.districts[0], replace(layout.districts[1], vehicle_count=0)))
    writer = VehicleTraceWriter(path, toy.header(toy.scenario(), "x", 1, 16, 900), empty)
    for step in range(16):  # a whole block: nothing is left to write as the file is closed
        for district, count in (("feeder33", 2), ("rest", 0)):
            writer.write_step(step, district, dict.fromkeys(writer.names, np.full(count, step)))
    with pytest.raises(ResultError, match=r"^traces of rest: step 3 came, step 16 was expected$"):
        writer.write_step(3, "rest", {})
    writer.close()
    assert read_traces(path, "rest", "soc").shape == (16, 0)
    assert read_traces(path, "feeder33", "soc")[:, 1].tolist() == list(range(16))


def test_what_is_no_file_of_traces_is_named_so(tmp_path: Path, write_result: Any) -> None:
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(ResultError, match=r"text\.h5: not a readable HDF5 file"):
        read_traces(tmp_path / "text.h5", "rest", "soc")
    with pytest.raises(ResultError, match=r"run\.h5: not a file of vehicle traces$"):
        read_traces(write_result(), "rest", "soc")


def test_killed_vehicle_traces_are_readable_to_their_last_block(tmp_path: Path, toy: Any) -> None:
    """As a kill leaves them: nothing after the last block was written, nothing was closed."""
    path = tmp_path / "t.h5"
    script = textwrap.dedent(KILLED_TRACES).format(root=str(ROOT), here=str(Path(__file__).parents[1]), path=str(path))
    done = subprocess.run([sys.executable, "-c", script], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    soc = read_traces(path, "rest", "soc", partial=True)
    assert soc.shape == (16, 3) and np.array_equal(soc[:, 0], np.arange(16) / 32)


KILLED_TRACES = """
    import os, signal, sys
    from pathlib import Path
    sys.path[:0] = [{root!r}, {here!r}]
    import conftest as toy, numpy as np
    from testbed.results.vehicle_traces import VehicleTraceWriter
    writer = VehicleTraceWriter(Path({path!r}), toy.header(toy.scenario(), "x", 1, 20, 900), toy.layout())
    for i in range(19):
        for district, count in (("feeder33", 2), ("rest", 3)):
            writer.write_step(i, district, dict.fromkeys(writer.names, np.full(count, i / 32)))
    os.kill(os.getpid(), signal.SIGKILL)
"""


# ---------------------------------------------------------------- a full disk
FULL = """
    import resource, sys
    from pathlib import Path
    sys.path[:0] = [{root!r}, {here!r}]
    import conftest as toy
    from testbed.results.vehicle_traces import VehicleTraceWriter
    from testbed.results.writing import ResultWriter, finish_result
    from testbed.wiring.whole_files import NoSpace
    made, shape = toy.scenario(), toy.layout()
    folder, header = Path({path!r}), toy.header(made, "bilayer", 1, 2000, 900)
    small = toy.header(made, "bilayer", 1, 4, 900)
    before = ResultWriter(folder / "before.h5", small, shape)
    before.write_plan(0, toy.plan_arrays(shape))
    before.write_totals("rest", dict(driven_kwh=toy.np.zeros(100_000)))
    limit = (folder / "before.h5").stat().st_size  # in its place the file can be written, longer it cannot get
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for attempt in (lambda: ResultWriter(folder / "new.h5", header, shape),
                    lambda: ResultWriter(folder / "old.h5", header, shape),
                    lambda: VehicleTraceWriter(folder / "traces.h5", header, shape), before.release,
                    lambda: finish_result(folder / "before.h5", "failed")):
        try:
            attempt()
        except NoSpace as full:
            print(full)
"""


def test_a_full_disk_is_a_message_and_spoils_no_file(tmp_path: Path, write_result: Any) -> None:
    """Here a limit on the size of files; HDF5 itself would end in a segmentation fault."""
    write_result("old.h5")
    script = textwrap.dedent(FULL).format(root=str(ROOT), here=str(Path(__file__).parents[1]), path=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], check=False, env=os.environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert [line.split(": no space left for it, which takes ")[0] for line in told] == [
        str(tmp_path / name) for name in ("new.h5", "old.h5", "traces.h5", "before.h5", "before.h5")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["before.h5", "old.h5"]
    assert open_result(tmp_path / "old.h5").status == "completed"
    assert (open_result(tmp_path / "before.h5").status, open_result(tmp_path / "before.h5").plan_count) == (
        "interrupted", 1)
