"""Stations of a run and their connections, in an event loop of their own beside the run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from testbed.stations.profiles import Version
from testbed.stations.station import Event, Station, Stay

T = TypeVar("T")
SUBPROTOCOL: dict[Version, str] = {"2.0.1": "ocpp2.0.1", "2.1": "ocpp2.1"}


class NoManagement(ConnectionError):
    """Nobody answers at the address, or not in OCPP of that version."""


class Link:
    """Connections to one management system."""

    def __init__(self, address: str, version: Version, patience_s: float) -> None:
        self.address, self.version, self.patience_s = address.rstrip("/"), version, patience_s
        self.events: list[Event] = []
        self._stations: dict[str, Station] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="stations")
        self._thread.start()

    def open(self, names: list[str]) -> None:
        """Connect and boot a station under each name. NoManagement where that fails."""
        self._done(self._open(names))

    def step(self, now_s: int, stays: Mapping[str, Mapping[int, Stay]]) -> dict[str, dict[int, float | None]]:
        """One step of the stations named, side by side; powers by station and charger. ConnectionError if one is lost.
        """
        return self._done(self._step(now_s, stays))

    def close(self) -> None:
        """End all connections and the loop."""
        if self._loop.is_running():
            self._done(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _done(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self, names: list[str]) -> None:
        for name in names:
            try:
                connection = await connect(f"{self.address}/{name}", open_timeout=self.patience_s, proxy=None,
                                           subprotocols=[Subprotocol(SUBPROTOCOL[self.version])])
            except (OSError, WebSocketException, ValueError) as error:
                raise NoManagement(f"no management system that speaks OCPP {self.version} answers at {self.address}: "
                                   f"{type(error).__name__}: {error}") from error
            if connection.subprotocol is None:
                await connection.close()
                raise NoManagement(f"the management system at {self.address} does not speak OCPP {self.version} "
                                   f"(subprotocol {SUBPROTOCOL[self.version]})")
            self._stations[name] = Station(name, connection, self.version, self.patience_s, self.events)
            await self._stations[name].boot()

    async def _step(self, now_s: int, stays: Mapping[str, Mapping[int, Stay]]) -> dict[str, dict[int, float | None]]:
        powers = await asyncio.gather(*(self._stations[name].step(now_s, own) for name, own in stays.items()))
        return dict(zip(stays, powers, strict=True))

    async def _close(self) -> None:
        for station in self._stations.values():
            await station.close()
        self._stations.clear()
