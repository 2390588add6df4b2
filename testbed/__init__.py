"""Vehicle-to-grid dispatch in co-simulation, from Python (docs/python.md).

    import testbed as tb

    run = tb.run("smoke", "uncoordinated", seed=3)
    run.metrics["society_cost_usd_adjusted"]

Nothing is imported before it is used.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testbed.running.one_run import RunFailed
    from testbed.running.preflight import WrongRequest
    from testbed.scripting.checking import check
    from testbed.scripting.loading import load
    from testbed.scripting.run import Run, run
    from testbed.scripting.scenario import Scenario
    from testbed.scripting.several import Comparison, compare
    from testbed.scripting.study import Swept, sweep

__all__ = ["Comparison", "Run", "RunFailed", "Scenario", "Swept", "WrongRequest", "check", "compare", "load", "run",
           "sweep"]
PLACES = {
    "run": "scripting.run", "Run": "scripting.run", "compare": "scripting.several", "Comparison": "scripting.several",
    "sweep": "scripting.study", "Swept": "scripting.study", "check": "scripting.checking",
    "load": "scripting.loading", "Scenario": "scripting.scenario",
    "RunFailed": "running.one_run", "WrongRequest": "running.preflight"}
"""Where each name of the front door stands."""
HOME = Path(__file__).resolve().parents[1]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _refuse_strangers() -> None:
    """ImportError where a folder or file of somebody else takes the place of a package beside this one."""
    for name in ("models", "controllers", "audit"):
        spec = find_spec(name)
        place = Path(spec.origin) if spec and spec.origin else None
        if place is None or not place.resolve().is_relative_to(HOME / name):
            there = "nothing is there" if spec is None else place or ", ".join(spec.submodule_search_locations or ())
            raise ImportError(
                f"the testbed's own package `{name}` ({HOME / name}) is hidden: Python finds {there} under its name. "
                f"Rename that, or start Python in another folder")


_refuse_strangers()
