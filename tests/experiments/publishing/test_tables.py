"""Tables and their records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from experiments.publishing.tables import PublishedError, Record, csv_path, read_table, write_table

ABOUT: Mapping[str, object] = {
    "command": "python -m x", "code": "0123456789abcdef", "date": "2026-01-31", "minutes": 1.5, "seeds": "1-3",
    "scenario": "smoke", "controllers": ("bilayer",)}
ROWS = [{"name": "a", "usd": "1.5"}, {"name": "b, c", "usd": ""}]


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    written = write_table("one.costs", ROWS, ABOUT, tmp_path)
    assert read_table("one.costs", tmp_path) == written
    assert [dict(row) for row in written.rows] == ROWS


def test_rows_edited_by_hand_are_noticed(tmp_path: Path) -> None:
    write_table("one.costs", ROWS, ABOUT, tmp_path)
    path = csv_path("one.costs", tmp_path)
    path.write_text(path.read_text().replace("1.5", "1.6"))
    with pytest.raises(PublishedError, match="not those that its record is about"):
        read_table("one.costs", tmp_path)


def test_a_table_without_record_is_none(tmp_path: Path) -> None:
    write_table("one.costs", ROWS, ABOUT, tmp_path)
    csv_path("one.costs", tmp_path).with_suffix(".json").unlink()
    with pytest.raises(PublishedError, match="no record"):
        read_table("one.costs", tmp_path)


def test_a_record_has_all_keys_and_no_other(tmp_path: Path) -> None:
    write_table("one.costs", ROWS, ABOUT, tmp_path)
    path = csv_path("one.costs", tmp_path).with_suffix(".json")
    path.write_text(path.read_text().replace('"seeds"', '"seed"'))
    with pytest.raises(PublishedError, match="keys must be code, command, controllers"):
        read_table("one.costs", tmp_path)


def test_all_mistakes_of_a_record_are_named_at_once() -> None:
    with pytest.raises(PublishedError) as wrong:
        Record("", "abc", "31.1.2026", -1.0, "", "", (), "x")
    assert all(name in str(wrong.value) for name in ("command", "code 'abc'", "date", "minutes", "sha256"))


def test_nothing_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(PublishedError, match="without rows"):
        write_table("one.costs", [], ABOUT, tmp_path)


def test_the_caption_says_date_code_minutes_seeds_and_command(tmp_path: Path) -> None:
    caption = write_table("one.costs", ROWS, ABOUT, tmp_path).record.caption
    assert caption == "2026-01-31, code 0123456789abcdef, 1.5 minutes, seeds 1-3; `python -m x`"
