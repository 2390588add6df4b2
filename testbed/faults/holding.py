"""Chargers without words of their controller: they hold what they were told last, as long as the stay lasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.records.arrays import Bools, Floats, Ints
from models.records.vehicles import DeclaredTable
from testbed.faults.kind import Parameter
from testbed.faults.placed import Injection, Placed, Words, changed

HOLD, RELEASE, STOP = "hold", "release", "stop"
CHARGERS = Parameter("chargers", "what chargers do without words: hold the last ones, release the car to its own will, "
                     "or stop it", HOLD, words=(HOLD, RELEASE, STOP))
CHARGERS_HOLD = ("chargers hold their last set-points as long as the stay lasts, cars that come later act on their own "
                 "(`chargers: release`: all do; `stop`: told cars stand at 0 kW)")


@dataclass(frozen=True)
class Told:
    """What cars were told, and the stays that it was meant for."""

    setpoint_kw: Floats
    is_dispatched: Ints
    q_bus_kvar: Floats
    since_s: Ints
    """[V] when the stay began in which the car was told so."""

    @classmethod
    def of(cls, instructions: Any, declared: DeclaredTable) -> Told:
        """A copy: who told it may go on writing into its arrays."""
        return cls(instructions.setpoint_kw.copy(), instructions.is_dispatched.copy(), instructions.q_bus_kvar.copy(),
                   declared.plugged_since_s.copy())

    @classmethod
    def nothing(cls, vehicles: int, buses: int) -> Told:
        """To cars that were never told anything."""
        none = np.zeros(vehicles, dtype=np.int64)
        return cls(np.zeros(vehicles), none, np.zeros(buses), none)

    def still(self, declared: DeclaredTable) -> Bools:
        """[V] cars still in the stay in which they were told."""
        return np.asarray((self.is_dispatched > 0) & declared.is_plugged & (declared.plugged_since_s == self.since_s))

    def instead_of(self, instructions: Any, declared: DeclaredTable) -> Any:
        """The record of instructions with these in it, for cars whose stay is still the same."""
        holds = self.still(declared)
        return replace(instructions, setpoint_kw=np.where(holds, self.setpoint_kw, 0.0),
                       is_dispatched=holds.astype(np.int64), q_bus_kvar=self.q_bus_kvar.copy())


class LowerHeld(Injection):
    """What leaves a lower layer while nothing does: its last words."""

    def __init__(self, fault: Placed) -> None:
        super().__init__(fault)
        self.told: Told | None = None
        self.others: dict[str, Any] = {}

    def is_down(self, now_s: int, words: dict[str, Any]) -> bool:
        """Whether what it says in this step is not heard."""
        return self.fault.is_on(now_s)

    def say(self, now_s: int, heard: Words, said: Words) -> Words:
        """See Injection."""
        here = self.fault.district
        declared: DeclaredTable = heard[here]["declared"]
        words, instructions = said[here], said[here]["instructions"]
        down = self.is_down(now_s, words)
        if not down or self.told is None:
            self.told = Told.of(instructions, declared)
            self.others = {name: words[name] for name in ("planned_flows", "guidance")}
        return changed(said, here, **self._instead(instructions, declared), **self._marks(words)) if down else said

    def _instead(self, instructions: Any, declared: DeclaredTable) -> dict[str, Any]:
        assert self.told is not None
        held, how = self.told.instead_of(instructions, declared), self.fault.parameters.get("chargers", HOLD)
        nothing = np.zeros_like(held.setpoint_kw)
        if how == RELEASE:
            held = replace(held, setpoint_kw=nothing, is_dispatched=np.zeros_like(held.is_dispatched),
                           q_bus_kvar=np.zeros_like(held.q_bus_kvar))
        if how == STOP:
            held = replace(held, setpoint_kw=nothing, q_bus_kvar=np.zeros_like(held.q_bus_kvar))
        return {"instructions": held, **self.others}

    def _marks(self, words: dict[str, Any]) -> dict[str, Any]:
        """What the record says beside it."""
        return {}
