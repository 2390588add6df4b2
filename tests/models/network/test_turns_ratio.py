"""Off-nominal transformers, tap changers, switches with an impedance: pandapower's voltages, in every layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandapower
import pytest

from controllers.joint.network import at_voltages
from controllers.spatial.branch_flow.equations import lossless_voltage
from models.network.net_account import account_of_net
from models.network.net_feeder import feeder_of_net
from models.network.power_flow import PandapowerEngine, ac_engine, net_voltages_pu
from models.network.source import FeederLimits
from models.records.arrays import RecordError
from models.records.feeder import RadialFeeder
from tests.controllers.spatial.network_relaxation import solve_network
from tests.models.network.test_net_feeder import village

WIDE = FeederLimits(v_min_pu=0.8, v_max_pu=1.2)


def tapped(side: str = "hv", pos: int = -2, percent: float = 2.5, degree: float = 0.0, low_kv: float = 0.42) -> Any:
    net = village()
    net.trafo.loc[0, "vn_lv_kv"] = low_kv
    for column, value in (("tap_side", side), ("tap_changer_type", "Ratio")):
        net.trafo[column] = net.trafo[column].astype(object)
        net.trafo.loc[0, column] = value
    net.trafo.loc[0, ["tap_neutral", "tap_pos", "tap_step_percent", "tap_step_degree"]] = 0, pos, percent, degree
    return net


def stepping_up() -> Any:
    """0.4 kV, up to 20 kV and down again: the first transformer is met from its low side."""
    net = village()
    first = pandapower.create_bus(net, vn_kv=0.4)
    net.ext_grid["bus"] = first
    pandapower.create_transformer_from_parameters(
        net, 0, first, sn_mva=0.25, vn_hv_kv=20.5, vn_lv_kv=0.4, vkr_percent=1.5, vk_percent=4.0, pfe_kw=0.0,
        i0_percent=0.0)
    return net


def flow_of(feeder: RadialFeeder) -> Any:
    return ac_engine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])


@pytest.mark.parametrize("make", [
    tapped, partial(tapped, "lv", 3), partial(tapped, pos=0), partial(tapped, degree=30.0),
    partial(tapped, "lv", -1, 5.0, 90.0), stepping_up],
    ids=["high side", "low side", "neutral", "oblique", "across", "from below"])
def test_voltages_losses_and_power_are_pandapowers(make: Callable[[], Any]) -> None:
    net = make()
    feeder = feeder_of_net(net, "tapped", WIDE)
    flow, own_pu = flow_of(feeder), net_voltages_pu(net)
    assert flow.vm_pu[0] == pytest.approx(own_pu[feeder.bus_number], abs=1e-9)
    pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
    assert flow.losses_kw[0] == pytest.approx(1e3 * (net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum()), abs=1e-5)
    assert flow.p_slack_kw[0] == pytest.approx(1e3 * net.res_ext_grid.p_mw.sum(), abs=1e-5)
    loading_percent = flow.line_loading_percent[0, feeder.bus_number == net.line.to_bus[0]]
    assert loading_percent == pytest.approx(net.res_line.loading_percent[0], rel=1e-6)
    reference = PandapowerEngine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    assert reference.vm_pu == pytest.approx(flow.vm_pu, abs=1e-9)


@pytest.mark.parametrize(("column", "ratio"), [("tap_changer_type", 1.05), ("tap_dependency_table", 1.05 / 0.95),
                                               ("tap_side", 1.05)])
def test_a_net_without_a_column_of_taps_has_those_that_pandapower_finds(column: str, ratio: float) -> None:
    """A tap changer of no kind or on no side does nothing; where no table is spoken of there is none."""
    net = tapped()
    net.trafo = net.trafo.drop(columns=column)
    assert feeder_of_net(net, "v", WIDE).turns_ratio[1] == pytest.approx(ratio)
    account = account_of_net(net, "v", WIDE)
    assert account.difference_pu < 1e-9 and "taken: trafo 0" in list(account.lines())


@pytest.mark.parametrize("make", [
    partial(tapped, pos=0), partial(tapped, pos=2), tapped, partial(tapped, "lv", 3), partial(tapped, "lv", -1)])
def test_the_winding_that_is_loaded_more_is_told_as_pandapower_does(make: Callable[[], Any]) -> None:
    net = make()
    net.trafo["df"] = 0.5
    net.trafo["parallel"] = 2
    pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
    loading_percent = flow_of(feeder_of_net(net, "derated", WIDE)).line_loading_percent[0, 1]
    assert loading_percent == pytest.approx(net.res_trafo.loading_percent[0], rel=1e-6)


def test_five_percent_by_hand() -> None:
    feeder = feeder_of_net(tapped(pos=0), "v", WIDE)
    assert feeder.turns_ratio == pytest.approx([1.0, 1.05, 1.0, 1.0]) and feeder.voltage_scale[3] == pytest.approx(1.05)
    assert feeder.r_pu[1] == pytest.approx(0.015 / 0.16 * 1.05**2), "seen from the low side"


@pytest.mark.parametrize("make", [tapped, stepping_up], ids=["down", "up"])
def test_the_lower_layers_equations_have_the_same_voltages(make: Callable[[], Any]) -> None:
    net = make()
    feeder = feeder_of_net(net, "tapped", WIDE)
    p_kw, q_kvar = feeder.p_base_kw[None], feeder.q_base_kvar[None]
    flow = flow_of(feeder)
    solved = solve_network(feeder, p_kw, q_kvar)
    assert solved.vm_pu == pytest.approx(flow.vm_pu, abs=1e-6) and solved.relaxation_gap_max_rel < 1e-5
    lossless = lossless_voltage(feeder, p_kw[:, 1:].T / 1e3, q_kvar[:, 1:].T / 1e3)
    v = flow.vm_pu[:, 1:].T ** 2
    assert np.all(lossless >= v) and lossless == pytest.approx(v, abs=2e-2)
    lines = at_voltages(feeder, p_kw[:, 1:].T / 1e3, q_kvar[:, 1:].T / 1e3, v)
    assert lines.current2 * lines.v_parent == pytest.approx(lines.p**2 + lines.q**2, rel=1e-6)


def test_a_coupler_with_an_impedance_is_a_branch() -> None:
    net = village()
    beyond = pandapower.create_bus(net, vn_kv=0.4)
    pandapower.create_load(net, beyond, p_mw=0.02)
    pandapower.create_switch(net, 3, beyond, et="b", closed=True, z_ohm=0.05)
    feeder = feeder_of_net(net, "v")
    assert feeder.bus_count == 5 and flow_of(feeder).vm_pu[0] == pytest.approx(net_voltages_pu(net), abs=1e-9)


def test_the_users_word_on_the_voltage_is_told_with_its_effect() -> None:
    net = village()
    net.ext_grid["vm_pu"] = 1.03
    assert feeder_of_net(net, "v").v_slack_pu == 1.03
    account = account_of_net(net, "v", FeederLimits(slack_vm_pu=1.0))
    assert any("approximated: ext_grid 0: holds 1 pu, as slack_vm_pu says; largest effect 0.03" in line
               for line in account.lines())


def test_loads_that_follow_the_voltage_are_told_with_their_effect() -> None:
    net = village()
    net.load["const_z_p_percent"] = 100.0
    account = account_of_net(net, "v", FeederLimits())
    assert any(line.startswith("approximated: load 0, 1: of constant power") for line in account.lines())
    assert account.unexplained_pu < 1e-9 < account.difference_pu


def test_what_pandapower_refuses_is_told_in_its_words() -> None:
    net = tapped(degree=2.0)
    net.trafo["tap_changer_type"] = "Ideal"
    with pytest.raises(RecordError, match=r"finds no voltages.*Both tap_step_degree and tap_step_percent"):
        account_of_net(net, "ideal", WIDE)


def test_loads_beyond_all_measure_are_told_as_such() -> None:
    net = village()
    net.load["p_mw"] = 1e3
    with pytest.raises(RecordError, match=r"finds no voltages.*impedances or loads are impossible"):
        account_of_net(net, "too much", WIDE)
