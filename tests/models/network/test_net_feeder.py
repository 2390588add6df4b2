"""Networks from elsewhere: the voltages that pandapower gives the net itself, and clear words for what cannot serve."""

import random
from copy import deepcopy
from functools import cache

import numpy as np
import pandapower
import pytest
from pandapower import networks

from models.network.loads.net_elements import elements_of_net
from models.network.net_account import account_of_net
from models.network.net_feeder import feeder_of_net
from models.network.power_flow import ac_engine
from models.network.source import FeederLimits, feeder_from, source_of
from models.network.sources import pandapower_function
from models.network.sources.ieee33 import ieee33
from models.network.zones import zones_by_distance
from models.records.arrays import RecordError
from models.records.feeder import BASE_MVA
from models.records.groups import ZONES


def village(c_nf_per_km=0.0):
    """20 kV grid, 160 kVA transformer, two LV lines in a row with loads of 30 and 20 kW."""
    return deepcopy(_village(c_nf_per_km))


@cache
def _village(c_nf_per_km):
    net = pandapower.create_empty_network()
    high, low, middle, end = pandapower.create_buses(net, 4, vn_kv=0.4)
    net.bus.loc[high, "vn_kv"] = 20.0
    pandapower.create_ext_grid(net, high)
    pandapower.create_transformer_from_parameters(
        net, high, low, sn_mva=0.16, vn_hv_kv=20.0, vn_lv_kv=0.4, vkr_percent=1.5, vk_percent=4.0, pfe_kw=0.0,
        i0_percent=0.0)
    for start, stop, km in ((low, middle, 0.1), (middle, end, 0.2)):
        pandapower.create_line_from_parameters(net, start, stop, km, r_ohm_per_km=0.3, x_ohm_per_km=0.08,
                                               c_nf_per_km=c_nf_per_km, max_i_ka=0.2)
    pandapower.create_load(net, middle, p_mw=0.03, q_mvar=0.01)
    pandapower.create_load(net, end, p_mw=0.02, q_mvar=0.0, scaling=0.5)
    return net


def voltages_of(net, feeder):
    """pandapower's own answer for the net, at the feeder's buses."""
    pandapower.runpp(net, numba=False, lightsim2grid=False, tolerance_mva=1e-10, calculate_voltage_angles=False)
    return net.res_bus["vm_pu"].loc[feeder.bus_number].to_numpy()


def own_voltages(feeder, engine="lightsim2grid"):
    return ac_engine(feeder, engine).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None]).vm_pu[0]


# ---------------------------------------------------------------- conversion
def test_a_village_by_hand():
    feeder = feeder_of_net(village(), "village")
    assert feeder.bus_number.tolist() == [0, 1, 2, 3] and feeder.parent.tolist() == [-1, 0, 1, 2]
    z_low_ohm = 0.4**2 / BASE_MVA
    assert feeder.r_pu[1:] == pytest.approx([0.015 / 0.16, 0.03 / z_low_ohm, 0.06 / z_low_ohm])
    assert feeder.x_pu[1] == pytest.approx(np.sqrt(0.04**2 - 0.015**2) / 0.16)
    assert feeder.i_max_pu[1:] == pytest.approx([0.16, *[np.sqrt(3) * 0.4 * 0.2] * 2])
    assert feeder.p_base_kw.tolist() == [0, 0, 30, 10] and feeder.q_base_kvar.tolist() == [0, 0, 10, 0]
    assert np.all(np.isinf(feeder.transformer_kva)), "nothing stands behind a customer"
    assert feeder_of_net(village(), "half", FeederLimits(peak_scale=0.5)).p_base_kw.tolist() == [0, 0, 15, 5]


def test_voltages_are_those_of_the_net():
    net = village()
    feeder = feeder_of_net(net, "village")
    assert own_voltages(feeder) == pytest.approx(voltages_of(net, feeder), abs=1e-8)
    assert own_voltages(feeder)[3] < 0.985


@pytest.mark.slow
@pytest.mark.parametrize(("name", "buses"), [
    ("create_kerber_landnetz_freileitung_1", 15), ("create_cigre_network_lv", 41)])
def test_low_voltage_nets_have_pandapowers_voltages(name, buses):
    feeder, net = feeder_from(f"pandapower:{name}"), getattr(networks, name)()
    net.ext_grid["vm_pu"] = 1.0
    assert feeder.bus_count == buses and feeder.nominal_kv > 1
    assert own_voltages(feeder) == pytest.approx(voltages_of(net, feeder), abs=1e-8)


def test_a_network_that_pandapower_draws_is_the_same_each_time_and_nobody_elses_draws_move():
    """Kerber's villages have one of two cables to each house, by Python's own random numbers."""
    random.seed(5)
    first, then = (pandapower_function._net("pandapower:create_kerber_landnetz_kabel_1").line for _ in range(2))
    drawn = random.random()
    assert first.std_type.tolist() == then.std_type.tolist() and first.std_type.nunique() > 1
    random.seed(5)
    assert random.random() == drawn


@pytest.mark.slow
@pytest.mark.parametrize("source", ["pandapower:create_kerber_vorstadtnetz_kabel_1", "pandapower:mv_oberrhein",
                                    "simbench:1-MV-urban--0-sw", "simbench:1-LV-rural1--0-sw"])
def test_both_engines_agree(source):
    feeder = feeder_from(source)
    assert np.abs(own_voltages(feeder) - own_voltages(feeder, "pandapower")).max() < 1e-8


def test_ieee33_comes_out_the_same_by_name():
    rated = FeederLimits(peak_scale=0.83, line_rating_a=400.0)
    known, read = ieee33(peak_scale=0.83), feeder_from("pandapower:case33bw", rated)
    assert read.bus_number.tolist() == (known.bus_number - 1).tolist() and read.nominal_kv == known.nominal_kv
    for name in ("parent", "r_pu", "x_pu", "p_base_kw", "q_base_kvar"):
        assert getattr(read, name) == pytest.approx(getattr(known, name), rel=1e-12), name
    assert read.transformer_kva[1:].max() < np.inf
    assert read.i_max_pu[1:] == pytest.approx(np.full(32, known.i_max_pu[1])), "400 A is the trunk's rating"


def test_a_file_is_read_back(tmp_path):
    pandapower.to_json(village(), str(tmp_path / "village.json"))
    assert own_voltages(feeder_from(str(tmp_path / "village.json"))) == pytest.approx(
        own_voltages(feeder_of_net(village(), "village")), abs=1e-12)


def test_loads_and_sources_of_unlike_phases_are_their_sums():
    """As in pandapower's balanced power flow: 3 + 1 + 2 kW, half of it, beside the 10 at that bus."""
    net = village()
    pandapower.create_asymmetric_load(net, 3, p_a_mw=0.003, p_b_mw=0.001, p_c_mw=0.002, q_a_mvar=0.001, q_c_mvar=0.003,
                                      scaling=0.5)
    feeder = feeder_of_net(net, "v")
    assert feeder.p_base_kw[3] == pytest.approx(13.0) and feeder.q_base_kvar[3] == pytest.approx(2.0)
    assert own_voltages(feeder) == pytest.approx(voltages_of(net, feeder), abs=1e-8)
    pandapower.create_asymmetric_sgen(net, 2, p_a_mw=0.004, p_b_mw=0.002, q_b_mvar=-0.001, scaling=0.5)
    elements = elements_of_net(net, feeder.bus_number)
    roof = elements.table.index("asymmetric_sgen")
    assert (elements.p_kw[roof], elements.q_kvar[roof]) == pytest.approx((-3.0, 0.5))
    account = account_of_net(net, "v", FeederLimits(), {("asymmetric_sgen", 0): "as its series says"})
    assert account.unexplained_pu < 1e-9
    assert "taken: asymmetric_sgen 0: as its series says" in list(account.lines())
    net.asymmetric_load["in_service"] = net.asymmetric_sgen["in_service"] = False
    assert not elements_of_net(net, feeder.bus_number).p_kw[[roof, elements.table.index("asymmetric_load")]].any()


# ---------------------------------------------------------------- what is told of a net
def above_the_village(low_kv=20.0, **options):
    """The village behind 110 kV and a transformer to its 20 kV, which a tap changer would hold."""
    net = village()
    grid = pandapower.create_bus(net, vn_kv=110.0)
    net.ext_grid["bus"] = grid
    pandapower.create_load(net, grid, p_mw=1.0)
    pandapower.create_transformer_from_parameters(
        net, grid, 0, sn_mva=0.4, vn_hv_kv=110.0, vn_lv_kv=low_kv, vkr_percent=0.5, vk_percent=12.0, pfe_kw=0.0,
        i0_percent=0.0, **options)
    return net, grid


def test_a_low_side_that_is_held_is_told_with_what_holding_it_does():
    """By hand: with the transformer the village begins where pandapower has its 20 kV, without it at 1 pu."""
    net, grid = above_the_village()
    account = account_of_net(net, "v", FeederLimits())
    feeder = feeder_of_net(net, "v")
    effect_pu = np.abs(own_voltages(feeder) - voltages_of(net, feeder)).max()
    assert effect_pu > 2e-3 and account.difference_pu == pytest.approx(effect_pu, abs=1e-8)
    assert account.unexplained_pu < 1e-9, "pandapower with the low side held"
    assert account.buses == (4, 5) and account.load_kw == (40.0, 1040.0)
    lines = list(account.lines())
    assert (f"approximated: trafo 1: its low side is held at 1 pu, as by a tap changer; largest effect {effect_pu:.5f} "
            "pu") in lines
    assert f"approximated: bus {grid}: left out, on the grid's side of the slack" in lines


def test_busbars_behind_two_held_transformers_are_held_both():
    net, grid = above_the_village(20.4)
    other, end = pandapower.create_buses(net, 2, vn_kv=20.0)
    pandapower.create_transformer_from_parameters(
        net, grid, other, sn_mva=0.4, vn_hv_kv=110.0, vn_lv_kv=20.0, vkr_percent=0.5, vk_percent=12.0, pfe_kw=0.0,
        i0_percent=0.0)
    pandapower.create_line_from_parameters(net, other, end, 5.0, 0.6, 0.3, 0.0, 0.2)
    pandapower.create_load(net, end, p_mw=0.2)
    account = account_of_net(net, "v", FeederLimits(slack_vm_pu=1.01))
    assert account.unexplained_pu < 1e-9 and account.difference_pu > 1e-3
    told = [line for line in account.lines() if "trafo 1, 2: its low side is held at 1.01 pu" in line]
    assert [line.endswith(f"; largest effect {account.difference_pu:.5f} pu") for line in told] == [True], "by itself"


def test_tables_that_no_power_flow_looks_at_are_told_as_not_in_use():
    net = village()
    pandapower.create_poly_cost(net, 0, "ext_grid", cp1_eur_per_mw=30.0)
    assert "not in use: poly_cost 0: no part of a power flow" in list(account_of_net(net, "v", FeederLimits()).lines())


# ---------------------------------------------------------------- switches and busbars
def test_a_ring_is_named_and_an_open_switch_opens_it():
    net = village()
    ring = pandapower.create_line_from_parameters(net, 1, 3, 0.1, r_ohm_per_km=0.3, x_ohm_per_km=0.08, c_nf_per_km=0,
                                                  max_i_ka=0.2)
    with pytest.raises(RecordError, match=r"feeder v: not radial: line \d closes a ring with line \d, line \d; open"):
        feeder_of_net(net, "v")
    pandapower.create_switch(net, 1, ring, et="l", closed=False)
    assert feeder_of_net(net, "v").parent.tolist() == [-1, 0, 1, 2]


def test_a_closed_coupler_fuses_and_an_open_one_cuts_off():
    net = village()
    beyond = pandapower.create_bus(net, vn_kv=0.4)
    pandapower.create_load(net, beyond, p_mw=0.007)
    coupler = pandapower.create_switch(net, 3, beyond, et="b", closed=True)
    assert feeder_of_net(net, "v").p_base_kw.tolist() == [0, 0, 30, 17]
    net.switch.loc[coupler, "closed"] = False
    assert feeder_of_net(net, "v").p_base_kw.tolist() == [0, 0, 30, 10]


@pytest.mark.slow
def test_busbars_behind_two_tap_changers_are_one_slack():
    feeder = feeder_from("simbench:1-MV-urban--0-sw", FeederLimits(slack_vm_pu=1.02))
    assert feeder.bus_count == 137 and feeder.nominal_kv == 10 and feeder.v_slack_pu == 1.02
    assert feeder.p_base_kw.sum() == pytest.approx(49_707, abs=1)


def test_what_hangs_on_a_bus_out_of_service_is_left_out():
    net = village()
    net.bus.loc[3, "in_service"] = False
    feeder = feeder_of_net(net, "v")
    assert feeder.bus_number.tolist() == [0, 1, 2] and feeder.p_base_kw.tolist() == [0, 0, 30]
    assert own_voltages(feeder) == pytest.approx(voltages_of(net, feeder), abs=1e-8)


def test_several_external_grids_are_one_slack():
    net = village()
    other, end = pandapower.create_buses(net, 2, vn_kv=20.0)
    pandapower.create_ext_grid(net, other)
    pandapower.create_line_from_parameters(net, other, end, 1.0, r_ohm_per_km=0.3, x_ohm_per_km=0.3, c_nf_per_km=0.0,
                                           max_i_ka=0.2)
    pandapower.create_load(net, end, p_mw=0.5)
    feeder = feeder_of_net(net, "two")
    assert feeder.p_base_kw.sum() == 540 and feeder.bus_count == 5
    assert own_voltages(feeder) == pytest.approx(voltages_of(net, feeder), abs=1e-8)
    pandapower.create_ext_grid(net, 3)
    with pytest.raises(RecordError, match="ext_grid 0, ext_grid 1, ext_grid 2: hold buses of different voltage levels"):
        feeder_of_net(net, "two")


def test_check_says_how_much_of_a_net_is_taken(tmp_path):
    net = village()
    pandapower.create_load(net, pandapower.create_bus(net, vn_kv=0.4), p_mw=0.06)
    pandapower.to_json(net, str(tmp_path / "village.json"))
    account, text = source_of("village.json").account, str(tmp_path / "village.json")
    assert account(text, FeederLimits(), {}).buses == (4, 5) and account(text, FeederLimits(), {}).load_kw == (40, 100)
    pandapower.to_json(village(), text)
    assert next(account(text, FeederLimits(), {}).lines()).startswith("4 of 4 buses, 40 of 40 kW of load")


# ---------------------------------------------------------------- refusals
@pytest.mark.parametrize(("source", "words"), [
    ("pandapower:pp_elements", "^feeder .*pp_elements: makes no net$"),
    ("pandapower:no_such_net", "no such function"), ("simbench:9-XX", "no such grid"), ("ieee34", "must be"),
    ("nowhere.json", "no such file"), ("pandapower:case33bw", r"line 0-31: max_i_ka = 99999.0.*give line_rating_a"),
    ("pandapower:create_cigre_network_hv", "not radial"),
    pytest.param("pandapower:case9", "not radial", marks=pytest.mark.slow),
    pytest.param("pandapower:lv_schutterwald", "not radial", marks=pytest.mark.slow)])
def test_what_cannot_serve_is_told(source, words):
    with pytest.raises(RecordError, match=words):
        feeder_from(source)


def test_a_file_that_is_no_net_is_told(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(RecordError, match=r"x\.json"):
        feeder_from(str(tmp_path / "x.json"))


@pytest.mark.parametrize(("create", "word"), [
    (lambda net: pandapower.create_ward(net, 3, 0.01, 0.0, 0.0, 0.0), "ward"),
    (lambda net: pandapower.create_load(net, 3, p_mw=np.nan), "load 2: p_mw = nan, must be at least 0")])
def test_loads_of_other_kinds_are_not_lost_in_silence(create, word):
    net = village()
    create(net)
    with pytest.raises(RecordError, match=word):
        feeder_of_net(net, "v")


def test_elements_that_a_tree_cannot_hold_are_refused():
    net = village()
    pandapower.create_impedance(net, 2, 3, rft_pu=0.1, xft_pu=0.1, sn_mva=1.0)
    with pytest.raises(RecordError, match="impedance"):
        feeder_of_net(net, "v")


# ---------------------------------------------------------------- zones
def test_zones_follow_the_distance():
    zones = zones_by_distance(ieee33(), {"office": 0.25, "commercial": 0.25, "residential": 0.5})
    assert sorted(zones) == list(range(2, 34))
    office = [bus for bus, zone in zones.items() if zone == ZONES.index("office")]
    assert len(office) == 8 and {2, 3, 19} <= set(office) and zones[18] == ZONES.index("residential")


def test_shares_that_leave_a_zone_empty_are_refused():
    with pytest.raises(RecordError, match="leave none for"):
        zones_by_distance(feeder_of_net(village(), "v"))
    with pytest.raises(RecordError, match=r"add up to 0\.9"):
        zones_by_distance(ieee33(), {"office": 0.2, "commercial": 0.2, "residential": 0.5})
