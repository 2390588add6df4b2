"""What the user is shown while something lasts: a bar on a terminal's stderr, a line below a notebook's cell, nothing
elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from testbed.scenario.plain_text import cleaned

SECONDS_PER_HOUR = 3600
NOTEBOOK = "ZMQInteractiveShell"
"""IPython's name of the shell behind a notebook."""
REFRESH_S = 0.2
Show = Callable[[int, int], None]
"""(done, in total)."""


@contextmanager
def watch_run(label: str, step_s: int) -> Iterator[Show | None]:
    """A callback (steps done, steps in total) that draws; None where nobody could see it."""
    started = time.perf_counter()
    with _display(label) as draw:
        yield None if draw is None else lambda done, total: draw(
            done, total, clock_and_rate(done, total, step_s, time.perf_counter() - started))


@contextmanager
def watch_count(things: str) -> Iterator[Show]:
    """A callback (how many are done, of how many) that draws where somebody can see it."""
    with _display(things) as draw:
        yield lambda done, total: None if draw is None else draw(done, total, f"{done} of {total} {things}")


def clock_and_rate(done: int, total: int, step_s: int, seconds: float) -> str:
    """Simulated hours, all hours, and simulated hours per second of real time."""
    hours, all_hours = (steps * step_s / SECONDS_PER_HOUR for steps in (done, total))
    return f"{hours:.2f} of {all_hours:.0f} h simulated, {hours / max(seconds, 1e-9):.2f} h/s"


Draw = Callable[[int, int, str], None]
"""(done, in total, the same in words)."""


@contextmanager
def _display(label: str) -> Iterator[Draw | None]:
    if is_notebook():
        yield _cell(label)
        return
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(escape(cleaned(label)), total=None, words="building")
        yield lambda done, total, words: bar.update(task, completed=done, total=total, words=words)


def is_notebook() -> bool:
    """Whether a notebook's kernel runs this; IPython is asked only where somebody has loaded it."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and type(ipython.get_ipython()).__name__ == NOTEBOOK


def _cell(label: str) -> Draw:
    """One line below the cell, written over as things go on."""
    from IPython.display import display  # noqa: PLC0415 - is loaded already

    def line(words: str) -> dict[str, str]:
        return {"text/plain": f"{cleaned(label)}: {words}"}

    handle: Any = display(line("building"), raw=True, display_id=True)  # type: ignore[no-untyped-call]
    shown_s = [0.0]

    def draw(done: int, total: int, words: str) -> None:
        now = time.perf_counter()
        if done == total or now - shown_s[0] >= REFRESH_S:
            shown_s[0] = now
            handle.update(line(words), raw=True)

    return draw
