"""The report's page: HTML pieces, style and script. All text of scenarios and controllers is escaped here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from testbed.metrics.numbers import readable
from testbed.metrics.titles import controller_title
from testbed.reporting.charts import Chart

ASSETS = Path(__file__).parent / "assets"
LIBRARY = "plotly-cartesian.min.js"
"""Draws lines, areas, bars and heat maps, and no more (docs/decisions/0050-report-page.md)."""


def asset(name: str) -> str:
    """Text of a file that pages carry within them."""
    return (ASSETS / name).read_text(encoding="utf-8")


def number(value: float, digits: int = 6) -> str:
    """So many significant digits, a dash where the figure does not apply."""
    return readable(value, digits) if np.isfinite(value) else "–"  # noqa: RUF001 - a dash, not a minus


def swatch(name: str, colour: str) -> str:
    """A controller in words behind a patch of its colour; its own name on hover."""
    words = controller_title(name)
    hover = f' title="{escape(name)}"' if words != name else ""
    return (f'<span class="name"{hover}><span class="swatch" style="background:{colour}"></span>'
            f"{escape(words)}</span>")


def warning(text: str) -> str:
    """A sentence that must not be missed."""
    return f'<p class="warning">{escape(text)}</p>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], text_columns: Sequence[int] = ()) -> str:
    """A table that scrolls in itself; cells are HTML already."""
    def cell(tag: str, position: int, content: str) -> str:
        return f'<{tag}{" class=text" if position in text_columns else ""}>{content}</{tag}>'

    top = "".join(cell("th", i, c) for i, c in enumerate(head))
    body = "".join(f'<tr>{"".join(cell("td", i, c) for i, c in enumerate(row))}</tr>' for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _legend(chart: Chart, identity: str) -> str:
    """Buttons that hide and show what they name."""
    if not chart.legend:
        return ""
    styles = {"solid": "solid", "dot": "dotted"}
    keys = "".join(
        f'<li><button type="button" aria-pressed="true" data-name="{escape(entry.name)}"><span class="key" '
        f'data-colour="{entry.colour}" style="border-top:4px {styles.get(entry.dash, "dashed")} '
        f'var(--own, {entry.colour})"></span>{escape(entry.name)}</button></li>' for entry in chart.legend)
    return f'<ul class="legend" data-plot="{identity}">{keys}</ul>'


def details(summary: str, content: str) -> str:
    """A part that opens on demand and is not printed; `content` is HTML."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def bullet_list(items: Sequence[str]) -> str:
    return f'<ul>{"".join(f"<li>{escape(item)}</li>" for item in items)}</ul>'


TOOLS = "".join(f'<button type="button" data-kind="{kind}">{words}</button>' for kind, words in (
    ("whole", "whole view"), ("png", "PNG"), ("svg", "SVG"), ("csv", "CSV")))


def figure(chart: Chart, identity: str) -> str:
    """Place of a chart, which the script draws, with its tools: undo a zoom, save as picture or table."""
    described = f"{escape(chart.title)}. {escape(chart.caption)}"
    return (f'<figure><h3>{escape(chart.title)}</h3><div class="plot" id="{identity}" role="img" '
            f'aria-label="{described}" style="height:{chart.height_px}px"></div>{_legend(chart, identity)}'
            f'<div class="tools" data-plot="{identity}">{TOOLS}</div>'
            f"<figcaption>{escape(chart.caption)}</figcaption></figure>")


def inline_json(value: Any) -> str:
    """Plain data, safe inside a script element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def charts_json(placed: dict[str, Chart]) -> str:
    """The charts by id, safe inside a script element."""
    return inline_json({identity: {"data": chart.data, "layout": chart.layout | {"height": chart.height_px}}
                        for identity, chart in placed.items()})


def page(title: str, first: str, sections: Sequence[tuple[str, str, str]], placed: dict[str, Chart],
         more_scripts: Sequence[str] = ()) -> str:
    """The whole document: `first` is the HTML of the first screen; sections are (id, heading, HTML); `more_scripts`:
    assets after those of every page.
    """
    links = "".join(f'<a href="#{key}">{escape(heading)}</a>' for key, heading, _ in sections)
    body = "".join(f'<section id="{key}"><h2>{escape(heading)}</h2>{content}</section>'
                   for key, heading, content in sections)
    scripts = "".join(f"<script>{asset(name)}</script>" for name in (LIBRARY, "page.js", "feeder.js", *more_scripts))
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{asset('page.css')}</style></head><body>"
            f'<button type="button" id="theme">dark page</button><h1>{escape(title)}</h1>'
            f'<section id="verdict">{first}</section><nav>{links}</nav>{body}'
            f'<script type="application/json" id="charts">{charts_json(placed)}</script>{scripts}</body></html>\n')
