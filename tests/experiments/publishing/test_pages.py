"""Blocks and values of a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.publishing import pages
from experiments.publishing.tables import PublishedError

PAGE = """# Title
It is <!-- value: one.costs usd as .1f -->9.9<!-- / --> $.

<!-- begin: one.block -->
| old |
<!-- end: one.block -->
After.
"""


def render(text: str) -> str:
    return pages.rendered(text, lambda name: f"({name})", lambda words: f"[{words}]")


def test_blocks_and_values_are_made_anew_and_prose_stays() -> None:
    made = render(PAGE)
    assert made == PAGE.replace("| old |", "(one.block)").replace("9.9", "[one.costs usd as .1f]")
    assert render(made) == made


@pytest.mark.parametrize("broken", [
    PAGE.replace("<!-- end: one.block -->", ""), PAGE.replace("<!-- begin: one.block -->", ""),
    PAGE.replace("end: one.block", "end: one.other")])
def test_marks_must_pair_up(broken: str) -> None:
    with pytest.raises(PublishedError, match="do not pair up"):
        render(broken)


def test_a_value_must_be_closed() -> None:
    with pytest.raises(PublishedError, match="not closed"):
        render(PAGE.replace("<!-- / -->", ""))


def test_a_value_does_not_begin_a_line() -> None:
    with pytest.raises(PublishedError, match="put a word before it"):
        render(PAGE.replace("It is <!--", "It is\n<!--"))


def test_what_stands_outside_blocks_is_the_prose() -> None:
    assert "old" not in pages.without_blocks(PAGE)
    assert "After." in pages.without_blocks(PAGE)
    assert pages.block_names(PAGE) == ["one.block"]


def test_pages_of_an_experiment_are_those_that_show_it(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text(PAGE)
    (docs / "b.md").write_text("<!-- value: one.costs usd -->1<!-- / -->")
    (docs / "c.md").write_text("<!-- begin: oneself.block -->\n<!-- end: oneself.block -->\n")
    (docs / "d.md").write_text("Prose of one.costs.")
    assert [page.name for page in pages.pages_with("one", docs)] == ["a.md", "b.md"]
    assert [page.name for page in pages.pages(docs)] == ["a.md", "b.md", "c.md"]
