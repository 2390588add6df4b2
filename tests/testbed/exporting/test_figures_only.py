"""What `record: figures` leaves of a result."""

import shutil
from pathlib import Path

import h5netcdf
import numpy as np
import pandas as pd
import pytest

import testbed as tb
from testbed.exporting.figures_only import by_hour, keep_figures
from testbed.metrics.comparability import optimised_text
from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import ResultError, open_result
from testbed.wiring.attributes import recorded
from tests.testbed import small_run
from tests.testbed.cli_runs import call

LARGEST_BYTES = 50_000


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory):
    """A whole result, and what is kept of it."""
    folder = tmp_path_factory.mktemp("figures")
    whole = small_run.run(folder)
    small = Path(shutil.copy(whole, folder / "small.h5"))
    keep_figures(small, compute_metrics(open_result(whole)))
    return open_result(whole), open_result(small)


def test_every_figure_is_the_one_of_the_whole(pair) -> None:
    whole, small = pair
    assert list(compute_metrics(small)) == list(compute_metrics(whole))
    np.testing.assert_array_equal(list(compute_metrics(small).values()), list(compute_metrics(whole).values()))
    assert optimised_text(small) == optimised_text(whole) and small.ending == whole.ending
    assert small.scenario == whole.scenario and small.run == whole.run


def test_it_is_small_and_has_the_hours_of_the_system(pair) -> None:
    whole, small = pair
    assert small.path.stat().st_size <= LARGEST_BYTES
    series, units = (small.system(f"{name}_series").tolist() for name in ("system", "by_unit"))
    fuel = small.system("system_hourly")[series.index("fuel_cost_usd")]
    assert fuel.sum() == pytest.approx(whole.system("fuel_cost_usd").sum(), rel=1e-12)
    assert small.system("system_series_made")[series.index("fuel_cost_usd")] == "sum"
    np.testing.assert_array_equal(small.system("by_unit_hourly")[units.index("p_mw")], whole.system("p_mw"))


def test_what_is_not_there_says_why(pair) -> None:
    _, small = pair
    with pytest.raises(ResultError, match=r"holds no plan/time_s .`record: figures` has kept figures alone"):
        _ = small.plan_count
    assert small.reference is None


@pytest.mark.parametrize(("name", "made"), [
    ("fuel_cost_usd", [[3.0], [7.0]]), ("p_mw", [[1.5], [3.5]]), ("committed", [[2.0], [4.0]]),
    ("on_before_h", [[1.0], [3.0]]), ("unit_starts", [[3.0], [7.0]])])
def test_an_hour_is_made_of_its_steps(name: str, made: list[list[float]]) -> None:
    attribute = next(a for a in recorded("system") if a.name == name)
    assert by_hour(attribute, np.array([[1.0], [2.0], [3.0], [4.0]]), 2)[0].tolist() == made


# ------------------------------------------------------------------------ commands
def test_it_is_shown_whole(pair) -> None:
    whole, small = (call("show", result.path) for result in pair)
    assert (small.exit_code, small.stderr) == (0, "")
    figures, seconds = small.stdout.split("seconds of the run")
    assert figures.replace(str(pair[1].path), str(pair[0].path)) == whole.stdout.split("seconds of the run")[0]
    assert "whole run" in seconds


def test_its_tables_are_exported(pair, tmp_path: Path) -> None:
    _, small = pair
    assert call("export", small.path, "--csv", "-o", tmp_path / "tables").exit_code == 0
    figures = pd.read_csv(tmp_path / "tables" / "metrics.csv").set_index("metric").value
    assert figures["society_cost_usd"] == compute_metrics(small)["society_cost_usd"]
    hourly = pd.read_csv(tmp_path / "tables" / "system.system_series.time.csv")
    assert hourly[hourly.system_series == "load_mw"].system_hourly.tolist() == small.system("system_hourly")[
        small.system("system_series").tolist().index("load_mw")].tolist()
    assert call("export", small.path, "--netcdf", "-o", tmp_path / "it.nc").exit_code == 0
    with h5netcdf.File(tmp_path / "it.nc") as file:
        assert float(file["metrics"]["society_cost_usd"][()]) == figures["society_cost_usd"]


@pytest.mark.parametrize("words", [
    ("audit",), ("check",), ("report", "-o", "page.html"), ("export", "--pandapower", "feeder33", "-o", "net.json")])
def test_what_needs_the_whole_says_what_is_left(pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                words: tuple[str, ...]) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(words[0], pair[1].path, *words[1:])
    assert done.exit_code == 2 and "figures alone" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_in_python_too(pair) -> None:
    run = tb.load(pair[1].path)
    assert run.to_xarray().system_hourly.shape[1] == 24
    with pytest.raises(ResultError, match="figures alone"):
        run.to_xarray("feeder33")
