"""What a net has to earth (capacitors, charging, iron): pandapower's voltages, losses and powers, in every layer."""

from __future__ import annotations

from dataclasses import replace
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
from tests.controllers.spatial.network_relaxation import solve_network
from tests.models.network.test_net_feeder import village
from tests.models.network.test_turns_ratio import stepping_up, tapped

WIDE = FeederLimits(v_min_pu=0.8, v_max_pu=1.2)


def with_capacitor() -> Any:
    net = village()
    pandapower.create_shunt(net, 3, q_mvar=-0.02, p_mw=0.001, step=2, vn_kv=0.38)
    pandapower.create_shunt(net, 2, q_mvar=0.01)
    pandapower.create_shunt(net, 0, q_mvar=-0.05, p_mw=0.002)
    return net


def with_charging() -> Any:
    net = village()
    net.line["c_nf_per_km"], net.line["g_us_per_km"], net.f_hz = [9e5, 4e5], 500.0, 60.0
    net.line["parallel"] = 2
    return net


def with_iron(net: Any, share: float = 0.5) -> Any:
    net.trafo["pfe_kw"], net.trafo["i0_percent"], net.trafo["parallel"] = 1.5, 4.0, 2
    net.trafo["leakage_resistance_ratio_hv"], net.trafo["leakage_reactance_ratio_hv"] = share, 1 - share
    return net


def open_at_one_end() -> Any:
    """A cable whose far end is open, one that ends at a dead bus, and a transformer without its low side."""
    net = with_charging()
    far, dead, low = pandapower.create_buses(net, 3, vn_kv=0.4)
    net.bus.loc[dead, "in_service"] = False
    for end in (far, dead):
        pandapower.create_line_from_parameters(net, 3, end, 0.3, r_ohm_per_km=0.3, x_ohm_per_km=0.08,
                                               c_nf_per_km=8e5, max_i_ka=0.2)
    pandapower.create_switch(net, far, 2, et="l", closed=False)
    pandapower.create_transformer_from_parameters(
        net, 0, low, sn_mva=0.16, vn_hv_kv=21.0, vn_lv_kv=0.4, vkr_percent=1.5, vk_percent=4.0, pfe_kw=2.0,
        i0_percent=3.0)
    pandapower.create_switch(net, low, 1, et="t", closed=False)
    return net


def beside_a_coupler() -> Any:
    net = with_charging()
    other = pandapower.create_bus(net, vn_kv=0.4)
    pandapower.create_switch(net, 3, other, et="b", closed=True)
    pandapower.create_line_from_parameters(net, 3, other, 0.1, r_ohm_per_km=0.3, x_ohm_per_km=0.08, c_nf_per_km=9e5,
                                           max_i_ka=0.2)
    return net


NETS = {"capacitor": with_capacitor, "charging": with_charging, "iron": lambda: with_iron(tapped()),
        "iron, uneven": lambda: with_iron(tapped("lv", 3), 0.3), "iron from below": lambda: with_iron(stepping_up()),
        "open at one end": open_at_one_end, "beside a coupler": beside_a_coupler}


def flow_of(feeder: Any) -> Any:
    return ac_engine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])


@pytest.fixture(scope="module", params=NETS, ids=str)
def net(request: pytest.FixtureRequest) -> Any:
    return NETS[request.param]()


def test_voltages_losses_and_powers_are_the_power_flows(net: Any) -> None:
    feeder = feeder_of_net(net, "v", WIDE)
    flow, own_pu = flow_of(feeder), net_voltages_pu(net)
    assert feeder.has_shunts
    assert flow.vm_pu[0] == pytest.approx(own_pu[feeder.bus_number], abs=1e-9)
    bare = flow_of(replace(feeder, shunt_g_pu=np.zeros(0), shunt_b_pu=np.zeros(0)))
    assert np.abs(bare.vm_pu - flow.vm_pu).max() > 1e-6, "so that the comparison has something to see"
    pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
    lost_mw = net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum() + net.res_shunt.p_mw.sum()
    assert flow.losses_kw[0] == pytest.approx(1e3 * lost_mw, abs=1e-5)
    assert flow.p_slack_kw[0] == pytest.approx(1e3 * net.res_ext_grid.p_mw.sum(), abs=1e-5)
    assert flow.q_slack_kvar[0] == pytest.approx(1e3 * net.res_ext_grid.q_mvar.sum(), abs=1e-5)
    reference = PandapowerEngine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    assert reference.vm_pu == pytest.approx(flow.vm_pu, abs=1e-9)


def test_the_lower_layers_equations_have_the_same_voltages(net: Any) -> None:
    feeder = feeder_of_net(net, "v", WIDE)
    p_kw, q_kvar = feeder.p_base_kw[None], feeder.q_base_kvar[None]
    flow = flow_of(feeder)
    solved = solve_network(feeder, p_kw, q_kvar)
    assert solved.vm_pu == pytest.approx(flow.vm_pu, abs=1e-6) and solved.relaxation_gap_max_rel < 1e-5
    assert solved.losses_kw == pytest.approx(flow.losses_kw, rel=1e-4)
    p, q, v = p_kw[:, 1:].T / 1e3, q_kvar[:, 1:].T / 1e3, flow.vm_pu[:, 1:].T ** 2
    lossless = lossless_voltage(feeder, p, q)
    assert np.all(lossless >= v) and lossless == pytest.approx(v, abs=2e-2)
    own_p, own_q = (load + y[1:, None] * lossless for load, y in ((p, feeder.shunt_g_pu), (q, -feeder.shunt_b_pu)))
    as_loads = replace(feeder, shunt_g_pu=np.zeros(0), shunt_b_pu=np.zeros(0))
    assert lossless_voltage(as_loads, own_p, own_q) == pytest.approx(lossless, abs=1e-12)
    lines = at_voltages(feeder, p, q, v)
    assert lines.current2 * lines.v_parent == pytest.approx(lines.p**2 + lines.q**2, rel=1e-6)
    assert lines.losses_mw(feeder) * 1e3 == pytest.approx(flow.losses_kw, rel=1e-9)
    drawn = [power[0] * 1e3 for power in lines.from_slack(feeder)]
    assert drawn == pytest.approx([flow.p_slack_kw[0], flow.q_slack_kvar[0]], rel=1e-9)


def test_nothing_of_them_is_approximated(net: Any) -> None:
    account = account_of_net(net, "v", FeederLimits(v_max_pu=1.2))
    assert account.difference_pu < 1e-9
    assert all(part.verdict != "approximated" for part in account.parts)


def test_what_is_open_at_one_end_is_told() -> None:
    lines = list(account_of_net(open_at_one_end(), "v", WIDE).lines())
    told = "taken: {}: its own admittance alone, as it is open at one end"
    assert {told.format("line 2-3"), told.format("trafo 1")} <= {*lines}


def test_a_capacitor_by_hand() -> None:
    feeder = feeder_of_net(with_capacitor(), "v", WIDE)
    at_380_v = 2 * (0.4 / 0.38) ** 2
    assert feeder.shunt_g_pu == pytest.approx([0.002, 0.0, 0.0, 0.001 * at_380_v])
    assert feeder.shunt_b_pu == pytest.approx([0.05, 0.0, -0.01, 0.02 * at_380_v])


@pytest.mark.parametrize(("changes", "words"), [
    ({"p_mw": -0.1}, "shunt 0: p_mw = -0.1, must be at least 0"), ({"step": -1}, "shunt 0: step = -1, must be at le"),
    ({"vn_kv": 0.0}, "shunt 0: vn_kv = 0, must be above 0"), ({"q_mvar": np.nan}, "shunt 0: q_mvar = nan, must be"),
    ({"step_dependency_table": True}, "shunt 0: its table by step is not read")])
def test_impossible_shunts_are_told(changes: dict[str, Any], words: str) -> None:
    net = village()
    pandapower.create_shunt(net, 3, q_mvar=0.1)
    for column, value in changes.items():
        net.shunt[column] = value
    with pytest.raises(RecordError, match=words):
        feeder_of_net(net, "v")


def test_impossible_charging_is_told_also_of_what_hangs_on_a_dead_bus() -> None:
    net = open_at_one_end()
    net.line.loc[3, "c_nf_per_km"], net.trafo.loc[0, "i0_percent"] = -1.0, 101.0
    with pytest.raises(RecordError, match=r"line 3: c_nf_per_km = -1\.0.*trafo 0: i0_percent = 101"):
        feeder_of_net(net, "v")
