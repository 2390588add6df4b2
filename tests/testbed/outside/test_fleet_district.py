"""A district in a mosaik scenario of others: the same cars as in a run, and a power that is held."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from testbed.outside import fleet_district
from testbed.outside.fleet_district import FleetDistrict, SteppedDistrict
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest
from tests.testbed import small_run

PAGE = Path(__file__).resolve().parents[3] / "docs" / "mosaik.md"


def overrides(folder) -> list[str]:
    return [*small_run.HOURLY, f"execution.cache_dir={small_run.shared_cache(folder)}"]


@pytest.mark.slow
def test_unsteered_cars_do_what_they_do_in_a_run(tmp_path) -> None:
    run = open_result(small_run.run(tmp_path, controller="uncoordinated", seed=3))
    district = SteppedDistrict("smoke", "feeder33", 3, overrides(tmp_path), is_steered=False)
    powers = []
    for hour in range(24):
        district.step(3600 * hour, None)
        powers.append([district.at_bus(number)["p_mw"] for number in district.bus_numbers])
    np.testing.assert_allclose(1e3 * np.array(powers), run.district("feeder33", "p_bus_kw"), rtol=0, atol=1e-9)
    assert np.array(powers).sum() > 0 and district.said["stored_kwh"] == run.district("feeder33", "stored_kwh")[-1]
    with pytest.raises(ValueError, match="scenario smoke has 1 days, time is 86400 s"):
        district.step(86_400, None)


def test_what_cannot_be_is_told(tmp_path) -> None:
    with pytest.raises(WrongRequest, match="district nowhere: is none of smoke, which has feeder33, rest"):
        FleetDistrict().create(1, "District", district="nowhere")
    with pytest.raises(WrongRequest, match="no such scenario"):
        FleetDistrict().create(1, "District", scenario="nowhere")
    with pytest.raises(ValueError, match="time_resolution=60"):
        FleetDistrict().init("Fleet-0", 60)
    with pytest.raises(ValueError, match="one District at a time"):
        FleetDistrict().create(2, "District")
    with pytest.raises(WrongRequest, match="seed = -1"):
        FleetDistrict().create(1, "District", seed=-1)
    broken = "faults=[{kind: chargers_out, district: feeder33, buses: [2], from_h: 1, until_h: 2}]"
    with pytest.raises(WrongRequest, match="faults of smoke: a district alone has none"):
        FleetDistrict().create(1, "District", overrides=broken)
    peer = "simulators={a: {place: added, start: 'python: no:It', model: M, hears: {load_mw: {attribute: x}}}}"
    with pytest.raises(WrongRequest, match="simulators of smoke: a; a district alone has none"):
        FleetDistrict().create(1, "District", overrides=peer)
    with pytest.raises(ValueError, match="no District was made"):
        FleetDistrict().step(0, {}, 3600)


def test_districts_side_by_side_have_one_step_and_names_of_their_own(tmp_path) -> None:
    fleet, hourly = FleetDistrict(), overrides(tmp_path)
    made, = fleet.create(1, "District", district="rest", seed=3, overrides=hourly)
    assert [bus["eid"] for bus in made["children"]] == ["rest-bus1", "rest-bus2", "rest-bus3"]
    with pytest.raises(ValueError, match="district rest is there already"):
        fleet.create(1, "District", district="rest", overrides=hourly)
    with pytest.raises(ValueError, match="district feeder33: its step is 1800 s, must be 3600 s as that of the others"):
        fleet.create(1, "District", overrides=[*hourly, "step_s=1800"])
    assert fleet.step(0, {"rest": {"p_set_kw": {"a.x": 3.0, "b.y": 4.0}}}, 3600) == 3600
    buses = fleet.get_data({bus["eid"]: ["p_mw", "q_mvar"] for bus in made["children"]})
    told = fleet.get_data({"rest": ["p_kw", "most_kw"]})["rest"]
    assert told["most_kw"] > 7 and told["p_kw"] == pytest.approx(7.0), "what two sources ask adds up"
    assert sum(bus["p_mw"] for bus in buses.values()) * 1e3 == pytest.approx(told["p_kw"])


def test_a_step_that_cannot_be_is_told(tmp_path) -> None:
    district = SteppedDistrict("smoke", "rest", 3, overrides(tmp_path), is_steered=True)
    with pytest.raises(ValueError, match="district rest: p_set_kw=nan is no finite number"):
        district.step(0, float("nan"))
    with pytest.raises(ValueError, match="district rest: scenario smoke has 1 days, time is 86400 s"):
        district.step(86_400, None)


def test_a_district_has_the_scenarios_seed_unless_another_is_given(tmp_path, monkeypatch) -> None:
    made = []
    monkeypatch.setattr(fleet_district, "build_districts", lambda spec: made.append(spec.seed) or {}["stop"])
    for seed in (None, 9):
        with pytest.raises(KeyError, match="stop"):
            FleetDistrict().create(1, "District", seed=seed, overrides=["seed=5"])
    assert made == [5, 9]


def test_the_pages_program_holds_its_power(monkeypatch: pytest.MonkeyPatch) -> None:
    program = re.search(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    module = ModuleType("page_of_mosaik")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(program.group(1), module.__dict__)
    heard = module.day(6)
    assert len(heard) == 6
    for told in heard[:4]:
        assert told["least_kw"] < 20 and told["p_kw"] == pytest.approx(min(20.0, told["most_kw"]))
    assert heard[0]["p_kw"] == 20.0, "as it was told"
