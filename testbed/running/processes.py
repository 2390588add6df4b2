"""Simulators in other processes, started or reached for mosaik, and watched: one that is lost ends the run at once.

mosaik lets a starter of one's own say how a simulator is reached (mosaik.starters.Starter). Ours differs from mosaik's
in what happens when the other end dies or stops: mosaik waits for an answer; here every request of the run fails with
the name of the simulator, the simulated time and the cause.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from mosaik.proxies import BaseProxy
from mosaik.starters import Starter
from mosaik_api_v3.connection import Channel

from testbed.running.large_blocks import environment_of_children
from testbed.wiring.admission import enter, shared_secret
from testbed.wiring.connections import channel_of
from testbed.wiring.failure import Failure, SimulatorFailure, end_of_process
from testbed.wiring.pulse import PERIOD_S, PULSE, pulse_file
from testbed.wiring.stopping import ctrl_c_blocked

GRACE_S = 5.0
"""For a simulator to end in order when the run is over; then it is killed."""
BROKEN = (OSError, EOFError)
"""What a connection throws when its other end is gone."""


class Watch(Protocol):
    """Looks at the other end of a connection."""

    async def begin(self) -> None:
        """Before the first look."""
        ...

    @property
    def what(self) -> str:
        """The other end, in words."""
        ...

    def gone(self) -> str:
        """Why it is gone; empty while it is there."""
        ...

    def sign(self) -> Any:
        """Something that changes while it lives."""
        ...

    async def end(self) -> None:
        """No more looks."""
        ...


class Fates:
    """What the processes of one run have in common: the first that is lost ends all."""

    def __init__(self, patience_s: float, warmup_s: int, days: int = 1) -> None:
        self.patience_s, self.warmup_s = patience_s, warmup_s
        self.environment = environment_of_children(days)
        self.started: list[subprocess.Popen[bytes]] = []
        self._lost: asyncio.Future[Failure] | None = None

    @property
    def lost(self) -> asyncio.Future[Failure]:
        """Done when a process is lost; asked for within mosaik's loop only."""
        if self._lost is None:
            self._lost = asyncio.get_running_loop().create_future()
        return self._lost

    def report(self, failure: Failure) -> None:
        """The first report counts."""
        if not self.lost.done():
            self.lost.set_result(failure)

    def kill(self) -> None:
        """No process that was started here outlives the run, stopped ones included."""
        for process in self.started:
            if process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.0 if self._lost is not None and self._lost.done() else GRACE_S)
                process.kill()
            process.wait()


class WatchedProxy(BaseProxy):
    """A simulator at the other end of a connection, as mosaik sees it."""

    def __init__(self, name: str, channel: Channel, fates: Fates, watch: Watch) -> None:
        super().__init__()
        self.name, self._channel, self._fates, self._watch = name, channel, fates, watch
        self._time_s = 0
        self._looking = asyncio.create_task(self._look())

    @property
    def meta(self) -> Any:
        """As the simulator gave it."""
        return self._meta

    async def init(self, sid: str, **params: Any) -> list[int]:
        """Its first request; the version of mosaik's interface that it speaks."""
        self._meta = await self.send(["init", (sid,), params])
        return [int(part) for part in self._meta["api_version"].split(".")]

    async def send(self, request: Any) -> Any:
        """The answer; SimulatorFailure as soon as any process of the run is lost."""
        name, args, _ = request
        if name == "step":
            self._time_s = args[0]
        answer = asyncio.ensure_future(self._channel.send(request))
        try:
            await asyncio.wait((answer, self._fates.lost), return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
        except BROKEN:
            self._fates.report(self._failure(await self._why()))
        finally:
            answer.cancel()
        raise SimulatorFailure(self._fates.lost.result())

    async def stop(self) -> None:
        """Ask it to end, and close the connection; never waits for one that is lost."""
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        await self._watch.end()
        if not self._fates.lost.done():
            farewell = asyncio.ensure_future(self._channel.send(["stop", [], {}]))
            await asyncio.wait((farewell,), timeout=GRACE_S)  # its answer is that the connection ends
            farewell.cancel()
            if farewell.done() and not farewell.cancelled():
                farewell.exception()
        await _closed(self._channel)

    async def _look(self) -> None:
        """Once a second: is it there, does it live? Seconds in which this process itself stood still do not count."""
        await self._watch.begin()
        last, silent_s = None, 0.0
        while not self._fates.lost.done():
            await asyncio.sleep(PERIOD_S)
            if why := self._watch.gone():
                self._fates.report(self._failure(why))
            sign = self._watch.sign()
            silent_s = silent_s + PERIOD_S if sign == last else 0.0
            last = sign
            if silent_s >= self._fates.patience_s:
                self._fates.report(self._failure(
                    f"{self._watch.what} is silent for {self._fates.patience_s:g} s (execution.patience_s): "
                    "stopped, or it hangs"))

    async def _why(self) -> str:
        """The end of a process may be known a little later than that of its connection."""
        for _ in range(20):
            if why := self._watch.gone():
                return why
            await asyncio.sleep(0.1)
        return f"connection to {self._watch.what} lost"

    def _failure(self, why: str) -> Failure:
        return Failure(self.name, self._time_s - self._fates.warmup_s, why)


# ---------------------------------------------------------------- a process of this run
class OwnProcess(Starter):
    """A simulator in a process of its own."""

    api_version = None

    def __init__(self, simulator: str, folder: Path, fates: Fates) -> None:
        self.simulator, self.folder, self.fates = simulator, folder, fates

    @classmethod
    def from_starter_config(cls, starter_config: Any) -> Starter | None:
        """Not made from mosaik's words."""
        return None

    async def start(self, sim_id: str, mosaik_remote: Any, mosaik_config: Any) -> BaseProxy:
        """Start the process and wait until it has connected."""
        connected: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.set_result(channel_of(reader, writer, sim_id))

        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            watch = ProcessWatch(self._popen(f"{host}:{port}"), pulse_file(self.folder, self.simulator))
            self.fates.started.append(watch.process)
            await self._until(connected, watch)
            return WatchedProxy(sim_id, connected.result(), self.fates, watch)
        finally:
            server.close()

    def _popen(self, address: str) -> subprocess.Popen[bytes]:
        """In a group of its own and deaf to Ctrl-C, which is for the command: it ends its simulators in order."""
        words = [sys.executable, "-m", "testbed.simulators.serve", self.simulator, str(self.folder),
                 str(os.getpid()), address]
        with ctrl_c_blocked():
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, process_group=0, env=self.fates.environment)

    async def _until(self, connected: asyncio.Future[Channel], watch: ProcessWatch) -> None:
        waited_s = 0.0
        while not connected.done():
            await asyncio.wait((connected,), timeout=PERIOD_S / 4)
            waited_s += PERIOD_S / 4
            why = watch.gone() or ("its process did not connect" if waited_s > self.fates.patience_s else "")
            if why and not connected.done():
                raise SimulatorFailure(Failure(self.simulator, -self.fates.warmup_s, why))


class ProcessWatch:
    """See Watch: a process of this machine, which counts its beats in a file."""

    def __init__(self, process: subprocess.Popen[bytes], pulse: Path) -> None:
        self.process, self._pulse = process, pulse

    async def begin(self) -> None:
        """See Watch."""

    @property
    def what(self) -> str:
        """See Watch."""
        return f"its process {self.process.pid}"

    def gone(self) -> str:
        """See Watch."""
        return end_of_process(self.what, self.process.poll())

    def sign(self) -> str:
        """See Watch."""
        with suppress(OSError):
            return self._pulse.read_text(encoding="utf-8")
        return ""

    async def end(self) -> None:
        """See Watch."""


# ---------------------------------------------------------------- a district served elsewhere
class Served(Starter):
    """A simulator of a district that a `testbed serve-district` simulates."""

    api_version = None

    def __init__(self, address: str, fates: Fates) -> None:
        self.address, self.fates = address, fates

    @classmethod
    def from_starter_config(cls, starter_config: Any) -> Starter | None:
        """Not made from mosaik's words."""
        return None

    async def start(self, sim_id: str, mosaik_remote: Any, mosaik_config: Any) -> BaseProxy:
        """Connect; OSError where nobody listens."""
        return WatchedProxy(sim_id, await _connected(self.address, sim_id), self.fates, ServerWatch(self.address))


async def _closed(channel: Channel) -> None:
    """However its other end is."""
    with suppress(*BROKEN, asyncio.TimeoutError):
        await asyncio.wait_for(channel.close(), 1.0)


async def _connected(address: str, name: str) -> Channel:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        await enter(reader, writer, shared_secret())
    except BaseException:  # who is no longer waited for leaves no open connection either
        writer.close()
        raise
    return channel_of(reader, writer, name)


async def _while_open(channel: Channel, talk: Coroutine[Any, Any, None]) -> None:
    """The talk until the other end closes the channel: mosaik's own would wait for ever for an answer after that."""
    talking, ending = asyncio.ensure_future(talk), asyncio.ensure_future(channel.next_request())
    try:
        await asyncio.wait({talking, ending}, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():  # it asks nothing, so this is the end of the connection
            raise EOFError
        await talking
    finally:
        for task in (talking, ending):
            task.cancel()
        await asyncio.gather(talking, ending, return_exceptions=True)


class ServerWatch:
    """See Watch: a server anywhere, asked for its beat over a connection of its own."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._beats = 0
        self._why = ""
        self._asking: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """See Watch."""
        self._asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        try:
            channel = await _connected(self._address, PULSE)
            try:
                await _while_open(channel, self._count(channel))
            finally:
                await _closed(channel)
        except BROKEN:
            self._why = f"connection to {self.what} lost"

    async def _count(self, channel: Channel) -> None:
        await channel.send(["init", (PULSE,), {"time_resolution": 1.0, "simulator": PULSE}])
        while True:
            await channel.send(["beat", [], {}])
            self._beats += 1
            await asyncio.sleep(PERIOD_S)

    @property
    def what(self) -> str:
        """See Watch."""
        return f"`testbed serve-district` at {self._address}"

    def gone(self) -> str:
        """See Watch."""
        return self._why

    def sign(self) -> int:
        """See Watch."""
        return self._beats

    async def end(self) -> None:
        """See Watch."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
