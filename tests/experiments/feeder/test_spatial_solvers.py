"""Lower layers are compared on equal hours, by one price, and the table says what the rows say."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from experiments.feeder import spatial_solvers as s
from experiments.feeder.hour_views import kept_hours
from experiments.runs import save_figure
from testbed.running.preflight import WrongRequest, checked_scenario
from tests.testbed.small_run import HOURLY

SMALL = (*HOURLY, "planning.horizon_h=30", "spatial.look_ahead_h=4", "spatial.search_population=10",
         "spatial.search_evaluations=20", "planning.expectation=perfect",
         "fleet.slow_charger_curve=constant")  # a car's own limit may lie beyond the pair that envelopes know
EVENING = 19


def row(method="pso", seed=1, objective_usd=2.0, evaluations=500, **changes):
    made = s.Row(method=method, hour=23, seed=seed, evaluations=evaluations, ac_flows=4 * evaluations,
                 objective_usd=objective_usd, losses_kwh=100.0, losses_usd=1.0, bound_usd=float("nan"),
                 gap_rel=float("nan"), cpu_s=0.5, keeps_limits=True, status="accepted")
    return replace(made, **changes)


def answers():
    fixed = [row("socp", 0, 2.0, 1, bound_usd=2.0, gap_rel=0.0, losses_kwh=98.0), row("socp_ahead", 0, 2.0, 1),
             row("pro_rata", 0, 2.4, 1)]
    return [*fixed, row(seed=1, objective_usd=2.1), row(seed=2, objective_usd=2.3, keeps_limits=False),
            row("sga", 1, 2.0001), row("sga", 2, 2.0001)]


# ---------------------------------------------------------------- sums
def test_statistics_are_over_seeds_and_excesses_over_the_optimum():
    pso = s.summarise(answers(), "pso", 500)
    assert (pso.mean_usd, pso.best_usd, pso.worst_usd) == pytest.approx((2.2, 2.1, 2.3))
    assert pso.spread_usd == pytest.approx(np.sqrt(0.02))
    assert pso.excess == pytest.approx(0.1) and pso.excess_of_losses == pytest.approx(0.2)
    assert pso.losses_excess == pytest.approx(100 / 98 - 1)
    assert (pso.violations, pso.answers) == (1, 2)


def test_hours_are_summed_before_seeds_are_compared():
    two_hours = [*answers(), *(replace(answer, hour=22, objective_usd=1.0) for answer in answers())]
    pso = s.summarise(two_hours, "pso", 500)
    assert (pso.mean_usd, pso.best_usd, pso.worst_usd) == pytest.approx((3.2, 3.1, 3.3))
    assert pso.excess == pytest.approx(0.2 / 3.0)


def test_an_hour_with_nothing_to_decide_counts_at_every_budget():
    rows = [*answers(), row(seed=1, objective_usd=1.0, evaluations=1), row(seed=2, objective_usd=1.0, evaluations=1)]
    assert s.summarise(rows, "pso", 500).mean_usd == pytest.approx(3.2)
    assert s.summarise(rows, "pso", 500).evaluations == 500


def test_the_verdict_names_worse_and_tie_and_better():
    summaries = [s.summarise(answers(), method, 500) for method in s.SEARCHES]
    text = s.verdict(summaries, 1e-9)
    assert "pso with 500 evaluations: worse than the SOCP by +10.0000 %" in text
    assert "sga with 500 evaluations: ties with the SOCP" in text
    assert "better than the SOCP by -1.0000 %" in s.verdict([replace(summaries[0], excess=-0.01)], 1e-9)


def test_files_hold_every_answer(tmp_path):
    s.write_csv(answers(), tmp_path / "hour.csv")
    with (tmp_path / "hour.csv").open(encoding="utf-8") as file:
        assert [line["method"] for line in csv.DictReader(file)] == [answer.method for answer in answers()]
    save_figure(s.picture(answers(), [500], "test"), tmp_path / "hour")
    assert (tmp_path / "hour.png").stat().st_size > 0 and (tmp_path / "hour.svg").stat().st_size > 0


def test_the_summary_is_drawn_with_every_search_s_mean():
    figure = s.summary_picture(s.summaries(answers(), [500]), "test")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["500"]
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"pso", "sga", "socp", "pro rata"}


# ---------------------------------------------------------------- hours of a run
@pytest.fixture(scope="module")
def hours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hours")
    return kept_hours(checked_scenario("smoke", (*SMALL, f"execution.cache_dir={folder}")), 1, folder / "run.h5")


@pytest.mark.slow
def test_every_counted_hour_is_kept_as_it_was_seen(hours):
    assert [view.time_s for view in hours.views] == [3600 * hour for hour in range(24)]
    plugged = [int(view.declared.is_plugged.sum()) for view in hours.views]
    assert len(set(plugged)) > 1


@pytest.mark.slow
def test_the_optimum_of_the_hour_is_its_own_bound_and_no_search_goes_below(hours):
    rows = s.hour_rows(hours, EVENING, [20, 40], seeds=2)
    socp = next(row for row in rows if row.method == "socp")
    assert socp.status == "accepted" and abs(socp.gap_rel) < 1e-6
    assert len(rows) == 3 + 2 * 2 * 2
    assert all(row.objective_usd >= socp.bound_usd * (1 - 1e-6) for row in rows)
    assert all(np.isnan(row.bound_usd) for row in rows if row.method != "socp")


@pytest.mark.slow
def test_equal_budgets_are_spent_equally(hours):
    views = [s.hour_of(hours.knowledge, view) for view in hours.views]
    hour = next(seen for seen in views if s.search_row(seen, "pso", 20, 1).evaluations > 1)
    spent = {(m, n): s.search_row(hour, m, n, 1) for m in s.SEARCHES for n in (20, 40)}
    assert all(row.evaluations == n and row.ac_flows == n * hour.layout.steps for (_, n), row in spent.items())


@pytest.mark.parametrize(("arguments", "named"), [
    (["--budgets", "500,33"], "budget 33"), (["--hour", "24"], "--hour 24"), (["--seeds", "0"], "--seeds 0")])
def test_wrong_requests_are_named(arguments, named, tmp_path):
    with pytest.raises(WrongRequest) as wrong:
        s.main([*arguments, "-o", str(tmp_path)])
    assert any(named in mistake for mistake in wrong.value.mistakes)
