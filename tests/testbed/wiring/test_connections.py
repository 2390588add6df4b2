"""A connection that is torn is told as one that has ended, and nothing of it is left for Python to complain about."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
from typing import Any

import pytest

from testbed.wiring.connections import channel_of

RESET = struct.pack("ii", 1, 0)
"""Of SO_LINGER: closing sends a reset, as the kernel does for a killed process that had unread bytes."""


def test_a_request_over_a_torn_connection_ends() -> None:
    complaints: list[dict[str, Any]] = []

    async def talk() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

        async def tear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(4)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        server = await asyncio.start_server(tear, "127.0.0.1", 0)
        channel = channel_of(*await asyncio.open_connection(*server.sockets[0].getsockname()[:2]))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await channel.send(["step", (0, {}, 1), {}])
        with pytest.raises(Exception, match=r"^$"):
            await channel.next_request()
        server.close()

    asyncio.run(asyncio.wait_for(talk(), 20))
    gc.collect()
    assert complaints == []
