"""What ignorance costs and what learning wins back: costs of the scored days, and the answer made of them."""

import argparse

import numpy as np
import pytest

from experiments.drivers.aware import COST, FIGURES, PARTS, VARIANTS, answer, costs_of, differences, jobs_of, main
from experiments.drivers.scored_days import ScoredDays
from testbed.metrics.registry import METRICS
from testbed.results.reading import Result
from testbed.running.preflight import WrongRequest
from tests.testbed import small_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Result(small_run.run(tmp_path_factory.mktemp("scored"), "days=3", "districts.0.feeder=null"))


# ------------------------------------------------------------------ scored days
@pytest.mark.slow
def test_without_days_before_it_is_the_whole_run(run):
    whole = ScoredDays(run.path, 0)
    for name in (COST, *PARTS, "stored_energy_change_mwh", "stored_energy_usd_per_mwh"):
        assert METRICS[name].function(whole) == pytest.approx(METRICS[name].function(run), rel=1e-12)


@pytest.mark.slow
def test_days_before_and_scored_days_add_up_to_the_run(run):
    later = ScoredDays(run.path, 1)
    for name in PARTS:
        by_step = METRICS[name].function(run) - METRICS[name].function(later)
        assert 0 <= by_step <= METRICS[name].function(run)
    first_fuel = run.system("fuel_cost_usd")[:24].sum() + run.system("startup_cost_usd")[:24].sum()
    assert METRICS["operating_cost_usd"].function(run) - METRICS["operating_cost_usd"].function(later) == pytest.approx(
        first_fuel)
    assert later.time_s[0] == 86_400 and later.time_s.size == 48
    assert later.system("unit").size == run.system("unit").size


@pytest.mark.slow
def test_stored_energy_is_counted_from_the_first_scored_day(run):
    change = METRICS["stored_energy_change_mwh"].function
    stored = [sum(run.district(d, "stored_kwh")[step] for d in run.districts) for step in (23, 71)]
    assert change(ScoredDays(run.path, 1)) == pytest.approx((stored[1] - stored[0]) / 1000)
    assert costs_of(run, 1)[COST] == pytest.approx(METRICS[COST].function(ScoredDays(run.path, 1)))


# ------------------------------------------------------------------ the answer
def costs(assumes, told, learns, noise=0.0):
    def figures(values):
        values = np.array(values, dtype=float)
        return {COST: values, "noise_usd": np.full(values.size, noise),
                "covered_mwh": values / 8, **{name: values / 2 for name in FIGURES[1:]}}
    return {"assumes": figures(assumes), "told": figures(told), "learns": figures(learns)}


def test_share_won_back_is_a_ratio_of_means():
    told = answer(costs([110, 130, 120], [100, 100, 100], [102, 106, 104]))
    assert (told.ignorance_usd, told.won_usd) == (20.0, 16.0)
    assert told.standard_error_usd == pytest.approx(10 / np.sqrt(3))
    assert (told.share, told.low, told.high) == pytest.approx((0.8, 0.8, 0.8))  # the same share in every seed
    assert told.matters and "wins back 80%" in told.text and ": above 50%" in told.text
    assert (told.shed_mwh, told.covered_share) == (60.0, 0.25)


def test_the_interval_is_that_of_seeds_and_always_the_same():
    few = costs([110, 130, 120, 140], [100] * 4, [109, 102, 118, 104])
    told = answer(few)
    assert told.low < told.share < told.high and answer(few) == told
    assert told.low < 0.5 and "not above 50%" in told.text


def test_where_the_truth_saves_nothing_there_is_nothing_to_win_back():
    by_chance = answer(costs([90, 130], [100, 100], [100, 100]))
    within_gap = answer(costs([110, 110, 111], [100, 100, 100], [100, 100, 100], noise=12.0))
    worse = answer(costs([100, 100, 101], [110, 110, 110], [100, 100, 100]))
    for told in (by_chance, within_gap, worse):
        assert not told.matters and told.text.startswith("nothing to win back")


def test_with_one_seed_there_is_no_interval():
    told = answer(costs([110], [100], [105]))
    assert np.isnan(told.low) and not told.matters
    assert told.text.startswith("one seed") and "nothing" not in told.text


def test_differences_are_against_who_assumes():
    rows = {row[:2]: row[2] for row in differences(costs([110, 110], [100, 100], [104, 104]))}
    assert rows["told", COST] == "-10.0" and rows["learns", PARTS[0]] == "-3.0"


def test_variants_differ_in_what_they_know_alone(tmp_path):
    chosen = argparse.Namespace(scenario="study_day", seeds=2, days=(5, 10), set=("planning.mip_gap=0.01",),
                                output=tmp_path)
    made = jobs_of(chosen)
    assert list(made) == list(VARIANTS) and all(len(todo) == 2 for todo in made.values())
    assert len({job.output for todo in made.values() for job in todo}) == 6
    told, assumes = made["told"][0], made["assumes"][0]
    assert told.scenario_json.replace('"assumed_compliance":0.6', '"assumed_compliance":0.95') == assumes.scenario_json
    assert '"compliance_mean":0.6' in told.scenario_json and '"days":15' in told.scenario_json
    assert made["learns"][0].scenario_json == assumes.scenario_json
    with pytest.raises(WrongRequest, match="--days 0 10"):
        jobs_of(argparse.Namespace(**{**vars(chosen), "days": (0, 10)}))


@pytest.mark.slow
def test_the_command_pairs_runs_by_seed(run, tmp_path, monkeypatch, capsys):
    class Made:
        def __init__(self, path):
            self.path = path

    order = []
    monkeypatch.setattr("experiments.drivers.aware.results_of", lambda todo, workers: (
        order.extend((job.output.parent.name, job.seed) for job in todo), [Made(job.output) for job in todo])[1])
    level = {"assumes": 120.0, "told": 100.0, "learns": 104.0}
    monkeypatch.setattr("experiments.drivers.aware.costs_of", lambda result, days: dict.fromkeys(
        (*FIGURES, "covered_mwh"), level[result.path.parent.name]) | {"noise_usd": 1.0})
    assert main(["--seeds", "2", "-o", str(tmp_path)]) == 0
    assert order == [(variant, seed) for seed in (1, 2) for variant in VARIANTS]
    assert "learning wins back 80% of it" in capsys.readouterr().out
    assert len((tmp_path / "costs.csv").read_text(encoding="utf-8").splitlines()) == 1 + 6
    assert "told,total_cost_usd_adjusted,-20.0,0.0" in (tmp_path / "differences.csv").read_text(encoding="utf-8")
