"""Faults in the report: bands where something failed, on charts over time alone, and a table of what did."""

from __future__ import annotations

import re

import pytest

from testbed.faults.told import FaultTold
from testbed.reporting.charts import Chart, time_axis
from testbed.reporting.faults import faults_section, marked

LINE = FaultTold("line_outage", "district feeder33, line_to 6", "", 61_200, 66_600, "the layer re-solves <at once>")
NIGHT = FaultTold("unit_outage", "", "share=0.5", 84_600, 90_000, "nothing")
OVER_TIME = Chart("load", "", [], {"xaxis": time_axis(24), "shapes": [{"type": "line"}]}, 200)
BY_UNIT = Chart("units", "", [], {"xaxis": {"title": {"text": "unit"}}}, 200)


def test_a_band_lies_where_something_failed_beside_what_was_drawn_before() -> None:
    own, first, second = marked(OVER_TIME, (LINE, NIGHT)).layout["shapes"]
    assert own == {"type": "line"}
    assert (first["x0"], first["x1"], second["x0"], second["x1"]) == (17.0, 18.5, 23.5, 25.0)
    assert (first["yref"], first["y0"], first["y1"]) == ("paper", 0, 1)


@pytest.mark.parametrize(("chart", "faults"), [(OVER_TIME, ()), (BY_UNIT, (LINE,))])
def test_without_faults_and_off_the_axis_of_time_a_chart_stays(chart: Chart, faults: tuple[FaultTold, ...]) -> None:
    assert marked(chart, faults) is chart


def test_the_table_names_place_time_and_answer() -> None:
    text = re.sub("<[^>]+>", "|", faults_section((LINE, NIGHT)))
    assert faults_section(()) == ""
    assert "district feeder33, line_to 6" in text and "the layer re-solves &lt;at once&gt;" in text
    assert "the whole system" in text and "share=0.5" in text and "|-|" in text


def test_times_of_a_fault_are_told_as_people_read_them() -> None:
    assert LINE.when == "day 1, 17:00 to 18:30" and NIGHT.when == "day 1, 23:30 to day 2, 01:00"
    assert FaultTold("x", "", "", 82_800, 86_400, "").when == "day 1, 23:00 to 24:00"
    assert str(LINE) == "line_outage (district feeder33, line_to 6), day 1, 17:00 to 18:30"
