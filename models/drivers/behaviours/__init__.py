"""All behaviours: each file here is one, and the file is its registration (a constant BEHAVIOUR)."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

import numpy as np

from models import plugins
from models.drivers.behaviour import Behaviour, Moved, in_order
from models.records.arrays import Bools, Ints

BEHAVIOURS: tuple[Behaviour, ...] = in_order(
    [import_module(name).BEHAVIOUR for name in (
        *(f"{__name__}.{module.name}" for module in iter_modules(__path__)),
        *(point.module for point in plugins.plugins(plugins.BEHAVIOURS)))])
"""By code; arrays of codes index into it."""
REFUSALS: tuple[Behaviour, ...] = tuple(kind for kind in BEHAVIOURS if kind.is_refusal)
"""Behaviours of which a stay that does not comply draws one."""
_CODES = {kind.name: kind.code for kind in BEHAVIOURS}
_FOLLOWS, _IS_SILENT, _PLUGS_IN, _IS_RECORDED = np.array(
    [(kind.follows, kind.is_silent, kind.plugs_in, kind.is_recorded) for kind in BEHAVIOURS]).T
_MOVES = {moved: np.array([kind.moves == moved for kind in BEHAVIOURS]) for moved in get_args(Moved)}


def code_of(name: str) -> int:
    """The code of a behaviour; KeyError if there is none of that name."""
    return _CODES[name]


COMPLIED, NOT_ENROLLED = code_of("complied"), code_of("not_enrolled")
"""The car did as told; the car gets no instructions."""
IGNORES, LEAVES_EARLY = code_of("ignores"), code_of("leaves_early")
"""Behaviour of a taxi that drew not plugging in; reason recorded for a car that left before its declared departure."""
ZONE_OUT, LIMITED = code_of("zone_out"), code_of("limited")
"""Behaviour during an outage of cars that would follow; reason recorded by the fleet where a car could not follow."""


def behaviour_names() -> tuple[str, ...]:
    """Names in the order of the codes."""
    return tuple(_CODES)


def usual_weights() -> dict[str, float]:
    """Usual weight of each way of refusing."""
    return {refusal.name: refusal.weight for refusal in REFUSALS if refusal.weight is not None}


def follows(behaviour: Ints) -> Bools:
    """Whether stays with these behaviours do as told while they are plugged in; any shape."""
    return np.asarray(_FOLLOWS[behaviour])


def moves(moved: Moved, behaviour: int | Ints) -> Bools:
    """Whether stays with these behaviours have this at another instant; any shape."""
    return np.asarray(_MOVES[moved][behaviour])


def is_silent(behaviour: Ints) -> Bools:
    """Whether nothing is heard of stays with these behaviours; any shape."""
    return np.asarray(_IS_SILENT[behaviour])


def plugs_in(behaviour: Ints) -> Bools:
    """Whether stays with these behaviours ever plug in; any shape."""
    return np.asarray(_PLUGS_IN[behaviour])


def is_recorded(behaviour: Ints) -> Bools:
    """Whether recorded sessions show these behaviours themselves; any shape."""
    return np.asarray(_IS_RECORDED[behaviour])
