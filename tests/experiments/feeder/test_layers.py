"""The study of layers: its arithmetic, and what `tight_island` must show."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.feeder.layers import Made, Study, arguments, rows_of, study, table
from testbed.scenario.loading import load_scenario


def made(name, j_usd):
    operation = SimpleNamespace(j_usd=j_usd, undelivered_mwh=1.0, losses_mw=np.ones(3), overload_mw=np.zeros(3))
    return Made(name, operation, 2, 1.5)


def test_shares_of_the_gap_by_hand():
    rows = rows_of([made("bilayer", 110.0), made("bilayer_envelope", 112.0), made("bilayer_coordinated", 102.0),
                    made("joint", 100.0)])
    assert [row.gap_closed_percent for row in rows] == pytest.approx([0.0, -20.0, 80.0, 100.0])
    assert [row.above_joint_percent for row in rows] == pytest.approx([10.0, 12.0, 2.0, 0.0])
    text = table(Study(rows, 99.0, 98.0, 100.0, 99.5))
    assert "| `bilayer_coordinated` | 102.00 | 2.000 | 80.0 |" in text
    assert "bound of the joint problem 99.00 $ (incumbent 1.010 % above)" in text


def test_arguments():
    asked = arguments(["--set", "seed=2"])
    assert (asked.scenario, asked.overrides, asked.output) == ("tight_island", ["seed=2"], None)


def test_the_island_is_as_described():
    """Ten units / 100, four feeders at 0.83, 700 cars each, a substation rating each."""
    island = load_scenario("tight_island", ())
    assert (island.system.unit_scale, island.profiles.load_peak_mw) == (0.01, 15)
    assert [d.vehicle_count for d in island.districts] == [700] * 4
    assert all(d.feeder == "ieee33" and d.peak_scale == 0.83 and d.substation_mva for d in island.districts)


@pytest.mark.slow
def test_layers_really_interact_on_the_island_and_talking_closes_the_gap():
    """Splitting costs at least 0.5 %; the exchange brings back 80 % of it, never below the bound; SOCP = tangents."""
    studied = study(load_scenario("tight_island", ()))
    bilayer, joint = studied.j_usd("bilayer"), studied.j_usd("joint")
    talked = studied.j_usd("bilayer_coordinated")
    assert bilayer - joint >= 0.005 * joint
    assert bilayer - talked >= 0.8 * (bilayer - joint)
    assert talked <= bilayer
    assert min(row.j_usd for row in studied.rows) >= studied.bound_usd
    assert min(row.j_usd for row in studied.rows) >= studied.coordination_bound_usd
    assert studied.tangent_usd == pytest.approx(studied.cone_usd, rel=1e-3)
    assert all(row.overload_max_mw == 0.0 for row in studied.rows)
