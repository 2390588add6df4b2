"""Fleet and drivers of a scenario."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from models.drivers.behaviours import REFUSALS
from models.records.groups import ZONES
from testbed.scenario.parts.base import (
    BatteryRange,
    Between,
    ChargerRange,
    ConsumptionRange,
    Efficiency,
    Name,
    Part,
    PricePerKwh,
    Share,
    ShareRange,
    UsdPerYear,
    Weight,
    YearsRange,
)
from testbed.scenario.parts.classes import ChargerKind, VehicleClass, Zones


class Fleet(Part):
    """Batteries and chargers; a pair [lowest, highest] is drawn uniformly, per vehicle."""

    private_capacity_kwh: BatteryRange = (50.0, 60.0)
    """Batteries of private cars."""
    taxi_capacity_kwh: BatteryRange = (60.0, 60.0)
    """Batteries of taxis."""
    government_capacity_kwh: BatteryRange = (50.0, 60.0)
    """Batteries of government cars."""
    slow_charger_kw: ChargerRange = (7.0, 7.0)
    """Power of slow chargers (private and government cars), at the bus."""
    fast_charger_kw: ChargerRange = (30.0, 60.0)
    """Power of fast chargers (taxis), at the bus."""
    eta_charge: Efficiency = 0.933
    """Energy into the battery per energy from the bus, through slow chargers: what plans count with."""
    eta_discharge: Efficiency = 0.933
    """Energy to the bus per energy out of the battery, through slow chargers."""
    fast_eta_charge: Efficiency = 0.95
    """Energy into the battery per energy from the bus, through fast chargers."""
    fast_eta_discharge: Efficiency = 0.95
    """Energy to the bus per energy out of the battery, through fast chargers."""
    slow_charger_curve: Literal["constant", "ac_onboard", "dc_400v", "dc_800v"] = "ac_onboard"
    """Efficiency of slow chargers by load, in the fleet alone: plans keep the pair above, which is `constant`."""
    fast_charger_curve: Literal["constant", "ac_onboard", "dc_400v", "dc_800v"] = "constant"
    """The same for fast chargers."""
    connection_loss_share: Annotated[float, Between(0, 0.1)] = 0.0
    """Lost in the cable from the bus to a charger at its rated power, as a share of it; grows with the load squared."""
    slow_v2g_charger_usd_per_year: UsdPerYear = 120.0
    """What a bidirectional slow charger costs its owner a year above a one-way one."""
    fast_v2g_charger_usd_per_year: UsdPerYear = 600.0
    """The same for a fast charger."""
    shortfall_usd_per_kwh: PricePerKwh = 1.0
    """What an owner holds each kWh missing at departure to be worth; in owner statements alone."""
    soc_min: Share = 0.2
    """Lowest state of charge that driving may leave."""
    soc_max: Share = 0.9
    """Highest state of charge that charging may reach."""
    soc_floor_v2g: Share = 0.35
    """Discharging into the grid stops here."""
    soc_wanted: ShareRange = (0.8, 0.9)
    """State of charge that drivers want at departure."""
    soc_initial: ShareRange = (0.4, 0.6)
    """State of charge as the warm-up begins; private cars with a `drivers.habit` begin as that leaves them."""
    slow_taper_start_soc: Share = 1.0
    """Above it the limit of slow charging falls linearly to 0 at a full battery."""
    fast_taper_start_soc: Share = 0.8
    """Above it the limit of fast charging falls linearly to 0 at a full battery."""
    consumption_kwh_per_km: ConsumptionRange = (0.15, 0.20)
    """Energy driven per distance."""
    age_years: YearsRange = (0.5, 8.0)
    """Age of the batteries at the start."""
    trips: Literal["profile", "parametric", "survey", "home"] = "profile"
    """Private cars' days: normal laws of departure, arrival and distance, drawn from a travel survey's tables, or those
    of cars that charge at home; `profile`: `home` with the driver profiles `home` and `uk`, else `parametric`."""
    first_weekday: Annotated[int, Between(0, 6)] = 0
    """survey, home: weekday of the first counted day, 0 = Monday; these tell weekdays and weekends apart."""
    private_bidirectional_share: Share = 1.0
    """Share of private cars whose charger can discharge."""
    taxi_bidirectional_share: Share = 0.0
    """Share of taxis whose charger can discharge."""
    government_bidirectional_share: Share = 1.0
    """Share of government cars whose charger can discharge."""
    fast_charge_usd_per_kwh: PricePerKwh = 0.20
    """What an owner pays for energy charged on the way, outside the districts."""
    zones: Zones = ZONES
    """Zones, sets of buses, of any name; where trips follow a law, `residential`, `commercial` and `office` come first.
    Each district says in its `zone_map` which buses they are."""
    charger_kinds: dict[Name, ChargerKind] = Field(default_factory=dict)
    """Kinds of chargers beside slow and fast ones."""
    classes: dict[Name, VehicleClass] = Field(default_factory=dict)
    """Classes of cars, in place of private cars, taxis and government cars and of the keys with their names; each
    district counts them in `cars`. The order decides which random numbers are whose."""


class _Weights(Part):
    @model_validator(mode="after")
    def _some_mode(self) -> Self:
        if not sum(getattr(self, name) for name in type(self).model_fields) > 0:
            raise PydanticCustomError("no_mode", "at least one weight must be above 0")
        return self


_WEIGHT_OF_EACH: dict[str, Any] = {
    refusal.name: (Weight, Field(default=refusal.weight, description=refusal.what)) for refusal in REFUSALS}
ModeWeights = create_model(
    "ModeWeights", __base__=_Weights, __module__=__name__, **_WEIGHT_OF_EACH,
    __doc__="How often a stay that does not comply fails in each way; relative weights.")


class Habit(Part):
    """When private cars are plugged in at home, by the state of charge (SOC) on arrival; fitted to records."""

    mean_soc: Share = 0.585
    """Mean over drivers of the SOC at which one plugs in half of the time."""
    spread_soc: Share = 0.19
    """Standard deviation of it between drivers."""
    scatter_soc: Share = 0.07
    """Scale of the logistic curve of one driver's chance over the SOC; 0: plugs in exactly below his own SOC."""


UK_MEAN_SOC = 0.49
"""At which private cars that drive as at home plug in 2.5 times a week (C)."""
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "full": {"compliance_mean": 1.0, "guidance_acceptance": 1.0},
    "contract": {"plug_in_probability": 0.90},
    "home": {"habit": {}},
    "uk": {"habit": {"mean_soc": UK_MEAN_SOC}},
    "us": {"enrolled_share": 0.04, "compliance_mean": 0.85},
    "correlated": {"plug_in_probability": 0.90, "zone_shock_rho": 0.05, "zone_outages_per_day": 0.1},
}
"""What each named driver profile changes of the defaults (paper S; home C; uk S: 2-3 plug-ins a week; the rest A)."""
TRIPS_OF_PROFILE = {"home": "home", "uk": "home"}
"""Profiles with private cars' days of their own, where `fleet.trips` leaves it to them."""


class Drivers(Part):
    """Who takes part, plugs in and does as agreed. `profile` fills the keys that are not given."""

    profile: Literal["paper", "full", "contract", "home", "uk", "us", "correlated"] = "paper"
    """Named set of numbers for this block; keys given beside it win. `home` and `uk` also bring trips of their own."""
    enrolled_share: Share = 1.0
    """Share of cars under contract."""
    plug_in_probability: Share = 1.0
    """Chance that a driver who parks plugs in; with a `habit`, that one who would does."""
    habit: Habit | None = None
    """How the charge decides whether a private car is plugged in, at home alone; null: it does not, and anywhere."""
    compliance_mean: Share = 0.95
    """Mean chance that an enrolled, plugged-in stay complies."""
    compliance_concentration: Annotated[float, Between(0.001, 1_000_000)] = 20.0
    """alpha + beta of the Beta law from which each vehicle's chance is drawn."""
    zone_shock_rho: Annotated[float, Between(0, 0.999)] = 0.0
    """Correlation of compliance among the cars of a zone."""
    zone_outages_per_day: Annotated[float, Between(0, 24)] = 0.0
    """Expected outages per zone and day; an outage cuts off all cars of the zone for that day."""
    guidance_acceptance: Share = 0.95
    """Chance that an arriving driver goes to the bus that is proposed."""
    declaration_error_h: Annotated[float, Between(0, 24)] = 0.0
    """Standard deviation, in hours, of declared less intended departures; recorded sessions keep their own."""
    price_response: Literal["dead_zone", "logit"] = "dead_zone"
    """Share of drivers that react to a price spread: from 0 at the dead zone's end straight to 1 at saturation, or a
    logit with the same middle and slope."""
    price_dead_zone_cny_per_kwh: PricePerKwh = 0.10
    """Price spread, net of wear, below which no driver reacts."""
    price_saturation_cny_per_kwh: PricePerKwh = 0.60
    """Price spread, net of wear, above which every driver reacts."""
    modes: ModeWeights = ModeWeights()  # type: ignore[valid-type]
    """In which way stays do not comply."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_profile(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        preset = PRESETS.get(profile, {}) if isinstance(profile := data.get("profile", "paper"), str) else {}
        return {**preset, **data}
