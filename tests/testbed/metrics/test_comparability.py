"""What stands beside costs: whom they are compared with, whether cars were served alike, whether the day was steady."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testbed.metrics.comparability import (
    base_controller,
    base_text,
    objective_text,
    optimised,
    serves_no_cars,
    service_text,
    steadiness_warnings,
)
from testbed.metrics.of_runs import NOT_RESOLVED, compare_table, write_metrics_csv
from testbed.metrics.published.ledgers import LEDGERS
from testbed.metrics.titles import title
from testbed.reporting.report import write_report
from testbed.reporting.tables import print_comparison, print_run
from testbed.results.reading import Result, open_result


@pytest.fixture
def run_of(write_result: Any, toy: Any) -> Any:
    """run_of(controller, change_kwh=0, short_kwh=0, **options) -> Result that charges 10 kWh on the feeder."""
    def write(controller: str, change_kwh: float = 0.0, short_kwh: float = 0.0, driven_kwh: float = 8.0,
              **options: Any) -> Result:
        totals = {"feeder33": {"stored_start_kwh": np.array([30.0, 40.0]),
                               "stored_end_kwh": np.array([30.0 + change_kwh, 40.0])},
                  "rest": {"stored_start_kwh": np.zeros(3), "stored_end_kwh": np.zeros(3)}}
        feeder = {"charged_kwh": 2.5 * (driven_kwh > 0), "driven_kwh": driven_kwh / 4,
                  "departures_short_kwh": short_kwh / 4}
        plan = toy.plan_arrays(toy.layout(), 0, gap_rel=options.pop("gap", 0.0),
                               objective_usd=float(len(controller)))
        if controller in ("uncoordinated", "no_pev"):
            plan |= {name: tuple(0 * powers for powers in plan[name]) for name in ("pc_kw", "pd_kw")}
        return open_result(write_result(f"{controller}.h5", controller=controller, totals=totals, feeder=feeder,
                                        plans=(plan,), **options))
    return write


# ---------------------------------------------------------------- the base
def test_differences_are_from_uncoordinated_wherever_it_stands() -> None:
    assert base_controller(["no_pev", "uncoordinated", "bilayer"]) == "uncoordinated"
    assert base_controller(["no_pev", "bilayer"]) == "no_pev" and base_controller([]) == ""
    assert base_text("uncoordinated") == "uncoordinated"
    assert "uncoordinated, the usual base, is not among the runs" in base_text("no_pev")


def test_a_table_takes_uncoordinated_or_whom_it_is_told(run_of: Any) -> None:
    runs = [run_of("no_pev", driven_kwh=0.0, system={"fuel_cost_usd": 1.0}), run_of("bilayer"),
            run_of("uncoordinated", system={"fuel_cost_usd": 3.0})]
    rows = {row.controller: row for row in compare_table(runs, ["fuel_cost_usd"])}
    assert {row.base for row in rows.values()} == {"uncoordinated"}
    assert (rows["no_pev"].difference_mean, rows["bilayer"].difference_mean) == (-8, -12)
    assert rows["no_pev"].service == "no cars to serve" and rows["uncoordinated"].service == ""
    against_none = compare_table(runs, ["fuel_cost_usd"], "no_pev")
    assert {row.controller: row.difference_mean for row in against_none} == {
        "no_pev": 0, "bilayer": -4, "uncoordinated": 8}


# ---------------------------------------------------------------- service
def test_service_is_equal_below_a_kwh_of_either_kind() -> None:
    assert service_text({"departures_short_kwh": 0.9, "fast_charged_mwh": -0.0009}) == ""
    assert service_text({"departures_short_kwh": 0.0, "fast_charged_mwh": 0.0011}).startswith("+0 kWh missing")
    told = service_text({"departures_short_kwh": -20.0, "fast_charged_mwh": 0.5})
    assert told == "-20 kWh missing at departures, +500 kWh fast-charged on the way"
    assert service_text({"departures_short_kwh": math.nan, "fast_charged_mwh": 0.0}) == "service unknown"


def test_a_run_without_cars_serves_nobody() -> None:
    assert serves_no_cars({"charged_mwh": 0.0, "driven_mwh": 0.0})
    assert not serves_no_cars({"charged_mwh": 0.0, "driven_mwh": 1.0})


# ---------------------------------------------------------------- steadiness and objective
def test_above_2_percent_of_what_is_charged_a_day_is_called_unsteady(run_of: Any) -> None:
    steady, drained = run_of("uncoordinated", change_kwh=0.19), run_of("bilayer", change_kwh=-0.21)
    warned, = steadiness_warnings([steady, drained])
    assert warned.startswith("bilayer, seed 1: not a steady day, stored energy changes by 2.1 %")


def test_who_was_planned_and_by_which_objective_is_told(run_of: Any, toy: Any) -> None:
    assert optimised(run_of("bilayer")) == "units and cars" and optimised(run_of("uncoordinated")) == "units"
    weighted = objective_text(run_of("bilayer"))
    assert weighted.startswith("weights operating 1.5, owners 2, curtailment 3, carbon 5; tariff payments counted; no")
    for objective, ledger in ((({"tariff_in_objective": False}), "society's ledger"),
                              ({"tariff_in_objective": False, "weight_carbon": 2.0}, "unequal weights"),
                              ({"weight_operating": 0.0, "weight_carbon": 0.0}, "the owners' ledger")):
        told = objective_text(run_of("bilayer", made=toy.scenario(objective=objective)))
        assert told.endswith(ledger), told


# ---------------------------------------------------------------- tables
def test_ledgers_below_twice_the_gap_are_not_resolved(run_of: Any) -> None:
    runs = [run_of("uncoordinated", gap=1e-2, system={"fuel_cost_usd": 250.0}),
            run_of("bilayer", gap=1e-2, system={"fuel_cost_usd": 249.0})]
    rows = [row for row in compare_table(runs, LEDGERS) if row.controller == "bilayer"]
    assert {row.note for row in rows if row.metric.startswith(("society", "operator"))} == {NOT_RESOLVED}


def test_the_screen_shows_ledgers_service_steadiness_and_objective(run_of: Any, capsys: pytest.CaptureFixture[str]
                                                                   ) -> None:
    print_comparison([run_of("no_pev", driven_kwh=0.0), run_of("uncoordinated"),
                      run_of("bilayer", change_kwh=-5.0, short_kwh=3.0, system={"fuel_cost_usd": 10.0})])
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert all(any(line.startswith(title(name)) for line in lines) for name in LEDGERS)
    society = next(i for i, line in enumerate(lines) if line.startswith("cost to society, as booked"))
    assert "(+40 †)" in lines[society + 1] and max(map(len, lines)) <= 80
    assert "50" in next(line for line in lines if line.startswith("change of stored energy"))
    shown = " ".join(shown.split())
    assert "difference from uncoordinated on the same seeds" in shown
    assert "service of bilayer against uncoordinated: +3 kWh missing at departures" in shown
    assert "no_pev: units, uncoordinated: units, bilayer: units and cars" in shown
    assert "tariff payments counted" in shown and "warning: bilayer, seed 1: not a steady day" in shown
    print_run(run_of("bilayer", change_kwh=-5.0), headline=True)
    assert "not a steady day" in capsys.readouterr().out


def test_equal_service_has_no_dagger(run_of: Any, capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison([run_of("uncoordinated"), run_of("bilayer", system={"fuel_cost_usd": 10.0})])
    shown = " ".join(capsys.readouterr().out.split())
    assert "service of bilayer against uncoordinated: equal" in shown
    assert "(+40)" in shown and "†)" not in shown


def test_the_csv_has_differences_from_uncoordinated_and_the_objective(run_of: Any, tmp_path: Path) -> None:
    runs = [run_of("uncoordinated"), run_of("bilayer", short_kwh=3.0, system={"fuel_cost_usd": 10.0})]
    write_metrics_csv(runs, tmp_path / "metrics.csv")
    with (tmp_path / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = {(row["controller"], row["metric"]): row for row in csv.DictReader(file)}
    assert rows["bilayer", "society_cost_usd_less_uncoordinated"]["value"] == "40.0"
    assert rows["bilayer", "departures_short_kwh_less_uncoordinated"]["value"] == "3.0"
    assert ("uncoordinated", "society_cost_usd_less_uncoordinated") not in rows
    told = rows["bilayer", "carbon_t"]["optimised"]
    assert told.startswith("units and cars by weights operating 1.5") and "tariff payments counted" in told


def test_the_report_shows_who_pays(run_of: Any, tmp_path: Path) -> None:
    runs = [run_of("no_pev", driven_kwh=0.0), run_of("uncoordinated"),
            run_of("bilayer", change_kwh=-5.0, short_kwh=3.0, system={"fuel_cost_usd": 10.0})]
    write_report([run.path for run in runs], tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="ledgers">'):text.index('<section id="headline">')]
    for told in ("society, adjusted [$]", "difference from uncoordinated", '<span class="diff">+40 †</span>',
                 "+3 kWh missing at departures<br>+0 kWh fast-charged", "units and cars", "no cars to serve",
                 "tariff payments counted", "bilayer, seed 1: not a steady day"):
        assert told in section, told
    assert "Cost differences from uncoordinated" in text


def test_a_report_without_uncoordinated_says_so(run_of: Any, tmp_path: Path) -> None:
    write_report([run_of(name).path for name in ("no_pev", "bilayer")], tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "difference from no_pev (uncoordinated, the usual base, is not among the runs)" in text
