"""A result that a command was given."""

from __future__ import annotations

from pathlib import Path

from testbed.results.reading import Result, ResultError, open_result
from testbed.running.preflight import WrongRequest


def opened(path: Path) -> Result:
    """The result in the file, or a WrongRequest that says why there is none."""
    try:
        return open_result(path)
    except ResultError as error:
        raise WrongRequest([str(error)]) from error
