"""One charging station at one bus, with a charger (EVSE) for each car that may stand there, speaking OCPP.

A transaction is a stay. The station reports plug-in, charging needs and meter values; profiles come back.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ocpp.charge_point import ChargePoint
from ocpp.routing import on
from ocpp.v21 import ChargePoint as ChargePoint21
from ocpp.v21 import call as call21
from ocpp.v21 import call_result as result21
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201

from testbed.stations.profiles import Profile, Refusal, Version, profile_of, timestamp

CALLS: dict[Version, Any] = {"2.0.1": call201, "2.1": call21}
RESULTS: dict[Version, Any] = {"2.0.1": result201, "2.1": result21}
VOLTAGE_V, PHASES = 230, 3
LONGEST_REASON = 20


@dataclass(frozen=True)
class Stay:
    """A car at a charger, as its driver and the meter tell."""

    car: int
    transaction: str
    departure_s: int
    energy_wh: int
    """Missing to what the driver wants."""
    p_charge_max_w: int
    p_discharge_max_w: int
    soc_percent: float


@dataclass
class Charger:
    """What is known of a charger between two steps."""

    stay: Stay
    sequence: int = 0
    profile: Profile | None = None
    arrived: bool = False
    """Whether a profile has come since the step began."""


@dataclass(frozen=True)
class Event:
    """What did not go as it should: where, when, and a reason code."""

    time_s: int
    station: str
    evse: int
    code: str
    text: str


class Station:
    """A station and its connection; all of it lives in one event loop."""

    def __init__(self, name: str, connection: Any, version: Version, patience_s: float, events: list[Event]) -> None:
        self.name, self._version, self._events = name, version, events
        self._patience_s = patience_s
        self.chargers: dict[int, Charger] = {}
        self._now_s = 0
        self._news = asyncio.Event()
        self._is_open = False
        """Whether profiles still count for the present step."""
        self._connection = connection
        self._point = _point(self, name, connection, version, patience_s)
        self.listening = asyncio.ensure_future(self._point.start())

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()
        await asyncio.wait({self.listening}, timeout=1.0)
        if self.listening.done() and not self.listening.cancelled():
            self.listening.exception()  # that it was closed is no news

    async def boot(self) -> None:
        """Tell the management system that the station is there."""
        await self._say("BootNotification", 0, charging_station={"model": "testbed", "vendor_name": "testbed"},
                        reason="PowerUp")

    async def step(self, now_s: int, stays: Mapping[int, Stay]) -> dict[int, float | None]:
        """Report what has changed, wait for profiles, and give the power of each charger, kW; None where nothing holds.

        Within patience it is waited for a profile of each charger, unless one that says how long it holds still does.
        """
        self._now_s, self._is_open = now_s, True
        for charger in self.chargers.values():
            charger.arrived = False
        for evse in [evse for evse, charger in self.chargers.items()
                     if evse not in stays or stays[evse].transaction != charger.stay.transaction]:
            await self._ended(evse)
        for evse, stay in stays.items():
            await (self._updated(evse, stay) if evse in self.chargers else self._started(evse, stay))
        await self._covered()
        self._is_open = False
        return {evse: self._power(evse) for evse in stays}

    def profile_came(self, evse: int, told: Mapping[str, Any]) -> Refusal | None:
        """Take a profile, or say why not."""
        charger = self.chargers.get(evse)
        made = profile_of(told, charger.stay.transaction if charger else "", self._now_s, self._version)
        if isinstance(made, Refusal) or charger is None:
            assert isinstance(made, Refusal)
            self._note(evse, made.code, made.text)
            return made
        if not self._is_open:
            self._note(evse, "Late", "came after the step it could have been for; it holds from the next on")
        charger.profile, charger.arrived = made, True
        self._news.set()
        return None

    def _power(self, evse: int) -> float | None:
        charger = self.chargers[evse]
        return None if charger.profile is None else charger.profile.power_kw(self._now_s)

    async def _covered(self) -> None:
        """Wait until no charger needs news, at most the patience."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        while any(self._needs_news(charger) for charger in self.chargers.values()) and loop.time() < until:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), until - loop.time())
        for evse in self.chargers:
            if self._power(evse) is None:
                self._note(evse, "NoProfile", "no profile within patience; the car is free")

    def _needs_news(self, charger: Charger) -> bool:
        """Whether nothing has come in this step, and nothing from before says that it holds now."""
        before = charger.profile
        return not charger.arrived and (before is None or math.isinf(before.end_s) or before.end_s <= self._now_s)

    # ---------------------------------------------------------------- reports
    async def _started(self, evse: int, stay: Stay) -> None:
        self.chargers[evse] = Charger(stay)
        await self._say("StatusNotification", evse, timestamp=timestamp(self._now_s), connector_status="Occupied",
                        evse_id=evse, connector_id=1)
        await self._transaction(evse, "Started", "CablePluggedIn")
        await self._say("NotifyEVChargingNeeds", evse, evse_id=evse, charging_needs=_needs(stay, self._version))

    async def _updated(self, evse: int, stay: Stay) -> None:
        before, self.chargers[evse].stay = self.chargers[evse].stay, stay
        await self._transaction(evse, "Updated", "MeterValuePeriodic")
        if stay.departure_s != before.departure_s:
            await self._say("NotifyEVChargingNeeds", evse, evse_id=evse, charging_needs=_needs(stay, self._version))

    async def _ended(self, evse: int) -> None:
        await self._transaction(evse, "Ended", "EVDeparted", stopped_reason="EVDisconnected")
        del self.chargers[evse]
        await self._say("StatusNotification", evse, timestamp=timestamp(self._now_s), connector_status="Available",
                        evse_id=evse, connector_id=1)

    async def _transaction(self, evse: int, kind: str, trigger: str, **more: Any) -> None:
        charger = self.chargers[evse]
        values = [{"value": round(charger.stay.soc_percent, 3), "measurand": "SoC"}]
        await self._say("TransactionEvent", evse, event_type=kind, timestamp=timestamp(self._now_s),
                        trigger_reason=trigger, seq_no=charger.sequence, evse={"id": evse},
                        transaction_info={"transaction_id": charger.stay.transaction, **more},
                        meter_value=[{"timestamp": timestamp(self._now_s), "sampled_value": values}])
        charger.sequence += 1

    async def _say(self, action: str, at: int, /, **content: Any) -> None:
        """One message; no answer within patience, or an error in its place, is noted and the run goes on."""
        request = getattr(CALLS[self._version], action)(**content)
        answering = asyncio.ensure_future(self._point.call(request, suppress=False))
        await asyncio.wait({answering, self.listening}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            answering.cancel()
            raise ConnectionError(f"the management system has closed the connection of station {self.name}")
        if (error := answering.exception()) is not None:
            is_late = isinstance(error, TimeoutError)
            self._note(at, "Silent" if is_late else "CallError",
                       f"{action}: {'no answer within patience' if is_late else error}")

    def _note(self, evse: int, code: str, text: str) -> None:
        self._events.append(Event(self._now_s, self.name, evse, code, text))


def _point(station: Station, name: str, connection: Any, version: Version, patience_s: float) -> ChargePoint:
    """The library's end of the connection, which gives profiles to the station."""
    kind: Any = {"2.0.1": ChargePoint201, "2.1": ChargePoint21}[version]

    class Point(kind):  # type: ignore[misc]
        @on("SetChargingProfile")  # type: ignore[untyped-decorator]
        def profile(self, evse_id: int, charging_profile: dict[str, Any], **_: Any) -> Any:
            refusal = station.profile_came(evse_id, charging_profile)
            if refusal is None:
                return RESULTS[version].SetChargingProfile(status="Accepted")
            info = {"reason_code": refusal.code[:LONGEST_REASON], "additional_info": refusal.text}
            return RESULTS[version].SetChargingProfile(status="Rejected", status_info=info)

    point: ChargePoint = Point(name, connection, response_timeout=patience_s)
    return point


def _needs(stay: Stay, version: Version) -> dict[str, Any]:
    """By the driver's word; in 2.1 with what the charger can give back."""
    current_a = round(stay.p_charge_max_w / (VOLTAGE_V * PHASES))
    needs: dict[str, Any] = {
        "requested_energy_transfer": "AC_three_phase", "departure_time": timestamp(stay.departure_s),
        "ac_charging_parameters": {"energy_amount": stay.energy_wh, "ev_min_current": 0, "ev_max_current": current_a,
                                   "ev_max_voltage": VOLTAGE_V}}
    if version == "2.1" and stay.p_discharge_max_w > 0:
        needs["requested_energy_transfer"] = "AC_BPT"
        needs["v2x_charging_parameters"] = {
            "max_charge_power": stay.p_charge_max_w, "max_discharge_power": stay.p_discharge_max_w,
            "ev_target_energy_request": stay.energy_wh}
    return needs
