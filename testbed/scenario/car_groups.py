"""Which classes of cars and kinds of chargers a scenario has, from its block `fleet` as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.records.groups import FAST, SLOW, THREE_CLASSES, ZONES, CarClass, ChargerKind, Groups

SHIFTS = "taxi_shifts"
"""The law of trips whose cars charge between shifts."""


def groups_of(fleet: Mapping[str, Any]) -> Groups:
    """Of the block `fleet` of a scenario or a result; those of before had no classes of their own."""
    kinds = (SLOW, FAST, *(ChargerKind(name, not kind["own_transformer"])
                           for name, kind in fleet.get("charger_kinds", {}).items()))
    names = [kind.name for kind in kinds]
    zones = tuple(fleet.get("zones", ZONES))
    classes = tuple(CarClass(name, zones.index(c["home_zone"]), names.index(c["charger"]), c["trips"] == SHIFTS,
                             c["habit"]) for name, c in fleet.get("classes", {}).items())
    return Groups(classes or THREE_CLASSES.classes, kinds, zones)


def charger_numbers(fleet: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Power, efficiencies, curve, taper and yearly price of a kind, under the names of `fleet.charger_kinds`."""
    if kind in fleet.get("charger_kinds", {}):
        own: Mapping[str, Any] = fleet["charger_kinds"][kind]
        return own
    pair = "" if kind == SLOW.name else "fast_"
    names = {"power_kw": f"{kind}_charger_kw", "eta_charge": f"{pair}eta_charge", "curve": f"{kind}_charger_curve",
             "eta_discharge": f"{pair}eta_discharge", "taper_start_soc": f"{kind}_taper_start_soc",
             "v2g_charger_usd_per_year": f"{kind}_v2g_charger_usd_per_year"}
    return {name: fleet[key] for name, key in names.items() if key in fleet}
