"""Cars: what never changes of them, what their drivers have said, and what truly happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from models.records.arrays import Bools, Floats, Ints, Table, above, refuse
from models.records.groups import THREE_CLASSES, Groups
from models.records.quantity import of

TRIPS_PER_DAY = 8
"""Columns of a day's table of trips; unused ones are padding."""


@dataclass(frozen=True)
class Vehicles(Table):
    """What never changes of every vehicle slot, arrays [V]."""

    class_index: Ints
    """Index into `groups.classes`."""
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
    groups: Groups = THREE_CLASSES

    def __post_init__(self) -> None:
        i = np.flatnonzero(self.soc_min > self.soc_max)[:10]
        refuse(above([f"vehicle {v}" for v in i], self.soc_min[i], self.soc_max[i], "soc_min", "soc_max"), "vehicles")

    def to_arrays(self) -> dict[str, Any]:
        """The arrays by name; `groups` is none."""
        return {name: values for name, values in super().to_arrays().items() if name != "groups"}

    @property
    def count(self) -> int:
        return int(self.class_index.size)

    @property
    def is_bidirectional(self) -> Bools:
        return np.asarray(self.p_discharge_max_kw > 0)

    @property
    def charger_kind(self) -> Ints:
        """Index into `groups.kinds`, by class."""
        return np.asarray(self.groups.kind_of_class[self.class_index], dtype=np.int64)

    def group_of(self, cars: Ints, zone: Ints) -> Ints:
        """Group [N] of cars [N] (slots) that stand in zones [N]."""
        return self.groups.index(zone, self.class_index[cars], self.is_bidirectional[cars])


@dataclass(frozen=True)
class DeclaredTable(Table):
    """What drivers have said, at the instant a step begins; arrays [V]. Operators may see it."""

    bus_index: Annotated[Ints, of("1", "vehicle")]
    """Bus at which the car is plugged in now, -1 if it is not plugged in."""
    plugged_since_s: Annotated[Ints, of("s", "vehicle")]
    """Instant of plug-in; meaningless where bus_index is -1."""
    declared_departure_s: Annotated[Ints, of("s", "vehicle")]
    soc_wanted: Annotated[Floats, of("1", "vehicle")]

    @property
    def is_plugged(self) -> Bools:
        return np.asarray(self.bus_index >= 0)


@dataclass(frozen=True)
class PresenceTable(Table):
    """What truly happens in [t, t+dt), arrays [V]. Only Fleet may see it.

    A step holds, in this order: the stay that was plugged in at t (for `stay_fraction` of
    the step), driving that ends in this step, and a stay that begins in this step (for
    `arrived_stay_fraction`).
    """

    stay_fraction: Annotated[Floats, of("1", "vehicle")]
    driven_kwh: Annotated[Floats, of("kWh", "vehicle")]
    """Energy of trips that end within the step."""
    arrived_fraction: Annotated[Floats, of("1", "vehicle")]
    """From the plug-in of the stay that begins in this step to the step's end."""
    arrived_stay_fraction: Annotated[Floats, of("1", "vehicle")]
    """For how much of the step that stay is plugged in: the same, or less where it ends within the step."""
    arrived_bus_index: Annotated[Ints, of("1", "vehicle")]
    """Bus of the stay that begins in this step, -1 if none."""
    behaviour: Annotated[Ints, of("1", "vehicle")]
    """Behaviour of the stay plugged in at t: code of drivers.behaviours.BEHAVIOURS; 0 = complies."""
    arrived_behaviour: Annotated[Ints, of("1", "vehicle")]
    override_s: Annotated[Ints, of("s", "vehicle")]
    """Instant from which a car with behaviour `overrides` acts on its own; a very large number otherwise."""
    departs: Annotated[Bools, of("1", "vehicle")]
    """The stay plugged in at t ends within the step."""
    arrived_departure_s: Annotated[Ints, of("s", "vehicle")]
    """Declared departure of the stay that begins in this step."""
    arrived_soc_wanted: Annotated[Floats, of("1", "vehicle")]
    """What the driver of the stay that begins in this step wants."""
    queue_length: Annotated[Ints, of("1", "bus")]
    """[B] cars waiting for a port at the end of the step."""

    @property
    def arrived_departs(self) -> Bools:
        """The stay that begins in this step ends in it, too."""
        return np.asarray(self.arrived_stay_fraction < self.arrived_fraction)
