"""Pages and figures are those of the published tables, and no number of a run stands outside a block."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from experiments.publishing.experiment import CHEAP_ROW
from experiments.publishing.figures import digest, digest_in
from experiments.publishing.pages import block_names, pages, without_blocks
from experiments.publishing.publish import page_text, tables_of
from experiments.publishing.registry import experiments
from experiments.publishing.screenshots import LIVE, REPORT
from experiments.publishing.tables import DATA, DOCS, ROOT, read_table

RENDER = "make publish"
NUMBER = re.compile(r"[-+~]?[\d,]*\.?\d+(e-?\d+)?( ?(%|±|MWh|MW|kWh|\$|h|s|t)\b)?")
NO_NUMBER = re.compile(r"(?<![\w.,`-])-0(\.0+)?(?![\w.,-])")
"""A nothing with a sign."""
DEFINITIONS = {
    "docs/model.md": "| what | value | tag |",
    "docs/receding.md": "|  | 1 h ahead | 24 h ahead | tag |",
    "docs/wear.md": "| efficiency, charging / discharging, at a load of | 0.1 | 0.25 | 0.5 | 1 |",
    "docs/experiments/sobol.md": "| input | from | to | sets |",
    "docs/drivers.md": "| key | default | meaning |",
}
"""Tables of inputs and assumptions: heads by page."""
MESSAGE = re.compile(r"^(## Answer|\*\*(Answer|In short)\.\*\*)", re.MULTILINE)
PICTURE = re.compile(r"^!\[", re.MULTILINE)
SPEED = "performance.png"
LARGEST_BYTES = 120_000
"""Of a picture's file."""
FEWEST_WORDS = 8
"""Of a sentence that tells what a picture shows."""
SHARE = 0.25
"""A table in which more of its cells begin with a number is one of numbers."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_pages_are_what_their_tables_render(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == page_text(page), f"{name_of(page)} differs: {RENDER}"


def test_every_table_has_its_record_and_its_experiment() -> None:
    for path in sorted(DATA.rglob("*.csv")):
        name = f"{path.parent.name}.{path.stem}"
        assert read_table(name).rows, name
        assert path.stem in {*experiments()[path.parent.name].tables, CHEAP_ROW}, name


@pytest.mark.parametrize("name", list(experiments()))
def test_every_experiment_has_its_tables_figures_and_page(name: str) -> None:
    study = experiments()[name]
    for table in (*study.tables, CHEAP_ROW):
        read_table(f"{name}.{table}")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages())
    shown = [block for block in (*study.blocks, *study.figures) if f"begin: {name}.{block} " in text]
    assert shown
    assert f" {name}." in (DOCS / study.page).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "figure"), [(n, f) for n, study in experiments().items() for f in study.figures])
def test_figures_are_drawn_from_the_rows_as_they_are(name: str, figure: str) -> None:
    study = experiments()[name]
    drawn = study.figures[figure]
    assert digest_in(DOCS / drawn.file) == digest(tables_of(study, drawn)), f"{drawn.file} is of other rows: {RENDER}"


@pytest.mark.parametrize(("name", "figure"), [(n, f) for n, study in experiments().items() for f in study.figures])
def test_figures_are_small_and_told_in_a_sentence(name: str, figure: str) -> None:
    drawn = experiments()[name].figures[figure]
    assert (DOCS / drawn.file).stat().st_size < LARGEST_BYTES, drawn.file
    assert is_sentence(drawn.text), drawn.text


def is_sentence(text: str) -> bool:
    return text[:1].isupper() and text.endswith(".") and len(text.split()) >= FEWEST_WORDS


def before_any_picture(text: str) -> list[str]:
    """Tables of experiments that a page shows before its first picture of one; all if there is no picture."""
    owned = [name.partition(".")[::2] for name in block_names(text) if name.partition(".")[0] in experiments()]
    is_picture = [block in experiments()[name].figures for name, block in owned]
    return [".".join(pair) for pair in owned[:[*is_picture, True].index(True)]]


def test_every_page_of_results_shows_a_picture_before_its_tables() -> None:
    wrong = {name_of(page): before_any_picture(page.read_text(encoding="utf-8")) for page in pages()}
    assert {page: tables for page, tables in wrong.items() if tables} == {}


def answered_late(text: str) -> list[str]:
    """Questions of a page whose picture stands before their answer; text without any question is left alone."""
    parts = [(part, MESSAGE.search(part), PICTURE.search(part)) for part in text.split("**Question.**")[1:]]
    return [part.strip().partition("\n")[0] for part, answer, picture in parts
            if picture and (not answer or picture.start() < answer.start())]


def test_an_answer_stands_before_its_picture() -> None:
    late = {name_of(page): answered_late(page.read_text(encoding="utf-8")) for page in pages()}
    assert {page: questions for page, questions in late.items() if questions} == {}


def test_a_picture_before_its_answer_is_found() -> None:
    question, answer, picture = "**Question.** How far?\n", "\n## Answer\n\nFar.\n", "\n![A map.](map.png)\n"
    assert answered_late(question + picture + answer) == answered_late(question + picture) == ["How far?"]
    assert answered_late(question + answer + picture) == answered_late(picture + question + answer) == []


def test_a_page_without_a_picture_is_found() -> None:
    table, picture, other = (f"<!-- begin: {name} -->\n<!-- end: {name} -->\n" for name in (
        "layers.plans", "layers.figure", "kinds.keys"))
    assert before_any_picture(other + table) == ["layers.plans"]
    assert before_any_picture(table + picture + table) == ["layers.plans"]
    assert before_any_picture(other + picture + table) == before_any_picture(other) == []
    assert not is_sentence("Sobol indices") and not is_sentence("what each fault costs society in a day, by cell.")


def test_the_picture_of_speed_is_of_what_its_page_says() -> None:
    drawing = runpy.run_path(str(ROOT / "benchmarks" / "picture.py"))
    printed = drawing["measured"]((DOCS / "performance.md").read_text(encoding="utf-8"))
    assert digest_in(DOCS / SPEED) == drawing["digest"](printed), "python benchmarks/picture.py"
    assert (DOCS / SPEED).stat().st_size < LARGEST_BYTES
    assert [len(points) for points in drawing["seconds"](printed).values()] == [4, 5, 4]
    assert drawing["seconds"]("x\nieee33  10,000  0.50  11.5\n")["ieee33"] == [(10_000, 0.5)]


def test_no_picture_of_a_run_comes_from_elsewhere() -> None:
    """But for that of speed, and those of pages, which one command takes, and whose page says of which day they are."""
    files = {figure.file for study in experiments().values() for figure in study.figures.values()}
    pages = {f"pictures/{picture.name}.png" for picture in (*REPORT, LIVE)}
    assert {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.png")} - files == {*pages, SPEED}
    told = (DOCS / "results.md").read_text(encoding="utf-8")
    assert all(f"]({picture})" in told for picture in pages)
    assert re.search(r"`study_day`, seed 1, on \d{4}-\d\d-\d\d; they show what a page looks like", told)


# ---------------------------------------------------------------- tables outside blocks
def tables_outside(text: str) -> list[list[str]]:
    """Lines of each Markdown table that is in no block."""
    tables = re.findall(r"(?:^\|.*\n)+", without_blocks(text) + "\n", re.MULTILINE)
    return [table.splitlines() for table in tables]


def is_of_numbers(lines: list[str]) -> bool:
    cells = [cell.strip().strip("*`") for line in lines[2:] for cell in line.strip().strip("|").split("|")]
    return sum(bool(NUMBER.match(cell)) for cell in cells) > SHARE * len(cells)


def head(line: str) -> str:
    return "| " + " | ".join(cell.strip() for cell in line.strip().strip("|").split("|")) + " |"


TEXTS = sorted({*DOCS.rglob("*.md"), ROOT / "README.md"} - {*DOCS.glob("decisions/*.md")})
"""A decision keeps the figures on which it was taken."""


def test_tables_of_numbers_stand_in_blocks() -> None:
    headings = [(name_of(page), head(lines[0])) for page in TEXTS
                for lines in tables_outside(page.read_text(encoding="utf-8")) if is_of_numbers(lines)]
    assert [(page, heading) for page, heading in headings if DEFINITIONS.get(page) != heading] == []


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_what_rounds_to_nothing_has_no_sign(page: Path) -> None:
    assert NO_NUMBER.findall(page.read_text(encoding="utf-8")) == []


def test_a_table_of_numbers_is_told_from_one_of_words() -> None:
    numbers = "| a | b |\n|---|---|\n| `x` | 1,234 ± 5 |\n| `y` | **-7 %** |\n"
    assert is_of_numbers(tables_outside(numbers)[0])
    assert not is_of_numbers(tables_outside("| a | b |\n|---|---|\n| `x` | one of 3 |\n")[0])
    assert tables_outside(f"<!-- begin: a.b -->\n{numbers}<!-- end: a.b -->\n") == []


def test_definitions_are_still_there() -> None:
    missing = [page for page, line in DEFINITIONS.items() if line not in {
        head(lines[0]) for lines in tables_outside((ROOT / page).read_text(encoding="utf-8"))}]
    assert missing == []
