"""How simulators of others are started: a class in this process, a command, or an address where one listens."""

from __future__ import annotations

import asyncio
import importlib
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mosaik_api_v3
from mosaik.proxies import BaseProxy, LocalProxy, RemoteProxy
from mosaik.starters import Starter
from mosaik_api_v3.connection import Channel

from testbed.peers.proxy import PeerProxy, Terms, Unanswered
from testbed.users.code import CannotImport, import_file, told
from testbed.wiring.connections import channel_of
from testbed.wiring.failure import end_of_process

LOOK_S = 0.1


class PeerStarter(Starter):
    """Starts or reaches one simulator; `start` is as the scenario writes it."""

    api_version = None

    def __init__(self, start: str, terms: Terms, started: list[subprocess.Popen[bytes]]) -> None:
        """Processes that are started join `started`."""
        self._way, _, rest = start.partition(":")
        self._rest, self._terms, self._started = rest.strip(), terms, started

    @classmethod
    def from_starter_config(cls, starter_config: Any) -> Starter | None:
        """Not made from mosaik's words."""
        return None

    async def start(self, sim_id: str, mosaik_remote: Any, mosaik_config: Any) -> BaseProxy:
        """A proxy that looks at all answers. Unanswered says why there is none."""
        ways = {"python": self._in_process, "cmd": self._by_command, "connect": self._at_address}
        return PeerProxy(sim_id, await ways[self._way](sim_id, mosaik_remote), self._terms)

    async def _in_process(self, sim_id: str, mosaik_remote: Any) -> BaseProxy:
        kind = class_of(self._rest)
        try:
            return LocalProxy(kind(), mosaik_remote)
        except (Exception, SystemExit) as error:
            raise Unanswered(f"{self._rest} cannot be made: {told(error)}") from error

    async def _at_address(self, sim_id: str, mosaik_remote: Any) -> BaseProxy:
        host, _, port = self._rest.rpartition(":")
        try:
            opening = asyncio.open_connection(host, int(port))
            reader, writer = await asyncio.wait_for(opening, self._terms.patience_s)
        except (OSError, TimeoutError) as error:
            raise Unanswered(f"{self._rest} does not answer: {told(error)}") from error
        return RemoteProxy(channel_of(reader, writer, sim_id), mosaik_remote)

    async def _by_command(self, sim_id: str, mosaik_remote: Any) -> BaseProxy:
        connected: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.set_result(channel_of(reader, writer, sim_id))

        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            process = self._process(f"{host}:{port}")
            self._started.append(process)
            await self._until(connected, process)
            return RemoteProxy(connected.result(), mosaik_remote)
        finally:
            server.close()

    def _process(self, address: str) -> subprocess.Popen[bytes]:
        """In a process group of its own: Ctrl-C is for the command, which ends its simulators in order."""
        words = [word.replace("%(addr)s", address).replace("%(python)s", sys.executable)
                 for word in shlex.split(self._rest)]
        try:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, process_group=0)
        except OSError as error:
            raise Unanswered(f"`{self._rest}` cannot be started: {told(error)}") from error

    async def _until(self, connected: asyncio.Future[Channel], process: subprocess.Popen[bytes]) -> None:
        waited_s = 0.0
        while True:
            await asyncio.wait((connected,), timeout=LOOK_S)
            waited_s += LOOK_S
            if connected.done():
                return
            if why := end_of_process(f"`{self._rest}`", process.poll()):
                raise Unanswered(f"{why} before it connected to %(addr)s")
            if waited_s > self._terms.patience_s:
                raise Unanswered(f"`{self._rest}` did not connect to %(addr)s in {self._terms.patience_s:g} s "
                                 "(execution.patience_s)")


def class_of(words: str) -> Callable[[], mosaik_api_v3.Simulator]:
    """The class of `module:Class` or `file.py:Class`. Unanswered where there is none, or it is no simulator."""
    place, _, name = words.rpartition(":")
    try:
        module: Any = import_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except CannotImport as error:
        raise Unanswered(str(error)) from error
    except (Exception, SystemExit) as error:
        raise Unanswered(f"module {place} cannot be imported: {told(error)}") from error
    kind = getattr(module, name, None)
    if not (isinstance(kind, type) and issubclass(kind, mosaik_api_v3.Simulator)):
        raise Unanswered(f"{place} has no simulator {name}, a class derived from mosaik_api_v3.Simulator")
    return kind
