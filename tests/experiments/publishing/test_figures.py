"""Figures are of their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Drawing

from experiments.publishing.figures import Figure, digest, digest_in, records_of, write_figure
from experiments.publishing.tables import Row, write_table
from tests.experiments.publishing.test_tables import ABOUT

ROWS = [{"x": "1", "y": "2"}, {"x": "2", "y": "3"}]


def draw(rows: Sequence[Row]) -> Drawing:
    figure = Drawing(figsize=(2, 2))
    figure.add_subplot().plot([float(row["x"]) for row in rows], [float(row["y"]) for row in rows])
    return figure


def test_a_picture_carries_the_hash_of_its_rows_and_is_the_same_every_time(tmp_path: Path) -> None:
    figure, table = Figure("a.png", ("t",), draw, "a line"), write_table("one.t", ROWS, ABOUT, tmp_path)
    for name in ("a.png", "b.png"):
        write_figure(figure, [table], tmp_path / name)
    assert digest_in(tmp_path / "a.png") == digest([table])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    other = write_table("one.t", ROWS[:1], ABOUT, tmp_path)
    assert digest_in(tmp_path / "a.png") != digest([other])


def test_a_picture_from_elsewhere_carries_none(tmp_path: Path) -> None:
    draw(ROWS).savefig(tmp_path / "c.png")
    assert digest_in(tmp_path / "c.png") == ""


@dataclass(frozen=True)
class Point:
    name: str
    count: int
    usd: float
    is_free: bool


def test_rows_become_the_records_they_were_written_from() -> None:
    rows = [{"name": "a", "count": "3", "usd": "", "is_free": "True", "more": "x"},
            {"name": "b", "count": "4", "usd": "1.5", "is_free": "False", "more": "x"}]
    first, other = records_of(rows, Point)
    assert (first.name, first.count, np.isnan(first.usd), first.is_free) == ("a", 3, True, True)
    assert other == Point("b", 4, 1.5, False)
