"""The text of a JSON net before pandapower sees it: nothing but tables, numbers and texts gets through.

pandapower's reader imports every module that a file names before it asks whether the class is allowed, opens files that
stand in place of a table, and looks up functions by name. So the text is parsed here with the plain parser, and
written anew from what was understood: tables (with the keys below), arrays, numbers, containers. Objects of pandapower
itself (tap changers, characteristics, places on a map) do not act in a power flow and are left away.
"""

from __future__ import annotations

import json
import re
from typing import Any

from models.records.arrays import RecordError, refuse
from models.tables.content import json_of

MOST_BYTES = 64_000_000
"""A net of 10,000 buses takes some 20 MB (C)."""
DEEPEST = 40
"""Levels of lists and objects in each other; pandapower writes about ten (C)."""
NET = ("pandapower.auxiliary", "pandapowerNet")
TABLE_KEYS = {"_module", "_class", "_object", "orient", "dtype", "is_multiindex", "is_multicolumn", "index_name",
              "index_names", "column_name", "column_names", "typ"}
_TABLES = {("pandas.core.frame", "DataFrame"), ("pandas", "DataFrame"), ("pandas.core.series", "Series"),
           ("pandas", "Series")}
_PLAIN = re.compile(r"numpy\.(array|bool_?|u?int\d+|float\d+|complex\d+|str_)|builtins\.(complex|tuple|set|frozenset)"
                    r"|pandas(\.core\.indexes\.\w+)?\.\w*Index")
_WITHOUT_EFFECT = re.compile(r"(pandapower|shapely|geopandas|networkx)(\.\w+)*")
"""Modules whose objects a power flow does not ask for: control, protection, places on a map, graphs."""


def screened(content: bytes, where: str) -> str:
    """The net of a file's content as text that is safe to give to pandapower; RecordError lists what is wrong."""
    data = _parsed(content, where)
    mistakes: list[str] = []
    if isinstance(data, dict) and (data.get("_module"), data.get("_class")) == NET:
        inner = data.get("_object")
        if isinstance(inner, str):  # nets of the first versions
            inner = _parsed(inner.encode(errors="surrogatepass"), where)
        net: Any = {"_module": NET[0], "_class": NET[1], "_object": _tables(inner, where, mistakes)}
    else:
        net = _tables(data, where, mistakes)
    refuse(mistakes, f"feeder {where}")
    return json.dumps(net)


def _parsed(content: bytes, where: str) -> Any:
    try:
        return json_of(content, DEEPEST)
    except ValueError as error:
        raise RecordError(f"feeder {where}: {error}") from None


def _tables(data: Any, where: str, mistakes: list[str]) -> dict[str, Any]:
    """The net's entries by name, without those that are objects."""
    if not isinstance(data, dict) or "bus" not in data:
        raise RecordError(f"feeder {where}: holds no pandapower net; write one with pandapower.to_json")
    cleaned = {name: _cleaned(value, name, mistakes, 1) for name, value in data.items()}
    return {name: value for name, value in cleaned.items() if value is not None or data[name] is None}


def _cleaned(value: Any, place: str, mistakes: list[str], depth: int) -> Any:
    """The value without objects; None in the place of one."""
    if depth > DEEPEST:
        mistakes.append(f"{place}: is nested deeper than {DEEPEST} levels")
        return None
    if isinstance(value, list):
        return [_cleaned(item, place, mistakes, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if "_module" in value or "_class" in value:
        return _object(value, place, mistakes, depth)
    return {name: _cleaned(item, place, mistakes, depth + 1) for name, item in value.items()}


def _object(value: dict[str, Any], place: str, mistakes: list[str], depth: int) -> Any:
    """Whatever names a class: a table, an array, something without effect, or a mistake."""
    module, name = str(value.get("_module")), str(value.get("_class"))
    if (module, name) in _TABLES:
        return _table(value, place, mistakes, depth)
    if _PLAIN.fullmatch(f"{module}.{name}"):
        return {**_without_class(value, place, mistakes, depth), "_module": module, "_class": name}
    if not _WITHOUT_EFFECT.fullmatch(module) or name in ("function", "method", NET[1]):
        mistakes.append(f"{place}: holds an object {name!r:.60} of the module {module!r:.60}; a net may hold tables, "
                        "numbers and texts")
    return None


def _table(value: dict[str, Any], place: str, mistakes: list[str], depth: int) -> Any:
    """A table, whose rows stand as JSON in a text; parsed and written anew."""
    if unknown := sorted(set(value) - TABLE_KEYS):
        mistakes.append(f"{place}: the table has unknown keys {', '.join(map(repr, unknown[:5]))}")
        return None
    try:
        rows = json_of(str(value.get("_object")).encode(errors="surrogatepass"), DEEPEST)
    except ValueError:
        mistakes.append(f"{place}: the rows of the table are no JSON")
        return None
    if not isinstance(rows, dict):
        mistakes.append(f"{place}: the rows of the table are no object of columns, index and data")
        return None
    if depth == 1 and not rows.get("data", True):
        return None  # pandapower's own empty table; reading the eighty of a net takes longer than all else
    return {**_without_class(value, place, mistakes, depth), "_module": value["_module"], "_class": value["_class"],
            "_object": json.dumps(_cleaned(rows, place, mistakes, depth + 1))}


def _without_class(value: dict[str, Any], place: str, mistakes: list[str], depth: int) -> dict[str, Any]:
    """Its other entries, cleaned: pandapower's reader looks for objects in each of them."""
    return {key: _cleaned(item, place, mistakes, depth + 1) for key, item in value.items()
            if key not in ("_module", "_class")}
