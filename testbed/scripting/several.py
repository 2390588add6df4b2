"""Several controllers on the same seeds, in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.port import Controller
from testbed.running.job import Job, Outcome
from testbed.running.preflight import WrongRequest, compare_request
from testbed.running.several_runs import jobs, run_jobs
from testbed.scripting.run import Run
from testbed.scripting.scenario import Scenario, not_counts, scenario_of, whole
from testbed.users.parameters import listed

if TYPE_CHECKING:
    import pandas

    from testbed.metrics.of_runs import ComparisonRow


@dataclass(frozen=True)
class Comparison:
    """Runs of one scenario side by side.

    >>> import testbed as tb
    >>> both = tb.load("results/smoke")
    >>> both.metrics["charged_mwh"]["no_pev", 3]
    np.float64(0.0)
    >>> both.rows("charged_mwh")[0].base
    'uncoordinated'
    """

    runs: tuple[Run, ...]
    folder: Path

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    @cached_property
    def metrics(self) -> pandas.DataFrame:
        """A row for each controller and seed, a column for each figure (units: `testbed list metrics`)."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        index = pd.MultiIndex.from_tuples([(run.controller, run.seed) for run in self.runs],
                                          names=("controller", "seed"))
        return pd.DataFrame([run.metrics for run in self.runs], index=index)

    def rows(self, *figures: str) -> list[ComparisonRow]:
        """Mean of each figure (all without names) by controller, with its difference from `uncoordinated` seed by seed
        and the 95 % interval of that. ResultError where the scenarios differ in more than the seed."""
        from testbed.metrics.of_runs import compare_table  # noqa: PLC0415

        return compare_table([run.result for run in self.runs], figures or None)

    def report(self, output: Path | str | None = None) -> Path:
        """Write one HTML page about all runs; returns its path, report.html in their folder unless given."""
        from testbed.reporting.report import write_report  # noqa: PLC0415

        page = Path(output) if output is not None else self.folder / "report.html"
        write_report([run.path for run in self.runs], page)
        return page

    def __repr__(self) -> str:
        head = f"Comparison of {len(self.runs)} runs in {self.folder}:"
        return "\n".join([head, *(f"  {run!r}" for run in self.runs)])


def compare(scenario: str | Path | Scenario, controllers: str | Sequence[str | Controller], *, seeds: int = 1,
            output: Path | str | None = None, plan: Path | str | None = None, workers: int = 1, force: bool = False,
            progress: bool = True) -> Comparison:
    """Run several controllers on the scenario's seed and the `seeds` - 1 after it, as `testbed compare` does.

    controllers: names, `"mine.py:Price(high=0.1)"`, or objects; or one text, as the command takes it. workers: runs at
    a time, each in its own process if there are two or more. output: folder of the results; else results/SCENARIO. The
    rest is as in `run`.
    Raises WrongRequest with every mistake before anything is written; RunFailed after all were tried, if one ended
    before its time: `tb.load(folder)` has the others.

    >>> import testbed as tb
    >>> both = tb.compare(tb.Scenario.load("smoke").with_({"seed": 3}), ["no_pev", "uncoordinated"])
    >>> [run.controller for run in both]
    ['no_pev', 'uncoordinated']
    """
    given, seeds, workers = scenario_of(scenario), whole(seeds), whole(workers)
    named = listed(controllers) if isinstance(controllers, str) else controllers
    wrong = not_counts(seeds=seeds, workers=workers)
    try:
        request = compare_request(given.source, named, 1 if wrong else seeds, given.overrides,
                                  None if plan is None else Path(plan), None if output is None else Path(output), force)
    except WrongRequest as others:
        raise WrongRequest([*wrong, *others.mistakes]) from others
    if wrong:
        raise WrongRequest(wrong)
    todo = jobs(request)
    ended = _carried_out(todo, workers, request.scenario.step_s, progress)
    outcomes = {outcome.job.output: outcome for outcome in ended}
    _raise_failed([outcomes[job.output] for job in todo])
    return Comparison(tuple(Run(job.output) for job in todo), request.output)


def _carried_out(todo: Sequence[Job], workers: int, step_s: int, progress: bool) -> Iterator[Outcome]:
    """With one worker the progress of each run, with several the number of runs that have ended."""
    from testbed.scripting.progress import watch_count, watch_run  # noqa: PLC0415

    if not progress or workers == 1:
        yield from run_jobs(todo, workers, (lambda label: watch_run(label, step_s)) if progress else None)
        return
    with watch_count("runs") as show:
        for count, outcome in enumerate(run_jobs(todo, workers), start=1):
            show(count, len(todo))
            yield outcome


def _raise_failed(outcomes: Sequence[Outcome]) -> None:
    from testbed.running.one_run import RunFailed  # noqa: PLC0415 - loads the simulators

    errors = [RunFailed(outcome.failure, outcome.path) for outcome in outcomes if outcome.failure is not None]
    if errors:
        for outcome in (outcome for outcome in outcomes if outcome.failure is not None):
            errors[0].add_note(outcome.line)
        raise errors[0]
