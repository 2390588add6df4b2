"""Hours with fewer units and the order of costs, from results one can check in the head."""

import numpy as np
import pytest

from experiments.system import claims_day as c
from testbed.results.reading import open_result
from testbed.results.writing import ResultWriter
from testbed.wiring.attributes import recorded
from tests.testbed import conftest as toy

SMALL = ("step_s=3600", "planning.horizon_h=36", "spatial.look_ahead_h=4", "planning.mip_gap=1e-2",
         "system.unit_scale=0.01", "profiles.load_peak_mw=15", "planning.expectation_days=2",
         "planning.expectation_vehicles_max=100", "districts.0.private=60", "districts.1.private=340",
         "districts.1.taxi=40", "districts.1.government=20")
COSTS = {"no_pev": 1000.0, "uncoordinated": 1300.0, "smart_charging": 1200.0, "bilayer": 1100.0}


UNITS_ON = {("bilayer", 1): [2, 2, 2, 3], ("bilayer", 2): [2, 2, 2, 2]}
"""By half hours; 3 where it says nothing."""
GAP_REL = 0.06  # of bilayer; the others are exact


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two seeds of each controller, two hours of half-hour steps."""
    folder = tmp_path_factory.mktemp("claims")
    return c.by_controller([open_result(write(folder / f"{name}-{seed}.h5", name, seed))
                            for name in COSTS for seed in (1, 2)])


def write(path, name, seed):
    layout, steps, gap = toy.layout(), 4, GAP_REL if name == "bilayer" else 0.0
    on = np.array(UNITS_ON.get((name, seed), [3, 3, 3, 3]))
    given = {"fuel_cost_usd": (COSTS[name] + seed) / steps, "committed": on[:, None] > np.arange(3)}
    system = toy.series(recorded("system"), toy.SIZES, steps, given)
    districts = {d.name: toy.series(d.variables(), toy.SIZES | {"bus": d.bus_number.size}, steps, {})
                 for d in layout.districts}
    writer = ResultWriter(path, toy.header(toy.scenario(seed=seed), name, seed, steps, 1800), layout)
    for i in range(steps):
        writer.write_step(i, {key: values[i] for key, values in system.items()},
                          {d: {key: values[i] for key, values in arrays.items()} for d, arrays in districts.items()})
    writer.write_plan(0, toy.plan_arrays(layout, gap_rel=gap, objective_usd=COSTS[name]))
    for d in layout.districts:
        nothing = np.zeros(d.vehicle_count)
        writer.write_totals(d.name, {"stored_start_kwh": nothing, "stored_end_kwh": nothing})
    writer.write_run({})
    writer.close("completed", None)
    return path


# ---------------------------------------------------------------- hours
@pytest.mark.parametrize(("hours", "text"), [
    ([], ""), ([9], "h9"), ([9, 10, 11, 12, 13, 14, 20, 21, 22], "h9-14, h20-22"), ([1, 3], "h1, h3"),
])
def test_hours_are_written_as_people_do(hours, text):
    assert c.hour_ranges(np.array(hours, dtype=np.int64)) == text
    assert c.hours_in(text or "none") == list(hours)


@pytest.mark.slow
def test_an_hour_counts_where_fewer_units_are_on_throughout(runs):
    fewer = c.fewer_units("bilayer", "no_pev", runs)
    assert fewer.hours_per_seed.tolist() == [1, 2]
    assert fewer.text == "h1; in some seeds h2"
    assert c.mean_text(fewer.hours_per_seed) == "1.5 (1, 2)"
    assert c.fewer_units("no_pev", "bilayer", runs).text == "none"


# ---------------------------------------------------------------- costs
def test_differences_are_paired_and_carry_the_gap(runs):
    by_controller = {d.controller: d for d in c.differences(runs, "uncoordinated", (c.COST,))}
    assert by_controller["bilayer"].difference == pytest.approx(-200.0)
    assert by_controller["bilayer"].ci95 == pytest.approx(0.0, abs=1e-6)
    assert by_controller["bilayer"].gap_usd == pytest.approx(GAP_REL * 1.5 * 1102.0)  # weight_operating is 1.5
    assert by_controller["smart_charging"].gap_usd == 0.0
    assert by_controller["uncoordinated"].difference == 0.0


def test_a_difference_below_twice_the_gap_says_so(runs):
    notes = {d.controller: d.note for d in c.differences(runs, "smart_charging", (c.COST,))}
    assert (notes["bilayer"], notes["uncoordinated"]) == ("not resolved", "")


@pytest.mark.parametrize(("changed", "holds"), [
    ({}, True), ({"smart_charging": 1090.0}, False), ({"smart_charging": 1310.0}, False),
    ({"uncoordinated": 1050.0}, False), ({"smart_charging": 1100.0}, False), ({"no_pev": 5000.0}, True),
])
def test_the_order_is_strict_and_of_the_three(changed, holds):
    assert c.ordered_as_claimed(COSTS | changed)[0] is holds


@pytest.mark.slow
def test_the_tables_name_order_gap_hours_and_expectation(runs, tmp_path, capsys):
    assert c.print_claims(runs)
    c.write_csv(runs, tmp_path / "claims.csv")
    screen = capsys.readouterr().out
    assert "bilayer 1,102 < smart_charging 1,202 < uncoordinated 1,302: the order bilayer <" in screen
    assert "uncoordinated - smart_charging: 100.0 ± 0 $, MILP gap 0.0 $: resolved" in screen
    assert "smart_charging - bilayer: 100.0 ± 0 $, MILP gap 99.2 $: not resolved" in screen
    assert "plan found before building 569,314 $" in screen and "h1; in some seeds h2" in screen
    lines = (tmp_path / "claims.csv").read_text().splitlines()
    assert any(line.startswith("hours_fewer_units,bilayer,no_pev,1.5,1.5,") for line in lines)
    assert len(lines) == 1 + 2 * len(COSTS) * (len(c.FIGURES) + 1)


@pytest.mark.slow
def test_one_seed_from_end_to_end(tmp_path, capsys):
    arguments = ["--seeds", "1", "-o", str(tmp_path), *(part for text in SMALL for part in ("--set", text))]
    code = c.main(arguments)
    screen = capsys.readouterr().out
    assert code == (0 if "uncoordinated holds" in screen else 1)
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == sorted(f"{who}-seed1.h5" for who in c.CONTROLLERS)
    c.main(arguments)
    assert capsys.readouterr().err.count("is complete already") == 4
