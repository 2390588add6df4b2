"""A study's cases from the command line: run, resumed, and what is missing at the end."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import typer

from testbed.cli.ending import FAILED
from testbed.cli.interrupts import heeding
from testbed.cli.saying import say, tell
from testbed.running.preflight import WrongRequest
from testbed.scripting.given import expect
from testbed.sweeping.case import SchedulerLost
from testbed.sweeping.collecting import standing
from testbed.sweeping.side_by_side import run_cases
from testbed.sweeping.sweep import FAILED as FAILED_CSV
from testbed.sweeping.sweep import TABLE, run_sweep, sweep_request
from testbed.wiring.stopping import heeded_signals


def run_study(study: str, output: Path | None, scheduler: str | None, workers: int | None,
              cases: Sequence[str], is_audited: bool = True) -> None:
    """Prints the table's path; ends with exit code 1 if cases are missing, 2 for a wrong request."""
    if scheduler is not None and workers is not None:
        raise WrongRequest(["--workers: only for workers on this machine, not with --scheduler"])
    expect("study", study)
    request = sweep_request(study, output)
    try:
        with heeded_signals() as is_stopped:
            missing = run_sweep(request, scheduler, workers, cases, heeding(is_stopped, say), is_audited)
    except SchedulerLost as error:
        say(f"testbed: {error}")
        raise typer.Exit(FAILED) from error
    tell(request.folder / TABLE)
    if missing:
        say(f"testbed: {missing} cases failed, see {request.folder / FAILED_CSV}")
        raise typer.Exit(FAILED)


def run_alone(study: str, output: Path | None, cases: Sequence[str], is_audited: bool = True) -> None:
    """These cases in this process, beside others; prints the folder; exit code 1 if some are missing then."""
    expect("study", study)
    request = sweep_request(study, output, cases)
    with heeded_signals():
        missing = run_cases(request, cases, say, is_audited)
    tell(request.folder)
    say(f"`{shlex.join(['testbed', 'collect', str(request.folder)])}` makes {TABLE} when all are done")
    if missing:
        say(f"testbed: {missing} cases have no result, see {request.folder / 'failed'}")
        raise typer.Exit(FAILED)


def tell_status(study: str, output: Path | None) -> None:
    """How far the study is, in a line, and why cases failed."""
    expect("study", study)
    for line in standing(sweep_request(study, output)).lines:
        tell(line)
