"""What the thermal units see, and what control changes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from testbed.metrics.inputs import equivalent_load_mw
from testbed.reporting.charts import REFERENCE_COLOUR, Chart, Line, line_chart
from testbed.reporting.drawn_runs import Run, base_and_others, lines_of, with_end
from testbed.reporting.figure import ReportFigure
from testbed.results.layout import Array


def equivalent_load(runs: Sequence[Run]) -> list[Chart]:
    """Load + PEV + change of feeder losses - wind and PV used."""
    base = runs[0]
    lines = [Line("load without cars", *with_end(base, base.result.system("load_mw")), REFERENCE_COLOUR, "dot")]
    return [line_chart("What the thermal units see", "Load + cars + change of feeder losses - wind used - PV used.",
                       "power [MW]", lines + lines_of(runs, lambda r: equivalent_load_mw(r.result)))]


def load_differences(runs: Sequence[Run]) -> list[Chart]:
    """The same less the base controller's: what control changes, however small beside the load."""
    if len(runs) < 2:
        return []
    against, others = base_and_others(runs)
    base = equivalent_load_mw(against.result)
    lines = lines_of(others, lambda r: _less(equivalent_load_mw(r.result), base))
    return [line_chart(f"Equivalent load: difference from {against.name}", "Above zero: the thermal units have more to "
                       f"serve than under {against.name}.", "power [MW]", lines)]


def _less(values: Array, base: Array) -> Array:
    """Differences over the steps that both have."""
    shared = min(values.size, base.size)
    return np.concatenate([values[:shared] - base[:shared], np.full(values.size - shared, np.nan)])


FIGURES = (
    ReportFigure("equivalent_load", "load", 10,
                 "load + cars + change of feeder losses - wind and PV used, and the load without cars",
                 draw=equivalent_load),
    ReportFigure("load_differences", "load", 20,
                 "the same less the base controller's, with two controllers or more", draw=load_differences),
)
