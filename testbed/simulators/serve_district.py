"""Serves whole districts to runs elsewhere: all simulators of a district in this one process.

mosaik opens one connection per simulator; `init` says which one it is to be, and of which run. The simulators of a
run share a drawer, so that only handles of their arrays cross the network. Several runs may be served at a time.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import mosaik_api_v3
from mosaik_api_v3.connection import EndOfRequests

from testbed.simulators.adapter import Adapter, meta_of
from testbed.simulators.border import Drawer
from testbed.wiring.admission import LARGEST_BYTES, BoundedReader, admits
from testbed.wiring.attributes import DISTRICT_SIMULATORS
from testbed.wiring.code_version import code_hash
from testbed.wiring.connections import channel_of
from testbed.wiring.pulse import PULSE
from testbed.wiring.run_spec import RunSpec

R = TypeVar("R")
Waiting = Generator[Awaitable[Any], Any, Any]
"""mosaik awaits what a simulator's method yields, and gives it the result."""
RUNS_KEPT = 8
"""Drawers of the latest runs; older ones are over."""


class CannotListen(ValueError):
    """The address is taken, foreign or unknown."""


class DistrictServer:
    """What the connections of one process have in common."""

    def __init__(self, secret: str = "", told: Callable[[str], None] = lambda text: None) -> None:
        """secret: what callers must know (testbed.wiring.admission). told: hears whom the server turned away."""
        self.secret, self.told = secret, told
        self.drawers: dict[str, Drawer] = {}
        self._work = ThreadPoolExecutor(max_workers=1)

    async def worked(self, action: Callable[..., R], *args: Any) -> R:
        """What the action gives, carried out beside the event loop: a server at work goes on answering for its pulse.

        One action at a time: the simulators of a run share a drawer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._work, action, *args)

    def drawer(self, run: str, spec: RunSpec) -> Drawer:
        """That of the run."""
        if run not in self.drawers:
            self.drawers[run] = Drawer(with_traces=spec.scenario.record.vehicles)
            for old in list(self.drawers)[:-RUNS_KEPT]:
                del self.drawers[old]
        return self.drawers[run]

    async def serve(self, host: str, port: int, listening: Callable[[str], None]) -> None:
        """Until cancelled; `listening` hears the address, which the system chooses for port 0."""
        try:
            server = await asyncio.start_server(self._connected, host, port)
        except OSError as error:
            raise CannotListen(f"{host}:{port}: {error.strerror or error}") from error
        bound_host, bound_port = server.sockets[0].getsockname()[:2]
        listening(f"{bound_host}:{bound_port}")
        async with server:
            await server.serve_forever()

    async def _is_admitted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            return await admits(reader, writer, self.secret)
        except ConnectionError:
            return False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = "{}:{}".format(*writer.get_extra_info("peername")[:2])
        if not await self._is_admitted(reader, writer):
            self.told(f"{caller} was turned away: it does not know the secret")
            writer.close()
            return
        bounded = BoundedReader(reader, lambda size: self.told(
            f"{caller} was turned away: a message of {size:,} bytes, at most {LARGEST_BYTES:,} are read"))
        channel = channel_of(bounded, writer)
        try:
            await mosaik_api_v3.run_simulator(channel, ServedSimulator(self), api_compliant=True)
        except (EndOfRequests, ConnectionError, asyncio.IncompleteReadError):
            pass  # the run is over, or its process died: nothing is left to be said to it
        finally:
            await channel.close()


class ServedSimulator(mosaik_api_v3.Simulator):
    """One connection: becomes the simulator that `init` names."""

    def __init__(self, server: DistrictServer) -> None:
        super().__init__(meta_of(DISTRICT_SIMULATORS[0]))  # type: ignore[no-untyped-call]  # until `init`
        self.server = server
        self.inner: Adapter | None = None

    def init(self, sid: str, time_resolution: float, *, simulator: str,  # type: ignore[override]
             spec: str = "", ledger_dir: str = "", run: str = "") -> Waiting:
        if simulator == PULSE:
            self.meta = self.meta | {"extra_methods": ["beat"]}
            return self.meta
        if simulator not in DISTRICT_SIMULATORS:
            raise ValueError(f"simulator {simulator!r}: served here are {', '.join(DISTRICT_SIMULATORS)}")
        return (yield self.server.worked(self._become, simulator, sid, time_resolution, spec, run))

    def _become(self, simulator: str, sid: str, time_resolution: float, spec: str, run: str) -> Any:
        module = importlib.import_module(f"testbed.simulators.{simulator}")
        made: Adapter = getattr(module, f"{simulator.capitalize()}Simulator")()
        made.border = self.server.drawer(run, _readable(RunSpec.from_json(spec)))
        self.inner = made
        meta = made.init(sid, time_resolution, spec=spec, ledger_dir=None)
        meta |= {"extra_methods": ["ledger"], "code": code_hash()}
        self.meta = meta
        return meta

    @property
    def served(self) -> Adapter:
        """The simulator itself, once `init` has made it."""
        if self.inner is None:
            raise RuntimeError("init comes first")
        return self.inner

    def create(self, num: int, model: str, **params: Any) -> Any:
        return self.served.create(num, model, **params)

    def setup_done(self) -> Waiting:  # type: ignore[override]
        yield self.server.worked(self.served.setup_done)

    def step(self, time: int, inputs: Any, max_advance: int) -> Waiting:  # type: ignore[override]
        return (yield self.server.worked(self.served.step, time, inputs, max_advance))

    def get_data(self, outputs: Mapping[str, list[str]]) -> Waiting:  # type: ignore[override]
        return (yield self.server.worked(self.served.get_data, outputs))

    def ledger(self) -> Any:
        """What the simulator says of its own run; asked for at the run's end."""
        return self.served.ledger()

    def beat(self) -> bool:
        """That this process lives; answered while its simulators are at work."""
        return True


def _readable(spec: RunSpec) -> RunSpec:
    """The spec, unless it asks to unpickle: that would run whatever the sender likes."""
    if spec.pickled is not None:
        raise ValueError(f"controller {spec.controller}: a district's server takes no pickled controller")
    return spec
