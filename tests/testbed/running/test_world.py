"""How a world ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from testbed.running import world as running
from testbed.running.processes import Fates


async def deaf() -> None:
    """A task that no cancelling ends, as one is whose turn was lost."""
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


def test_a_broken_run_does_not_wait_for_a_task_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LAST_WORDS_S", 0.05)
    loop, ended = asyncio.new_event_loop(), list[str]()
    task = loop.create_task(deaf())
    loop.run_until_complete(asyncio.sleep(0))
    world = cast(Any, SimpleNamespace(loop=loop, shutdown=lambda: ended.append("world")))
    running._end(world, cast(Fates, SimpleNamespace(kill=lambda: ended.append("processes"))), is_broken=True)
    assert ended == ["world", "processes"]
    task.get_coro().close()
    loop.close()
