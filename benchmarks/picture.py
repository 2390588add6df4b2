"""Draws docs/performance.png from what the benchmark `fleet` left on docs/performance.md; nothing is measured.

    python benchmarks/picture.py
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.publishing.drawing import DARK, SMALL, headed, sheet
from experiments.publishing.figures import write_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PICTURE = DOCS / "performance.md", DOCS / "performance.png"
SECTION = re.compile(r"^## fleet\n.*?```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
LOOP = re.compile(r"in a loop: ([\d.]+) s")
LINES = {"scarce": ("ports are scarce: a process for each car", "#e69f00", "^"),
         "ieee33": ("33 buses, ports for all: cars as arrays", "#0072b2", "o"),
         "none": ("the same cars without a feeder", "#4d4d4d", "s")}
"""Words, colour and mark of each district of the table."""


def measured(page: str) -> str:
    """What the benchmark printed; AssertionError where the page has none of it."""
    section = SECTION.search(page)
    assert section, f"{PAGE}: has no section fleet"
    return section[1]


def digest(printed: str) -> str:
    """Of what is drawn."""
    return hashlib.sha256(printed.encode()).hexdigest()


def seconds(printed: str) -> dict[str, list[tuple[int, float]]]:
    """Cars and seconds of simulation of each district."""
    rows = [line.split() for line in printed.splitlines() if line.split()[0] in LINES]
    return {district: [(int(row[1].replace(",", "")), float(row[2])) for row in rows if row[0] == district]
            for district in LINES}


def picture(printed: str) -> Drawing:
    """Seconds of a day over the number of cars, both by powers of ten."""
    figure = sheet(7.2, 3.6)
    axes = figure.subplots()
    for district, points in seconds(printed).items():
        words, colour, mark = LINES[district]
        axes.plot(*zip(*points, strict=True), color=colour, marker=mark, markersize=5.5, linewidth=1.4, label=words)
    if loop := LOOP.search(printed):
        axes.axhline(float(loop[1]), color=DARK, linewidth=0.9, linestyle="--")
        axes.annotate("the day's power flows alone, in a loop of pandapower's call", (110, float(loop[1])), (0, 4),
                      textcoords="offset points", fontsize=SMALL)
    axes.set(xscale="log", yscale="log")
    axes.set_xticks([10**power for power in range(2, 7)], ["100", "1,000", "10,000", "100,000", "1,000,000"])
    axes.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes.minorticks_off()
    axes.set_xlabel("cars", fontsize=9)
    axes.set_ylabel("seconds", fontsize=9)
    axes.legend(frameon=False, fontsize=SMALL, loc="upper left")
    headed(axes, "Time to simulate a day of 96 steps, without its plans")
    return figure


if __name__ == "__main__":
    text = measured(PAGE.read_text(encoding="utf-8"))
    write_png(picture(text), digest(text), PICTURE)
