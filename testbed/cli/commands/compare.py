"""`testbed compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from testbed.auditing.of_runs import audited_in_passing, summary
from testbed.cli.carrying_out import carry_out
from testbed.cli.ending import FAILED, WRONG, reported
from testbed.cli.options import Force, NoAudit, Overrides, PlanFile, ScenarioName, names_of
from testbed.cli.saying import say
from testbed.metrics.of_runs import check_comparable, write_metrics_csv
from testbed.metrics.older_tables import left_out
from testbed.reporting.report import write_report
from testbed.reporting.tables import print_comparison, print_verdict
from testbed.results.reading import Result, ResultError, open_result
from testbed.running.preflight import compare_request
from testbed.running.several_runs import jobs
from testbed.scripting.given import expect
from testbed.scripting.opened import untried
from testbed.users.parameters import listed

MOST_TOLD = 4


@reported
def command(
    scenario: ScenarioName,
    controllers: Annotated[str, typer.Option(metavar="A,B,C", autocompletion=names_of("controllers"),
                           help="Names or path.py:Class, with commas; parameters in brackets.")],
    seeds: Annotated[int, typer.Option(metavar="N", help="The scenario's seed and N - 1 after it.")] = 1,
    overrides: Overrides = None,
    plan: PlanFile = None,
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR",
                      help="Folder for all that is written [default: results/SCENARIO].")] = None,
    force: Force = False,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Runs at a time, each in a process.")] = 1,
    no_audit: NoAudit = False,
) -> None:
    """Run several controllers on the same seeds; table, metrics.csv and report.html."""
    expect("scenario", scenario)
    request = compare_request(scenario, listed(controllers), seeds, overrides or (), plan, output, force)
    outcomes = carry_out(request.scenario, jobs(request), workers)
    done = [outcome.path for outcome in outcomes if not outcome.failure]
    if done:
        results = [untried(path) for path in done]
        failed = [left for outcome in outcomes if outcome.failure for left in _left(outcome.path, results)]
        audits = [] if no_audit else audited_in_passing(done)
        print_comparison(results, audits)
        _tell_left_out(results, request.output / "metrics.csv")
        write_metrics_csv(results, request.output / "metrics.csv")
        write_report([*done, *(result.path for result in failed)], request.output / "report.html", audits)
        for line in (line for run in audits for line in run.lines):
            say(line)
        say(summary(audits) if audits else "audit: left out")
        print_verdict([*results, *failed])
        say(f"written: {request.output / 'metrics.csv'}, {request.output / 'report.html'}")
    if len(done) < len(outcomes):
        wrong = all(outcome.failure and outcome.failure.is_request for outcome in outcomes)
        raise typer.Exit(WRONG if wrong else FAILED)


def _left(path: Path, completed: Sequence[Result]) -> list[Result]:
    """What a failed run left, to be shown as failed; nothing where its file holds another run."""
    try:
        result = open_result(path)
        check_comparable([*completed, result])
    except ResultError:
        return []
    return [] if result.status == "completed" else [result]


def _tell_left_out(results: Sequence[Result], table: Path) -> None:
    """Runs that the table and the report held until now."""
    runs = left_out(table, ("controller", "seed"), {(result.controller, str(result.seed)) for result in results})
    if runs:
        some = ", ".join(f"{controller} seed {seed}" for controller, seed in runs[:MOST_TOLD])
        more = ", ..." if len(runs) > MOST_TOLD else ""
        say(f"note: metrics.csv and report.html hold this comparison alone, no longer {some}{more}; their results "
            f"stay, `testbed report {table.parent}` shows all")
