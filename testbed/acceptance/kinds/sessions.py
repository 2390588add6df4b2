"""Recorded sessions as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import available_timezones

from models.mobility.recorded_sessions import read_sessions
from models.records.arrays import SECONDS_PER_HOUR, RecordError
from models.tables.table_format import TableFormat
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _answer(inputs: Inputs) -> Mapping[str, float]:
    zone = inputs.text("time_zone") if inputs.has("time_zone") else None
    if zone is not None and zone not in available_timezones():
        raise RecordError(f"time_zone = {zone!r:.40}, must be a name of the IANA database, as Europe/Berlin")
    read = read_sessions(str(inputs.file("sessions")), TableFormat(time_zone=zone))
    return {"sessions": float(read.count), "days": float(read.days),
            "plugged_h": float((read.departure_s - read.arrival_s).sum()) / SECONDS_PER_HOUR,
            "declared_h": float((read.declared_s - read.arrival_s).sum()) / SECONDS_PER_HOUR,
            "delivered_kwh": float(read.delivered_kwh.sum()), "requested_kwh": float(read.requested_kwh.sum())}


KIND = CaseKind(
    "sessions", "what recorded charging sessions say: how long cars were plugged in, and what they took",
    "sessions: table with arrival, departure, delivered_kwh and, if known, declared_departure, requested_kwh, station; "
    "time_zone: IANA name of the clock on which they are replayed",
    "sessions, days, plugged_h, declared_h, delivered_kwh, requested_kwh, each over all sessions", _answer)
