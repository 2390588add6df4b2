"""What a report opens with: three sentences, one picture, and a row per controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from testbed.metrics.comparability import base_text
from testbed.metrics.inputs import networks
from testbed.metrics.of_runs import INTERVAL_HOLDS_ZERO, NOT_RESOLVED, ComparisonRow
from testbed.metrics.registry import METRICS
from testbed.metrics.titles import controller_title, title
from testbed.metrics.verdict import PAYERS, verdict
from testbed.reporting.drawn_runs import Run
from testbed.reporting.ledgers import Rows, cell
from testbed.reporting.page import number, swatch, table, warning
from testbed.results.layout import Array
from testbed.results.reading import Result

SPARK_PX = (120.0, 28.0)
MOST_POINTS = 120
COLUMNS = ("departures_short_kwh", "vm_min_pu")
"""Figures of the table beside the three costs."""


def first_screen(results: Sequence[Result], rows: Rows, runs: Sequence[Run]) -> str:
    """HTML; `rows` of completed runs, `runs` as figures show them."""
    told = "".join(f'<p class="told">{escape(sentence)}</p>' for sentence in verdict(results).sentences)
    failed = "".join(warning(f"{controller_title(r.controller)}, seed {r.seed}, failed and has no say: {r.ending}")
                     for r in results if r.status != "completed")
    colours = {run.result.controller: run.colour for run in runs}
    return f"<h2>The verdict</h2>{told}{failed}{_picture(rows, colours)}{_controllers(results, rows, runs)}"


# ---------------------------------------------------------------- the picture
def _picture(rows: Rows, colours: Mapping[str, str]) -> str:
    """Who pays how much more or less than under the base, a bar per controller; empty without two of them."""
    controllers = list(dict.fromkeys(controller for _, controller in rows))
    if len(controllers) < 2:
        return ""
    base = rows[PAYERS["society"], controllers[0]].base
    others = [name for name in controllers if name != base]
    parts = "".join(f"<h3>What {escape(payer)} pays more (right) or less (left)</h3>"
                    + _bars([rows[figure, name] for name in others], colours)
                    for payer, figure in PAYERS.items())
    return (f'<figure id="picture">{parts}<figcaption>Against {escape(base_text(base))}, mean over seeds with its 95 % '
            "interval where there are several; pale where it is not resolved. Energy left in batteries is valued at "
            "what refilling costs.</figcaption></figure>")


def _bars(rows: Sequence[ComparisonRow], colours: Mapping[str, str]) -> str:
    reach = [abs(row.difference_mean) + np.nan_to_num(row.difference_ci95) for row in rows]
    widest = max((r for r in reach if np.isfinite(r)), default=0.0) or 1.0
    bars = "".join(_bar(row, colours.get(row.controller, "#888888"), widest) for row in rows)
    return f'<div class="bars">{bars}</div>'


def _bar(row: ComparisonRow, colour: str, widest: float) -> str:
    """Name, bar from the middle, and the figure in words."""
    is_doubtful = row.note in (NOT_RESOLVED, INTERVAL_HOLDS_ZERO)
    value, half = row.difference_mean, float(np.nan_to_num(row.difference_ci95))
    words = f"{number(value, 4)} $" if np.isfinite(value) else "no value"
    note = f" ({row.note})" if row.note and row.note != "one seed" else ""
    left, right = sorted((50.0, 50 + 48 * np.nan_to_num(value) / widest))
    whisker = f'<line class="whisker" x1="{50 + 48 * (value - half) / widest:.2f}%" y1="8" ' \
              f'x2="{50 + 48 * (value + half) / widest:.2f}%" y2="8"/>' if half > 0 else ""
    plus = "+" if value > 0 else ""
    return (f'<span>{swatch(row.controller, colour)}</span><svg role="img" aria-label="{escape(words + note)}">'
            f'<rect{" class=doubt" if is_doubtful else ""} x="{left:.2f}%" y="2" width="{right - left:.2f}%" '
            f'height="12" fill="{colour}"/><line class="axis" x1="50%" y1="0" x2="50%" y2="16"/>{whisker}</svg>'
            f'<span class="value">{plus}{escape(words + note)}</span>')


# ---------------------------------------------------------------- a row per controller
def _controllers(results: Sequence[Result], rows: Rows, runs: Sequence[Run]) -> str:
    """Costs, service, lowest voltage and two sparklines of each; those that failed are named as such."""
    drawn = {run.result.controller: run for run in runs}
    known = {controller for _, controller in rows}
    figures = [*PAYERS.values(), *COLUMNS]
    head = ("controller", *(figure_name(name) for name in figures), "cars over time [MW]", "lowest voltage [pu]")
    lines = []
    for name in dict.fromkeys(result.controller for result in results):
        run = drawn.get(name)
        told = tuple(cell(rows[figure, name]) for figure in figures) if name in known else \
            ("failed", *[""] * (len(figures) - 1))
        colour = run.colour if run else "#888888"
        lines.append((swatch(name, colour), *told, *(_sparks(run) if run else ("", ""))))
    return table(head, lines)


def figure_name(name: str) -> str:
    """A figure in words with its unit; what programs call it on hover."""
    unit = METRICS[name].unit
    return (f'<span title="{escape(name)}">{escape(title(name))}</span>'
            + (f" [{escape(unit)}]" if unit != "1" else ""))


def _sparks(run: Run) -> tuple[str, str]:
    result = run.result
    lowest = [np.fmin.reduce(result.district(d, "vm_pu"), axis=1) for d in networks(result)]
    voltage = sparkline(np.fmin.reduce(np.array(lowest), axis=0), run.colour) if lowest else ""
    return sparkline(result.system("pev_total_mw"), run.colour), voltage


def sparkline(values: Array, colour: str) -> str:
    """A small line [T] with its lowest and highest value; at most 120 points, each the last of its part."""
    shown = np.asarray(values, dtype=float)[:: max(1, -(-len(values) // MOST_POINTS))]
    known = shown[np.isfinite(shown)]
    if not known.size:
        return ""
    low, high = float(known.min()), float(known.max())
    width, height = SPARK_PX
    x = np.linspace(0, width, shown.size)
    y = height - 2 - (shown - low) / ((high - low) or 1.0) * (height - 4)
    points = " ".join(f"{'M' if i == 0 else 'L'}{a:.1f} {b:.1f}" for i, (a, b) in
                      enumerate((a, b) for a, b in zip(x, y, strict=True) if np.isfinite(b)))
    return (f'<svg class="spark" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="from {number(low, 4)} to '
            f'{number(high, 4)}"><path d="{points}" stroke="{colour}"/></svg><span class="range">{number(low, 4)} to '
            f"{number(high, 4)}</span>")
