"""Chargers as OCPP stations: what they report, what profiles do, and what becomes of systems that do not behave."""

import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from testbed.cli.app import app
from testbed.results.reading import open_result
from testbed.results.recording import traces_path
from testbed.running.one_run import RunFailed, run_scenario
from testbed.stations.link import Link, NoManagement
from testbed.stations.managed import Managed
from testbed.stations.profiles import Profile, Refusal, counted_s, profile_of, timestamp
from testbed.stations.station import Stay
from tests.testbed import small_run
from tests.testbed.stations.management import Management

CAR = Stay(car=4, transaction="4-0", departure_s=36_000, energy_wh=12_000, p_charge_max_w=7000, p_discharge_max_w=7000,
           soc_percent=40.0)
PATIENCE_S = 0.3


def walked(system: Management, steps: int = 2, version: str = "2.0.1", later: Stay = CAR):
    """Powers of the car in each step, and what was noted."""
    link = Link(system.address, version, PATIENCE_S)
    try:
        link.open(["north-3"])
        powers = [link.step(900 * step, {"north-3": {5: later if step else CAR}})["north-3"][5]
                  for step in range(steps)]
        link.step(900 * steps, {"north-3": {}})
        return powers, link.events
    finally:
        link.close()


# ---------------------------------------------------------------- what is reported, what comes back
def test_a_stay_is_reported_from_plug_in_to_departure() -> None:
    with Management(lambda station, evse, now_s: 3.0) as system:
        powers, events = walked(system)
    assert powers == [3.0, 3.0] and events == []
    told = [(name, action, content.get("event_type", content.get("connector_status")))
            for name, action, content in system.heard]
    assert told == [("north-3", *rest) for rest in [
        ("StatusNotification", "Occupied"), ("TransactionEvent", "Started"), ("NotifyEVChargingNeeds", None),
        ("TransactionEvent", "Updated"), ("TransactionEvent", "Ended"), ("StatusNotification", "Available")]]
    needs = system.heard[2][2]["charging_needs"]
    assert counted_s(needs["departure_time"]) == 36_000 and needs["ac_charging_parameters"]["energy_amount"] == 12_000
    assert system.heard[1][2]["meter_value"][0]["sampled_value"][0]["value"] == 40.0


def test_with_the_newer_version_cars_give_back() -> None:
    with Management(lambda station, evse, now_s: -2.5, version="2.1") as system:
        powers, events = walked(system, version="2.1")
    assert powers == [-2.5, -2.5] and events == []
    assert system.heard[2][2]["charging_needs"]["v2x_charging_parameters"]["max_discharge_power"] == 7000


def test_a_departure_that_has_moved_is_reported_anew() -> None:
    with Management(lambda station, evse, now_s: 3.0) as system:
        walked(system, later=replace(CAR, departure_s=40_500))
    needs = [content["charging_needs"] for _, action, content in system.heard if action == "NotifyEVChargingNeeds"]
    assert [counted_s(told["departure_time"]) for told in needs] == [36_000, 40_500]


# ---------------------------------------------------------------- systems that do not behave
@pytest.mark.slow
def test_one_that_is_silent_leaves_cars_free_and_is_noted() -> None:
    with Management(lambda station, evse, now_s: 3.0, manners="silent") as system:
        powers, events = walked(system, steps=1)
    assert powers == [None] and {"Silent", "NoProfile"} <= {event.code for event in events}


def test_an_error_in_place_of_an_answer_is_noted_and_the_car_is_free() -> None:
    with Management(lambda station, evse, now_s: 3.0, manners="throwing") as system:
        powers, events = walked(system, steps=1)
    assert powers == [None] and [event.code for event in events] == ["CallError", "NoProfile", "CallError"]
    assert events[0].text.startswith("TransactionEvent: ") and (events[0].station, events[0].evse) == ("north-3", 5)


def test_one_that_closes_the_connection_ends_the_step_with_the_station_named() -> None:
    with (Management(lambda *_: 3.0, manners="leaving") as system,
          pytest.raises(ConnectionError, match=r"has closed the connection of station north-3$")):
        walked(system)


def test_one_that_is_late_is_heard_in_the_next_step() -> None:
    with Management(lambda station, evse, now_s: 3.0 if now_s == 0 else None, wait_s=2 * PATIENCE_S) as system:
        link = Link(system.address, "2.0.1", PATIENCE_S)
        link.open(["north-3"])
        first = link.step(0, {"north-3": {5: CAR}})
        time.sleep(2 * PATIENCE_S)
        second = link.step(900, {"north-3": {5: CAR}})
        link.close()
    assert (first["north-3"][5], second["north-3"][5]) == (None, 3.0)
    assert [event.code for event in link.events] == ["NoProfile", "Late"]


@pytest.mark.parametrize(("change", "code"), [
    ({"charging_profile_purpose": "TxDefaultProfile"}, "UnsupportedPurpose"),
    ({"charging_profile_kind": "Recurring"}, "UnsupportedKind"), ({"transaction_id": "other"}, "TxNotFound"),
    ({"charging_rate_unit": "A"}, "UnsupportedRateUnit"), ({"start_schedule": "noon"}, "InvalidSchedule"),
    ({"charging_schedule_period": [{"start_period": 5, "limit": 1.0}]}, "InvalidSchedule"),
    ({"charging_schedule_period": [{"start_period": 0}]}, "InvalidSchedule"),
    ({"charging_schedule_period": [{"start_period": 0, "limit": -1.0}]}, "NegativeLimit")])
def test_what_is_absurd_is_refused_with_a_reason_code(change: dict, code: str) -> None:
    profile = Management(lambda *_: None).profile(3.0, "4-0", 0)
    for key, value in change.items():
        (profile if key in profile else profile["charging_schedule"][0])[key] = value
    refusal = profile_of(profile, "4-0", 0, "2.0.1")
    assert isinstance(refusal, Refusal) and refusal.code == code and len(code) <= 20


def test_a_profile_says_nothing_before_and_after_it_is_valid() -> None:
    profile = Management(lambda *_: None).profile(3.0, "4-0", 0) | {"valid_from": timestamp(900),
                                                                    "valid_to": timestamp(2700)}
    made = profile_of(profile, "4-0", 0, "2.0.1")
    assert isinstance(made, Profile)
    assert [made.power_kw(now_s) for now_s in (0, 900, 1800, 2700)] == [None, 3.0, 3.0, None]
    for odd in ({"valid_to": "noon"}, {"charging_schedule": 2 * profile["charging_schedule"]}):
        refusal = profile_of(profile | odd, "4-0", 0, "2.0.1")
        assert isinstance(refusal, Refusal) and refusal.code == "InvalidSchedule"


def test_parameters_that_cannot_be_are_told_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"version='1.6': must be 2.0.1 or 2.1; patience_s=0: must be .*; journal="):
        Managed(version="1.6", patience_s=0, journal=str(tmp_path / "nowhere" / "j.csv"))  # type: ignore[arg-type]


def test_a_refusal_goes_back_and_the_car_is_free() -> None:
    odd = Management(lambda *_: None).profile(3.0, "other", 0)
    with Management(lambda station, evse, now_s: odd) as system:
        powers, events = walked(system, steps=1)
    assert powers == [None] and events[0].code == "TxNotFound"
    assert system.answers[0].status == "Rejected" and system.answers[0].status_info["reason_code"] == "TxNotFound"


def test_a_profile_where_no_car_stands_is_refused() -> None:
    refusal = profile_of(Management(lambda *_: None).profile(3.0, "4-0", 0), "", 0, "2.0.1")
    assert refusal == Refusal("TxNotFound", "no transaction runs at this charger")


@pytest.mark.parametrize(("duration_s", "powers"), [(None, [3.0, 3.0]), (1800, [3.0, None]), (0, [None, None])])
def test_a_profile_holds_for_its_duration(duration_s: int | None, powers: list[float | None]) -> None:
    profile = Management(lambda *_: None).profile(3.0, "4-0", 0)
    profile["charging_schedule"][0]["duration"] = duration_s
    made = profile_of(profile, "4-0", 0, "2.0.1")
    assert isinstance(made, Profile) and [made.power_kw(now_s) for now_s in (0, 1800)] == powers


def test_a_profile_holds_by_its_periods() -> None:
    profile = Profile(900, 4500, ((0, 1.0), (1800, 2.0)))
    assert [profile.power_kw(now_s) for now_s in (0, 900, 2700, 4500)] == [None, 1.0, 2.0, None]
    assert counted_s(timestamp(-900)) == -900


def test_an_address_that_does_not_answer_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(NoManagement, match=r"answers at ws://127\.0\.0\.1:9"):
        Managed(address="ws://127.0.0.1:9", patience_s=1.0)
    (tmp_path / "mine.py").write_text("from testbed.stations.managed import Managed\n")
    asked = ["run", "smoke", "-o", str(tmp_path / "x.h5"), "--controller",
             f"{tmp_path / 'mine.py'}:Managed(address='ws://127.0.0.1:9', patience_s=1.0)"]
    ended = CliRunner().invoke(app, asked)
    assert ended.exit_code == 2 and "no management system that speaks OCPP 2.0.1 answers" in ended.output
    assert not (tmp_path / "x.h5").exists()


@pytest.mark.parametrize(("version", "said"), [
    ("2.1", "answers at"), ("", r"does not speak OCPP 2\.0\.1 \(subprotocol")])
def test_one_that_speaks_another_version_or_none_is_told(version: str, said: str) -> None:
    with Management(lambda *_: None, version=version) as system, pytest.raises(NoManagement, match=said):
        Managed(address=system.address, patience_s=1.0)


# ---------------------------------------------------------------- whole days
def traced(folder: Path, **given):
    """A day of smoke with traces of every car; nobody guides arrivals, which stations cannot."""
    scenario = small_run.scenario("record.vehicles=true", "drivers.guidance_acceptance=0",
                                  cache_dir=small_run.shared_cache(folder))
    return run_scenario(scenario, seed=1, **given)


@pytest.mark.slow
def test_set_points_of_smart_charging_sent_as_profiles_charge_the_same_energy(tmp_path: Path) -> None:
    from testbed.setup.controller_loading import load_controller  # noqa: PLC0415

    here = traced(tmp_path, controller=load_controller("smart_charging"), output=tmp_path / "here.h5")
    told = {}
    with h5py.File(traces_path(here)) as file:
        for district in open_result(here).districts:
            told[district] = file[f"districts/{district}/setpoint_vehicle_kw"][...]

    def decide(station: str, evse: int, now_s: int) -> float | None:
        power = told[station.rpartition("-")[0]][now_s // 3600, evse - 1]
        return None if np.isnan(power) else float(power)

    with Management(decide) as system:
        there = traced(tmp_path, controller=Managed(address=system.address, patience_s=2.0),
                       output=tmp_path / "there.h5")
    for district in open_result(here).districts:
        first, second = (open_result(path).vehicle(district, "charged_kwh") for path in (here, there))
        np.testing.assert_allclose(second, first, rtol=0.01, atol=0.01)
    assert first.sum() > 0


@pytest.mark.slow
def test_one_that_goes_away_ends_the_run_with_its_cause(tmp_path: Path) -> None:
    with Management(lambda *_: 3.0) as system:
        gone = Managed(address=system.address, patience_s=1.0)
    with pytest.raises(RunFailed, match="management system"):
        traced(tmp_path, controller=gone, output=tmp_path / "gone.h5")
