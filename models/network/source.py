"""What every source of networks offers, and those there are, one file each in `models/network/sources/`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.network.account import Account
from models.network.loads.elements import Elements
from models.network.loads.own_series import OwnProfiles
from models.network.three_phase.connections import CUSTOMERS, Connections
from models.network.transformers.tap_changer import Taps
from models.records.arrays import Ints, RecordError
from models.records.feeder import RadialFeeder
from models.registry import Registry

Taken = Mapping[tuple[str, int], str]
"""By table and number: how a generator or storage is taken."""
ZoneMap = Mapping[int, int]
"""Zone (index into ZONES) by bus number."""


@dataclass(frozen=True)
class FeederLimits:
    """What a user says of a network, wherever it comes from."""

    peak_scale: float = 1.0
    """Factor on the loads written into `p_base_kw`; leave it at 1 when the profiles scale."""
    slack_vm_pu: float | None = None
    """Voltage at the substation; None: the network's own, of ieee33 1.0."""
    v_min_pu: float = 0.90
    v_max_pu: float = 1.05
    substation_kva: float = np.inf
    """Rating of the transformer behind the slack."""
    line_rating_a: float | None = None
    """Of all lines; None: as assumed for the network, or its own."""
    transformer_margin: float = 1.2
    """Rating of MV/LV transformers over their peak load at scale 1 (A); inf: none is rated."""
    connections: Connections = CUSTOMERS
    """Phases of ports, in circuits of three phases."""
    holds_low_side: bool = True
    """Whether the low side of transformers above low voltage is held, behind the external grid; False: they are
    branches."""


@dataclass(frozen=True)
class NetworkSource:
    """What a file of `models/network/sources/` declares as SOURCE."""

    name: str
    """How a scenario writes it, as `simbench:CODE`."""
    description: str
    pattern: str
    """Regular expression of all that a scenario may write."""
    feeder: Callable[[str, FeederLimits], RadialFeeder]
    """The network of that text; RecordError where there is none or it cannot serve."""
    account: Callable[[str, FeederLimits, Taken], Account] | None = None
    """What became of each element that was read; None: the network is made as it is."""
    profiles: Callable[[str], OwnProfiles] | None = None
    """Profiles that the network brings for its own elements; None: it brings none."""
    elements: Callable[[str, Ints], Elements] | None = None
    """Loads, generators and storages of the network of that text, at its buses by number; None: there is nothing but
    the loads of its buses."""
    taps: Callable[[str], Taps] | None = None
    """Positions of the transformer behind the external grid; RecordError where there is none with some."""
    last_bus: int | None = None
    """Highest bus number, counted from 1, where it is known without loading; None: the network must be loaded."""
    files: Callable[[str], tuple[Path, ...]] | None = None
    """Files of which the network of that text is made; None: itself, where it is a file."""
    profiles_repeat: bool = False
    """Whether its profiles are days without a date, which repeat."""
    has_phases: bool = False
    """Whether it is a circuit of three phases."""
    zone_maps: Mapping[str, Callable[[], ZoneMap]] = field(default_factory=dict)
    """Maps of its own, by those names of `zone_map` that a scenario knows: `contiguous`, `public`."""


SOURCES: Registry[NetworkSource] = Registry("network source", "models.network.sources", "SOURCE", NetworkSource)


def source_of(text: str) -> NetworkSource:
    """The source that understands what a scenario writes; RecordError says what there is."""
    for source in SOURCES.values():
        if re.fullmatch(source.pattern, text):
            return source
    raise RecordError(f"feeder {text!r}: must be {allowed_text()}")


def allowed_text() -> str:
    """For messages: how a network may be written."""
    *most, last = SOURCES
    return f"{', '.join(most)} or {last}"


def whole_pattern() -> str:
    """Regular expression of all that any source understands."""
    return f"^({'|'.join(source.pattern for source in SOURCES.values())})$"


def feeder_from(text: str, limits: FeederLimits | None = None) -> RadialFeeder:
    """The feeder that a scenario writes so; RecordError: unknown, not radial, or with elements it cannot hold."""
    return source_of(text).feeder(text, limits or FeederLimits())
