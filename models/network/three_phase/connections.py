"""How cars are connected in a circuit of three phases: which phases the ports of each bus have."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from models.network.three_phase.records import PHASES
from models.records.arrays import RecordError
from models.tables.content import content_of

MOST_BYTES = 10_000_000
MOST_TOLD = 20
Choice = Literal["customer", "one", "three"]


@dataclass(frozen=True)
class Connections:
    """What a scenario says of them."""

    phases: Choice = "customer"
    """`customer`: those of the loads at the bus; `one`: one of the bus's, drawn; `three`: all three where the bus has
    them, else the customer's."""
    seed: int = 0
    """Of what is drawn."""
    file: str | None = None
    """CSV file with columns `bus` and `phases`, as `34,1` or `47,123`; it overrules `phases` at the buses it names."""


CUSTOMERS = Connections()
"""Cars are connected as the customers at their buses."""


def phases_of_ports(given: Connections, buses: Mapping[str, tuple[int, ...]],
                    customers: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Phases of the ports at each customer's bus; `buses`: phases that buses have, `customers`: those of their loads.

    RecordError lists all rows of a file that cannot be.
    """
    drawn = np.random.default_rng(given.seed)
    ports = {bus: _chosen(given.phases, buses[bus], own, drawn) for bus, own in customers.items()}
    return ports if given.file is None else {**ports, **_of_file(Path(given.file), buses, customers)}


def _chosen(phases: Choice, there: tuple[int, ...], own: tuple[int, ...],
            drawn: np.random.Generator) -> tuple[int, ...]:
    pick = float(drawn.random())  # drawn at each bus, whatever is chosen: a choice moves no other bus
    if phases == "one":
        return (there[int(pick * len(there))],)
    return PHASES if phases == "three" and there == PHASES else own


def _of_file(file: Path, buses: Mapping[str, tuple[int, ...]],
             customers: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    try:
        text = content_of(file, MOST_BYTES).decode("utf-8-sig")
    except (ValueError, UnicodeDecodeError) as error:
        raise RecordError(f"connections {file}: {error}") from None
    rows = csv.DictReader(io.StringIO(text))
    if (names := [name.strip() for name in rows.fieldnames or ()]) != ["bus", "phases"]:
        raise RecordError(f"connections {file}: has columns {', '.join(names) or 'none'}; must be bus, phases")
    ports, mistakes = dict[str, tuple[int, ...]](), list[str]()
    for line, row in enumerate(rows, start=2):
        bus, told = (str(value or "").strip().lower() for value in (row["bus"], row["phases"]))
        phases = tuple(int(digit) for digit in told if digit.isdecimal())
        more = row.get(None)  # cells beyond the header
        if wrong := (f"has {2 + len(more)} cells, must have 2" if more else
                     _mistake(bus, told, phases, buses, customers, ports)):
            mistakes.append(f"line {line}: {wrong}")
        ports[bus] = phases
    if mistakes:
        more = [f"and {len(mistakes) - MOST_TOLD} more"] if len(mistakes) > MOST_TOLD else []
        raise RecordError(f"connections {file}: " + "; ".join([*mistakes[:MOST_TOLD], *more]))
    return ports


def _mistake(bus: str, told: str, phases: tuple[int, ...], buses: Mapping[str, tuple[int, ...]],
             customers: Mapping[str, tuple[int, ...]], before: Mapping[str, tuple[int, ...]]) -> str:
    """What is wrong with a row; empty if nothing is."""
    if bus not in buses:
        return f"there is no bus {bus!r:.60}"
    if bus not in customers:
        return f"bus {bus!r:.60} has no customer, so cars do not stand there"
    if bus in before:
        return f"bus {bus!r:.60} is there twice"
    if told not in ("1", "2", "3", "123"):
        return f"phases {told!r:.20} of bus {bus!r:.60} must be 1, 2, 3 or 123"
    if missing := [phase for phase in phases if phase not in buses[bus]]:
        return f"bus {bus!r:.60} has no phase {missing[0]}, only {', '.join(map(str, buses[bus]))}"
    return ""
