"""Mobility's look-ahead: nobody is given less for being told only of the hours it asks for."""

import numpy as np
import pytest

from testbed.running.preflight import checked_scenario
from testbed.setup.districts import build_districts
from testbed.simulators.mobility import DistrictMobility
from testbed.wiring.run_spec import RunSpec


def looks(tmp_path, controller, hours_asked_for, monkeypatch, *overrides):
    scenario = checked_scenario("smoke", [f"execution.cache_dir={tmp_path}", *overrides])
    spec = RunSpec(scenario=scenario, controller=controller, seed=2, output=tmp_path / "x.h5")
    district = next(iter(build_districts(spec).values()))
    core = DistrictMobility(spec, district)
    if hours_asked_for == "all":
        monkeypatch.setattr(core, "_hours_asked_for", lambda now_s, answers_price: None)
    cars, buses = district.vehicles.count, district.site.bus_count
    received = []
    for now_s in range(spec.start_s, 6 * 3600, spec.step_s):
        seen = core.step(now_s, np.full(cars, 0.5), np.full((2, buses), -1))
        told = [seen[name] for name in ("cohort_flexibility", "bus_flexibility") if seen[name] is not None]
        received.append({key: values for record in told for key, values in record.to_arrays().items()})
    return received


@pytest.mark.parametrize("controller", ["bilayer", "uncoordinated", "tariff"])
def test_what_nobody_asks_for_is_missed_by_nobody(tmp_path, controller, monkeypatch):
    less = looks(tmp_path, controller, "what is asked for", monkeypatch)
    whole = looks(tmp_path, controller, "all", monkeypatch)
    assert any(np.any(seen["p_uncontrolled_kw"] > 0) for seen in whole if seen)
    for short, other in zip(less, whole, strict=True):
        assert short.keys() == other.keys()
        for name, values in short.items():
            np.testing.assert_array_equal(values, other[name], err_msg=name)


@pytest.mark.parametrize("controller", ["uncoordinated", "tariff", "bilayer"])
def test_nobody_has_an_envelope_where_all_are_outside_control(tmp_path, controller, monkeypatch):
    """Who controls no car is told of their load alone."""
    plans = [seen for seen in looks(tmp_path, controller, "what is asked for", monkeypatch) if seen]
    assert plans
    assert all(seen["pc_max_kw"].any() == (controller == "bilayer") for seen in plans)
    assert all((seen["energy_start_kwh"] > 0) == (controller == "bilayer") for seen in plans)


@pytest.mark.parametrize("redispatch", ["none", "hourly"])
def test_envelopes_of_cars_that_may_not_discharge_are_built_without_it(tmp_path, monkeypatch, redispatch):
    """Who counts on discharging first and charging later promises less than charging alone can keep."""
    lowest, limits = {}, {}
    for controller in ("bilayer", "smart_charging"):
        plans = looks(tmp_path, controller, "what is asked for", monkeypatch, f"planning.redispatch={redispatch}",
                      "drivers.profile=full", "planning.assumed_compliance=1")
        plans = [seen for seen in plans if seen]
        lowest[controller] = min(seen[name].min() for seen in plans for name in
                                 ("x_min_kwh", "x_min_now_kwh", "x_min_later_kwh"))
        limits[controller] = [max(seen[name].max() for seen in plans) for name in
                              ("pd_max_kw", "pd_max_now_kw", "pd_max_later_kw", "pc_max_kw")]
    assert lowest["bilayer"] < -1.0 and lowest["smart_charging"] == pytest.approx(0.0, abs=1e-9)
    assert min(limits["bilayer"]) > 0 and limits["smart_charging"][:3] == [0.0, 0.0, 0.0]
    assert limits["smart_charging"][3] == limits["bilayer"][3]
