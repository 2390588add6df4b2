"""What a run tells the user while it lasts: a bar on a terminal's stderr, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from testbed.scenario.plain_text import cleaned

SECONDS_PER_HOUR = 3600


@contextmanager
def watch_run(label: str, step_s: int) -> Iterator[Callable[[int, int], None] | None]:
    """A callback (steps done, steps in total) that draws the bar; None where stderr is no terminal."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[clock]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(escape(cleaned(label)), total=None, clock="building")
        started = time.perf_counter()

        def show(done: int, total: int) -> None:
            seconds = time.perf_counter() - started
            bar.update(task, completed=done, total=total, clock=clock_and_rate(done, total, step_s, seconds))

        yield show


def clock_and_rate(done: int, total: int, step_s: int, seconds: float) -> str:
    """Simulated hours, all hours, and simulated hours per second of real time."""
    hours, all_hours = (steps * step_s / SECONDS_PER_HOUR for steps in (done, total))
    return f"{hours:.2f} of {all_hours:.0f} h simulated, {hours / max(seconds, 1e-9):.2f} h/s"
