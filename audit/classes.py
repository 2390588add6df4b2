"""Classes of cars and kinds of chargers as the scenario in a result says: the three of every scenario, or its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.finding import AuditError

Values = Mapping[str, Any]
THREE = ("private", "taxi", "government")
ZONE_NAMES = ("residential", "commercial", "office")
"""Of files whose scenario names none."""


@dataclass(frozen=True)
class Kind:
    """A kind of charger."""

    name: str
    power_kw: tuple[float, float]
    eta_charge: float
    eta_discharge: float
    curve: str | Values
    taper_start_soc: float
    zones: tuple[str, ...]
    is_behind: bool
    """Behind the bus's own transformer."""


@dataclass(frozen=True)
class CarClass:
    """A class of cars; strategy None: as each district says."""

    name: str
    kind: int
    capacity_kwh: tuple[float, float]
    charger_kw: tuple[float, float]
    bidirectional_share: float
    enrolled_share: float
    strategy: str | None

    def count(self, district: Values) -> int:
        """As a district's scenario says."""
        return int(district[self.name] if self.strategy is None else district["cars"].get(self.name, 0))

    def is_free(self, district: Values) -> bool:
        """Whether they answer to nobody."""
        return bool((self.strategy or district["strategies"][self.name]) == "free")


@dataclass(frozen=True)
class CarClasses:
    """Of a run."""

    classes: tuple[CarClass, ...]
    kinds: tuple[Kind, ...]
    zones: tuple[str, ...] = ZONE_NAMES

    @property
    def count(self) -> int:
        return len(self.classes)

    @property
    def kind_of_class(self) -> Any:
        """[class]"""
        return np.array([c.kind for c in self.classes])

    def of_kind(self, kind: Any, name: str) -> Any:
        """A number of each kind, for an array of kinds."""
        return np.array([getattr(k, name) for k in self.kinds])[kind]


def classes_of(scenario: Values) -> CarClasses:
    """AuditError where a class names a kind of charger that there is not."""
    fleet, drivers = scenario["fleet"], scenario["drivers"]
    zones = tuple(str(zone) for zone in fleet.get("zones", ZONE_NAMES))
    slow = _kind_of_all(fleet, "slow", "", zones, is_behind=True)
    fast = _kind_of_all(fleet, "fast", "fast_", ("commercial",), is_behind=False)
    kinds = (slow, fast, *(_own_kind(name, k, zones) for name, k in fleet.get("charger_kinds", {}).items()))
    names = [kind.name for kind in kinds]
    enrolled = float(drivers["enrolled_share"])
    own = fleet.get("classes", {})
    if wrong := [c["charger"] for c in own.values() if c["charger"] not in names]:
        raise AuditError(f"its classes of cars name chargers that there are not: {', '.join(wrong)}")
    if own:
        return CarClasses(tuple(_own_class(name, c, kinds[names.index(c["charger"])], names, enrolled)
                                for name, c in own.items()), kinds, zones)
    return CarClasses(tuple(
        CarClass(name, int(name == "taxi"), _pair(fleet[f"{name}_capacity_kwh"]), kinds[name == "taxi"].power_kw,
                 float(fleet[f"{name}_bidirectional_share"]), enrolled, None) for name in THREE), kinds, zones)


def _kind_of_all(fleet: Values, name: str, pair: str, zones: tuple[str, ...], *, is_behind: bool) -> Kind:
    return Kind(name, _pair(fleet[f"{name}_charger_kw"]), float(fleet[f"{pair}eta_charge"]),
                float(fleet[f"{pair}eta_discharge"]), str(fleet[f"{name}_charger_curve"]),
                float(fleet[f"{name}_taper_start_soc"]), zones, is_behind)


def _own_kind(name: str, k: Values, zones: tuple[str, ...]) -> Kind:
    return Kind(name, _pair(k["power_kw"]), float(k["eta_charge"]), float(k["eta_discharge"]), k["curve"],
                float(k["taper_start_soc"]), zones if k["zones"] is None else tuple(k["zones"]),
                not k["own_transformer"])


def _own_class(name: str, c: Values, kind: Kind, names: list[str], enrolled: float) -> CarClass:
    return CarClass(name, names.index(kind.name), _pair(c["capacity_kwh"]),
                    kind.power_kw if c["charger_kw"] is None else _pair(c["charger_kw"]),
                    float(c["bidirectional_share"]),
                    enrolled if c["enrolled_share"] is None else float(c["enrolled_share"]), str(c["strategy"]))


def _pair(value: Any) -> tuple[float, float]:
    low, high = np.broadcast_to(np.asarray(value, dtype=np.float64), 2)
    return float(low), float(high)
