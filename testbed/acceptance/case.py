"""One case as a folder of plain files: question.md, inputs.yaml with its tables, expected.yaml (docs/acceptance.md)."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from models.records.arrays import Floats, RecordError
from testbed.scenario.plain_yaml import of_yaml

LAYERS = ("component", "mobility", "feeder", "commitment", "dispatch", "delivery", "money")
QUESTION, INPUTS, EXPECTED = "question.md", "inputs.yaml", "expected.yaml"
KEYS = ("layer", "kind", "right", "must_fail", "source", "date", "agree", "slow")
RIGHT_KEYS = {("unit", "value", "tolerance"), ("unit", "least", "most")}
UNITS = {"usd_per_mwh": "USD/MWh", "usd": "USD", "mwh": "MWh", "kwh": "kWh", "mw": "MW", "kw": "kW", "kvar": "kvar",
         "pu": "pu", "percent": "%", "celsius": "°C", "t": "t", "h": "h"}
"""By the ending of a quantity's name the unit that it has, longer ones first."""


class CaseError(Exception):
    """A case that cannot be asked; one line for each of `mistakes`, which name the file. No answer of an engine."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


@dataclass(frozen=True)
class Right:
    """What is right of one quantity: a band, both ends in it."""

    quantity: str
    unit: str
    least: float
    most: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in the band (NaN does not)."""
        return self.least <= value <= self.most

    @property
    def words(self) -> str:
        """The middle and what it may differ by, where that is narrow; else the band."""
        half = (self.most - self.least) / 2
        middle = self.least + half
        narrow = half <= abs(middle) * 0.02
        return f"{middle:.7g} ± {half:.2g}" if narrow else f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Refusal:
    """What must be said when the case is refused, as it must be."""

    reason: str
    words: tuple[str, ...]
    """Each stands somewhere in the message, in large or small letters."""


@dataclass(frozen=True)
class Inputs:
    """Values of inputs.yaml; those that end in .csv name tables beside it."""

    folder: Path
    values: Mapping[str, Any]
    asked: set[str] = field(default_factory=set, compare=False)
    """Keys, and `TABLE COLUMN`, that an answer has asked for."""

    def number(self, name: str, default: float | None = None, above: float = -np.inf) -> float:
        """A number; CaseError where it is none, or is missing and has no default.

        RecordError, a refusal, where it is not finite or not above `above`.
        """
        value = self._value(name, default)
        try:
            if isinstance(value, bool):
                raise TypeError
            number = float(value)
        except (TypeError, ValueError):
            raise self._error(f"{name}: {value!r} is no number") from None
        return _in_range(number, name, above)

    def text(self, name: str, default: str | None = None) -> str:
        """A word."""
        return str(self._value(name, default))

    def file(self, name: str) -> Path:
        """A file of the case; CaseError where it is not there."""
        path = self.folder / self.text(name)
        if not path.is_file():
            raise self._error(f"{name}: {path.name} is not in the folder")
        return path

    def column(self, table: str, name: str, default: float | None = None, least: float = -np.inf) -> Floats:
        """[R] numbers of a table's column; without the column its default, if any.

        RecordError, a refusal, for one that is not finite or below `least`.
        """
        rows = self._rows(table)
        self.asked.add(f"{table} {name}")
        if name not in rows[0] and default is not None:
            return np.full(len(rows), default)
        cells = [self._cell(table, i, row, name) for i, row in enumerate(rows, 1)]
        return np.array([_in_range(cell, f"{table}: row {i}, {name}", least, is_least=True)
                         for i, cell in enumerate(cells, 1)])

    def words(self, table: str, name: str) -> list[str]:
        """[R] texts of a table's column."""
        return [self._there(table, i, row, name) for i, row in enumerate(self._rows(table), 1)]

    def has(self, name: str) -> bool:
        self.asked.add(name)
        return name in self.values

    def not_asked(self) -> list[str]:
        """What is there and no answer has asked for: keys, and columns of tables that it read by columns."""
        tables = {told.split(" ")[0] for told in self.asked if " " in told}
        columns = [f"{self.file(table).name}: column {name}" for table in sorted(tables)
                   for name in self._rows(table)[0] if f"{table} {name}" not in self.asked]
        return [*(f"{INPUTS}: {name}" for name in self.values if name not in self.asked), *columns]

    def _value(self, name: str, default: object) -> Any:
        self.asked.add(name)
        if name not in self.values and default is None:
            raise self._error(f"lacks {name}")
        return self.values.get(name, default)

    def _rows(self, table: str) -> list[dict[str, str]]:
        path = self.file(table)
        try:
            with path.open(encoding="utf-8", newline="") as lines:
                table_of = csv.DictReader(lines)
                rows, header = list(table_of), table_of.fieldnames or ()
        except (UnicodeDecodeError, csv.Error) as error:
            raise CaseError([f"{path}: is no table of text in UTF-8: {error}"]) from None
        if not rows:
            raise CaseError([f"{path}: holds no rows"])
        if longer := [row for row, cells in enumerate(rows, 1) if None in cells]:
            raise CaseError([f"{path}: row {longer[0]} has more cells than the header, which has {len(header)}"])
        return rows

    def _there(self, table: str, row: int, cells: dict[str, str], name: str) -> str:
        self.asked.add(f"{table} {name}")
        if cells.get(name) is None:
            raise CaseError([f"{self.file(table)}: row {row} lacks a cell {name}"])
        return cells[name]

    def _cell(self, table: str, row: int, cells: dict[str, str], name: str) -> float:
        text = self._there(table, row, cells, name)
        try:
            return float(text)
        except ValueError:
            raise CaseError([f"{self.file(table)}: row {row}, {name}: {text!r} is no number"]) from None

    def _error(self, text: str) -> CaseError:
        return CaseError([f"{self.folder / INPUTS}: {text}"])


def _in_range(number: float, what: str, bound: float, is_least: bool = False) -> float:
    """The number; RecordError where no engine could take it."""
    if not np.isfinite(number):
        raise RecordError(f"{what} = {number:g}, must be a finite number")
    if number < bound or (number == bound and not is_least):
        raise RecordError(f"{what} = {number:g}, must be {'at least' if is_least else 'above'} {bound:g}")
    return number


@dataclass(frozen=True)
class Case:
    """A question with its right answer: `right`, or `refusal` where there is none to give."""

    name: str
    title: str
    layer: str
    kind: str
    inputs: Inputs
    right: tuple[Right, ...]
    refusal: Refusal | None
    source: str
    date: dt.date
    agree: tuple[str, ...]
    """Engines of which the case says that their answer is right."""
    is_slow: bool


def read_cases(folder: Path, names: Sequence[str] = ()) -> list[Case]:
    """All cases of a folder, or those named, in the order of layers and names; CaseError tells all mistakes at once."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not folders:
        raise CaseError([f"{folder}: holds no case; a case is a folder with {QUESTION}, {INPUTS} and {EXPECTED}"])
    known = [path.name for path in folders]
    mistakes = [f"{folder}: has no case {name!r}" for name in names if name not in known]
    cases = []
    for path in folders:
        if not names or path.name in names:
            case, wrong = read_case(path)
            mistakes += wrong
            cases += [case] if case else []
    if mistakes:
        raise CaseError(mistakes)
    return sorted(cases, key=lambda case: (LAYERS.index(case.layer), case.name))


def read_case(folder: Path) -> tuple[Case | None, list[str]]:
    """The case of a folder, None with mistakes: what is missing, or cannot be."""
    missing = [name for name in (QUESTION, INPUTS, EXPECTED) if not (folder / name).is_file()]
    if missing:
        return None, [f"{folder}: lacks {' and '.join(missing)}; a case has {QUESTION}, {INPUTS} and {EXPECTED}"]
    wrong: list[str] = []
    inputs, expected = (_mapping(folder / name, wrong) for name in (INPUTS, EXPECTED))
    title = _title(folder / QUESTION, wrong)
    if wrong:
        return None, wrong
    wrong += [f"{folder / EXPECTED}: {text}" for text in _mistakes(expected)]
    if wrong:
        return None, wrong
    return _made(folder, title, inputs, expected), []


def _mapping(file: Path, wrong: list[str]) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        tree = of_yaml(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        wrong.append(f"{file}: is no YAML: {' '.join(str(error).split())}")
        return {}
    wrong += [f"{file}: {key}: stands twice in its block" for key in _doubles(yaml.compose(text))]
    if not isinstance(tree, dict):
        wrong.append(f"{file}: must hold keys with values")
        return {}
    return {str(key): value for key, value in tree.items()}


def _doubles(node: Any) -> list[str]:
    """Keys that stand twice in a block."""
    if isinstance(node, yaml.SequenceNode):
        return [key for item in node.value for key in _doubles(item)]
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = [str(key.value) for key, _ in node.value]
    return [*(key for i, key in enumerate(keys) if key in keys[:i]),
            *(key for _, value in node.value for key in _doubles(value))]


def _title(file: Path, wrong: list[str]) -> str:
    first, _, prose = file.read_text(encoding="utf-8", errors="replace").partition("\n")
    if not first.startswith("# ") or not prose.strip():
        wrong.append(f"{file}: must begin with `# ` and a title, and go on with the question in words")
    return first.removeprefix("# ").strip()


# ---------------------------------------------------------------- expected.yaml
def _mistakes(expected: Mapping[str, Any]) -> list[str]:
    wrong = [f"{key}: unknown, allowed: {', '.join(KEYS)}" for key in expected if key not in KEYS]
    wrong += [f"lacks {key}" for key in ("layer", "kind", "source", "date", "agree") if key not in expected]
    if "layer" in expected and expected["layer"] not in LAYERS:
        wrong.append(f"layer: {expected['layer']!r}, allowed: {', '.join(LAYERS)}")
    if "date" in expected and not isinstance(expected["date"], dt.date):
        wrong.append(f"date: {expected['date']!r}, allowed: a day as 2026-11-29")
    wrong += [f"{key}: {expected[key]!r}, must be a text" for key in ("source", "kind") if key in expected and not (
        isinstance(expected[key], str) and expected[key].strip())]
    if "agree" in expected and not isinstance(expected["agree"], list):
        wrong.append(f"agree: {expected['agree']!r}, allowed: a list of engines")
    if ("right" in expected) == ("must_fail" in expected):
        wrong.append("needs either right or must_fail")
    elif "right" in expected:
        wrong += _mistakes_of_right(expected["right"])
    else:
        wrong += _mistakes_of_refusal(expected["must_fail"])
    return wrong


def _mistakes_of_right(right: object) -> list[str]:
    if not isinstance(right, dict) or not right:
        return ["right: must hold quantities"]
    wrong = []
    for quantity, band in right.items():
        keys = tuple(band) if isinstance(band, dict) else ()
        if set(keys) not in map(set, RIGHT_KEYS):
            has = f"has {', '.join(map(str, keys)) or 'none of them'}"
            wrong.append(f"right: {quantity}: needs unit, and value with tolerance, or least with most; {has}")
        elif mistake := _mistake_of_unit(str(quantity), band["unit"]):
            wrong.append(f"right: {quantity}: unit: {mistake}")
        elif bad := [key for key in keys if key != "unit" and not _is_number(band[key])]:
            wrong += [f"right: {quantity}: {key}: {band[key]!r} is no number" for key in bad]
        elif band.get("tolerance", 0) < 0:
            wrong.append(f"right: {quantity}: the band is empty: tolerance: {band['tolerance']:g}, must be 0 or more")
        elif band.get("least", 0) > band.get("most", np.inf):
            wrong.append(f"right: {quantity}: the band is empty: least: {band['least']:g} must not be above most: "
                         f"{band['most']:g}")
    return wrong


def _mistake_of_unit(quantity: str, unit: object) -> str:
    """Why a unit is none of a quantity; empty if it may be."""
    if not isinstance(unit, str) or not unit.strip():
        return f"{unit!r}, must be a text, \"1\" of numbers without"
    name = quantity.split(".", maxsplit=1)[0]
    own = next((own for ending, own in UNITS.items() if name.endswith(f"_{ending}")), unit)
    return "" if unit == own else f"{unit!r}, must be {own!r}, as the quantity's name says"


def _mistakes_of_refusal(refusal: object) -> list[str]:
    if not isinstance(refusal, dict) or set(refusal) != {"reason", "words"}:
        return ["must_fail: needs reason and words"]
    words = refusal["words"]
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        return ["must_fail: words: must be a list of texts, at least one"]
    return []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def _made(folder: Path, title: str, inputs: Mapping[str, Any], expected: Mapping[str, Any]) -> Case:
    refusal = expected.get("must_fail")
    return Case(
        name=folder.name, title=title, layer=expected["layer"], kind=str(expected["kind"]),
        inputs=Inputs(folder, inputs), right=tuple(_right(*item) for item in expected.get("right", {}).items()),
        refusal=Refusal(str(refusal["reason"]), tuple(refusal["words"])) if refusal else None,
        source=str(expected["source"]), date=expected["date"], agree=tuple(map(str, expected["agree"])),
        is_slow=bool(expected.get("slow", False)))


def _right(quantity: str, band: Mapping[str, Any]) -> Right:
    if "value" in band:
        least, most = band["value"] - band["tolerance"], band["value"] + band["tolerance"]
    else:
        least, most = band["least"], band["most"]
    return Right(str(quantity), str(band["unit"]), float(least), float(most))
