"""A feeder as a one-line diagram over time: what the page's script needs, and its place in the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from models.records.arrays import Floats, Ints
from testbed.metrics.inputs import networks
from testbed.reporting.drawn_runs import Run
from testbed.reporting.page import inline_json
from testbed.reporting.tree import rows_of, tree_places
from testbed.results.layout import Array
from testbed.results.reading import Result

CASES = {"happened": ("vm_pu", "what happened"), "setpoint": ("vm_setpoint_pu", "AC of the set-points, actual load"),
         "plan_ac": ("vm_plan_ac_pu", "AC of the plan, forecast load"), "socp": ("vm_socp_pu", "the plan itself")}
"""Voltages that a file holds, from the outcome back to the plan."""
LOADING = "line_loading_percent"
SCALES = {"voltage": {"base": 0.0, "unit": 4e-5}, "loading": {"base": 0.0, "unit": 0.02}}
"""Of the 16-bit numbers that a page carries: steps of 4e-5 pu up to 2.6 pu, of 0.02 % up to 1,310 %."""
MISSING = 65535
MOST_VALUES = 450_000
"""16-bit numbers in a page, all its diagrams together: 1.2 MB. Longer runs show every second step, or fewer."""
SHORTEST = 0.012
"""Share of the longest way that the shortest line is drawn with, to be seen at all."""


def feeder_views(runs: Sequence[Run]) -> str:
    """HTML of all districts with a network whose lines the files hold; empty without one."""
    first = runs[0].result if runs else None
    shown = [d for d in networks(first) if first.holds(d, "bus_parent")] if first else []
    return "".join(_view(runs, district, every_step(runs, shown)) for district in shown)


def every_step(runs: Sequence[Run], districts: Sequence[str]) -> int:
    """Steps from one shown to the next."""
    values = sum(run.result.district(d, "vm_pu").size * (len(CASES) + 1) for run in runs for d in districts)
    return max(1, -(-values // MOST_VALUES))


def _view(runs: Sequence[Run], district: str, every: int) -> str:
    told = "The slider begins where the lowest voltage of all runs happened."
    told += f" Every {every} steps are shown." if every > 1 else ""
    return view(district, feeder_data(runs, district, every), [run.name for run in runs], told)


def view(district: str, data: dict[str, Any], names: Sequence[str], told: str) -> str:
    """HTML of a feeder with its slider; `data` as `feeder_data` has it, `told` a sentence on the slider."""
    none = '<option value="">nothing beside it</option>'
    return (
        f'<div class="feeder" data-district="{escape(district)}"><h3>{escape(district)}</h3><div class="tools">'
        f'{_select("shown", {"voltage": "voltage", "loading": "line loading"})}'
        f'{_select("case", {key: words for key, (_, words) in CASES.items()})}'
        f'{_select("first", {name: name for name in names})}'
        f'{_select("second", {name: name for name in names}, none, names[1] if len(names) > 1 else "")}</div>'
        '<div class="tools"><button type="button" data-part="play">play</button>'
        f'<input type="range" data-part="slider" min="0" max="{len(data["clock"]) - 1}" value="{data["worst"]}" '
        f'aria-label="time of {escape(district)}"><span class="now" data-part="now"></span></div>'
        '<div class="pair" data-part="pair"></div><div class="scale" style="background:linear-gradient(90deg,#00204c,'
        '#575c6d,#7c7b78,#a59c74,#ffea46)"></div><div class="ends"><span data-part="low"></span>'
        '<span data-part="high"></span></div><p class="small">The substation is at the left; buses stand by electrical '
        f"distance from it, very short lines a little longer than they are. {escape(told)}</p>"
        f'<script type="application/json">{inline_json(data)}</script></div>')


def _select(part: str, options: dict[str, str], first: str = "", chosen: str = "") -> str:
    choices = "".join(f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{escape(words)}</option>'
                      for key, words in options.items())
    return f'<select data-part="{part}" aria-label="{part}">{first}{choices}</select>'


# ---------------------------------------------------------------- what the script reads
def feeder_data(runs: Sequence[Run], district: str, every: int = 1) -> dict[str, Any]:
    """Places of buses, and voltages and loadings of every `every`-th step of each run."""
    voltages = [run.result.district(district, "vm_pu") for run in runs]
    longest = max(runs, key=lambda run: run.result.time_s.size).result
    lowest = np.nan_to_num(np.fmin.reduce(min(voltages, key=np.nanmin), axis=1), nan=np.inf)
    loadings = [run.result.district(district, LOADING) for run in runs if run.result.holds(district, LOADING)]
    return places(runs[0].result, district) | {
        "clock": [clock(s) for s in longest.time_s[::every].tolist()], "worst": int(np.argmin(lowest)) // every,
        "limits": {"voltage": [min(float(np.nanmin(v)) for v in voltages), max(float(np.nanmax(v)) for v in voltages)],
                   "loading": [0.0, max((float(np.nanmax(v)) for v in loadings), default=100.0)]},
        "runs": {run.name: {"values": _values(run.result, district, every)} for run in runs}}


def places(result: Result, district: str) -> dict[str, Any]:
    """Where buses stand, how they are called, the lower limit of voltage, and the scales of packed numbers."""
    bus = np.asarray(result.district(district, "bus"))
    parent = rows_of(result.district(district, "bus_parent"), bus)
    _, row = tree_places(parent)
    distance = electrical_distance(result, district, parent)
    lower = next(d["v_min_pu"] for d in result.scenario["districts"] if d["name"] == district)
    return {"bus": bus.tolist(), "label": list(result.bus_labels(district)), "parent": parent.tolist(),
            "y": (row - row.min()).tolist(), "levels": int(np.ptp(row)) + 1,
            "x": _rounded(drawn_distance(distance, parent)),
            "distance": _rounded(distance / (distance.max() or 1.0)), "lower": float(lower), "scales": SCALES}


def values_of(result: Result, district: str) -> dict[str, tuple[str, Array]]:
    """The scale and the values [T, bus] of each case of voltage, and of the loading, that the file has any of."""
    names = {case: name for case, (name, _) in CASES.items()} | {"loading": LOADING}
    return {case: ("loading" if case == "loading" else "voltage", result.district(district, name))
            for case, name in names.items() if result.holds(district, name)
            and np.any(np.isfinite(result.district(district, name)))}


def _values(result: Result, district: str, every: int) -> dict[str, str]:
    return {case: packed(values[::every], scale) for case, (scale, values) in values_of(result, district).items()}


def packed(values: Array, scale: str) -> str:
    """[T, bus] as little-endian 16-bit numbers in base64; 65535 where NaN or beyond the scale."""
    whole = np.round((np.asarray(values, dtype=float) - SCALES[scale]["base"]) / SCALES[scale]["unit"])
    known = np.isfinite(whole) & (whole >= 0) & (whole < MISSING)
    return base64.b64encode(np.where(known, whole, MISSING).astype("<u2").tobytes()).decode()


def clock(time_s: int) -> str:
    """Day and time of a step's beginning."""
    return f"day {time_s // 86_400 + 1}, {time_s // 3600 % 24:02d}:{time_s // 60 % 60:02d}"


def electrical_distance(result: Result, district: str, parent: Ints) -> Floats:
    """[bus] impedance of the way from the substation, pu on 1 MVA; parents may stand anywhere."""
    z = np.hypot(result.district(district, "line_r_pu"), result.district(district, "line_x_pu"))
    return _along(np.nan_to_num(z), parent)


def drawn_distance(distance: Floats, parent: Ints) -> Floats:
    """[bus] places from 0 to 1, no line shorter than can be seen."""
    own = np.where(parent >= 0, distance - distance[parent], 0.0)
    places = _along(np.maximum(own, SHORTEST * (distance.max() or 1.0)), parent)
    return places / (places.max() or 1.0)


def _along(length: Floats, parent: Ints) -> Floats:
    """[bus] sum of the lengths on the way from the root; parents come first, as `tree_places` asks."""
    total = np.zeros(parent.size)
    for node in np.flatnonzero(parent >= 0):
        total[node] = total[parent[node]] + length[node]
    return total


def _rounded(values: Floats) -> list[float]:
    return [round(float(v), 4) for v in values]
