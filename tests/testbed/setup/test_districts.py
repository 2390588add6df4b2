"""Who drives in a district follows from the run's seed and the district's place."""

import numpy as np
import pytest

from testbed.running.preflight import checked_scenario
from testbed.setup.districts import build_districts
from testbed.wiring.run_spec import RunSpec


def first_private_cars(seed, tmp_path):
    """{district: charge and capacity of its first three}; private cars stand first."""
    spec = RunSpec(checked_scenario("smoke"), "uncoordinated", seed, tmp_path / "x.h5")
    return {name: np.stack([district.vehicles.soc_initial[:3], district.vehicles.capacity_kwh[:3]])
            for name, district in build_districts(spec).items()}


def test_another_seed_is_another_fleet_and_the_same_one_the_same(tmp_path):
    one, again, other = (first_private_cars(seed, tmp_path) for seed in (1, 1, 2))
    for name, cars in one.items():
        assert cars == pytest.approx(again[name], abs=0)
        assert not np.any(np.isclose(cars[0], other[name][0]))


def test_districts_draw_apart(tmp_path):
    cars = first_private_cars(1, tmp_path)
    assert not np.any(np.isclose(cars["feeder33"][0], cars["rest"][0]))
