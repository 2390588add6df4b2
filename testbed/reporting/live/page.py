"""The live page: what is known as it opens; its script asks for the rest (assets/live.js)."""

from __future__ import annotations

from html import escape

from testbed.metrics.inputs import networks
from testbed.metrics.titles import controller_title
from testbed.reporting.charts import PART_COLOURS, Chart, LegendEntry, axis_of, frame_of, label, time_axis
from testbed.reporting.feeder_view import CASES, view
from testbed.reporting.feeder_view import places as feeder_places
from testbed.reporting.live.panels import LIVE_PANELS, LivePanel, lines_of
from testbed.reporting.page import figure, inline_json, page
from testbed.results.reading import Result

HEIGHT_PX = 260
SCRIPT = "live.js"
PERIOD_MS = 1000
LIMITS = {"voltage": [0.9, 1.1], "loading": [0.0, 100.0]}
"""Of the colours until the first step has come; the script widens them."""
NOT_YET = "no step yet"


def live_page(result: Result) -> str:
    """The whole document, without any step."""
    lines = lines_of(result)
    placed = {panel.name: _chart(panel, list(lines[panel.name]), result)
              for panel in LIVE_PANELS if panel.name in lines}
    feeders = "".join(_feeder(result, district) for district in networks(result)
                      if result.holds(district, "bus_parent"))
    sections = [("lines", "So far", "".join(figure(chart, name) for name, chart in placed.items())),
                ("feeder", "The feeder", feeders),
                ("events", "What happened", '<ol id="happened" aria-live="polite"></ol>')]
    title = f"{result.scenario_name}, {controller_title(result.controller)}, seed {result.seed}"
    return page(f"Live: {title}", _first(result), [section for section in sections if section[2]], placed, (SCRIPT,))


def _first(result: Result) -> str:
    """How far the run is, as a line, a bar and the newest values."""
    begun = inline_json({"total": result.steps_total, "period": PERIOD_MS, "run": controller_title(result.controller),
                         "units": {panel.name: _unit(panel) for panel in LIVE_PANELS}})
    return (f'<p class="told" id="status" role="status">{escape(result.ending)}</p>'
            f'<progress id="done" max="{result.steps_total}" value="0" aria-label="steps done"></progress>'
            f'<div id="newest" class="newest"></div><script type="application/json" id="live">{begun}</script>')


def _unit(panel: LivePanel) -> str:
    """What stands behind a newest value; nothing behind a count."""
    unit = panel.unit.partition("[")[2].rstrip("]")
    return "" if unit == "1" else unit


def _chart(panel: LivePanel, names: list[str], result: Result) -> Chart:
    colours = {name: PART_COLOURS[i % len(PART_COLOURS)] for i, name in enumerate(names)}
    data = [{"type": "scatter", "mode": "lines", "name": label(name), "x": [], "y": [],
             "line": {"color": colours[name], "width": 2, "shape": "hv"}} for name in names]
    layout = frame_of(xaxis=axis_of(**time_axis(result.steps_total * result.step_h)),
                      yaxis=axis_of(title={"text": panel.unit}))
    return Chart(panel.title, "As far as the run is.", data, layout, HEIGHT_PX,
                 tuple(LegendEntry(name, colours[name]) for name in names))


def _feeder(result: Result, district: str) -> str:
    name = controller_title(result.controller)
    data = feeder_places(result, district) | {
        "clock": [NOT_YET], "worst": 0, "limits": LIMITS, "runs": {name: {"values": dict.fromkeys(CASES, "")}}}
    return view(district, data, [name], "The slider follows the run until it is moved.")
