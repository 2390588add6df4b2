"""The site's tree has every page once, and what it lists exists."""

from __future__ import annotations

from pathlib import Path

from experiments.publishing.tables import DOCS, ROOT
from experiments.site.navigation import HOME, MADE, sections, source_pages
from experiments.site.reference import REFERENCES


def all_pages() -> set[str]:
    """Pages and notebooks of the project that a reader is led to."""
    files = [*DOCS.rglob("*.md"), *ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("*.md"), *ROOT.glob("models/data/*.md")]
    return {file.relative_to(ROOT).as_posix() for file in files}


def test_the_tree_has_every_page_once() -> None:
    pages = source_pages()
    assert sorted(pages) == sorted(set(pages))
    assert set(pages) == all_pages(), "docs/navigation.yaml"


def test_the_tree_has_what_is_made_from_the_code() -> None:
    assert {page for section in sections() for page in section.pages if page.startswith(MADE)} == set(REFERENCES)


def test_a_pattern_stands_for_the_rest_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("b", "a", "first"):
        (tmp_path / "docs" / f"{name}.md").write_text("")
    (tmp_path / "tree.yaml").write_text("- {title: All, pages: [docs/first.md, 'docs/*.md']}\n")
    section, = sections(tmp_path / "tree.yaml", tmp_path)
    assert (section.title, section.pages) == ("All", ("docs/first.md", "docs/a.md", "docs/b.md"))
    assert source_pages()[0] == HOME
