"""The folder of OpenDSS, solved by OpenDSS alone, gives the run's voltages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from testbed.exporting.circuit_folder import MASTER, SCRIPTS, SERIES, flows_in
from testbed.results.reading import Result, open_result
from testbed.running.preflight import checked_scenario
from tests.testbed import small_run
from tests.testbed.cli_runs import call
from tests.testbed.small_street import PLACES, districts

pytest.importorskip("opendssdirect")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("street")


@pytest.fixture(scope="module")
def result(scripts: Path) -> Result:
    return open_result(small_run.run(scripts, districts(scripts, ("own", "customer"), ("all", "three")),
                                     "districts.1.slack_vm_pu=1.03"))


def exported(result: Result, district: str, folder: Path) -> Path:
    done = call("export", result.path, "--opendss", district, "-o", folder)
    assert done.exit_code == 0, done.stderr
    return Path(done.stdout.strip())


def volts_by_step(folder: Path, steps: int) -> np.ndarray:
    """[time, node] complex volts of OpenDSS alone."""
    from opendssdirect import dss  # noqa: PLC0415

    engine = dss.NewContext().to_dss_python()
    engine.Text.Command = f'compile "{folder / MASTER}"'
    circuit = engine.ActiveCircuit
    volts = []
    for _ in range(steps):
        circuit.Solution.Solve()
        assert circuit.Solution.Converged
        volts.append(np.asarray(circuit.YNodeVarray).view(np.complex128).copy())
    return np.array(volts)


@pytest.mark.parametrize("district", ["own", "all"])
def test_opendss_alone_gives_the_voltages_of_the_run(result: Result, tmp_path: Path, district: str) -> None:
    folder = exported(result, district, tmp_path / "it")
    of_run = result.district(district, "v_node_re_v") + 1j * result.district(district, "v_node_im_v")
    alone = volts_by_step(folder, result.steps_written)
    base_v = result.district(district, "node_base_v")
    assert alone.shape == of_run.shape and np.abs(result.district(district, "p_bus_kw")).max() > 1
    assert np.abs((alone - of_run) / base_v).max() < 1e-7
    assert np.abs(of_run - of_run[0]).max() > 1  # volts: the day is no one step


def test_the_folder_is_whole_and_a_feeder_itself(result: Result, tmp_path: Path) -> None:
    folder = exported(result, "own", tmp_path / "it")
    assert {file.name for file in (folder / SCRIPTS).iterdir()} == {"Master.dss", "places.csv"}
    tables = {file.stem: np.loadtxt(file, delimiter=",") for file in (folder / SERIES).iterdir()}
    assert sum(table[:, 0] for name, table in tables.items() if name.startswith("load")) == pytest.approx(
        result.district("own", "load_bus_kw").sum(axis=1), rel=1e-9)
    assert sum(table[:, 0] for name, table in tables.items() if name.startswith("cars")) == pytest.approx(
        result.district("own", "p_bus_kw").sum(axis=1), rel=1e-9)
    again = districts(tmp_path, ("own", "customer")).replace(str(tmp_path / "Master.dss"), str(folder / MASTER))
    assert checked_scenario("smoke", [*small_run.HOURLY, again]).districts[0].name == "own"


def test_a_script_that_has_changed_is_told(result: Result, scripts: Path, tmp_path: Path) -> None:
    master = scripts / "Master.dss"
    before = master.read_text()
    try:
        for text, told in ((before.replace("r1=0.3", "r1=0.4"), "no longer the circuit"), (None, "cannot be read")):
            master.write_text(text) if text else master.unlink()
            done = call("export", result.path, "--opendss", "own", "-o", tmp_path / "it")
            assert (done.exit_code, told in done.stderr) == (2, True), done.stderr
            assert not (tmp_path / "it").exists()
    finally:
        master.write_text(before)
        (scripts / "places.csv").write_text(PLACES)


def test_other_networks_are_told(tmp_path: Path) -> None:
    result = small_run.run(tmp_path)
    for district, told in (("feeder33", "no circuit of OpenDSS"), ("rest", "has no network"), ("x", "no district x")):
        done = call("export", result, "--opendss", district, "-o", tmp_path / "it")
        assert (done.exit_code, told in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "it").exists()


def test_the_circuit_of_the_run_is_not_written_over(result: Result, scripts: Path) -> None:
    own = flows_in(result, "own").circuit.master.resolve()
    before = {file: file.read_bytes() for file in scripts.rglob("*.dss")}
    done = call("export", result.path, "--opendss", "own", "-o", own.parent)
    assert done.exit_code == 2 and f"{own} there belongs to the circuit of the run" in done.stderr
    assert {file: file.read_bytes() for file in scripts.rglob("*.dss")} == before
    assert not (own.parent / SERIES).exists()
