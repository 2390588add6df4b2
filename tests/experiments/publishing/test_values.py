"""Numbers within prose."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.publishing.tables import PublishedError, write_table
from experiments.publishing.values import parsed
from tests.experiments.publishing.test_tables import ABOUT

ROWS = [{"controller": "a", "rate": "0.60", "net cost [$]": "1234.5", "half": "12"},
        {"controller": "b", "rate": "0.6", "net cost [$]": "-7", "half": ""}]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_table("one.costs", ROWS, ABOUT, tmp_path)
    return tmp_path


@pytest.mark.parametrize(("words", "wanted"), [
    ("one.costs net cost [$] where controller=a as ,.0f", "1,234"),
    ("one.costs net cost [$] ± half where controller=a, rate=0.6 as +,.1f", "+1,234.5 ± 12.0"),
    ("one.costs rate where controller=b", "0.6")])
def test_a_value_is_one_row_s(data: Path, words: str, wanted: str) -> None:
    assert parsed(words).text(data) == wanted


@pytest.mark.parametrize(("words", "message"), [
    ("one.costs half where rate=0.6", "2 rows, must be 1"), ("one.costs half where controller=c", "0 rows, must be 1"),
    ("one.costs other where controller=a", "no column other; there are controller, rate"),
    ("one.other half", "no such table")])
def test_what_does_not_fit_is_named(data: Path, words: str, message: str) -> None:
    with pytest.raises(PublishedError, match=message):
        parsed(words).text(data)


@pytest.mark.parametrize("words", ["one.costs", "one.costs half where controller"])
def test_words_follow_the_grammar(words: str) -> None:
    with pytest.raises(PublishedError, match="must be TABLE COLUMN"):
        parsed(words)
