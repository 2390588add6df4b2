"""Stays as an operator may know them, and what cars can do: by cohort, and by bus."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from models.records.arrays import Floats, Ints, Table
from models.records.groups import cohort_row
from models.records.quantity import of


def unknown() -> Floats:
    """In place of an array of which nothing is known."""
    return np.zeros(0)


@dataclass(frozen=True)
class Sessions(Table):
    """Stays as an operator may know them, one row each, arrays [S]; known or expected.

    Energies in kWh in the battery. `weight` counts cars: 1 for a plugged car, scale/days for one of a sampled day.
    """

    group: Ints
    bus_index: Ints
    """-1 where the bus is not known (expected cars)."""
    start_s: Ints
    """First instant at which the car can be dispatched."""
    departure_s: Ints
    """Declared departure."""
    energy_kwh: Floats
    """At start_s."""
    wanted_kwh: Floats
    max_kwh: Floats
    floor_v2g_kwh: Floats
    p_charge_max_kw: Floats
    p_discharge_max_kw: Floats
    eta_charge: Floats
    eta_discharge: Floats
    weight: Floats

    @property
    def count(self) -> int:
        return int(self.group.size)


@dataclass(frozen=True)
class CohortFlexibility(Table):
    """What the cars of one district can do, by cohort and hour; arrays [G, H] unless stated.

    Cohort row = group * (H + 1) + departure hour counted from `start_s` (H: beyond the horizon).
    x is net energy on the battery side since plug-in (or since start_s), summed over the cohort; both
    bounds hold at the END of each hour. Cars that left keep their last bounds and have no power, so
    x(t) = x(t-1) + (eta_c pc - pd/eta_d) dt needs no arrival or departure terms.
    All values are already multiplied by the number of cars expected to comply.
    """

    start_s: Annotated[int, of("s")]
    x_min_kwh: Annotated[Floats, of("kWh", "cohort", "hour")]
    x_max_kwh: Annotated[Floats, of("kWh", "cohort", "hour")]
    pc_max_kw: Annotated[Floats, of("kW", "cohort", "hour")]
    pd_max_kw: Annotated[Floats, of("kW", "cohort", "hour")]
    eta_charge: Annotated[Floats, of("1", "cohort")]
    """[G]"""
    eta_discharge: Annotated[Floats, of("1", "cohort")]
    """[G]"""
    x_end_uncoordinated_kwh: Annotated[Floats, of("kWh", "cohort")]
    """[G] x of the same cars at the horizon's end if each charged at once (terminal: match)."""
    energy_start_kwh: Annotated[float, of("kWh")]
    """Stored in all enrolled cars plugged in at start_s (terminal: cyclic)."""
    energy_end_base_kwh: Annotated[float, of("kWh")]
    """Stored at plug-in in the cars plugged in at the horizon's end, x not included (terminal: cyclic)."""
    p_uncontrolled_kw: Annotated[Floats, of("kW", "hour")]
    """[H] expected load of cars outside control: not enrolled, or expected not to comply."""
    p_uncontrolled_step_kw: Annotated[Floats, of("kW", "horizon_step", empty=True)] = field(default_factory=unknown)
    """[H * Q] the same by step; empty: even within the hour."""
    pc_latest_kw: Annotated[Floats, of("kW", "cohort", "hour", empty=True)] = field(default_factory=unknown)
    """Charging if every car waited as long as it can; empty: unknown, treated as if no car had to charge."""
    pc_fresh_kw: Annotated[Floats, of("kW", "cohort", "hour", empty=True)] = field(default_factory=unknown)
    """The part of it in each car's own first hour: nothing earlier can have spared it; empty: none."""
    pc_leaving_kw: Annotated[Floats, of("kW", "cohort", "step", empty=True)] = field(default_factory=unknown)
    """[G, Q] pc_max in the steps of the cohort's own hour of departure; empty: even within the hour."""

    @property
    def cohort_count(self) -> int:
        return int(self.x_min_kwh.shape[0])

    @property
    def horizon_h(self) -> int:
        return int(self.x_min_kwh.shape[1])


@dataclass(frozen=True)
class PairIndex:
    """Fixed rows of the lower layer's first hour: (bus, group, hours until declared departure), arrays [K]."""

    bus_index: Ints
    group: Ints
    departure_bin: Ints
    """Whole hours from the decision hour to the declared departure, 0..bins-1; the last bin holds all later ones."""
    bins: int

    @property
    def count(self) -> int:
        return int(self.bus_index.size)

    def rows(self, bus_index: Ints, group: Ints, departure_bin: Ints) -> Ints:
        """Row of each car or stay [N], -1 where there is none."""
        if not self.count:
            return np.full(group.size, -1, dtype=np.int64)
        # any stride above all groups keeps bus, group and hour apart
        stride = 1 + max(int(self.group.max()), int(group.max(initial=0)))
        own, keys = (cohort_row(bus * stride + groups, hours, self.bins - 1) for bus, groups, hours in
                     ((self.bus_index, self.group, self.departure_bin), (bus_index, group, departure_bin)))
        order = np.argsort(own, kind="stable")
        row = order[np.minimum(np.searchsorted(own, keys, sorter=order), self.count - 1)]
        return np.where(own[row] == keys, row, -1)


@dataclass(frozen=True)
class BusFlexibility(Table):
    """What the cars at each bus can do, from the decision hour on, already times the expected compliance.

    `*_now` [K, Q]: the Q steps of the current hour for the rows of PairIndex (cars plugged in now).
    `*_later` [B, 2, N]: the N following hours per bus and charger kind (plugged now plus expected).
    x counts from the decision instant; bounds at period ends; cars that left keep their last bounds.
    """

    x_min_now_kwh: Annotated[Floats, of("kWh", "pair", "step")]
    x_max_now_kwh: Annotated[Floats, of("kWh", "pair", "step")]
    pc_max_now_kw: Annotated[Floats, of("kW", "pair", "step")]
    pd_max_now_kw: Annotated[Floats, of("kW", "pair", "step")]
    x_min_later_kwh: Annotated[Floats, of("kWh", "bus", "charger_kind", "later_hour")]
    x_max_later_kwh: Annotated[Floats, of("kWh", "bus", "charger_kind", "later_hour")]
    pc_max_later_kw: Annotated[Floats, of("kW", "bus", "charger_kind", "later_hour")]
    pd_max_later_kw: Annotated[Floats, of("kW", "bus", "charger_kind", "later_hour")]
    p_uncontrolled_kw: Annotated[Floats, of("kW", "bus", "period")]
    """[B, Q + N] expected load of cars outside control."""
    p_urgent_kw: Annotated[Floats, of("kW", "period", empty=True)] = field(default_factory=unknown)
    """[Q + N] the part of it, over all buses, that enrolled cars in a hurry take on arrival; empty: none."""
