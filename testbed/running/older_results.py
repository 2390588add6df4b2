"""A result that stands where a run is to write: overwritten if it answers the same request, else only by force.

The same request: equal scenario (name, description, `execution` and `record` apart), content of the files that it
names, controller with its parameters, replayed plan, and seed. The version of the code does not matter.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from testbed.results.reading import Result, ResultError, open_result
from testbed.results.trial import trial_mistake
from testbed.scenario.record import Scenario, result_content, to_yaml
from testbed.wiring.asked import asked_digest, asked_words
from testbed.wiring.run_spec import RunSpec

MOST_TOLD = 4
ABSENT = "absent"
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def overwriting_mistake(spec: RunSpec, controller: str, named: str) -> str:
    """Why the run must not write over what is there; empty if it may.

    controller: the name that stands in its result. named: what the user gave for the output.
    """
    words = asked_words(spec) if spec.output.exists() else {}
    if not words or _holds(spec.output, asked_digest(spec, controller, words)):
        return ""
    damage = trial_mistake(spec.output, request_alone=True)
    try:
        told = [] if damage else list(_differences(open_result(spec.output), spec, controller, words))
    except (ResultError, OSError, LookupError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        damage = str(error).removeprefix(f"{spec.output}: ")
    if damage:
        return f"{named}: there is a file already, no result that can be read ({damage}); overwrite it with --force"
    if not told:
        return ""
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return (f"{named}: holds the result of another request ({'; '.join(told[:MOST_TOLD])}{more}); "
            "choose another place with -o, or overwrite it with --force")


def _holds(path: Path, digest: str) -> bool:
    """True where the bytes of a result tell its request: the usual case, without opening the file on trial."""
    try:
        with path.open("rb") as file:
            if file.read(len(HDF5_SIGNATURE)) != HDF5_SIGNATURE:
                return False
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return content.find(digest.encode()) >= 0
    except (OSError, ValueError):
        return False


def _differences(older: Result, spec: RunSpec, controller: str, asked: Mapping[str, str]) -> Iterator[str]:
    """What the older result was asked for otherwise, in words."""
    kept = older.run.get("asked")
    if older.controller != controller:
        yield f"controller is {older.controller} there, {controller} here"
    elif isinstance(kept, Mapping):  # not in a file whose run did not end
        for name, ours in asked.items():
            if (theirs := str(kept.get(name, ""))) != ours:
                yield (f"other content of {name} that the scenario names" if name == "files"
                       else f"{name} is {theirs or ABSENT} there, {ours or ABSENT} here")
    yield from other_keys(older, spec.scenario.model_copy(update={"seed": spec.seed}))


def other_keys(older: Result, scenario: Scenario) -> Iterator[str]:
    """Keys of its scenario that are another's and can change a result; one that it was too old to have is its default.

    scenario: with the seed of the run.
    """
    if older.scenario_yaml == to_yaml(scenario):
        return
    try:
        theirs = Scenario.model_validate(older.scenario)
    except ValidationError:
        yield "its scenario is of another version"
        return
    before, now = (dict(_leaves(result_content(content), "")) for content in (theirs, scenario))
    for key in [*now, *(before.keys() - now.keys())]:
        if before.get(key, ABSENT) != now.get(key, ABSENT):
            yield f"{key} is {before.get(key, ABSENT)} there, {now.get(key, ABSENT)} here"


def _leaves(tree: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Dotted keys of a nested mapping and their values."""
    if isinstance(tree, Mapping) and tree:
        for name, value in tree.items():
            yield from _leaves(value, f"{key}.{name}" if key else str(name))
    elif isinstance(tree, list) and any(isinstance(entry, Mapping) for entry in tree):
        for place, value in enumerate(tree):
            yield from _leaves(value, f"{key}.{place}")
    else:
        yield key, tree
