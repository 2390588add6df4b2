"""Connections to simulators elsewhere, whose other end may be killed."""

from __future__ import annotations

import asyncio
from typing import Protocol

from mosaik_api_v3.connection import Channel


class Reads(Protocol):
    """What mosaik asks of the stream that it reads from."""

    async def readexactly(self, count: int) -> bytes:
        """So many bytes; IncompleteReadError where the stream ends before."""
        ...


class EndingReader:
    """A stream that ends where its connection is torn.

    mosaik knows of ends alone: of anything else its reading task dies, with Python's words on the screen.
    """

    def __init__(self, reader: Reads) -> None:
        self._reader = reader

    async def readexactly(self, count: int) -> bytes:
        """As of a stream."""
        try:
            return await self._reader.readexactly(count)
        except ConnectionError as torn:
            raise asyncio.IncompleteReadError(b"", count) from torn


def channel_of(reader: Reads, writer: asyncio.StreamWriter, name: str = "") -> Channel:
    """mosaik's channel over the connection; its requests end with IncompleteReadError when the other end is gone."""
    return Channel(EndingReader(reader), writer, name=name)  # type: ignore[arg-type]  # of a stream it reads only
