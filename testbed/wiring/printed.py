"""The table of attributes as a page shows it: who speaks to whom, and every crossing with its fields.

    python -m testbed.wiring.printed docs/architecture.md       brings the page's blocks up to date
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from models.records.quantity import AXES
from testbed.wiring.attributes import ATTRIBUTES, SIMULATORS, Attribute

BLOCK = re.compile(r"(<!-- printed: (?P<name>\w+) -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL)
HEAD = ("from", "datum", "same step", "next step", "known to", "what it is", "record and its fields")
KNOWN_TO = {"operator": "operators", "truth": "the world", "record": "the recorder"}


def diagram() -> str:
    """Who speaks to whom in a step, by producer: first what arrives in the same step, then what in the next."""
    spoken = [("now:", lambda a: a.now), ("shifted:", lambda a: a.shifted)]
    lines = [line for word, readers in spoken for line in _arrows(word, readers)]
    return "\n".join(["```", *lines, "recorded: everything -> Recorder", "```", ""])


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
    return "\n".join(_cells(row) for row in (HEAD, ("---",) * len(HEAD), *rows)) + "\n"


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
        (f"`{name}`", text) for name, text in AXES.items()))) + "\n"


BLOCKS: Mapping[str, Callable[[], str]] = {"diagram": diagram, "crossings": crossings, "axes": axes}


def up_to_date(text: str) -> str:
    """The page with its blocks as the table has them; KeyError for a block that nobody prints."""
    return BLOCK.sub(lambda match: match[1] + BLOCKS[match["name"]]() + match[3], text)


def main() -> int:
    """Rewrites the page that the command names."""
    if len(sys.argv) != 2:
        print("testbed.wiring.printed: name one page, e.g. docs/architecture.md", file=sys.stderr)
        return 2
    page = Path(sys.argv[1])
    page.write_text(up_to_date(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
