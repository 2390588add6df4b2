"""Profiles, thermal system, objective, planning and tariff of a scenario."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from models.records.objective import Objective as Terms
from models.records.reserve_curve import STEPPED_SHARE, STEPPED_USD_PER_MWH, ReserveCurve, held_mistakes, mistakes
from models.system.tariff import SHIPPED_PRICES, TARIFFS, is_table_of_prices, level_names
from models.system.unit_tables import SHIPPED, TEN_UNITS, is_file_of_units
from testbed.scenario.parts.base import (
    SECONDS_PER_HOUR,
    Between,
    Day,
    Factor,
    Line,
    OneOf,
    Part,
    PathText,
    PeakMw,
    PowerMw,
    Share,
    UsdPerMwh,
    Weight,
)
from testbed.scenario.parts.tables import TableFormat, TimelessFormat

REGIONS = (1, 2, 3, 5, 6, 7, 8, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27)
"""SimBench's loads at nodes of the transmission grid that have a daily rhythm of consumers."""


class Profiles(Part):
    """Load, wind and sun of the whole system."""

    source: Literal["ten_unit", "simbench", "csv"] = "ten_unit"
    """`ten_unit`: one-day tables, repeated; `simbench`: 15-minute series of 2016; `csv`: a file of one's own."""
    file: PathText | None = None
    """csv: path of a file with the columns load_mw, wind_mw, pv_mw, whole days repeat; or rts_gmlc_2020-02."""
    file_format: TableFormat = TableFormat()
    """csv: how the file is written, where it does not say so itself."""
    resolution_s: Annotated[int, Between(60, SECONDS_PER_HOUR)] = SECONDS_PER_HOUR
    """csv: seconds from row to row."""
    renewables_factor: Factor = 1.0
    """csv: factor on wind and sun, with what must be taken of them."""
    start_date: Day | None = None
    """First counted day, as 2016-01-18; needed for `simbench`, and where rows of files of one's own have their days."""
    load_peak_mw: PeakMw = 1500.0
    """Highest system load of the table (ten_unit) or of the year (simbench), MW; cars not included."""
    forecast_error: Literal["off", "default", "large"] = "off"
    """Errors of load, wind and sun forecasts: none, or growing with lead time (equal for all controllers of a seed)."""
    wind_capacity_mw: PowerMw = 150.0
    """Installed wind power, MW."""
    pv_capacity_mw: PowerMw = 100.0
    """Installed sun power, MW."""
    load_columns: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "mv_rural_pload", "mv_semiurb_pload", "mv_urban_pload", "mv_comm_pload",
        *(f"HS{region}_pload" for region in REGIONS))
    """simbench: columns of LoadProfile.csv; each is scaled to its own peak, then averaged. The default ones are whole
    regions and medium-voltage grids: as smooth as a system of this size."""
    wind_columns: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "WP4", "WP5", "WP6", "WP7", "WP8", "WP10", "WP11", "WP12")
    """simbench: columns of RESProfile.csv, averaged; the default ones look onshore."""
    pv_columns: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "PV1", "PV2", "PV3", "PV4", "PV5", "PV6", "PV7", "PV8")
    """simbench: columns of RESProfile.csv, averaged."""


class ReserveSteps(Part):
    """A demand curve of one's own: where each step begins and its price. Shares are of the requirement."""

    missing_share: tuple[Share, ...] | None = None
    """Where each step begins as reserve goes missing: 0 first, rising; prices never fall."""
    held_share: tuple[Share, ...] | None = None
    """The same curve over reserve held, in place of missing_share: 0 first, rising; prices never rise."""
    usd_per_mwh: Annotated[tuple[UsdPerMwh, ...], Field(min_length=1, max_length=100)]
    """Price on each step; the last one before load is shed costs at most what shed load does."""


class UnitsText:
    """Marks a text that names a table of units."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, text: str) -> str:
        if text not in SHIPPED and not is_file_of_units(text):
            allowed = f"{', '.join(SHIPPED)}, a CSV file or a JSON file"
            raise PydanticCustomError("units", "Input should be {allowed}", {"allowed": allowed})
        return text


class PricesText:
    """Marks a text that names prices: a tariff, a table that comes along, or a file."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, text: str) -> str:
        if text not in TARIFFS and not is_table_of_prices(text):
            allowed = f"{', '.join((*TARIFFS, *SHIPPED_PRICES))} or a CSV file"
            raise PydanticCustomError("prices", "Input should be {allowed}", {"allowed": allowed})
        return text


class System(Part):
    """Thermal units and the prices of what they cannot do."""

    units: Annotated[PathText, UnitsText()] = TEN_UNITS
    """Thermal units: a table that comes along, or a CSV table or pglib-uc JSON case of one's own (docs/units.md)."""
    units_format: TimelessFormat = TimelessFormat()
    """How a CSV file of `units` is written, where it does not say so itself."""
    unit_copies: Annotated[int, Between(1, 1000)] = 1
    """How many times each unit stands in the system."""
    unit_scale: Factor = 1.0
    """Factor on every unit's power and cost (0.01: a hundredth of the system, same prices per MWh)."""
    emissions: Literal["linear", "quadratic"] = "linear"
    """ten_units: emission curves, constant t/MWh or the convex ones of the literature."""
    ramps: Literal["none", "ten_unit"] = "none"
    """ten_units: no ramps, or 60 % of p_max per hour, also the most in the first and last hour on (assumed)."""
    headroom: Literal["capacity", "reachable"] = "capacity"
    """What counts as reserve of a running unit: its capacity, or what ramp, start and stop let it reach in the hour."""
    reserve_rule: Literal["thermal_only", "scheduled", "deliverable"] = "deliverable"
    """What counts as reserve: units and renewables; scheduled discharge too; or what cars can be trusted to deliver."""
    reserve_fraction: Share = 0.1
    """Reserve asked for, as a share of the load without cars."""
    reserve_curve: Literal["stepped", "flat", "own"] = "stepped"
    """Price of missing reserve: low for the first MW and that of shed load for the last, one for all, or own steps."""
    reserve_steps: ReserveSteps | None = None
    """reserve_curve own: the steps."""
    reserve_shortfall_usd_per_mwh: UsdPerMwh = 1000.0
    """reserve_curve flat: price of each missing MWh."""
    shed_usd_per_mwh: UsdPerMwh = 3000.0
    """Price of load not served."""
    dump_usd_per_mwh: UsdPerMwh = 100.0
    """Price of surplus energy that can be neither used nor stored."""


def demand_curve(system: System) -> ReserveCurve:
    """The curve of a valid scenario."""
    own = system.reserve_steps
    if own is None:
        return (ReserveCurve.flat(system.reserve_shortfall_usd_per_mwh) if system.reserve_curve == "flat"
                else ReserveCurve.stepped(system.shed_usd_per_mwh))
    if own.held_share is not None:
        return ReserveCurve.over_held(own.held_share, own.usd_per_mwh)
    return ReserveCurve(own.missing_share or (0.0,), own.usd_per_mwh)


def curve_mistakes(system: System) -> list[str]:
    """All that keeps `reserve_curve` from being a demand curve; empty if nothing does."""
    own, most = system.reserve_steps, system.shed_usd_per_mwh
    if (own is not None) != (system.reserve_curve == "own"):
        return ["needs reserve_steps with own, and only with it"]
    if own is None:
        flat = system.reserve_curve == "flat"
        prices = (system.reserve_shortfall_usd_per_mwh,) if flat else (*STEPPED_USD_PER_MWH, most)
        return mistakes((0.0,) if flat else STEPPED_SHARE, prices, most)
    if (own.missing_share is None) == (own.held_share is None):
        return ["needs reserve_steps with either missing_share or held_share"]
    if own.held_share is None:
        return mistakes(own.missing_share or (), own.usd_per_mwh, most)
    return held_mistakes(own.held_share, own.usd_per_mwh, most)


def weight_keys(terms: type[Terms]) -> type[Part]:
    """A key `weight_NAME` for each term of the objective's list."""
    keys: dict[str, Any] = {}
    for i, term in enumerate(fields(terms), 1):
        what = f"w{i}, weight of {term.metadata['what']}."
        keys[f"weight_{term.name}"] = (Weight, Field(default=term.default, description=what))
    return create_model("Weights", __base__=Part, __module__=__name__, **keys)


if TYPE_CHECKING:
    _Weights = Part
else:
    _Weights = weight_keys(Terms)


class Objective(_Weights):
    """What the upper layer minimises: the sum of its terms, each with its weight."""
    """What the terms of the objective count with."""

    carbon_price_usd_per_t: Annotated[float, Between(0, 100_000)] = 7.0
    """Price of one ton of CO2."""
    curtailment_penalty_usd_per_mwh: UsdPerMwh = 75.0
    """Penalty on wind and sun not used."""
    tariff_in_objective: bool = True
    """true: tariff payments count (as in the paper); false: they are a transfer (social welfare)."""
    wear_usd_per_mwh: UsdPerMwh = 53.6
    """Marginal battery wear per MWh drawn out of the battery."""


class Planning(Part):
    """How the upper layer looks ahead."""

    horizon_h: Annotated[int, Between(1, 168)] = 48
    """Hours a plan looks ahead."""
    binding_h: Annotated[int, Between(1, 24)] = 24
    """Hours of it that are carried out before the next plan; a divisor of 24."""
    redispatch: Literal["none", "hourly"] = "hourly"
    """Within the day: the plan's powers and targets stand, or are found again every hour from measured SOC."""
    terminal: Literal["match", "cyclic", "price", "free"] = "match"
    """Energy in the batteries at the horizon's end: as if uncoordinated, as at the start, priced, or free."""
    tangents: Annotated[int, Between(2, 100)] = 12
    """Tangents under each unit's convex cost curve."""
    mip_gap: Annotated[float, Between(1e-9, 0.1)] = 1e-4
    """Relative gap at which the commitment is accepted."""
    assumed_compliance: Annotated[float, Between(0.01, 1)] = 0.95
    """Share of enrolled cars the plan expects to comply; the truth is in `drivers`."""
    expectation: Literal["sampled", "perfect"] = "sampled"
    """Cars not yet plugged in: mean of simulated days of other seeds, or the truth."""
    expectation_days: Annotated[int, Between(1, 1000)] = 20
    """Simulated days behind the expectation; 20 or more for results that are reported."""
    expectation_vehicles_max: Annotated[int, Between(1, 1_000_000)] = 2500
    """Cars simulated per district for the expectation; larger fleets are scaled up from these."""
    patience_s: Annotated[float, Field(ge=0.1, le=86_400)] = 540.0
    """Seconds that a controller may take for one decision (a plan, a step's set-points); then the run fails."""


class Tariff(Part):
    """Prices that owners see."""

    table: Annotated[PathText, PricesText()] = "beijing2015"
    """Table of hourly prices; `forecast`: made per day from load - wind - PV as forecast; `none`: all prices are 0; or
    a CSV file of prices of one's own (docs/tables.md)."""
    file_format: TableFormat = TableFormat()
    """Prices of one's own: how the file is written, where it does not say so itself."""
    resolution_s: Annotated[int, Between(60, SECONDS_PER_HOUR)] = SECONDS_PER_HOUR
    """Prices of one's own: seconds from row to row."""
    currency: Line = "USD"
    """Prices of one's own: what the file's currency is called."""
    currency_per_usd: Annotated[float, Between(0.0001, 100_000)] = 1.0
    """Prices of one's own: how much of it one USD is worth; results are in USD."""
    foresight: Literal["known", "forecast", "day_before"] = "known"
    """Prices of one's own, hours to come: known day-ahead, as in columns of forecasts, or as a day before."""
    levels: Annotated[str, OneOf(level_names)] = "beijing2015"
    """forecast: table whose valley, flat and peak prices the 8 lowest, 8 middle and 8 highest hours get."""
    cny_per_usd: Annotated[float, Between(0.001, 1000)] = 7.0
    """The only exchange rate of a run."""
