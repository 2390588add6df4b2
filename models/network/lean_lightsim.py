"""lightsim2grid without its side of grid2op, which loads pandas first: a third of a second of every run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager

GRID2OP_SIDE = "lightsim2grid.lightSimBackend"


@contextmanager
def without_grid2op() -> Iterator[None]:
    """lightsim2grid imported within leaves out its side of grid2op, which fails late if that is missing."""
    if "lightsim2grid" in sys.modules or importlib.util.find_spec("grid2op") is not None:
        yield
        return
    sys.modules[GRID2OP_SIDE] = None  # type: ignore[assignment] # importing it raises ImportError, as it would anyway
    try:
        yield
    finally:
        sys.modules.pop(GRID2OP_SIDE, None)
