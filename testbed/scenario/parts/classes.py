"""Classes of cars and kinds of chargers of the scenario's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from testbed.scenario.parts.base import (
    BatteryRange,
    ChargerRange,
    ConsumptionRange,
    Efficiency,
    Name,
    Part,
    PathText,
    Share,
    ShareRange,
    Strategy,
    UsdPerYear,
    ZoneName,
)
from testbed.scenario.parts.tables import TimelessFormat

MOST_ZONES = 40
CurveName = Literal["constant", "ac_onboard", "dc_400v", "dc_800v"]
CurvePart = Literal["load", "charging", "discharging"]
CurveNumbers = Annotated[tuple[Share, ...], Field(min_length=1, max_length=100)]
Zones = Annotated[tuple[ZoneName, ...], Field(min_length=1, max_length=MOST_ZONES)]
LAWS_OF_TRIPS = ("profile", "parametric", "survey", "home", "taxi_shifts", "official_visits")
"""Words for how days are drawn; all else is a file."""
FAST_ZONE = "commercial"
"""Where ports of fast chargers are; those of slow ones are in every zone."""
USUAL_PORTS = 8
"""At each bus of its zones, of a kind of charger without a number (A)."""


def zones_of_kind(kind: str, own: ChargerKind | None, zones: tuple[str, ...]) -> tuple[str, ...]:
    """Zones with ports of a kind; own: what the scenario says of it, None of slow and fast ones."""
    if own is not None:
        return zones if own.zones is None else own.zones
    return tuple(zone for zone in zones if kind == "slow" or zone == FAST_ZONE)


class ChargerKind(Part):
    """A kind of charger beside slow and fast ones."""

    power_kw: ChargerRange
    """Power at the bus; a pair is drawn uniformly, per vehicle."""
    eta_charge: Efficiency = 0.933
    """Energy into the battery per energy from the bus: what plans count with."""
    eta_discharge: Efficiency = 0.933
    """Energy to the bus per energy out of the battery."""
    curve: CurveName | dict[CurvePart, CurveNumbers] = "constant"
    """Efficiency by load, in the fleet alone: a named curve, or numbers of your own, `load` (shares of the rated power
    that rise to 1), `charging` and `discharging` (efficiencies there)."""
    taper_start_soc: Share = 1.0
    """Above it the limit of charging falls linearly to 0 at a full battery."""
    v2g_charger_usd_per_year: UsdPerYear = 120.0
    """What a bidirectional one costs its owner a year above a one-way one."""
    zones: Zones | None = None
    """Where its ports are, null: in every zone; elsewhere its cars cannot charge."""
    own_transformer: bool = False
    """true: not behind the bus's own MV/LV transformer."""


class VehicleClass(Part):
    """A class of cars; null: as `fleet` has it for all."""

    home_zone: ZoneName = "residential"
    """Where its cars stand before their first trip."""
    charger: Name = "slow"
    """`slow`, `fast` or one of `fleet.charger_kinds`."""
    charger_kw: ChargerRange | None = None
    """Power of its chargers at the bus; null: that of their kind."""
    capacity_kwh: BatteryRange = (50.0, 60.0)
    """Batteries."""
    bidirectional_share: Share = 1.0
    """Share whose charger can discharge."""
    trips: PathText = "profile"
    """How their days are drawn: `profile` (as `fleet.trips`), `parametric`, `survey`, `home`, `taxi_shifts`,
    `official_visits`; or a CSV file with one row per trip, or the name of one that comes along."""
    trips_format: TimelessFormat = TimelessFormat()
    """How the file of `trips` is written, where it does not say so itself."""
    habit: bool = False
    """Whether `drivers.habit`, if there is one, decides when its cars are plugged in."""
    strategy: Strategy = "dispatched"
    """What they agree to, whatever the controller; see `districts.N.strategies`."""
    enrolled_share: Share | None = None
    """Share under contract; null: `drivers.enrolled_share`."""
    consumption_kwh_per_km: ConsumptionRange | None = None
    """Energy driven per distance."""
    soc_wanted: ShareRange | None = None
    """State of charge that drivers want at departure."""
    soc_initial: ShareRange | None = None
    """State of charge as the warm-up begins."""
