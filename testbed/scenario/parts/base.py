"""Types and the frozen base that every block of a scenario shares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from testbed.scenario.field_texts import field_texts
from testbed.scenario.plain_text import path_mistake

SECONDS_PER_HOUR = 3600
HOURS_PER_DAY = 24


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise PydanticCustomError("range_order", "must be [lowest, highest]; the first is above the second")
    return pair


@dataclass(frozen=True)
class Between:
    """Marks a number with its plausible range; a message about one outside tells both ends."""

    low: float
    high: float

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "minimum": self.low, "maximum": self.high}

    def _checked(self, value: float) -> float:
        if value < self.low or value > self.high:
            low, high = (f"{end:,}" if isinstance(end, int) else f"{end:g}" for end in (self.low, self.high))
            raise PydanticCustomError("between", "Input should be {allowed}", {"allowed": f"from {low} to {high}"})
        return value


def _path(text: str) -> str:
    if wrong := path_mistake(text):
        raise PydanticCustomError("path", "Input should be {allowed}", {"allowed": wrong.removeprefix("must be ")})
    return text


Strategy = Literal["dispatched", "charge_only", "free"]
Name = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
"""Of a class of cars or a kind of charger."""
ZoneName = Name
"""Of a zone, a set of buses."""
PathText = Annotated[str, AfterValidator(_path)]
"""A file or folder."""
Line = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""A name of one line."""
Day = Annotated[dt.date, Field(ge=dt.date(1970, 1, 1), le=dt.date(2199, 12, 31))]
Share = Annotated[float, Between(0, 1)]
Efficiency = Annotated[float, Between(0.3, 1)]
Seed = Annotated[int, Between(0, 2**63 - 1)]
Cars = Annotated[int, Between(0, 1_000_000)]
Ports = Annotated[int, Between(0, 1_000_000)]
BusNumber = Annotated[int, Between(0, 1_000_000)]
Factor = Annotated[float, Between(1e-5, 10_000)]
Weight = Annotated[float, Between(0, 1_000_000)]
BatteryKwh = Annotated[float, Between(0.1, 2000)]
"""From a scooter to a ferry."""
ChargerKw = Annotated[float, Between(0.1, 10_000)]
"""Megawatt chargers included."""
KwhPerKm = Annotated[float, Between(0.01, 10)]
Years = Annotated[float, Between(0, 50)]
PowerMw = Annotated[float, Between(0, 1_000_000)]
PeakMw = Annotated[float, Between(0.001, 1_000_000)]
UsdPerMwh = Annotated[float, Between(0, 100_000)]
PricePerKwh = Annotated[float, Between(0, 1000)]
"""In any of the scenario's currencies."""
UsdPerYear = Annotated[float, Between(0, 1_000_000)]
BatteryRange = Annotated[tuple[BatteryKwh, BatteryKwh], AfterValidator(_ordered)]
ChargerRange = Annotated[tuple[ChargerKw, ChargerKw], AfterValidator(_ordered)]
ConsumptionRange = Annotated[tuple[KwhPerKm, KwhPerKm], AfterValidator(_ordered)]
YearsRange = Annotated[tuple[Years, Years], AfterValidator(_ordered)]
ShareRange = Annotated[tuple[Share, Share], AfterValidator(_ordered)]


@dataclass(frozen=True)
class OneOf:
    """Marks a text that names one of a kind, of those there are when it is checked or described."""

    names: Callable[[], tuple[str, ...]]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "enum": list(self.names())}

    def _checked(self, name: str) -> str:
        if name not in (known := self.names()):
            *most, last = (repr(value) for value in known)
            allowed = f"{', '.join(most)} or {last}" if most else last
            raise PydanticCustomError("one_of", "Input should be {allowed}", {"allowed": allowed})
        return name


class Part(BaseModel):
    """A block of the scenario; frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """With the docstrings of its keys: read here, since pydantic would read all sources whenever it is imported."""
        described = handler(schema)
        keys = handler.resolve_ref_schema(described).get("properties", {})
        for name, text in field_texts(cls).items():
            if text and name in keys:
                keys[name].setdefault("description", text)
        return described
