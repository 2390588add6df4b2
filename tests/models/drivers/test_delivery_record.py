"""An operator's meters: who followed, and how much of what was asked came."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.drivers.delivery_record import Delivered, StayMeter
from models.fleet.reserve_room import reserve_credit_mw, reserve_room
from models.records.arrays import Floats
from models.records.vehicles import DeclaredTable
from models.system.power_system import NetLoad, PowerSystem, PowerSystemParameters
from models.system.units import ten_units
from tests.models.fleet.fleet_case import HOUR, STEP, cars, declared_of, real, whole

GROUP = 1  # residential, private, bidirectional


class Story:
    """One district at one residential bus, step by step; car i is told and metered as given."""

    def __init__(self, count: int = 1, departure_s: Any = 2 * HOUR, **changes: Any) -> None:
        self.vehicles = cars(count, **changes)
        self.meter = StayMeter(self.vehicles, np.zeros(1, dtype=np.int64))
        self.declared = declared_of(self.vehicles, departure_s=departure_s)
        self.now_s, self.count = 0, count

    def step(self, told_kw: Any, metered_kw: Any, soc: Any = 0.5, is_told: Any = 1) -> Delivered:
        done = self.meter.step(self.now_s, STEP, real(told_kw, self.count), whole(is_told, self.count), self.declared,
                               real(soc, self.count), real(metered_kw, self.count))
        self.now_s += STEP
        return done

    def leave(self) -> Delivered:
        self.declared = replace(self.declared, bus_index=whole(-1, self.count))
        return self.step(0.0, 0.0, is_told=0)


def test_one_who_follows_and_one_who_does_not() -> None:
    story = Story(2)
    for _ in range(8):
        story.step(-4.0, [-4.0, 8.0])
    done = story.leave()
    assert done.stays[GROUP] == 2 and done.followed[GROUP] == 1


def test_nothing_is_known_before_a_stay_is_over() -> None:
    story = Story()
    for _ in range(8):
        done = story.step(-4.0, 8.0)
        assert done.stays.sum() == 0 and done.followed.sum() == 0


def test_a_stay_counts_once_with_the_share_it_followed() -> None:
    story = Story()
    for told_kw, metered_kw in [(-4.0, -4.0)] * 6 + [(-4.0, 8.0)] * 2:  # the button is pressed after six of eight
        story.step(told_kw, metered_kw)
    done = story.leave()
    assert done.stays[GROUP] == 1 and done.followed[GROUP] == pytest.approx(6 / 8)
    assert story.step(0.0, 0.0).stays.sum() == 0


def test_what_a_car_would_have_done_anyway_tells_nothing() -> None:
    story = Story()
    for _ in range(8):
        story.step(8.0, 8.0)  # told to charge at full power: charging at once looks the same
    assert story.leave().stays.sum() == 0


def test_a_full_battery_told_to_rest_tells_nothing() -> None:
    story = Story()
    for _ in range(8):
        story.step(0.0, 0.0, soc=0.8)
    assert story.leave().stays.sum() == 0


def test_who_leaves_early_did_not_follow_for_the_rest() -> None:
    story = Story(departure_s=2 * HOUR)
    for _ in range(4):
        story.step(-4.0, -4.0)
    assert story.leave().followed[GROUP] == pytest.approx(4 / 8)


def test_a_taper_is_no_refusal() -> None:
    story = Story(taper_start_soc=0.7)
    story.step(-4.0, -4.0)
    for _ in range(7):
        story.step(4.0, 1.0, soc=0.75)
    assert story.leave().followed[GROUP] == 1


def test_the_step_of_departure_tells_nothing() -> None:
    story = Story(departure_s=int(1.5 * STEP))
    story.step(-4.0, -4.0)
    story.step(-4.0, -2.0)  # half a step
    assert story.leave().followed[GROUP] == 1


def test_who_is_not_told_is_not_judged() -> None:
    story = Story(2, is_enrolled=[True, False])
    for _ in range(8):
        done = story.step(-4.0, 8.0, is_told=[0, 1])
    assert done.instructed_up_kwh.sum() == 0 and story.leave().stays.sum() == 0


def test_energy_beyond_the_instruction_does_not_count() -> None:
    done = Story(3).step([-4.0, -4.0, 4.0], [-6.0, -1.0, 8.0])
    assert done.instructed_up_kwh[GROUP] == pytest.approx(2.0)
    assert done.delivered_up_kwh[GROUP] == pytest.approx(1.0 + 0.25)
    assert (done.instructed_down_kwh[GROUP], done.delivered_down_kwh[GROUP]) == pytest.approx((1.0, 1.0))


def test_the_meter_reads_nothing_true_but_undeclared() -> None:
    names = set(inspect.signature(StayMeter.step).parameters)
    assert names == {"self", "now_s", "dt_s", "setpoint_kw", "is_dispatched", "declared", "soc", "metered_kw"}


@pytest.mark.parametrize(("last_kw", "stays", "share"), [(-2.0, True, 2 / 3), (-2.0, False, 1.0), (-4.0, True, 1.0)])
def test_who_leaves_within_a_step_after_the_declared_departure_has_refused_nothing(last_kw: float, stays: bool,
                                                                                  share: float) -> None:
    """Half a step's energy is a refusal of a car that is still there afterwards, not of one that left meanwhile."""
    story = Story(departure_s=STEP)
    story.step(-4.0, -4.0)
    story.step(-4.0, -4.0)
    story.step(-4.0, last_kw)
    if stays:
        story.step(0.0, 0.0, is_told=0)
    assert story.leave().followed[GROUP] == pytest.approx(share)


# ------------------------------------------------------------------ what cars could add
def _room(p_kw: Floats, now_s: int = 0, **changes: Any) -> dict[str, float]:
    vehicles = cars(2, **changes)
    declared: DeclaredTable = declared_of(vehicles)
    return reserve_room(vehicles, declared, whole(1, 2), real(0.5, 2), p_kw, now_s)


def test_reserve_credit_by_hand() -> None:
    """25 kWh each and ten hours to reach 40: only the floor of 17.5 kWh binds, 7.5 kWh each are above it."""
    room = _room(np.array([-3.0, 5.0]))
    assert room == pytest.approx({"discharge_max_mw": 0.016, "discharge_told_mw": 0.003, "interruptible_mw": 0.005,
                                  "above_mwh": 0.015, "above_two_way_mwh": 0.015, "above_may_stop_mwh": 0.015,
                                  "eta_charge": 0.8, "eta_discharge": 0.8})
    less, energy = 0.9 * 0.005, 0.8 * 0.015
    assert reserve_credit_mw(0.9, 0.8, room) == pytest.approx(less + min(0.9 * 0.0098, 0.8 * (energy - 0.8 * less)))
    assert reserve_credit_mw(0.0, 0.8, room) == 0.0


def test_who_has_no_contract_promises_no_reserve() -> None:
    """Of two like cars that are told the same, one is not enrolled."""
    both, half = _room(np.array([-3.0, -3.0])), _room(np.array([-3.0, -3.0]), is_enrolled=np.array([True, False]))
    for name in ("discharge_max_mw", "discharge_told_mw", "above_mwh", "above_two_way_mwh"):
        assert half[name] == pytest.approx(both[name] / 2)


def test_reserve_credit_needs_energy() -> None:
    room = _room(np.zeros(2), soc_floor_v2g=0.5)
    assert reserve_credit_mw(1.0, 1.0, room) == 0.0


def test_one_way_cars_may_only_stop() -> None:
    room = _room(np.array([8.0, 0.0]), p_discharge_max_kw=0.0)
    assert reserve_credit_mw(1.0, 1.0, room) == pytest.approx(0.008)


def test_charging_without_an_hour_of_laxity_is_no_reserve() -> None:
    """Half full and wanting more, a car needs some hours of its stay: it may stop until laxity is down to one hour."""
    vehicles = cars(2)
    declared = declared_of(vehicles)
    need_h = (declared.soc_wanted[0] - 0.5) * vehicles.capacity_kwh[0] / (
        vehicles.eta_charge[0] * vehicles.p_charge_max_kw[0])
    latest_s = int(declared.declared_departure_s[0] - 3600 * (need_h + 1.0))
    assert need_h > 1
    for now_s, counted_mw in ((latest_s - 60, 0.005), (latest_s + 60, 0.0)):
        assert _room(np.array([0.0, 5.0]), now_s)["interruptible_mw"] == counted_mw


@pytest.mark.parametrize("p_kw", [8.0, 0.0, -8.0])
def test_who_must_charge_until_the_departure_adds_nothing(p_kw: float) -> None:
    """15 kWh lacking and two hours, or ten minutes, left: nothing of it can wait, whatever the charger could give."""
    for now_s in (8 * HOUR, 10 * HOUR - 600):
        assert reserve_credit_mw(1.0, 1.0, _room(np.full(2, p_kw), now_s=now_s)) == pytest.approx(0.0, abs=1e-12)


def test_only_the_safe_part_of_discharge_counts_under_deliverable() -> None:
    """Shortfall after the fact: (1 + r) D + Pc - firm - phi Pd - h, at the run's own units."""
    def short_mw(phi: float, credit_mw: float, rule: str = "deliverable") -> float:
        system = PowerSystem(ten_units(), PowerSystemParameters(reserve_rule=rule))  # type: ignore[arg-type]
        on = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
        net = NetLoad(load_mw=880.0, pev_charge_mw=10.0, pev_discharge_mw=40.0, wind_mw=0.0, pv_mw=0.0,
                      reserve_credit_mw=credit_mw, delivery_quantile=phi)
        return system.step(0, HOUR, on, net).reserve_shortfall_mw
    assert short_mw(0.5, 3.0) == pytest.approx(1.1 * 880 + 10 - 910 - 20 - 3)
    assert short_mw(0.0, 0.0) == pytest.approx(short_mw(0.0, 0.0, "thermal_only"))
    assert short_mw(1.0, 0.0) == pytest.approx(short_mw(0.3, 5.0, "scheduled"))
