"""Everything that can be wrong with a request, found before anything is written, and reported at once."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.port import Controller
from testbed.running.scenario_mistakes import scenario_or_mistakes
from testbed.running.stored_plan import plan_mistakes
from testbed.scenario.marked_yaml import LONGEST
from testbed.scenario.parts.execution import ADDRESS, LAST_PORT
from testbed.scenario.plain_text import path_mistake
from testbed.setup.controller_loading import ControllerError, Usual, given_words, load_controller
from testbed.setup.given_controllers import check_controller, check_parameters, label_of, unknown_names, words_of
from testbed.users.parameters import called, file_words, same
from testbed.wiring.run_spec import RunSpec

if TYPE_CHECKING:
    from testbed.scenario.record import Scenario

RESULTS = Path("results")
MOST_SEEDS = 100_000
LAST_SEED = 2**63 - 1
"""Of a run."""
UNSAFE = re.compile(r"[^\w.-]+")


class WrongRequest(ValueError):
    """A request that cannot be carried out; `mistakes` holds one line each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


@dataclass(frozen=True)
class Request:
    """A checked request: what to run, and where its results may be written."""

    scenario: Scenario
    given: tuple[str | Controller, ...]
    """As the user gave them: what `load_controller` makes again for each run, or the very object that is to run."""
    controllers: tuple[Controller, ...]
    seeds: tuple[int, ...]
    output: Path
    """A file for one run, a folder for several."""
    plan: Path | None = None


def run_request(scenario: str, controller: str | Controller, seed: int | None = None, overrides: Sequence[str] = (),
                plan: Path | None = None, output: Path | None = None, force: bool = False) -> Request:
    """The checked request for one run into one file; WrongRequest lists every mistake.

    force: write over the result of another request.
    """
    mistakes: list[str] = []
    checked = scenario_or_mistakes(scenario, overrides, seed, mistakes)
    controllers = _controllers((controller,), checked, mistakes)
    if output is None and checked is not None and controllers:
        output = default_folder(checked) / result_name(label_of(controllers[0]), checked.seed)
    mistakes += plan_mistakes(plan, checked) if plan is not None else []
    if output is not None:
        mistakes += file_mistakes(output, "-o", ".h5")
        if plan is not None and output.resolve() == plan.resolve():
            mistakes.append(f"-o {output}: is the file of --plan, which would be overwritten")
        if checked is not None and controllers and not force and not mistakes:
            mistakes += _older_mistakes(checked, controllers[0], checked.seed, plan, output)
    if mistakes or checked is None or output is None:
        raise WrongRequest(mistakes)
    return Request(checked, _wanted((controller,), checked, controllers), controllers, (checked.seed,), output, plan)


def compare_request(scenario: str, given: Sequence[str | Controller], seeds: int = 1, overrides: Sequence[str] = (),
                    plan: Path | None = None, folder: Path | None = None, force: bool = False) -> Request:
    """The checked request for all controllers on the same seeds (scenario seed, seed + 1, ...).

    force: write over results of other requests.
    """
    mistakes: list[str] = []
    checked = scenario_or_mistakes(scenario, overrides, None, mistakes)
    controllers = _controllers(given, checked, mistakes)
    labels = [label_of(variant) for variant in controllers]
    mistakes += [f"--controllers: {label} is there {labels.count(label)} times, every name with its parameters must "
                 "differ" for label in same(labels)]
    if not 1 <= seeds <= MOST_SEEDS:
        mistakes.append(f"--seeds {seeds}: must be from 1 to {MOST_SEEDS:,}")
    if folder is None and checked is not None:
        folder = default_folder(checked)
    mistakes += plan_mistakes(plan, checked) if plan is not None else []
    if folder is not None:
        mistakes += folder_mistakes(folder, f"-o {folder}")
    if mistakes or checked is None or folder is None:
        raise WrongRequest(mistakes)
    request = Request(checked, _wanted(given, checked, controllers), controllers, seeds_from(checked.seed, seeds),
                      folder, plan)
    _check_files(request, force)
    return request


def _check_files(request: Request, force: bool) -> None:
    """WrongRequest where a comparison would write over its plan, or over results of other requests."""
    files = [(variant, seed, request.output / result_name(label_of(variant), seed))
             for variant in request.controllers for seed in request.seeds]
    if request.plan is not None and request.plan.resolve() in {file.resolve() for _, _, file in files}:
        raise WrongRequest([f"--plan {request.plan}: would be overwritten by a result of this comparison; "
                            "choose another folder with -o"])
    if not force and (older := [mistake for variant, seed, file in files
                                for mistake in _older_mistakes(request.scenario, variant, seed, request.plan, file)]):
        raise WrongRequest(older)


def seeds_from(first: int, count: int) -> tuple[int, ...]:
    """Consecutive seeds; WrongRequest where they pass the last that is allowed."""
    if first + count - 1 > LAST_SEED:
        raise WrongRequest([f"seeds from {first} to {first + count - 1}: must be from 0 to {LAST_SEED}"])
    return tuple(range(first, first + count))


def default_folder(scenario: Scenario) -> Path:
    """results/SCENARIO, where results go unless the user says otherwise."""
    return RESULTS / (UNSAFE.sub("_", scenario.name).lstrip(".") or "_")


def result_name(label: str, seed: int) -> str:
    """File name of one run's result; `label` is the controller's name with its parameters."""
    return f"{file_words(label)}-seed{seed}.h5"


def checked_scenario(name: str, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario; WrongRequest lists every mistake."""
    mistakes: list[str] = []
    checked = scenario_or_mistakes(name, overrides, None, mistakes)
    if mistakes or checked is None:
        raise WrongRequest(mistakes)
    return checked


# ------------------------------------------------------------------ single parts
def _truth_mistakes(scenario: Scenario, made: Sequence[Controller]) -> list[str]:
    """What comes to be is known beforehand to nobody where another simulator tells it."""
    untold = [name for name, simulator in scenario.simulators.items() if simulator.place == "profiles"]
    return [f"controller {label_of(controller)}: is told the truth beforehand, which simulators.{untold[0]} does not "
            "tell; allowed is any other controller" for controller in made if untold and controller.knows_truth]


def _wanted(given: Sequence[str | Controller], scenario: Scenario,
            made: Sequence[Controller]) -> tuple[str | Controller, ...]:
    """What was given, as text with the parameters that the scenario adds."""
    return tuple(called(said)[0] + given_words(said, scenario.controllers, it) if isinstance(said, str) else said
                 for said, it in zip(given, made, strict=True))


def _controllers(given: Sequence[str | Controller], scenario: Scenario | None,
                 mistakes: list[str]) -> tuple[Controller, ...]:
    if not given:
        mistakes.append("--controllers: must name one controller or more")
    made: list[Controller] = []
    usual = scenario.controllers if scenario else {}
    for said in given:
        try:
            made.append(load_controller(said, usual) if isinstance(said, str) else _checked(said, usual))
        except ControllerError as error:
            mistakes.append(str(error))
    if len(made) == len(given):
        mistakes += unknown_names(usual, made)
    mistakes += _truth_mistakes(scenario, made) if scenario else []
    return tuple(made)


def _checked(controller: Controller, usual: Usual) -> Controller:
    check_controller(controller)
    check_parameters(controller, usual)
    return controller


def file_mistakes(file: Path, option: str, suffix: str) -> list[str]:
    """Why this file could not be written; empty if it could. Creates nothing."""
    if wrong := path_mistake(str(file)):
        return [f"{option} {str(file)[:LONGEST]}: {wrong}"]
    mistakes = [] if file.suffix == suffix else [f"{option} {file}: must end in {suffix}"]
    if file.is_dir():
        return [*mistakes, f"{option} {file}: is a folder, must be a file"]
    if file.exists() and not (file.is_file() and os.access(file, os.W_OK)):
        return [*mistakes, f"{option} {file}: exists and cannot be written"]
    return mistakes + folder_mistakes(file.parent, f"{option} {file}")


def folder_mistakes(folder: Path, named: str) -> list[str]:
    """Why nothing could be written into this folder, made if need be; empty if it could. Creates nothing.

    `named` is what the user gave, for the message.
    """
    if wrong := path_mistake(str(folder)):
        return [f"{named[:LONGEST]}: {wrong}"]
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        return [f"{named}: {nearest} is a file, must be a folder"]
    if not _takes_files(nearest):
        return [f"{named}: {nearest} cannot be written into"]
    return []


def _takes_files(folder: Path) -> bool:
    """Tried with a file that has gone again at once: rights alone do not tell of read-only and virtual file systems."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _older_mistakes(scenario: Scenario, controller: Controller, seed: int, plan: Path | None, file: Path) -> list[str]:
    """Why what stands where this run is to write must stay."""
    from testbed.running.older_results import overwriting_mistake  # noqa: PLC0415 - loads the reading of results

    spec = RunSpec(scenario, words_of(controller), seed, file, plan.resolve() if plan else None)
    mistake = overwriting_mistake(spec, label_of(controller), f"-o {file}")
    return [mistake] if mistake else []


def listen_address(text: str) -> tuple[str, int]:
    """(host, port) of HOST:PORT; raises WrongRequest."""
    host, _, port = text.rpartition(":")
    if not re.fullmatch(ADDRESS, text) or int(port) > LAST_PORT:
        raise WrongRequest([f"--listen {text}: must be HOST:PORT, a port up to {LAST_PORT}, e.g. 127.0.0.1:5555"])
    return host, int(port)
