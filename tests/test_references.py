"""References lead somewhere: sections of docs/model.md, anchors of pages, symbols in code; the glossary is in order."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel

from testbed.scenario.record import Scenario
from tests.test_docs import LINK, PACKAGES, QUOTED, ROOT, TEXTS, defined_in, prose, rows_of, text_of

MODEL = "docs/model.md"
HERE = Path(__file__)
FOLDERS = (*PACKAGES, "tests", "docs", "benchmarks", "notebooks")
SUFFIXES = (".py", ".md", ".yaml", ".ipynb")
SOURCES = sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*")
                                        if path.suffix in SUFFIXES and path.is_file())])
NUMBER = r"\d+(?:\.\d+)?"
REFERENCE = re.compile(rf"docs/model\.md\s+(?:# )?({NUMBER}(?:(?:, | and | to ){NUMBER})*)(?![\w%])")
"""The one form in which code and pages name sections: the page, then numbers."""
IN_PAGE = re.compile(rf"\bsections? ({NUMBER}(?:(?:, | and | to ){NUMBER})*)")
PRIVATE = re.compile(r"\b(?:MODEL|DATA|DESIGN|STYLE)\.md\b|\bMODEL(?: sections?)? \d|\bMODEL's\b|\bMODEL:")
"""Notes that no reader has."""
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
EQUATION = re.compile(r"\((U\d+[a-z]?|J\d+|\d+)(?:\)|, redundant)")
"""Upper layer, both layers, lower layer; as docstrings begin and as the model has them."""


def sections() -> list[str]:
    """Numbers of the model's headings, as they come."""
    return re.findall(rf"^#{{2,3}} ({NUMBER}) ", text_of(MODEL), re.MULTILINE)


def numbers(text: str) -> list[str]:
    return re.findall(NUMBER, text)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# ---------------------------------------------------------------- sections of the model
def test_sections_are_numbered_in_order() -> None:
    numbered = [tuple(map(int, number.split("."))) for number in sections()]
    assert numbered == sorted(set(numbered))
    for before, after in pairwise(numbered):
        assert after in ((before[0] + 1,), (*before[:1], (before[1] if len(before) > 1 else 0) + 1))


def unresolved(text: str, known: set[str]) -> list[str]:
    """Sections that a text names and the model does not have."""
    return [number for reference in REFERENCE.findall(text) for number in numbers(reference) if number not in known]


def test_named_sections_exist() -> None:
    known = set(sections())
    by_file = {name_of(path): unresolved(path.read_text(encoding="utf-8"), known) for path in SOURCES if path != HERE}
    assert {name: numbers for name, numbers in by_file.items() if numbers} == {}


def test_no_text_refers_to_notes_that_no_reader_has() -> None:
    by_file = {name_of(path): PRIVATE.findall(path.read_text(encoding="utf-8")) for path in SOURCES if path != HERE}
    assert {name: notes for name, notes in by_file.items() if notes} == {}


def test_a_section_that_does_not_exist_is_found() -> None:
    text = 'as docs/model.md 3.2 says\n"""A rule (docs/model.md\n    # 3.99, 4 and 12)."""'
    assert unresolved(text, {"3.2", "4"}) == ["3.99", "12"]


def test_sections_are_named_often() -> None:
    named = [number for path in SOURCES if path.suffix == ".py" and "tests" not in path.parts
             for reference in REFERENCE.findall(path.read_text(encoding="utf-8")) for number in numbers(reference)]
    assert len(named) > 40


@pytest.mark.parametrize("page", [MODEL, "docs/nomenclature.md", "docs/glossary.md"])
def test_sections_named_within_the_page_exist(page: str) -> None:
    named = [number for reference in IN_PAGE.findall(text_of(page)) for number in numbers(reference)]
    assert [number for number in named if number not in sections()] == []


# ---------------------------------------------------------------- equations of the model
@cache
def equations_in_code() -> frozenset[str]:
    """Numbers with which docstrings of controllers begin."""
    anchors = set()
    for file in ROOT.glob("controllers/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (begin := EQUATION.match(ast.get_docstring(node) or "")):
                anchors.add(begin.group(1))
    return frozenset(anchors)


def test_the_model_has_every_numbered_equation_and_no_other() -> None:
    in_page = {number for line in text_of(MODEL).splitlines() if line.startswith("    ")
               for number in EQUATION.findall(line)}
    assert len(in_page) > 40
    in_docstrings = equations_in_code() | {"15"}  # (15) stands in two functions that name what they add to it
    assert in_page == in_docstrings


# ---------------------------------------------------------------- anchors
def anchor(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w -]", "", re.sub(r"`|\]\([^)]*\)|\[", "", heading).lower()).replace(" ", "-")


@cache
def anchors(path: Path) -> frozenset[str]:
    return frozenset(map(anchor, HEADING.findall(prose(path.read_text(encoding="utf-8")))))


def lost_anchors(text: str, folder: Path, own: Path) -> list[str]:
    """Links of a text to headings that do not exist."""
    links = (link.split("#", 1) for link in LINK.findall(prose(text)) if "#" in link and "://" not in link)
    return [f"{page}#{name}" for page, name in links
            if (path := folder / page if page else own).suffix == ".md" and name not in anchors(path.resolve())]


def test_anchors_lead_somewhere() -> None:
    assert [(name_of(path), lost) for path in TEXTS
            for lost in lost_anchors(path.read_text(encoding="utf-8"), path.parent, path)] == []


def test_anchors_named_in_code_exist() -> None:
    named = {(page, name) for path in SOURCES if path.suffix == ".py"
             for page, name in re.findall(r"(docs/\w+\.md)#([\w-]+)", path.read_text(encoding="utf-8"))}
    assert named
    assert [f"{page}#{name}" for page, name in named if name not in anchors(ROOT / page)] == []


# ---------------------------------------------------------------- nomenclature and glossary
@cache
def names_in_code() -> frozenset[str]:
    """Functions, classes, methods, fields (Record.field) and constants of modules."""
    names = set(defined_in(PACKAGES))
    for file in (file for folder in PACKAGES for file in ROOT.glob(f"{folder}/**/*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{field}" for field in fields_of(node)}
            elif isinstance(node, ast.Assign):
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(names)


def fields_of(record: ast.ClassDef) -> set[str]:
    """Annotated names of a class, its own and those of `self`."""
    targets = [node.target for node in ast.walk(record) if isinstance(node, ast.AnnAssign)]
    return {target.id if isinstance(target, ast.Name) else target.attr for target in targets
            if isinstance(target, ast.Name | ast.Attribute)}


def is_scenario_key(name: str) -> bool:
    """Whether a name such as `planning.horizon_h` is a key of a scenario."""
    record: object = Scenario
    for key in name.split("."):
        if not (isinstance(record, type) and issubclass(record, BaseModel) and key in record.model_fields):
            return False
        record = record.model_fields[key].annotation
    return True


SYMBOLS = [row for row in rows_of(text_of("docs/nomenclature.md")) if len(row) == 5]


def test_every_symbol_has_a_unit_a_name_in_code_and_a_section() -> None:
    for symbol, meaning, unit, code, section in SYMBOLS:
        named = QUOTED.findall(code)
        assert symbol and meaning and unit and named, symbol
        assert [name for name in named if name not in names_in_code() and not is_scenario_key(name)] == [], symbol
        assert re.fullmatch(rf"\[({NUMBER})\]\(model\.md#\S+\)", section)[1] in sections(), symbol


def test_names_that_do_not_exist_are_found() -> None:
    assert len(SYMBOLS) > 75
    assert {"Sessions.start_s", "envelope_sums", "RISK", "Fleet.energy_kwh"} <= names_in_code()
    assert not {"Sessions.begin_s", "session_bounds"} & names_in_code()
    assert is_scenario_key("planning.horizon_h") and not is_scenario_key("planning.horizon")


def test_the_glossary_is_in_order() -> None:
    terms = [term.lower() for term in re.findall(r"^- \*\*(.+?)\*\*: \S", text_of("docs/glossary.md"), re.MULTILINE)]
    assert len(terms) == text_of("docs/glossary.md").count("\n- **") > 60
    assert terms == sorted(set(terms))
