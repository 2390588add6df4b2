"""A tap changer: its band and its delay, positions of a net's own transformer, and what cannot regulate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandapower
import pytest

from models.network.net_feeder import feeder_of_net, substation_taps
from models.network.power_flow import TappedFeeder, ac_engine
from models.network.source import FeederLimits
from models.network.transformers.tap_changer import Regulator, TapChanger, tap_changer_of
from models.records.arrays import RecordError
from tests.models.network.loads.street import street

LIMITS = FeederLimits(v_max_pu=1.15, holds_low_side=False)
CHANGER = TapChanger(np.arange(-3, 4), 1.0 + 0.01 * np.arange(-3, 4), 3, 1, 1.0, 0.03, 90.0)


def positions(changer: TapChanger, drops: list[float], step_s: float) -> list[int]:
    """Where it stands in steps in which the bus lies so far below the slack."""
    regulator = Regulator(changer)
    rows = [regulator.moved(step_s, lambda row, drop=drop: float(changer.slack_vm_pu[row]) - drop) for drop in drops]
    return changer.position[rows].tolist()


def test_it_rests_within_its_band() -> None:
    assert positions(CHANGER, [0.0149, -0.0149, 0.01], 900.0) == [0, 0, 0]
    assert positions(CHANGER, [0.016], 900.0) == [1], "one position brings it back"


def test_it_moves_as_often_as_its_delay_lets_it() -> None:
    assert positions(CHANGER, [0.04], 900.0) == [3]
    assert positions(CHANGER, [0.04], 200.0) == [2], "the third move would come after 270 s"
    assert positions(CHANGER, [0.04] * 5, 60.0) == [0, 1, 2, 2, 3], "what was waited is kept"
    assert positions(CHANGER, [0.04, 0.0, 0.04, 0.04], 60.0) == [0, 0, 0, 1], "unless it was within the band meanwhile"
    assert positions(CHANGER, [0.2, -0.2, -0.2], 900.0) == [3, -3, -3], "at its end it stands"


@pytest.mark.parametrize(("delay_s", "moves"), [(0.0, 7), (100.0, 7), (150.0, 6), (900.0, 1)])
def test_where_no_position_rests_it_moves_no_more_often_than_there_are_positions(delay_s: float, moves: int) -> None:
    """A voltage that jumps across the band with every move: up, down, up, ... by its delay, seven times at most."""
    regulator = Regulator(replace(CHANGER, delay_s=delay_s))
    seen = []

    def across(row: int) -> float:
        seen.append(row)
        return 0.8 if row == CHANGER.start else 1.2

    assert regulator.moved(900.0, across) == CHANGER.start + moves % 2
    assert seen[:moves] == [CHANGER.start + move % 2 for move in range(moves)]


def test_a_band_narrower_than_a_position_is_refused() -> None:
    with pytest.raises(RecordError, match=r"dead_band_pu = 0.01, must be above 0.01, which is one position"):
        replace(CHANGER, dead_band_pu=0.01)


def test_positions_are_those_of_pandapower() -> None:
    """At each position of the street's transformer: voltages of pandapower's own power flow with that tap."""
    net = street()
    feeder, taps = feeder_of_net(net, "street", LIMITS), substation_taps(net, "street")
    changer = tap_changer_of(taps, feeder.v_slack_pu, 1, 1.0, 0.05, 60.0)
    assert changer.position.tolist() == [2, 1, 0, -1, -2] and changer.position[changer.start] == 2
    tapped = TappedFeeder(feeder, changer.slack_vm_pu, "lightsim2grid")
    for row, position in enumerate(changer.position):
        net.trafo["tap_pos"] = position
        net.sgen["in_service"] = net.storage["in_service"] = False
        pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
        flow = tapped.at(row)[1].power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
        assert flow.vm_pu[0, 1:] == pytest.approx(net.res_bus.vm_pu.to_numpy()[1:], abs=1e-8)
        assert flow.p_slack_kw[0] == pytest.approx(net.res_ext_grid.p_mw[0] * 1e3, abs=1e-5), "iron losses too"
        assert tapped.at(row) is tapped.at(row), "made once"
        assert tapped.nearest(float(flow.vm_pu[0, 0]) + 1e-9) == row


def test_a_transformer_above_low_voltage_is_a_branch_that_regulates() -> None:
    """What else holds its low side; two side by side move together."""
    net = street()
    low = pandapower.create_bus(net, vn_kv=110.0)
    net.ext_grid["bus"] = low
    pandapower.create_transformer(net, low, 0, "25 MVA 110/20 kV")
    held, free = (feeder_of_net(net, "n", replace(LIMITS, holds_low_side=held)) for held in (True, False))
    assert held.bus_number[0] == 0 and free.bus_number[:2].tolist() == [low, 0]
    taps = substation_taps(net, "n")
    assert taps.position.tolist() == list(range(-9, 10)) and taps.ratio[0] > 1.0 > taps.ratio[-1]
    flow = ac_engine(free).power_flow(free.p_base_kw[None], free.q_base_kvar[None])
    assert np.isfinite(flow.vm_pu).all()


def changed(**columns: Any) -> Any:
    net = street()
    for name, value in columns.items():
        net.trafo[name] = value
    return net


def with_line_beside() -> Any:
    net = street()
    far = pandapower.create_bus(net, vn_kv=20.0)
    pandapower.create_line_from_parameters(net, 0, far, 1.0, 0.1, 0.1, 0.0, 0.2)
    return net


def with_shunt() -> Any:
    net = street()
    pandapower.create_shunt(net, 0, q_mvar=-0.1)
    return net


def without_transformer() -> Any:
    net = street()
    net.ext_grid["bus"] = 1
    return net


@pytest.mark.parametrize(("net", "words"), [
    (changed(tap_max=np.nan), "trafo 0: tap_min, tap_max and tap_pos must be given"),
    (changed(tap_pos=5), "trafo 0: tap_pos = 5 must lie in tap_min = -2 to tap_max = 2"),
    (changed(tap_side="lv"), "trafo 0: its tap changer stands on the low side"),
    (changed(tap_step_percent=0.0), "trafo 0: its positions change no ratio"),
    (changed(tap_dependency_table=True), "trafo 0: its table by tap position is not read"),
    (with_line_beside(), "line 5 leaves the bus of the external grid beside the transformer"),
    (with_shunt(), "a shunt stands at the bus of the external grid"),
    (without_transformer(), "no transformer stands behind its external grid; say step_percent and bus")])
def test_what_cannot_regulate_is_told(net: Any, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        substation_taps(net, "street")
