"""A three-phase network as its operator knows it: where something can be driven, what is watched, and what AC says.

Axes: B connections (row 0 is the source, where nothing is driven), M watched values, N cases, R taps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.records.arrays import Floats, Ints, refuse

Complexes = npt.NDArray[np.complex128]
WATCHED_KINDS = ("voltage", "current", "transformer", "unbalance")
VOLTAGE, CURRENT, TRANSFORMER, UNBALANCE = range(4)
WATCHED_UNITS = ("pu", "of the rating", "of the rating", "%")


@dataclass(frozen=True)
class Watched:
    """Values of a network that have limits, arrays [M]."""

    kind: Ints
    """Index into WATCHED_KINDS; values are pu, shares of a rating (twice) and percent."""
    element: tuple[str, ...]
    """Bus, line or transformer."""
    phase: tuple[str, ...]
    """`1`, `2`, `3`, `n` of the neutral, empty for all together."""
    connection: Ints
    """Whose voltage it is; -1: nobody's."""
    low: Floats
    """-inf where there is no limit."""
    high: Floats

    def __post_init__(self) -> None:
        sizes = {"element": len(self.element), "phase": len(self.phase), "connection": self.connection.size,
                 "low": self.low.size, "high": self.high.size}
        problems = [f"{name} has {size} entries for {self.kind.size} values" for name, size in sizes.items()
                    if size != self.kind.size]
        if not problems and np.any(self.low > self.high):
            i = int(np.argmax(self.low > self.high))
            problems.append(f"value {i} at {self.element[i]}: low={self.low[i]:g} is above high={self.high[i]:g}")
        refuse(problems, "watched values")

    @property
    def count(self) -> int:
        return int(self.kind.size)


@dataclass(frozen=True)
class ThreePhaseNetwork:
    """What the operator of a three-phase network knows of it."""

    name: str
    connection: tuple[str, ...]
    """[B] whose it is; row 0 the source."""
    phases: tuple[str, ...]
    """[B] `1`, `2`, `3` or `123`; empty for the source."""
    watched: Watched
    driven: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """[D] rows at which cars can act; all but the source where none are given."""
    voltage_weight: Floats = field(default_factory=lambda: np.zeros(0))
    """[B] share of a connection in the penalty of low voltages: 1 for a bus of the medium voltage (and everywhere where
    none is given), 0.01 for a customer with a hundredth of its power (A)."""

    def __post_init__(self) -> None:
        if not self.driven.size:
            object.__setattr__(self, "driven", np.arange(1, len(self.connection)))
        if not self.voltage_weight.size:
            object.__setattr__(self, "voltage_weight", np.ones(len(self.connection)))
        problems = [] if len(self.phases) == len(self.connection) else [
            f"phases of {len(self.phases)} connections are given, there are {len(self.connection)}"]
        if np.any(self.watched.connection >= len(self.connection)):
            problems.append(f"a watched voltage is that of connection {self.watched.connection.max()}, there are "
                            f"{len(self.connection)}")
        refuse(problems, f"network {self.name}")

    @property
    def connection_count(self) -> int:
        return len(self.connection)


@dataclass(frozen=True)
class WatchedFlow:
    """AC power flow of N cases; NaN in all of a case that has none."""

    value: Floats
    """[N, M] of what is watched."""
    phasor: Complexes
    """[N, M] complex values whose magnitude it is: of currents, of a transformer's power, of the negative over the
    positive sequence of voltages; of voltages their magnitude itself."""
    vm_pu: Floats
    """[N, B] voltage of each connection, the mean over its phases."""
    losses_kw: Floats
    """[N]"""
    taps: Floats
    """[N, R] where the regulators stand."""
    p_source_kw: Floats
    """[N] drawn from the source."""
    q_source_kvar: Floats


@dataclass(frozen=True)
class WatchedSlopes:
    """How one case moves with what each of D connections draws, per kW or per kvar, taps held."""

    phasor: Complexes
    """[M, D]"""
    vm_pu: Floats
    """[D, D] voltage of each of these connections."""
    losses_kw: Floats
    """[D]"""


class WatchedSlopesCall(Protocol):
    """Derivatives of an AC power flow at the connections where cars can act; a pure function."""

    def __call__(self, p_kw: Floats, q_kvar: Floats, taps: Floats, with_q: bool) -> tuple[WatchedSlopes, ...]:
        """At p_kw, q_kvar [B] and taps [R]: by active power and, with_q, by reactive power too."""
        ...


class WatchedFlowCall(Protocol):
    """AC power flow of N cases of what is drawn at the connections [N, B]; a pure function."""

    def __call__(self, p_kw: Floats, q_kvar: Floats, taps: Floats | None = None) -> WatchedFlow:
        """taps [N, R]: held there; None: as the network's own controls set them."""
        ...


class StandingFlowCall(WatchedFlowCall, Protocol):
    """The same where regulators stand somewhere as a case begins."""

    def __call__(self, p_kw: Floats, q_kvar: Floats, taps: Floats | None = None, begin: Floats | None = None
                 ) -> WatchedFlow:
        """begin [R]: where the network's own controls begin; None: where its operator's data leave them."""
        ...


def beginning_at(call: StandingFlowCall, tap_pu: Floats) -> WatchedFlowCall:
    """The power flow of a network whose regulators stand at taps [R] now."""
    def flow(p_kw: Floats, q_kvar: Floats, taps: Floats | None = None) -> WatchedFlow:
        return call(p_kw, q_kvar, taps, tap_pu)

    return flow
