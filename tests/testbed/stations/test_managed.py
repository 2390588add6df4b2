"""A charging management system as the controller: set-points are its profiles, within what chargers can."""

import csv
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from testbed.stations.link import NoManagement
from testbed.stations.managed import Managed
from tests.controllers.spatial.test_pro_rata import cars, knowledge_of, view_of
from tests.testbed.stations.management import Management

FLEET = cars(4, is_enrolled=np.array([True, True, False, True]))
AT_BUS = np.array([1, 2, 1, -1])
"""The third has not enrolled, the fourth drives: neither is reported."""


def answered(decide, patience_s: float):
    """(set-points of one step under compliance of 0.8, all that the system heard)."""
    with Management(decide) as system:
        stations = Managed(address=system.address, patience_s=patience_s).spatial(knowledge_of(FLEET, 0.8))
        return stations.step(view_of(FLEET, 0.5, targets={}, bus=AT_BUS)), system.heard


def test_profiles_are_set_points_within_what_chargers_can() -> None:
    powers = {("d-1", 1): 9.0, ("d-2", 2): 3.0}
    answer, heard = answered(lambda station, evse, now_s: powers[station, evse], patience_s=5.0)
    assert answer.setpoint_kw.tolist() == [5.0, 3.0, 0.0, 0.0]
    assert answer.is_dispatched.tolist() == [1, 1, 0, 0]
    # four fifths of 5 and 3 kW, above the 27 and 54 kW of cars outside control
    assert answer.p_plan_bus_kw == pytest.approx([0.0, 27 + 4, 54 + 2.4])
    needs = {name: content["charging_needs"] for name, action, content in heard if action == "NotifyEVChargingNeeds"}
    assert set(needs) == {"d-1", "d-2"}
    assert needs["d-1"]["ac_charging_parameters"]["energy_amount"] == 15_000  # from 0.5 to 0.8 of 50 kWh


def test_a_car_without_profile_is_free() -> None:
    answer, _ = answered(lambda station, evse, now_s: 2.0 if station == "d-2" else None, patience_s=0.3)
    assert answer.setpoint_kw.tolist() == [0.0, 2.0, 0.0, 0.0] and answer.is_dispatched.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(("version", "control", "least_kw"), [
    ("2.0.1", "charge_only", 0.0), ("2.1", "bidirectional", -5.0)])
def test_only_the_newer_version_gives_back(version, control, least_kw) -> None:
    with Management(lambda *_: -9.0, version=version) as system:
        made = Managed(address=system.address, version=version, patience_s=0.3)
        assert made.car_control == control
        stations = made.spatial(replace(knowledge_of(FLEET), may_discharge=control == "bidirectional"))
        answer = stations.step(view_of(FLEET, 0.5, targets={}, bus=AT_BUS))
    assert answer.setpoint_kw.tolist() == [least_kw, least_kw, 0.0, 0.0]


def test_what_was_refused_goes_to_the_journal_step_by_step(tmp_path: Path) -> None:
    file = tmp_path / "journal.csv"
    with Management(lambda station, evse, now_s: 2.0 if now_s == 0 else -2.0) as system:
        made = Managed(address=system.address, patience_s=0.3, journal=str(file))
        stations = made.spatial(knowledge_of(cars(1)))
        for time_s in (0, 900, 1800):
            stations.step(view_of(cars(1), 0.5, targets={}, time_s=time_s))
            assert file.exists() == (time_s > 0), "nothing went wrong in the first step"
    header, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    assert header == ["time_s", "station", "evse", "code", "text"]
    assert [row[:4] for row in rows] == [["900", "d-1", "1", "NegativeLimit"], ["1800", "d-1", "1", "NegativeLimit"]]


def test_a_system_that_is_gone_before_the_run_is_told_and_leaves_no_thread() -> None:
    with Management(lambda *_: 3.0) as system:
        made = Managed(address=system.address, patience_s=0.3)
    with pytest.raises(NoManagement, match=r"no management system that speaks OCPP 2\.0\.1 answers at ws://127"):
        made.spatial(knowledge_of(FLEET))
    assert not [thread for thread in threading.enumerate() if thread.name == "stations"]
