"""`testbed run`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.carrying_out import carry_out
from testbed.cli.ending import FAILED, WRONG, reported
from testbed.cli.options import Force, Overrides, PlanFile, ScenarioName, names_of
from testbed.reporting.tables import print_run
from testbed.running.preflight import run_request
from testbed.running.several_runs import single_job
from testbed.scripting.given import expect
from testbed.scripting.opened import untried


@reported
def command(
    scenario: ScenarioName,
    controller: Annotated[str, typer.Option(metavar="NAME|path.py:Class", autocompletion=names_of("controllers"),
                         help="Who decides; parameters in brackets: 'mine.py:Price(high=0.1)'.")] = "bilayer",
    seed: Annotated[int | None, typer.Option(help="Takes the place of the scenario's seed.")] = None,
    overrides: Overrides = None,
    plan: PlanFile = None,
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE.h5",
                      help="Result file [default: results/SCENARIO/CONTROLLER-seedN.h5].")] = None,
    force: Force = False,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the run on a page of this machine; its address comes "
                                        "on stderr.")] = False,
) -> None:
    """Run one scenario under one controller and print the headline figures."""
    expect("scenario", scenario)
    request = run_request(scenario, controller, seed, overrides or (), plan, output, force)
    with _watched(request.output) if watch else nullcontext():
        outcome, = carry_out(request.scenario, [single_job(request)])
    if outcome.failure:
        raise typer.Exit(WRONG if outcome.failure.is_request else FAILED)
    print_run(untried(outcome.path), headline=True)


def _watched(file: Path) -> AbstractContextManager[None]:
    from testbed.reporting.live.beside import live_beside  # noqa: PLC0415 - a server, where it is asked for

    return live_beside(file)
