"""Recorded sessions, profiles, networks, results and entries of the cache."""

from __future__ import annotations

import gzip
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st

from tests.fuzz.judge import ANY, DONE, Case
from tests.fuzz.mangling import BYTES, mangled, with_other_cells, words
from tests.fuzz.texts import OLD

SESSIONS = [
    ["arrival", "departure", "delivered_kwh", "requested_kwh", "declared_departure", "station"],
    *([f"2019-05-{day:02}T{hour:02}:10:00", f"2019-05-{day:02}T{hour + 6:02}:40:00", "10", "12",
       f"2019-05-{day:02}T{hour + 6:02}:00:00", station]
      for day in range(3, 9) for hour, station in ((7, "A"), (9, "B"))),
]
REPLAY = b"""\
extends: base.yaml
drivers: {profile: full}
planning: {assumed_compliance: 1}
districts:
  - {name: campus, private: 6, sessions: ses.csv, sessions_start_date: 2019-05-06}
"""
PROFILES = [["load_mw", "wind_mw", "pv_mw"], *([str(900 + hour), "30", "5.5"] for hour in range(24))]
DATED = [["time", "load_mw", "wind_mw", "pv_mw", "load_forecast_mw"],
         *([f"2019-05-{day:02}T{hour:02}:00", str(900 + hour), "30", "5.5", str(910 + hour)]
           for day in range(1, 7) for hour in range(24))]
PRICES = [["charge_per_mwh", "discharge_per_mwh", "charge_forecast_per_mwh"],
          *([str(90 - 8 * hour), str(95 - 7 * hour), "40"] for hour in range(24))]
ON_DAYS = b"extends: base.yaml\nprofiles: {source: csv, file: own.csv, start_date: 2019-05-03}\n"
PAYING = b"extends: base.yaml\ntariff: {table: own.csv, currency: EUR, currency_per_usd: 0.9}\n"
SERIES = b"extends: base.yaml\nprofiles: {source: csv, file: own.csv}\n"
ON_NET = b"extends: base.yaml\ndistricts:\n  - {name: f, feeder: net.json, peak_scale: 1, private: 2}\n"
AT_BUSES = [["time", "bus 7 p_kw", "bus 7 q_kvar", "bus 18 p_kw"],
            *([f"2019-05-{day:02}T{hour:02}:00", str(40 + hour), "9", "12.5"]
              for day in range(1, 7) for hour in range(24))]
ON_BUSES = b"""\
extends: base.yaml
districts:
  - {name: f, feeder: ieee33, private: 2, series: {file: own.csv, resolution_s: 3600, start_date: 2019-05-03}}
"""
UNITS = [
    ["unit", "p_min_mw", "p_max_mw", "min_up_h", "min_down_h", "initial_h", "cost_a_usd_per_h", "cost_b_usd_per_mwh",
     "point_1_mw", "point_1_usd_per_h", "point_2_mw", "point_2_usd_per_h", "start_1_lag_h", "start_1_usd",
     "ramp_up_mw_per_h", "must_run", "emission_beta_t_per_mwh"],
    ["coal", "300", "1200", "8", "6", "12", "", "", "300", "6000", "1200", "28000", "6", "1500", "600", "1", "0.95"],
    ["gas", "50", "900", "1", "1", "-5", "200", "30", "", "", "", "", "1", "60", "", "0", "0.4"],
]
CASE = {"time_periods": 2, "demand": [90.0, 95.0], "reserves": [3.0, 4.0], "renewable_generators": {
    "sun": {"power_output_minimum": [0.0, 5.0], "power_output_maximum": [10.0, 5.0]}}, "thermal_generators": {
    "coal": {"must_run": 1, "power_output_minimum": 300.0, "power_output_maximum": 2000.0, "ramp_up_limit": 900.0,
             "ramp_down_limit": 900.0, "ramp_startup_limit": 800.0, "ramp_shutdown_limit": 600.0, "time_up_minimum": 4,
             "time_down_minimum": 3, "power_output_t0": 900.0, "unit_on_t0": 1, "time_down_t0": 0, "time_up_t0": 6,
             "startup": [{"lag": 3, "cost": 400.0}, {"lag": 12, "cost": 900.0}],
             "piecewise_production": [{"mw": 300.0, "cost": 900.0}, {"mw": 2000.0, "cost": 45000.0}]}}}
"""As pglib-uc has it."""
ON_UNITS = b"extends: base.yaml\nsystem: {units: NAME}\n"
CHECK_OR_RUN = (("check", "mine.yaml"), ("run", "mine.yaml", "-o", OLD))


def as_csv(rows: list[list[str]]) -> bytes:
    """With commas and a newline after each row."""
    return "".join(",".join(row) + "\n" for row in rows).encode()


@st.composite
def tables(draw: Any, rows: list[list[str]], name: str, scenario: bytes) -> Case:
    """A user's table with other cells, other bytes, in other codes, packed or half packed."""
    content = draw(st.one_of(with_other_cells(rows), mangled(as_csv(rows)), mangled(as_csv(rows), most=12)))
    how = draw(st.integers(0, 11))
    if how == 0:
        content = content.decode(errors="replace").encode(draw(st.sampled_from(("utf-16", "utf-8-sig", "utf-32"))))
    if how == 1:
        content = gzip.compress(content)
    if how == 2:
        packed = gzip.compress(content)
        content, scenario = draw(mangled(packed)), scenario.replace(name.encode(), f"{name}.gz".encode())
        name = f"{name}.gz"
    return Case(draw(st.sampled_from(CHECK_OR_RUN)), {name: content, "mine.yaml": scenario})


def sessions() -> st.SearchStrategy[Case]:
    """Recorded sessions."""
    return tables(SESSIONS, "ses.csv", REPLAY)


def profiles() -> st.SearchStrategy[Case]:
    """Series of load, wind and sun."""
    return st.one_of(tables(PROFILES, "own.csv", SERIES), tables(DATED, "own.csv", ON_DAYS))


def bus_series() -> st.SearchStrategy[Case]:
    """Series of the loads of buses."""
    return tables(AT_BUSES, "own.csv", ON_BUSES)


def prices() -> st.SearchStrategy[Case]:
    """Prices of charging and discharging."""
    return tables(PRICES, "own.csv", PAYING)


def units() -> st.SearchStrategy[Case]:
    """Tables of thermal units."""
    return tables(UNITS, "own.csv", ON_UNITS.replace(b"NAME", b"own.csv"))


@st.composite
def unit_cases(draw: Any) -> Case:
    """A pglib-uc case with other bytes, or other values, keys gone or doubled, in some place."""
    if draw(st.booleans()):
        content = draw(mangled(json.dumps(CASE).encode()))
    else:
        content = json.dumps(draw(other_tree(CASE))).encode(errors="surrogatepass")
    return Case(draw(st.sampled_from(CHECK_OR_RUN)),
                {"own.json": content, "mine.yaml": ON_UNITS.replace(b"NAME", b"own.json")})


@st.composite
def other_tree(draw: Any, tree: Any) -> Any:
    """The value with something else in one place, however deep."""
    if not draw(st.integers(0, 3)) or not isinstance(tree, dict | list) or not tree:
        return draw(st.one_of(st.sampled_from(NUMBERS), words, st.just(tree)))
    if isinstance(tree, list):
        place = draw(st.integers(0, len(tree) - 1))
        return [*tree[:place], draw(other_tree(tree[place])), *tree[place + draw(st.integers(0, 1)):]]
    key = draw(st.sampled_from(sorted(tree)))
    how = draw(st.integers(0, 9))
    kept = {name: value for name, value in tree.items() if how or name != key}
    return kept if not how else kept | {draw(words) if how == 1 else key: draw(other_tree(tree[key]))}


# ---------------------------------------------------------------- networks
def small_net() -> bytes:
    """Four buses in a row with a load each, as pandapower writes them."""
    import pandapower as pp  # noqa: PLC0415 - takes a second

    net = pp.create_empty_network()
    buses = [pp.create_bus(net, 20.0) for _ in range(4)]
    pp.create_ext_grid(net, buses[0])
    for start, end in pairwise(buses):
        pp.create_line_from_parameters(net, start, end, 1.0, 0.2, 0.1, 0.0, 0.3)
        pp.create_load(net, end, p_mw=0.1, q_mvar=0.02)
    return str(pp.to_json(net)).encode()


@st.composite
def networks(draw: Any, net: bytes) -> Case:
    """A network with other numbers in its tables, without columns or tables, with foreign modules, or mangled."""
    content = draw(mangled(net)) if draw(st.integers(0, 2)) == 0 else draw(other_net(net))
    return Case(draw(st.sampled_from(CHECK_OR_RUN)), {"net.json": content, "mine.yaml": ON_NET})


NUMBERS = (None, -1, 0, 1, 5, 999, -10.0, 1e-9, 1e308, float("nan"), float("inf"), "x", "", [], {}, True)


@st.composite
def other_net(draw: Any, net: bytes) -> bytes:
    """One table, column or cell exchanged."""
    tree = json.loads(net)
    name = draw(st.sampled_from(("bus", "line", "load", "ext_grid", "switch", "trafo", "bus", "line", "load", "sgen")))
    how, value = draw(st.integers(0, 5)), draw(st.sampled_from(NUMBERS))
    if how == 0:
        tree["_object"][name] = value
    elif how == 1:
        tree["_object"].pop(name)
    elif how == 2:
        tree[draw(st.sampled_from(("_module", "_class", "_object")))] = draw(st.one_of(words, st.just("os")))
    elif how == 3:
        tree["_object"][name][draw(st.sampled_from(("_module", "_class", "dtype", "orient")))] = draw(words)
    else:
        _change_table(draw, tree["_object"][name], value)
    return json.dumps(tree).encode(errors="surrogatepass")


def _change_table(draw: Any, entry: dict[str, Any], value: Any) -> None:
    table = json.loads(entry["_object"])
    if not table["data"] or not table["columns"]:
        return
    column = draw(st.integers(0, len(table["columns"]) - 1))
    row = draw(st.integers(0, len(table["data"]) - 1))
    how = draw(st.integers(0, 3))
    if how == 0:
        table["columns"][column] = str(value)
    elif how == 1:
        table["index"][row] = value
    else:
        table["data"][row][column] = value
    entry["_object"] = json.dumps(table)


# ---------------------------------------------------------------- results
RESULT_COMMANDS = (("show", "r.h5"), ("show", "r.h5", "--json"), ("check", "r.h5"), ("report", "r.h5", "-o", "r.html"),
                   ("run", "base.yaml", "--plan", "r.h5", "-o", OLD), ("audit", "r.h5"),
                   ("export", "r.h5", "--csv", "-o", "r-csv"), ("export", "r.h5", "--netcdf", "-o", "r.nc"))


@st.composite
def results(draw: Any, good: bytes) -> Case:
    """A result with flipped bytes, other attributes, or other arrays."""
    how = draw(st.integers(0, 3))
    if how == 0:
        content = draw(mangled(good, most=6))
    elif how == 1:
        content = good[:draw(st.integers(0, len(good)))]
    else:
        content = draw(other_result(good))
    return Case(draw(st.sampled_from(RESULT_COMMANDS)), {"r.h5": content}, codes=ANY)


VALUES = (0, -1, 2**62, float("nan"), float("inf"), "x", "", "completed", "running", "failed", b"\xff\xfe",
          "!!python/x",
          "a: [", "\x1b[31m", np.array([]), np.arange(3), np.array(["a", "b"], dtype="S1"), "days: 1\n")


@st.composite
def other_result(draw: Any, good: bytes) -> bytes:
    """Through HDF5 itself: an attribute or a variable gone or of another kind, shape or content."""
    buffer = io.BytesIO(good)
    with h5py.File(buffer, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name = draw(st.sampled_from(sorted(names)))
        holder = file if draw(st.booleans()) else file[name]
        if holder.attrs and draw(st.booleans()):
            key = draw(st.sampled_from(sorted(holder.attrs)))
            del holder.attrs[key]
            if draw(st.integers(0, 3)):
                holder.attrs[key] = draw(st.sampled_from(VALUES))
        else:
            _change_variable(draw, file, name)
    return buffer.getvalue()


def _change_variable(draw: Any, file: h5py.File, name: str) -> None:
    item, how = file[name], draw(st.integers(0, 3))
    if isinstance(item, h5py.Dataset) and how == 0 and item.dtype.kind in "if" and item.size:
        number = draw(st.sampled_from((np.nan, np.inf, -1e308, -1, 0, 1e9)))
        item[...] = number if item.dtype.kind == "f" else int(np.clip(np.nan_to_num(number), -1, 100))
        return
    del file[name]
    if how > 1:
        file[name] = draw(st.sampled_from((0.0, np.zeros(3), np.zeros((2, 2)), "text", np.array([1, 2]))))


# ---------------------------------------------------------------- entries of the cache
@st.composite
def cache_entries(draw: Any, entries: dict[str, bytes]) -> Case:
    """A kept answer with other bytes: it is found anew, and the command's answer does not change."""
    name = draw(st.sampled_from(sorted(entries)))
    content = draw(st.one_of(mangled(entries[name]), st.sampled_from(BYTES), st.just(b""), st.binary(max_size=30),
                             st.integers(0, max(len(entries[name]), 1)).map(lambda end: entries[name][:end])))
    arguments = ("check", "base.yaml", "--set", "execution.cache_dir=.")
    return Case(arguments, {**entries, name: content}, codes=(DONE,))


def entries_in(folder: Path) -> dict[str, bytes]:
    """Name and content of every kept answer."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
