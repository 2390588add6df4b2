"""The validated description of a run: frozen, unknown keys refused, units in the names.

Read it from YAML with `testbed.scenario_loading.load_scenario`. Rules that tie two keys together are in
`testbed.scenario_rules`; they are all reported at once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from testbed.scenario_rules import contradictions

SECONDS_PER_HOUR = 3600
HOURS_PER_DAY = 24


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise PydanticCustomError("range_order", "must be [lowest, highest]; the first is above the second")
    return pair


ZoneName = Literal["residential", "commercial", "office"]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Efficiency = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Range = Annotated[tuple[Positive, Positive], AfterValidator(_ordered)]
ShareRange = Annotated[tuple[Share, Share], AfterValidator(_ordered)]
NonNegativeRange = Annotated[tuple[NonNegative, NonNegative], AfterValidator(_ordered)]


class Part(BaseModel):
    """A block of the scenario; frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Profiles(Part):
    """Load, wind and sun of the whole system."""

    source: Literal["ten_unit", "simbench", "csv"] = "ten_unit"
    """`ten_unit`: one-day tables, repeated; `simbench`: 15-minute series of 2016; `csv`: a file of one's own."""
    file: str | None = None
    """csv: path of a file with the columns load_mw, wind_mw, pv_mw, used as they are; whole days, repeated."""
    resolution_s: Annotated[int, Field(ge=60, le=SECONDS_PER_HOUR)] = SECONDS_PER_HOUR
    """csv: seconds from row to row."""
    start_date: dt.date | None = None
    """First counted day, as 2016-01-18; for `simbench` only, where it is required."""
    load_peak_mw: Positive = 1500.0
    """Highest system load of the table (ten_unit) or of the year (simbench), MW; cars not included."""
    wind_capacity_mw: NonNegative = 150.0
    """Installed wind power, MW."""
    pv_capacity_mw: NonNegative = 100.0
    """Installed sun power, MW."""
    load_columns: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "mv_rural_pload", "mv_semiurb_pload", "mv_urban_pload", "mv_comm_pload")
    """simbench: columns of LoadProfile.csv; each is scaled to its own peak, then averaged."""
    wind_columns: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "WP4", "WP5", "WP6", "WP7", "WP8", "WP10", "WP11", "WP12")
    """simbench: columns of RESProfile.csv, averaged; the default ones look onshore."""
    pv_columns: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "PV1", "PV2", "PV3", "PV4", "PV5", "PV6", "PV7", "PV8")
    """simbench: columns of RESProfile.csv, averaged."""


class System(Part):
    """Thermal units and the prices of what they cannot do."""

    units: Literal["ten_units"] = "ten_units"
    """Table of thermal units."""
    unit_copies: Annotated[int, Field(ge=1)] = 1
    """How many times each unit stands in the system."""
    unit_scale: Positive = 1.0
    """Factor on every unit's power and cost (0.01: a hundredth of the system, same prices per MWh)."""
    emissions: Literal["linear", "quadratic"] = "linear"
    """Emission curves: constant t/MWh, or the convex ones of the literature."""
    reserve_rule: Literal["thermal_only", "scheduled"] = "thermal_only"
    """What counts as spinning reserve: units and renewables only, or scheduled discharge of cars as well."""
    reserve_fraction: Share = 0.1
    """Reserve asked for, as a share of the load without cars."""
    reserve_shortfall_usd_per_mwh: NonNegative = 1000.0
    """Price of missing reserve."""
    shed_usd_per_mwh: NonNegative = 3000.0
    """Price of load not served."""
    dump_usd_per_mwh: NonNegative = 100.0
    """Price of energy that nobody can take."""


class Objective(Part):
    """What the upper layer minimises: w1 operating + w2 owners + w3 curtailment + w4 carbon."""

    weight_operating: NonNegative = 1.0
    """w1, weight of fuel and start-ups."""
    weight_owners: NonNegative = 1.0
    """w2, weight of what the owners pay: tariff and wear."""
    weight_curtailment: NonNegative = 1.0
    """w3, weight of the curtailment penalty."""
    weight_carbon: NonNegative = 1.0
    """w4, weight of the carbon cost."""
    carbon_price_usd_per_t: NonNegative = 7.0
    """Price of one ton of CO2."""
    curtailment_penalty_usd_per_mwh: NonNegative = 75.0
    """Penalty on wind and sun not used."""
    tariff_in_objective: bool = True
    """true: tariff payments count (as in the paper); false: they are a transfer (social welfare)."""
    wear_usd_per_mwh: NonNegative = 53.6
    """Marginal battery wear per MWh drawn out of the battery."""


class Planning(Part):
    """How the upper layer looks ahead."""

    horizon_h: Annotated[int, Field(ge=1, le=168)] = 48
    """Hours a plan looks ahead."""
    binding_h: Annotated[int, Field(ge=1, le=24)] = 24
    """Hours of it that are carried out before the next plan; a divisor of 24."""
    terminal: Literal["match", "cyclic", "price", "free"] = "match"
    """Energy in the batteries at the horizon's end: as if uncoordinated, as at the start, priced, or free."""
    tangents: Annotated[int, Field(ge=2, le=100)] = 12
    """Tangents under each unit's convex cost curve."""
    mip_gap: Annotated[float, Field(gt=0, le=0.1)] = 1e-4
    """Relative gap at which the commitment is accepted."""
    assumed_compliance: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Share of enrolled cars the plan expects to comply; the truth is in `drivers`."""
    expectation: Literal["sampled", "perfect"] = "sampled"
    """Cars not yet plugged in: mean of simulated days of other seeds, or the truth."""
    expectation_days: Annotated[int, Field(ge=1, le=1000)] = 20
    """Simulated days behind the expectation; 20 or more for results that are reported."""
    expectation_vehicles_max: Annotated[int, Field(ge=1)] = 2500
    """Cars simulated per district for the expectation; larger fleets are scaled up from these."""


class Tariff(Part):
    """Prices that owners see."""

    table: Literal["beijing2015", "chengdu2023", "none"] = "beijing2015"
    """Table of hourly prices; `none`: all prices are 0."""
    cny_per_usd: Positive = 7.0
    """The only exchange rate of a run."""


class Fleet(Part):
    """Batteries and chargers; a pair [lowest, highest] is drawn uniformly, per vehicle."""

    private_capacity_kwh: Range = (50.0, 60.0)
    """Batteries of private cars."""
    taxi_capacity_kwh: Range = (60.0, 60.0)
    """Batteries of taxis."""
    government_capacity_kwh: Range = (50.0, 60.0)
    """Batteries of government cars."""
    slow_charger_kw: Range = (7.0, 7.0)
    """Power of slow chargers (private and government cars), at the bus."""
    fast_charger_kw: Range = (30.0, 60.0)
    """Power of fast chargers (taxis), at the bus."""
    eta_charge: Efficiency = 0.95
    """Energy into the battery per energy from the bus."""
    eta_discharge: Efficiency = 0.95
    """Energy to the bus per energy out of the battery."""
    soc_min: Share = 0.2
    """Lowest state of charge that driving may leave."""
    soc_max: Share = 0.9
    """Highest state of charge that charging may reach."""
    soc_floor_v2g: Share = 0.35
    """Discharging into the grid stops here."""
    soc_wanted: ShareRange = (0.8, 0.9)
    """State of charge that drivers want at departure."""
    soc_initial: ShareRange = (0.4, 0.6)
    """State of charge as the warm-up begins."""
    slow_taper_start_soc: Share = 1.0
    """Above it the limit of slow charging falls linearly to 0 at a full battery."""
    fast_taper_start_soc: Share = 0.8
    """Above it the limit of fast charging falls linearly to 0 at a full battery."""
    consumption_kwh_per_km: Range = (0.15, 0.20)
    """Energy driven per distance."""
    age_years: NonNegativeRange = (0.5, 8.0)
    """Age of the batteries at the start."""
    private_bidirectional_share: Share = 1.0
    """Share of private cars whose charger can discharge."""
    taxi_bidirectional_share: Share = 0.0
    """Share of taxis whose charger can discharge."""
    government_bidirectional_share: Share = 1.0
    """Share of government cars whose charger can discharge."""
    fast_charge_usd_per_kwh: NonNegative = 0.20
    """What an owner pays for energy charged on the way, outside the districts."""


class ModeWeights(Part):
    """How often a stay that does not comply fails in each way; relative weights."""

    ignores: NonNegative = 0.3
    """Charges at once, whatever it is told."""
    overrides: NonNegative = 0.3
    """Follows, until its driver presses the button."""
    leaves_early: NonNegative = 0.2
    """Departs before the declared time."""
    arrives_late: NonNegative = 0.1
    """Plugs in later than expected."""
    never_plugs_in: NonNegative = 0.1
    """Parks without plugging in."""
    telemetry_lost: NonNegative = 0.0
    """Cannot be reached."""

    @model_validator(mode="after")
    def _some_mode(self) -> Self:
        if not sum(getattr(self, name) for name in type(self).model_fields) > 0:
            raise PydanticCustomError("no_mode", "at least one weight must be above 0")
        return self


PRESETS: dict[str, dict[str, float]] = {
    "paper": {},
    "full": {"compliance_mean": 1.0, "guidance_acceptance": 1.0},
    "contract": {"plug_in_probability": 0.90},
    "uk": {"plug_in_probability": 0.36},
    "us": {"enrolled_share": 0.04, "compliance_mean": 0.85},
    "correlated": {"plug_in_probability": 0.90, "zone_shock_rho": 0.05, "zone_outages_per_day": 0.1},
}
"""What each named driver profile changes of the defaults (paper S; uk S: 2-3 plug-ins a week; the rest A)."""


class Drivers(Part):
    """Who takes part, plugs in and does as agreed. `profile` fills the keys that are not given."""

    profile: Literal["paper", "full", "contract", "uk", "us", "correlated"] = "paper"
    """Named set of numbers for this block; keys given beside it win."""
    enrolled_share: Share = 1.0
    """Share of cars under contract."""
    plug_in_probability: Share = 1.0
    """Chance that a driver who parks plugs in."""
    compliance_mean: Share = 0.95
    """Mean chance that an enrolled, plugged-in stay complies."""
    compliance_concentration: Positive = 20.0
    """alpha + beta of the Beta law from which each vehicle's chance is drawn."""
    zone_shock_rho: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Correlation of compliance among the cars of a zone."""
    zone_outages_per_day: NonNegative = 0.0
    """Expected outages per zone and day; in one, nobody in the zone can be reached that day."""
    guidance_acceptance: Share = 0.95
    """Chance that an arriving driver goes to the bus that is proposed."""
    price_dead_zone_cny_per_kwh: NonNegative = 0.10
    """Price spread, net of wear, below which no driver reacts."""
    price_saturation_cny_per_kwh: NonNegative = 0.60
    """Price spread, net of wear, above which every driver reacts."""
    modes: ModeWeights = ModeWeights()
    """In which way stays do not comply."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_profile(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        preset = PRESETS.get(profile, {}) if isinstance(profile := data.get("profile", "paper"), str) else {}
        return {**preset, **data}


class District(Part):
    """A population of cars with its zones and, optionally, a feeder."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    """Letters, digits and underscores; names the group in the result."""
    feeder: Literal["ieee33"] | None = None
    """Network of the district; null: none, one virtual bus per zone."""
    peak_scale: Positive = 0.83
    """Factor on the feeder's peak load."""
    slack_vm_pu: Annotated[float, Field(ge=0.9, le=1.1)] = 1.0
    """Voltage at the substation."""
    v_min_pu: Annotated[float, Field(ge=0.8, le=1.0)] = 0.90
    """Lowest voltage allowed."""
    v_max_pu: Annotated[float, Field(ge=1.0, le=1.2)] = 1.05
    """Highest voltage allowed."""
    zone_map: Literal["contiguous", "public"] | dict[ZoneName, tuple[Annotated[int, Field(ge=1)], ...]] = "contiguous"
    """Which buses are residential, commercial, office: a named map, or lists of bus numbers by zone."""
    private: Count = 0
    """Private cars."""
    taxi: Count = 0
    """Taxis."""
    government: Count = 0
    """Government cars."""
    slow_ports_per_bus: Count | None = 8
    """Slow charger ports at each bus where cars park; null: as many as there are cars."""
    fast_ports_per_bus: Count | None = 3
    """Fast charger ports at each bus of the taxis' zone; null: as many as there are cars."""

    @property
    def vehicle_count(self) -> int:
        return self.private + self.taxi + self.government


class Spatial(Part):
    """The lower layer: which cars, at which bus."""

    placement: Literal["in_place", "guided"] = "guided"
    """Cars act where they parked, or arriving drivers are also proposed a bus of their zone."""
    on_inexact: Literal["repair", "fallback", "stop"] = "repair"
    """When the relaxation's answer is no power flow: tighten and re-solve, scale pro rata, or end the run."""
    look_ahead_h: Annotated[int, Field(ge=2, le=48)] = 24
    """Hours the lower layer looks ahead."""
    target_slack_usd_per_mwh: Positive = 500.0
    """Price of missing the upper layer's target."""
    voltage_penalty_below_pu: Annotated[float, Field(ge=0.8, le=1.1)] = 0.95
    """Voltages below it are penalised."""
    voltage_penalty_usd_per_pu2h: NonNegative = 20.0
    """Penalty per squared pu and hour below that voltage; at 1000 it outweighs the upper layer's targets."""
    reactive_power: bool = False
    """true: bidirectional chargers may also give reactive power."""
    solver: Literal["CLARABEL", "QOCO"] = "CLARABEL"
    """Solver of the branch-flow problem."""
    engine: Literal["lightsim2grid", "pandapower"] = "lightsim2grid"
    """AC power-flow engine."""


class Execution(Part):
    """How a run is carried out; changes no result."""

    mode: Literal["in_process", "separate_processes"] = "in_process"
    """All simulators in this process, or each in its own."""
    cache_dir: str | None = None
    """Folder in which costly inputs and plans are kept between runs; null: the platform's cache folder."""


class Record(Part):
    """What a run writes beside its main result."""

    vehicles: bool = False
    """true: traces of every vehicle, in a second file."""


class Scenario(Part):
    """One run, without its controller."""

    name: Annotated[str, Field(min_length=1)]
    """The file's name unless given."""
    description: str = ""
    """One or two sentences for lists and reports."""
    seed: Count = 1
    """The root of every random draw."""
    days: Annotated[int, Field(ge=1, le=366)] = 1
    """Counted days."""
    warmup_days: Annotated[int, Field(ge=1, le=14)] = 1
    """Whole days simulated before counted time, every car uncoordinated."""
    step_s: Annotated[int, Field(ge=1, le=SECONDS_PER_HOUR)] = 900
    """Length of a step in seconds; a divisor of 3600."""
    profiles: Profiles = Profiles()
    system: System = System()
    objective: Objective = Objective()
    planning: Planning = Planning()
    tariff: Tariff = Tariff()
    fleet: Fleet = Fleet()
    drivers: Drivers = Drivers()
    districts: Annotated[tuple[District, ...], Field(min_length=1)]
    """Districts; in a file that extends another, the whole list is replaced."""
    spatial: Spatial = Spatial()
    execution: Execution = Execution()
    record: Record = Record()

    @property
    def steps_per_hour(self) -> int:
        return SECONDS_PER_HOUR // self.step_s

    @property
    def steps_per_day(self) -> int:
        return HOURS_PER_DAY * self.steps_per_hour

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if found := list(contradictions(self)):
            text = "; ".join(f"{'.'.join(map(str, c.path))}={c.value!r} {c.rule}" for c in found)
            # The list itself travels in the context, for the loader's report.
            raise PydanticCustomError("contradiction", "{text}", {"text": text, "found": found})
        return self


def to_yaml(scenario: Scenario) -> str:
    """The resolved scenario as YAML; reading it again gives an equal scenario."""
    return yaml.safe_dump(scenario.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def scenario_hash(scenario: Scenario) -> str:
    """16 hex digits of all that can change a result: not the name, the description, `execution`, `record`."""
    content = scenario.model_dump(mode="json", exclude={"name", "description", "execution", "record"})
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def scenario_schema() -> dict[str, Any]:
    """JSON schema of a scenario file, for editors: the model, with `extends`, nothing required on top."""
    schema = Scenario.model_json_schema()
    schema.pop("required")
    about = "Name or path of a scenario whose keys hold unless given here."
    schema["properties"] = {"extends": {"type": "string", "description": about}, **schema["properties"]}
    return schema
