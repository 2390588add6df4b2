"""Circuits of three phases in OpenDSS format: those that come along, and scripts of one's own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from models.network.loads.elements import Elements
from models.network.loads.own_series import ACTIVE, REACTIVE, OwnProfiles
from models.network.source import FeederLimits, NetworkSource, Taken
from models.network.three_phase.account import CircuitAccount, account_of
from models.network.three_phase.circuit import Circuit, LoadShape, circuit_from
from models.network.three_phase.feeder import three_phase_feeder
from models.network.three_phase.screening import screened
from models.network.three_phase.shipped import master_of
from models.records.arrays import Ints, RecordError
from models.records.feeder import RadialFeeder

SHAPES = "LoadShape"
"""As which the profiles of loads are called."""
WHOLE_REL = 1e-4
"""What a step may miss a whole second by, as 0.016667 h misses a minute."""
MOST_NAMED = 8


def files_of(text: str) -> tuple[Path, ...]:
    """All that the script reads, itself first; the script alone where it may not be compiled."""
    master = master_of(text)
    try:
        return screened(master).files
    except RecordError:
        return (master,)


def _version(text: str) -> str:
    """Content of all that the script reads."""
    parts = [file.read_bytes() if file.is_file() else b"" for file in files_of(text)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@lru_cache(maxsize=4)
def _circuit(text: str, version: str) -> Circuit:
    return circuit_from(text)


@lru_cache(maxsize=16)
def _made(text: str, version: str, limits: FeederLimits) -> RadialFeeder:
    return three_phase_feeder(text, limits)


def _feeder(text: str, limits: FeederLimits) -> RadialFeeder:
    return _made(text, _version(text), limits)


def _elements(text: str, bus_number: Ints) -> Elements:
    """The script's own loads at the rows of the feeder."""
    circuit = _circuit(text, _version(text))
    row = {name: i for i, name in enumerate(_feeder(text, FeederLimits()).bus_name)}
    loads = circuit.loads
    return Elements(("load",) * loads.count, np.arange(1, loads.count + 1), loads.names,
                    np.array([row[bus] for bus in loads.bus], dtype=np.int64), loads.p_kw, loads.q_kvar, loads.shape,
                    tuple(loads.stands(i) for i in range(loads.count)))


def _profiles(text: str) -> OwnProfiles:
    """Load shapes that loads name, each a share of the load's own power."""
    circuit = _circuit(text, _version(text))
    names = list(dict.fromkeys(name for name in circuit.loads.shape if name))
    if not names:
        raise RecordError(f"feeder {text}: no load names a load shape")
    shapes = {name: circuit.shape(name) for name in names}
    step_s = _step_s(text, shapes)
    both = [(f"{SHAPES}/{name}{ending}", values, shape.is_power and (ending == ACTIVE or shape.has_q))
            for name, shape in shapes.items() for ending, values in ((ACTIVE, shape.p), (REACTIVE, shape.q))]
    return OwnProfiles({name: values for name, values, _ in both}, {"load": (SHAPES,)}, step_s, repeats=True,
                       in_kw=frozenset(name for name, _, is_power in both if is_power))


def _step_s(text: str, shapes: Mapping[str, LoadShape]) -> int:
    """The step of all shapes; RecordError names shapes of another step or length than the first, and uneven ones."""
    uneven = [name for name, shape in shapes.items()
              if shape.step_s < 1 or abs(shape.step_s - round(shape.step_s)) > WHOLE_REL * shape.step_s]
    if uneven:
        raise RecordError(f"feeder {text}: load shapes {', '.join(uneven[:MOST_NAMED])} have no even steps of whole "
                          "seconds; give them an interval, or give series of your own")
    steps = {name: (shape.p.size, round(shape.step_s)) for name, shape in shapes.items()}
    first, (count, step_s) = next(iter(steps.items()))
    if others := [f"{name} ({n} of {s} s)" for name, (n, s) in steps.items() if (n, s) != (count, step_s)]:
        raise RecordError(f"feeder {text}: load shapes differ in their steps or length from {first} ({count} of "
                          f"{step_s} s): {', '.join(others[:MOST_NAMED])}; give series of your own")
    return step_s


def _account(text: str, limits: FeederLimits, _: Taken) -> CircuitAccount:
    return account_of(_circuit(text, _version(text)), three_phase_feeder(text, limits))


SOURCE = NetworkSource(
    "dss:NAME", "a circuit of three phases: `dss:ieee13`, `dss:ieee34`, `dss:ieee37`, `dss:ieee123`, "
    "`dss:european_lv`, or the path of a script of OpenDSS ending in `.dss`", r"dss:\w+|.+\.[dD][sS][sS]", _feeder,
    _account, profiles=_profiles, profiles_repeat=True, elements=_elements, files=files_of, has_phases=True)
