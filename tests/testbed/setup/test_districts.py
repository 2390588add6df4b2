"""Who drives in a district follows from the run's seed and the district's place."""

import numpy as np
import pytest

from models.records.arrays import RecordError
from testbed.running.preflight import checked_scenario
from testbed.scenario.loading import load_scenario
from testbed.setup.districts import build_districts, network_mistakes, replay_inputs
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_street


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


@pytest.mark.parametrize(("date", "is_there"), [("2019-04-30", False), ("2019-05-01", True), ("2019-08-31", True),
                                                ("2019-09-01", False)])
def test_replayed_days_lie_within_the_recording(date, is_there):
    scenario = load_scenario("workplace_replay", ["days=1", "districts.0.sessions=caltech2019",
                                                  f"districts.0.sessions_start_date={date}"])
    if is_there:
        assert replay_inputs(scenario.districts[0], scenario) is not None
        return
    with pytest.raises(RecordError, match=f"sessions_start_date={date} leaves no room for 1 days from it in the 123 "
                                          "days recorded from 2019-05-01 on"):
        replay_inputs(scenario.districts[0], scenario)


def test_cars_of_a_circuit_stand_where_its_customers_do(tmp_path):
    """The second bus is the transformer's low side, where nobody lives."""
    lists = "districts.0.zone_map={residential: [3], commercial: [4], office: [2]}"
    scenario = load_scenario("smoke", [small_street.districts(tmp_path, ("street", "one")), lists])
    told, = network_mistakes(scenario.districts[0], scenario)
    assert told.endswith("zone_map names buses [2] at which no customer stands")
