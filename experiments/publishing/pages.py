"""Pages: prose, and between comments what is rendered from published tables.

    <!-- begin: EXPERIMENT.BLOCK -->
    a table or figure, and its caption
    <!-- end: EXPERIMENT.BLOCK -->
    <!-- value: EXPERIMENT.TABLE COLUMN where KEY=VALUE as FORMAT -->1,234<!-- / -->
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from experiments.publishing.tables import DOCS, PublishedError

MARK = re.compile(r"<!-- (?P<kind>begin|end): (?P<name>\S+) -->")
BLOCK = re.compile(r"(<!-- begin: (?P<name>\S+) -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL)
VALUE = re.compile(r"(<!-- value: (?P<words>.+?) -->)[^\n<]*(<!-- / -->)")


def rendered(text: str, block: Callable[[str], str], value: Callable[[str], str]) -> str:
    """The page with every block and value made anew; PublishedError if marks do not pair up."""
    check_marks(text)
    text = BLOCK.sub(lambda mark: f"{mark[1]}{block(mark['name'])}\n{mark[3]}", text)
    return VALUE.sub(lambda mark: f"{mark[1]}{value(mark['words'])}{mark[3]}", text)


def check_marks(text: str) -> None:
    """PublishedError unless each begin is followed by its end, and each value is closed in its line and begins none."""
    marks = [(match["kind"], match["name"]) for match in MARK.finditer(text)]
    wanted = [mark for match in BLOCK.finditer(text) for mark in (("begin", match["name"]), ("end", match["name"]))]
    if marks != wanted:
        odd = [f"{kind}: {name}" for kind, name in marks if marks.count((kind, name)) != wanted.count((kind, name))]
        raise PublishedError(f"begin and end do not pair up: {', '.join(odd) or marks}")
    if re.search(r"^[ >]*<!-- value: ", text, re.MULTILINE):
        raise PublishedError("a value begins a line: Markdown would take the line for HTML; put a word before it")
    if text.count("<!-- value: ") != len(VALUE.findall(text)):
        raise PublishedError("a value is not closed by <!-- / --> in its own line")


def block_names(text: str) -> list[str]:
    """Names of the blocks of a page, in order."""
    return [match["name"] for match in BLOCK.finditer(text)]


def without_blocks(text: str) -> str:
    """What a page says outside its blocks."""
    return BLOCK.sub("", text)


def pages(docs: Path = DOCS) -> list[Path]:
    """All pages with something to render, the project's own README among them."""
    return _with(r"<!-- (begin|value): ", docs)


def pages_with(experiment: str, docs: Path = DOCS) -> list[Path]:
    """Those with blocks or values of an experiment."""
    return _with(rf"<!-- (begin|value): {re.escape(experiment)}\.", docs)


def _with(pattern: str, docs: Path) -> list[Path]:
    pages = [*sorted(docs.rglob("*.md")), docs.parent / "README.md"]
    return [page for page in pages if page.is_file() and re.search(pattern, page.read_text(encoding="utf-8"))]
