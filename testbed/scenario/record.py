"""The validated description of a run: frozen, unknown keys refused, units in the names.

Read it from YAML with `testbed.scenario.loading.load_scenario`. Its blocks are in `testbed.scenario.parts`; rules
that tie two keys together are in `testbed.scenario.rules`; they are all reported at once.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from testbed.scenario.parts.base import HOURS_PER_DAY, SECONDS_PER_HOUR, Count, Part
from testbed.scenario.parts.district import District, Spatial
from testbed.scenario.parts.execution import Execution, Record
from testbed.scenario.parts.fleet import TRIPS_OF_PROFILE, Drivers, Fleet
from testbed.scenario.parts.system import Objective, Planning, Profiles, System, Tariff
from testbed.scenario.parts.wear import Wear
from testbed.scenario.plain_yaml import yaml_of
from testbed.scenario.rules import contradictions


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
    """Whole days with which a run begins, every car uncoordinated; not counted."""
    warmup_controlled_days: Annotated[int, Field(ge=0, le=28)] = 1
    """Whole days under the controller between `warmup_days` and counted time; not counted, but counted time inherits
    what they leave. In a file that gives `drivers.profile: home` 7, and then also 7 `days`, unless they are given."""
    step_s: Annotated[int, Field(ge=1, le=SECONDS_PER_HOUR)] = 900
    """Length of a step in seconds; a divisor of 3600."""
    profiles: Profiles = Profiles()
    system: System = System()
    objective: Objective = Objective()
    planning: Planning = Planning()
    tariff: Tariff = Tariff()
    fleet: Fleet = Fleet()
    wear: Wear = Wear()
    drivers: Drivers = Drivers()
    districts: Annotated[tuple[District, ...], Field(min_length=1)]
    """Districts; in a file that extends another, the whole list is replaced."""
    spatial: Spatial = Spatial()
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

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if found := list(contradictions(self)):
            text = "; ".join(f"{'.'.join(map(str, c.path))}={c.value!r} {c.rule}" for c in found)
            # The list itself travels in the context, for the loader's report.
            raise PydanticCustomError("contradiction", "{text}", {"text": text, "found": found})
        return self


def to_yaml(scenario: Scenario) -> str:
    """The resolved scenario as YAML; reading it again gives an equal scenario."""
    return yaml_of(scenario.model_dump(mode="json"))


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
