"""A radial feeder as a pandapower net, the way back from `models.network.net_feeder`: per-unit data become elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.network.feeder import UNRATED_A
from models.records.arrays import Floats
from models.records.feeder import BASE_MVA, RadialFeeder

KILO = 1e3
RATED_KA = (1 - 1e-9) * UNRATED_A / KILO
"""What is less is a rating."""


def net_of(feeder: RadialFeeder) -> Any:
    """The net: the slack, a line or (where the turns ratio is not 1) a transformer per branch, and at each bus but the
    slack a load at the peak, `load N`, with index N, and a load of nothing, `cars N`.

    Index of a bus is its number.
    """
    import pandapower as pp  # noqa: PLC0415 - slow to import

    net = pp.create_empty_network(name=feeder.name, sn_mva=BASE_MVA)
    names = feeder.bus_name or ("",) * feeder.bus_count
    for number, name in zip(feeder.bus_number.tolist(), names, strict=True):
        pp.create_bus(net, vn_kv=feeder.nominal_kv, name=name or f"bus {number}", index=number,
                      min_vm_pu=feeder.v_min_pu, max_vm_pu=feeder.v_max_pu)
    pp.create_ext_grid(net, int(feeder.bus_number[0]), vm_pu=feeder.v_slack_pu, name="substation")
    for bus in range(1, feeder.bus_count):
        _branch(pp, net, feeder, bus)
    for bus, number in enumerate(feeder.bus_number.tolist()):
        pp.create_load(net, number, p_mw=feeder.p_base_kw[bus] / KILO, q_mvar=feeder.q_base_kvar[bus] / KILO,
                       name=f"load {number}", index=2 * bus)
        if feeder.shunt_g_pu[bus] or feeder.shunt_b_pu[bus]:
            pp.create_shunt(net, number, p_mw=float(feeder.shunt_g_pu[bus]) * BASE_MVA,
                            q_mvar=-float(feeder.shunt_b_pu[bus]) * BASE_MVA, name=f"shunt {number}")
        pp.create_load(net, number, p_mw=0.0, q_mvar=0.0, name=f"cars {number}", index=2 * bus + 1)
    return net


def _branch(pp: Any, net: Any, feeder: RadialFeeder, bus: int) -> None:
    """The line to bus `bus`, 1 km long; a transformer on its parent's side where it changes the voltage.

    A transformer without a rating is of 1 MVA.
    """
    ends = int(feeder.bus_number[feeder.parent[bus]]), int(feeder.bus_number[bus])
    ohm = feeder.nominal_kv**2 / BASE_MVA
    max_ka = float(feeder.i_max_pu[bus]) * BASE_MVA / (np.sqrt(3.0) * feeder.nominal_kv)
    name = f"to bus {ends[1]}"
    if feeder.turns_ratio[bus] == 1.0:
        pp.create_line_from_parameters(net, *ends, length_km=1.0, r_ohm_per_km=float(feeder.r_pu[bus]) * ohm,
                                       x_ohm_per_km=float(feeder.x_pu[bus]) * ohm, c_nf_per_km=0.0,
                                       max_i_ka=max_ka if np.isfinite(max_ka) else 1e3, name=name)
        return
    sn_mva = float(feeder.i_max_pu[bus]) * BASE_MVA if max_ka < RATED_KA else BASE_MVA
    percent = 100 * sn_mva / BASE_MVA
    pp.create_transformer_from_parameters(
        net, *ends, sn_mva=sn_mva, vn_hv_kv=feeder.nominal_kv / float(feeder.turns_ratio[bus]),
        vn_lv_kv=feeder.nominal_kv, vk_percent=percent * float(np.hypot(feeder.r_pu[bus], feeder.x_pu[bus])),
        vkr_percent=percent * float(feeder.r_pu[bus]), pfe_kw=0.0, i0_percent=0.0, name=name)


def with_profiles(net: Any, profiles: Mapping[tuple[str, str], Floats], time_s: Floats,
                  slack_vm_pu: Floats | None = None) -> Any:
    """The net with series [time, load] in MW and Mvar, which `pandapower.timeseries.run_timeseries` takes step by step.

    profiles: by (what: `load` or `cars`, variable: `p_mw` or `q_mvar`), columns in the order of buses.
    They also stand in `net.profiles` as tables over seconds. slack_vm_pu [time]: as a tap changer moves it.
    """
    import pandas as pd  # noqa: PLC0415
    from pandapower.control import ConstControl  # noqa: PLC0415
    from pandapower.timeseries import DFData  # noqa: PLC0415

    net["profiles"] = {}
    for (what, variable), values in profiles.items():
        index = [place for place in net.load.index if str(net.load.name.at[place]).startswith(what)]
        frame = pd.DataFrame(values, columns=index)
        net["profiles"][f"{what}.{variable}"] = frame.set_axis(pd.Index(time_s, name="time_s"))
        ConstControl(net, element="load", variable=variable, element_index=index, profile_name=index,
                     data_source=DFData(frame))
    if slack_vm_pu is not None:
        frame = pd.DataFrame({0: slack_vm_pu})
        net["profiles"]["ext_grid.vm_pu"] = frame.set_axis(pd.Index(time_s, name="time_s"))
        ConstControl(net, element="ext_grid", variable="vm_pu", element_index=[0], profile_name=[0],
                     data_source=DFData(frame))
    return net


def net_as_json(net: Any) -> str:
    """As `pandapower.from_json` reads it."""
    import pandapower as pp  # noqa: PLC0415

    return str(pp.to_json(net, filename=None))
