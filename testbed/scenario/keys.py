"""The keys of a scenario with what each alone may be; rules between them are in `rules`, the record in `record`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from testbed.scenario.parts.base import HOURS_PER_DAY, SECONDS_PER_HOUR, Between, Line, Name, Part, Seed
from testbed.scenario.parts.district import District, Spatial
from testbed.scenario.parts.execution import Execution, Record
from testbed.scenario.parts.faults import Fault
from testbed.scenario.parts.fleet import TRIPS_OF_PROFILE, Drivers, Fleet
from testbed.scenario.parts.simulators import Simulator
from testbed.scenario.parts.system import Objective, Planning, Profiles, System, Tariff
from testbed.scenario.parts.wear import Wear


class ScenarioKeys(Part):
    """All keys, each checked alone."""

    name: Line
    """The file's name unless given."""
    description: Annotated[str, Field(max_length=10_000)] = ""
    """One or two sentences for lists and reports."""
    seed: Seed = 1
    """The root of every random draw."""
    days: Annotated[int, Between(1, 366)] = 1
    """Counted days."""
    warmup_days: Annotated[int, Between(1, 14)] = 1
    """Whole days with which a run begins, every car uncoordinated; not counted."""
    warmup_controlled_days: Annotated[int, Between(0, 28)] = 1
    """Whole days under the controller between `warmup_days` and counted time; not counted, but counted time inherits
    what they leave. In a file that gives `drivers.profile: home` or `uk` 7, and then also 7 `days`, unless they are
    given."""
    step_s: Annotated[int, Between(1, SECONDS_PER_HOUR)] = 900
    """Length of a step in seconds; a divisor of 3600."""
    profiles: Profiles = Profiles()
    system: System = System()
    objective: Objective = Objective()
    planning: Planning = Planning()
    tariff: Tariff = Tariff()
    fleet: Fleet = Fleet()
    wear: Wear = Wear()
    drivers: Drivers = Drivers()
    districts: Annotated[tuple[District, ...], Field(min_length=1, max_length=100)]
    """Districts; in a file that extends another, the whole list is replaced."""
    spatial: Spatial = Spatial()
    controllers: dict[Line, dict[Line, bool | int | float | Annotated[str, Field(max_length=1000)] | None]] = Field(
        default_factory=dict)
    """Parameters of controllers by their names, where they are to differ from what the class says, as
    `temporal: {sharing: least_laxity}`; what is written behind a controller's name itself counts before these."""
    faults: Annotated[tuple[Fault, ...], Field(max_length=1000)] = ()
    """What fails, where and when; in a file that extends another, the whole list is replaced."""
    simulators: dict[Name, Simulator] = Field(default_factory=dict)
    """Other mosaik simulators by name, in the place of profiles or of a district's feeder, or added and recorded; see
    docs/mosaik.md."""
    execution: Execution = Execution()
    record: Record = Record()

    @property
    def days_before(self) -> int:
        """Simulated days before counted time."""
        return self.warmup_days + self.warmup_controlled_days

    @property
    def hours_simulated(self) -> int:
        """Counted hours and those before them."""
        return HOURS_PER_DAY * (self.days_before + self.days)

    @property
    def steps_per_hour(self) -> int:
        return SECONDS_PER_HOUR // self.step_s

    @property
    def steps_per_day(self) -> int:
        return HOURS_PER_DAY * self.steps_per_hour

    @property
    def private_trips(self) -> str:
        """How private cars' days are drawn: `parametric`, `survey` or `home`."""
        if self.fleet.trips != "profile":
            return self.fleet.trips
        return TRIPS_OF_PROFILE.get(self.drivers.profile, "parametric")
