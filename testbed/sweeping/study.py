"""What a study is: a scenario, controllers, seeds and points or a grid of overrides, from YAML to a list of cases."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from controllers.port import Controller
from models.registry import did_you_mean
from testbed.metrics.registry import METRICS
from testbed.results.layout import SCHEMA_VERSION
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario.files import at_home, files_digest, named_files
from testbed.scenario.marked_yaml import LONGEST, Mistake, Tree, read_yaml
from testbed.scenario.parts.base import Between, Part, PathText, Seed
from testbed.scenario.plain_text import is_file, path_mistake
from testbed.scenario.plain_yaml import plain
from testbed.scenario.record import Scenario, scenario_hash
from testbed.setup.controller_loading import (
    PACKAGE,
    ControllerError,
    Usual,
    controller_spec,
    given_words,
    load_controller,
    variants,
)
from testbed.setup.given_controllers import (
    check_controller,
    check_parameters,
    label_of,
    sent,
    unknown_names,
    words_of,
)
from testbed.users.carrying import code_of
from testbed.users.parameters import called, in_words, same

STUDIES = Path(__file__).resolve().parents[2] / "experiments" / "studies"
MOST_SEEDS = 100_000
NONE_HELD: Mapping[str, Controller] = MappingProxyType({})
Kept = Literal["everything", "figures"]
MOST_CASES = 100_000
"""Of a study: points x grid x seeds x controllers."""


class Study(Part):
    """A study file. Every combination of points, grid values, seeds and controllers is one case."""

    name: Annotated[str, Field(max_length=100, pattern=r"^\w[\w.-]*$")]
    """The file's name unless given."""
    description: Annotated[str, Field(max_length=10_000)] = ""
    """One or two sentences for readers of the file."""
    scenario: PathText
    """Name of a scenario, or its file: a path from the study file."""
    controllers: Annotated[tuple[PathText, ...], Field(min_length=1, max_length=100)]
    """Names, or path.py:Class with a path from the study file."""
    seeds: Annotated[int, Between(1, MOST_SEEDS)] | Annotated[tuple[Seed, ...], Field(min_length=1,
                                                                                 max_length=MOST_SEEDS)] = 1
    """A number of seeds, counted from the scenario's own, or a list of them."""
    set: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Keys of the scenario that are replaced in all cases, as `key.sub: value`."""
    grid: Annotated[dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]], Field(default_factory=dict)]
    """Keys of the scenario and the values that each takes."""
    points: tuple[dict[str, Any], ...] = ()
    """Chosen points, each a block of scenario keys and values, all with the same keys; a grid is laid over each."""
    record: Kept = "everything"
    """What stays of each case: its whole result, or figures and the power system by the hour (50 kB at most)."""
    metrics: tuple[str, ...] = ()
    """Figures of the result table; empty: all."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Keys that differ between cases: those of the points, then those of the grid."""
        return (*(self.points[0] if self.points else ()), *self.grid)

    @property
    def seed_count(self) -> int:
        return self.seeds if isinstance(self.seeds, int) else len(self.seeds)

    @property
    def point_count(self) -> int:
        return max(len(self.points), 1) * math.prod(map(len, self.grid.values()))

    @property
    def cases_per_point(self) -> int:
        return self.seed_count * len(self.controllers)

    @property
    def size(self) -> int:
        """How many cases it has."""
        return self.point_count * self.cases_per_point

    def size_mistakes(self) -> list[str]:
        """Why there are too many cases, if there are."""
        seeds, places, count = self.seed_count, self.point_count, self.size
        return [] if count <= MOST_CASES else [f"has {count:,} cases ({places:,} points, {seeds:,} seeds, "
                                               f"{len(self.controllers)} controllers), at most {MOST_CASES:,} are run"]

    def point_mistakes(self) -> list[str]:
        """What no table could hold: points with other keys than the first, keys that the grid has too."""
        if not self.points:
            return []
        keys = set(self.points[0])
        mistakes = [] if keys else ["points.0: names no key"]
        mistakes += [f"points: {key} is a key of grid too" for key in self.points[0] if key in self.grid]
        return mistakes + [f"points.{place}: must have the keys of points.0, {', '.join(self.points[0])}; has "
                           f"{', '.join(point) or 'none'}"
                           for place, point in enumerate(self.points) if set(point) != keys]


@dataclass(frozen=True)
class Case:
    """One run of a study, in words that any process understands."""

    key: str
    """16 hex digits of all that can change its result: scenario with the files it names, controller, seed."""
    spec: str
    controller: str
    seed: int
    point: tuple[str, ...]
    """Its values on the study's axes, as JSON."""
    scenario_json: str
    """Its `seed` is that of the study's scenario."""
    hours: int
    """Simulated hours, warm-up included."""
    place: int = 0
    """In the study's order, from 1."""
    keeps: Kept = "everything"
    held: bytes | None = None
    """The controller itself, as `testbed.users.carrying` sends it; None: one is made of `spec`."""


def study_names() -> list[str]:
    """Names of the studies that come with the testbed."""
    return sorted(file.stem for file in STUDIES.glob("*.yaml"))


def load_study(name_or_path: str) -> tuple[Study, Path]:
    """The study of that name (experiments/studies/NAME.yaml) or file, and its file.

    Raises WrongRequest with every mistake.
    """
    is_path = "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))
    file = Path(name_or_path) if is_path else STUDIES / f"{name_or_path}.yaml"
    if wrong := path_mistake(str(file)):
        raise WrongRequest([f"{str(file)[:LONGEST]}: {wrong}"])
    if not is_file(file):
        known = ", ".join(study_names()) or "none"
        hint = did_you_mean(file.stem, study_names())
        raise WrongRequest([f"{file}: no such study{hint}; known: {known}, or a YAML file"])
    mistakes: list[Mistake] = []
    tree = read_yaml(file, mistakes)
    tree.data.setdefault("name", file.stem)
    if mistakes:
        raise WrongRequest([str(mistake) for mistake in mistakes])
    try:
        return Study.model_validate_json(json.dumps(tree.data), strict=True), file
    except ValidationError as error:
        texts = [*_mistakes(error, tree), *_mistakes_beside(error, tree, file)]
        raise WrongRequest(list(dict.fromkeys(texts))) from error


def study_of(data: Mapping[str, Any]) -> tuple[Study, dict[str, Controller]]:
    """The study that these keys of a study file describe; controllers in it that are objects, by their words.

    Raises WrongRequest with every mistake.
    """
    held: dict[str, Controller] = {}
    keys = {"name": "study", **data}
    if isinstance(given := keys.get("controllers"), list | tuple):
        keys["controllers"] = [text if isinstance(text, str) else _held_as(text, held) for text in given]
    try:
        keys = json.loads(json.dumps(keys, default=_plain))
    except (TypeError, ValueError) as error:  # keys that are no texts, or itself within
        raise WrongRequest([f"study: must be plain data: {error}"]) from error
    tree = Tree(keys, {(): "study"})
    try:
        return Study.model_validate_json(json.dumps(keys), strict=True), held
    except ValidationError as error:
        raise WrongRequest(list(dict.fromkeys(_mistakes(error, tree)))) from error


def _plain(value: Any) -> Any:
    """What is no plain value in Python's words, in which its key then refuses it."""
    try:
        return plain(value)
    except TypeError:
        return repr(value)


def _held_as(controller: Controller, held: dict[str, Controller]) -> str:
    """Its words, under which it is kept."""
    try:
        check_controller(controller)
    except ControllerError as error:
        raise WrongRequest([f"controllers: {error}"]) from error
    words = words_of(controller)
    held[words] = controller
    return words


def _mistakes_beside(error: ValidationError, tree: Tree, file: Path) -> list[str]:
    """Of the keys that could be read, where they say at least what is to be run."""
    wrong = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
    if wrong & {"scenario", "controllers"}:
        return []
    readable = {"name": "study"} | {key: value for key, value in tree.data.items() if key not in wrong}
    try:
        cases_of(Study.model_validate_json(json.dumps(readable), strict=True), file.parent)
    except WrongRequest as others:
        return list(others.mistakes)
    except ValidationError:  # what is wrong was said already
        pass
    return []


def _mistakes(error: ValidationError, tree: Tree) -> Iterator[str]:
    for detail in error.errors():
        if detail["loc"][:1] == ("seeds",):  # either form refuses in its own words
            yield str(Mistake(tree.source(("seeds",)), "seeds", tree.data["seeds"],
                              f"must be how many (1 to {MOST_SEEDS:,}), or a list of them (each 0 to 2^63 - 1)"))
            continue
        path = tuple(part for part in detail["loc"] if not (isinstance(part, str) and "[" in part))
        rule = detail["msg"].replace("Input should be", "must be", 1)
        if detail["type"] == "extra_forbidden":
            rule = f"is not a known key; known: {', '.join(Study.model_fields)}"
        if path == ("name",) and detail["type"] == "string_pattern_mismatch":
            rule = "must be letters, digits, _ . -, the first no . or -; it is the file's name unless given"
        value = "" if detail["type"] == "missing" else detail["input"]
        yield str(Mistake(tree.source(path), ".".join(map(str, path)), value, rule))


# ---------------------------------------------------------------- cases
@dataclass(frozen=True)
class Chosen:
    """A controller of a study."""

    spec: str
    label: str
    identity: str
    """All that tells it from others, its code included."""
    held: bytes | None = None


def cases_of(study: Study, folder: Path, held: Mapping[str, Controller] = NONE_HELD,
             places: Sequence[int] = ()) -> tuple[Case, ...]:
    """Every case of the study, whose file lies in `folder`; all controllers of a seed first, seeds within a point.

    held: controllers of the study that are objects, by the words in their place.
    places: of the cases that are meant, if not all; points without any of them are not looked at.

    Raises WrongRequest with every mistake: unknown controllers, figures or keys, values that are not allowed.
    """
    mistakes = [f"metrics: {name} is not known{did_you_mean(name, list(METRICS))}; see `testbed list metrics`"
                for name in study.metrics if name not in METRICS]
    mistakes += [*study.point_mistakes(), *study.size_mistakes()]
    if study.size_mistakes():
        raise WrongRequest(mistakes)
    points = list(_points(study, folder, mistakes, _numbers(study, places)))
    cases: dict[str, Case] = {}
    made: dict[str, list[Chosen]] = {}
    for number, point, scenario in points:
        if study.record == "figures" and scenario.record.vehicles:
            mistakes.append("record = figures: keeps no traces of vehicles, record.vehicles must be false")
        place = number * study.cases_per_point
        text = at_home(scenario).model_dump_json()  # kept once per point
        usual = json.dumps(scenario.controllers, sort_keys=True)
        if usual not in made:
            made[usual] = _controllers(study, folder, held, scenario.controllers, mistakes)
        files = files_digest(named_files(scenario))
        for seed in _seeds(study, scenario):
            content = [scenario_hash(scenario.model_copy(update={"seed": seed})), *filter(None, [files])]
            for chosen in made[usual]:
                key = _key([*content, scenario.record.model_dump(mode="json"), chosen.identity, SCHEMA_VERSION])
                hours = scenario.hours_simulated
                place += 1
                case = Case(key, chosen.spec, chosen.label, seed, point, text, hours, place, study.record, chosen.held)
                if case.key in cases:
                    words = ", ".join(point) or "the study"
                    mistakes.append(f"{_kind(study)}: {words} with seed {seed} is there twice")
                cases[case.key] = case
    if not made:  # no point could be read; its controllers can be
        _controllers(study, folder, held, {}, mistakes)
    if mistakes:
        raise WrongRequest(list(dict.fromkeys(mistakes)))
    return tuple(cases.values())


def _controllers(study: Study, folder: Path, held: Mapping[str, Controller], usual: Usual,
                 mistakes: list[str]) -> list[Chosen]:
    """Those of the study, with the parameters that the scenario of a point gives them."""
    made: list[tuple[str, Controller]] = []
    for text in study.controllers:
        is_own = ".py:" in text or text.endswith(".py")
        try:
            made.append((text, held.get(text) or load_controller(str(folder / text) if is_own else text, usual)))
            check_parameters(made[-1][1], usual if text in held else {})
        except ControllerError as error:
            mistakes.append(f"controllers: {error}")
    if len(made) == len(study.controllers):
        mistakes += unknown_names(usual, [controller for _, controller in made])
    labels = [label_of(controller) for _, controller in made]
    mistakes += [f"controllers: {label} is there {labels.count(label)} times, every name with its parameters must "
                 "differ" for label in same(labels)]
    return [_of_object(text, it) if text in held else _of_text(text, usual, it) for text, it in made]


def _of_text(text: str, usual: Usual, controller: Controller) -> Chosen:
    spec = controller_spec(controller) + given_words(text, usual, controller)
    return Chosen(spec, label_of(controller), _identity(spec))


def _of_object(words: str, controller: Controller) -> Chosen:
    content = sent(controller)
    return Chosen(words, label_of(controller), f"{words} {code_of(controller)}", content)


def _numbers(study: Study, places: Sequence[int]) -> frozenset[int]:
    """Numbers of the points that have these cases; empty: all are meant."""
    return frozenset((place - 1) // study.cases_per_point for place in places)


def _points(study: Study, folder: Path, mistakes: list[str],
            numbers: frozenset[int]) -> Iterator[tuple[int, tuple[str, ...], Scenario]]:
    """Every point of the study with its number, as JSON texts, with its checked scenario; the last axis moves fastest.

    numbers: of those that are meant; empty: all.
    """
    beside = folder / f"{study.scenario}.yaml"
    is_path = "/" in study.scenario or study.scenario.endswith((".yaml", ".yml"))
    name = str(folder / study.scenario) if is_path else str(beside) if beside.is_file() else study.scenario
    common = overrides_text(study.set.keys(), [json.dumps(value) for value in study.set.values()])
    for number, point in enumerate(_values(study)):
        if numbers and number not in numbers:
            continue
        try:
            yield number, point, checked_scenario(name, [*common, *overrides_text(study.axes, point)])
        except WrongRequest as wrong:
            mistakes += wrong.mistakes


def _values(study: Study) -> Iterator[tuple[str, ...]]:
    """Values on the axes, as JSON texts; points with other keys than the first are left out."""
    axes = [[json.dumps(value) for value in values] for values in study.grid.values()]
    keys = study.axes[:len(study.axes) - len(axes)]
    chosen = [tuple(json.dumps(point[key]) for key in keys) for point in study.points if set(point) == set(keys)]
    for first, rest in itertools.product(chosen or [()], list(itertools.product(*axes))):
        yield first + rest


def _kind(study: Study) -> str:
    return "points" if study.points else "grid"


def overrides_text(keys: Any, values: Sequence[str]) -> list[str]:
    """`key=value` for each, as `--set` takes it."""
    return [f"{key}={value}" for key, value in zip(keys, values, strict=True)]


def _seeds(study: Study, scenario: Scenario) -> Sequence[int]:
    if isinstance(study.seeds, int):
        return range(scenario.seed, scenario.seed + study.seeds)
    return study.seeds


def _key(content: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _identity(spec: str) -> str:
    """What a controller is: its name, or class and content of a file of the user's own; and its parameters."""
    base, given = called(spec)
    file, colon, class_name = base.rpartition(":")
    if not colon and not (variant := variants()[base]).module.startswith(PACKAGE):  # an installed package's
        file, colon, class_name = str(variant.file), ":", variant.class_name
    who = f"{hashlib.sha256(Path(file).read_bytes()).hexdigest()}:{class_name}" if colon else base
    return who + in_words(given, repr)
