"""A folder to begin with: a commented scenario and, beside it, a table of each kind that already holds an example."""

from __future__ import annotations

import json
import re
from pathlib import Path

from testbed.running.preflight import WrongRequest, folder_mistakes
from testbed.scenario.loading import SCENARIOS, ScenarioError, load_scenario
from testbed.scenario.plain_text import is_file

TEMPLATE = Path(__file__).resolve().parents[2] / "experiments" / "templates" / "own_world"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
SCENARIO_FILE = "scenario.yaml"
WORD = re.compile(r"\b(BASE|FOLDER|NAME|SCHEMA)\b(/(?!NAME)[\w.]+)?")
PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
"""What YAML reads as a text wherever it stands."""


def write_world(name: str, base: str) -> list[Path]:
    """The files of the new folder, the scenario first; WrongRequest lists what is wrong, with nothing written."""
    folder = Path(name)
    if mistakes := [*_name_mistakes(folder), *_base_mistakes(base)]:
        raise WrongRequest(mistakes)
    folder.mkdir()
    words = {"BASE": _whole(base), "FOLDER": folder.as_posix(), "NAME": folder.name,
             "SCHEMA": (SCENARIOS.parents[1] / "docs" / "scenario.schema.json").as_posix()}
    written = [folder / f"{folder.name}.yaml"]
    written[0].write_text(WORD.sub(lambda word: _in_yaml(words[word[1]] + (word[2] or "")),
                                   (TEMPLATE / SCENARIO_FILE).read_text(encoding="utf-8")), encoding="utf-8")
    for table in sorted(TEMPLATE.glob("*.csv")):
        written.append(folder / table.name)
        written[-1].write_bytes(table.read_bytes())
    return written


def _in_yaml(text: str) -> str:
    """A folder may be called `a: b #c`."""
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _whole(base: str) -> str:
    """A file keeps its path from the new folder, a name that comes along its name."""
    return Path(base).resolve().as_posix() if is_file(Path(base)) else base


def _name_mistakes(folder: Path) -> list[str]:
    if not NAME.fullmatch(folder.name):
        return [f"{folder.name!r}: must be letters, digits, _ and -, a letter first, at most 60"]
    if folder.exists():
        return [f"{folder}: is there already; choose another name"]
    if not folder.parent.is_dir():
        return [f"{folder}: its folder {folder.parent} is not there"]
    return folder_mistakes(folder, str(folder))


def _base_mistakes(base: str) -> list[str]:
    try:
        load_scenario(base)
    except ScenarioError as error:
        return [f"--from {mistake}" for mistake in error.mistakes]
    return []
