"""How a command ends: with a message on stderr and an exit code, whatever went wrong."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

from models.registry import RegistryError
from testbed.cli.saying import STOPPED, say, say_trace
from testbed.running.preflight import WrongRequest
from testbed.wiring.stopping import heeded_signals

FAILED, WRONG = 1, 2
MOST_SHOWN = 200
"""Lines of mistakes."""
P = ParamSpec("P")
R = TypeVar("R")


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """The command with every way of failing or being stopped turned into a message on stderr and an exit code."""
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with heeded_signals():
                return command(*args, **kwargs)
        except (typer.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            raise _stopped() from None
        except Exception as error:
            if isinstance(error.__cause__, KeyboardInterrupt):  # Ctrl-C while a class was made, in Python's words
                raise _stopped() from None
            raise typer.Exit(_explain(error)) from error
    return wrapped


def _stopped() -> typer.Exit:
    say("testbed: stopped")
    return typer.Exit(STOPPED)


def _explain(error: Exception) -> int:
    if isinstance(error, RegistryError):
        say(f"testbed: {error}")
        return WRONG
    if isinstance(error, WrongRequest):
        left = len(error.mistakes) - MOST_SHOWN
        say("\n".join([*(f"testbed: {mistake}" for mistake in error.mistakes[:MOST_SHOWN]),
                       *([f"testbed: and {left} more mistakes"] if left > 0 else [])]))
        return WRONG
    say(f"testbed: unexpected {type(error).__name__}: {error}")
    say_trace(traceback.format_exc())
    return FAILED
