"""Frozen, self-checking records that every package may read.

Plain numpy, one unit per name, no behaviour beyond checks and derived views.
Shapes are written with these letters: U thermal units, V vehicle slots, B buses,
G cohorts, H hours, K (bus, group, departure) pairs, Z zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ZONES: tuple[str, ...] = ("residential", "commercial", "office")
VEHICLE_CLASSES: tuple[str, ...] = ("private", "taxi", "government")
CHARGER_KINDS: tuple[str, ...] = ("slow", "fast")
GROUP_COUNT = len(ZONES) * len(VEHICLE_CLASSES) * 2
BASE_MVA = 1.0
SECONDS_PER_HOUR = 3600
# of thermal units; inf = none: change of power from hour to hour while on, power in the first and in the last hour on
OPTIONAL_LIMITS = ("ramp_up_mw_per_h", "ramp_down_mw_per_h", "p_startup_max_mw", "p_shutdown_max_mw")


class RecordError(ValueError):
    """A record that contradicts itself; the message says which, what and against what."""


def group_index(zone: Ints, vehicle_class: Ints, bidirectional: Bools | Ints) -> Ints:
    """Row of a (zone, class, one-way/bidirectional) group, 0..GROUP_COUNT-1.

    group = (zone * 3 + class) * 2 + bidirectional; all arguments share one shape.
    """
    groups = (zone * len(VEHICLE_CLASSES) + vehicle_class) * 2 + bidirectional
    return np.asarray(groups, dtype=np.int64)


def cohort_index(group: Ints, departure_s: Ints, start_s: int, horizon_h: int) -> Ints:
    """Row of the cohort of each stay: group * (horizon_h + 1) + hour of declared departure from `start_s`.

    A departure exactly on an hour's end belongs to that hour; one already past to hour 0 (assumed to
    leave within the hour); one beyond the horizon to the last row, horizon_h. All arrays share one shape.
    """
    hour = -((start_s - departure_s) // SECONDS_PER_HOUR) - 1
    return np.asarray(group * (horizon_h + 1) + np.clip(hour, 0, horizon_h), dtype=np.int64)


def group_names() -> tuple[str, ...]:
    """Readable name of each group, in the order of `group_index`."""
    ways = ("one_way", "bidirectional")
    return tuple(f"{zone}/{cls}/{way}" for zone in ZONES for cls in VEHICLE_CLASSES for way in ways)


class Table:
    """Base of records that are nothing but named arrays, so that they can be packed for the wire."""

    def to_arrays(self) -> dict[str, Any]:
        """The fields by name, as they are (no copy)."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """The record again from what `to_arrays` gave."""
        return cls(**arrays)


def _refuse(problems: list[str], record: str) -> None:
    if problems:
        raise RecordError(f"{record}: " + "; ".join(problems))


def _above(names: tuple[str, ...] | list[str], low: Floats, high: Floats, low_name: str, high_name: str) -> list[str]:
    return [f"{names[i]}: {low_name}={low[i]:g} is above {high_name}={high[i]:g}" for i in np.flatnonzero(low > high)]


@dataclass(frozen=True)
class ThermalUnits:
    """Thermal generating units, arrays [U]. Cost a + b P + c P^2 [$/h] with P in MW."""

    names: tuple[str, ...]
    p_max_mw: Floats
    p_min_mw: Floats
    cost_a_usd_per_h: Floats
    cost_b_usd_per_mwh: Floats
    cost_c_usd_per_mw2h: Floats
    min_up_h: Ints
    min_down_h: Ints
    start_hot_usd: Floats
    start_cold_usd: Floats
    cold_start_h: Ints
    initial_h: Ints
    """Hours on (positive) or off (negative) at the start of counted time; never 0."""
    emission_alpha_t_per_h: Floats
    emission_beta_t_per_mwh: Floats
    emission_gamma_t_per_mw2h: Floats
    ramp_up_mw_per_h: Floats = field(default_factory=lambda: np.full(1, np.inf))
    ramp_down_mw_per_h: Floats = field(default_factory=lambda: np.full(1, np.inf))
    p_startup_max_mw: Floats = field(default_factory=lambda: np.full(1, np.inf))
    p_shutdown_max_mw: Floats = field(default_factory=lambda: np.full(1, np.inf))

    def __post_init__(self) -> None:
        problems = _above(self.names, self.p_min_mw, self.p_max_mw, "p_min_mw", "p_max_mw")
        for name in OPTIONAL_LIMITS:
            limit, is_ramp = np.broadcast_to(getattr(self, name), self.count).copy(), name.startswith("ramp")
            object.__setattr__(self, name, limit)
            problems += _above(self.names, self.p_min_mw * (not is_ramp), limit, "0" if is_ramp else "p_min_mw", name)
        problems += _above(self.names, self.start_hot_usd, self.start_cold_usd, "start_hot_usd", "start_cold_usd")
        problems += [f"{self.names[i]}: initial_h=0, must be hours on (+) or off (-)"
                     for i in np.flatnonzero(self.initial_h == 0)]
        problems += _above(self.names, np.zeros(self.count), self.p_min_mw, "0", "p_min_mw")
        _refuse(problems, "thermal units")

    @property
    def count(self) -> int:
        return len(self.names)

    def fuel_cost_usd_per_h(self, p_mw: Floats, is_on: Bools | Ints) -> Floats:
        """True quadratic cost of each unit, same shape as p_mw [..., U]; 0 when off."""
        cost = self.cost_a_usd_per_h + self.cost_b_usd_per_mwh * p_mw + self.cost_c_usd_per_mw2h * p_mw**2
        return np.asarray(cost * is_on, dtype=np.float64)

    def emissions_t_per_h(self, p_mw: Floats, is_on: Bools | Ints) -> Floats:
        """True emissions of each unit, same shape as p_mw [..., U]; 0 when off."""
        tons = (self.emission_alpha_t_per_h + self.emission_beta_t_per_mwh * p_mw
                + self.emission_gamma_t_per_mw2h * p_mw**2)
        return np.asarray(tons * is_on, dtype=np.float64)


@dataclass(frozen=True)
class RadialFeeder:
    """A radial network in per unit on 1 MVA; bus 0 is the slack and parents precede children.

    Line j (j >= 1) joins bus j to `parent[j]`. Rows of bus 0 are 0 (parent -1).
    `bus_number` are the numbers people know (1-based for IEEE-33).
    """

    name: str
    bus_number: Ints
    parent: Ints
    r_pu: Floats
    x_pu: Floats
    i_max_pu: Floats
    transformer_kva: Floats
    """Rating of the MV/LV transformer behind each bus; inf where there is none."""
    p_base_kw: Floats
    """Peak loads of each bus at peak scale 1.0."""
    q_base_kvar: Floats
    nominal_kv: float
    v_slack_pu: float
    v_min_pu: float
    v_max_pu: float

    def __post_init__(self) -> None:
        problems = []
        if self.parent[0] != -1:
            problems.append(f"bus 0 must be the slack with parent -1, not {self.parent[0]}")
        if np.any(self.parent[1:] >= np.arange(1, self.bus_count)):
            problems.append("parents must precede their children")
        if np.any(self.r_pu[1:] <= 0):
            problems.append("every line needs r_pu > 0")
        if not self.v_min_pu < self.v_max_pu:
            problems.append(f"v_min_pu={self.v_min_pu:g} is not below v_max_pu={self.v_max_pu:g}")
        _refuse(problems, f"feeder {self.name}")

    @property
    def bus_count(self) -> int:
        return int(self.parent.size)


@dataclass(frozen=True)
class Site:
    """Where cars can plug in: buses of a district, or one virtual bus per zone; their zone and charger ports."""

    bus_zone: Ints
    """[B] index into ZONES, -1 where nobody parks (the slack bus)."""
    slow_ports: Ints
    fast_ports: Ints

    @property
    def bus_count(self) -> int:
        return int(self.bus_zone.size)

    def ports(self, kind: int) -> Ints:
        """Ports per bus [B] of CHARGER_KINDS[kind]."""
        return self.fast_ports if kind else self.slow_ports


@dataclass(frozen=True)
class Vehicles(Table):
    """What never changes of every vehicle slot, arrays [V]."""

    class_index: Ints
    """Index into VEHICLE_CLASSES."""
    capacity_kwh: Floats
    p_charge_max_kw: Floats
    p_discharge_max_kw: Floats
    """0 for a one-way charger."""
    eta_charge: Floats
    eta_discharge: Floats
    soc_min: Floats
    soc_max: Floats
    soc_floor_v2g: Floats
    soc_wanted: Floats
    soc_initial: Floats
    taper_start_soc: Floats
    """Above it the charging limit falls linearly to 0 at SOC 1; 1.0 = no taper."""
    consumption_kwh_per_km: Floats
    age_years: Floats
    is_enrolled: Bools

    def __post_init__(self) -> None:
        i = np.flatnonzero(self.soc_min > self.soc_max)[:10]
        _refuse(_above([f"vehicle {v}" for v in i], self.soc_min[i], self.soc_max[i], "soc_min", "soc_max"), "vehicles")

    @property
    def count(self) -> int:
        return int(self.class_index.size)

    @property
    def is_bidirectional(self) -> Bools:
        return np.asarray(self.p_discharge_max_kw > 0)

    @property
    def charger_kind(self) -> Ints:
        """Index into CHARGER_KINDS: taxis use fast ports, all others slow ones."""
        return np.asarray(self.class_index == VEHICLE_CLASSES.index("taxi"), dtype=np.int64)


@dataclass(frozen=True)
class DeclaredTable(Table):
    """What drivers have said, at the instant a step begins; arrays [V]. Operators may see it."""

    bus_index: Ints
    """Bus at which the car is plugged in now, -1 if it is not plugged in."""
    plugged_since_s: Ints
    """Instant of plug-in; meaningless where bus_index is -1."""
    declared_departure_s: Ints
    soc_wanted: Floats

    @property
    def is_plugged(self) -> Bools:
        return np.asarray(self.bus_index >= 0)


@dataclass(frozen=True)
class PresenceTable(Table):
    """What truly happens in [t, t+dt), arrays [V]. Only Fleet may see it.

    A step holds, in this order: the stay that was plugged in at t (for `stay_fraction` of
    the step), driving that ends in this step, and a stay that begins in this step (for `arrived_fraction`).
    """

    stay_fraction: Floats
    driven_kwh: Floats
    """Energy of trips that end within the step."""
    arrived_fraction: Floats
    arrived_bus_index: Ints
    """Bus of the stay that begins in this step, -1 if none."""
    mode: Ints
    """Behaviour of the stay plugged in at t: index into drivers.REASONS; 0 = complies."""
    arrived_mode: Ints
    override_s: Ints
    """Instant from which a car with mode `overrides` acts on its own; a very large number otherwise."""
    departs: Bools
    """The stay plugged in at t ends within the step."""
    arrived_departure_s: Ints
    """Declared departure of the stay that begins in this step."""
    queue_length: Ints
    """[B] cars waiting for a port at the end of the step."""


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

    start_s: int
    x_min_kwh: Floats
    x_max_kwh: Floats
    pc_max_kw: Floats
    pd_max_kw: Floats
    eta_charge: Floats
    """[G]"""
    eta_discharge: Floats
    """[G]"""
    x_end_uncoordinated_kwh: Floats
    """[G] x of the same cars at the horizon's end if each charged at once (terminal: match)."""
    energy_start_kwh: float
    """Stored in all enrolled cars plugged in at start_s (terminal: cyclic)."""
    energy_end_base_kwh: float
    """Stored at plug-in in the cars plugged in at the horizon's end, x not included (terminal: cyclic)."""
    p_uncontrolled_kw: Floats
    """[H] expected load of cars outside control: not enrolled, or expected not to comply."""
    p_uncontrolled_step_kw: Floats = field(default_factory=lambda: np.zeros(0))
    """[H * Q] the same by step; empty: even within the hour."""
    pc_latest_kw: Floats = field(default_factory=lambda: np.zeros(0))
    """Charging if every car waited as long as it can; empty: not known, as if nobody had to charge."""
    pc_leaving_kw: Floats = field(default_factory=lambda: np.zeros(0))
    """[G, Q] the same in the steps of the cohort's own departure hour; empty: even within the hour."""

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


@dataclass(frozen=True)
class BusFlexibility(Table):
    """What the cars at each bus can do, from the decision hour on, already times the expected compliance.

    `*_now` [K, Q]: the Q steps of the current hour for the rows of PairIndex (cars plugged in now).
    `*_later` [B, 2, N]: the N following hours per bus and charger kind (plugged now plus expected).
    x counts from the decision instant; bounds at period ends; cars that left keep their last bounds.
    """

    x_min_now_kwh: Floats
    x_max_now_kwh: Floats
    pc_max_now_kw: Floats
    pd_max_now_kw: Floats
    x_min_later_kwh: Floats
    x_max_later_kwh: Floats
    pc_max_later_kw: Floats
    pd_max_later_kw: Floats
    p_uncontrolled_kw: Floats
    """[B, Q + N] expected load of cars outside control."""
    p_urgent_kw: Floats = field(default_factory=lambda: np.zeros(0))
    """[Q + N] the part of it, over all buses, that enrolled cars in a hurry take on arrival; empty: none."""


@dataclass(frozen=True)
class PowerFlow:
    """AC power flow of N cases [N], or [N, B] by bus; loads positive when drawn from the grid."""

    vm_pu: Floats
    losses_kw: Floats
    line_loading_percent: Floats
    """[N, B]; row of bus j is the line to its parent, 0 for the slack bus."""
    p_slack_kw: Floats
    q_slack_kvar: Floats
