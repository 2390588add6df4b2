"""An automatic tap changer at the substation: it holds the voltage of a bus within a dead band, in steps, with a delay.

In a feeder a position is a voltage of the slack: that behind the ideal ratio, in front of the transformer's impedance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats, Ints, refuse


@dataclass(frozen=True)
class Taps:
    """Positions of a tap changer [n]."""

    position: Ints
    """Numbers that people know."""
    ratio: Floats
    """Voltage behind it at each, over that at the position `start`."""
    start: int
    """Row of the position in which the network was read."""


@dataclass(frozen=True)
class TapChanger:
    """Positions [n] in the order of their voltage, and what is held; RecordError where it could never rest."""

    position: Ints
    slack_vm_pu: Floats
    """Voltage of the slack at each, rising."""
    start: int
    """Row in which it begins."""
    bus: int
    """Row of the feeder's bus whose voltage is held."""
    target_pu: float
    dead_band_pu: float
    """Width of the band about the target in which it rests."""
    delay_s: float
    """Time outside of it before each move."""

    def __post_init__(self) -> None:
        widest_pu = float(np.diff(self.slack_vm_pu).max(initial=0.0))
        refuse([] if self.dead_band_pu > widest_pu else [
            f"dead_band_pu = {self.dead_band_pu:g}, must be above {widest_pu:.4g}, which is one position: it would "
            "never rest"], "tap_changer")

    def way(self, vm_pu: float, row: int) -> int:
        """Where it wants to go at this voltage: 1 up, -1 down, 0 where it rests or can go no further."""
        miss_pu = self.target_pu - vm_pu
        if not abs(miss_pu) > self.dead_band_pu / 2:
            return 0
        way = 1 if miss_pu > 0 else -1
        return way if 0 <= row + way < self.position.size else 0


def tap_changer_of(taps: Taps, slack_vm_pu: float, bus: int, target_pu: float, dead_band_pu: float, delay_s: float
                   ) -> TapChanger:
    """Of a network that was read with its slack at slack_vm_pu."""
    order = np.argsort(taps.ratio, kind="stable")
    return TapChanger(taps.position[order], slack_vm_pu * taps.ratio[order],
                      int(np.flatnonzero(order == taps.start)[0]), bus, target_pu, dead_band_pu, delay_s)


class Regulator:
    """What stands from step to step: the position, and how long the voltage has been outside the band."""

    def __init__(self, changer: TapChanger) -> None:
        self.changer, self.row = changer, changer.start
        self._outside_s = 0.0

    def moved(self, step_s: float, vm_pu: Callable[[int], float]) -> int:
        """Row of the position after a step of constant powers, at which vm_pu(row) is the voltage of the bus.

        Moves that fall due within a step act from its beginning.
        """
        left_s = step_s
        for _ in range(self.changer.position.size):
            way = self.changer.way(vm_pu(self.row), self.row)
            wait_s = self.changer.delay_s - self._outside_s
            if not way or wait_s > left_s:
                self._outside_s = self._outside_s + left_s if way else 0.0
                break
            self.row, self._outside_s = self.row + way, 0.0
            left_s -= wait_s
        return self.row
