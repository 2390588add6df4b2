"""Prices of the system and of the tariff."""

from __future__ import annotations

from collections.abc import Sequence

from testbed.reporting.charts import REFERENCE_COLOUR, Chart, Line, line_chart
from testbed.reporting.drawn_runs import Run, lines_of, with_end
from testbed.reporting.figure import ReportFigure


def prices(runs: Sequence[Run]) -> list[Chart]:
    """Marginal price of the system, and what owners pay and earn."""
    base = runs[0]
    tariff = [Line(name, *with_end(base, base.result.system(f"price_{key}_usd_per_kwh") * 1000), colour, dash)
              for name, key, colour, dash in (("tariff, charging", "charge", REFERENCE_COLOUR, "solid"),
                                              ("tariff, discharging", "discharge", REFERENCE_COLOUR, "dash"))]
    marginal = lines_of(runs, lambda r: r.result.system("marginal_price_usd_per_mwh"))
    return [line_chart("Prices", "Marginal price of the system by controller, and the tariff that owners see.",
                       "price [USD/MWh]", tariff + marginal)]


FIGURES = (ReportFigure("prices", "prices", 10,
                        "marginal price of the system, and the tariff that owners see", draw=prices),)
