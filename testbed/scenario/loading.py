"""From a YAML file (with `extends`) and `--set key=value` to a checked `Scenario`.

Nothing stops at the first mistake: `ScenarioError` lists all of them, each with its file and line, key, value
and what is allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.registry import did_you_mean
from testbed.scenario.bounded_yaml import DEEPEST
from testbed.scenario.marked_yaml import LONGEST, Mistake, Path_, Tree, read_value, read_yaml
from testbed.scenario.plain_text import is_file, path_mistake
from testbed.scenario.record import Scenario
from testbed.scenario.version import version_mistake

SCENARIOS = Path(__file__).resolve().parents[2] / "experiments" / "scenarios"
OVERRIDE = "--set"
MOST_BASES = 20
"""Files that extend one another."""
ENTRY = re.compile(r"[0-9]{1,9}")
"""Number of an entry of a list, in a key."""
ABSENT = frozenset({"missing", "extra_forbidden"})
"""Kinds of mistakes whose key need not be in the tree."""
WORDS = (("^Input should be", "must be"), ("a valid array", "a list in brackets"),
         (r"^\w+ should have at (most|least) (\d+) items?( after validation)?, not (\d+)",
          r"must have at \1 \2 entries, has \4"),
         (r"^String should have", "must have"), (r"^String should match pattern", "must be of the form"))
"""pydantic's phrases, and ours."""
STEADY_DAYS = {"home": 7, "uk": 7}
"""Days by `drivers.profile` until a fleet under control is steady, where that takes more than one: these drivers plug
in every two or three days."""


class ScenarioError(ValueError):
    """A scenario that cannot be run; `mistakes` holds one line each."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def scenario_names() -> list[str]:
    """Names of the scenarios that come with the testbed."""
    return sorted(file.stem for file in SCENARIOS.glob("*.yaml"))


def load_scenario(
    name_or_path: str | Path, overrides: Sequence[str] = (), seed: int | None = None
) -> Scenario:
    """The scenario of that name (experiments/scenarios/NAME.yaml) or file, checked.

    overrides: `key.sub.0=value` with YAML values, applied in order (a `drivers.profile` first).
    seed: takes the place of the scenario's seed.
    Raises ScenarioError with every mistake found.
    """
    mistakes: list[Mistake] = []
    tree = _read_with_bases(_find(str(name_or_path), None), mistakes)
    if any(mistake.key in {"", "extends", "version"} for mistake in mistakes):
        raise ScenarioError(mistakes)  # half a scenario: further findings would mislead
    # A driver profile starts its block anew, so it must come before keys that are set beside it.
    for text in sorted(overrides, key=lambda text: not text.startswith("drivers.profile=")):
        _override(tree, text, mistakes)
    if seed is not None:
        tree.set(("seed",), seed, "--seed")
    _fill_days(tree)
    scenario = _validate(tree, mistakes)
    if scenario is None or mistakes:
        raise ScenarioError(mistakes)
    return scenario


# ------------------------------------------------------------------- files
def _find(name_or_path: str, beside: Path | None) -> Path:
    """The file of a scenario: a path, or a name looked up beside the naming file, then in SCENARIOS."""
    folders = [folder for folder in (beside, SCENARIOS) if folder is not None]
    is_path = "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))
    if is_path:
        return (beside or Path()) / name_or_path
    candidates = [folder / f"{name_or_path}.yaml" for folder in folders]
    return next((file for file in candidates if is_file(file)), candidates[-1])


def _read_with_bases(file: Path, mistakes: list[Mistake], chain: tuple[Path, ...] = ()) -> Tree:
    """The file's tree laid over the trees of the files it extends."""
    if wrong := _unreadable(file, chain):
        mistakes.append(wrong)
        return Tree()
    tree = read_yaml(file, mistakes)
    base_name, version = tree.data.pop("extends", None), tree.data.pop("version", None)
    if version is not None and (wrong_version := version_mistake(version)):
        mistakes.append(Mistake(tree.source(("version",)), "version", version, wrong_version))
    tree.data.setdefault("name", file.stem)
    if base_name is None:
        return tree
    if not isinstance(base_name, str):
        place = tree.source(("extends",))
        mistakes.append(Mistake(place, "extends", base_name, "must be a scenario's name or path"))
        return tree
    base = _read_with_bases(_find(base_name, file.parent), mistakes, (*chain, file.resolve()))
    base.data.pop("description", None)
    base.lay_over(tree)
    return base


def _unreadable(file: Path, chain: tuple[Path, ...]) -> Mistake | None:
    """Why the file, which those of the chain extend, is not read; None if it is."""
    if wrong := path_mistake(str(file)):
        return Mistake(str(file)[:LONGEST], "", "", wrong)
    if not is_file(file):
        known = scenario_names()
        rule = f"no such scenario{did_you_mean(file.stem, known)}; known: {', '.join(known)}"
        return Mistake(str(file), "", "", rule)
    if file.resolve() in chain:
        names = " -> ".join(base.name for base in (*chain, file))
        return Mistake(str(file), "extends", names, "must not come back to itself")
    if len(chain) >= MOST_BASES:
        return Mistake(str(file), "extends", "", f"must not be the base of more than {MOST_BASES} files in a row")
    return None


# --------------------------------------------------------------- overrides
def _override(tree: Tree, text: str, mistakes: list[Mistake]) -> None:
    key, equals, value_text = text.partition("=")
    parts: Path_ = tuple(int(part) if ENTRY.fullmatch(part) else part for part in key.strip().split("."))
    if not equals or "" in parts or len(parts) > DEEPEST:
        mistakes.append(Mistake(f"{OVERRIDE} {text[:LONGEST]}", "", "",
                                f"must read key.sub=value, with at most {DEEPEST} parts in the key"))
        return
    known_mistakes = len(mistakes)
    value = read_value(value_text, f"{OVERRIDE} {key}", mistakes)
    if len(mistakes) > known_mistakes:
        return
    try:
        tree.set(parts, value, OVERRIDE)
    except LookupError as error:
        mistakes.append(Mistake(OVERRIDE, key, value_text, str(error.args[0])))


def _fill_days(tree: Tree) -> None:
    """Days of warm-up and counted days that the drivers need, where neither file nor override gives them."""
    drivers = tree.data.get("drivers")
    profile = drivers.get("profile") if isinstance(drivers, dict) else None
    if isinstance(profile, str) and profile in STEADY_DAYS:
        for key in ("warmup_controlled_days", "days"):
            tree.data.setdefault(key, STEADY_DAYS[profile])


# -------------------------------------------------------------- validation
def _validate(tree: Tree, mistakes: list[Mistake]) -> Scenario | None:
    """The scenario, or None after adding to `mistakes`.

    pydantic skips rules between keys while any single key is wrong. Dropping the wrong keys and asking again
    brings those rules to light; what names a dropped key is then left out.
    """
    dropped: list[Path_] = []
    known = {mistake.key for mistake in mistakes if mistake.key}
    while True:
        try:
            return Scenario.model_validate_json(json.dumps(tree.data, default=str), strict=True)
        except ValidationError as error:
            explained = _together([fault for detail in error.errors() for fault in _explain(detail, tree)])
            inner = [fault.path for fault in explained if fault.can_be_dropped]
            # A list with a wrong entry is also reported as too short: only the entry is news.
            fresh = [fault for fault in explained if not _concerns(fault, dropped) and not _encloses(fault.path, inner)]
            mistakes.extend(fault.mistake for fault in fresh if fault.mistake.key not in known)
            known |= {fault.mistake.key for fault in fresh}
            wrong = [fault.path for fault in fresh if fault.can_be_dropped]
        if not wrong:
            return None
        dropped.extend(wrong)
        for path in sorted(wrong, key=lambda path: [str(part) for part in path], reverse=True):
            tree.drop(path)


class _Found(NamedTuple):
    path: Path_
    mistake: Mistake
    can_be_dropped: bool


def _concerns(fault: _Found, dropped: list[Path_]) -> bool:
    """Whether it is about a dropped key: at, in or around it, or names it in its rule."""
    path, rule = fault.path, fault.mistake.rule
    return any(
        path[: len(gone)] == gone or gone[: len(path)] == path or str(gone[-1]) in rule.split("; known")[0]
        for gone in dropped
    )


def _together(faults: list[_Found]) -> list[_Found]:
    """One of each value that is none of several kinds: what it might be, side by side."""
    rules = dict[Path_, list[str]]()
    for fault in faults:
        if fault.can_be_dropped and fault.mistake.rule not in rules.setdefault(fault.path, []):
            rules[fault.path].append(fault.mistake.rule)
    told = [fault for place, fault in enumerate(faults) if not fault.can_be_dropped
            or fault.path not in [other.path for other in faults[:place] if other.can_be_dropped]]
    return [fault._replace(mistake=replace(fault.mistake, rule=_either(rules[fault.path])))
            if fault.can_be_dropped else fault for fault in told]


def _either(rules: list[str]) -> str:
    return " or ".join([rules[0], *(rule.removeprefix("must be ") for rule in rules[1:])])


def _encloses(path: Path_, others: list[Path_]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in others)


def _explain(detail: ErrorDetails, tree: Tree) -> Iterator[_Found]:
    path: Path_ = _in_file(tuple(detail["loc"]), detail["type"], tree.data)
    context = detail.get("ctx", {})
    if detail["type"] == "contradiction":
        for path, value, rule in context["found"]:
            yield _Found(path, Mistake(tree.source(path), _dotted(path), value, rule), False)
    elif detail["type"] == "missing":
        yield _Found(path, Mistake(tree.source(path), _dotted(path), "", "is required and missing"), False)
    elif detail["type"] == "extra_forbidden":
        rule = f"is not a known key{did_you_mean(str(path[-1]), _keys_beside(path))}"
        rule += f"; known: {', '.join(_keys_beside(path))}"
        yield _Found(path, Mistake(tree.source(path), _dotted(path), detail["input"], rule), True)
    else:
        yield _Found(path, Mistake(tree.source(path), _dotted(path), detail["input"], _in_words(detail)), True)


def _in_file(location: Path_, kind: str, data: Any) -> Path_:
    """The part of a location that stands in the file: no names of the kinds that a value might have been of."""
    path: list[str | int] = []
    for place, part in enumerate(location):
        is_last = place == len(location) - 1
        is_there = part in data if isinstance(data, dict) else (
            isinstance(data, list) and isinstance(part, int) and part < len(data))
        if is_there:
            data = data[part]
        if is_there or (is_last and kind in ABSENT):
            path.append(part)
    return tuple(path)


def _in_words(detail: ErrorDetails) -> str:
    """pydantic's sentence in the words of a scenario."""
    text = detail["msg"]
    for pattern, words in WORDS:
        text = re.sub(pattern, words, text)
    return text


def _keys_beside(path: Path_) -> list[str]:
    """Known keys of the block in which the last part of `path` stands."""
    kind: Any = Scenario
    for part in path[:-1]:
        if get_origin(kind) is dict:  # the part is a name of the user's own
            kind = get_args(kind)[1]
        elif isinstance(part, str):
            kind = kind.model_fields[part].annotation
            kind = kind if get_origin(kind) is dict or not get_args(kind) else get_args(kind)[0]
    return list(kind.model_fields)


def _dotted(path: Path_) -> str:
    return ".".join(str(part) for part in path)
