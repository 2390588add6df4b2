"""Tables for the screen: the figures of one run, several controllers side by side, and any rows at all."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from testbed.auditing.of_runs import AuditedRun
from testbed.metrics.comparability import NOT_EQUAL_MARK, base_text, objective_text, optimised, steadiness_warnings
from testbed.metrics.numbers import readable
from testbed.metrics.of_runs import NOT_RESOLVED, ComparisonRow, compare_table, compute_metrics
from testbed.metrics.published.ledgers import LEDGERS
from testbed.metrics.registry import METRICS
from testbed.metrics.regret import regret_usd
from testbed.metrics.titles import by_question, controller_titles, title
from testbed.metrics.verdict import verdict
from testbed.results.reading import Result
from testbed.results.run_profile import profile_rows
from testbed.scenario.plain_text import cleaned

HEADLINE = (
    *LEDGERS, "steadiness_percent", "departures_short_kwh", "fast_charged_mwh",
    "total_cost_usd_adjusted", "objective_usd_adjusted", "operating_cost_usd", "carbon_t", "wear_cost_usd",
    "imbalance_cost_usd", "curtailed_mwh", "hours_fewer_units", "unit_hours", "equivalent_load_peak_mw",
    "feeder_losses_kwh", "vm_min_pu", "line_loading_max_percent", "charged_mwh", "discharged_mwh",
    "compliance_realised", "departures_short", "redispatch_failures",
    "spatial_fallbacks",
)
"""What a run and a comparison print; `testbed show` prints all."""
NARROW = 80
"""Columns of a plain terminal, into which a comparison and its verdict fit."""
WIDEST = 1000
"""Columns of the screen where stdout is no terminal: nothing is wrapped."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Rows of text under their column names on stdout; columns named in `right` are set flush right."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(escape(cleaned(column)), justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*(escape(cleaned(cell)) for cell in row))
    is_terminal = Console(file=sys.stdout).is_terminal
    Console(file=sys.stdout, width=None if is_terminal else WIDEST, highlight=False).print(table)


def number(value: float) -> str:
    """Six significant digits, a dash where the figure does not apply."""
    return readable(value, 6) if np.isfinite(value) else "-"


def print_run(result: Result, headline: bool) -> None:
    """The headline figures of a result, or all of them."""
    figures = compute_metrics(result)
    print(cleaned(f"{result.path}: {result.scenario_name}, {result.controller}, seed {result.seed}, {result.ending}"))
    groups = {"": list(HEADLINE)} if headline else by_question(figures)
    for question, names in groups.items():
        print(f"\n{question}" if question else "", end="\n" if question else "")
        rows = [(title(name), number(figures[name]), METRICS[name].unit, name) for name in names]
        print_table(("figure", "value", "unit", "metric"), rows, right=("value",))
    print_beside([result])
    if not headline:
        print_profile(result)


def print_profile(result: Result) -> None:
    """Where the seconds of the run went; nothing for a result that does not say."""
    if rows := profile_rows(result):
        print("\nseconds of the run")
        print_table(("part", "s"), [(name, f"{seconds:.3f}") for name, seconds in rows], right=("s",))


def print_beside(results: Sequence[Result]) -> None:
    """What must be known beside the costs: who was planned by which objective, and which runs are not steady."""
    by_controller = {result.controller: optimised(result) for result in reversed(results)}
    planned = ", ".join(f"{name}: {by_controller[name]}" for name in dict.fromkeys(r.controller for r in results))
    _print_wrapped(f"planned by the objective: {planned}")
    _print_wrapped(f"the objective: {objective_text(results[0])}")
    for text in steadiness_warnings(results):
        _print_wrapped(f"warning: {text}")


def _print_wrapped(text: str) -> None:
    print(textwrap.fill(cleaned(text), NARROW, break_long_words=False, break_on_hyphens=False))


def violations_by_controller(results: Sequence[Result], audits: Sequence[AuditedRun]) -> dict[str, int]:
    """Violations of all seeds of each controller; empty where nothing was audited."""
    counts: dict[str, int] = {}
    by_path = {run.path: run.count for run in audits}
    for result in results:
        if result.path in by_path:
            counts[result.controller] = counts.get(result.controller, 0) + by_path[result.path]
    return counts


def print_comparison(results: Sequence[Result], audits: Sequence[AuditedRun] = ()) -> None:
    """Headline figures, a column per controller: the mean, and below it the paired difference from the base. As many
    tables as controllers need in 80 columns.

    With two seeds or more the half width of its 95 % interval follows. `~`: below twice the MILP gap; a dagger: the
    cars were not served as under the base. `audits`: what the audit says of the runs, a row by itself.
    """
    rows = compare_table(results, HEADLINE)
    controllers, base = list(dict.fromkeys(row.controller for row in rows)), rows[0].base
    cells = {(row.metric, row.controller): _cell(row) for row in rows}
    lines = {_with_unit(name): [cells[name, run] for run in controllers] for name in HEADLINE}
    if broken := violations_by_controller(results, audits):
        lines["violations of the audit's rules"] = [str(broken.get(run, "-")) for run in controllers]
    for columns in in_columns(lines, list(controller_titles(controllers).values())):
        print_table(("figure", *columns), [(name, *(cells[at] for at in columns.values()))
                                           for name, cells in lines.items()], right=tuple(columns))
        print()
    if regret := regret_usd(results):
        print_table(("regret_usd", "mean over seeds"), [(name, number(value)) for name, value in regret.items()],
                    right=("mean over seeds",))
    _print_wrapped(f"in brackets: difference from {base_text(base)} on the same seeds; ~ {NOT_RESOLVED}; "
                   f"{NOT_EQUAL_MARK} service not equal")
    for controller, service in {row.controller: row.service for row in rows}.items():
        if controller != base:
            _print_wrapped(f"service of {controller} against {base}: {service or 'equal'}")
    print_beside(results)


def print_verdict(results: Sequence[Result]) -> None:
    """Who pays least, whether that is resolved, and on what it hangs; then what failed. Within 80 columns."""
    lines = [*verdict(results).sentences,
             *(f"{run.controller}, seed {run.seed}, has no say: {run.ending}" for run in results
               if run.status != "completed")]
    for line in lines:
        print()
        _print_wrapped(line)


def in_columns(lines: Mapping[str, Sequence[str]], heads: Sequence[str], width: int = NARROW) -> list[dict[str, int]]:
    """Heads of the columns that fit beside the lines' names, table by table, each with its position in the lines."""
    left = width - max(len(name) for name in (*lines, "figure"))
    tables: list[dict[str, int]] = []
    room = 0
    for position, head in enumerate(heads):
        column = max(len(part) for cell in (head, *(cells[position] for cells in lines.values()))
                     for part in cell.split("\n")) + 1
        if column > room or not tables:
            tables.append({})
            room = left
        tables[-1][head] = position
        room -= column
    return tables


def _with_unit(name: str) -> str:
    unit = METRICS[name].unit
    return title(name) + (f" [{unit}]" if unit != "1" else "")


def _cell(row: ComparisonRow) -> str:
    if row.controller == row.base or not np.isfinite(row.difference_mean):
        return number(row.mean)
    interval = f" ± {readable(row.difference_ci95, 3)}" if np.isfinite(row.difference_ci95) else ""
    mark, service = "~" if row.note == NOT_RESOLVED else "", f" {NOT_EQUAL_MARK}" if row.service else ""
    return f"{number(row.mean)}\n({mark}{readable(row.difference_mean, 4, '+')}{interval}{service})"
