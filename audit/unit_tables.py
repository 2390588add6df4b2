"""Tables of thermal units as the audit reads them: the ten units, CSV tables and cases of pglib-uc (docs/units.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from audit.finding import AuditError, Floats
from audit.own_tables import cells_of
from audit.run import Run
from audit.tables import MODEL_DATA, columns
from audit.units import Units

UNITS, RAMPS = MODEL_DATA / "ten_units.csv", MODEL_DATA / "ten_unit_ramps.csv"
TEN_UNITS = "ten_units"
CASES, EMISSIONS = MODEL_DATA / "units", MODEL_DATA / "rts_gmlc" / "emissions.csv"
SHIPPED_CASES = ("rts_gmlc_2020-02-09", "rts_gmlc_2020-07-06")
BROUGHT = "units"
"""Under which name a result holds the text of a user's own table."""
LIMITS = ("ramp_up_mw_per_h", "ramp_down_mw_per_h", "p_startup_max_mw", "p_shutdown_max_mw")
NUMBERS = ("p_min_mw", "p_max_mw", "min_up_h", "min_down_h", "initial_h", "initial_p_mw", "must_run", *LIMITS,
           "cost_a_usd_per_h", "cost_b_usd_per_mwh", "cost_c_usd_per_mw2h", "emission_alpha_t_per_h",
           "emission_beta_t_per_mwh", "emission_gamma_t_per_mw2h",
           *(name.format(k) for k in range(1, 100) for name in ("point_{}_mw", "point_{}_usd_per_h", "start_{}_lag_h",
                                                                "start_{}_usd")))
"""Columns of a CSV table that hold numbers."""
Row = Mapping[str, Any]
"""One unit, by the names of the CSV table; beside them `points` and `starts`, lists of pairs."""


def units_of(run: Run) -> Units:
    """The scenario's units, each as often and as large as it says; costs per MWh at equal loading stay."""
    system = run.part("system")
    copies, scale, name = int(system["unit_copies"]), float(system["unit_scale"]), str(system["units"])
    if name == TEN_UNITS:
        rows = _ten_units(str(system["emissions"]), str(system["ramps"]))
    elif name in SHIPPED_CASES:
        rows = _with_emissions(_case_rows(_text(run, name)))
    elif name.lower().endswith(".json"):
        rows = _case_rows(_text(run, name))
    else:
        form = system.get("units_format") or {}
        rows = _table_rows(_text(run, name), tuple(sorted((key, value) for key, value in form.items() if value)))
    return _units(rows, copies, scale)


def where_units_are_from(run: Run) -> str | None:
    """A sentence on the table of a scenario whose units are the user's own; None where they come along."""
    name = str(run.part("system")["units"])
    if name == TEN_UNITS or name in SHIPPED_CASES:
        return None
    where = "whose text the result holds" if BROUGHT in run.inputs else "read where the scenario names it"
    return f"thermal units are those of {Path(name).name}, {where}"


def _text(run: Run, name: str) -> str:
    """Of the table: from the result where that holds it, so that it need not be there any more."""
    if BROUGHT in run.inputs:
        return str(run.inputs[BROUGHT])
    path = CASES / f"pglib_uc_{name}.json" if name in SHIPPED_CASES else Path(name)
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"system.units={name!r}: neither the result nor this machine has its table "
                         f"({error})") from error


# ---------------------------------------------------------------- each kind of table
def _ten_units(emissions: str, ramps: str) -> list[Row]:
    table, limits = columns(UNITS), columns(RAMPS)
    curve = {"linear": ("", "linear_t_per_mwh", "")}.get(
        emissions, ("quadratic_alpha_t_per_h", "quadratic_beta_t_per_mwh", "quadratic_gamma_t_per_mw2h"))
    rows: list[Row] = []
    for i in range(len(table["unit"])):
        row: dict[str, Any] = {name: values[i] for name, values in table.items()}
        row |= {f"emission_{letter}": row.get(name, "") for letter, name in
                zip(("alpha_t_per_h", "beta_t_per_mwh", "gamma_t_per_mw2h"), curve, strict=True)}
        if ramps == "ten_unit":
            row |= {name: limits[name][i] for name in LIMITS}
        hot_until_h = float(row["min_down_h"]) + float(row["cold_start_h"])
        row["starts"] = [(0.0, float(row["start_hot_usd"])), (hot_until_h + 1, float(row["start_cold_usd"]))]
        rows.append(row)
    return rows


@lru_cache(maxsize=4)
def _table_rows(text: str, form: tuple[tuple[str, str], ...]) -> list[Row]:
    """Of a CSV table; numbered columns become lists."""
    table = cells_of(text, dict(form), NUMBERS)
    units = ({name: cells[i] for name, cells in table.items()} for i in range(len(table["unit"])))
    return [{**row, "points": _pairs(row, "point_{}_mw", "point_{}_usd_per_h"),
             "starts": _pairs(row, "start_{}_lag_h", "start_{}_usd")}
            for row in units]


def _pairs(row: Row, first: str, second: str) -> list[tuple[float, float]]:
    names = ((first.format(k), second.format(k)) for k in count(1))
    filled = takewhile(lambda pair: str(row.get(pair[0], "")).strip(), names)
    return [(float(row[at]), float(row[usd])) for at, usd in filled]


@lru_cache(maxsize=4)
def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AuditError(f"system.units: no case of pglib-uc ({error})") from error
    return dict(document)


@lru_cache(maxsize=4)
def _case_rows(text: str) -> list[Row]:
    """Of a case; its ramps are on output above the minimum, so they hold in the first and last hour on as well."""
    rows: list[Row] = []
    for name, of in _document(text)["thermal_generators"].items():
        low = of["power_output_minimum"]
        rows.append({
            "unit": name, "p_min_mw": low, "p_max_mw": of["power_output_maximum"],
            "min_up_h": of["time_up_minimum"], "min_down_h": of["time_down_minimum"],
            "initial_h": of["time_up_t0"] if of["unit_on_t0"] else -of["time_down_t0"],
            "initial_p_mw": of["power_output_t0"], "must_run": of["must_run"],
            "ramp_up_mw_per_h": of["ramp_up_limit"], "ramp_down_mw_per_h": of["ramp_down_limit"],
            "p_startup_max_mw": min(of["ramp_startup_limit"], low + of["ramp_up_limit"]),
            "p_shutdown_max_mw": min(of["ramp_shutdown_limit"], low + of["ramp_down_limit"]),
            "points": [(point["mw"], point["cost"]) for point in of["piecewise_production"]],
            "starts": [(start["lag"], start["cost"]) for start in of["startup"]]})
    return rows


def _with_emissions(rows: list[Row]) -> list[Row]:
    """Of cases that come along: a table beside says what their units emit."""
    table = columns(EMISSIONS)
    values = {unit: {name: table[name][i] for name in ("emission_alpha_t_per_h", "emission_beta_t_per_mwh")}
              for i, unit in enumerate(table["unit"])}
    return [{**row, **values[row["unit"]]} for row in rows]


# ---------------------------------------------------------------- the arrays
def _units(rows: Sequence[Row], copies: int, scale: float) -> Units:
    """All copies at the scale; empty cells are 0, and no limit where they limit."""
    def of(name: str, power: int = 0, empty: float = 0.0) -> Floats:
        return np.tile([_value(row.get(name), empty) for row in rows], copies) * scale**power

    low, high, initial_h = of("p_min_mw", 1), of("p_max_mw", 1), of("initial_h")
    after_h, usd = _starts(rows)
    initial_mw = of("initial_p_mw", 1)
    names = [str(row["unit"]).strip() for row in rows]
    ramp_up, ramp_down, start_mw, stop_mw = (of(name, 1, np.inf) for name in LIMITS)
    return Units(
        names=tuple(names if copies == 1 else [f"{name}.{k + 1}" for k in range(copies) for name in names]),
        low_mw=low, high_mw=high, a=of("cost_a_usd_per_h", 1), b=of("cost_b_usd_per_mwh"),
        c=of("cost_c_usd_per_mw2h", -1), points=tuple(_points(row, scale) for row in rows) * copies,
        alpha=of("emission_alpha_t_per_h", 1), beta=of("emission_beta_t_per_mwh"),
        gamma=of("emission_gamma_t_per_mw2h", -1), up_h=of("min_up_h"), down_h=of("min_down_h"),
        start_after_h=np.tile(after_h, (copies, 1)), start_usd=np.tile(usd * scale, (copies, 1)), initial_h=initial_h,
        initial_mw=np.where((initial_h > 0) & (initial_mw == 0), np.nan, initial_mw), ramp_up=ramp_up,
        ramp_down=ramp_down, start_mw=start_mw, stop_mw=stop_mw, must_run=of("must_run") > 0)


def _value(cell: Any, empty: float) -> float:
    text = "" if cell is None else str(cell).strip()
    return float(text) if text else empty


def _points(row: Row, scale: float) -> Floats | None:
    pairs = row.get("points")
    return np.array(pairs, dtype=np.float64).T * scale if pairs else None


def _starts(rows: Sequence[Row]) -> tuple[Floats, Floats]:
    """(hours off beyond which, USD) [rows, categories]; a rest that is no whole number of hours counts as the next."""
    lists = [row.get("starts") or [(0.0, 0.0)] for row in rows]
    most = max(map(len, lists))
    filled = np.array([[*pairs, *[(np.inf, pairs[-1][1])] * (most - len(pairs))] for pairs in lists])
    return filled[:, :, 0] - 1.0, filled[:, :, 1]

