"""Rules of faults: that each is in the run and in a place its kind asks for, and that no two contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from models.registry import did_you_mean
from testbed.faults.kind import FAULTS, WHERE, FaultKind
from testbed.scenario.contradiction import Contradiction
from testbed.scenario.keys import ScenarioKeys
from testbed.scenario.parts.faults import Fault
from testbed.scenario.told_faults import district_of

SECONDS_PER_HOUR = 3600
HOURS_PER_DAY = 24
ROUNDING_H = 1e-6
Path = tuple[str | int, ...]


def fault_contradictions(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    """Every rule of faults that the scenario breaks."""
    for i, fault in enumerate(scenario.faults):
        kind = FAULTS.get(fault.kind)
        if kind is None:
            yield Contradiction(("faults", i, "kind"), fault.kind,
                                f"must be {', '.join(FAULTS)}{did_you_mean(fault.kind, list(FAULTS))}")
            continue
        yield from _time(("faults", i), fault, kind, scenario)
        yield from _place(("faults", i), fault, kind, scenario)
        yield from _parameters(("faults", i), fault, kind)
        yield from _others(i, fault, kind, scenario)


def _time(here: Path, fault: Fault, kind: FaultKind, scenario: ScenarioKeys) -> Iterator[Contradiction]:
    step_h = scenario.step_s / SECONDS_PER_HOUR
    for key in ("from_h", "until_h"):
        hour = getattr(fault, key)
        if abs(hour / step_h - round(hour / step_h)) > ROUNDING_H:
            yield Contradiction((*here, key), hour, f"must be a multiple of {step_h:g} h, the run's step")
    last_h = (scenario.days - fault.day + 1) * HOURS_PER_DAY
    if last_h <= 0:
        yield Contradiction((*here, "day"), fault.day, f"must not be above days={scenario.days}")
    elif fault.until_h > last_h:
        yield Contradiction((*here, "until_h"), fault.until_h, f"must not be above {last_h}, where the run ends")
    if fault.until_h <= fault.from_h:
        yield Contradiction((*here, "until_h"), fault.until_h, f"must be above from_h={fault.from_h:g}")
    if fault.from_s == 0 and not kind.covers_first_plan and not scenario.warmup_controlled_days:
        yield Contradiction((*here, "from_h"), fault.from_h, f"must be above 0 for {fault.kind} on the first day, as "
                            "no earlier plan could stand (or let warmup_controlled_days be above 0)")


def _place(here: Path, fault: Fault, kind: FaultKind, scenario: ScenarioKeys) -> Iterator[Contradiction]:
    given = [key for key in WHERE if getattr(fault, key) not in (None, ())]
    wanted = f"{fault.kind} says where with: {', '.join((*kind.needs, *kind.may)) or 'nothing'}"
    for key in given:
        if key not in (*kind.needs, *kind.may):
            yield Contradiction((*here, key), getattr(fault, key), f"is not for this kind; {wanted}")
    for key in kind.needs:
        if key not in given and key != "district":
            yield Contradiction((*here, key), None, f"is needed; {wanted}")
    if set(kind.needs) <= {"district"} and kind.may and not set(given) & set(kind.may):
        yield Contradiction((*here, kind.may[0]), None, f"is needed, or {' or '.join(kind.may[1:])}; {wanted}")
    if fault.zone is not None and fault.zone not in (zones := scenario.fleet.zones):
        yield Contradiction((*here, "zone"), fault.zone, f"is none of fleet.zones: {', '.join(zones)}"
                            f"{did_you_mean(fault.zone, list(zones))}")
    if len(set(given) & set(kind.may)) > 1:
        both = " and ".join(key for key in kind.may if key in given)
        yield Contradiction((*here, kind.may[0]), getattr(fault, kind.may[0]), f"must not be given twice, as {both}")
    if "district" in kind.needs:
        yield from _district(here, fault, kind, scenario)


def _district(here: Path, fault: Fault, kind: FaultKind, scenario: ScenarioKeys) -> Iterator[Contradiction]:
    named = {district.name: district for district in scenario.districts}
    name, path = district_of(fault, scenario), (*here, "district")
    if not name:
        yield Contradiction(path, None, f"is needed where there are several: {', '.join(named)}")
    elif name not in named:
        yield Contradiction(path, name, f"must be a district: {', '.join(named)}{did_you_mean(name, list(named))}")
    elif kind.needs_network and named[name].feeder is None:
        yield Contradiction(path, name, f"must have a network for {fault.kind}")


def _parameters(here: Path, fault: Fault, kind: FaultKind) -> Iterator[Contradiction]:
    for name, value in fault.parameters.items():
        path = (*here, "parameters", name)
        if name not in kind.known:
            known = ", ".join(kind.known) or "none"
            yield Contradiction(path, value, f"is no parameter of {fault.kind}{did_you_mean(name, list(kind.known))}; "
                                f"known: {known}")
        elif not kind.known[name].takes(value):
            yield Contradiction(path, value, f"must be {kind.known[name].allowed}")


def _others(i: int, fault: Fault, kind: FaultKind, scenario: ScenarioKeys) -> Iterator[Contradiction]:
    """Faults before this one that are there at the same time and say otherwise, or the same once more."""
    for j, other in enumerate(scenario.faults[:i]):
        theirs = FAULTS.get(other.kind)
        is_one = fault.kind == other.kind and _where(fault, scenario) == _where(other, scenario)
        contradicts = kind.decides and theirs and kind.decides == theirs.decides and _meet(fault, other, scenario)
        if (is_one or contradicts) and fault.from_s < other.until_s and other.from_s < fault.until_s:
            yield Contradiction(("faults", i), fault.kind, f"contradicts faults.{j} ({other.kind}), which is there at "
                                "the same time and place: one of them alone can say what becomes of "
                                f"{kind.decides or 'it'}")


def _where(fault: Fault, scenario: ScenarioKeys) -> tuple[object, ...]:
    return district_of(fault, scenario), fault.buses, fault.zone, fault.line_to, fault.phase, fault.unit


def _meet(fault: Fault, other: Fault, scenario: ScenarioKeys) -> bool:
    """Whether some place is in both; buses are never compared here."""
    pairs = ((district_of(fault, scenario), district_of(other, scenario)), (fault.zone, other.zone),
             (fault.unit, other.unit))
    return all(a == b or a is None or b is None for a, b in pairs)
