"""One run: build the world, run it, prove that every simulator finished every step, conclude the file."""

from __future__ import annotations

import asyncio
import gc
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mosaik.exceptions import SimulationError, SimulatorError
from mosaik_api_v3.connection import RemoteException

from controllers.port import Controller
from models.mobility.mobility import without_garbage_collection
from testbed.results.recording import result_header, result_layout
from testbed.results.run_profile import Ledger, Stopwatch, run_seconds
from testbed.results.writing import ResultWriter, add_reference, finish_result
from testbed.running.world import Wired, build_world, simulator_names
from testbed.scenario.record import Scenario
from testbed.setup.controller_loading import controller_spec
from testbed.setup.engine_check import engines_disagree
from testbed.setup.reference import REFERENCE_NAME, no_car_reference
from testbed.simulators.adapter import SimulatorFailure
from testbed.wiring.asked import asked_words
from testbed.wiring.failure import Failure
from testbed.wiring.run_spec import RunSpec

Progress = Callable[[int, int], None]
BROKEN = (OSError, EOFError, SimulationError, SimulatorError)
"""What mosaik throws when the process at the other end is gone."""
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
    """Run the scenario under the controller and write `output`; returns its path.

    Raises RunFailed, with the partial file marked `failed`, when a simulator throws, dies or falls silent.
    """
    spec = RunSpec(scenario, controller_spec(controller), seed, output.resolve(), plan.resolve() if plan else None)
    started, clock = datetime.now(UTC), time.perf_counter()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)  # an older result must not be taken for this run's
    wrong = _wrong_engine(spec)
    check_s = time.perf_counter() - clock
    with tempfile.TemporaryDirectory() as folder:
        end = WorldEnd(wrong, 0.0, 0.0) if wrong else _beside_a_running_loop(
            lambda: _run_world(spec, Path(folder), progress))
        ledgers = read_ledgers(Path(folder))
    gc.collect()  # the world is gone; the next run of this process must not find its cycles
    failure, ended = end.failure or missing_steps(spec, ledgers), time.perf_counter()
    if failure is None:
        _add_reference(spec)
    seconds = run_seconds(ledgers, Stopwatch(end.world_s, end.run_s, check_s + time.perf_counter() - ended))
    info = {"started": started.isoformat(), "wall_s": time.perf_counter() - clock, "asked": asked_words(spec),
            **_machine(), **seconds}
    _conclude(spec, failure, info)
    if failure is not None:
        raise RunFailed(failure, output)
    return output


def _beside_a_running_loop(action: Callable[[], WorldEnd]) -> WorldEnd:
    """mosaik runs an event loop of its own; where one runs already (in a notebook) that needs another thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return action()
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(action).result()


def _run_world(spec: RunSpec, folder: Path, progress: Progress | None) -> WorldEnd:
    """Run to the end; with the failure of an in-process simulator, if one threw."""
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
    except Exception as error:  # mosaik's own words for a simulator that died; the ledgers know more
        if not (spec.is_separate or spec.remote):
            raise
        failure = missing_steps(spec, read_ledgers(folder), f"{type(error).__name__}: {error}")
        if spec.remote and not isinstance(error, RemoteException):  # a server died, its ledgers with it
            if not isinstance(error, BROKEN):
                raise
            failure = _lost(spec, folder, error)
    return WorldEnd(failure, connected - begun, time.perf_counter() - connected)


@contextmanager
def _ledgers_fetched(wired: Wired, folder: Path) -> Iterator[None]:
    """At the end, well or badly, the ledgers of districts served elsewhere lie beside the others.

    Not where a connection broke: asking into it would never end.
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


def _lost(spec: RunSpec, folder: Path, error: Exception) -> Failure:
    """A connection broke: after the last step that was recorded, in a simulator that mosaik may name."""
    ledgers = read_ledgers(folder)
    recorded = ledgers["recorder"].steps if "recorder" in ledgers else 0
    name = getattr(error, "simulator", f"serve-district at {' or '.join(dict.fromkeys(spec.remote.values()))}")
    return Failure.of(error, name, spec.start_s + recorded * spec.step_s)


def _wrong_engine(spec: RunSpec) -> Failure | None:
    problem = engines_disagree(spec)
    return Failure("feeder", spec.start_s, problem) if problem else None


def _conclude(spec: RunSpec, failure: Failure | None, info: Mapping[str, Any]) -> None:
    if not spec.output.exists():
        ResultWriter(spec.output, result_header(spec), result_layout(spec)).release()
    finish_result(spec.output, "failed" if failure else "completed", failure, info)


def _add_reference(spec: RunSpec) -> None:
    """The commitment without cars into the file."""
    reference = no_car_reference(spec.scenario, spec.seed)
    add_reference(spec.output, REFERENCE_NAME, reference.committed, reference.operating_cost_usd)


def _machine() -> dict[str, Any]:
    return {"host": platform.node(), "python": platform.python_version(),
            "versions": {name: metadata.version(name) for name in VERSIONED}}
