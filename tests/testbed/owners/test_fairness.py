"""How evenly V2G is shared: worked by hand, and adding up to what the run gave back."""

import csv

import numpy as np
import pytest

from experiments.drivers.fairness import BUSES, DRIVERS, FIGURE
from experiments.drivers.fairness import main as command
from testbed.owners.fairness import bus_sharing, driver_sharing, gini, part_shares
from testbed.owners.statements import NEEDED
from testbed.results.layout import ResultError
from testbed.results.reading import open_result
from tests.testbed import small_run


# ---------------------------------------------------------------- by hand
@pytest.mark.parametrize(("values", "expected"), [
    ([2.0, 2.0, 2.0], 0.0),
    ([4.0, 1.0, 3.0, 2.0], (-3 * 1 - 1 * 2 + 1 * 3 + 3 * 4) / (4 * 10)),
    ([0.0, 0.0, 0.0, 5.0], 0.75),
])
def test_gini_by_hand(values, expected) -> None:
    assert gini(np.array(values)) == pytest.approx(expected)
    mean_difference = np.abs(np.subtract.outer(values, values)).mean()
    assert gini(np.array(values)) == pytest.approx(mean_difference / (2 * np.mean(values)))
    assert gini(3 * np.array(values)) == pytest.approx(expected), "the unit does not matter"


def test_tenths_by_hand() -> None:
    given = np.array([0.0, 6.0, 2.0, 2.0, 10.0])  # of 20; each driver is two tenths
    assert part_shares(given) == pytest.approx(np.repeat([0, 0.1, 0.1, 0.3, 0.5], 2) / 2)
    assert part_shares(np.arange(20.0)).sum() == pytest.approx(1)
    assert part_shares(np.arange(20.0))[0] == pytest.approx((0 + 1) / 190)
    assert part_shares(np.array([1.0, 3.0]), 3) == pytest.approx([1 / 6, 1 / 12 + 1 / 4, 1 / 2])


def test_nobody_gives_nothing_is_not_even() -> None:
    assert np.isnan(gini(np.zeros(3))) and np.isnan(gini(np.zeros(0)))
    assert np.isnan(part_shares(np.zeros(3))).all()


def written(write_result, **options):
    """Two cars on the feeder and three beside it: the last is a taxi that cannot give back, one has no contract."""
    two = {name: np.zeros(2) for name in NEEDED} | {
        "is_enrolled": np.ones(2), "is_bidirectional": np.ones(2), "discharged_kwh": np.array([1.0, 0.0])}
    three = {name: np.zeros(3) for name in NEEDED} | {
        "class_index": np.array([0, 0, 1]), "is_enrolled": np.array([1, 0, 1]),
        "is_bidirectional": np.array([1, 1, 0]), "discharged_kwh": np.array([3.0, 0.0, 0.0])}
    return write_result(totals={"feeder33": two, "rest": three}, **options)


def test_only_those_count_who_could_give_back(write_result) -> None:
    shared_by = driver_sharing(open_result(written(write_result)))
    assert [shared.who for shared in shared_by] == ["all", "private"]
    assert (shared_by[0].drivers, shared_by[0].energy_kwh) == (3, 4.0)
    assert shared_by[0].gini == pytest.approx((-2 * 0 + 0 * 1 + 2 * 3) / (3 * 4))
    assert shared_by[0].nothing_share == pytest.approx(1 / 3)
    assert shared_by[0].tenth_shares[-1] == pytest.approx(0.75 * 3 / 10)


def test_buses_where_nobody_may_park_do_not_count(write_result) -> None:
    kw = np.tile([9.0, 0.0, 2.0, 6.0], (4, 1))  # bus 1 is the substation; 4 steps of half an hour
    buses, = bus_sharing(open_result(written(write_result, feeder={"discharge_bus_kw": kw})))
    assert (buses.district, buses.bus_number.tolist(), buses.zone.tolist()) == ("feeder33", [2, 3, 4], [2, 0, 1])
    assert buses.energy_kwh == pytest.approx([0, 4, 12])
    assert buses.shares == pytest.approx([0, 0.25, 0.75])
    assert buses.gini == pytest.approx((-2 * 0 + 0 * 4 + 2 * 12) / (3 * 16))


def test_an_unfinished_run_is_refused(write_result) -> None:
    with pytest.raises(ResultError, match="sums per vehicle are missing"):
        driver_sharing(open_result(write_result(status="running")))


# ---------------------------------------------------------------- a run, and the command
@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fairness")
    return small_run.run(folder, "objective.wear_usd_per_mwh=5", controller="temporal")


@pytest.mark.slow
def test_all_that_was_given_back_is_shared_out(run) -> None:
    result = open_result(run)
    drivers, buses = driver_sharing(result), bus_sharing(result)
    given = sum(float(result.district(d, "discharged_kwh").sum()) for d in result.districts)
    assert given > 10
    assert drivers[0].energy_kwh == pytest.approx(given)
    assert sum(part.energy_kwh for part in drivers[1:]) == pytest.approx(given)
    assert drivers[0].tenth_shares.sum() == pytest.approx(1) and np.all(np.diff(drivers[0].tenth_shares) >= -1e-12)
    assert [part.district for part in buses] == ["feeder33"]
    assert buses[0].energy_kwh.sum() == pytest.approx(result.district("feeder33", "discharged_kwh").sum())


@pytest.mark.slow
def test_the_command_writes_tables_and_a_figure(run, tmp_path, capsys) -> None:
    assert command([str(run), "-o", str(tmp_path)]) == 0
    assert "drivers: all" in capsys.readouterr().out
    with (tmp_path / DRIVERS).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(rows[0][f"tenth_{i}_share"]) for i in range(1, 11)) == pytest.approx(1)
    with (tmp_path / BUSES).open(newline="") as file:
        assert sum(float(row["share"]) for row in csv.DictReader(file)) == pytest.approx(1)
    assert (tmp_path / f"{FIGURE}.png").stat().st_size > 10_000 and (tmp_path / f"{FIGURE}.svg").is_file()


@pytest.mark.slow
def test_every_file_that_cannot_serve_is_named(run, tmp_path, capsys) -> None:
    (tmp_path / "text.h5").write_text("no")
    assert command([str(tmp_path / "none.h5"), str(run), str(tmp_path / "text.h5"), "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "none.h5" in told and "text.h5" in told and not (tmp_path / "out").exists()
