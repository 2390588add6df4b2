"""A result in other forms says what the result says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from models.network.source import feeder_from
from models.network.written_net import net_of
from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import Result, open_result
from tests.testbed import small_run
from tests.testbed.cli_runs import call


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return open_result(small_run.run(tmp_path_factory.mktemp("export"), "districts.0.slow_ports_per_bus=1"))


def exported(result: Result, *form: object) -> Path:
    done = call("export", result.path, *form)
    assert done.exit_code == 0, done.stderr
    return Path(done.stdout.strip())


def same_tables(read: object, folder: Path, suffix: str, result: Result) -> None:
    tables = {file.name.removesuffix(suffix): read(file) for file in folder.iterdir()}  # type: ignore[operator]
    buses, steps = result.district("feeder33", "bus"), result.time_s
    by_bus = tables["feeder33.time.bus"]
    assert by_bus.vm_pu.to_numpy().reshape(steps.size, buses.size).tolist() == result.district(
        "feeder33", "vm_pu").tolist()
    assert by_bus.bus.tolist() == buses.tolist() * steps.size and by_bus.time[buses.size] == steps[1]
    assert tables["system.time.unit"].unit[1] == result.unit_names[1]
    capacity_kwh = result.vehicle("feeder33", "capacity_kwh")
    assert tables["feeder33.vehicle"].vehicle_capacity_kwh.tolist() == capacity_kwh.tolist()
    figures = tables["metrics"].set_index("metric").value
    assert figures.charged_mwh == compute_metrics(result)["charged_mwh"] > 0
    known = tables["columns"].set_index(["table", "column"])
    missing = [(table, column) for table, frame in tables.items() if table not in ("columns", "metrics")
               for column in frame.columns if (table, column) not in known.index]
    assert missing == [] and known.unit["system.time", "load_mw"] == "MW"


@pytest.mark.slow
def test_csv_holds_every_value_in_full(result: Result) -> None:
    folder = exported(result, "--csv")
    assert folder == result.path.with_name("run-csv")
    same_tables(lambda file: pd.read_csv(file, float_precision="round_trip"), folder, ".csv", result)


@pytest.mark.slow
def test_parquet_holds_every_value(result: Result) -> None:
    pytest.importorskip("pyarrow")
    same_tables(pd.read_parquet, exported(result, "--parquet"), ".parquet", result)


@pytest.mark.slow
def test_netcdf_has_the_groups_with_units_and_figures(result: Result) -> None:
    file = exported(result, "--netcdf")
    with xr.open_dataset(file, engine="h5netcdf", group="districts/feeder33") as feeder:
        assert feeder.vm_pu.dims == ("time", "bus") and feeder.vm_pu.attrs["units"] == "pu"
        assert feeder.vm_pu.to_numpy().tolist() == result.district("feeder33", "vm_pu").tolist()
    with xr.open_dataset(file, engine="h5netcdf") as system, \
            xr.open_dataset(file, engine="h5netcdf", group="metrics") as figures:
        assert system.attrs["controller"] == "plain" and system.p_mw.sizes["time"] == 24
        assert figures.charged_mwh.attrs["units"] == "MWh"


@pytest.mark.slow
def test_the_net_solved_step_by_step_gives_the_voltages_of_the_run(result: Result, tmp_path: Path) -> None:
    import pandapower as pp  # noqa: PLC0415
    from pandapower.timeseries import OutputWriter, run_timeseries  # noqa: PLC0415

    steps = [0, 7, 19]
    net = pp.from_json(str(exported(result, "--pandapower", "feeder33", "-o", tmp_path / "net.json")))
    assert len(net.load) == 66 and np.abs(net.profiles["cars.p_mw"].to_numpy()).max() > 0
    told = OutputWriter(net, steps, log_variables=[("res_bus", "vm_pu")])
    run_timeseries(net, steps, verbose=False, tolerance_mva=1e-9)
    vm_pu = told.output["res_bus.vm_pu"].loc[steps].to_numpy()
    assert vm_pu == pytest.approx(result.district("feeder33", "vm_pu")[steps], abs=1e-8)


def test_ratios_become_transformers_and_admittances_shunts() -> None:
    from dataclasses import replace  # noqa: PLC0415

    import pandapower as pp  # noqa: PLC0415

    from models.network.power_flow import ac_engine  # noqa: PLC0415

    feeder = feeder_from("ieee33")
    ratio = np.ones(feeder.bus_count)
    ratio[5] = 1.03
    feeder = replace(feeder, turns_ratio=ratio, shunt_b_pu=np.where(ratio > 1, 0.4, 0.0))
    net = net_of(feeder)
    pp.runpp(net, tolerance_mva=1e-9)
    flow = ac_engine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    assert (len(net.trafo), len(net.shunt)) == (1, 1)
    assert net.res_bus.vm_pu.to_numpy() == pytest.approx(flow.vm_pu[0], abs=1e-7)
    assert net.res_trafo.loading_percent[0] == pytest.approx(flow.line_loading_percent[0, 5], rel=1e-6)
    unrated = net_of(replace(feeder, i_max_pu=np.where(ratio > 1, 1e4, feeder.i_max_pu))).trafo
    assert unrated.sn_mva[0] == 1.0 and unrated.vkr_percent[0] == pytest.approx(100 * feeder.r_pu[5])


@pytest.mark.parametrize(("words", "told"), [
    ((), "give one of --csv, --parquet, --netcdf, --pandapower, --opendss"),
    (("--csv", "--netcdf"), "give one of"),
    (("--netcdf", "-o", "x.txt"), "-o x.txt: must end in .nc"),
    (("--pandapower", "nowhere"), "no district nowhere; there are feeder33, rest"),
    (("--pandapower", "rest"), "district rest has no network")])
def test_wrong_requests_are_told_and_write_nothing(result: Result, words: tuple[str, ...], told: str, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(result.path.parent.iterdir())
    done = call("export", result.path, *words)
    assert (done.exit_code, told in done.stderr) == (2, True), done.stderr
    assert sorted(result.path.parent.iterdir()) == before and list(tmp_path.iterdir()) == []


def test_tables_of_others_are_never_written_over(result: Result, tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("mine\n")
    done = call("export", result.path, "--csv", "-o", tmp_path)
    assert (done.exit_code, "holds metrics.csv, which is of no export" in done.stderr) == (2, True)
    assert (tmp_path / "metrics.csv").read_text() == "mine\n" and len(list(tmp_path.iterdir())) == 1
    for _ in range(2):  # an export's own may be written again
        assert call("export", result.path, "--csv", "-o", tmp_path / "tables").exit_code == 0


def test_json_of_the_net_is_json(result: Result, tmp_path: Path) -> None:
    file = exported(result, "--pandapower", "feeder33", "-o", tmp_path / "of" / "its" / "own" / "n.json")
    assert json.loads(file.read_text()) and file.parent.name == "own"
