"""Everything that can be wrong with a request, found before anything is written, and reported at once."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from controllers.port import Controller
from models.network.source import source_of
from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.scenario.marked_yaml import LONGEST
from testbed.scenario.parts.execution import ADDRESS, LAST_PORT
from testbed.scenario.plain_text import path_mistake
from testbed.setup.controller_loading import ControllerError, Usual, given_words, load_controller
from testbed.setup.given_controllers import check_controller, check_parameters, label_of, unknown_names, words_of
from testbed.users.parameters import called, file_words, same
from testbed.wiring.run_spec import DAY_S, RunSpec

if TYPE_CHECKING:
    from testbed.results.reading import Result
    from testbed.scenario.record import Scenario

RESULTS = Path("results")
SECONDS_PER_HOUR = 3600
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
    checked = _scenario(scenario, overrides, seed, mistakes)
    controllers = _controllers((controller,), checked, mistakes)
    if output is None and checked is not None and controllers:
        output = default_folder(checked) / result_name(label_of(controllers[0]), checked.seed)
    _check_plan(plan, checked, mistakes)
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
    checked = _scenario(scenario, overrides, None, mistakes)
    controllers = _controllers(given, checked, mistakes)
    labels = [label_of(variant) for variant in controllers]
    mistakes += [f"--controllers: {label} is there {labels.count(label)} times, every name with its parameters must "
                 "differ" for label in same(labels)]
    if not 1 <= seeds <= MOST_SEEDS:
        mistakes.append(f"--seeds {seeds}: must be from 1 to {MOST_SEEDS:,}")
    if folder is None and checked is not None:
        folder = default_folder(checked)
    _check_plan(plan, checked, mistakes)
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
    checked = _scenario(name, overrides, None, mistakes)
    if mistakes or checked is None:
        raise WrongRequest(mistakes)
    return checked


# ------------------------------------------------------------------ single parts
def _scenario(name: str, overrides: Sequence[str], seed: int | None, mistakes: list[str]) -> Scenario | None:
    try:
        loaded = load_scenario(name, overrides, seed)
    except ScenarioError as error:
        mistakes += [str(mistake) for mistake in error.mistakes]
        return None
    known = len(mistakes)
    mistakes += _unit_mistakes(loaded) + _profile_mistakes(loaded) + _price_mistakes(loaded)
    mistakes += _session_mistakes(loaded)
    mistakes += _class_mistakes(loaded)
    mistakes += _network_mistakes(loaded)
    if loaded.faults and len(mistakes) == known:
        mistakes += _fault_mistakes(loaded)
    if loaded.simulators and len(mistakes) == known:
        mistakes += _simulator_mistakes(loaded)
    return loaded


def _unit_mistakes(scenario: Scenario) -> list[str]:
    """Why the units that the scenario names cannot serve."""
    from models.records.arrays import RecordError  # noqa: PLC0415
    from testbed.setup.knowledge import thermal_units  # noqa: PLC0415

    try:
        thermal_units(scenario)
    except RecordError as error:
        return [f"units of scenario {scenario.name}: {error}"]
    return []


def _profile_mistakes(scenario: Scenario) -> list[str]:
    """Why the series that the scenario names cannot serve: a file that is missing, has gaps or is too short."""
    from models.system.profiles import ProfileError  # noqa: PLC0415
    from testbed.setup.profiles import build_profiles  # noqa: PLC0415

    try:
        profiles = build_profiles(scenario)
    except ProfileError as error:
        return [f"profiles of scenario {scenario.name}: {error}"]
    if profiles.forecast is not None and scenario.profiles.forecast_error != "off":
        return [f"profiles.forecast_error={scenario.profiles.forecast_error}: must be off, as "
                f"{scenario.profiles.file} has columns of forecasts"]
    if scenario.profiles.source != "csv" or profiles.repeats:
        return []
    return _span_mistakes(f"profiles {scenario.profiles.file}", scenario, profiles.first_s, profiles.end_s, 0)


def _class_mistakes(scenario: Scenario) -> list[str]:
    """Why trips and cars of the user's own cannot serve."""
    from testbed.setup.classes import class_mistakes  # noqa: PLC0415

    return class_mistakes(scenario)


def _price_mistakes(scenario: Scenario) -> list[str]:
    """Why prices of one's own cannot serve."""
    from models.system.own_prices import PriceError  # noqa: PLC0415
    from models.system.tariff import is_table_of_prices  # noqa: PLC0415
    from testbed.setup.prices import own_prices  # noqa: PLC0415

    if not is_table_of_prices(scenario.tariff.table):
        return []
    try:
        prices = own_prices(scenario)
    except PriceError as error:
        return [f"prices of scenario {scenario.name}: {error}"]
    days_back = int(scenario.tariff.foresight == "day_before")
    return [] if prices.repeats else _span_mistakes(f"prices {scenario.tariff.table}", scenario, prices.first_s,
                                                    prices.end_s, days_back)


def _span_mistakes(what: str, scenario: Scenario, first_s: int, end_s: int, days_back: int) -> list[str]:
    """Whether dated rows from first_s to end_s hold all that a run asks for, days_back before it included."""
    begin = -(scenario.days_before + days_back) * DAY_S
    end = scenario.days * DAY_S + scenario.planning.horizon_h * SECONDS_PER_HOUR
    if first_s <= begin and end <= end_s:
        return []
    has, needs = (f"from {a / SECONDS_PER_HOUR:g} h to {b / SECONDS_PER_HOUR:g} h" for a, b in
                  ((first_s, end_s), (begin, end)))
    return [f"{what}: has rows {has} after 00:00 of {scenario.profiles.start_date}, needed are rows {needs}: days "
            "before counted ones, these and planning.horizon_h"]


def _session_mistakes(scenario: Scenario) -> list[str]:
    """Why recorded sessions that the scenario names cannot be replayed."""
    if all(district.sessions is None for district in scenario.districts):
        return []
    from testbed.setup.recordings import recording_mistakes  # noqa: PLC0415 - loads the fleet's models

    return recording_mistakes(scenario)


def _network_mistakes(scenario: Scenario) -> list[str]:
    """Why networks that come from elsewhere, or series at their buses, cannot serve: unknown, not radial, with gaps."""
    elsewhere = [d for d in scenario.districts
                 if d.feeder and (source_of(d.feeder).last_bus is None or d.series.is_given or d.series.curtailable)]
    if not elsewhere:
        return []
    from testbed.setup.districts import network_mistakes  # noqa: PLC0415 - networks take a second to load

    return [f"district {d.name}: {mistake}" for d in elsewhere for mistake in network_mistakes(d, scenario)]


def _fault_mistakes(scenario: Scenario) -> list[str]:
    """Why faults cannot be where they are said to be; asked only where networks and units can serve."""
    from testbed.simulators.injecting import fault_mistakes  # noqa: PLC0415 - networks take a second to load

    return fault_mistakes(scenario)


def _simulator_mistakes(scenario: Scenario) -> list[str]:
    """What simulators of others want to hear that is not recorded."""
    from testbed.peers.wires import WrongPeers, wires  # noqa: PLC0415

    spec, mistakes = RunSpec(scenario, "", scenario.seed, Path()), []
    for name in scenario.simulators:
        try:
            wires(spec, name)
        except WrongPeers as error:
            mistakes += error.mistakes
    return mistakes


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


def _check_plan(plan: Path | None, scenario: Scenario | None, mistakes: list[str]) -> None:
    if plan is None:
        return
    from testbed.results.reading import ResultError, open_result, stored_plans  # noqa: PLC0415
    from testbed.results.trial import trial_mistake  # noqa: PLC0415

    if wrong := path_mistake(str(plan)):
        mistakes.append(f"--plan {str(plan)[:LONGEST]}: {wrong}")
        return
    if plan.is_file() and (damage := trial_mistake(plan)):
        mistakes.append(f"--plan {plan}: {damage}")
        return
    try:
        result = open_result(plan)
        problems = [] if scenario is None else _plan_problems(result, scenario)
        if not problems:
            stored_plans(plan)
    except ResultError as error:
        mistakes.append(f"--plan {error}")
        return
    except (LookupError, TypeError, ValueError, AttributeError, OSError, yaml.YAMLError) as error:
        mistakes.append(f"--plan {plan}: its parts do not fit together, it was altered or is damaged "
                        f"({type(error).__name__}: {error})")
        return
    mistakes += [f"--plan {plan}: {problem}" for problem in problems]


def _plan_problems(result: Result, scenario: Scenario) -> list[str]:
    """Why this result's plans do not fit the scenario."""
    theirs = result.scenario
    problems = [
        f"its planning.{key} is {theirs['planning'][key]}, the scenario's {getattr(scenario.planning, key)}"
        for key in ("horizon_h", "binding_h") if theirs["planning"][key] != getattr(scenario.planning, key)
    ]
    if result.warmup_controlled_days != scenario.warmup_controlled_days:
        problems.append(f"its warmup_controlled_days is {result.warmup_controlled_days}, the scenario's "
                        f"{scenario.warmup_controlled_days}: counted time would begin from another state")
    names, their_names = [d.name for d in scenario.districts], [d["name"] for d in theirs["districts"]]
    if names != their_names:
        problems.append(f"its districts are {', '.join(their_names)}, the scenario's {', '.join(names)}")
    needed = scenario.days * 24 // scenario.planning.binding_h
    if result.plan_count < needed:
        problems.append(f"holds {result.plan_count} plans, the scenario needs {needed}")
    return problems


def listen_address(text: str) -> tuple[str, int]:
    """(host, port) of HOST:PORT; raises WrongRequest."""
    host, _, port = text.rpartition(":")
    if not re.fullmatch(ADDRESS, text) or int(port) > LAST_PORT:
        raise WrongRequest([f"--listen {text}: must be HOST:PORT, a port up to {LAST_PORT}, e.g. 127.0.0.1:5555"])
    return host, int(port)
