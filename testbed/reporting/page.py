"""The report's page: HTML pieces, style and script. All text of scenarios and controllers is escaped here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

import numpy as np

from testbed.metrics.numbers import readable
from testbed.reporting.charts import Chart

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 12px 48px; max-width: 960px; color: #1a1a1a; background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 1.2rem 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; padding-top: .5rem; border-top: 1px solid #ccc; }
h3 { font-size: 1.02rem; margin: 1.2rem 0 .2rem; }
p, figcaption { margin: .3rem 0; }
figcaption, .small, .diff { color: #505050; font-size: .85em; }
nav { font-size: .9rem; } nav a { display: inline-block; padding: 4px 10px 4px 0; }
a { color: #0058a3; }
figure { margin: 0 0 1.2rem; } .plot { width: 100%; }
.scroll { overflow-x: auto; -webkit-overflow-scrolling: touch; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px 5px 0; text-align: right; vertical-align: top; border-bottom: 1px solid #e3e3e3;
  white-space: nowrap; }
th { white-space: normal; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
td.text, th.text { text-align: left; } td.long { white-space: normal; min-width: 16rem; }
.diff { display: block; }
.name { white-space: nowrap; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .35em; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 .2rem 62px; padding: 0; list-style: none;
  font-size: .85rem; }
.key { display: inline-block; width: 1.6em; margin-right: .4em; vertical-align: middle; }
.warning { border-left: 4px solid #d55e00; padding: .3rem .8rem; background: #fdf3ec; }
details { margin: .8rem 0; } summary { cursor: pointer; color: #0058a3; }
pre { overflow-x: auto; font-size: .8rem; background: #f6f6f6; padding: 8px; }
@media (max-width: 600px) { .scroll td:first-child, .scroll th:first-child { max-width: 9.5rem;
  white-space: normal; } }
@page { margin: 14mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; } nav, details { display: none; }
  h2, h3 { break-after: avoid; } figure, tr { break-inside: avoid; }
  .scroll { overflow: visible; } table { font-size: 7.5pt; } th, td { white-space: normal; padding-right: 6px; }
  th:first-child, td:first-child { position: static; }
}
"""

SCRIPT = """
const charts = JSON.parse(document.getElementById("charts").textContent);
const options = {responsive: true, displayModeBar: false};
const plots = [];
for (const [id, chart] of Object.entries(charts)) {
  const node = document.getElementById(id);
  Plotly.newPlot(node, chart.data, chart.layout, options);
  plots.push(node);
}
const fit = width => plots.forEach(
  node => Plotly.relayout(node, width ? {width: width} : {autosize: true, width: null}));
window.addEventListener("beforeprint", () => fit(640));
window.addEventListener("afterprint", () => fit(null));
"""


def number(value: float, digits: int = 6) -> str:
    """So many significant digits, a dash where the figure does not apply."""
    return readable(value, digits) if np.isfinite(value) else "–"  # noqa: RUF001 - a dash, not a minus


def swatch(name: str, colour: str) -> str:
    """A controller's name behind a patch of its colour."""
    return (f'<span class="name"><span class="swatch" style="background:{colour}"></span>'
            f"{escape(name)}</span>")


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


def _legend(chart: Chart) -> str:
    if not chart.legend:
        return ""
    styles = {"solid": "solid", "dot": "dotted"}
    keys = "".join(f'<li><span class="key" style="border-top:4px {styles.get(entry.dash, "dashed")} {entry.colour}">'
                   f"</span>{escape(entry.name)}</li>" for entry in chart.legend)
    return f'<ul class="legend">{keys}</ul>'


def details(summary: str, content: str) -> str:
    """A part that opens on demand and is not printed; `content` is HTML."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def bullet_list(items: Sequence[str]) -> str:
    return f'<ul>{"".join(f"<li>{escape(item)}</li>" for item in items)}</ul>'


def figure(chart: Chart, identity: str) -> str:
    """Place of a chart; the script draws it."""
    described = f"{escape(chart.title)}. {escape(chart.caption)}"
    return (f'<figure><h3>{escape(chart.title)}</h3><div class="plot" id="{identity}" role="img" '
            f'aria-label="{described}" style="height:{chart.height_px}px"></div>{_legend(chart)}'
            f"<figcaption>{escape(chart.caption)}</figcaption></figure>")


def charts_json(placed: dict[str, Chart]) -> str:
    """The charts by id, safe inside a script element."""
    plain = {identity: {"data": chart.data, "layout": chart.layout | {"height": chart.height_px}}
             for identity, chart in placed.items()}
    text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page(title: str, sections: Sequence[tuple[str, str, str]], placed: dict[str, Chart], plotly_js: str) -> str:
    """The whole document: sections are (id, heading, HTML); the library is inlined once."""
    links = "".join(f'<a href="#{key}">{escape(heading)}</a>' for key, heading, _ in sections)
    body = "".join(f'<section id="{key}"><h2>{escape(heading)}</h2>{content}</section>'
                   for key, heading, content in sections)
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
            f"<nav>{links}</nav>{body}"
            f'<script type="application/json" id="charts">{charts_json(placed)}</script>'
            f"<script>{plotly_js}</script><script>{SCRIPT}</script></body></html>\n")
