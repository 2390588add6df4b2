"""What a behaviour is: one way in which a stay answers instructions, or why a car did not do as it was told.

One file of `models/drivers/behaviours/` is one behaviour; whatever anybody needs to know of it stands in its record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from models.records.arrays import RecordError

Moved = Literal["nothing", "plug_in", "departure", "obedience"]
"""What of a stay comes at another instant: nothing, plugging in (later), leaving (earlier), the end of following."""
BY_WEIGHT = "by weight"


@dataclass(frozen=True)
class Behaviour:
    """One behaviour; its code is its place in `behaviours.BEHAVIOURS`, and stands in results."""

    code: int
    """Once given it stays; a new behaviour takes the next one."""
    name: str
    what: str
    """What happens, in a few words."""
    ocpp: str
    """The same in the words of OCPP 2.x (A: our reading)."""
    openadr: str
    """The same in the words of OpenADR (A: our reading)."""
    drawn: str = BY_WEIGHT
    """How it comes about."""
    weight: float | None = None
    """Usual weight among the ways of refusing, of which each stay that does not comply draws one (A)."""
    follows: bool = False
    """A plugged car does as it is told (until the end of following, where that is moved); else it acts on its own."""
    is_silent: bool = False
    """Nothing is heard of the battery while the car is plugged in."""
    plugs_in: bool = True
    moves: Moved = "nothing"

    def __post_init__(self) -> None:
        problems = [f"{name} is empty" for name in ("name", "what", "ocpp", "openadr", "drawn")
                    if not getattr(self, name)]
        if (self.weight is None) == (self.drawn == BY_WEIGHT):
            problems.append(f"weight={self.weight} with drawn={self.drawn!r}: a weight goes with {BY_WEIGHT!r} alone")
        if self.weight is not None and self.weight < 0:
            problems.append(f"weight={self.weight:g} is below 0")
        if self.moves not in get_args(Moved):
            problems.append(f"moves={self.moves!r} is none of {', '.join(get_args(Moved))}")
        if self.moves == "obedience" and not self.follows:
            problems.append("moves='obedience' is for those that follow")
        if problems:
            raise RecordError(f"behaviour {self.name}: " + "; ".join(problems))

    @property
    def is_refusal(self) -> bool:
        """Whether it is one of those that stays draw by weight."""
        return self.weight is not None

    @property
    def how(self) -> str:
        """How it comes about, in a few words."""
        return self.drawn if self.weight is None else f"{self.drawn}, usually {self.weight:g}"

    @property
    def is_recorded(self) -> bool:
        """Whether recorded sessions show it themselves: when cars come and go stands in the data."""
        return not self.plugs_in or self.moves in ("plug_in", "departure")


def in_order(behaviours: list[Behaviour]) -> tuple[Behaviour, ...]:
    """These behaviours by code; RecordError where a code or name is taken twice, or a code is left out."""
    ordered = sorted(behaviours, key=lambda behaviour: behaviour.code)
    names = [behaviour.name for behaviour in ordered]
    problems = [f"name {name} is taken twice" for name in sorted({name for name in names if names.count(name) > 1})]
    problems += [f"{behaviour.name} has code {behaviour.code}, the place for {place} is "
                 f"{'taken twice' if behaviour.code < place else 'empty'}"
                 for place, behaviour in enumerate(ordered) if behaviour.code != place][:1]
    if problems:
        raise RecordError("behaviours: " + "; ".join(problems))
    return tuple(ordered)
