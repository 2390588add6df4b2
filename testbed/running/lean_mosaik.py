"""mosaik's scheduler with two of its functions doing the same in half the time (docs/decisions/0026-lean-mosaik.md).

A simulator waits for those before it one after the other instead of with a task for each, and a simulator that stays
where it is is not moved there again after every step of every other. Only for the version whose functions were read;
any other is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mosaik
from mosaik import scheduler

READ_VERSION = "3.6.0"
_wait_for_dependencies = scheduler.wait_for_dependencies
_advance_progress = scheduler.advance_progress


@contextmanager
def lean_scheduling() -> Iterator[None]:
    """Within, worlds run so; their steps, orders and values are mosaik's own."""
    if mosaik.__version__ != READ_VERSION:
        yield
        return
    scheduler.wait_for_dependencies, scheduler.advance_progress = _wait_in_turn, _advance_if_needed
    try:
        yield
    finally:
        scheduler.wait_for_dependencies, scheduler.advance_progress = _wait_for_dependencies, _advance_progress


async def _wait_in_turn(sim: Any, lazy_stepping: bool) -> None:
    if lazy_stepping:
        await _wait_for_dependencies(sim, lazy_stepping)
        return
    step = sim.next_steps[0]
    for before, delays in sim.input_delays.items():
        for delay in delays.durations:
            await before.progress.has_passed(step, shift=delay)
    for after, delay in sim.successors_to_wait_for.items():
        await after.progress.has_reached(step + delay)


def _advance_if_needed(sim: Any, world: Any) -> None:
    """Progress never falls and never passes the present or next step; a simulator that is there is left alone."""
    place = sim.current_step or (sim.next_steps[0] if sim.next_steps else None)
    if place != sim.progress.time:
        _advance_progress(sim, world)
