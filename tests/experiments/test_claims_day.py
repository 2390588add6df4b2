"""Hours with fewer units and the order of costs, from results one can check in the head."""

import numpy as np
import pytest

from experiments import claims_day as c
from testbed.results import open_result
from tests.testbed.conftest import layout, plan_arrays, write_result  # noqa: F401 - a fixture

SMALL = ("step_s=3600", "planning.horizon_h=36", "spatial.look_ahead_h=4", "planning.mip_gap=1e-2",
         "system.unit_scale=0.01", "profiles.load_peak_mw=15", "planning.expectation_days=2",
         "planning.expectation_vehicles_max=100", "districts.0.private=60", "districts.1.private=340",
         "districts.1.taxi=40", "districts.1.government=20")
COSTS = {"no_pev": 1000.0, "uncoordinated": 1300.0, "smart_charging": 1200.0, "bilayer": 1100.0}


@pytest.fixture
def write_runs(write_result):  # noqa: F811
    """write_runs(costs, units_on, seeds, gap_rel) -> runs by controller and seed, 2 hours of half-hour steps."""
    def write(costs=COSTS, units_on=None, seeds=(1, 2), gap_rel=0.0):
        results = []
        for name, cost in costs.items():
            for seed in seeds:
                on = np.array((units_on or {}).get((name, seed), [3, 3, 3, 3]))
                path = write_result(
                    f"{name}-{seed}.h5", controller=name, seed=seed,
                    system={"fuel_cost_usd": (cost + seed) / 4, "committed": on[:, None] > np.arange(3)},
                    totals={d: {"stored_start_kwh": np.zeros(n), "stored_end_kwh": np.zeros(n)}
                            for d, n in (("feeder33", 2), ("rest", 3))},
                    plans=(plan_arrays(layout(), gap_rel=gap_rel, objective_usd=cost),))
                results.append(open_result(path))
        return c.by_controller(results)
    return write


# ---------------------------------------------------------------- hours
@pytest.mark.parametrize(("hours", "text"), [
    ([], ""), ([9], "h9"), ([9, 10, 11, 12, 13, 14, 20, 21, 22], "h9-14, h20-22"), ([1, 3], "h1, h3"),
])
def test_hours_are_written_as_people_do(hours, text):
    assert c.hour_ranges(np.array(hours, dtype=np.int64)) == text


def test_an_hour_counts_where_fewer_units_are_on_throughout(write_runs):
    runs = write_runs(units_on={("bilayer", 1): [2, 2, 2, 3], ("bilayer", 2): [2, 2, 2, 2]})
    fewer = c.fewer_units("bilayer", "no_pev", runs)
    assert fewer.hours_per_seed.tolist() == [1, 2]
    assert fewer.text == "h1; in some seeds h2"
    assert c.mean_text(fewer.hours_per_seed) == "1.5 (1, 2)"
    assert c.fewer_units("no_pev", "bilayer", runs).text == "none"


# ---------------------------------------------------------------- costs
def test_differences_are_paired_and_carry_the_gap(write_runs):
    runs = write_runs(gap_rel=0.01)
    found = {d.controller: d for d in c.differences(runs, "uncoordinated", ("operating_cost_usd",))}
    assert found["bilayer"].difference == pytest.approx(-200.0)
    assert found["bilayer"].ci95 == pytest.approx(0.0, abs=1e-6)
    assert found["bilayer"].gap_usd == pytest.approx(0.01 * 1.5 * 1302.0)  # weight_operating is 1.5
    assert found["no_pev"].difference == pytest.approx(-300.0)
    assert found["uncoordinated"].difference == 0.0


def test_a_difference_below_twice_the_gap_says_so(write_runs):
    found = {d.controller: d.note for d in c.differences(write_runs(gap_rel=0.06), "uncoordinated", (c.COST,))}
    assert found["smart_charging"] == "not resolved" and found["no_pev"] == ""


@pytest.mark.parametrize(("changed", "holds"), [
    ({}, True), ({"smart_charging": 1090.0}, False), ({"smart_charging": 1310.0}, False),
    ({"uncoordinated": 1050.0}, False), ({"no_pev": 5000.0}, True),
])
def test_the_order_is_strict_and_of_the_three(write_runs, changed, holds, capsys):
    assert c.print_claims(write_runs(COSTS | changed)) is holds
    assert ("the order bilayer < smart_charging < uncoordinated " + ("holds" if holds else "does not")
            ) in capsys.readouterr().out


def test_the_tables_name_gap_hours_and_expectation(write_runs, tmp_path, capsys):
    runs = write_runs(units_on={("bilayer", seed): [2, 2, 3, 3] for seed in (1, 2)}, gap_rel=0.06)
    c.print_claims(runs)
    c.write_csv(runs, tmp_path / "claims.csv")
    screen = capsys.readouterr().out
    assert "MILP gap" in screen and "plan found before building 569,314 $" in screen
    assert "uncoordinated - smart_charging: 100.0 ± 0 $, MILP gap 117.1 $: not resolved" in screen
    lines = (tmp_path / "claims.csv").read_text().splitlines()
    assert "hours_fewer_units,bilayer,no_pev,1.0,1.0,0.0,,h1" in lines
    assert len(lines) == 1 + 2 * len(COSTS) * (len(c.FIGURES) + 1)


@pytest.mark.slow
def test_one_seed_from_end_to_end(tmp_path, capsys):
    arguments = ["--seeds", "1", "-o", str(tmp_path), *(part for text in SMALL for part in ("--set", text))]
    code = c.main(arguments)
    screen = capsys.readouterr().out
    assert code == (0 if "uncoordinated holds" in screen else 1)
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == sorted(f"{one}-seed1.h5" for one in c.CONTROLLERS)
    c.main(arguments)
    assert capsys.readouterr().err.count("is complete already") == 4
