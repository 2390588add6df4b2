"""Profiles that a net brings for its own elements."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import numpy as np
import pandapower
import pytest

from models.network.loads.composing import Given, bus_loads
from models.network.loads.elements import Elements
from models.network.loads.net_elements import elements_of_net
from models.network.loads.own_series import OwnProfiles, own_series
from models.network.net_feeder import feeder_of_net
from models.network.power_flow import ac_engine
from models.network.source import FeederLimits, source_of
from models.records.arrays import RecordError
from models.records.feeder import RadialFeeder
from models.tables import simbench_year
from tests.models.network.loads.street import street

ROWS = np.arange(4.0)
PROFILES = OwnProfiles({"L/H_pload": ROWS, "L/H_qload": 2 * ROWS, "L/S_pload": 3 + ROWS, "L/S_qload": 4 + ROWS,
                        "R/sun": 5 + ROWS, "P/wind": 6 + ROWS, "B/night": -ROWS},
                       {"load": ("L",), "sgen": ("R", "P"), "storage": ("B",)}, 900)


def profiled() -> Any:
    net = street()
    net.load["profile"], net.sgen["profile"], net.storage["profile"] = ["H", "S", None, "H"], ["sun", "wind"], "night"
    return net


@cache
def feeder() -> RadialFeeder:
    return feeder_of_net(profiled(), "street", FeederLimits(v_max_pu=1.1))


@cache
def elements() -> Elements:
    return elements_of_net(profiled(), feeder().bus_number)


def test_an_element_draws_its_share_of_its_own_power() -> None:
    loads = bus_loads(feeder(), elements(), Given(), own_series(PROFILES, elements(), feeder(), -900))
    p_kw, q_kvar = loads.drawn(900.0 * np.arange(3), np.ones(2))
    now = ROWS[1:3]
    assert p_kw[2] == pytest.approx(4.0 * now) and q_kvar[2] == pytest.approx(1.0 * 2 * now)
    assert p_kw[3] == pytest.approx(20.0 * (3 + now) - 30.0 * (5 + now))
    assert q_kvar[3] == pytest.approx(6.0 * (4 + now) + 6.0 * (5 + now))
    assert p_kw[5] == pytest.approx(8.0 + 3.0 * -now), "the pump follows the system's load"
    assert p_kw[6] == pytest.approx(2.0 * now - 4.0 * (6 + now))
    assert loads.notes == ("without a series, following the system's load: load 2 'Pump'",)


def test_profiles_that_the_net_does_not_have_are_named() -> None:
    few = OwnProfiles({"L/H_pload": ROWS, "L/H_qload": ROWS, "R/sun": ROWS, "B/night": ROWS}, PROFILES.files, 900)
    with pytest.raises(RecordError, match=r"load 1 'School': the net has no profile 'S'; sgen 1 'Wind': .* 'wind'$"):
        own_series(few, elements(), feeder(), 0)


def test_a_net_whose_elements_name_no_profile_has_no_series_of_its_own() -> None:
    without = elements_of_net(street(), feeder().bus_number)
    with pytest.raises(RecordError, match=r"^series of feeder street: feeder street: no element names a profile$"):
        own_series(PROFILES, without, feeder(), 0)


@pytest.mark.slow
def test_quarter_hours_of_simbench_are_pandapowers_own() -> None:
    """Night, morning, noon and evening of a day: voltages of the net with its own values of those times."""
    simbench = pytest.importorskip("simbench")
    text, limits = "simbench:1-LV-rural1--2-sw", FeederLimits(v_max_pu=1.1)
    source, net = source_of(text), simbench.get_simbench_net("1-LV-rural1--2-sw")
    feeder = source.feeder(text, limits)
    assert source.elements is not None and source.profiles is not None
    elements = source.elements(text, feeder.bus_number)
    series = own_series(source.profiles(text), elements, feeder, simbench_year.first_s(dt.date(2016, 6, 14)))
    loads, engine = bus_loads(feeder, elements, Given(), series), ac_engine(feeder)
    first, quarters = net.profiles["load"]["time"].tolist().index("14.06.2016 00:00"), (8, 28, 50, 76)
    for table, frame in net.profiles.items():
        net.profiles[table] = frame.iloc[[first + quarter for quarter in quarters]]
    values = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    for quarter in quarters:
        for (table, column), frame in values.items():
            net[table].loc[frame.columns, column] = frame.loc[first + quarter].to_numpy()
        pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
        p_kw, q_kvar = loads.drawn(900.0 * np.array([quarter, quarter + 1.0]), np.ones(1))
        vm_pu = engine.power_flow(p_kw.T, q_kvar.T).vm_pu[0]
        assert vm_pu == pytest.approx(net.res_bus["vm_pu"].loc[feeder.bus_number].to_numpy(), abs=1e-6)
    assert not loads.follow_kw.any(), "every load has its profile"
