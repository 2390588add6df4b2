"""A street behind a tapped transformer of 20 to 0.42 kV, with a capacitor, PV and a battery; a day of its series."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandapower

HOURS = np.arange(24)
SERIES = {
    "load 0 p_kw": 3.0 + 2.0 * np.sin(HOURS / 4.0), "load 0 q_kvar": 0.5 + 0.2 * np.cos(HOURS / 3.0),
    "load School p_kw": np.where((HOURS > 7) & (HOURS < 15), 18.0, 2.0),
    "sgen School roof p_kw": 25.0 * np.maximum(np.sin((HOURS - 6) * np.pi / 12), 0.0),
    "storage 0 p_kw": np.where(HOURS < 14, 5.0, -7.0) * (HOURS > 9),
}
"""kW and kvar by the hour; the pump follows the system's load, the wind turbine is left out."""


def street() -> Any:
    """Buses 0 (20 kV) to 6; the transformer is at tap 2 of 2.5 %, the grid at 1.03 pu, cables are charged."""
    return deepcopy(_street())


@cache
def _street() -> Any:
    net = pandapower.create_empty_network()
    high = pandapower.create_bus(net, vn_kv=20.0, name="grid")
    low = [pandapower.create_bus(net, vn_kv=0.4, name=name)
           for name in ("station", "corner", "school", "", "mill", "end")]
    pandapower.create_ext_grid(net, high, vm_pu=1.03)
    pandapower.create_transformer_from_parameters(
        net, high, low[0], sn_mva=0.25, vn_hv_kv=20.0, vn_lv_kv=0.42, vkr_percent=1.4, vk_percent=4.0, pfe_kw=0.6,
        i0_percent=0.3, tap_side="hv", tap_neutral=0, tap_min=-2, tap_max=2, tap_pos=2, tap_step_percent=2.5,
        tap_changer_type="Ratio")
    for start, end, km in ((0, 1, 0.12), (1, 2, 0.2), (1, 3, 0.1), (3, 4, 0.25), (4, 5, 0.1)):
        pandapower.create_line_from_parameters(net, low[start], low[end], km, r_ohm_per_km=0.2, x_ohm_per_km=0.08,
                                               c_nf_per_km=800.0, max_i_ka=0.27)
    for bus, p_kw, q_kvar, name in ((2, 4.0, 1.0, "House"), (3, 20.0, 6.0, "School"), (5, 8.0, 4.0, "Pump"),
                                    (6, 2.0, 0.5, "House")):
        pandapower.create_load(net, bus, p_mw=p_kw / 1e3, q_mvar=q_kvar / 1e3, name=name)
    pandapower.create_sgen(net, 3, p_mw=0.03, q_mvar=-0.006, name="School roof", type="PV")
    pandapower.create_sgen(net, 6, p_mw=0.004, name="Wind")
    pandapower.create_storage(net, 5, p_mw=0.003, max_e_mwh=0.02)
    pandapower.create_shunt(net, 6, q_mvar=-0.01)
    return net


def written(folder: Path, columns: dict[str, Any] | None = None, name: str = "series.csv", times: bool = True) -> Path:
    """The series as a CSV file, with times from 2024-03-05 on."""
    columns = SERIES if columns is None else columns
    rows = [",".join([*(["time"] if times else []), *columns])]
    for hour in range(len(next(iter(columns.values())))):
        time = [f"2024-03-{5 + hour // 24:02d}T{hour % 24:02d}:00"] if times else []
        rows.append(",".join([*time, *(f"{values[hour]}" for values in columns.values())]))
    (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / name
