"""Rules between the keys of simulators of others and the rest of a scenario; each broken one is yielded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from testbed.scenario.contradiction import Contradiction
from testbed.scenario.keys import ScenarioKeys
from testbed.scenario.parts.district import District
from testbed.scenario.parts.execution import LAST_PORT
from testbed.scenario.parts.simulators import ADDRESSES, Port, Simulator
from testbed.scenario.simulator_terms import (
    BUS_PROFILES,
    FEEDER_GIVES,
    FEEDER_HEARS,
    PLACEHOLDERS,
    SYSTEM_PROFILES,
    Term,
    factor,
    placeholders,
    units_like,
)

DAY_S = 86_400
OURS = ("profiles", "mobility", "temporal", "spatial", "fleet", "feeder", "power_system", "recorder")
RECORDED = re.compile(r"[a-z][a-z0-9_]{0,59}")
Path_ = tuple[str | int, ...]


def simulator_contradictions(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    """Every rule that a simulator of others breaks, by itself or with another."""
    for name, simulator in scenario.simulators.items():
        path = ("simulators", name)
        if name in OURS:
            yield Contradiction(path, name, f"must have another name than the testbed's own: {', '.join(OURS)}")
        yield from _step(scenario, path, simulator)
        yield from _addresses(path, simulator)
        yield from _PLACES[simulator.place](scenario, path, simulator)
    yield from _twice(scenario)


def _step(scenario: ScenarioKeys, path: Path_, simulator: Simulator) -> Iterator[Contradiction]:
    step_s = simulator.step_s or scenario.step_s
    if simulator.place == "feeder" and step_s != scenario.step_s:
        yield Contradiction((*path, "step_s"), step_s, f"must be step_s={scenario.step_s} in the place of a feeder")
    elif step_s % scenario.step_s or DAY_S % step_s:
        yield Contradiction((*path, "step_s"), step_s,
                            f"must be a whole multiple of step_s={scenario.step_s} that divides a day")


def _addresses(path: Path_, simulator: Simulator) -> Iterator[Contradiction]:
    way, _, rest = simulator.start.partition(":")
    if way != "connect":
        if way == "cmd" and "%(addr)s" not in rest:
            yield Contradiction((*path, "start"), simulator.start, "must name %(addr)s, to which the command connects")
        return
    addresses, needed = rest.split(","), ADDRESSES if simulator.place == "feeder" else 1
    if len(addresses) != needed:
        yield Contradiction((*path, "start"), simulator.start,
                            f"must give {needed} address{'es, of what happens, set-points and no cars' * (needed > 1)}")
    if any(int(address.rpartition(":")[2]) > LAST_PORT for address in addresses):
        yield Contradiction((*path, "start"), simulator.start, f"must give ports up to {LAST_PORT}")


# ---------------------------------------------------------------- places
def _profiles(scenario: ScenarioKeys, path: Path_, simulator: Simulator) -> Iterator[Contradiction]:
    if simulator.district is not None:
        yield from _district(scenario, path, simulator)
    yield from _ports((*path, "gives"), simulator.gives, BUS_PROFILES if simulator.district else SYSTEM_PROFILES)
    if not simulator.gives:
        yield Contradiction((*path, "gives"), {}, "must name what it gives")
    if simulator.hears:
        yield Contradiction((*path, "hears"), sorted(simulator.hears), "must be empty in the place of profiles")
    if simulator.district is not None and (district := district_of(scenario, simulator)) is not None:
        yield from _not_curtailable(path, district)


def _feeder(scenario: ScenarioKeys, path: Path_, simulator: Simulator) -> Iterator[Contradiction]:
    yield from _district(scenario, path, simulator)
    for key, told, terms in (("gives", simulator.gives, FEEDER_GIVES), ("hears", simulator.hears, FEEDER_HEARS)):
        yield from _ports((*path, key), told, terms)
        if missing := [name for name in terms if name not in told]:
            yield Contradiction((*path, key), sorted(told), f"lacks {', '.join(missing)}")
    district = district_of(scenario, simulator)
    if district is None:
        return
    if str(district.feeder).lower().startswith("dss:") or str(district.feeder).lower().endswith(".dss"):
        yield Contradiction((*path, "district"), district.name, "must not be a circuit of three phases")
    if district.tap_changer is not None:
        yield Contradiction((*path, "district"), district.name, "must have no tap_changer: it would move in the other "
                            "simulator")
    yield from _not_curtailable(path, district)
    if district.name in scenario.execution.remote:
        yield Contradiction((*path, "district"), district.name, "must not be in execution.remote")


def _not_curtailable(path: Path_, district: District) -> Iterator[Contradiction]:
    """What is not taken of generators would have to be told to the other simulator, or by it."""
    if district.series.curtailable:
        yield Contradiction((*path, "district"), district.name, "must not have series.curtailable: the other simulator "
                            "knows no generation that is not taken")


def _added(scenario: ScenarioKeys, path: Path_, simulator: Simulator) -> Iterator[Contradiction]:
    if simulator.district is not None:
        yield Contradiction((*path, "district"), simulator.district, "must be left out of an added simulator; what it "
                            "hears is named DISTRICT.SERIES")
    if not simulator.gives and not simulator.hears:
        yield Contradiction((*path, "gives"), {}, "must name something that it gives, or hears something")
    for name, port in simulator.gives.items():
        here = (*path, "gives", name)
        if not RECORDED.fullmatch(name):
            yield Contradiction(here, name, "must be a name of small letters, digits and _ to be recorded under")
        if port.unit is None:
            yield Contradiction((*here, "unit"), None, "is required of what is recorded")
        if port.bus is not None or placeholders(port) & set(PLACEHOLDERS):
            yield Contradiction(here, port.attribute, "must be one number, not one for each bus")


_PLACES = {"profiles": _profiles, "feeder": _feeder, "added": _added}


def district_of(scenario: ScenarioKeys, simulator: Simulator) -> District | None:
    """The district that it is about; None where there is no such one."""
    with_network = [district for district in scenario.districts if district.feeder is not None]
    if simulator.district is None:
        return with_network[0] if len(with_network) == 1 else None
    return next((district for district in with_network if district.name == simulator.district), None)


def _district(scenario: ScenarioKeys, path: Path_, simulator: Simulator) -> Iterator[Contradiction]:
    if district_of(scenario, simulator) is None:
        names = ", ".join(district.name for district in scenario.districts if district.feeder is not None)
        yield Contradiction((*path, "district"), simulator.district,
                            f"must be a district with a network: {names or 'there is none'}")


def _ports(path: Path_, told: Mapping[str, Port], terms: Mapping[str, Term]) -> Iterator[Contradiction]:
    for name, port in told.items():
        here = (*path, name)
        if name not in terms:
            yield Contradiction(here, name, f"is unknown here; known: {', '.join(terms)}")
            continue
        yield from port_contradictions(here, port, terms[name])
        if port.bus is not None:
            yield Contradiction((*here, "bus"), port.bus, "is only for what an added simulator hears")


def port_contradictions(path: Path_, port: Port, term: Term) -> Iterator[Contradiction]:
    """Why a quantity cannot be told by this attribute: another unit, one number for many buses or many for one."""
    if factor(port.unit, term.unit) is None:
        yield Contradiction((*path, "unit"), port.unit, f"must be one of {', '.join(units_like(term.unit))}")
    named = placeholders(port)
    if unknown := sorted(named - set(PLACEHOLDERS)):
        yield Contradiction(path, port.attribute, f"has {{{unknown[0]}}}; known: {{bus}}, {{place}}, {{line}}")
    elif term.is_along_buses and port.bus is None and not named:
        yield Contradiction(path, port.attribute, "must have {bus}, {place} or {line} in entity or attribute: there is "
                            "one for each bus")
    elif named and not term.is_along_buses:
        yield Contradiction(path, port.attribute, "must be one number, not one for each bus")


def _twice(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    """No two simulators in one place."""
    taken: dict[tuple[str, str], str] = {}
    for name, simulator in scenario.simulators.items():
        district = district_of(scenario, simulator)
        where = "" if simulator.district is None and simulator.place == "profiles" else getattr(district, "name", "")
        parts = {"feeder": ["feeder"], "profiles": list(simulator.gives), "added": []}[simulator.place]
        for part in parts:
            if (other := taken.setdefault((where, part), name)) != name:
                yield Contradiction(("simulators", name), part, f"is told by {other} already")
