"""Cases of MATPOWER (`.m`): read by matpowercaseframes, turned into a net by pandapower's own converter.

A case is a program. Only plain tables are understood: a reader that runs nothing would take the numbers from before a
calculation, so a case that calculates is refused (docs/decisions/0045-matpower-cases.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.network.read_nets import net_source
from models.network.sources.json_file import content_version
from models.records.arrays import Floats, RecordError, refuse
from models.tables.content import content_of

MOST_BYTES = 64_000_000
COLUMNS = {"bus": 13, "gen": 10, "branch": 11}
"""Least columns of the tables that are read, of version 2 of the format."""
BUS_NUMBER, BUS_TYPE, BASE_KV = 0, 1, 9
GEN_BUS, REFERENCE = 0, 3
FROM, TO, R, X, B, RATE_A, TAP, SHIFT = 0, 1, 2, 3, 4, 5, 8, 9
UNIT_RATIO = 1.0 + 1e-12
"""pandapower's converter takes a branch for a transformer where its ratio is not 1."""
TABLE = re.compile(r"mpc\.(\w+)\s*=\s*[\[{](.*)")
VALUE = re.compile(r"mpc\.\w+\s*=\s*('[^']*'|[-+.\deE]+)\s*;?|function\s+mpc\s*=\s*\w+\s*;?|end;?|return;?")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?Inf")
BASE = re.compile(r"^\s*mpc\.baseMVA\s*=", re.MULTILINE)
END = re.compile(r"[\]}]\s*;?$")
MOST_SHOWN = 5


def _net(text: str) -> Any:
    from pandapower.converter.pypower import from_ppc  # noqa: PLC0415 - slow to import

    refuse(list(_program(_text(Path(text)))), f"feeder {text}")
    try:
        case = _case(text)
        refuse(list(_bus_mistakes(case)), f"feeder {text}")
        refuse(list(_branch_mistakes(case)), f"feeder {text}")
        net = from_ppc(case | {"branch": _written_down(case)}, f_hz=50)
    except RecordError:
        raise
    except Exception as error:  # it raises whatever its tables make of what they hold
        raise RecordError(f"feeder {text}: no case of MATPOWER, version 2: {type(error).__name__}: "
                          f"{error!s:.200}") from error
    net.name = Path(text).stem
    return net


def _text(file: Path) -> str:
    try:
        return content_of(file, MOST_BYTES).decode("utf-8", errors="replace")
    except ValueError as error:
        raise RecordError(f"feeder {file}: {error}") from None


def _case(text: str) -> dict[str, Any]:
    """The tables by name; buses keep their numbers."""
    try:
        from matpowercaseframes import CaseFrames  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RecordError(f"feeder {text}: needs the extra matpower: pip install v2g-testbed[matpower]") from error
    frames = CaseFrames(text)
    names = {"bus_name": np.array(frames.bus_name.astype(str))} if "bus_name" in frames.attributes else {}
    return {"version": "2", "baseMVA": float(frames.baseMVA), **names,
            **{name: np.array(getattr(frames, name).to_numpy(), dtype=np.float64) for name in COLUMNS}}


# ---------------------------------------------------------------- what is no table
def _program(text: str) -> Iterator[str]:
    """Lines that are no plain value of `mpc` and no row of numbers, the first few; tables that there are not."""
    wrong, begun = _not_understood(text)
    for number, line in wrong[:MOST_SHOWN]:
        yield (f"line {number}: {line!r:.80} is no plain value and no row of numbers; a case that calculates is not "
               "run: load it in MATPOWER and bring what its `savecase` writes")
    if len(wrong) > MOST_SHOWN:
        yield f"{len(wrong) - MOST_SHOWN} more lines like these"
    for table in sorted(set(COLUMNS) - begun):
        yield f"has no table mpc.{table}"
    if not BASE.search(text):
        yield "has no mpc.baseMVA"


def _not_understood(text: str) -> tuple[list[tuple[int, str]], set[str]]:
    """(number and text of lines, names of tables)."""
    wrong, begun, table, width = list[tuple[int, str]](), set[str](), "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("%")[0].strip()
        if not table and (opening := TABLE.fullmatch(line)):
            table, line, width = opening[1], opening[2].strip(), 0
            wrong += [(number, raw.strip())] if table in begun else []
            begun.add(table)
        elif not table:
            wrong += [(number, raw.strip())] if line and not VALUE.fullmatch(line) else []
            continue
        row, ends = END.sub("", line).rstrip("; "), bool(END.search(line))
        if row and table in COLUMNS:
            values = row.split()
            width = width or max(len(values), COLUMNS[table])
            if len(values) != width or not all(NUMBER.fullmatch(value) for value in values):
                wrong.append((number, raw.strip()))
        table = "" if ends else table
    return wrong, begun


# ---------------------------------------------------------------- buses
def _bus_mistakes(case: dict[str, Any]) -> Iterator[str]:
    """Numbers that are none or twice, elements at buses that are not there, and how many references there are."""
    if not case["baseMVA"] > 0:
        yield f"mpc.baseMVA = {case['baseMVA']:g} must be above 0"
    numbers = case["bus"][:, BUS_NUMBER]
    wrong = numbers[~((numbers >= 1) & (numbers == np.floor(numbers)))]
    known, counts = np.unique(numbers, return_counts=True)
    yield from (f"mpc.bus: {number:g} is no number of a bus, allowed: 1, 2, ..." for number in wrong[:MOST_SHOWN])
    yield from (f"mpc.bus: bus {number:g} is there twice" for number in known[counts > 1][:MOST_SHOWN])
    for table, column in (("branch", FROM), ("branch", TO), ("gen", GEN_BUS)):
        ends = case[table][:, column]
        yield from (f"mpc.{table}: row {row + 1} stands at bus {ends[row]:g}, which mpc.bus does not have"
                    for row in np.flatnonzero(~np.isin(ends, known))[:MOST_SHOWN])
    references = numbers[case["bus"][:, BUS_TYPE] == REFERENCE]
    if references.size != 1:
        named = ", ".join(f"{number:g}" for number in references[:MOST_SHOWN]) or "no bus"
        yield f"mpc.bus: {named} of type 3, the reference; must be one bus"


# ---------------------------------------------------------------- transformers
def _branch_mistakes(case: dict[str, Any]) -> Iterator[str]:
    """Branches that the converter would take for something else."""
    for row in np.flatnonzero(_are_transformers(case)):
        branch = case["branch"][row]
        where = f"branch {row + 1}, from bus {branch[FROM]:.0f} to bus {branch[TO]:.0f}, is a transformer"
        if branch[B]:
            yield f"{where} with a charging of b = {branch[B]:g}; write it as shunts of its buses"
        if not branch[RATE_A]:
            yield f"{where} without a rateA; a transformer needs a rating in MVA"


def _are_transformers(case: dict[str, Any]) -> Any:
    branch, (start_kv, end_kv) = case["branch"], _levels(case)
    return (start_kv != end_kv) | ~np.isin(branch[:, TAP], (0.0, 1.0)) | (branch[:, SHIFT] != 0)


def _levels(case: dict[str, Any]) -> tuple[Floats, Floats]:
    """Nominal voltages [branches] at both ends."""
    level = dict(zip(case["bus"][:, BUS_NUMBER], case["bus"][:, BASE_KV], strict=True))
    start, end = (np.array([level[bus] for bus in case["branch"][:, side]]) for side in (FROM, TO))
    return start, end


def _written_down(case: dict[str, Any]) -> Floats:
    """Branches with every transformer told from its high side, and never of the ratio 1, as the converter expects.

    A ratio t in front of z at the one end is 1/t in front of t^2 z at the other.
    """
    branch, is_trafo = np.array(case["branch"]), _are_transformers(case)
    start_kv, end_kv = _levels(case)
    ratio = np.where(branch[:, TAP] == 0, 1.0, branch[:, TAP])
    turned = is_trafo & (start_kv < end_kv)
    branch[turned, FROM], branch[turned, TO] = branch[turned, TO].copy(), branch[turned, FROM].copy()
    branch[turned, R] *= ratio[turned] ** 2
    branch[turned, X] *= ratio[turned] ** 2
    branch[turned, SHIFT] *= -1.0
    ratio[turned] = 1.0 / ratio[turned]
    branch[:, TAP] = np.where(is_trafo & (ratio == 1.0), UNIT_RATIO, ratio)
    return np.asarray(branch)


SOURCE = net_source("FILE.m", "a case of MATPOWER, version 2, whose tables are plain numbers (needs the extra "
                    "`matpower`)", r".+\.m", _net, content_version)
