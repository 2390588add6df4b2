"""From a run to a page: a small experiment all the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from experiments.publishing import publish, registry
from experiments.publishing.audited import audit_results
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure, digest, digest_in
from experiments.publishing.markdown import column, listing
from experiments.publishing.running import Run
from experiments.publishing.tables import PublishedError, Row, read_table, write_table
from experiments.runs import RunsFailed
from testbed.wiring.code_version import code_hash
from tests.experiments.publishing.test_figures import draw
from tests.testbed.conftest import write_result

__all__ = ["write_result"]

PAGE = ("It costs <!-- value: tiny.points y where x=2 as .1f -->?<!-- / -->.\n\n<!-- begin: tiny.table -->\n"
        "<!-- end: tiny.table -->\n\n<!-- begin: tiny.line -->\n<!-- end: tiny.line -->\n")


def listed(rows: Sequence[Row]) -> str:
    return listing(rows, [column("x", "x"), column("y", "y", ".1f")])


def run(experiment_run: Run) -> None:
    (experiment_run.folder / "points.csv").write_text("x,y\r\n1,2\r\n2,3\r\n")


TINY = Experiment(
    name="tiny", page="tiny.md", question="?", run=run, tables={"points": Source("points.csv", seeds="1")},
    blocks={"table": Block(("points",), listed)}, figures={"line": Figure("tiny.png", ("points",), draw, "a line")},
    cheap=CheapRow("one point", lambda _: {"y": 3.0}, relative=0.1))


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page whose experiment has run."""
    monkeypatch.setattr(registry, "experiments", lambda: {"tiny": TINY})
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tiny.md").write_text(PAGE)
    publish.publish_run(TINY, Run(tmp_path / "run", 2), tmp_path / "docs" / "data")
    publish.publish_pages([], tmp_path / "docs", tmp_path / "docs" / "data")
    return tmp_path / "docs"


def test_a_block_may_show_a_table_of_another_experiment(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands with its own caption, and publishing that experiment renders this page too."""
    other = replace(TINY, name="other", blocks={"far": Block(("tiny.points",), listed)}, figures={})
    monkeypatch.setattr(registry, "experiments", lambda: {"tiny": TINY, "other": other})
    text = publish.block_text("other.far", docs / "other.md", docs, docs / "data")
    assert "| 2 | 3.0 |" in text and "run tiny" in text
    assert (registry.showing("tiny"), registry.showing("other")) == (["tiny", "other"], ["other"])


def test_nothing_is_published_of_runs_that_the_audit_rejects(docs: Path, write_result: Any) -> None:
    """Numbers made up contradict themselves."""
    current, before = Run(docs.parent / "run"), read_table("tiny.points", docs / "data").record
    write_result(current.folder / "cases" / "made_up.h5")
    with pytest.raises(RunsFailed, match=r"audit: cases/made_up.h5: .*\n") as told:
        publish.publish_run(TINY, current, docs / "data")
    assert "nothing is published" in str(told.value)
    assert read_table("tiny.points", docs / "data").record == before
    publish.publish_run(TINY, current, docs / "data", is_audited=False)
    assert read_table("tiny.points", docs / "data").record != before


def test_minutes_are_those_of_the_records(docs: Path) -> None:
    """From the least to the most, and nothing where none were kept."""
    data = docs / "data"
    assert "| `python -m experiments.publishing run tiny` | under 1 |" in registry.commands_table(data=data)
    study = replace(TINY, tables={name: TINY.tables["points"] for name in ("points", "later", "last", "missing")})
    about = {**json.loads((data / "tiny" / "points.json").read_text()), "controllers": ()}
    for name, minutes in (("later", 24.6), ("last", 175.8)):
        write_table(f"tiny.{name}", [{"x": "1"}], {**about, "minutes": minutes}, data)
    assert registry.measured_minutes(study, data) == "under 1 to 176"
    write_table("tiny.last", [{"x": "1"}], {**about, "minutes": 175.8, "seeds": "1-3"}, data)
    assert registry.measured_minutes(study, data) == "under 1 to 176, seeds 1-3"
    write_table("tiny.last", [{"x": "1"}], {**about, "minutes": 175.8}, data)
    for name in ("points", "later"):
        write_table(f"tiny.{name}", [{"x": "1"}], {**about, "minutes": None}, data)
    assert registry.measured_minutes(study, data) == "176"
    assert registry.measured_minutes(replace(TINY, name="never"), data) == "not measured"


def test_cases_of_sweeps_were_audited_by_their_workers(docs: Path, write_result: Any) -> None:
    current = Run(docs.parent / "run")
    write_result(current.folder / "cases" / "case.h5")
    (current.folder / "cases" / "case.json").write_text('{"violations": []}')
    (current.folder / "hours.h5").write_bytes(b"no result")
    assert audit_results(current) == 1


def test_a_run_ends_in_tables_with_records(docs: Path) -> None:
    table = read_table("tiny.points", docs / "data")
    assert [row["y"] for row in table.rows] == ["2", "3"]
    assert table.record.command == "python -m experiments.publishing run tiny --workers 2"
    assert table.record.code == code_hash()


def test_the_page_has_table_figure_value_and_captions(docs: Path) -> None:
    text = (docs / "tiny.md").read_text()
    assert "-->3.0<!-- / -->" in text
    assert "| 2 | 3.0 |" in text
    assert "![a line](tiny.png)" in text
    assert text.count(f"code {code_hash()}, 0 minutes, seeds 1; `python -m experiments.publishing run tiny") == 2
    assert digest_in(docs / "tiny.png") == digest([read_table("tiny.points", docs / "data")])


def test_rendering_again_changes_nothing(docs: Path) -> None:
    before = {path: path.read_bytes() for path in docs.rglob("*") if path.is_file()}
    publish.publish_pages(["tiny"], docs, docs / "data")
    assert {path: path.read_bytes() for path in docs.rglob("*") if path.is_file()} == before


def test_the_cheap_row_may_move_within_its_tolerance_only(docs: Path) -> None:
    assert publish.moved(TINY, {"y": 3.29}, docs / "data") == []
    assert "y is 3.31, published 3" in publish.moved(TINY, {"y": 3.31}, docs / "data")[0]
    assert publish.moved(TINY, {"y": float("nan")}, docs / "data")
    assert "figures are z" in publish.moved(TINY, {"z": 3.0}, docs / "data")[0]


@pytest.mark.parametrize(("old", "new", "message"), [
    ("tiny.table", "tiny.other", "tiny.md: no block tiny.other; tiny has table, line"),
    ("tiny.table", "huge.table", "tiny.md: no experiment 'huge'; there are tiny"),
    ("tiny.points y", "tiny.points z", "tiny.md: tiny.points: no column z")])
def test_a_page_that_names_what_is_not_there_is_refused(docs: Path, old: str, new: str, message: str) -> None:
    page = docs / "tiny.md"
    page.write_text(page.read_text().replace(old, new))
    with pytest.raises(PublishedError, match=message):
        publish.publish_pages([], docs, docs / "data")


def test_a_column_that_a_block_lacks_is_named(docs: Path) -> None:
    renamed = [{"x": "1", "why": "2"}]
    record = json.loads((docs / "data" / "tiny" / "points.json").read_text())
    record.pop("sha256")
    publish.write_table("tiny.points", renamed, record, docs / "data")
    with pytest.raises(PublishedError, match=r"tiny.table: no column 'y'; tiny.points has x, why"):
        publish.block_text("tiny.table", docs / "tiny.md", docs, docs / "data")


def test_an_unknown_page_is_named(docs: Path) -> None:
    with pytest.raises(PublishedError, match="no page other; there are tiny"):
        publish.publish_pages(["other"], docs, docs / "data")
