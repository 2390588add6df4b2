"""What a user handed to a command: a scenario, a study or a result; the wrong kind is told which command takes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from testbed.running.preflight import WrongRequest
from testbed.scenario.bounded_yaml import UnreadableYaml, text_of
from testbed.scenario.loading import scenario_names
from testbed.scenario.plain_text import is_file, path_mistake

Kind = Literal["scenario", "study", "result", "unknown"]
HDF5 = b"\x89HDF\r\n\x1a\n"
STUDY_KEYS = (re.compile(r"^scenario\s*:", re.MULTILINE), re.compile(r"^controllers\s*:", re.MULTILINE))
"""Keys that a study needs and no scenario has."""
COMMANDS = {
    "scenario": "a scenario; `testbed run` and `testbed compare` carry it out, `testbed check` checks it",
    "study": "a study; `testbed sweep` carries it out, `testbed check` checks it",
    "result": "a result; `testbed show`, `testbed report` and `testbed check` read it",
}


def kind_of(text: str) -> Kind:
    """What this name or file is, by its content; `unknown` where that does not tell."""
    if text in scenario_names():
        return "scenario"
    from testbed.sweeping.study import study_names  # noqa: PLC0415 - what most commands do not need

    path = Path(text)
    if text in study_names():
        return "study"
    if path_mistake(text) or not is_file(path):
        return "unknown"
    with path.open("rb") as file:
        if file.read(len(HDF5)) == HDF5:
            return "result"
    return _kind_of_yaml(path) if path.suffix in {".yaml", ".yml"} else "unknown"


def _kind_of_yaml(path: Path) -> Kind:
    try:
        text = text_of(path)
    except UnreadableYaml:
        return "unknown"
    return "study" if all(key.search(text) for key in STUDY_KEYS) else "scenario"


def expect(kind: Kind, text: str) -> None:
    """WrongRequest where this is known to be of another kind."""
    given = kind_of(text)
    if given not in (kind, "unknown"):
        raise WrongRequest([f"{text}: must be a {kind}, is {COMMANDS[given]}"])
