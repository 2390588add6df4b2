"""The tables of a pandapower net: which rows take part, and what they must hold; all mistakes of a net at once.

Only rows that take part are asked for their values: a net may keep what it does not use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.account import ranges
from models.network.feeder import PLACEHOLDER_A
from models.records.arrays import Bools, Floats, Ints
from models.records.feeder import BASE_MVA

BUS_COLUMNS = ("bus", "from_bus", "to_bus", "hv_bus", "mv_bus", "lv_bus")
WIDEST_RATIO = 1.3
"""Most that a winding may differ from its bus (A); a few percent are usual."""
LEAST_Z_PU = 5e-6
"""On 1 MVA: the power flow of shorter lines drowns in rounding (C: at 1e-6 no engine converges to 1e-10 MVA)."""
MOST_SHOWN = 5


@dataclass(frozen=True)
class Rule:
    """What a column must hold in each row that takes part."""

    column: str
    low: float
    high: float
    above: bool = False
    """Whether `low` itself is refused."""
    default: float | None = None
    """Where the column or its value is missing; None: it must be there."""
    hint: str = ""

    def broken(self, values: Floats) -> Bools:
        """Which rows break it; NaN does."""
        low = values > self.low if self.above else values >= self.low
        return np.asarray(~(low & (values <= self.high)))

    @property
    def allowed(self) -> str:
        return f"must be {'above' if self.above else 'at least'} {self.low:g} and at most {self.high:g}{self.hint}"


def _power(column: str, low: float, hint: str = "") -> Rule:
    return Rule(column, low, 1e4, hint=hint)


GENERATION = "; generation belongs into the table sgen"
SCALING = Rule("scaling", 0.0, 1e3, default=1.0)
PARALLEL = Rule("parallel", 1.0, 1e3, default=1.0)
DERATING = Rule("df", 0.0, 10.0, above=True, default=1.0)
RATING = Rule("max_i_ka", 0.0, PLACEHOLDER_A / 1e3, above=True,
              hint=" (more is a placeholder); give line_rating_a, a number of amperes or null for no limit")
RULES: dict[str, tuple[Rule, ...]] = {
    "bus": (Rule("vn_kv", 0.05, 1200.0),),
    "ext_grid": (Rule("vm_pu", 0.8, 1.2),),
    "load": (_power("p_mw", 0.0, GENERATION), _power("q_mvar", -1e4), SCALING),
    "asymmetric_load": (*(_power(f"p_{phase}_mw", 0.0, GENERATION) for phase in "abc"),
                        *(_power(f"q_{phase}_mvar", -1e4) for phase in "abc"), SCALING),
    "motor": (_power("pn_mech_mw", 0.0), Rule("cos_phi", 0.0, 1.0, above=True),
              Rule("efficiency_percent", 0.0, 100.0, above=True), Rule("loading_percent", 0.0, 1e3), SCALING),
    "line": (Rule("length_km", 0.0, 1e3, above=True, hint="; a closed switch joins buses without a line"),
             Rule("r_ohm_per_km", 0.0, 1e4, above=True, hint="; the relaxation of the power flow needs a resistance"),
             Rule("x_ohm_per_km", 0.0, 1e4), Rule("c_nf_per_km", 0.0, 1e7, default=0.0),
             Rule("g_us_per_km", 0.0, 1e6, default=0.0), PARALLEL, DERATING),
    "trafo": (Rule("sn_mva", 0.0, 1e4, above=True), Rule("vn_hv_kv", 0.05, 1200.0), Rule("vn_lv_kv", 0.05, 1200.0),
              Rule("vk_percent", 0.0, 100.0, above=True),
              Rule("vkr_percent", 0.0, 100.0, above=True, hint="; the relaxation of the power flow needs a resistance"),
              Rule("pfe_kw", 0.0, 1e5, default=0.0), Rule("i0_percent", 0.0, 100.0, default=0.0), PARALLEL, DERATING),
    "shunt": (_power("p_mw", 0.0, "; a shunt draws active power"), _power("q_mvar", -1e4),
              Rule("step", 0.0, 1e3, default=1.0)),
    "switch": (Rule("z_ohm", 0.0, 1e3, default=0.0),),
}
"""Of the tables that a feeder takes. Limits are those of any public network, far from any number in use (A)."""


COLUMNS = {
    table: (*(rule.column for rule in rules if rule.default is None), *{
        "bus": ("in_service",), "line": ("from_bus", "to_bus", "max_i_ka", "in_service"),
        "trafo": ("hv_bus", "lv_bus", "in_service"), "switch": ("bus", "element", "et", "closed"),
    }.get(table, ("bus", "in_service"))) for table, rules in RULES.items()}
"""What each of these tables must have where it has rows."""
ALWAYS_THERE = ("bus", "ext_grid", "line", "load", "switch", "trafo")


# ---------------------------------------------------------------- rows
def rows_of(net: Any, table: str) -> int:
    """Number of rows; 0 where there is no such table."""
    frame = net.get(table)
    return len(frame) if hasattr(frame, "columns") else 0


def in_service(net: Any, table: str) -> Bools:
    """Which rows are in service."""
    if not rows_of(net, table) or "in_service" not in net[table]:
        return np.zeros(rows_of(net, table), dtype=np.bool_)
    return np.asarray(net[table]["in_service"].fillna(value=False), dtype=np.bool_)


def live(net: Any, table: str) -> Bools:
    """Which elements are in service at buses in service."""
    serving = in_service(net, table)
    if not serving.any() or table == "bus":
        return serving
    frame, dead = net[table], net.bus.index[~in_service(net, "bus")]
    ends = [column for column in BUS_COLUMNS if column in frame]
    return np.asarray(serving & ~np.any([frame[column].isin(dead) for column in ends], axis=0), dtype=np.bool_)


def _touching(net: Any, table: str) -> Bools:
    """Which elements are in service at a bus in service, at least by one end: a line may end in the air."""
    serving = in_service(net, table)
    if table != "line" or not serving.any():
        return live(net, table)
    dead = net.bus.index[~in_service(net, "bus")]
    return np.asarray(serving & ~(net.line["from_bus"].isin(dead) & net.line["to_bus"].isin(dead)), dtype=np.bool_)


def column_of(frame: Any, name: str, default: float | None = 1.0) -> Floats:
    """The numbers of a column; the default where the net has none, NaN where it holds a text."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    if name not in frame:
        return np.full(len(frame), np.nan if default is None else default)
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if default is None:
        return np.asarray(values)
    return np.where(frame[name].isna().to_numpy(dtype=bool), default, values)


def _are_texts(frame: Any, name: str) -> Bools:
    """Which rows hold a text, though it may read as a number: pandapower adds texts up by writing them together."""
    if name not in frame or frame[name].dtype.kind in "iufb":
        return np.zeros(len(frame), dtype=np.bool_)
    return np.array([isinstance(value, str) for value in frame[name]], dtype=np.bool_)


def positions(net: Any, bus: Ints) -> Ints:
    """Rows of net.bus."""
    return np.asarray(net.bus.index.get_indexer(bus), dtype=np.int64)


def level_kv(net: Any, bus: Ints) -> Floats:
    """Nominal voltage of buses."""
    return np.asarray(column_of(net.bus, "vn_kv", None)[positions(net, bus)])


# ---------------------------------------------------------------- names
def label(net: Any, table: str, row: int) -> str:
    """How a row is named: `line 3`, with its name where it has one."""
    frame = net[table]
    name = frame["name"].get(row) if "name" in frame else None
    return f"{table} {row}" if not isinstance(name, str) or not name.strip() else f"{table} {row} {name.strip()!r:.60}"


def _told(net: Any, table: str, rows: Sequence[int], words: Sequence[str]) -> Iterator[str]:
    """A mistake of each row; rows with the same one are told together, of many kinds the first few."""
    alike: dict[str, list[int]] = {}
    for row, said in zip(rows, words, strict=True):
        alike.setdefault(said, []).append(int(row))
    for said, some in list(alike.items())[:MOST_SHOWN]:
        which = label(net, table, some[0]) if len(some) == 1 else f"{table} {ranges(some)}"
        yield f"{which}: {said}"
    if (rest := list(alike.values())[MOST_SHOWN:]):
        yield f"{table} {ranges([row for some in rest for row in some])}: likewise"


# ---------------------------------------------------------------- mistakes
def structure_mistakes(net: Any) -> list[str]:
    """What is missing to read the tables at all."""
    return list(_structure(net))


def value_mistakes(net: Any, has_ratings: bool) -> list[str]:
    """All that is impossible in tables that can be read. `has_ratings`: the net's own line ratings are asked for."""
    values = [mistake for table, rules in RULES.items() for mistake in _values(net, table, rules)]
    if has_ratings:
        values += _values(net, "line", (RATING,))
    return [*values, *_levels(net), *_windings(net), *_too_short(net), *_stepped(net)]


def _structure(net: Any) -> Iterator[str]:
    for table, needed in COLUMNS.items():
        frame = net.get(table)
        if not hasattr(frame, "columns"):
            if table in ALWAYS_THERE:
                yield f"{table}: is no table"
        elif len(frame):
            if not _counts(frame.index) or frame.index.has_duplicates or frame.index.min() < 0:
                yield f"{table}: every row needs a number of its own, 0 or more"
            missing = [name for name in needed if name not in frame]
            if missing:
                yield f"{table}: has no column {', '.join(missing)}"
            elif table != "bus":
                yield from _ends(net, table)


def _counts(index: Any) -> bool:
    """Whether rows are numbered by integers."""
    return bool(len(index) == 0 or index.dtype.kind in "iu")


def _ends(net: Any, table: str) -> Iterator[str]:
    """Elements at buses that there are not."""
    frame, bus = net[table], net.get("bus")
    known = bus.index if hasattr(bus, "columns") else ()
    for column in [name for name in BUS_COLUMNS if name in frame]:
        unknown = frame[~frame[column].isin(known)]
        yield from _told(net, table, list(unknown.index), [
            f"{column} = {given!s:.40} is no bus of the net" for given in unknown[column]])


def _values(net: Any, table: str, rules: Sequence[Rule]) -> Iterator[str]:
    if not rows_of(net, table):
        return
    frame = net[table] if table == "switch" else net[table][_touching(net, table)]
    for rule in rules:
        values = column_of(frame, rule.column, rule.default)
        wrong = frame[rule.broken(values)]
        given = wrong[rule.column] if rule.column in frame else ()
        yield from _told(net, table, list(wrong.index), [
            f"{rule.column} = {value!s:.40}, {rule.allowed}" for value in given])
        texts = frame[~rule.broken(values) & _are_texts(frame, rule.column)]
        yield from _told(net, table, list(texts.index), [
            f"{rule.column} = {value!r:.40} is a text, must be a number" for value in texts.get(rule.column, ())])


def _levels(net: Any) -> Iterator[str]:
    """Lines and closed couplers that join buses of different voltage levels."""
    joining = {"line": (live(net, "line"), "from_bus", "to_bus"), "switch": (closed_couplers(net), "bus", "element")}
    for table, (rows, *ends) in joining.items():
        if not rows_of(net, table):
            continue
        frame = net[table][rows]
        first_kv, second_kv = (level_kv(net, frame[end].to_numpy(np.int64)) for end in ends)
        wrong = ~np.isclose(first_kv, second_kv, rtol=1e-6)
        words = [f"joins bus {first} of {first_level:g} kV with bus {second} of {second_level:g} kV; between voltage "
                 "levels stands a transformer" for first, second, first_level, second_level in zip(
                     *(frame.loc[wrong, end] for end in ends), first_kv[wrong], second_kv[wrong], strict=True)]
        yield from _told(net, table, list(frame.index[wrong]), words)


def _windings(net: Any) -> Iterator[str]:
    """Transformers whose windings are not for the buses that they join, or whose parts exceed the whole."""
    if not rows_of(net, "trafo"):
        return
    frame = net.trafo[live(net, "trafo")]
    for side in ("hv", "lv"):
        bus_kv = level_kv(net, frame[f"{side}_bus"].to_numpy(np.int64))
        winding_kv = column_of(frame, f"vn_{side}_kv", None)
        wrong = (winding_kv > WIDEST_RATIO * bus_kv) | (winding_kv * WIDEST_RATIO < bus_kv)
        words = [f"vn_{side}_kv = {kv:g} is no winding for its bus of {level:g} kV"
                 for kv, level in zip(winding_kv[wrong], bus_kv[wrong], strict=True)]
        yield from _told(net, "trafo", list(frame.index[wrong]), words)
    wrong = column_of(frame, "vkr_percent", None) > column_of(frame, "vk_percent", None)
    words = ["vkr_percent must not be above vk_percent"] * int(wrong.sum())
    yield from _told(net, "trafo", list(frame.index[wrong]), words)


def _too_short(net: Any) -> Iterator[str]:
    """Lines whose impedance is above zero, but too small to be solved for."""
    if not rows_of(net, "line"):
        return
    line = net.line[live(net, "line")]
    base_ohm = level_kv(net, line["from_bus"].to_numpy(np.int64)) ** 2 / BASE_MVA
    least_ohm = LEAST_Z_PU * base_ohm * column_of(line, "parallel")
    z_ohm = np.hypot(column_of(line, "r_ohm_per_km"), column_of(line, "x_ohm_per_km")) * column_of(line, "length_km")
    wrong = (z_ohm > 0) & (z_ohm < least_ohm)
    yield from _told(net, "line", list(line.index[wrong]), [
        f"its impedance of {z:.2g} ohm must be at least {least:.2g} ohm to be solved for; a closed switch joins buses "
        "without a line" for z, least in zip(z_ohm[wrong], least_ohm[wrong], strict=True)])


def _stepped(net: Any) -> Iterator[str]:
    """Shunts whose power is no multiple of a step's, or whose nominal voltage is none."""
    if not rows_of(net, "shunt"):
        return
    shunt = net.shunt[live(net, "shunt")]
    by_table = column_of(shunt, "step_dependency_table", 0.0) != 0
    yield from _told(net, "shunt", list(shunt.index[by_table]), [
        "its table by step is not read; write p_mw and q_mvar of its present step"] * int(by_table.sum()))
    given = column_of(shunt, "vn_kv", np.nan)
    wrong = np.isinf(given) | (given <= 0)
    yield from _told(net, "shunt", list(shunt.index[wrong]), [
        f"vn_kv = {value:g}, must be above 0" for value in given[wrong]])


def closed_couplers(net: Any) -> Bools:
    """Which switches are closed and join two buses in service."""
    switch = net.switch
    alive = net.bus.index[in_service(net, "bus")]
    return np.asarray((switch["et"] == "b") & switch["closed"].astype(bool) & switch["bus"].isin(alive)
                      & switch["element"].isin(alive), dtype=np.bool_)
