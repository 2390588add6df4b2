"""What a compiled circuit consists of, read from the engine."""

from __future__ import annotations

import numpy as np

from models.network.three_phase.engine import Engine
from models.network.three_phase.records import Nodes, OwnLoads
from models.records.arrays import Floats, RecordError

MOST_NAMED = 8
_NO_SHAPES = ("", "none", "default")
_FIXED = 1
"""The engine's number of the status of loads that follow no shape."""


def read_nodes(engine: Engine, where: str) -> Nodes:
    """Nodes in the engine's order; RecordError names buses without a voltage base."""
    names = tuple(name.lower() for name in engine.circuit.YNodeOrder)
    bus_names = tuple(name.lower() for name in engine.circuit.AllBusNames)
    index = {name: i for i, name in enumerate(bus_names)}
    base_v = np.array([_base_v(engine, i) for i in range(len(bus_names))])
    if without := [bus_names[i] for i in np.flatnonzero(~(base_v > 0))]:
        more = f" and {len(without) - MOST_NAMED} more" if len(without) > MOST_NAMED else ""
        raise RecordError(f"feeder {where}: no voltage base for bus {', '.join(without[:MOST_NAMED])}{more}; the "
                          "script must say `set voltagebases=[...]` and `calcvoltagebases`")
    bus = np.array([index[name.rsplit(".", 1)[0]] for name in names], dtype=np.int64)
    phase = np.array([int(name.rsplit(".", 1)[1]) for name in names], dtype=np.int64)
    x, y = np.array([_place_of(engine, i) for i in range(len(bus_names))]).T
    return Nodes(names, bus_names, bus, phase, base_v[bus], x[bus], y[bus])


def _place_of(engine: Engine, bus: int) -> tuple[float, float]:
    its = engine.circuit.Buses(bus)
    return (float(its.x), float(its.y)) if its.Coorddefined else (np.nan, np.nan)


def _base_v(engine: Engine, bus: int) -> float:
    return float(engine.circuit.Buses(bus).kVBase) * 1e3


def own_loads(engine: Engine, where: str) -> OwnLoads:
    """Loads of the script that are in use, in the order in which it makes them.

    RecordError names loads that name fewer nodes than they have phases: the engine would choose the others.
    """
    loads, rows, mistakes = engine.circuit.Loads, [], list[str]()
    names = engine.load_names
    for name in names:
        loads.Name = name
        text, count = str(engine.element(f"load.{name}").BusNames[0]), int(loads.Phases)
        bus, phases = _place(text, count)
        if not max(count, 2 if loads.IsDelta else 1) <= len(set(phases)) == len(phases) and "." in text:
            mistakes.append(f"load {name} of {count} phases{' in delta' if loads.IsDelta else ''} at {text}")
        shapes = (loads.Yearly, loads.daily) if int(loads.Status) != _FIXED else ()
        shape = next((text for text in shapes if text.lower() not in _NO_SHAPES), "")
        rows.append((bus, phases, bool(loads.IsDelta), int(loads.Model), float(loads.kV), float(loads.kW),
                     float(loads.kvar), shape))
    if mistakes:
        more = f" and {len(mistakes) - MOST_NAMED} more" if len(mistakes) > MOST_NAMED else ""
        raise RecordError(f"feeder {where}: {', '.join(mistakes[:MOST_NAMED])}{more}: must name a node for each phase "
                          "(in delta two at least), each once, or none, as in bus1=NAME.1.2.3")
    bus_of, phases_of, is_delta, model, kv, p_kw, q_kvar, shapes = zip(*rows, strict=True) if rows else ((),) * 8
    return OwnLoads(names, tuple(bus_of), tuple(phases_of), np.array(is_delta, dtype=np.bool_),
                    np.array(model, dtype=np.int64), np.array(kv, dtype=np.float64), np.array(p_kw, dtype=np.float64),
                    np.array(q_kvar, dtype=np.float64), tuple(shapes))


def _place(text: str, phases: int) -> tuple[str, tuple[int, ...]]:
    """Bus and phases of `34.1.2`; the first phases where none are named."""
    bus, *nodes = text.lower().split(".")
    given = tuple(int(node) for node in nodes if int(node) > 0)
    return bus, given or tuple(range(1, phases + 1))


def read_regulators(engine: Engine) -> tuple[tuple[str, ...], Floats, Floats]:
    """`TRANSFORMER.WINDING` of each control in use [R], its step [R] and its present tap [R] in pu."""
    controls, transformers = engine.circuit.RegControls, engine.circuit.Transformers
    names, step_pu, tap_pu = [], [], []
    for control in controls.AllNames if controls.Count else ():
        if not engine.element(f"regcontrol.{control}").Enabled:
            continue
        controls.Name = control
        name, winding = str(controls.Transformer).lower(), int(controls.TapWinding)
        transformers.Name = name
        transformers.Wdg = winding
        names.append(f"{name}.{winding}")
        step_pu.append((transformers.MaxTap - transformers.MinTap) / max(int(transformers.NumTaps), 1))
        tap_pu.append(float(transformers.Tap))
    return tuple(names), np.array(step_pu), np.array(tap_pu)
