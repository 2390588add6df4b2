"""What a management system may send as a charging profile, and the power that it says for an instant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Version = Literal["2.0.1", "2.1"]
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
"""Counted 00:00 in the times of messages."""
W_PER_KW = 1000.0


@dataclass(frozen=True)
class Refusal:
    """Why a profile is not taken: a reason code of at most 20 letters, as OCPP has them, and a sentence."""

    code: str
    text: str


@dataclass(frozen=True)
class Profile:
    """Powers by seconds from its start, kW at the bus; below 0 the car gives back."""

    start_s: int
    """Counted time."""
    end_s: float
    periods: tuple[tuple[int, float], ...]
    from_s: float = -math.inf
    """Before it the profile says nothing, whatever its schedule."""

    def power_kw(self, time_s: int) -> float | None:
        """What holds then; None where the profile says nothing."""
        if time_s < self.from_s:
            return None
        powers = [power for start, power in self.periods if self.start_s + start <= time_s < self.end_s]
        return powers[-1] if powers else None


def timestamp(time_s: int) -> str:
    """Counted time as messages have it."""
    return (EPOCH + timedelta(seconds=int(time_s))).strftime("%Y-%m-%dT%H:%M:%SZ")


def counted_s(text: str) -> int:
    """The inverse; ValueError for what is no time."""
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - EPOCH.timestamp())


def profile_of(told: Mapping[str, Any], transaction: str, now_s: int, version: Version) -> Profile | Refusal:
    """The profile in a `SetChargingProfile`, as the library gives it, for the transaction that runs at the charger."""
    if told.get("charging_profile_purpose") != "TxProfile":
        return Refusal("UnsupportedPurpose", "only profiles of a transaction (TxProfile) are taken")
    if told.get("charging_profile_kind") not in ("Absolute", "Relative"):
        return Refusal("UnsupportedKind", "the kind of a profile must be Absolute or Relative")
    if not transaction:
        return Refusal("TxNotFound", "no transaction runs at this charger")
    if told.get("transaction_id", transaction) != transaction:
        return Refusal("TxNotFound", f"transaction {told.get('transaction_id')} does not run here, {transaction} does")
    schedule, *others = told["charging_schedule"]
    if others:
        return Refusal("InvalidSchedule", "one schedule is taken, not several to choose from")
    if schedule.get("charging_rate_unit") != "W":
        return Refusal("UnsupportedRateUnit", "powers must be in W")
    return _scheduled({**told, **schedule}, now_s, version)


def _scheduled(schedule: Mapping[str, Any], now_s: int, version: Version) -> Profile | Refusal:
    """Of a schedule with the time for which its profile is valid."""
    times: dict[str, float] = {"start_schedule": now_s, "valid_from": -math.inf, "valid_to": math.inf}
    for name in [name for name in times if schedule.get(name) is not None]:
        try:
            times[name] = counted_s(schedule[name])
        except (TypeError, ValueError):
            return Refusal("InvalidSchedule", f"{name} {schedule[name]} is no time")
    powers = [(int(period["start_period"]), _power_w(period, version))
              for period in schedule["charging_schedule_period"]]
    starts = [start for start, _ in powers]
    if starts != sorted(set(starts)) or starts[0] != 0:
        return Refusal("InvalidSchedule", "periods must begin at 0 and follow each other")
    if any(power is None or not math.isfinite(power) for _, power in powers):
        return Refusal("InvalidSchedule", "a period has no limit, or one that is no finite number")
    if version == "2.0.1" and any(power is not None and power < 0 for _, power in powers):
        return Refusal("NegativeLimit", "in 2.0.1 cars only charge; giving back needs 2.1")
    start_s = int(times["start_schedule"])
    duration_s = schedule.get("duration")
    end_s = min(math.inf if duration_s is None else start_s + duration_s, times["valid_to"])
    return Profile(start_s, end_s, tuple((start, float(power or 0.0) / W_PER_KW) for start, power in powers),
                   times["valid_from"])


def _power_w(period: Mapping[str, Any], version: Version) -> float | None:
    """2.1: a set-point before a limit."""
    if version == "2.1" and period.get("setpoint") is not None:
        return float(period["setpoint"])
    return None if period.get("limit") is None else float(period["limit"])
