"""What `record: figures` leaves of a result."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from testbed.exporting.figures_only import by_hour, keep_figures
from testbed.metrics.comparability import optimised_text
from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import ResultError, open_result
from testbed.wiring.attributes import recorded
from tests.testbed import small_run

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
