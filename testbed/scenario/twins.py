"""Keys of the scenario that belong together: a study that varies one and leaves the other is told so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Twin:
    """Two keys of which one tells how things are, the other what is made of it elsewhere."""

    key: str
    other: str
    says: str
    """What it means that only one of them changes."""
    only_where: tuple[str, Any] | None = None
    """A key and the value with which the two belong together; None: always."""


TWINS = (
    Twin("drivers.compliance_mean", "planning.assumed_compliance",
         "plans do not expect what drivers do, except those of controllers that learn it"),
    Twin("wear.battery_cny_per_kwh", "objective.wear_usd_per_mwh",
         "with wear.model throughput the price of a battery is not in the price of wear that dispatch counts with",
         ("wear.model", "throughput")),
)


def twin_notes(scenarios: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence for each pair of which only one key changes between these resolved scenarios (plain data)."""
    known = list(scenarios)
    return [note for twin in TWINS if (note := _note(twin, known))]


def _note(twin: Twin, scenarios: list[Mapping[str, Any]]) -> str:
    if twin.only_where is not None:
        key, value = twin.only_where
        scenarios = [scenario for scenario in scenarios if value_of(scenario, key) == value]
    values = {key: sorted({value_of(scenario, key) for scenario in scenarios} - {None})
              for key in (twin.key, twin.other)}
    for varied, left in ((twin.key, twin.other), (twin.other, twin.key)):
        if len(values[varied]) > 1 and len(values[left]) == 1:
            return (f"{varied} goes from {values[varied][0]:g} to {values[varied][-1]:g} while {left} stays "
                    f"{values[left][0]:g}: {twin.says}; vary both where that is not meant")
    return ""


def value_of(scenario: Mapping[str, Any], key: str) -> Any:
    """What stands under `part.key`; None where nothing does."""
    part, _, name = key.partition(".")
    return (scenario.get(part) or {}).get(name)
