"""Why something ended before its time: one record, from the simulator that threw to the table of a study."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SECONDS_PER_DAY = 86_400


class ControllerFailed(RuntimeError):
    """A controller's code or its answer is wrong; the message names controller, method, file and line."""


@dataclass(frozen=True)
class Failure:
    """What failed, when in simulated time, and why."""

    simulator: str
    """Empty where it was none of them."""
    time_s: int
    """Counted seconds; 0 without a simulator."""
    cause: str
    trace: str = ""
    """Python's traceback, where something was thrown."""
    is_request: bool = False
    """Whether it is the request that was wrong, and nothing began."""

    @classmethod
    def of(cls, error: BaseException, simulator: str = "", time_s: int = 0, word: str = "") -> Failure:
        """From what was thrown; `word` stands before its cause."""
        trace = "".join(traceback.format_exception(error))
        kind = "" if isinstance(error, ControllerFailed) else f"{type(error).__name__}: "
        return cls(simulator, time_s, f"{word}{kind}{error}", trace)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | str) -> Failure:
        """From what `to_json` gave, or from the text alone that older folders of studies hold."""
        return cls("", 0, raw) if isinstance(raw, str) else cls(**raw)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @property
    def text(self) -> str:
        """Who failed, when in simulated time (before counted 00:00: the warm-up), and why."""
        return f"{self.simulator} failed at {clock(self.time_s)}: {self.cause}" if self.simulator else self.cause


class SimulatorFailure(RuntimeError):
    """A simulator threw."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def end_of_process(what: str, code: int | None) -> str:
    """How a process ended, by the code that the system gives of it; empty while it runs."""
    if code is None:
        return ""
    if code < 0:
        named = {number.value: number.name for number in signal.Signals}  # not all that there are
        return f"{what} was killed by {named.get(-code, f'signal {-code}')}"
    return f"{what} ended without a word, exit code {code}"


def clock(time_s: int) -> str:
    """Simulated time as people read it, e.g. `day 1 13:45`; negative times are in the warm-up."""
    day, second = divmod(time_s, SECONDS_PER_DAY)
    hour, minute = second // 3600, second % 3600 // 60
    text = f"{hour:02d}:{minute:02d}" + (f":{second % 60:02d}" if second % 60 else "")
    return f"day {day + 1} {text}" if day >= 0 else f"warm-up day {day} {text}"
