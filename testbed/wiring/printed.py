"""The table of attributes as a page shows it: who speaks to whom, and every crossing with its fields."""

from __future__ import annotations

from collections.abc import Callable

from models.records.quantity import AXES
from testbed.wiring.attributes import ATTRIBUTES, SIMULATORS, Attribute

HEAD = ("from", "datum", "same step", "next step", "known to", "what it is", "record and its fields")
KNOWN_TO = {"operator": "operators", "truth": "the world", "record": "the recorder"}


def diagram() -> str:
    """Who speaks to whom in a step, by producer: first what arrives in the same step, then what in the next."""
    spoken = [("now:", lambda a: a.now), ("shifted:", lambda a: a.shifted)]
    lines = [line for word, readers in spoken for line in _arrows(word, readers)]
    return "\n".join(["```", *lines, "recorded: everything -> Recorder", "```"])


def _arrows(word: str, readers_of: Callable[[Attribute], tuple[str, ...]]) -> list[str]:
    """One line per producer that has readers of this kind."""
    readers = {producer: {name for a in ATTRIBUTES if a.producer == producer for name in readers_of(a)}
               for producer in SIMULATORS}
    width = max(len(titled(name)) for name in SIMULATORS)
    lines = [f"{titled(producer):{width}} -> {', '.join(titled(name) for name in SIMULATORS if name in heard)}"
             for producer, heard in readers.items() if heard]
    return [f"{word if i == 0 else '':9} {line}" for i, line in enumerate(lines)]


def titled(simulator: str) -> str:
    """`power_system` as `PowerSystem`."""
    return "".join(part.capitalize() for part in simulator.split("_"))


def crossings() -> str:
    """A row for every datum that one simulator says to another, in the order of the table."""
    rows = [_row(a) for a in ATTRIBUTES if a.now or a.shifted or (a.recorded and a.is_record)]
    return "\n".join(_cells(row) for row in (HEAD, ("---",) * len(HEAD), *rows))


def _row(a: Attribute) -> tuple[str, ...]:
    what = f"{a.long_name}; none {a.absent}" if a.absent else a.long_name
    return (titled(a.producer), f"`{a.name}`", _names(a.now), _names(a.shifted), KNOWN_TO[a.audience], what, _fields(a))


def _names(simulators: tuple[str, ...]) -> str:
    return ", ".join(titled(name) for name in simulators)


def _fields(a: Attribute) -> str:
    if a.record is None:
        return str(a.fields[0])
    return f"`{a.record.__name__}`: {'; '.join(str(field) for field in a.fields)}"


def _cells(row: tuple[str, ...]) -> str:
    return f"| {' | '.join(row)} |"


def axes() -> str:
    """A row for every axis that a field may have."""
    return "\n".join(_cells(row) for row in (("axis", "along it"), ("---", "---"), *(
        (f"`{name}`", text) for name, text in AXES.items())))
