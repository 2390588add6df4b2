"""Runs of an experiment: those that lie complete in its folder are taken as they are, the others are made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from testbed.results.reading import Result, ResultError, open_result
from testbed.running.job import Job
from testbed.running.older_results import other_keys
from testbed.running.preflight import WrongRequest
from testbed.running.several_runs import run_jobs
from testbed.scenario.files import named_files
from testbed.scenario.record import Scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

PLAN_TABLES = ("plan/time_s", "plan/committed", "plan/p_mw", "plan/objective_usd")


class RunsFailed(RuntimeError):
    """Some runs of an experiment have no result; the message has one line for each."""


def say(text: str) -> None:
    """A line of progress on stderr; results go to stdout."""
    print(text, file=sys.stderr, flush=True)


def save_figure(figure: Drawing, stem: Path) -> None:
    """STEM.png and STEM.svg."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    for suffix in (".png", ".svg"):
        figure.savefig(stem.with_suffix(suffix), dpi=200)


def exit_code(experiment: Callable[[], int]) -> int:
    """The experiment's own code; 2 with every mistake of a wrong request, 1 if runs failed."""
    try:
        return experiment()
    except WrongRequest as wrong:
        say("\n".join(wrong.mistakes))
        return 2
    except RunsFailed as failed:
        say(str(failed))
        return 1


def results_of(todo: Sequence[Job], workers: int = 1, fresh: bool = False) -> list[Result]:
    """The results of the jobs, in their order; RunsFailed if one has none after all were tried.

    A complete result of the same scenario, controller, seed and plan is reused unless `fresh`. It may come from
    an older version of the code: the file's group `run` tells versions and date.
    """
    open_jobs = [job for job in todo if fresh or not is_done(job)]
    for job in todo:
        if job not in open_jobs:
            say(f"{job.label}: {job.output} is complete already")
    failures = []
    for outcome in run_jobs(open_jobs, workers):
        say(outcome.line)
        if outcome.failure:
            failures.append(outcome.line)
    if failures:
        raise RunsFailed("\n".join(failures))
    return [open_result(job.output) for job in todo]


def is_done(job: Job) -> bool:
    """True if the job's file holds its complete result."""
    if not job.output.is_file():
        return False
    scenario = Scenario.model_validate_json(job.scenario_json).model_copy(update={"seed": job.seed})
    if any(file.is_file() and file.stat().st_mtime > job.output.stat().st_mtime for file in named_files(scenario)):
        return False  # a file that it was made from has changed
    try:
        result = open_result(job.output)
    except ResultError as problem:
        say(f"{job.label}: made again, {problem}")
        return False
    return (result.status == "completed" and (result.controller, result.seed) == (job.controller, job.seed)
            and not any(other_keys(result, scenario))
            and (job.plan is None or same_plan(result, open_result(job.plan))))


def same_plan(result: Result, other: Result) -> bool:
    """True if both carried out the same upper plans, targets of all cohorts included."""
    if result.districts != other.districts:
        return False
    tables = [(result.system(name), other.system(name)) for name in PLAN_TABLES]
    tables += [(result.district(d, name), other.district(d, name))
               for d in result.districts for name in ("plan_pc_kw", "plan_pd_kw")]
    return all(np.array_equal(a, b, equal_nan=True) for a, b in tables)
