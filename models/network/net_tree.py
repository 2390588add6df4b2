"""The tree that the slack of a net reaches, or the rings that are in its way."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.net_branches import Branches
from models.network.net_shape import NetShape
from models.network.net_tables import closed_couplers, label
from models.records.arrays import Ints

MOST_RINGS = 5
MOST_NAMED = 12


@dataclass(frozen=True)
class _Walk:
    """What is met on the way from the slack."""

    order: list[int]
    """Buses; parents first, lower numbers first."""
    parent: list[int]
    """Position of each bus's parent in `order`, -1 of the slack's."""
    used: list[int]
    """Branch by which each bus is reached."""
    closing: list[int]
    """Branches that reach a bus a second time."""


def tree_of(branches: Branches, slack: int) -> tuple[Ints, Ints, Ints]:
    """Buses, parents' positions and branches [B] that the slack reaches; parents first, lower numbers first."""
    walk = _walked(branches, slack)
    order, parent, used = (np.array(row, dtype=np.int64) for row in (walk.order, walk.parent, walk.used))
    return order, parent, used


def tree_mistakes(net: Any, branches: Branches, shape: NetShape) -> list[str]:
    """Why no tree stands on the slack: rings, or no branch at all."""
    walk = _walked(branches, shape.slack)
    if len(walk.order) < 2:
        return [f"no line leaves bus {shape.slack} of its external grid"]
    return _told(net, branches, shape, [_ring(branches, walk, branch) for branch in walk.closing])


def _walked(branches: Branches, slack: int) -> _Walk:
    at: dict[int, list[int]] = {}
    for i, (start, end) in enumerate(zip(branches.start.tolist(), branches.end.tolist(), strict=True)):
        if start != end:
            at.setdefault(start, []).append(i)
            at.setdefault(end, []).append(i)
    heap, position, closing = [(slack, -1, -1)], dict[int, int](), dict[int, None]()
    parent, used = [], []
    while heap:
        bus, above, branch = heapq.heappop(heap)
        if bus in position:
            closing[branch] = None
            continue
        position[bus] = len(position)
        parent.append(above)
        used.append(branch)
        for other in at.get(bus, []):
            if other != branch and other not in closing:
                far = int(branches.start[other] + branches.end[other] - bus)
                heapq.heappush(heap, (far, position[bus], other))
    return _Walk(list(position), parent, used, list(closing))


def _ring(branches: Branches, walk: _Walk, closing: int) -> list[int]:
    """The branches of the ring that this one closes; it comes last."""
    reached = {bus: (branch, above) for bus, branch, above in zip(walk.order, walk.used, walk.parent, strict=True)}
    ways = []
    for bus in (int(branches.start[closing]), int(branches.end[closing])):
        way, at = dict[int, None](), bus
        while (branch := reached[at][0]) >= 0:
            way[branch], at = None, walk.order[reached[at][1]]
        ways.append(way)
    return [*sorted(set(ways[0]) ^ set(ways[1])), closing]


def _told(net: Any, branches: Branches, shape: NetShape, rings: Sequence[Sequence[int]]) -> list[str]:
    """A ring each: who closes it, which branches it is made of, and what makes one bus of several there."""
    said = []
    for *others, closing in rings[:MOST_RINGS]:
        named = ", ".join(branches.name[branch] for branch in others[:MOST_NAMED])
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        made = f" with {named}{more}" if others else ""
        joined = _joined(net, branches, shape, (*others, closing))
        said.append(f"not radial: {branches.name[closing]} closes a ring{made}{joined}")
    if said:
        rest = f" ({len(rings) - MOST_RINGS} more rings)" if len(rings) > MOST_RINGS else ""
        said[-1] += f"{rest}; open a switch or take a branch out of service so that each bus is reached once"
    return said


def _joined(net: Any, branches: Branches, shape: NetShape, ring: Sequence[int]) -> str:
    """By what buses of a ring are one: closed couplers, external grids, or the busbars that are held."""
    buses = {int(end[branch]) for branch in ring for end in (branches.start, branches.end)}
    groups = {bus: [other for other, stands in shape.stands_for.items() if stands == bus] for bus in buses}
    inside = [bus for group in groups.values() if len(group) > 1 for bus in group]
    if not inside:
        return ""
    couplers = net.switch.index[closed_couplers(net) & net.switch["bus"].isin(inside)]
    by = [label(net, "switch", int(row)) for row in couplers[:MOST_NAMED]] or ["external grids or held busbars"]
    return f" and {', '.join(by)}, which make one bus of {', '.join(map(str, sorted(inside)[:MOST_NAMED]))}"
