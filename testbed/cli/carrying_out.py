"""Runs that a command was asked for, with one line for each on stderr."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import typer

from testbed.cli.saying import STOPPED, say, say_trace
from testbed.running.input_notes import input_notes
from testbed.running.job import Job, Outcome, partial_text
from testbed.running.several_runs import run_jobs
from testbed.scenario.record import Scenario
from testbed.scripting.progress import watch_run
from testbed.wiring.stopping import heeded_signals


def carry_out(scenario: Scenario, todo: list[Job], workers: int = 1) -> list[Outcome]:
    """Run the jobs with one line for each on stderr; in the jobs' order. Who stops it is told what is left."""
    def watch(label: str) -> AbstractContextManager[Callable[[int, int], None] | None]:
        return watch_run(label, scenario.step_s)

    for note in input_notes(scenario):
        say(f"note: {note}")
    ended: dict[Job, Outcome] = {}
    try:
        with heeded_signals() as is_stopped:
            for outcome in run_jobs(todo, workers, watch):
                if is_stopped() and outcome.failure:
                    raise KeyboardInterrupt
                ended[outcome.job] = outcome
                say(outcome.line)
                if outcome.failure and outcome.failure.trace:
                    say_trace(outcome.failure.trace)
                if is_stopped():
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        left = [partial_text(job.output) for job in todo if job not in ended]
        kept = [f"complete: {end.path}" for end in ended.values() if not end.failure]
        say("\n".join(["testbed: stopped", *filter(None, left), *kept]))
        raise typer.Exit(STOPPED) from None
    return [ended[job] for job in todo]
