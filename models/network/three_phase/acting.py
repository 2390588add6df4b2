"""What of a circuit acts by itself, whatever the testbed does, and what would give the same power day and night."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.network.three_phase.engine import Engine
from models.records.arrays import RecordError

ACTING = ("regcontrol", "capcontrol", "capacitor", "pvsystem", "generator", "storage", "isource", "invcontrol",
          "swtcontrol", "fuse", "recloser", "relay")
"""Classes whose elements act as the script says, whatever the testbed does."""
SOURCES = ("pvsystem", "generator", "storage", "isource")
"""Of them those that give or draw power."""
FOLLOWERS = {"pvsystem": ("yearly", "daily"), "generator": ("yearly", "daily"), "storage": ("yearly", "daily")}
"""Properties by which they follow a shape. A snapshot knows no time: each step would have their power of the plate."""
IDLING, FIXED = "idling", "fixed"


def acting(engine: Engine) -> dict[str, int]:
    """What acts by itself besides loads: number of elements in use by class."""
    kinds = [name.split(".")[0] for name in elements_in_use(engine)]
    return {kind: kinds.count(kind) for kind in ACTING if kind in kinds}


def buses_of_sources(engine: Engine) -> set[str]:
    """Where generators, PV systems, storages and sources of current are."""
    return {str(engine.element(name).BusNames[0]).lower().split(".")[0]
            for name in elements_in_use(engine) if name.split(".")[0] in SOURCES}


def elements_in_use(engine: Engine) -> list[str]:
    """Full names in small letters, without those that the script disables."""
    names = [str(name).lower() for name in engine.circuit.AllElementNames]
    return [name for name in names if engine.element(name).Enabled]


def check_sources(engine: Engine, where: str) -> None:
    """RecordError names sources beside the grid above, and what follows a shape or holds energy that nobody counts."""
    if mistakes := list(_mistakes(engine)):
        raise RecordError(f"feeder {where}: " + "; ".join(mistakes))


def _mistakes(engine: Engine) -> Iterator[str]:
    names = elements_in_use(engine)
    grids = [name for name in names if name.startswith("vsource.")]
    for more in grids[1:]:
        yield f"{more} is a second source beside {grids[0]}; a circuit has one: disable it, or make it a generator"
    for name in names:
        kind = name.split(".")[0]
        shapes = [(way, shape) for way in FOLLOWERS.get(kind, ()) if (shape := engine.told(f"{name}.{way}"))]
        if shapes and not (kind == "generator" and engine.told(f"{name}.status").lower() == FIXED):
            way, shape = shapes[0]
            yield (f"{name} follows the load shape {way}={shape}, but would give the same in every step; write it as a "
                   "load of negative kW with that shape, or give it none")
        elif kind == "storage" and (state := engine.told(f"{name}.state")).lower() != IDLING:
            yield (f"{name} is {state.lower()} and would be in every step, whatever it holds; give it state=idling, or "
                   "write it as a load")


def capacitors_mvar(engine: Engine) -> list[tuple[str, float]]:
    """Bus and Mvar at nominal voltage of the steps in use of every capacitor in use."""
    capacitors, told = engine.circuit.Capacitors, []
    for name in capacitors.AllNames if capacitors.Count else ():
        element = engine.element(f"capacitor.{name}")
        if element.Enabled:
            bus = str(element.BusNames[0]).lower().split(".")[0]
            capacitors.Name = name
            told.append((bus, float(capacitors.kvar) / 1e3 * _share(engine, name)))
    return told


def _share(engine: Engine, capacitor: str) -> float:
    """Of a capacitor's kvar, those of its steps that are closed."""
    kvar, closed = (np.array([float(cell) for cell in engine.told(f"capacitor.{capacitor}.{what}").strip("[]").replace(
        ",", " ").split()]) for what in ("kvar", "states"))
    return 1.0 if closed.all() or kvar.size != closed.size else float(kvar @ closed / kvar.sum())
