"""One run: build the world, run it, prove that every simulator finished every step, conclude the file."""

from __future__ import annotations

import asyncio
import gc
import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mosaik.exceptions import SimulationError, SimulatorError
from mosaik_api_v3.connection import RemoteException

from controllers.port import Controller
from models.mobility.mobility import without_garbage_collection
from testbed.results.reading import Reference, ResultError, open_result
from testbed.results.recording import open_writer
from testbed.results.run_profile import Ledger, Stopwatch, run_seconds
from testbed.results.writing import finish_result
from testbed.running.input_notes import input_notes
from testbed.running.large_blocks import give_back_large_blocks
from testbed.running.world import Wired, build_world, simulator_names
from testbed.scenario.record import Scenario
from testbed.setup.engine_check import engines_disagree
from testbed.setup.given_controllers import given
from testbed.setup.reference import REFERENCE_NAME, no_car_reference
from testbed.wiring.code_version import code_hash
from testbed.wiring.failure import Failure, SimulatorFailure
from testbed.wiring.remains import run_folder
from testbed.wiring.run_spec import RunSpec
from testbed.wiring.stopping import Stopped, cause_of_stop, heeded_signals
from testbed.wiring.whole_files import NoSpace

Progress = Callable[[int, int], None]
VERSIONED = ("mosaik", "simpy", "pandapower", "lightsim2grid", "cvxpy", "highspy", "clarabel", "numpy", "h5py")


class RunFailed(RuntimeError):
    """A run ended before its time; what was written is kept in `partial`."""

    def __init__(self, failure: Failure, partial: Path) -> None:
        super().__init__(f"{failure.text}; partial result in {partial}")
        self.failure, self.partial = failure, partial


@dataclass(frozen=True)
class WorldEnd:
    """How the simulators' run ended, and its seconds: connecting them, then everything after."""

    failure: Failure | None
    world_s: float
    run_s: float


def run_scenario(scenario: Scenario, controller: Controller, *, seed: int, output: Path, plan: Path | None = None,
                 progress: Progress | None = None) -> Path:
    """Run the scenario under this very controller and write `output`; returns its path.

    Raises RunFailed, with the partial file marked `failed`, when a simulator throws, dies or falls silent;
    ControllerError, with nothing written, for an object that is no controller or cannot go where it has to;
    WrongRequest, with nothing written, where a simulator of others is not as the scenario says. Whoever
    stops it (testbed.wiring.stopping) finds the partial file marked `interrupted`. A symbolic link at `output` stays.
    """
    with run_folder() as folder, given(controller, scenario.execution, folder) as how, heeded_signals() as stop:
        spec = RunSpec(scenario, how.words, seed, output.resolve(), plan.resolve() if plan else None, how.pickled)
        try:
            failure = _carried_out(spec, folder, progress, stop)
        except KeyboardInterrupt as stopped:
            _mark_stopped(spec, folder, cause_of_stop(stopped))
            raise
    if failure is not None:
        raise RunFailed(failure, output)
    return output


def _carried_out(spec: RunSpec, folder: Path, progress: Progress | None, stop: Callable[[], str]) -> Failure | None:
    """From the check of the engine to the concluded file; what failed, if something did."""
    started, clock = datetime.now(UTC), time.perf_counter()
    give_back_large_blocks(spec.scenario.days)
    wrong = _wrong_engine(spec)
    check_s = time.perf_counter() - clock
    with _cycles_of_the_run_alone():
        end = WorldEnd(wrong, 0.0, 0.0) if wrong else _beside_a_running_loop(lambda: _run_world(spec, folder, progress))
    if stop():  # mosaik ends on Ctrl-C without a word
        raise Stopped(stop())
    ledgers = read_ledgers(folder)
    failure, ended = end.failure or missing_steps(spec, ledgers), time.perf_counter()
    reference = None if failure else _reference(spec)
    seconds = run_seconds(ledgers, Stopwatch(end.world_s, end.run_s, check_s + time.perf_counter() - ended))
    info = {"started": started.isoformat(), "wall_s": time.perf_counter() - clock, **_machine(), **seconds,
            "input_notes": "\n".join(input_notes(spec.scenario))}
    return _conclude(spec, folder, failure, info, reference)


@contextmanager
def _cycles_of_the_run_alone() -> Iterator[None]:
    """Each search for cycles, one a week and one when the world is gone, leaves out what was in memory before.

    Imported modules alone take a quarter of a second to search, a user's own data any time.
    """
    gc.freeze()
    try:
        yield
        gc.collect()  # the next run of this process must not find them
    finally:
        gc.unfreeze()


def _beside_a_running_loop(action: Callable[[], WorldEnd]) -> WorldEnd:
    """mosaik runs an event loop of its own; where one runs already (in a notebook) that needs another thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return action()
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(action).result()


def _run_world(spec: RunSpec, folder: Path, progress: Progress | None) -> WorldEnd:
    """Run to the end; with the failure of a simulator, if one threw or its process was lost."""
    begun = connected = time.perf_counter()
    failure = None
    try:
        with without_garbage_collection(), build_world(spec, folder) as wired, _reported(spec, folder, progress):
            connected = time.perf_counter()
            with _ledgers_fetched(wired, folder):
                # all but profiles hang together in a circle: none can run ahead, waiting for successors only costs
                wired.world.run(until=spec.steps_total * spec.step_s, print_progress=False, lazy_stepping=False)
    except SimulatorFailure as stopped:
        failure = stopped.failure
    except (RemoteException, SimulationError, SimulatorError) as error:  # the ledgers know more
        if not (spec.is_separate or spec.remote):
            raise
        failure = missing_steps(spec, read_ledgers(folder), f"{type(error).__name__}: {error}")
    return WorldEnd(failure, connected - begun, time.perf_counter() - connected)


@contextmanager
def _ledgers_fetched(wired: Wired, folder: Path) -> Iterator[None]:
    """At the end, well or badly, the ledgers of districts served elsewhere lie beside the others.

    Not where a process was lost: there is nobody to be asked.
    """
    try:
        yield
    except RemoteException:  # a simulator threw; its process lives and can say more
        wired.fetch_ledgers(folder)
        raise
    wired.fetch_ledgers(folder)


@contextmanager
def _reported(spec: RunSpec, folder: Path, progress: Progress | None) -> Iterator[None]:
    """Tell `progress` of finished steps while the world runs (a thread reads the recorder's heartbeat)."""
    if progress is None:
        yield
        return
    from testbed.wiring.heartbeat import watch  # noqa: PLC0415 - only where somebody watches

    with watch(folder, spec.steps_total, progress):
        yield


# ---------------------------------------------------------------- proof of completion
def read_ledgers(folder: Path) -> dict[str, Ledger]:
    """What each simulator has left behind, by name."""
    return {path.stem: Ledger.from_json(json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(folder.glob("*.json"))}


def missing_steps(spec: RunSpec, ledgers: Mapping[str, Ledger], word: str = "") -> Failure | None:
    """The simulator that did not finish: one that said why, else the one that did the fewest steps."""
    for name, ledger in ledgers.items():
        if ledger.failure is not None:
            return replace(ledger.failure, simulator=name)
    steps = {name: ledgers[name].steps if name in ledgers else 0 for name in simulator_names(spec)}
    slowest = min(steps, key=lambda name: steps[name])
    if steps[slowest] >= spec.steps_total and not word:
        return None
    time_s = spec.start_s + steps[slowest] * spec.step_s
    return Failure(slowest, time_s, word or f"ended without a word after {steps[slowest]} of {spec.steps_total} steps")


def _wrong_engine(spec: RunSpec) -> Failure | None:
    problem = engines_disagree(spec)
    return Failure("feeder", spec.start_s, problem) if problem else None


def _conclude(spec: RunSpec, folder: Path, failure: Failure | None, info: Mapping[str, Any],
              reference: Reference | None) -> Failure | None:
    """The file as it stays; what failed, be it only now because the disk is full."""
    try:
        if not _is_ours(spec, folder):
            open_writer(spec, folder).release()
        finish_result(spec.output, "failed" if failure else "completed", failure, info, reference)
    except NoSpace as full:
        return failure or Failure("", 0, str(full))
    return failure


def _mark_stopped(spec: RunSpec, folder: Path, cause: str) -> None:
    """The partial file says that the run was stopped; where the disk is full, that its process is gone."""
    with suppress(NoSpace):
        if _is_ours(spec, folder):
            finish_result(spec.output, "interrupted", Failure("", 0, cause))


def _is_ours(spec: RunSpec, folder: Path) -> bool:
    """True if this run has laid out the file; else it is an older one, or none."""
    try:
        return open_result(spec.output).run_id == folder.name
    except ResultError:
        return False


def _reference(spec: RunSpec) -> Reference:
    """The commitment without cars."""
    reference = no_car_reference(spec.scenario, spec.seed)
    return Reference(REFERENCE_NAME, reference.committed, reference.operating_cost_usd, reference.before_h,
                     reference.before_mw, reference.ordered_mw)


def _machine() -> dict[str, Any]:
    return {"host": platform.node(), "python": platform.python_version(), "code": code_hash(),
            "versions": {name: metadata.version(name) for name in VERSIONED}}
