"""The information rule: what has not been declared or has not happened yet changes no plan but the oracle's."""

from dataclasses import fields, replace

import numpy as np
import pytest

from models.drivers.behaviours import LEAVES_EARLY
from models.drivers.willingness import Drivers
from testbed.running.first_view import first_view
from testbed.setup.controller_loading import ORACLE, controller_names, load_controller
from testbed.simulators.profiles import ProfilesSimulator
from testbed.simulators.spatial import SpatialSimulator
from testbed.simulators.temporal import TemporalSimulator
from tests.testbed import small_run

OVERRIDES = ("planning.redispatch=hourly", "profiles.forecast_error=large", "planning.horizon_h=14",
             "planning.binding_h=12", "spatial.look_ahead_h=2")
NOON_S = 43_200


def _leave_early_from_counted_midnight(patch):
    """Every stay that begins in counted time ends before its declared departure."""
    day_of = Drivers.day

    def day(self, day, zone):
        drawn = day_of(self, day, zone)
        return replace(drawn, behaviour=np.full_like(drawn.behaviour, LEAVES_EARLY)) if day >= 0 else drawn
    patch.setattr(Drivers, "day", day)


def _equal(a, b):
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if hasattr(a, "__dataclass_fields__"):
        return all(_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, dict):
        return all(_equal(a[key], b[key]) for key in a)
    return all(map(_equal, a, b)) if isinstance(a, (tuple, list)) else a == b


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    made = small_run.scenario(*OVERRIDES, cache_dir=tmp_path_factory.mktemp("cache"))
    first_view(made, load_controller("bilayer"))  # the expected days of other seeds are then in the cache
    return made


def test_the_truth_is_for_the_registered_oracle_alone():
    assert [name for name in controller_names() if load_controller(name).knows_truth] == [ORACLE]


@pytest.mark.parametrize("name", [n for n in controller_names() if n != ORACLE])
def test_stays_to_come_change_no_plan_made_before(name, scenario, monkeypatch):
    before = first_view(scenario, load_controller(name)).view
    _leave_early_from_counted_midnight(monkeypatch)
    assert _equal(before, first_view(scenario, load_controller(name)).view)


def test_they_change_the_plan_of_the_oracle(scenario, tmp_path, monkeypatch):
    before = first_view(scenario, load_controller(ORACLE)).view
    _leave_early_from_counted_midnight(monkeypatch)
    elsewhere = scenario.model_copy(update={"execution": scenario.execution.model_copy(
        update={"cache_dir": str(tmp_path)})})
    assert not _equal(before.districts, first_view(elsewhere, load_controller(ORACLE)).view.districts)


def _everything_seen(folder, monkeypatch):
    """Every view of both layers, and the result; Plain plans without optimisation."""
    seen, view_of, district = [], TemporalSimulator.view, SpatialSimulator._district

    def view(self, now_s, inputs):
        seen.append((now_s, view_of(self, now_s, inputs)))
        return seen[-1][1]

    def spoken(self, name, now_s, received):
        seen.append((now_s, {key: value for key, value in received.items() if key != "vm_pu"}))
        return district(self, name, now_s, received)
    with monkeypatch.context() as patch:
        patch.setattr(TemporalSimulator, "view", view)
        patch.setattr(SpatialSimulator, "_district", spoken)
        small_run.run(folder, *OVERRIDES)
    return seen


def test_weather_and_load_to_come_change_nothing_seen_before(tmp_path, monkeypatch):
    """The truth after noon differs, its forecast does not: until then both layers see the same, hour by hour."""
    first = _everything_seen(tmp_path, monkeypatch)
    system = ProfilesSimulator._system

    def surprised(self, now_s):
        values = system(self, now_s)
        surprise = {"load_mw": values["load_mw"] * 1.1, "wind_available_mw": 0.0}
        return {**values, **surprise} if now_s >= NOON_S else values
    monkeypatch.setattr(ProfilesSimulator, "_system", surprised)
    second = _everything_seen(tmp_path, monkeypatch)
    assert len(first) == len(second) > 24
    assert all(_equal(a, b) for a, b in zip(first, second, strict=True) if a[0] <= NOON_S)
    assert not all(_equal(a, b) for a, b in zip(first, second, strict=True))  # the units' measured state after noon
