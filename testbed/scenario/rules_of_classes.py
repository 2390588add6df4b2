"""Rules between classes of cars, kinds of chargers, and the districts that have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from models.fleet.charger_curves import known_curve
from models.records.arrays import RecordError
from models.records.groups import THREE_CLASSES, ZONES
from models.registry import did_you_mean
from testbed.scenario.contradiction import Contradiction
from testbed.scenario.keys import ScenarioKeys
from testbed.scenario.parts.classes import FAST_ZONE, LAWS_OF_TRIPS, ChargerKind
from testbed.scenario.parts.district import District, Strategies
from testbed.scenario.parts.fleet import Fleet

EVERYWHERE = ("slow", "fast")
PAIR_TOLERANCE = 0.05


def class_contradictions(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    """Every such rule that the scenario breaks."""
    fleet = scenario.fleet
    yield from _zones(fleet)
    yield from _kinds(fleet)
    yield from _classes(fleet)
    for i, district in enumerate(scenario.districts):
        yield from _cars(("districts", i), district, fleet)
        yield from _ports(("districts", i), district, fleet)


def _zones(fleet: Fleet) -> Iterator[Contradiction]:
    """Laws of trips lead to three zones; others lead wherever a table says."""
    path, names = ("fleet", "zones"), list(fleet.zones)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield Contradiction(path, twice, "names zones twice")
    lawful = [name for name, c in fleet.classes.items() if c.trips in LAWS_OF_TRIPS]
    if (lawful or not fleet.classes) and fleet.zones[: len(ZONES)] != ZONES:
        who = f"cars of {', '.join(lawful)}" if lawful else "cars without fleet.classes"
        yield Contradiction(path, names, f"must begin with {', '.join(ZONES)}: trips of {who} follow a law that leads "
                            "there")
    for kind, own in fleet.charger_kinds.items():
        yield from _known(("fleet", "charger_kinds", kind, "zones"), own.zones or (), fleet.zones)
    for name, c in fleet.classes.items():
        yield from _known(("fleet", "classes", name, "home_zone"), (c.home_zone,), fleet.zones)
        if c.charger == "fast" and FAST_ZONE not in fleet.zones:
            yield Contradiction(("fleet", "classes", name, "charger"), "fast",
                                f"has ports in zone {FAST_ZONE} alone, which is none of fleet.zones; name a kind of "
                                "your own")


def _known(path: tuple[str | int, ...], named: Iterable[str], zones: tuple[str, ...]) -> Iterator[Contradiction]:
    for zone in named:
        if zone not in zones:
            yield Contradiction(path, zone, f"is none of fleet.zones: {', '.join(zones)}"
                                f"{did_you_mean(zone, list(zones))}")


def _kinds(fleet: Fleet) -> Iterator[Contradiction]:
    for name, kind in fleet.charger_kinds.items():
        path = ("fleet", "charger_kinds", name)
        if name in EVERYWHERE:
            yield Contradiction(path, name, "is a kind that every scenario has, by fleet.slow_... and fast_...")
        yield from _curve(path, kind)


def _curve(path: tuple[str, ...], kind: ChargerKind) -> Iterator[Contradiction]:
    """What is no curve, and pairs that plans would count with though the curve has others at full load."""
    name = kind.curve if isinstance(kind.curve, str) else "its own"
    try:
        curve = known_curve(kind.curve)
    except RecordError as error:
        yield Contradiction((*path, "curve"), name, f"is none: {str(error).removeprefix('charger curve: ')}")
        return
    for way, efficiency in () if curve is None else (("charge", curve.charging), ("discharge", curve.discharging)):
        if abs(getattr(kind, f"eta_{way}") - (full_load := float(efficiency[-1]))) > PAIR_TOLERANCE:
            yield Contradiction((*path, f"eta_{way}"), getattr(kind, f"eta_{way}"),
                                f"must be within {PAIR_TOLERANCE:g} of {full_load:g}, what curve={name} has at full "
                                "load; or set curve: constant")


def _classes(fleet: Fleet) -> Iterator[Contradiction]:
    kinds = (*EVERYWHERE, *fleet.charger_kinds)
    for name, c in fleet.classes.items():
        path = ("fleet", "classes", name)
        if c.charger not in kinds:
            yield Contradiction((*path, "charger"), c.charger, f"must be a kind of charger: {', '.join(kinds)}")
        for key in ("soc_wanted", "soc_initial"):
            span = getattr(c, key)
            least = fleet.soc_floor_v2g if key == "soc_wanted" else fleet.soc_min
            if span is not None and (span[0] < least or span[1] > fleet.soc_max):
                yield Contradiction((*path, key), list(span), f"must lie between {least:g} and fleet.soc_max="
                                    f"{fleet.soc_max:g}")


def _cars(here: tuple[str | int, ...], district: District, fleet: Fleet) -> Iterator[Contradiction]:
    for name in district.cars:
        if name not in fleet.classes:
            known = f"there are {', '.join(fleet.classes)}" if fleet.classes else "fleet.classes names none"
            yield Contradiction((*here, "cars", name), district.cars[name], f"is no class of cars: {known}")
    if fleet.classes:
        for name in THREE_CLASSES.class_names:
            if getattr(district, name):
                yield Contradiction((*here, name), getattr(district, name),
                                    f"must be 0 with fleet.classes: they are in place of it; say cars: {{{name}: ...}} "
                                    "if there is a class of this name")
        if district.strategies != Strategies():
            yield Contradiction((*here, "strategies"), "...", "is a key of each class with fleet.classes: strategy")
        if district.sessions is not None:
            yield Contradiction((*here, "sessions"), district.sessions, "is not for a scenario with fleet.classes")
    if district.cars_file is not None and district.vehicle_count:
        yield Contradiction((*here, "cars_file"), district.cars_file, "is in place of numbers of cars: these must be 0")
    if district.cars_file is not None and district.sessions is not None:
        yield Contradiction((*here, "cars_file"), district.cars_file, "is not for recorded sessions")


def _ports(here: tuple[str | int, ...], district: District, fleet: Fleet) -> Iterator[Contradiction]:
    for name, ports in district.ports_per_bus.items():
        path = (*here, "ports_per_bus", name)
        if name not in fleet.charger_kinds:
            yield Contradiction(path, ports, "is no kind of charger of fleet.charger_kinds")
        if ports is None and district.feeder is not None:
            yield Contradiction(path, ports, "must be a number in a district with a feeder")
        users = sum(n for c, n in district.cars.items() if c in fleet.classes and fleet.classes[c].charger == name)
        if ports == 0 and users:
            yield Contradiction(path, ports, f"must be above 0 for {users} cars that use such ports")
    for kind in EVERYWHERE:
        ports = getattr(district, f"{kind}_ports_per_bus")
        users = sum(n for c, n in district.cars.items() if c in fleet.classes and fleet.classes[c].charger == kind)
        if ports == 0 and users:
            yield Contradiction((*here, f"{kind}_ports_per_bus"), ports,
                                f"must be above 0 for {users} cars that use such ports")
