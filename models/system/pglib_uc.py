"""Cases of pglib-uc (power-grid-lib, CC BY 4.0): thermal units, renewables between limits, demand and reserve.

The library's model: https://github.com/power-grid-lib/pglib-uc (MODEL.pdf). Its ramps are on output above the
minimum and hold in the first and the last hour on as well, so that start-up and shut-down limits are the lower of the
two: p_min + ramp.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.records.arrays import Floats
from models.records.thermal_units import ThermalUnits
from models.system.own_units import MOST_UNITS, RANGES, OwnUnit, mistakes_of, refuse_file, table_of
from models.tables.content import content_of, json_of
from models.tables.mistakes import LONGEST_CELL, shown

MOST_BYTES = 64_000_000
DEEPEST = 40
MOST_HOURS = 100_000.0
CASE_KEYS = frozenset({"time_periods", "demand", "reserves", "thermal_generators", "renewable_generators"})
FLOAT_KEYS = ("power_output_minimum", "power_output_maximum", "ramp_up_limit", "ramp_down_limit",
              "ramp_startup_limit", "ramp_shutdown_limit", "power_output_t0")
WHOLE_KEYS = ("time_up_minimum", "time_down_minimum", "time_up_t0", "time_down_t0")
SWITCH_KEYS = ("must_run", "unit_on_t0")
UNIT_KEYS = frozenset({*FLOAT_KEYS, *WHOLE_KEYS, *SWITCH_KEYS, "startup", "piecewise_production", "name"})
RENEWABLE_KEYS = frozenset({"power_output_minimum", "power_output_maximum", "name"})
KEY_OF = {"p_min_mw": "power_output_minimum", "p_max_mw": "power_output_maximum", "min_up_h": "time_up_minimum",
          "min_down_h": "time_down_minimum", "p_before_mw": "power_output_t0", "initial_h": "unit_on_t0",
          "p_startup_max_mw": "ramp_startup_limit", "p_shutdown_max_mw": "ramp_shutdown_limit",
          "ramp_up_mw_per_h": "ramp_up_limit", "ramp_down_mw_per_h": "ramp_down_limit", "must_run": "must_run"}
"""Names of the file for those of OwnUnit."""
HOURS_BEFORE = (0.0, RANGES["initial_h"][1])
RANGE_OF = {**{key: RANGES[name] for name, key in KEY_OF.items()}, "time_up_t0": HOURS_BEFORE,
            "time_down_t0": HOURS_BEFORE, "unit_on_t0": RANGES["must_run"], "lag": RANGES["starts.lag"],
            "mw": RANGES["points.mw"], "time_periods": (1.0, MOST_HOURS)}
"""(least, most) of what stands under a key; MW or $ elsewhere."""
COST_OF = {"startup": RANGES["starts.cost"], "piecewise_production": RANGES["points.cost"]}


@dataclass(frozen=True)
class PglibCase:
    """A case: units and, each period of an hour, arrays [T] in MW."""

    units: ThermalUnits
    demand_mw: Floats
    reserve_mw: Floats
    renewable_least_mw: Floats
    """Sum of what renewables must give."""
    renewable_most_mw: Floats


def read_pglib_uc(file: Path, text: str | None = None) -> PglibCase:
    """The case of a JSON file; UnitFileError names every mistake by its path of keys. text: what it held, if known."""
    case = _Case(_document(file, text))
    thermal, renewable = case.thermal(), case.renewable()
    demand, reserve = case.series("demand", case.document), case.series("reserves", case.document)
    refuse_file(file, case.mistakes)
    none = np.zeros(case.hours)
    least, most = (sum((limits[k] for limits in renewable), none) for k in (0, 1))
    return PglibCase(table_of(thermal), demand, reserve, least, most)


def _document(file: Path, text: str | None) -> dict[str, Any]:
    try:
        document = json_of(content_of(file, MOST_BYTES) if text is None else text.encode(), DEEPEST)
    except ValueError as error:
        refuse_file(file, [str(error)])
    if not isinstance(document, dict):
        refuse_file(file, ["holds no case of pglib-uc: must be an object with " + ", ".join(sorted(CASE_KEYS))])
    return dict(document)


@dataclass
class _Case:
    """A document being read, and what is wrong with it."""

    document: dict[str, Any]
    mistakes: list[str] = field(default_factory=list)
    hours: int = field(init=False)
    """0: not known."""

    def __post_init__(self) -> None:
        hours = int(self._number("", self.document, "time_periods", whole=True))
        self.hours = 0 if self.mistakes or "time_periods" not in self.document else hours
        self._keys("", self.document, CASE_KEYS, CASE_KEYS)

    # -------------------------------------------------------- generators
    def thermal(self) -> list[OwnUnit]:
        """Every unit that can be read."""
        units, given = [], self.document.get("thermal_generators")
        if isinstance(given, dict) and not 1 <= len(given) <= MOST_UNITS:
            self.mistakes.append(f"thermal_generators: holds {len(given):,} units, allowed: 1 to {MOST_UNITS:,}")
        for name, entry in self._objects("thermal_generators", self.document):
            before, path = len(self.mistakes), _path("thermal_generators", name)
            self._keys(path, entry, UNIT_KEYS, UNIT_KEYS - {"name"})
            unit = self._unit(name, path, entry)
            if len(self.mistakes) == before:
                self.mistakes += [f"{path}.{_key(name)}: {text}" for name, text in mistakes_of(unit)]
            units.append(unit)
        return units

    def _unit(self, name: str, path: str, entry: dict[str, Any]) -> OwnUnit:
        value = {key: self._number(path, entry, key) for key in FLOAT_KEYS}
        hours = {key: int(self._number(path, entry, key, whole=True)) for key in WHOLE_KEYS}
        runs = {key: bool(self._number(path, entry, key, whole=True)) for key in SWITCH_KEYS}
        low, on = value["power_output_minimum"], runs["unit_on_t0"]
        self.mistakes += _mistakes_of_start(path, on, hours["time_down_t0" if on else "time_up_t0"],
                                            0.0 < low <= value["power_output_maximum"] and not value["power_output_t0"])
        return OwnUnit(
            name=name, p_min_mw=low, p_max_mw=value["power_output_maximum"], min_up_h=hours["time_up_minimum"],
            min_down_h=hours["time_down_minimum"], initial_h=hours["time_up_t0"] if on else -hours["time_down_t0"],
            starts=tuple((int(lag), usd) for lag, usd in self._pairs(path, entry, "startup", "lag", "cost")),
            points=self._pairs(path, entry, "piecewise_production", "mw", "cost"),
            ramp_up_mw_per_h=value["ramp_up_limit"], ramp_down_mw_per_h=value["ramp_down_limit"],
            p_startup_max_mw=min(value["ramp_startup_limit"], low + value["ramp_up_limit"]),
            p_shutdown_max_mw=min(value["ramp_shutdown_limit"], low + value["ramp_down_limit"]),
            must_run=runs["must_run"], p_before_mw=value["power_output_t0"])

    def renewable(self) -> list[tuple[Floats, Floats]]:
        """(least, most) [T] of each."""
        out = []
        for name, entry in self._objects("renewable_generators", self.document):
            path = _path("renewable_generators", name)
            self._keys(path, entry, RENEWABLE_KEYS, RENEWABLE_KEYS - {"name"})
            least, most = (self.series(key, entry, path) for key in ("power_output_minimum", "power_output_maximum"))
            if least.size == most.size:
                self.mistakes += [f"{path}.power_output_minimum[{t}]: {least[t]:g} is above power_output_maximum "
                                  f"{most[t]:g}" for t in np.flatnonzero(least > most)]
            out.append((least, most))
        return out

    # -------------------------------------------------------- values
    def _keys(self, path: str, entry: dict[str, Any], known: frozenset[str], needed: frozenset[str]) -> None:
        self.mistakes += [f"{_path(path, key)}: is unknown, allowed: {', '.join(sorted(known))}"
                          for key in entry if key not in known]
        self.mistakes += [f"{_path(path, key)}: is missing" for key in sorted(needed - set(entry))]

    def _objects(self, key: str, entry: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """Members of an object of objects."""
        value = entry.get(key, {})
        if not isinstance(value, dict):
            self.mistakes.append(f"{key}: must be an object of generators by name")
            return []
        self.mistakes += [f"{_path(key, name)}: must be an object" for name, entry in value.items()
                          if not isinstance(entry, dict)]
        return [(name, entry) for name, entry in value.items() if isinstance(entry, dict)]

    def _number(self, path: str, entry: dict[str, Any], key: str, limits: tuple[float, float] = RANGES["p_max_mw"], *,
                whole: bool = False) -> float:
        if key not in entry:  # told by `_keys`
            return 1.0
        value, (least, most) = entry[key], RANGE_OF.get(key, limits)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not least <= value <= most or (whole and value != int(value)):
            kind = "whole number" if whole else "number"
            self.mistakes.append(f"{_path(path, key)}: {_short(value)} must be a {kind} from {least:g} to {most:g}")
            return 1.0
        return float(value)

    def series(self, key: str, entry: dict[str, Any], path: str = "") -> Floats:
        """[T] numbers of at least 0; of another length where there are mistakes."""
        where, values = _path(path, key), entry.get(key, [])
        if key in entry and (not isinstance(values, list) or len(values) != self.hours != 0):
            count = f"{len(values)} values" if isinstance(values, list) else _short(values)
            self.mistakes.append(f"{where}: has {count}, must have time_periods={self.hours}")
            return np.zeros(0)
        return np.array([self._number(where, {f"[{t}]": value}, f"[{t}]") for t, value in enumerate(values)])

    def _pairs(self, path: str, entry: dict[str, Any], key: str, first: str, second: str) -> tuple[Any, ...]:
        values, out = entry.get(key, []), []
        if key in entry and (not isinstance(values, list) or not values):
            self.mistakes.append(f"{path}.{key}: must be a list of objects with {first} and {second}")
            return ()
        for k, pair in enumerate(values):
            where, names = f"{path}.{key}[{k}]", frozenset({first, second})
            if not isinstance(pair, dict):
                self.mistakes.append(f"{where}: must be an object with {first} and {second}")
                continue
            self._keys(where, pair, names, names)
            out.append((self._number(where, pair, first, whole=first == "lag"),
                        self._number(where, pair, second, COST_OF[key])))
        return tuple(out)


def _mistakes_of_start(path: str, on: bool, other_h: int, is_below: bool) -> Iterator[str]:
    """other_h: hours in the state in which the unit is not; is_below: whether it gave nothing, less than it can."""
    if other_h:
        yield (f"{path}.time_{'down' if on else 'up'}_t0: {other_h} must be 0 of a unit that is "
               f"{'on' if on else 'off'} (unit_on_t0)")
    if on and is_below:
        yield f"{path}.power_output_t0: 0 must be at least power_output_minimum of a unit that is on (unit_on_t0)"


def _short(value: Any) -> str:
    return shown(value) if isinstance(value, str) else shown(json.dumps(value))[1:-1]


def _path(path: str, key: str) -> str:
    key = key if len(key) <= LONGEST_CELL else key[:LONGEST_CELL] + "..."
    return f"{path}.{key}" if path and not key.startswith("[") else path + key


def _key(name: str) -> str:
    """The file's name of a field of OwnUnit, an index behind it kept."""
    head, dot, rest = name.partition("[")
    return {"starts": "startup", "points": "piecewise_production"}.get(head, KEY_OF.get(head, head)) + dot + rest
