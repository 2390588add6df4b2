"""The profile of a run: every second is in one part, and results differ in nothing else."""

import json

import pytest

from testbed.metrics.of_runs import metrics_json
from testbed.reporting.report import write_report
from testbed.reporting.tables import print_run
from testbed.results.equality import equal_results
from testbed.results.reading import open_result
from testbed.results.run_profile import Ledger, Stopwatch, profile_rows, run_seconds
from tests.testbed import small_run


def ledgers() -> dict[str, Ledger]:
    return {
        "temporal": Ledger(4, 7.0, None, build_s=0.5, warmup_s=0.25, solver_s=4.0, compile_s=2.0),
        "spatial": Ledger(4, 3.0, None, build_s=0.125, solver_s=1.0, compile_s=1.5),
        "mobility": Ledger(4, 2.0, None, warmup_s=0.5, expectation_s=1.75),
        "recorder": Ledger(4, 0.0625, None),
    }


def test_wiring_is_what_no_simulator_used() -> None:
    seconds = run_seconds(ledgers(), Stopwatch(world_s=0.5, run_s=15.0, reference_s=0.25))
    assert seconds["profile"]["wiring_s"] == 15.0 - (7 + 3 + 2 + 0.0625) - (0.5 + 0.125)
    assert (seconds["solver_s"], seconds["compile_s"]) == (5.0, 3.5)
    assert seconds["profile"]["warmup_s"] == 0.75
    assert seconds["set_up_s"]["spatial"] == 0.125


def test_parts_add_up_to_the_run(write_result) -> None:
    seconds = run_seconds(ledgers(), Stopwatch(world_s=0.5, run_s=15.0, reference_s=0.25))
    rows = dict(profile_rows(open_result(write_result(run={"wall_s": 16.0, **seconds}))))
    assert rows["upper layer: rest"] == 1.0 and rows["lower layer: compiling"] == 1.5
    assert (rows["expected days"], rows["mobility"]) == (1.75, 0.25)
    assert rows.pop("whole run") == 16.0 == pytest.approx(sum(rows.values()))
    assert rows["other"] == 0.25


def test_a_result_without_profile_says_nothing(write_result) -> None:
    assert profile_rows(open_result(write_result(run={"wall_s": 16.0}))) == []


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profile")
    return [small_run.run(folder, name=f"{i}.h5", cache_dir=folder / "cache") for i in (1, 2)]


@pytest.mark.slow
def test_a_real_run_is_told_by_its_parts(two_runs, capsys) -> None:
    result = open_result(two_runs[0])
    rows = dict(profile_rows(result))
    assert all(seconds >= 0 for seconds in rows.values())
    for part in ("wiring", "mobility", "expected days", "set-up of simulators", "writing the result", "fleet"):
        assert 0 < rows[part] < rows["whole run"]
    assert rows["other"] < 0.2 * rows["whole run"]
    print_run(result, headline=False)
    assert "lower layer: solving" in capsys.readouterr().out
    assert json.loads(json.dumps(metrics_json(result)))["profile_s"]["wiring"] == rows["wiring"]


@pytest.mark.slow
def test_seconds_are_those_of_this_run_where_the_plan_came_from_another(tmp_path) -> None:
    """Hourly re-dispatch under a plan out of the cache: no part is longer than the whole, nor all of them together."""
    for name in ("first.h5", "second.h5"):
        path = small_run.run(tmp_path, "planning.redispatch=hourly", controller="temporal", name=name,
                             cache_dir=tmp_path / "cache")
        result = open_result(path)
        rows = dict(profile_rows(result))
        whole_s = rows.pop("whole run")
        assert sum(rows.values()) <= whole_s * (1 + 1e-9)
        spoken_s = result.run["profile"]["temporal_solver_s"] + result.run["profile"]["temporal_compile_s"]
        assert 0 < spoken_s <= result.run["simulator_s"]["temporal"]
    assert result.plan(0)["solver_s"] == 0


@pytest.mark.slow
def test_the_profile_is_no_part_of_the_result(two_runs) -> None:
    first_s, two = (open_result(path).run["profile"]["wiring_s"] for path in two_runs)
    assert first_s != two
    assert equal_results(*two_runs) == []


@pytest.mark.slow
def test_the_report_has_the_same_table(two_runs, tmp_path) -> None:
    write_report(two_runs[:1], tmp_path / "report.html")
    text, rows = (tmp_path / "report.html").read_text(encoding="utf-8"), profile_rows(open_result(two_runs[0]))
    assert "Seconds of the runs" in text
    assert all(part in text for part, _ in rows)
