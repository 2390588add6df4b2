"""Districts and the lower layer of a scenario."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from models.network.source import allowed_text, source_of, whole_pattern
from models.records.arrays import RecordError
from testbed.scenario.parts.base import (
    Between,
    BusNumber,
    Cars,
    Day,
    Line,
    Name,
    Part,
    PathText,
    Ports,
    Share,
    Strategy,
    ZoneName,
)
from testbed.scenario.parts.tables import TableFormat, TimelessFormat

Celsius = Annotated[float, Between(-40, 60)]


class NetworkText:
    """Marks a text that some source of networks understands."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": whole_pattern()}

    def _checked(self, text: str) -> str:
        try:
            source_of(text)
        except RecordError as error:
            raise PydanticCustomError("network", "Input should be {allowed}", {"allowed": allowed_text()}) from error
        return text


class Strategies(Part):
    """`dispatched`: as the controller says; `charge_only`: never discharged (a one-way charger); `free`: no contract,
    never told anything, they do what free cars do under the controller."""

    private: Strategy = "dispatched"
    """Private cars."""
    taxi: Strategy = "dispatched"
    """Taxis."""
    government: Strategy = "dispatched"
    """Government cars."""


class Series(Part):
    """What loads, generators and storages of the feeder do over time, one by one; see docs/networks.md."""

    file: PathText | None = None
    """CSV file with a column for each: `bus 7 p_kw`, `load 3 q_kvar`, `sgen School roof p_kw`; null: loads follow the
    system's load."""
    own_profiles: bool = False
    """true: the profiles that the network brings for its own elements (`simbench:CODE`), in place of a file."""
    start_date: Day | None = None
    """Day of the series that is the first counted one; null: its first day, and its days repeat."""
    resolution_s: Annotated[int, Between(1, 86_400)] = 900
    """Seconds that a row of the file covers; a divisor of a day."""
    format: TableFormat = TableFormat()
    """How the file is written, where it does not say so itself."""
    others: Literal["left_out", "constant"] = "left_out"
    """Generators and storages of the network without a series: left out, or at its own power all the time."""
    curtailable: bool = False
    """true: the lower layer may take less of static generators (PV, wind) than they give, at the price
    of curtailment; see docs/networks.md."""

    @property
    def is_given(self) -> bool:
        """Whether there are any."""
        return self.file is not None or self.own_profiles


class Connections(Part):
    """Phases of chargers, in circuits of three phases; see docs/three_phases.md."""

    phases: Literal["customer", "one", "three"] = "customer"
    """`customer`: those of the loads at the bus; `one`: one of the bus's, drawn; `three`: all three where the bus has
    them, else the customer's."""
    seed: Annotated[int, Between(0, 2**31 - 1)] = 0
    """Of what is drawn."""
    file: PathText | None = None
    """CSV file with columns `bus` and `phases` (1, 2, 3 or 123), which overrules `phases` at the buses it names."""


class Supply(Part):
    """What customers in circuits of three phases are promised: voltage to earth."""

    declared_v: Annotated[float, Between(1, 1_000_000)] | None = None
    """Declared voltage; null: the circuit's own base, bus by bus."""
    low_percent: Annotated[float, Between(0, 50)] = 6.0
    """How far below it may be: 6 in Britain (216.2 V of 230)."""
    high_percent: Annotated[float, Between(0, 50)] = 10.0
    """How far above: 10 in Britain (253 V of 230)."""


class TapChanger(Part):
    """Automatic tap changer at the substation; see docs/networks.md."""

    bus: BusNumber | Line | None = None
    """Bus whose voltage it holds, by number or name; null: the first behind the transformer."""
    target_pu: Annotated[float, Between(0.9, 1.1)] | None = None
    """Voltage that it holds there; null: that of the slack."""
    dead_band_pu: Annotated[float, Between(0.001, 0.2)] = 0.03
    """Width of the band about the target in which it rests; wider than one position."""
    delay_s: Annotated[float, Between(1, 86_400)] = 60.0
    """Seconds outside the band before each move."""
    step_percent: Annotated[float, Between(0.05, 10)] | None = None
    """Voltage of one position of a regulator in front of the slack; null: the network's own transformer moves."""
    positions: Annotated[int, Between(1, 40)] = 8
    """Positions of such a regulator above its middle, and as many below."""


class District(Part):
    """A population of cars with its zones and, optionally, a feeder."""

    name: Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    """Letters, digits and underscores; names the group in the result."""
    feeder: Annotated[PathText, NetworkText()] | None = None
    """Network: `ieee33`, `pandapower:FUNCTION`, `simbench:CODE`, a pandapower JSON file, a MATPOWER case, `dss:NAME` or
    a script of OpenDSS (three phases); null: none, one virtual bus per zone."""
    peak_scale: Annotated[float, Between(0.0001, 1000)] = 0.83
    """Factor on the feeder's peak load."""
    slack_vm_pu: Annotated[float, Between(0.9, 1.1)] | None = None
    """Voltage at the substation; null: that of the network's external grid, of ieee33 1.0."""
    tap_changer: TapChanger | None = None
    """What holds the voltage of a bus in steps; null: the slack's voltage stands."""
    v_min_pu: Annotated[float, Between(0.8, 1.0)] = 0.90
    """Lowest voltage allowed."""
    v_max_pu: Annotated[float, Between(1.0, 1.2)] = 1.05
    """Highest voltage allowed."""
    substation_mva: Annotated[float, Between(0.001, 10_000)] | None = None
    """Rating of the transformer that feeds the feeder, MVA; null: none that could bind."""
    line_rating_a: Annotated[float, Between(0.1, 100_000)] | Literal["assumed"] | None = "assumed"
    """Current that lines may carry: `assumed` (ieee33: 400 A on lines 1-5, 200 A elsewhere; others: the network's own),
    one number for all, or null: no limit."""
    transformer_margin: Annotated[float, Between(1.0, 1000)] | None = 1.2
    """Each bus's MV/LV transformer is the next standard size above this x its peak load at scale 1; null: no limit."""
    transformer_losses: Literal["tier1", "tier2"] = "tier2"
    """Own losses of MV/LV transformers: the most that Regulation (EU) 548/2014 allows, by its tier."""
    ambient_celsius: Celsius | Annotated[tuple[Celsius, ...], Field(min_length=24, max_length=24)] = 20.0
    """Air around the MV/LV transformers: one temperature, or 24 hourly ones of a day."""
    zone_map: (Literal["contiguous", "public"] | dict[ZoneName, tuple[BusNumber | Line, ...]]
               | dict[ZoneName, Share]) = "contiguous"
    """Which buses are in which of `fleet.zones`: a named map (`public` for ieee33 only), lists of bus numbers or names
    by zone, or shares of the buses with a load, the first zone nearest to the substation (docs/networks.md)."""
    connections: Connections = Connections()
    """Which phases cars are connected to."""
    supply: Supply = Supply()
    """Voltages that customers are promised, in circuits of three phases; figures count by them."""
    series: Series = Series()
    """Loads, generators and storages of the feeder over time."""
    private: Cars = 0
    """Private cars."""
    taxi: Cars = 0
    """Taxis."""
    government: Cars = 0
    """Government cars."""
    cars: dict[Name, Cars] = Field(default_factory=dict)
    """Cars by class, where `fleet.classes` names them."""
    cars_file: PathText | None = None
    """CSV file with one row per car, in place of numbers of cars; see docs/bring_your_own_data.md."""
    cars_format: TimelessFormat = TimelessFormat()
    """How the file of `cars_file` is written, where it does not say so itself."""
    strategies: Strategies = Strategies()
    """What the cars of each class agree to, whatever the controller."""
    sessions: PathText | None = None
    """Recorded sessions that private cars replay: `caltech2019`, `jpl2019` or a CSV file; null: trips."""
    sessions_start_date: Day | None = None
    """First counted day of the recording, as 2019-05-20; needed with `sessions`; earlier days make the expectation."""
    sessions_format: TableFormat = TableFormat()
    """How the file of `sessions` is written, where it does not say so itself."""
    slow_ports_per_bus: Ports | None = 8
    """Slow charger ports at each bus where cars park; null: as many as there are cars."""
    fast_ports_per_bus: Ports | None = 3
    """Fast charger ports at each bus of the taxis' zone; null: as many as there are cars."""
    ports_per_bus: dict[Name, Ports | None] = Field(default_factory=dict)
    """Ports of each of `fleet.charger_kinds` at each bus of its zones; 8 where none are given."""

    @property
    def vehicle_count(self) -> int:
        return self.private + self.taxi + self.government + sum(self.cars.values())


class Spatial(Part):
    """The lower layer: which cars, at which bus."""

    placement: Literal["in_place", "guided"] = "guided"
    """Cars act where they parked, or arriving drivers are also proposed a bus of their zone."""
    on_inexact: Literal["repair", "fallback", "stop"] = "repair"
    """When the relaxation's answer is no power flow: tighten and re-solve, scale pro rata, or end the run."""
    look_ahead_h: Annotated[int, Between(2, 48)] = 24
    """Hours the lower layer looks ahead."""
    look_ahead_neighbourhoods: Annotated[int, Between(1, 100_000)] = 150
    """Parts of the feeder that act as one in hours after the present one; with as many as buses each is its own."""
    target_slack_usd_per_mwh: Annotated[float, Between(0.01, 1_000_000)] = 500.0
    """Price of missing the upper layer's target."""
    voltage_penalty_below_pu: Annotated[float, Between(0.8, 1.1)] = 0.95
    """Voltages below it are penalised."""
    voltage_penalty_usd_per_pu2h: Annotated[float, Between(0, 1_000_000)] = 20.0
    """Penalty per squared pu and hour below that voltage; at 1000 it outweighs the upper layer's targets."""
    total_kept_by: Literal["all", "charging"] = "all"
    """Without a network, who makes up for cars that take more than planned: idle cars give back, or nobody does."""
    envelope_rule: Literal["equal", "proportional", "most_energy", "least_regret"] = "least_regret"
    """How `bilayer_envelope` shares what a network of three phases can carry among its customers: the same kW for all,
    the same share of their chargers, the largest sum, or the smallest largest regret."""
    reactive_power: bool = False
    """true: bidirectional chargers may also give reactive power."""
    solver: Literal["CLARABEL", "QOCO"] = "QOCO"
    """Solver of the branch-flow problem."""
    search_evaluations: Annotated[int, Between(1, 1_000_000)] = 2000
    """Candidates that `bilayer_pso` and `bilayer_sga` may try per decision, each judged by AC in every step."""
    search_population: Annotated[int, Between(4, 10_000)] = 50
    """Particles or individuals of these two; `search_evaluations` is a multiple of it."""
    engine: Literal["lightsim2grid", "pandapower"] = "lightsim2grid"
    """AC power-flow engine."""
