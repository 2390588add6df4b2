"""What of a circuit the testbed drives, and what acts by itself, for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.network.three_phase.circuit import Circuit
from models.network.three_phase.engine import OFF
from models.network.three_phase.feeder import CONSTANT_POWER, customers_of
from models.records.feeder import ThreePhaseFeeder

MOST_NAMED = 8
MODELS = {2: "impedance", 3: "constant P, quadratic Q", 4: "with exponents", 5: "constant current",
          6: "constant P, fixed Q", 7: "constant P, fixed reactance", 8: "ZIP"}
"""OpenDSS's numbers of models of loads."""
CONTROLS = ("regcontrol", "capcontrol")
STATIC = "static"
ASSUMED_A = 400.0
"""Rating that OpenDSS gives lines without one."""
ANOTHER_LEVEL = 1.3
"""What a nominal voltage may differ by from that of its bus (A); between phases and to earth differ by 1.73."""


@dataclass(frozen=True)
class CircuitAccount:
    """Lines for people."""

    told: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For people, one line each."""
        yield from self.told


def account_of(circuit: Circuit, feeder: ThreePhaseFeeder) -> CircuitAccount:
    """The account of a circuit as a district's network."""
    return CircuitAccount((_size(circuit, feeder), *_driven(circuit, feeder), *_ratings(circuit, feeder),
                           *_by_itself(circuit)))


def _size(circuit: Circuit, feeder: ThreePhaseFeeder) -> str:
    bases = sorted({round(float(v), 1) for v in circuit.nodes.base_v})
    return (f"circuit {circuit.name!r}: {len(circuit.nodes.bus_names)} buses, {circuit.nodes.count} nodes; 1 pu is "
            f"{', '.join(f'{v:g}' for v in bases)} V to earth, limits {feeder.v_min_pu:g} to {feeder.v_max_pu:g} pu of "
            "that; the lower layer sees its phases, plans of the day its balanced equivalent, the circuit judges both")


def _driven(circuit: Circuit, feeder: ThreePhaseFeeder) -> Iterator[str]:
    loads = circuit.loads
    plain = int((loads.model == CONSTANT_POWER).sum())
    yield (f"driven: {loads.count} loads ({loads.p_kw.sum():,.1f} kW in the script), of which {plain} draw exactly "
           f"what is booked; {sum(bool(phases) for phases in feeder.bus_phases)} ports for cars, on phases "
           f"{_counted([phases for phases in feeder.bus_phases if phases])}")
    apart = feeder.bus_count - len(circuit.nodes.bus_names)
    if apart:
        yield f"cars have rows of their own behind {apart} of {len(customers_of(circuit).phases)} customers' buses"


def _ratings(circuit: Circuit, feeder: ThreePhaseFeeder) -> Iterator[str]:
    """Whether lines may have OpenDSS's own rating, which is none of theirs."""
    conductors = circuit.conductors
    lines, assumed = (len({name for name, its in zip(conductors.element, chosen, strict=True) if its})
                      for chosen in (conductors.is_line, conductors.is_line & (conductors.rating_a == ASSUMED_A)))
    if feeder.line_rating_a is None and assumed:
        yield (f"assumed: {assumed} of {lines} lines may carry {ASSUMED_A:g} A, which OpenDSS gives those without "
               "normamps; line_rating_a gives all lines another rating")


def _by_itself(circuit: Circuit) -> Iterator[str]:
    loads = circuit.loads
    for model in sorted({int(model) for model in loads.model} - {CONSTANT_POWER}):
        names = [name for name, its in zip(loads.names, loads.model, strict=True) if its == model]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield (f"by itself: loads of model {model} ({MODELS.get(model, 'other')}) draw what is booked at their nominal "
               f"voltage only: {', '.join(names[:MOST_NAMED])}{more}")
    yield from _of_another_level(circuit)
    if others := circuit.others():
        yield "by itself: " + ", ".join(f"{count} {kind}" for kind, count in others.items())
    if circuit.without_slopes:
        yield ("by itself: the lower layer takes derivatives as differences of power flows, which takes minutes on "
               f"thousands of buses, for {circuit.without_slopes}")
    if any(kind in others for kind in CONTROLS) and circuit.control_mode != STATIC:
        acts = ("controls stay as the script leaves them" if circuit.control_mode == OFF else
                "controls act within each step until all rest, as with static")
        yield f"by itself: controlmode={circuit.control_mode}: {acts}"


def _of_another_level(circuit: Circuit) -> Iterator[str]:
    """Loads that draw by their voltage, and whose nominal one is none of their bus."""
    loads = circuit.loads
    for i in np.flatnonzero(loads.model != CONSTANT_POWER):
        between = bool(loads.is_delta[i]) or len(loads.phases[i]) > 1
        kv = circuit.base_kv(loads.bus[i]) / (1.0 if between else np.sqrt(3.0))
        if not 1 / ANOTHER_LEVEL < loads.kv[i] / kv < ANOTHER_LEVEL:
            yield (f"by itself: load {loads.names[i]} has kv={loads.kv[i]:g} where its bus has {kv:.4g}, and draws "
                   f"{(kv / loads.kv[i]) ** 2:.2g} times its power if it is an impedance")


def _counted(phases: list[tuple[int, ...]]) -> str:
    texts = ["".join(map(str, some)) for some in phases]
    return ", ".join(f"{text} ({texts.count(text)})" for text in sorted(set(texts)))
