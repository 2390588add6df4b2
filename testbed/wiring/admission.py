"""Who may speak to a served district, and how much at once.

Before mosaik's messages each connection begins with a question: the server sends a random line, and the caller answers
with its keyed hash (HMAC-SHA256) under a secret that both know, so that the secret itself never travels. Without a
secret the key is empty: then only this machine may be listened to. What is said is not encrypted.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Callable

SECRET = "TESTBED_SECRET"
"""Environment variable with what servers and runs know in common."""
SHORTEST_SECRET = 16
"""Characters."""
LARGEST_BYTES = 64_000_000
"""Of one message: a district of a hundred thousand cars sends a tenth of it in a step."""
PATIENCE_S = 10.0
"""For an answer."""
NONCE_BYTES = 32
WELCOME, REFUSED = b"welcome\n", b"refused\n"


class NotAdmitted(ConnectionError):
    """The server holds another secret, or is none of this testbed."""


class TooLarge(asyncio.IncompleteReadError):
    """A message that is not read; to mosaik it looks like the end of the connection."""


def shared_secret() -> str:
    """What the environment says; empty without."""
    return os.environ.get(SECRET, "")


def secret_mistake(host: str) -> str:
    """Why nobody should listen at this host; empty where the loopback or a good secret guards it."""
    if is_loopback(host) or len(shared_secret()) >= SHORTEST_SECRET:
        return ""
    return (f"reaches beyond this machine, so the environment variable {SECRET} must hold a secret of "
            f"{SHORTEST_SECRET} characters or more, here and where the runs are; or listen on 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it; a name other than localhost is taken to be reached by others."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def admits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: str) -> bool:
    """The server's part: whether the caller knows the secret; tells the caller."""
    nonce = secrets.token_hex(NONCE_BYTES).encode()
    writer.write(nonce)
    await writer.drain()
    try:
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.readexactly(2 * NONCE_BYTES)
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
        return False
    is_right = hmac.compare_digest(answer, _answer(nonce, secret))
    writer.write(WELCOME if is_right else REFUSED)
    await writer.drain()
    return is_right


async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: str) -> None:
    """The caller's part; NotAdmitted if the server does not let it in."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            nonce = await reader.readexactly(2 * NONCE_BYTES)
            writer.write(_answer(nonce, secret))
            await writer.drain()
            said = await reader.readexactly(len(WELCOME))
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        raise NotAdmitted("who listens there is no `testbed serve-district` of this version") from error
    if said != WELCOME:
        raise NotAdmitted(f"it holds another secret: set the environment variable {SECRET} as it is there")


def _answer(nonce: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), nonce, hashlib.sha256).hexdigest().encode()


class BoundedReader:
    """A stream of mosaik's messages, of which none is larger than LARGEST_BYTES."""

    def __init__(self, reader: asyncio.StreamReader, refused: Callable[[int], None]) -> None:
        self._reader, self._refused = reader, refused

    async def readexactly(self, count: int) -> bytes:
        """As of a stream; TooLarge before anything of a message that is too large is read."""
        if count > LARGEST_BYTES:
            self._refused(count)
            raise TooLarge(b"", count)
        return await self._reader.readexactly(count)
