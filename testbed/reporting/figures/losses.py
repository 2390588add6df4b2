"""Losses of a feeder."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.reporting.charts import REFERENCE_COLOUR, Chart, Line, line_chart
from testbed.reporting.drawn_runs import Run, lines_of, with_end
from testbed.reporting.figure import ReportFigure


def losses(runs: Sequence[Run], district: str) -> list[Chart]:
    """Feeder losses over time, and those without cars."""
    base = runs[0]
    lines = [Line("without cars", *with_end(base, base.result.district(district, "losses_base_kw")),
                  REFERENCE_COLOUR, "dot")]
    lines += lines_of(runs, lambda r: r.result.district(district, "losses_kw"))
    return [line_chart(f"Feeder losses: {district}", "AC losses of what happened.", "losses [kW]", lines)]


FIGURES = (ReportFigure("feeder_losses", "losses", 10,
                        "feeder losses over time, and those without cars", draw_network=losses),)
