"""The validated description of a run: frozen, unknown keys refused, units in the names.

Read it from YAML with `testbed.scenario.loading.load_scenario`. Its keys are in `testbed.scenario.keys`, their blocks
in `testbed.scenario.parts`; rules that tie two keys together are in `testbed.scenario.rules`; they are all reported at
once.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from testbed.scenario.keys import ScenarioKeys
from testbed.scenario.plain_yaml import yaml_of
from testbed.scenario.rules import contradictions
from testbed.scenario.version import SCENARIO_VERSION


class Scenario(ScenarioKeys):
    """One run, without its controller."""

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if conflicts := list(contradictions(self)):
            text = "; ".join(f"{'.'.join(map(str, c.path))}={c.value!r} {c.rule}" for c in conflicts)
            # The list itself travels in the context, for the loader's report.
            raise PydanticCustomError("contradiction", "{text}", {"text": text, "found": conflicts})
        return self


def to_yaml(scenario: Scenario) -> str:
    """The resolved scenario as YAML; reading it again gives an equal scenario."""
    return yaml_of(scenario.model_dump(mode="json"))


def result_content(scenario: Scenario) -> dict[str, Any]:
    """All that can change a result, as plain data: not name, description, `execution`, `record`, the patience."""
    content = scenario.model_dump(mode="json", exclude={"name", "description", "execution", "record"})
    for key in ("controllers", "faults", "simulators"):
        if not content[key]:
            del content[key]
    del content["planning"]["patience_s"]
    for part, keys in ((content["fleet"], ("classes", "charger_kinds")),
                       *((district, ("cars", "cars_format", "cars_file", "ports_per_bus"))
                         for district in content["districts"])):
        for key in keys:
            if not part[key] or (key == "cars_format" and part["cars_file"] is None):
                del part[key]
    return content


def scenario_hash(scenario: Scenario) -> str:
    """16 hex digits of all that can change a result."""
    return hashlib.sha256(json.dumps(result_content(scenario), sort_keys=True).encode()).hexdigest()[:16]


def scenario_schema() -> dict[str, Any]:
    """JSON schema of a scenario file, for editors: the model, with `extends` and `version`, nothing required."""
    schema = Scenario.model_json_schema()
    schema.pop("required")
    about = "Name or path of a scenario whose keys hold unless given here."
    version = {"type": "integer", "minimum": 1, "maximum": SCENARIO_VERSION,
               "description": "Version of the file's keys; the present one unless given."}
    schema["properties"] = {"extends": {"type": "string", "description": about}, "version": version,
                            **schema["properties"]}
    return schema
