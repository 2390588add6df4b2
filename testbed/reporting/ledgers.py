"""The report's part on who pays: society, owners and operator side by side, and what must stand beside such costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

import numpy as np

from testbed.metrics.comparability import (
    BASE,
    NOT_EQUAL_MARK,
    base_text,
    objective_text,
    optimised,
    steadiness_warnings,
)
from testbed.metrics.numbers import readable
from testbed.metrics.of_runs import ComparisonRow
from testbed.metrics.published.ledgers import LEDGERS
from testbed.reporting.page import number, table, warning
from testbed.results.reading import Result

PAID = dict(zip(LEDGERS, ("society [$]", "society, adjusted [$]", "owners [$]", "owners, adjusted [$]", "operator [$]",
                          "operator, adjusted [$]"), strict=True))
BESIDE = {"steadiness_percent": "steadiness [%]", "departures_short_kwh": "missing at departures [kWh]",
          "fast_charged_mwh": "fast-charged on the way [MWh]"}
Rows = Mapping[tuple[str, str], ComparisonRow]
"""Rows of a comparison by figure and controller."""
TOLD = ("Society: fuel, start-ups, carbon, wear, imbalance and fast charging on the way. Owners: tariff net, wear and "
        "fast charging. Operator: fuel, start-ups, carbon and imbalance less the tariff. Owners and operator together "
        "are society. Adjusted: energy missing in batteries at the end is valued at what refilling costs each of them. "
        "Energy missing at departures and the curtailment penalty are in no ledger.")


def ledgers_section(results: Sequence[Result], rows: Rows, named: Callable[[str], str]) -> str:
    """HTML for completed runs, a line per controller; `named` gives a controller's heading; empty without a run."""
    if not results:
        return ""
    controllers = list(dict.fromkeys(controller for _, controller in rows))
    planned = {result.controller: optimised(result) for result in reversed(results)}

    def lines(figures: Iterable[str], further: Callable[[str], tuple[str, ...]]) -> list[tuple[str, ...]]:
        return [(named(run), *(cell(rows[name, run]) for name in figures), *further(run)) for run in controllers]

    paid = table(("controller", *map(escape, PAID.values())), lines(PAID, lambda _: ()))
    beside = table(("controller", *map(escape, BESIDE.values()), "service", "planned by the objective"),
                   lines(BESIDE, lambda run: (_service(rows[LEDGERS[0], run]), escape(planned[run]))),
                   text_columns=(len(BESIDE) + 1, len(BESIDE) + 2))
    return (f"<p>{escape(TOLD)}</p><p>The objective: {escape(objective_text(results[0]))}.</p>"
            f"<p>{escape(compared_text(rows[LEDGERS[0], controllers[0]].base, controllers))}</p>"
            + "".join(map(warning, steadiness_warnings(results))) + paid
            + "<h3>What stands beside these costs</h3>" + beside)


def compared_text(base: str, controllers: Sequence[str]) -> str:
    """From whom differences are, and what the dagger says; only the missing base where nothing is compared."""
    if len(controllers) > 1:
        return (f"Below each figure the difference from {base_text(base)} on the same seeds; {NOT_EQUAL_MARK}: cars "
                "were not served as there.")
    return "" if base == BASE else f"One controller alone: no difference from {BASE} is shown."


def _service(row: ComparisonRow) -> str:
    return "" if row.controller == row.base else escape(row.service or "equal").replace(", ", "<br>")


def cell(row: ComparisonRow) -> str:
    """A controller's mean with its difference from the base below; a dagger where the service was not the same."""
    text = number(row.mean)
    if row.controller == row.base or not np.isfinite(row.difference_mean):
        return text
    mark = f" {NOT_EQUAL_MARK}" if row.service else ""
    if row.difference_mean == 0 and not row.difference_ci95 > 0:
        return f'{text}<span class="diff">no difference{mark}</span>'
    interval = f" ± {readable(row.difference_ci95, 3)}" if np.isfinite(row.difference_ci95) else ""
    note = f"<br>{escape(row.note)}" if row.note and row.note != "one seed" else ""
    return f'{text}<span class="diff">{readable(row.difference_mean, 4, "+")}{interval}{mark}{note}</span>'
