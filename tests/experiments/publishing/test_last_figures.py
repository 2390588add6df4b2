"""Figures of the last campaigns, read from the pages that publish them."""

from pathlib import Path

import pytest

from experiments.publishing.last_figures import last_figures
from experiments.publishing.tables import DOCS, PublishedError


def test_kills_are_added_up_and_a_row_is_there_for_each_campaign() -> None:
    text = last_figures()
    kills, = (line for line in text.splitlines() if line.startswith("| kills"))
    rows = [line for line in (DOCS / "reliability.md").read_text().splitlines() if line.startswith(
        ("one process ", "with traces ", "separate processes ", "served districts ", "compare ", "sweep "))]
    total = sum(int(line[18:].split()[0]) for line in rows)
    assert kills.startswith(f"| kills | {total}, all as it should be after ")
    assert len(text.splitlines()) == 7


def test_a_page_without_its_figures_is_named(tmp_path: Path) -> None:
    for name in ("reliability", "audit"):
        (tmp_path / f"{name}.md").write_text("# Nothing\n")
    with pytest.raises(PublishedError, match=r"reliability\.md: holds no figures of the form"):
        last_figures(tmp_path)
