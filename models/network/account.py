"""What became of each element of a net: taken, approximated, or no part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

Verdict = Literal["taken", "approximated", "not in use"]
MOST_NAMED = 8


@dataclass(frozen=True)
class Part:
    """Elements of one table that fare alike; what a feeder cannot hold is refused before there is an account."""

    table: str
    rows: tuple[int, ...]
    names: tuple[str, ...]
    """Of the rows; empty where the net has none."""
    verdict: Verdict
    how: str = ""
    effect_pu: float | None = None
    """Largest change of a bus voltage of the feeder, in pandapower's own power flow of the net; NaN: none without."""

    def line(self) -> str:
        """One line for people."""
        many = ranges(self.rows)
        named = [f"{row} {name!r:.60}" if name else str(row) for row, name in zip(self.rows, self.names, strict=True)]
        which = many if self.verdict != "approximated" or len(named) > MOST_NAMED else ", ".join(named)
        effect = "" if self.effect_pu is None else f"; largest effect {self.effect_pu:.5f} pu"
        return f"{self.verdict}: {self.table} {which}{': ' if self.how else ''}{self.how}{effect}"


class Account(Protocol):
    """What became of what a network is made of."""

    def lines(self) -> Iterator[str]:
        """For people, one line each."""
        ...


@dataclass(frozen=True)
class NetAccount:
    """A feeder beside the net that it was made of, both at the net's own load."""

    parts: tuple[Part, ...]
    buses: tuple[int, int]
    """In the feeder (buses that are one are counted each), in the net."""
    load_kw: tuple[float, float]
    vm_min_pu: float
    """Lowest voltage of the feeder."""
    difference_pu: float
    """Largest difference of a voltage to pandapower's own power flow of the net."""
    unexplained_pu: float
    """The same to pandapower's power flow of the net with every approximation made there too."""

    def lines(self) -> Iterator[str]:
        """For people, one line each."""
        yield (f"{self.buses[0]} of {self.buses[1]} buses, {self.load_kw[0]:,.0f} of {self.load_kw[1]:,.0f} kW of "
               f"load; lowest voltage at this load {self.vm_min_pu:.5f} pu")
        yield from (part.line() for part in self.parts)
        yield (f"voltages differ from pandapower's own power flow of the net by {self.difference_pu:.5f} pu at most, "
               f"by {self.unexplained_pu:.0e} pu once it is approximated likewise")


def ranges(rows: Sequence[int]) -> str:
    """`0-8, 10` of numbers, of which there is one at least."""
    ordered = sorted(rows)
    starts = [ordered[0], *(b for a, b in pairwise(ordered) if b > a + 1)]
    ends = [*(a for a, b in pairwise(ordered) if b > a + 1), ordered[-1]]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
