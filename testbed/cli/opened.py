"""A result that a command was given."""

from __future__ import annotations

from pathlib import Path

from testbed.results.reading import Result, ResultError, open_result
from testbed.running.preflight import WrongRequest
from testbed.scenario.marked_yaml import LONGEST
from testbed.scenario.plain_text import path_mistake


def opened(path: Path) -> Result:
    """The result in the file, or a WrongRequest that says why there is none."""
    if wrong := path_mistake(str(path)):
        raise WrongRequest([f"{str(path)[:LONGEST]}: {wrong}"])
    try:
        return open_result(path)
    except ResultError as error:
        raise WrongRequest([str(error)]) from error
