"""The `testbed` command. Each command checks its whole request first, then acts.

Exit codes: 0 done; 1 a run or a check failed; 2 wrong usage, nothing written; 130 stopped with Ctrl-C.
Results go to stdout, everything else to stderr. Heavy imports stand inside the commands, so that
`testbed --help` answers at once.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from testbed.results.reading import Result
    from testbed.running.several_runs import Job, Outcome
    from testbed.scenario.record import Scenario

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130
FIRST = ("uncoordinated", "no_pev")
"""What a folder's report shows first, if it is there: what others are compared with, then the system without cars."""
P = ParamSpec("P")
R = TypeVar("R")
app = typer.Typer(name="testbed", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  rich_markup_mode=None)
_debug: ContextVar[bool] = ContextVar("debug", default=False)

ScenarioName = Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a YAML file.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE",
                      help="Replace one key, e.g. objective.wear_usd_per_mwh=0; may be repeated.")]
PlanFile = Annotated[Path | None, typer.Option("--plan", metavar="FILE.h5",
                     help="Replay the upper plan stored in this result.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]


class Listed(str, Enum):  # noqa: UP042  typer shows and parses str enums
    """What `testbed list` can list."""

    controllers = "controllers"
    scenarios = "scenarios"
    drivers = "drivers"
    wear_models = "wear-models"
    metrics = "metrics"


def main() -> None:
    """Entry point of the console script."""
    atexit.register(gc.freeze)  # the process is ending: to look for cycles once more takes a fifth of a second
    app()


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show Python's traceback of a failure.")] = False,
) -> None:
    """Vehicle-to-grid dispatch in co-simulation: run controllers on scenarios and compare them."""
    _debug.set(debug)


# ------------------------------------------------------------------ how a command ends
def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _reported(command: Callable[P, R]) -> Callable[P, R]:
    """The command with every way of failing turned into a message on stderr and an exit code."""
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            raise _stopped() from None
        except Exception as error:
            if isinstance(error.__cause__, KeyboardInterrupt):  # Ctrl-C while a class was made, in Python's words
                raise _stopped() from None
            raise typer.Exit(_explain(error)) from error
    return wrapped


def _stopped() -> typer.Exit:
    _say("testbed: stopped")
    return typer.Exit(STOPPED)


def _explain(error: Exception) -> int:
    from testbed.running.preflight import WrongRequest  # noqa: PLC0415

    if isinstance(error, WrongRequest):
        _say("\n".join(f"testbed: {mistake}" for mistake in error.mistakes))
        return WRONG
    _say(f"testbed: unexpected {type(error).__name__}: {error}")
    _say_trace(traceback.format_exc())
    return FAILED


def _say_trace(trace: str) -> None:
    _say(trace if _debug.get() else "(`testbed --debug ...` shows where)")


# ------------------------------------------------------------------------- running
@app.command()
@_reported
def run(
    scenario: ScenarioName,
    controller: Annotated[str, typer.Option(metavar="NAME|path.py:Class", help="Who decides.")] = "bilayer",
    seed: Annotated[int | None, typer.Option(help="Takes the place of the scenario's seed.")] = None,
    overrides: Overrides = None,
    plan: PlanFile = None,
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE.h5",
                      help="Result file [default: results/SCENARIO/CONTROLLER-seedN.h5].")] = None,
) -> None:
    """Run one scenario under one controller and print the headline figures."""
    from testbed.reporting.tables import print_run  # noqa: PLC0415
    from testbed.running.preflight import run_request  # noqa: PLC0415
    from testbed.running.several_runs import single_job  # noqa: PLC0415

    request = run_request(scenario, controller, seed, overrides or (), plan, output)
    outcome, = _carry_out(request.scenario, [single_job(request)])
    if outcome.failure:
        raise typer.Exit(FAILED)
    print_run(_opened(outcome.path), headline=True)


@app.command()
@_reported
def compare(
    scenario: ScenarioName,
    controllers: Annotated[str, typer.Option(metavar="A,B,C", help="Names or path.py:Class, with commas.")],
    seeds: Annotated[int, typer.Option(metavar="N", help="The scenario's seed and N - 1 after it.")] = 1,
    overrides: Overrides = None,
    plan: PlanFile = None,
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR",
                      help="Folder for all that is written [default: results/SCENARIO].")] = None,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Runs at a time, each in a process.")] = 1,
) -> None:
    """Run several controllers on the same seeds; table, metrics.csv and report.html."""
    from testbed.metrics.of_runs import write_metrics_csv  # noqa: PLC0415
    from testbed.reporting.report import write_report  # noqa: PLC0415
    from testbed.reporting.tables import print_comparison  # noqa: PLC0415
    from testbed.running.preflight import compare_request  # noqa: PLC0415
    from testbed.running.several_runs import jobs  # noqa: PLC0415

    specs = [spec.strip() for spec in controllers.split(",") if spec.strip()]
    request = compare_request(scenario, specs, seeds, overrides or (), plan, output)
    outcomes = _carry_out(request.scenario, jobs(request), workers)
    done = [outcome.path for outcome in outcomes if not outcome.failure]
    if done:
        results = [_opened(path) for path in done]
        print_comparison(results)
        write_metrics_csv(results, request.output / "metrics.csv")
        write_report(done, request.output / "report.html")
        _say(f"written: {request.output / 'metrics.csv'}, {request.output / 'report.html'}")
    if len(done) < len(outcomes):
        raise typer.Exit(FAILED)


@app.command()
@_reported
def sweep(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study's name, or a YAML file.")],
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR",
                      help="Folder of the study's results [default: results/STUDY].")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="tcp://HOST:PORT|FILE.json",
                         help="A running Dask scheduler or its file [default: workers on this machine].")] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N",
                       help="Processes on this machine [default: one a core].")] = None,
    case: Annotated[list[str] | None, typer.Option(metavar="KEY", help="This case only; may be repeated.")] = None,
) -> None:
    """Run all cases of a study on Dask; complete ones are kept, so the same command resumes."""
    from testbed.sweeping.worker_template import prepare_workers  # noqa: PLC0415

    if scheduler is None:  # first of all: it loads while the study is read and checked
        prepare_workers()
    from testbed.cli.interrupts import heeding, remembered_interrupts  # noqa: PLC0415
    from testbed.running.preflight import WrongRequest  # noqa: PLC0415
    from testbed.sweeping.case import SchedulerLost  # noqa: PLC0415
    from testbed.sweeping.sweep import FAILED as FAILED_CSV  # noqa: PLC0415
    from testbed.sweeping.sweep import TABLE, run_sweep, sweep_request  # noqa: PLC0415

    if scheduler is not None and workers is not None:
        raise WrongRequest(["--workers: only for workers on this machine, not with --scheduler"])
    request = sweep_request(study, output)
    try:
        with remembered_interrupts() as is_interrupted:
            missing = run_sweep(request, scheduler, workers, case or (), heeding(is_interrupted, _say))
    except SchedulerLost as error:
        _say(f"testbed: {error}")
        raise typer.Exit(FAILED) from error
    print(request.folder / TABLE)
    if missing:
        _say(f"testbed: {missing} cases failed, see {request.folder / FAILED_CSV}")
        raise typer.Exit(FAILED)


def _carry_out(scenario: Scenario, todo: list[Job], workers: int = 1) -> list[Outcome]:
    """Run the jobs with one line for each on stderr; in the jobs' order. Ctrl-C names what is left."""
    from testbed.cli.interrupts import remembered_interrupts  # noqa: PLC0415
    from testbed.cli.progress import watch_run  # noqa: PLC0415
    from testbed.running.several_runs import partial_text, run_jobs  # noqa: PLC0415

    def watch(label: str) -> AbstractContextManager[Callable[[int, int], None] | None]:
        return watch_run(label, scenario.step_s)

    ended: dict[Job, Outcome] = {}
    try:
        with remembered_interrupts() as is_interrupted:
            for outcome in run_jobs(todo, workers, watch):
                if is_interrupted() and outcome.failure:
                    raise KeyboardInterrupt
                ended[outcome.job] = outcome
                _say(outcome.line)
                if outcome.failure and outcome.failure.trace:
                    _say_trace(outcome.failure.trace)
                if is_interrupted():
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        left = [partial_text(job.output) for job in todo if job not in ended]
        kept = [f"complete: {one.path}" for one in ended.values() if not one.failure]
        _say("\n".join(["testbed: stopped", *filter(None, left), *kept]))
        raise typer.Exit(STOPPED) from None
    return [ended[job] for job in todo]


# ------------------------------------------------------------------- reading results
@app.command()
@_reported
def show(file: Annotated[Path, typer.Argument(metavar="FILE.h5")], as_json: AsJson = False) -> None:
    """Print all figures of a result."""
    from testbed.metrics.of_runs import metrics_json  # noqa: PLC0415
    from testbed.reporting.tables import print_run  # noqa: PLC0415

    result = _opened(file)
    if as_json:
        print(json.dumps(metrics_json(result), allow_nan=False))
    else:
        print_run(result, headline=False)


@app.command()
@_reported
def report(
    source: Annotated[Path, typer.Argument(metavar="FILE.h5|DIR")],
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE.html",
                      help="The report [default: FILE.html, or DIR/report.html].")] = None,
) -> None:
    """Write one self-contained HTML page about a result, or about all results of a folder."""
    from testbed.reporting.report import write_report  # noqa: PLC0415
    from testbed.running.preflight import WrongRequest, file_mistakes  # noqa: PLC0415

    if output is None:
        output = source / "report.html" if source.is_dir() else source.with_suffix(".html")
    mistakes = file_mistakes(output, "-o", ".html")
    paths = _results_in(source, mistakes)
    if mistakes:
        raise WrongRequest(mistakes)
    write_report(paths, output)
    print(output)


def _results_in(source: Path, mistakes: list[str]) -> list[Path]:
    """The file itself, or the results in a folder; files there that are none are named on stderr.

    First come the runs that others are compared with, then those without cars.
    """
    from testbed.results.reading import ResultError, open_result  # noqa: PLC0415

    good, bad = [], []
    for path in sorted(source.glob("*.h5")) if source.is_dir() else [source]:
        try:
            good.append(open_result(path))
        except ResultError as error:
            bad.append(str(error))
    if not good:
        mistakes += bad or [f"{source}: holds no result (*.h5)"]
    else:
        for problem in bad:
            _say(f"left out: {problem}")
    return [one.path for one in sorted(good, key=lambda one: (one.controller not in FIRST, one.controller != FIRST[0]))]


def _opened(path: Path) -> Result:
    from testbed.results.reading import ResultError, open_result  # noqa: PLC0415
    from testbed.running.preflight import WrongRequest  # noqa: PLC0415

    try:
        return open_result(path)
    except ResultError as error:
        raise WrongRequest([str(error)]) from error


# ------------------------------------------------------------------------ the rest
@app.command()
@_reported
def verify(as_json: AsJson = False) -> None:
    """Compute the known answers and hold them against their sources."""
    from testbed.checks.verify import print_checks, run_checks  # noqa: PLC0415

    checks = run_checks()
    if as_json:
        print(json.dumps({"checks": [check.to_json() for check in checks]}, allow_nan=False))
    else:
        print_checks(checks)
    if not all(check.passed for check in checks):
        raise typer.Exit(FAILED)


@app.command("list")
@_reported
def list_(what: Annotated[Listed, typer.Argument(help="What to list.")]) -> None:
    """List what there is: the name first on each line, then what it is."""
    from testbed.cli.catalogue import catalogue  # noqa: PLC0415

    rows = catalogue(what.value)
    width = max((len(name) for name in rows), default=0)
    for name, text in rows.items():
        print(f"{name:<{width}}  {text}")


@app.command()
@_reported
def schema() -> None:
    """Print the JSON schema of scenario files, for editors."""
    from testbed.scenario.record import scenario_schema  # noqa: PLC0415

    print(json.dumps(scenario_schema(), indent=2))


@app.command("serve-district")
@_reported
def serve_district(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0: any free one.")],
) -> None:
    """Simulate districts for runs elsewhere (execution.remote), until stopped; prints its address.

    Whoever reaches the address can have code run here: listen in trusted networks only.
    """
    import asyncio  # noqa: PLC0415

    from testbed.running.preflight import WrongRequest, listen_address  # noqa: PLC0415
    from testbed.simulators.serve_district import CannotListen, DistrictServer  # noqa: PLC0415

    host, port = listen_address(listen)
    try:
        asyncio.run(DistrictServer().serve(host, port, lambda address: print(f"listening on {address}", flush=True)))
    except CannotListen as error:
        raise WrongRequest([f"--listen {error}"]) from error


@app.command()
@_reported
def check(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO|FILE.h5", help="A scenario, or a result.")],
    overrides: Overrides = None,
) -> None:
    """Check a scenario without running it, or hold a result against all rules; all mistakes at once."""
    from testbed.running.preflight import checked_scenario  # noqa: PLC0415

    if scenario.endswith(".h5"):
        _check_result(Path(scenario))
        return
    found = checked_scenario(scenario, overrides or ())
    cars = ", ".join(f"{one.name} ({one.vehicle_count} cars, {one.feeder or 'no network'})"
                     for one in found.districts)
    print(f"{found.name} is valid: days {found.days}, steps of {found.step_s} s, seed {found.seed}; {cars}")
    for one in found.districts:
        if one.feeder not in (None, "ieee33"):
            from models.network.feeder_sources import what_is_taken  # noqa: PLC0415 - pandapower is slow to import

            print(f"{one.name}: {one.feeder}, {what_is_taken(str(one.feeder))}")


def _check_result(file: Path) -> None:
    from testbed.checks.result import check_result  # noqa: PLC0415

    verdict = check_result(_opened(file))
    for line in (*verdict.violations, *(f"note: {note}" for note in verdict.notes)):
        print(line)
    print(f"{file}: {len(verdict.violations)} violations, {len(verdict.notes)} notes")
    if verdict.violations:
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    main()
