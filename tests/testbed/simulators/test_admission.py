"""A served district obeys only who knows its secret, reads no giant message, and goes on after both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from mosaik_api_v3.connection import Channel

from testbed.simulators.serve_district import DistrictServer
from testbed.wiring.admission import (
    LARGEST_BYTES,
    SECRET,
    NotAdmitted,
    enter,
    is_loopback,
    secret_mistake,
)
from testbed.wiring.pulse import PULSE
from tests.testbed.cli_runs import call

GOOD = "a secret of many characters"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


def served(secret: str, *talks: Talk) -> tuple[list[Any], list[str]]:
    """What each talk with one server gives, one after the other; what the server told."""
    told: list[str] = []

    async def all_talks() -> list[Any]:
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(DistrictServer(secret, told.append).serve("127.0.0.1", 0, listening.set_result))
        host, _, port = (await listening).rpartition(":")
        given = []
        for talk in talks:
            reader, writer = await asyncio.open_connection(host, int(port))
            given.append(await talk(reader, writer))
            writer.close()
        await asyncio.sleep(0.05)  # the server hears that they are gone
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return given
    return asyncio.run(all_talks()), told


def knowing(secret: str) -> Talk:
    """A caller with this secret, who asks whether the server lives."""
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        try:
            await enter(reader, writer, secret)
        except NotAdmitted as error:
            return str(error)
        channel = Channel(reader, writer)
        await channel.send(["init", (PULSE,), {"time_resolution": 1.0, "simulator": PULSE}])
        return await channel.send(["beat", [], {}])
    return talk


async def speaking_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"G" * 64)
    return await reader.readexactly(72)


async def sending_a_giant(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    await enter(reader, writer, GOOD)
    writer.write((300_000_000).to_bytes(4, "big") + b"[" * 1000)
    return await reader.read(1000)


def test_only_who_knows_the_secret_is_let_in() -> None:
    given, told = served(GOOD, knowing(GOOD), knowing(""), knowing("another secret"), knowing(GOOD))
    assert given[0] is True and given[3] is True
    assert all(f"it holds another secret: set the environment variable {SECRET}" in text for text in given[1:3])
    assert len(told) == 2 and "does not know the secret" in told[0]


def test_strangers_and_giants_are_turned_away_and_the_server_goes_on() -> None:
    given, told = served(GOOD, speaking_at_once, sending_a_giant, knowing(GOOD))
    assert given[0].endswith(b"refused\n") and given[1] == b"" and given[2] is True
    assert "does not know the secret" in told[0]
    assert f"a message of 300,000,000 bytes, at most {LARGEST_BYTES:,} are read" in told[1]


@pytest.mark.parametrize(("host", "is_near"), [("127.0.0.1", True), ("localhost", True), ("127.9.9.9", True),
                                               ("::1", True), ("0.0.0.0", False), ("10.0.0.7", False),
                                               ("my.host", False), ("::", False)])
def test_beyond_this_machine_a_secret_is_needed(host: str, is_near: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET, raising=False)
    assert is_loopback(host) is is_near and bool(secret_mistake(host)) is not is_near
    monkeypatch.setenv(SECRET, "short")
    assert bool(secret_mistake(host)) is not is_near
    monkeypatch.setenv(SECRET, GOOD)
    assert secret_mistake(host) == ""


def test_listening_to_the_world_without_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET, raising=False)
    done = call("serve-district", "--listen", "0.0.0.0:0")
    assert done.exit_code == 2 and SECRET in done.stderr and "127.0.0.1" in done.stderr
