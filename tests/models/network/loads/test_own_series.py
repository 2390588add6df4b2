"""Profiles that a net brings for its own elements."""

from __future__ import annotations

import numpy as np
import pytest

from models.network.loads.composing import Given, bus_loads
from models.network.loads.net_elements import elements_of_net
from models.network.loads.own_series import OwnProfiles, own_series
from models.network.net_feeder import feeder_of_net
from models.network.source import FeederLimits
from models.records.arrays import RecordError
from tests.models.network.loads.street import street

NET = street()
NET.load["profile"], NET.sgen["profile"], NET.storage["profile"] = ["H", "S", None, "H"], ["sun", "wind"], "night"
FEEDER = feeder_of_net(NET, "street", FeederLimits(v_max_pu=1.1))
ELEMENTS = elements_of_net(NET, FEEDER.bus_number)
ROWS = np.arange(4.0)
PROFILES = OwnProfiles({"L/H_pload": ROWS, "L/H_qload": 2 * ROWS, "L/S_pload": 3 + ROWS, "L/S_qload": 4 + ROWS,
                        "R/sun": 5 + ROWS, "P/wind": 6 + ROWS, "B/night": -ROWS},
                       {"load": ("L",), "sgen": ("R", "P"), "storage": ("B",)}, 900)


def test_an_element_draws_its_share_of_its_own_power() -> None:
    loads = bus_loads(FEEDER, ELEMENTS, Given(), own_series(PROFILES, ELEMENTS, FEEDER, -900))
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
        own_series(few, ELEMENTS, FEEDER, 0)
