"""What a script must leave as it is, so that loads and cars draw exactly what is booked of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.records.arrays import RecordError

NEEDED = {
    "loadmult": ("1", "a factor on every load, cars too; say districts.N.peak_scale instead"),
    "year": ("0", "loads grow with it; give them the power that they have"),
    "loadmodel": ("powerflow", "loads as impedances draw what their voltage says, not what is booked"),
    "cktmodel": ("multiphase", "one phase would stand for three"),
}
"""What each option must be at the script's end, in the engine's words, and why."""
SAME_HZ = 1e-6


def check_options(text: Any, master: Path) -> None:
    """RecordError names every option by which power that is booked would not be drawn. text: the engine's."""
    if mistakes := list(_mistakes(text)):
        raise RecordError(f"feeder {master}: " + "; ".join(mistakes))


def _mistakes(text: Any) -> Iterator[str]:
    for option, (needed, why) in NEEDED.items():
        told = _answer(text, f"get {option}")
        if told.lower() != needed:
            yield f"the script sets {option}{told and '='}{told}, must be {needed}: {why}"
    solved_hz, base_hz = (float(_answer(text, asked)) for asked in ("get frequency", "? vsource.source.basefreq"))
    if abs(solved_hz - base_hz) > SAME_HZ:
        yield (f"the script sets frequency={solved_hz:g}, must be {base_hz:g}, that of its circuit; set "
               "defaultbasefrequency before `new circuit`")


def _answer(text: Any, question: str) -> str:
    text.Command = question
    return str(text.Result)
