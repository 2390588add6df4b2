"""A simulator of others as mosaik sees it in a run of ours: what it answers is looked at, what it throws is told.

mosaik lets a starter of one's own say how a simulator is reached (mosaik.starters.Starter) and with which proxy it is
spoken to. Ours passes every request on to mosaik's own proxy; it knows the simulated time, waits with a patience, and
ends the run with one message where an answer is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from mosaik.exceptions import ConnectionClosedError
from mosaik.proxies import BaseProxy
from mosaik_api_v3.connection import RemoteException

from testbed.wiring.failure import Failure, SimulatorFailure

BROKEN = (ConnectionClosedError, OSError, EOFError)
"""What is thrown when its other end is gone."""
Ask = Callable[[], Coroutine[Any, Any, Any]]
"""Asks a simulator when it is called: what is given up before then leaves nothing open."""
NUMBERS = (int, float, np.integer, np.floating)


@dataclass(frozen=True)
class Terms:
    """What holds for its answers."""

    step_s: int
    until_s: int
    """End of the run, in mosaik's time."""
    warmup_s: int
    patience_s: float
    ends: list[Failure] = field(default_factory=list)
    """What went wrong as simulators were ended."""


class Unanswered(RuntimeError):
    """It gave no answer that can be used; the message says why."""


class PeerProxy(BaseProxy):
    """Passes requests on; SimulatorFailure with name, simulated time and cause where what comes back is none."""

    def __init__(self, name: str, inner: BaseProxy, terms: Terms) -> None:
        super().__init__()
        self.name, self._inner, self._terms, self._time_s = name, inner, terms, 0

    @property
    def meta(self) -> Any:
        """As the simulator gave it."""
        return self._inner.meta

    async def init(self, sid: str, **params: Any) -> list[int]:
        """Its first request; the version of mosaik's interface that it speaks."""
        return await self._answer("init", lambda: self._inner.init(sid, **params))  # type: ignore[no-any-return]

    async def send(self, request: Any) -> Any:
        """The answer, looked at."""
        method, args, _ = request
        if method == "step":
            self._time_s = args[0]
        answer = await self._answer(method, lambda: self._inner.send(request))
        if method == "step":
            self._refuse(wrong_step(self._time_s, answer, self._terms))
        if method == "get_data":
            self._refuse(wrong_data(args[0], answer))
        return answer

    async def stop(self) -> None:
        """Ask it to end; it may be gone already. What it throws then is kept, so that the others are ended too."""
        try:
            await asyncio.wait_for(_staying(self._inner.stop), self._terms.patience_s)
        except (*BROKEN, TimeoutError, asyncio.CancelledError):  # its reader may have been cancelled with all else
            return
        except Exception as error:
            self._terms.ends.append(Failure.of(error, self.name, self._counted_s, "`finalize` threw "))

    async def _answer(self, method: str, ask: Ask) -> Any:
        try:
            return await asyncio.wait_for(_staying(ask), self._terms.patience_s)
        except TimeoutError:
            self._refuse(f"no answer to `{method}` for {self._terms.patience_s:g} s (execution.patience_s)")
        except BROKEN as error:
            raise SimulatorFailure(self._failure(f"connection lost in `{method}`: its process has ended")) from error
        except RemoteException as error:
            word = f"`{method}` threw {error.remote_type}: {error.remote_msg}"
            raise SimulatorFailure(self._failure(word)) from error
        except SimulatorFailure:
            raise
        except Exception as error:
            raise SimulatorFailure(Failure.of(error, self.name, self._counted_s, f"`{method}` threw ")) from error

    def _refuse(self, why: str) -> None:
        if why:
            raise SimulatorFailure(self._failure(why))

    @property
    def _counted_s(self) -> int:
        return self._time_s - self._terms.warmup_s

    def _failure(self, why: str) -> Failure:
        return Failure(self.name, self._counted_s, why)


async def _staying(ask: Ask) -> Any:
    """The answer; a simulator that leaves Python ends as one that throws, not the command."""
    try:
        return await ask()
    except SystemExit as error:
        raise RuntimeError(f"it called sys.exit({error.code!r})") from error


def wrong_step(time_s: int, answer: Any, terms: Terms) -> str:
    """Why this is not the time of its next step; empty if it is. After the run's end all times are alike."""
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"its step at {time_s} s returned {answer!r}, allowed is the time of its next step in whole seconds"
    expected = time_s + terms.step_s
    if answer == expected or min(answer, expected) >= terms.until_s:
        return ""
    return (f"stepped from {time_s} s to {answer} s, allowed is a step of {terms.step_s} s (step_s); its series may "
            f"have ended")


def wrong_data(asked: Mapping[str, Any], answer: Any) -> str:
    """What of all that was asked for did not come as a finite number; empty if nothing."""
    if not isinstance(answer, Mapping):
        return f"get_data returned {answer!r:.60}, allowed are numbers by entity and attribute"
    wrong = [f"{entity}.{name} {told}" for entity, names in asked.items() for name in names
             if (told := _wrong_number(answer.get(entity, {}), name))]
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"{', '.join(wrong[:3])}{more}; allowed are finite numbers" if wrong else ""


def _wrong_number(values: Any, name: str) -> str:
    if not isinstance(values, Mapping) or name not in values:
        return "is missing"
    value = values[name]
    if isinstance(value, bool | np.bool_) or not isinstance(value, NUMBERS):
        return f"is {value!r:.40}"
    try:
        number = float(value)
    except OverflowError:  # of whole numbers of hundreds of digits
        return "is larger than any number of the machine"
    return "" if isfinite(number) else f"is {number}"
