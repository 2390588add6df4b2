"""Results that are there already."""

from __future__ import annotations

from pathlib import Path

from testbed.results.layout import ResultError
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest
from testbed.scripting.run import Run
from testbed.scripting.several import Comparison


def load(path: Path | str) -> Run | Comparison:
    """A result file, or a folder of them as a comparison (files there that are no results are left out).

    Raises ResultError (a ValueError) for a file that is missing or no result, WrongRequest for a folder without any.

    >>> import testbed as tb
    >>> len(tb.load("results/smoke"))
    2
    """
    place = Path(path)
    if not place.is_dir():
        open_result(place)
        return Run(place)
    runs = tuple(Run(file) for file in sorted(place.glob("*.h5")) if _is_result(file))
    if not runs:
        raise WrongRequest([f"{place}: holds no result (*.h5)"])
    return Comparison(runs, place)


def _is_result(file: Path) -> bool:
    try:
        open_result(file)
    except ResultError:
        return False
    return True
