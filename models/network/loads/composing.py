"""What the buses of a feeder draw: series where there are some; other loads follow the system's, generators stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.network.loads.bus_loads import GENERATION, BusLoads, GivenSeries
from models.network.loads.elements import GENERATORS, LOADS, STORAGES, Elements
from models.records.arrays import Floats, Ints, RecordError
from models.records.feeder import RadialFeeder

MOST_NAMED = 8


@dataclass(frozen=True)
class Given:
    """What a user says of what has no series."""

    others_constant: bool = False
    """Whether generators and storages stay at the net's own power; else they are left out."""
    peak_scale: float = 1.0
    """Factor on loads that follow the system's."""
    curtailable: bool = False
    """Whether less may be taken of static generators than they give."""


def bus_loads(feeder: RadialFeeder, elements: Elements, given: Given, series: GivenSeries | None = None) -> BusLoads:
    """All that is drawn at the buses of a feeder without cars.

    RecordError where generators may be curtailed and none is taken, and where loads that do not stand alike at their
    bus follow different series.
    """
    if series is not None and elements.stands:
        _check_shared(feeder, elements, series)
    buses = np.zeros(feeder.bus_count, dtype=np.bool_) if series is None else series.buses
    said = np.zeros(elements.count, dtype=np.bool_) if series is None else series.elements
    loads, others = elements.rows_of(LOADS), elements.rows_of((*GENERATORS, *STORAGES))
    staying, free = loads[~said[loads]], others[~said[others]]
    changed = buses.copy()
    changed[elements.bus[loads[said[loads]]]] = True
    powers = (elements.p_kw, elements.q_kvar)
    # where all loads follow, they are the feeder's own to the last digit
    follow = [np.where(buses, 0.0, np.where(changed, given.peak_scale * _sums(elements, power, staying, feeder), own))
              for power, own in zip(powers, (feeder.p_base_kw, feeder.q_base_kvar), strict=True)]
    constant = free if given.others_constant else free[:0]
    fixed = [_sums(elements, power, constant, feeder) for power in powers]
    taken = {(elements.table[row], int(elements.number[row])): how for rows, how in (
        (others[said[others]], "by its series"), (constant, "at its own power all the time")) for row in rows}
    places = _generation(feeder, elements, constant, series) if given.curtailable else ()
    if series is None:
        return BusLoads(follow[0], follow[1], fixed[0], fixed[1], None, None, (), taken, *places)
    notes = (*series.notes, *_told(elements, staying, free, given))
    return BusLoads(follow[0], follow[1], fixed[0], fixed[1], series.series, series.uses, notes, taken, *places)


def _check_shared(feeder: RadialFeeder, elements: Elements, series: GivenSeries) -> None:
    """The power of a bus is shared out among its loads as their own powers: all must follow the same series."""
    loads = elements.rows_of(LOADS)
    follows = [_followed(elements, series, int(row)) for row in loads]
    for bus in np.unique(elements.bus[loads]):
        here = [i for i, row in enumerate(loads) if elements.bus[row] == bus]
        if len({elements.stands[loads[i]] for i in here}) > 1 and len({follows[i] for i in here}) > 1:
            name = feeder.bus_name[bus] if feeder.bus_name else feeder.bus_number[bus]
            raise RecordError(
                f"series of feeder {feeder.name}: bus {name}: {_named(elements, loads[here])} stand on different "
                "phases or are of different kinds, and follow different series; a bus's power is shared out among them "
                f"as their own powers, so let all follow one, give `bus {name} p_kw` instead, or give each a bus of "
                "its own, behind a line")


def _followed(elements: Elements, series: GivenSeries, row: int) -> tuple[tuple[str, float, float], ...]:
    """Columns that an element follows, and what of its own power each unit of them is."""
    uses, label = series.uses, elements.label(row)
    mine = [i for i, of in enumerate(uses.label) if of == label]
    return tuple((uses.source[i], _share(uses.p_factor[i], elements.p_kw[row]),
                  _share(uses.q_factor[i], elements.q_kvar[row])) for i in mine)


def _share(factor: float, own: float) -> float:
    """A factor as a part of the element's own power, where it has some."""
    return round(float(factor / own if own else factor), 9)


def _generation(feeder: RadialFeeder, elements: Elements, constant: Ints, series: GivenSeries | None
                ) -> tuple[Ints, Floats]:
    """(rows of buses with static generators that are taken, what those at their own power draw there)."""
    staying = np.array([row for row in constant if elements.table[row] in GENERATORS], dtype=np.int64)
    with_series = series.uses.bus[series.uses.kind == GENERATION] if series is not None else constant[:0]
    buses = np.union1d(elements.bus[staying], with_series).astype(np.int64)
    # what is given at the substation's own bus passes no line: nothing there is ever worth curtailing
    buses = buses[buses > 0]
    if not buses.size:
        raise RecordError(f"series.curtailable: feeder {feeder.name} has no static generator with a series, nor one "
                          "at its own power (series.others: constant) behind its substation")
    return buses, _sums(elements, elements.p_kw, staying, feeder)[buses]


def _sums(elements: Elements, power: Floats, rows: Ints, feeder: RadialFeeder) -> Floats:
    return np.asarray(np.bincount(elements.bus[rows], power[rows], feeder.bus_count), dtype=np.float64)


def _told(elements: Elements, staying: Ints, free: Ints, given: Given) -> Iterator[str]:
    if staying.size:
        yield f"without a series, following the system's load: {_named(elements, staying)}"
    if free.size:
        what = "at the net's own power all the time" if given.others_constant else "left out"
        yield f"without a series, {what}: {_named(elements, free)}"


def _named(elements: Elements, rows: Ints) -> str:
    some = [elements.label(int(row)) for row in rows[:MOST_NAMED]]
    return ", ".join(some) + (f" and {rows.size - MOST_NAMED} more" if rows.size > MOST_NAMED else "")
