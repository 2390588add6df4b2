"""Where faults of a scenario are: which buses and unit are meant, and at which simulator what acts."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.network.sources.ieee33 import ieee33
from models.records.arrays import RecordError
from testbed.faults.placed import Placed
from testbed.scenario.loading import load_scenario
from testbed.simulators.injecting import fault_mistakes, injections_of, placed
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_street

NUMBERS = ieee33().bus_number


def described(*items: str, more: tuple[str, ...] = ()):
    """smoke with faults from 01:00 to 02:00."""
    faults = ", ".join(f"{{kind: {item}, from_h: 1, until_h: 2}}" for item in items)
    return load_scenario("smoke", [*more, f"faults=[{faults}]"])


def where(item: str, more: tuple[str, ...] = ()) -> Placed:
    scenario = described(item, more=more)
    return placed(scenario.faults[0], scenario, 1)


def test_a_line_that_is_out_takes_all_buses_behind_it() -> None:
    meant = where("line_out, district: feeder33, line_to: 6").is_meant
    assert set(NUMBERS[meant]) == {*range(6, 19), *range(26, 34)}  # the laterals at 2 and 3 keep their supply
    assert set(NUMBERS[where("line_out, district: feeder33, line_to: 23").is_meant]) == {23, 24, 25}


def test_no_line_leads_to_the_source() -> None:
    with pytest.raises(RecordError, match="bus 1 is the source, no line leads to it"):
        where("line_out, district: feeder33, line_to: 1")


def test_a_zone_is_its_buses_and_a_unit_its_place_in_the_table() -> None:
    zone = where("chargers_out, district: feeder33, zone: office")
    assert zone.is_meant.tolist() == (zone.bus_zone == zone.zone).tolist() and zone.is_meant.any()
    assert where("unit_trip, unit: U3").unit == 2 and where("wind_off").unit == -1


def test_buses_of_a_district_without_network_are_its_zones_from_one() -> None:
    assert where("chargers_out, district: rest, buses: [2]").is_meant.tolist() == [False, True, False]
    with pytest.raises(RecordError, match="a district without network has no bus 4, known: 1, 2, 3"):
        where("chargers_out, district: rest, buses: [4]")


def test_all_faults_that_have_no_place_are_told_and_none_where_it_cannot_be_known() -> None:
    scenario = described("unit_trip, unit: U99", "line_out, district: feeder33, line_to: 99", "wind_off")
    told = fault_mistakes(scenario)
    assert [text.split(":")[0] for text in told] == ["faults.0 (unit_trip)", "faults.1 (line_out)"]
    assert "there is no unit 'U99', known: U1, U2" in told[0] and "99" in told[1]
    assert fault_mistakes(scenario, has_units=False, has_networks=False) == []


# ---------------------------------------------------------------- three phases
def on_street(folder: Path, item: str) -> Placed:
    return where(item, more=(small_street.districts(folder, ("street", "one")),))


def test_a_lost_phase_takes_the_customers_and_cars_that_draw_from_it(tmp_path: Path) -> None:
    """Of the three houses the second stands on phase 2, of the cars those that are connected to it at the first."""
    meant = on_street(tmp_path, "phase_out, phase: 2")
    assert meant.is_meant.tolist() == [False, False, False, True, False, True, False, False]


def test_chargers_of_a_customer_are_out_where_its_cars_are_connected(tmp_path: Path) -> None:
    meant = on_street(tmp_path, "chargers_out, buses: [b2]")
    assert meant.is_meant.tolist() == [False, False, False, True, False, False, True, False]


def test_a_balanced_feeder_cannot_lose_one_phase() -> None:
    with pytest.raises(RecordError, match=r"is balanced: only a network of three phases .* can lose one"):
        where("phase_out, district: feeder33, phase: 2")


# ---------------------------------------------------------------- who acts
@pytest.mark.parametrize(("simulator", "entities", "kinds"), [
    ("spatial", {"feeder33"}, ["telemetry_stale", "lower_layer_silent"]), ("spatial", {"rest"}, []),
    ("power_system", {"system"}, ["unit_trip"]), ("feeder", {"feeder33"}, [])])
def test_faults_act_at_simulators_of_their_district_in_the_order_of_the_list(simulator, entities, kinds) -> None:
    scenario = described("telemetry_stale, district: feeder33", "unit_trip, unit: U3",
                         "lower_layer_silent, district: feeder33")
    acting = injections_of(simulator, RunSpec(scenario, "no_pev", 1, Path()), entities)
    assert [injection.fault.kind for injection in acting] == kinds
