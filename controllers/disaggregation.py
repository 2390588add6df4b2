"""From the power of a cohort or a bus to set-points of its cars: least laxity first, within their limits.

All powers here are means over the step; `plugged_power_kw` turns them into those to hold while plugged in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.records.feeder import Site
from models.records.groups import cohort_index
from models.records.vehicles import DeclaredTable, Vehicles

HALVINGS = 40
"""Of an interval of powers: to 1e-10 of the charger's."""


# ---------------------------------------------------------------- what a car may do now
def assumed_departure_s(declared: DeclaredTable, now_s: int) -> Ints:
    """Declared departure [V]; a car past it is assumed to leave by the end of the present hour (docs/model.md 3.3)."""
    next_hour_s = (now_s // SECONDS_PER_HOUR + 1) * SECONDS_PER_HOUR
    return np.where(declared.declared_departure_s > now_s, declared.declared_departure_s, next_hour_s)


def declared_fraction(declared: DeclaredTable, now_s: int, dt_s: int) -> Floats:
    """Share [V] of the step in which each car is plugged in by its driver's word; 0 if it is not now."""
    left_s = np.where(declared.declared_departure_s > now_s, declared.declared_departure_s - now_s, dt_s)
    return np.asarray(np.minimum(left_s / dt_s, 1.0) * declared.is_plugged, dtype=np.float64)


def plugged_power_kw(mean_kw: Floats, declared: DeclaredTable, now_s: int, dt_s: int) -> Floats:
    """Set-point [V] to hold while plugged in, from the mean power over the step."""
    fraction = declared_fraction(declared, now_s, dt_s)
    power: Floats = np.divide(mean_kw, fraction, out=np.zeros(mean_kw.shape), where=fraction > 0)
    return power


def vehicle_limits_kw(vehicles: Vehicles, declared: DeclaredTable, soc: Floats, now_s: int, dt_s: int,
                      at_bus_kw: Callable[[Floats], Floats] | None = None) -> tuple[Floats, Floats]:
    """Least and greatest mean power over the step (lo_kw, hi_kw) [V]; (0, 0) for cars not plugged in.

    They are the powers that take a car to x_min and x_max of its envelope rebuilt now (docs/model.md 4.8) at the step's
    end: within its charger, never below what can be recovered by the declared departure d, its taper included.
    lo_kw > 0 is the power without which e* is lost (zero laxity); lo_kw < 0 is the most that may be discharged.
    at_bus_kw says what a charger takes or gives for a power [V] into or out of the battery; None: the constant pair.
    """
    stay_h = (assumed_departure_s(declared, now_s) - now_s) / SECONDS_PER_HOUR
    step_h = dt_s / SECONDS_PER_HOUR
    # powers are means over the step: a car that leaves within it has less time for the same energy
    at_h = np.minimum(step_h, stay_h)
    energy_kwh = soc * vehicles.capacity_kwh
    rise_kw = vehicles.eta_charge * vehicles.p_charge_max_kw
    room_kwh = np.maximum(vehicles.soc_max * vehicles.capacity_kwh - energy_kwh, 0.0)
    wanted_kwh = np.minimum(declared.soc_wanted * vehicles.capacity_kwh, energy_kwh + room_kwh)
    # with the taper, which plans leave out: these limits are kept by the battery itself
    goal_kwh = np.minimum(wanted_kwh, reachable_kwh(vehicles, energy_kwh, stay_h))
    floor_kwh = np.minimum(vehicles.soc_floor_v2g * vehicles.capacity_kwh - energy_kwh, 0.0)
    x_max = np.minimum(rise_kw * at_h, room_kwh)
    x_min = np.maximum(floor_kwh, -vehicles.p_discharge_max_kw / vehicles.eta_discharge * at_h)
    x_min = np.minimum(np.maximum(x_min, latest_kwh(vehicles, goal_kwh, stay_h - at_h) - energy_kwh), x_max)
    at_taper = (x_min > 0) & (energy_kwh + x_min > vehicles.taper_start_soc * vehicles.capacity_kwh)
    rows = np.flatnonzero(at_taper & declared.is_plugged)
    if rows.size:  # in its taper a car takes less and less, so it is asked for more than the mean
        x_min[rows] = _asked_kwh(vehicles, rows, energy_kwh[rows], x_min[rows], at_h[rows])
        x_max = np.maximum(x_max, x_min)
    # kWh in the battery to mean kW at the bus, 0 for cars that are not there
    per_kwh = declared.is_plugged / step_h
    up_kw, down_kw = vehicles.eta_discharge * per_kwh, per_kwh / vehicles.eta_charge
    lo_kw, hi_kw = np.minimum(x_min, 0.0) * up_kw + np.maximum(x_min, 0.0) * down_kw, x_max * down_kw
    if at_bus_kw is not None:  # at part load a charger takes more and gives less
        lo_kw = np.where(at_taper, lo_kw, at_bus_kw(x_min / at_h) * at_h * per_kwh)
    return lo_kw, np.maximum(hi_kw, lo_kw)


def _asked_kwh(vehicles: Vehicles, rows: Ints, energy_kwh: Floats, stored_kwh: Floats, hours: Floats) -> Floats:
    """Least power times hours [rows], battery side, of which the taper leaves stored_kwh; full power if none does.

    A power p is held until the limit r (C - e) / (C (1 - s0)) falls below it. Found by halving.
    """
    _, span_kwh, rise_kw = (values[rows] for values in _taper_of(vehicles))
    capacity_kwh = vehicles.capacity_kwh[rows]
    low, high = np.zeros(hours.size), rise_kw.copy()
    for _ in range(HALVINGS):
        power_kw = (low + high) / 2
        held_h = np.maximum(capacity_kwh - power_kw * span_kwh / rise_kw - energy_kwh, 0.0) / power_kw
        gap_kwh = capacity_kwh - energy_kwh - power_kw * np.minimum(held_h, hours)
        left_kwh = gap_kwh * np.exp(-rise_kw / span_kwh * np.maximum(hours - held_h, 0.0))
        is_enough = capacity_kwh - left_kwh - energy_kwh >= stored_kwh
        low, high = np.where(is_enough, low, power_kw), np.where(is_enough, power_kw, high)
    return high * hours


def reachable_kwh(vehicles: Vehicles, energy_kwh: Floats, hours: Floats) -> Floats:
    """Energy [V] after so many hours at full power: straight to the taper's start s0 C, then towards C, exponentially.

    Above s0 the limit falls linearly to 0 at SOC 1 (docs/model.md 5.3): de/dt = r (C - e) / (C (1 - s0)), r = eta_c pc.
    """
    knee_kwh, span_kwh, rise_kw = _taper_of(vehicles)
    to_knee_h = np.maximum(knee_kwh - energy_kwh, 0.0) / rise_kw
    gap_kwh = np.minimum(span_kwh, vehicles.capacity_kwh - energy_kwh)
    tapered = vehicles.capacity_kwh - gap_kwh * np.exp(-np.maximum(hours - to_knee_h, 0.0) * rise_kw / span_kwh)
    return np.where(hours <= to_knee_h, energy_kwh + rise_kw * hours, tapered)


def latest_kwh(vehicles: Vehicles, goal_kwh: Floats, hours: Floats) -> Floats:
    """Least energy [V] from which full power reaches goal_kwh in so many hours: `reachable_kwh` backwards."""
    knee_kwh, span_kwh, rise_kw = _taper_of(vehicles)
    # a tapering battery approaches full and never gets there: the goal stays a hair below
    gap_kwh = np.maximum(vehicles.capacity_kwh - goal_kwh, 1e-9 * span_kwh)
    to_knee_h = np.log(np.maximum(span_kwh / gap_kwh, 1.0)) * span_kwh / rise_kw
    tapered = vehicles.capacity_kwh - gap_kwh * np.exp(np.minimum(hours, to_knee_h) * rise_kw / span_kwh)
    return np.where(hours <= to_knee_h, tapered, np.minimum(goal_kwh, knee_kwh) - rise_kw * (hours - to_knee_h))


def _taper_of(vehicles: Vehicles) -> tuple[Floats, Floats, Floats]:
    """Energy at which the taper begins, what lies above it [V] kWh (never 0), and power into the battery."""
    knee_kwh = vehicles.taper_start_soc * vehicles.capacity_kwh
    return (knee_kwh, np.maximum(vehicles.capacity_kwh - knee_kwh, 1e-9 * vehicles.capacity_kwh),
            vehicles.eta_charge * vehicles.p_charge_max_kw)


def need_kw(vehicles: Vehicles, declared: DeclaredTable, soc: Floats, dt_s: int, lo_kw: Floats, hi_kw: Floats
            ) -> Floats:
    """Mean charging power [V] over the step that takes a car to what its driver wants, within its limits [V]."""
    wanted_kwh = (declared.soc_wanted - soc) * vehicles.capacity_kwh
    wanted_kw = wanted_kwh / vehicles.eta_charge * (SECONDS_PER_HOUR / dt_s)
    return np.asarray(np.clip(wanted_kw, np.maximum(lo_kw, 0.0), np.maximum(hi_kw, 0.0)), dtype=np.float64)


def laxity_h(vehicles: Vehicles, declared: DeclaredTable, soc: Floats, now_s: int) -> Floats:
    """Hours [V] to spare: (d - t) - (e_wanted - e)/r + (e - e_floor)/r - (E_max - e)/r, r = eta_c pc.

    The first two terms are the laxity proper. The others keep the cars of a cohort alike in hours above the
    floor and below the ceiling, so that the cohort stays able to follow its envelope: they lower what cannot
    be delivered by a fifth (C).
    """
    left_h = (assumed_departure_s(declared, now_s) - now_s) / SECONDS_PER_HOUR
    rise_per_h = vehicles.eta_charge * vehicles.p_charge_max_kw / vehicles.capacity_kwh
    marks = declared.soc_wanted + vehicles.soc_floor_v2g + vehicles.soc_max
    return np.asarray(left_h + (3.0 * soc - marks) / rise_per_h, dtype=np.float64)


def cohort_rows(vehicles: Vehicles, declared: DeclaredTable, site: Site, plan_time_s: int,
                horizon_h: int) -> Ints:
    """Row [V] of each plugged car's cohort in a plan made at plan_time_s; -1 for cars not plugged in."""
    zone = site.bus_zone[declared.bus_index]
    group = vehicles.group_of(np.arange(vehicles.count), zone)
    rows = cohort_index(group, declared.declared_departure_s, plan_time_s, horizon_h)
    return np.where(declared.is_plugged, rows, -1)


# ---------------------------------------------------------------- sharing
def least_laxity(charge_kw: Floats, discharge_kw: Floats, row: Ints, lo_kw: Floats, hi_kw: Floats,
                 laxity: Floats) -> Floats:
    """Powers of cars from powers of their rows, within the cars' limits.

    charge_kw, discharge_kw [R] >= 0 are asked of row r's cars; row, lo_kw, hi_kw, laxity and the answer are
    [N]. What a car must charge (lo_kw > 0) is served first, whatever was asked. Discharging goes to the most
    lax cars, charging to the least lax of the others; no car does both. What limits forbid is left out.
    """
    rows, order = charge_kw.size, sorted_by_row(row, laxity)
    forced_kw = np.maximum(lo_kw, 0.0)
    given_kw = np.zeros(row.size)
    if np.any(discharge_kw > 0):
        given_kw = fill(discharge_kw, np.maximum(-lo_kw, 0.0), row, order[::-1], rows)
    # a cohort may do both, a car may not: one that gives takes nothing
    room_kw = np.where(given_kw > 0, 0.0, np.maximum(hi_kw, 0.0) - forced_kw)
    left_kw = charge_kw - np.bincount(row, forced_kw, rows)
    return forced_kw + fill(left_kw, room_kw, row, order, rows) - given_kw


def sorted_by_row(row: Ints, key: Floats) -> Ints:
    """Order [N] by row, then key, then position; two stable sorts, the second one a radix sort."""
    by_key = np.argsort(key, kind="stable")
    small = row[by_key].astype(np.uint16 if row.size and row.max() < 2**16 else np.int64)
    return np.asarray(by_key[np.argsort(small, kind="stable")], dtype=np.int64)


def fill(target_kw: Floats, room_kw: Floats, row: Ints, order: Ints, rows: int) -> Floats:
    """Fill each row's target [R] from one car after the other; order [N] has each row's cars together."""
    room, sorted_row = room_kw[order], row[order]
    # one running sum over all rows; each row's own begins at `offset`
    before = np.cumsum(room) - room
    is_first = np.ones(row.size, dtype=np.bool_)
    is_first[1:] = sorted_row[1:] != sorted_row[:-1]
    offset = np.zeros(rows)
    offset[sorted_row[is_first]] = before[is_first]
    given = np.empty(row.size)
    given[order] = np.clip(target_kw[sorted_row] - (before - offset[sorted_row]), 0.0, room)
    return given
