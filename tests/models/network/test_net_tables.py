"""Impossible nets are refused with the table, number and value of every mistake, all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest

from models.network.net_feeder import feeder_of_net
from models.network.source import FeederLimits
from models.records.arrays import RecordError
from tests.models.network.test_net_feeder import village


def setting(table: str, row: int, column: str, value: Any) -> Callable[[Any], None]:
    def change(net: Any) -> None:
        if isinstance(value, str):
            net[table][column] = net[table][column].astype(object)
        net[table].loc[row, column] = value
    return change


def dropping(table: str, column: str) -> Callable[[Any], None]:
    def change(net: Any) -> None:
        net[table] = net[table].drop(columns=column)
    return change


def replacing(table: str, value: Any) -> Callable[[Any], None]:
    def change(net: Any) -> None:
        net[table] = value
    return change


@pytest.mark.parametrize(("change", "words"), [
    (setting("bus", 2, "vn_kv", 0.0), "bus 2: vn_kv = 0.0, must be at least 0.05"),
    (setting("bus", 2, "vn_kv", -10.0), "bus 2: vn_kv = -10.0, must"),
    (setting("bus", 2, "vn_kv", np.nan), "bus 2: vn_kv = nan, must"),
    (setting("bus", 2, "vn_kv", np.inf), "bus 2: vn_kv = inf, must"),
    (setting("bus", 2, "vn_kv", 20.0), "line 0: joins bus 1 of 0.4 kV with bus 2 of 20 kV"),
    (setting("load", 0, "p_mw", -100.0), "load 0: p_mw = -100.0, must be at least 0"),
    (setting("load", 0, "p_mw", "x"), "load 0: p_mw = x, must"),
    (setting("load", 0, "p_mw", "0.05"), "load 0: p_mw = '0.05' is a text, must be a number"),
    (setting("line", 1, "length_km", "1"), "line 1: length_km = '1' is a text, must be a number"),
    (setting("load", 0, "bus", 999), "load 0: bus = 999 is no bus of the net"),
    (setting("load", 1, "scaling", -1.0), "load 1: scaling = -1.0, must"),
    (setting("line", 0, "parallel", 0), "line 0: parallel = 0, must be at least 1"),
    (setting("line", 1, "max_i_ka", 0.0), "line 1: max_i_ka = 0.0, must be above 0"),
    (setting("line", 1, "length_km", 0.0), "line 1: length_km = 0.0, must be above 0"),
    (setting("line", 1, "length_km", -1.0), "line 1: length_km = -1.0, must be above 0"),
    (setting("line", 1, "length_km", 1e-9), "line 1: its impedance of 3.1e-10 ohm must be at least 8e-07 ohm"),
    (setting("line", 1, "df", 0.0), "line 1: df = 0.0, must be above 0"),
    (setting("trafo", 0, "sn_mva", 0.0), "trafo 0: sn_mva = 0.0, must be above 0"),
    (setting("trafo", 0, "vkr_percent", 5.0), "trafo 0: vkr_percent must not be above vk_percent"),
    (setting("trafo", 0, "vn_lv_kv", 20.0), "trafo 0: vn_lv_kv = 20 is no winding for its bus of 0.4 kV"),
    (setting("ext_grid", 0, "vm_pu", 0.0), "ext_grid 0: vm_pu = 0.0, must be at least 0.8"),
    (setting("ext_grid", 0, "vm_pu", 1.1), "its external grid holds vm_pu = 1.1, which must .* say slack_vm_pu"),
    (setting("ext_grid", 0, "in_service", value=False), "ext_grid: has no external grid in service"),
    (dropping("load", "p_mw"), "load: has no column p_mw"),
    (dropping("line", "r_ohm_per_km"), "line: has no column r_ohm_per_km"),
    (dropping("bus", "vn_kv"), "bus: has no column vn_kv"),
    *[(replacing(table, value), f"{table}: is no table")
      for table in ("bus", "line", "trafo", "load", "ext_grid", "switch") for value in (None, 5, "x", [], {})],
    (replacing("bus", pd.DataFrame({"vn_kv": [20.0], "in_service": True}, index=["b0"])), "bus: every row needs"),
    (replacing("bus", pd.DataFrame({"vn_kv": [20.0, 20.0], "in_service": True}, index=[0, 0])), "bus: every row needs"),
    (replacing("bus", pd.DataFrame()), "ext_grid 0: bus = 0 is no bus of the net")])
def test_an_impossible_value_is_told_by_table_number_and_value(change: Callable[[Any], None], words: str) -> None:
    net = village()
    change(net)
    with pytest.raises(RecordError, match=words):
        feeder_of_net(net, "v")


def test_all_mistakes_are_told_at_once_and_with_their_names() -> None:
    net = village()
    net.line.loc[1, ["name", "length_km", "parallel"]] = "to the mill", 0.0, 0
    net.load.loc[0, "p_mw"] = -100.0
    net.trafo.loc[0, "sn_mva"] = 0.0
    pandapower.create_svc(net, 3, x_l_ohm=1.0, x_cvar_ohm=-10.0, set_vm_pu=1.0, thyristor_firing_angle_degree=90.0)
    pandapower.create_line_from_parameters(net, 1, 3, 0.1, r_ohm_per_km=0.3, x_ohm_per_km=0.1, c_nf_per_km=0,
                                           max_i_ka=1)
    with pytest.raises(RecordError) as told:
        feeder_of_net(net, "v")
    for words in ("line 1 'to the mill': length_km = 0.0", "line 1 'to the mill': parallel = 0", "load 0: p_mw = -100",
                  "trafo 0: sn_mva = 0", "svc 0: a radial feeder", "closes a ring with"):
        assert words in str(told.value)


def test_of_many_different_mistakes_the_first_few_are_told_with_their_values() -> None:
    """Two of seven more share a value; the rest is named by its numbers."""
    net = village()
    for p_mw in (*range(-1, -8, -1), -7):
        pandapower.create_load(net, 3, p_mw=float(p_mw))
    with pytest.raises(RecordError) as told:
        feeder_of_net(net, "v")
    words = str(told.value).split("; load ")
    assert [word.split(",")[0] for word in words[1:5]] == [f"{row}: p_mw = {1 - row:.1f}" for row in range(3, 7)]
    assert words[5:] == ["7-9: likewise"]


@pytest.mark.parametrize("table", ["storage", "shunt", "motor", "asymmetric_load", "sgen"])
def test_a_table_that_a_net_need_not_have_may_be_missing_or_empty(table: str) -> None:
    without, empty = village(), village()
    del without[table]
    empty[table] = None
    for net in (without, empty):
        assert feeder_of_net(net, "v").p_base_kw.tolist() == [0, 0, 30, 10]


def test_a_net_without_lines_is_a_transformer_and_one_without_either_is_refused() -> None:
    net = village()
    net.line, net.load["bus"] = net.line[:0], 1
    assert feeder_of_net(net, "v").p_base_kw.tolist() == [0, 40]
    net.trafo["in_service"] = False
    with pytest.raises(RecordError, match=r"^feeder v: no line leaves bus 0 of its external grid$"):
        feeder_of_net(net, "v")


def test_what_is_not_in_use_may_hold_anything() -> None:
    net = village()
    line = pandapower.create_line_from_parameters(net, 1, 3, 0.0, r_ohm_per_km=-1.0, x_ohm_per_km=0.0, c_nf_per_km=0,
                                                  max_i_ka=0.0, in_service=False)
    pandapower.create_load(net, 3, p_mw=-100.0, in_service=False)
    assert feeder_of_net(net, "v").bus_count == 4 and line == 2


def test_a_rating_of_the_users_own_stands_for_the_nets() -> None:
    net = village()
    net.line["max_i_ka"] = np.nan
    assert np.isfinite(feeder_of_net(net, "v", FeederLimits(line_rating_a=150.0)).i_max_pu).all()


def test_external_grids_that_differ_need_a_word_from_the_user() -> None:
    net = village()
    pandapower.create_ext_grid(net, pandapower.create_bus(net, vn_kv=20.0), vm_pu=1.02)
    with pytest.raises(RecordError, match=r"ext_grid 0, ext_grid 1: hold different voltages, 1 and 1\.02 pu"):
        feeder_of_net(net, "v")
    assert feeder_of_net(net, "v", FeederLimits(slack_vm_pu=1.01)).v_slack_pu == 1.01


@pytest.mark.parametrize("limits", [FeederLimits(), FeederLimits(slack_vm_pu=1.01)])
def test_external_grids_at_different_angles_are_no_slack(limits: FeederLimits) -> None:
    """Power would flow from one to the other."""
    net = village()
    pandapower.create_ext_grid(net, pandapower.create_bus(net, vn_kv=20.0), va_degree=3.0)
    with pytest.raises(RecordError, match="ext_grid 0, ext_grid 1: stand at different angles, 0 and 3 degree"):
        feeder_of_net(net, "v", limits)
