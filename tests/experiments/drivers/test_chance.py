"""Days lived through again, and how often a promise is not kept."""

from pathlib import Path

import numpy as np
import pytest

from experiments.drivers.chance import BOOTSTRAP_SEED, COLUMNS, Below, lived_again, main, shares_below, stored
from experiments.drivers.lived_days import LivedDays
from testbed.results.reading import Result
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.wiring.run_spec import DAY_S
from tests.testbed import learning_controller, small_run

GIVING = f"{Path(learning_controller.__file__)}:Giving"
FREE = ("districts.0.feeder=null", "districts.0.slow_ports_per_bus=null", "districts.0.fast_ports_per_bus=null",
        "districts.0.private=60", "drivers.compliance_mean=0.6", "drivers.zone_shock_rho=0.05",
        "system.reserve_rule=deliverable", "warmup_controlled_days=1", "days=3",
        "planning.redispatch=none")


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Three days (and one before) of 80 cars without a network, with discharge in the plans and a learned quantile."""
    return Result(small_run.run(tmp_path_factory.mktemp("lived"), *FREE, controller=GIVING))


def metered_mw(result):
    return sum(result.district(d, "discharge_kw").sum(axis=1) for d in result.districts) / 1000


@pytest.mark.slow
def test_stepped_by_hand_a_run_is_the_same(lived):
    hours = LivedDays(lived, GIVING).until(3 * DAY_S)[-72:]
    assert metered_mw(lived).sum() > 0
    np.testing.assert_allclose([hour.discharged_mw for hour in hours], metered_mw(lived), atol=1e-12)
    np.testing.assert_array_equal([hour.phi for hour in hours], lived.system("delivery_quantile"))
    targets = sum(lived.district(d, "target_discharge_kw").sum(axis=1) for d in lived.districts) / 1000
    np.testing.assert_allclose([hour.planned_mw for hour in hours], targets, atol=1e-12)
    charged = sum(lived.district(d, "charge_kw").sum(axis=1) for d in lived.districts) / 1000
    np.testing.assert_allclose([hour.charged_mw for hour in hours], charged, atol=1e-12)


@pytest.mark.slow
def test_only_the_day_that_is_drawn_anew_differs(lived):
    run = LivedDays(lived, GIVING)
    run.until(0)
    as_it_was, other, again = run.fork(), run.fork(), run.fork()
    other.redraw(1, 7)
    again.redraw(1, 7)
    before, first = as_it_was.until(DAY_S), other.until(DAY_S)
    # stays that begin on day 0 are those of the run
    assert [hour.discharged_mw for hour in first] == [hour.discharged_mw for hour in before]
    second = [hour.discharged_mw for hour in other.until(2 * DAY_S)]
    assert second != [hour.discharged_mw for hour in as_it_was.until(2 * DAY_S)]
    again.until(DAY_S)
    assert second == [hour.discharged_mw for hour in again.until(2 * DAY_S)]
    assert run.now_s == 0  # a fork leaves its origin where it was


@pytest.mark.slow
def test_a_day_already_begun_cannot_be_drawn_anew(lived):
    run = LivedDays(lived, GIVING)
    run.until(DAY_S)
    with pytest.raises(ValueError, match="day 1 is known"):
        run.redraw(1, 1)


@pytest.mark.slow
def test_feeders_and_queues_are_refused(lived, tmp_path):
    queues = Result(small_run.run(tmp_path, *FREE[:-1], "districts.0.slow_ports_per_bus=3", controller=GIVING))
    with pytest.raises(WrongRequest, match="queues"):
        LivedDays(queues, GIVING)


# ------------------------------------------------------------------ shares
def table(planned, discharged, plans=6, days=5, phi=0.9, **more):
    """[plans, days, hours, columns] with the same hours everywhere."""
    columns = {"phi": phi, "planned_mw": planned, "discharged_mw": discharged, "instructed_mw": planned} | more
    hours = np.stack([np.broadcast_to(np.asarray(columns.get(name, 0.0), dtype=float), np.shape(planned))
                      for name in COLUMNS], axis=-1)
    return np.broadcast_to(hours, (plans, days, *hours.shape)).copy()


def by_measure(rows):
    return {(row.measure, row.hours): row for row in rows}


def test_hours_below_are_counted_where_something_is_promised():
    rows = by_measure(shares_below(table([0.0, 1.0, 10.0, 10.0], [0.0, 0.8, 9.5, 8.9])))
    assert rows["discharge", "all"].share == pytest.approx(2 / 3)
    assert rows["discharge", "main"].share == pytest.approx(2 / 3)  # 1 MW is a tenth of the largest
    assert rows["discharge", "all"].low == rows["discharge", "all"].high == pytest.approx(2 / 3)
    small = by_measure(shares_below(table([0.9, 10.0], [0.0, 9.5])))
    assert (small["discharge", "all"].share, small["discharge", "main"].share) == (0.5, 0.0)


def test_charging_counts_only_where_it_is_asked_for():
    rows = by_measure(shares_below(table([10.0], [9.5], planned_charge_mw=1.0, outside_mw=2.0, charged_mw=3.6,
                                          charged_as_told_mw=1.4)))
    assert rows["discharge", "all"].share == 0.0
    assert rows["less charging of cars in a hurry", "all"].share == 0.0  # 8.1 of 8.0
    assert rows["less all charging", "all"].share == 1.0  # 5.9 of 6.0


def test_the_interval_is_of_days_and_plans_not_of_hours():
    some = table([10.0] * 24, [9.5] * 24, plans=20, days=20)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    some[..., COLUMNS.index("discharged_mw")][rng.random((20, 20)) < 0.05] = 5.0  # whole days fail
    of_all = by_measure(shares_below(some))["discharge", "all"]
    by_hour = 2 * 1.96 * np.sqrt(of_all.share * (1 - of_all.share) / some[..., 0].size)
    assert of_all.high - of_all.low > 3 * by_hour and of_all.low < of_all.share < of_all.high


@pytest.mark.parametrize(("share", "low", "holds"), [(0.05, 0.03, True), (0.06, 0.045, True), (0.07, 0.055, False),
                                                     (0.024, 0.01, False), (0.0251, 0.01, True)])
def test_what_as_stated_means(share, low, holds):
    assert Below("discharge", "all", share, low, 0.1).holds(0.05) is holds


@pytest.mark.slow
def test_lived_days_are_kept_in_a_file(lived, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("experiments.drivers.chance.lived_again",
                        lambda result, first, n: calls.append(n) or np.full((1, n, 24, len(COLUMNS)), float(n)))
    path = tmp_path / "days.npz"
    assert stored(lived, 1, 2, path).shape == stored(lived, 1, 2, path).shape == (1, 2, 24, len(COLUMNS))
    assert calls == [2]
    stored(lived, 1, 3, path)
    assert calls == [2, 3]


@pytest.mark.slow
def test_every_day_from_the_first_on_is_lived_again(lived, monkeypatch):
    monkeypatch.setattr("experiments.drivers.chance.LivedDays", lambda result: LivedDays(result, GIVING))
    table = lived_again(lived, 1, 2)
    assert table.shape == (2, 2, 24, len(COLUMNS))
    assert (table[:, 0] != table[:, 1]).any() and np.isfinite(table).all()


def test_the_scenario_is_what_it_says():
    scenario = checked_scenario("refusal_days")
    assert (scenario.drivers.compliance_mean, scenario.drivers.zone_shock_rho) == (0.6, 0.05)
    assert scenario.system.reserve_rule == "scheduled" and scenario.days == 12
    assert sum(d.vehicle_count for d in scenario.districts) == 5000


@pytest.mark.slow
def test_the_command_writes_the_shares(lived, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("experiments.drivers.chance.results_of", lambda todo, workers: [lived] * len(todo))
    monkeypatch.setattr("experiments.drivers.chance.stored",
                        lambda result, first, n, path: table([10.0] * 20, [9.5] * 20))
    assert main(["--seeds", "2", "-o", str(tmp_path)]) == 0
    written = (tmp_path / "chance.csv").read_text(encoding="utf-8").splitlines()
    assert len(written) == 1 + 2 * 4 and written[1] == "discharge,all,0.0000,0.0000,0.0000,no"  # far too cautious
    assert "as stated (0.05)" in capsys.readouterr().out
    assert main(["--first-day", "12", "-o", str(tmp_path)]) == 2
