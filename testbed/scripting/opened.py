"""A result that somebody brings: opened after a trial, and mistakes in its content told as such."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import yaml

from testbed.results.reading import Result, ResultError, open_result
from testbed.results.trial import trial_mistake
from testbed.running.preflight import WrongRequest
from testbed.scenario.marked_yaml import LONGEST
from testbed.scenario.plain_text import path_mistake
from testbed.wiring.whole_files import NoSpace

OF_CONTENT = (ResultError, OSError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError,
              AssertionError, yaml.YAMLError)
"""What a file whose parts do not fit together makes readers throw."""


def opened(path: Path) -> Result:
    """The result in the file, or a WrongRequest that says why there is none."""
    tried(path)
    return untried(path)


def tried(path: Path) -> None:
    """A WrongRequest where the path cannot be one, or the file there cannot be read to its end."""
    if wrong := path_mistake(str(path)):
        raise WrongRequest([f"{str(path)[:LONGEST]}: {wrong}"])
    if path.is_file() and (damage := trial_mistake(path)):
        raise WrongRequest([f"{path}: {damage}"])


def untried(path: Path) -> Result:
    """The result in a file that needs no trial, because this very command has written it to its end."""
    with content_read(path):
        return open_result(path)


@contextmanager
def content_read(path: Path) -> Iterator[None]:
    """Within, only what stands in the file is read: what goes wrong is the file's mistake, a WrongRequest.

    Of infinite or huge values it holds numpy does not warn: figures say what comes of them.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except (WrongRequest, BrokenPipeError):  # the latter: a reader of ours that has gone, as `head` does
        raise
    except ResultError as error:
        raise WrongRequest([str(error)]) from error
    except NoSpace as full:  # of what is written of it
        raise WrongRequest([str(full)]) from full
    except OF_CONTENT as error:
        raise WrongRequest([f"{path}: its parts do not fit together, it was altered or is damaged "
                            f"({type(error).__name__}: {' '.join(str(error).split())[:LONGEST]})"]) from error
