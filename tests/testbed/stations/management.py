"""A small charging management system, on loopback: it answers every report and sends the profiles that it is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from ocpp.routing import on
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call21
from ocpp.v21 import call_result as result21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from testbed.stations.profiles import counted_s, timestamp

Manners = Literal["good", "silent", "throwing", "leaving"]
Decide = Callable[[str, int, int], Any]
"""(station, charger, counted time) -> kW, a whole profile, or None for nothing."""


async def _good(connection: Any) -> None:
    """As it should be."""


async def _silent(connection: Any) -> None:
    await asyncio.sleep(60)


async def _throwing(connection: Any) -> None:
    raise LookupError("no such tariff")


async def _leaving(connection: Any) -> None:
    await connection.close()


MANNERS = {"good": _good, "silent": _silent, "throwing": _throwing, "leaving": _leaving}


class Management:
    """Runs in a thread of its own while the block lasts; `heard` has all reports, `answers` those to profiles."""

    def __init__(self, decide: Decide, version: str = "2.0.1", manners: Manners = "good", wait_s: float = 0.0) -> None:
        """version: empty for a system that speaks no OCPP; manners: what it does when a stay is reported."""
        self.decide, self.version, self.manners, self.wait_s = decide, version, manners, wait_s
        self.heard: list[tuple[str, str, dict[str, Any]]] = []
        self.answers: list[Any] = []
        self.steering: list[asyncio.Future[None]] = []
        self._up = threading.Event()

    def __enter__(self) -> Management:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._until_over())
        self._loop.close()

    async def _until_over(self) -> None:
        self._over = asyncio.Event()
        spoken = [Subprotocol(f"ocpp{self.version}")] if self.version else None
        async with serve(self._station, "127.0.0.1", 0, subprotocols=spoken) as server:
            self.address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self._up.set()
            await self._over.wait()

    async def _station(self, connection: Any) -> None:
        with suppress(Exception):
            await point(self, connection.request.path.strip("/"), connection).start()

    def profile(self, power_kw: float, transaction: str, now_s: int) -> dict[str, Any]:
        """A power from now on."""
        period = {"start_period": 0, "setpoint" if self.version == "2.1" else "limit": 1000.0 * power_kw}
        if self.version == "2.1":
            period["operation_mode"] = "CentralSetpoint"
        return {"id": 1, "stack_level": 0, "charging_profile_purpose": "TxProfile",
                "charging_profile_kind": "Absolute", "transaction_id": transaction,
                "charging_schedule": [{"id": 1, "start_schedule": timestamp(now_s), "charging_rate_unit": "W",
                                       "charging_schedule_period": [period]}]}


def point(system: Management, name: str, connection: Any) -> Any:
    """The system's end of one station."""
    is_new = system.version == "2.1"
    kind: Any = ChargePoint21 if is_new else ChargePoint201
    call, result = (call21, result21) if is_new else (call201, result201)

    class Point(kind):
        @on("BootNotification")
        def boot(self, **content: Any) -> Any:
            return result.BootNotification(current_time=timestamp(0), interval=300, status="Accepted")

        @on("StatusNotification")
        def status(self, **content: Any) -> Any:
            system.heard.append((name, "StatusNotification", content))
            return result.StatusNotification()

        @on("NotifyEVChargingNeeds")
        def needs(self, **content: Any) -> Any:
            system.heard.append((name, "NotifyEVChargingNeeds", content))
            return result.NotifyEVChargingNeeds(status="Accepted")

        @on("TransactionEvent")
        async def transaction(self, **content: Any) -> Any:
            system.heard.append((name, "TransactionEvent", content))
            await MANNERS[system.manners](connection)
            if content["event_type"] != "Ended":
                system.steering.append(asyncio.ensure_future(self.steer(content)))
            return result.TransactionEvent()

        async def steer(self, content: dict[str, Any]) -> None:
            evse, now_s = content["evse"]["id"], counted_s(content["timestamp"])
            said = system.decide(name, evse, now_s)
            if said is None:
                return
            await asyncio.sleep(system.wait_s)
            profile = said if isinstance(said, dict) else system.profile(
                said, content["transaction_info"]["transaction_id"], now_s)
            system.answers.append(await self.call(call.SetChargingProfile(evse_id=evse, charging_profile=profile)))

    return Point(name, connection)
