"""What a kind of fault is, and those there are: the files of `testbed/faults/kinds/`.

A fault acts where it would in reality: on what a simulator hears or says, on a bus without supply, on a unit that is
gone. Controllers are told nothing of it but what an operator would see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.records.arrays import RecordError
from models.registry import Registry
from testbed.faults.placed import Injection, Value

WHERE = ("district", "buses", "zone", "line_to", "phase", "unit")
"""Keys of an item that say where."""


@dataclass(frozen=True)
class Parameter:
    """What a fault of this kind may be told: a number within bounds, or one of some words."""

    name: str
    what: str
    usual: Value
    low: float = 0.0
    high: float = 1.0
    words: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """As a message tells it."""
        return " or ".join(self.words) if self.words else f"a number from {self.low:g} to {self.high:g}"

    def takes(self, value: Value) -> bool:
        """Whether this is a value of it."""
        if self.words:
            return value in self.words
        return isinstance(value, (int, float)) and self.low <= value <= self.high


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault; what it does is in the injections, one for each simulator at whose border it acts."""

    name: str
    what: str
    """What happens, in a few words."""
    answer: str
    """What the rest does meanwhile: what is held, what is fallen back on, which state is safe."""
    after: str
    """What comes when it is over."""
    acts: Mapping[str, type[Injection]]
    """By name of the simulator."""
    needs: tuple[str, ...] = ()
    """Keys of an item that must say where; `district` may be left out where there is one alone."""
    may: tuple[str, ...] = ()
    """Keys that can say so too; of kinds that need none of them, one must be given."""
    decides: str = ""
    """What it alone says for its place: two at one time with the same word contradict. Empty: several add."""
    needs_network: bool = False
    covers_first_plan: bool = True
    """False: it cannot hold before there has been a first plan."""
    parameters: tuple[Parameter, ...] = ()
    known: Mapping[str, Parameter] = field(init=False)

    def __post_init__(self) -> None:
        problems = [f"{name} is empty" for name in ("name", "what", "answer", "after", "acts")
                    if not getattr(self, name)]
        problems += [f"{key!r} is none of {', '.join(WHERE)}" for key in (*self.needs, *self.may) if key not in WHERE]
        problems += [f"the usual {p.name}={p.usual!r} is not {p.allowed}" for p in self.parameters
                     if not p.takes(p.usual)]
        if problems:
            raise RecordError(f"fault {self.name}: " + "; ".join(problems))
        object.__setattr__(self, "known", {parameter.name: parameter for parameter in self.parameters})

    @property
    def place(self) -> str:
        """Keys that say where, for people."""
        others = " or ".join(f"`{key}`" for key in self.may)
        return ", ".join([*(f"`{key}`" for key in self.needs), *([others] if others else [])]) or "the whole system"


FAULTS: Registry[FaultKind] = Registry("fault", "testbed.faults.kinds", "FAULT", FaultKind)
