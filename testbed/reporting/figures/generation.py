"""What comes of a feeder's generators and what is taken of it, where less may be taken."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.metrics.inputs import curtailable
from testbed.reporting.charts import REFERENCE_COLOUR, Chart, Line, line_chart
from testbed.reporting.drawn_runs import Run, lines_of, with_end
from testbed.reporting.figure import ReportFigure
from testbed.results.layout import Array


def generation(runs: Sequence[Run], district: str) -> list[Chart]:
    """All that comes, and what each run takes; nothing where all is taken whatever comes."""
    shown = [run for run in runs if district in curtailable(run.result)]
    if not shown:
        return []
    lines = [Line("what comes", *with_end(shown[0], _sum(shown[0], district, "available")), REFERENCE_COLOUR, "dot")]
    lines += lines_of(shown, lambda run: _sum(run, district, "available") - _sum(run, district, "curtailed"))
    return [line_chart(f"Generation taken: {district}",
                       "Static generators (PV, wind) of the buses of which the lower layer may take less than comes.",
                       "generation [kW]", lines)]


def _sum(run: Run, district: str, what: str) -> Array:
    """[T] over buses."""
    return run.result.district(district, f"generation_{what}_kw").sum(axis=1)  # type: ignore[no-any-return]


FIGURES = (ReportFigure("generation", "voltage", 40,
                        "generation of a feeder that comes and that is taken, where less may be taken",
                        draw_network=generation),)
