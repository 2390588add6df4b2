"""What simulators of others may tell and be told in each place, in which units (docs/mosaik.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from testbed.scenario.parts.simulators import Port

PLACEHOLDER = re.compile(r"\{(\w*)\}")
PLACEHOLDERS = ("bus", "place", "line")


@dataclass(frozen=True)
class Term:
    """One quantity: its unit here, and whether there is one for each bus."""

    unit: str
    is_along_buses: bool = False


SYSTEM_PROFILES = {name: Term("MW") for name in ("load_mw", "wind_available_mw", "pv_available_mw", "must_take_mw")}
BUS_PROFILES = {"load_bus_kw": Term("kW", True), "load_bus_kvar": Term("kvar", True)}
FEEDER_GIVES = {"vm_pu": Term("pu", True), "line_current_a": Term("A", True), "p_slack_kw": Term("kW"),
                "q_slack_kvar": Term("kvar")}
FEEDER_HEARS = {"p_kw": Term("kW", True), "q_kvar": Term("kvar", True)}
LINE = "line_current_a"
"""There is none at the first bus."""

_FAMILIES: tuple[Mapping[str, float], ...] = (
    {"W": 1e-3, "kW": 1.0, "MW": 1e3, "GW": 1e6},
    {"var": 1e-3, "kvar": 1.0, "Mvar": 1e3, "kVar": 1.0, "MVar": 1e3, "kVAr": 1.0, "MVAr": 1e3},
    {"VA": 1e-3, "kVA": 1.0, "MVA": 1e3},
    {"Wh": 1e-3, "kWh": 1.0, "MWh": 1e3},
    {"A": 1.0, "kA": 1e3},
    {"pu": 1.0, "%": 0.01},
    {"USD/kWh": 1e3, "USD/MWh": 1.0},
)


def factor(there: str | None, here: str) -> float | None:
    """By which a number in their unit becomes one in ours; None where they do not go together."""
    if there is None or there == here:
        return 1.0
    return next((family[there] / family[here] for family in _FAMILIES if {there, here} <= family.keys()), None)


def units_like(unit: str) -> list[str]:
    """Those that can be turned into it."""
    return next((list(family) for family in _FAMILIES if unit in family), [unit])


def placeholders(port: Port) -> set[str]:
    """What stands in braces in its entity and attribute."""
    return set(PLACEHOLDER.findall(f"{port.entity or ''}{port.attribute}"))


def filled(text: str, bus: int, place: int) -> str:
    """The text for one bus: its number, and its place from 0."""
    return text.replace("{bus}", str(bus)).replace("{place}", str(place)).replace("{line}", str(place - 1))
