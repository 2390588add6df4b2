"""Which pages the site has, in which order: `docs/navigation.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from experiments.publishing.tables import DOCS, ROOT

FILE = DOCS / "navigation.yaml"
HOME = "README.md"
"""The site's first page."""
MADE = "api/"
"""Pages that are made from the code."""


@dataclass(frozen=True)
class Section:
    """A heading of the navigation, and its pages by their way from the project's root."""

    title: str
    pages: tuple[str, ...]


@cache
def sections(file: Path = FILE, root: Path = ROOT) -> tuple[Section, ...]:
    """In their order; a pattern gives the pages of its folder that stand nowhere else, by name."""
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    named = {page for section in given for page in section["pages"] if "*" not in page}
    return tuple(Section(section["title"], tuple(
        page for entry in section["pages"] for page in _pages(entry, named, root))) for section in given)


def _pages(entry: str, named: set[str], root: Path) -> list[str]:
    if "*" not in entry:
        return [entry]
    pages = sorted(path.relative_to(root).as_posix() for path in root.glob(entry))
    return [page for page in pages if page not in named]


@cache
def source_pages() -> tuple[str, ...]:
    """All that stand in files, the first page first."""
    return (HOME, *(page for section in sections() for page in section.pages if not page.startswith(MADE)))
