"""What plugged and expected cars can do: envelopes of net battery-side energy, per car, cohort and bus.

Equations of docs/model.md 3.3 and 3.4, with their letters. Everything stands on stays as an operator knows them.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from models.fleet.latest_charging import fresh_kw, hours_of, latest_kw, leaving_kw, turn_h
from models.fleet.pulses import pulse_energy_kwh, pulse_kw
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints, RecordError
from models.records.feeder import Site
from models.records.flexibility import BusFlexibility, CohortFlexibility, PairIndex, Sessions
from models.records.groups import THREE_CLASSES, Groups, cohort_index
from models.records.vehicles import DeclaredTable, Vehicles

DEFAULT_ETA = 0.95
"""Efficiency of a cohort without cars (S); it has no power, so the value has no effect."""


# ---------------------------------------------------------------- one stay
def _stay_hours(sessions: Sessions, t_s: Floats | Ints) -> tuple[Floats, Floats]:
    """d - a [S] and t - a [S, n] in hours, both within 0..d - a."""
    stay_h = np.maximum(sessions.departure_s - sessions.start_s, 0) / SECONDS_PER_HOUR
    since_h = (np.asarray(t_s, dtype=np.float64)[None, :] - sessions.start_s[:, None]) / SECONDS_PER_HOUR
    return stay_h, np.minimum(np.maximum(since_h, 0.0), stay_h[:, None])


def uncoordinated_kwh(sessions: Sessions, t_s: int) -> Floats:
    """Net energy [S] taken until t_s if each car charges at once from its start to its wanted energy."""
    _, at_h = _stay_hours(sessions, np.array([t_s]))
    wish_kwh = np.maximum(np.minimum(sessions.wanted_kwh, sessions.max_kwh) - sessions.energy_kwh, 0.0)
    taken_kwh = np.minimum(sessions.eta_charge * sessions.p_charge_max_kw * at_h[:, 0], wish_kwh)
    return np.asarray(taken_kwh, dtype=np.float64)


# ---------------------------------------------------------------- stays as an operator knows them
def known_sessions(vehicles: Vehicles, declared: DeclaredTable, soc: Floats, bus_zone: Ints,
                   now_s: int) -> Sessions:
    """Stays of the cars plugged in and enrolled at now_s, in the order of vehicles; soc [V], bus_zone [B]."""
    rows = np.flatnonzero(declared.is_plugged & vehicles.is_enrolled)
    bus, capacity_kwh = declared.bus_index[rows], vehicles.capacity_kwh[rows]
    return Sessions(
        group=vehicles.group_of(rows, bus_zone[bus]),
        bus_index=bus,
        start_s=np.full(rows.size, now_s, dtype=np.int64),
        departure_s=declared.declared_departure_s[rows],
        energy_kwh=soc[rows] * capacity_kwh,
        wanted_kwh=declared.soc_wanted[rows] * capacity_kwh,
        max_kwh=vehicles.soc_max[rows] * capacity_kwh,
        floor_v2g_kwh=vehicles.soc_floor_v2g[rows] * capacity_kwh,
        p_charge_max_kw=vehicles.p_charge_max_kw[rows],
        p_discharge_max_kw=vehicles.p_discharge_max_kw[rows],
        eta_charge=vehicles.eta_charge[rows],
        eta_discharge=vehicles.eta_discharge[rows],
        weight=np.ones(rows.size),
    )


def select(sessions: Sessions, rows: Ints | Bools | slice) -> Sessions:
    """The chosen rows of a table of stays."""
    if isinstance(rows, np.ndarray) and rows.dtype == np.bool_:  # looked through once, not for every column
        rows = np.flatnonzero(rows)
        if rows.size == sessions.count:
            return sessions
    return Sessions(**{f.name: getattr(sessions, f.name)[rows] for f in fields(sessions)})


def join(first: Sessions, second: Sessions) -> Sessions:
    """Both tables of stays, one below the other."""
    return Sessions(**{f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)])
                       for f in fields(first)})


def overdue_until(known: Sessions, start_s: int) -> Sessions:
    """Plugged cars from start_s on; one past its declared departure is assumed to leave within the hour."""
    # an operator cannot know when an overdue car leaves; an hour keeps it in the first cohort without planning on it
    departure_s = np.where(known.departure_s > start_s, known.departure_s, start_s + SECONDS_PER_HOUR)
    return replace(known, start_s=np.full(known.count, start_s, dtype=np.int64), departure_s=departure_s)


def without_discharging(stays: Sessions) -> Sessions:
    """The same stays whose cars may not discharge, whatever their chargers can: their envelopes have pd = 0."""
    return replace(stays, p_discharge_max_kw=np.zeros(stays.count))


def first_dispatched(stays: Sessions, step_s: int) -> Sessions:
    """The same stays from the first step in which their cars can be dispatched: the one after that of their plug-in.

    A car that plugs in at exactly t does so within the step that begins at t (models/mobility/mobility.py). Till then
    it waits.
    """
    # floor plus one, not a ceiling: an arrival at exactly t is seen only in the step after the one that begins at t
    return replace(stays, start_s=(stays.start_s // step_s + 1) * step_s)


def next_hour_s(stays: Sessions) -> Ints:
    """First whole hour [S] at or after the start of each stay: expected cars can be planned from there on."""
    # -(-a // b) rounds up in integers; a float ceiling could miss a whole hour by rounding
    return np.asarray(-(-stays.start_s // SECONDS_PER_HOUR) * SECONDS_PER_HOUR, dtype=np.int64)


def urgent_kwh(stays: Sessions) -> Floats:
    """X^arr [S]: energy (battery side) that a stay must take before the next whole hour to reach e* at all.

    X^arr = max(0, x_min(min(next hour, d))), the zero-laxity part of the envelope (docs/model.md 3.5). A car in a hurry
    cannot wait for its first planned hour; this part of its charging is expected load, not flexibility.
    """
    stay_h = np.maximum(stays.departure_s - stays.start_s, 0) / SECONDS_PER_HOUR
    wait_h = np.minimum((next_hour_s(stays) - stays.start_s) / SECONDS_PER_HOUR, stay_h)
    rise_kw = stays.eta_charge * stays.p_charge_max_kw
    room_kwh = np.maximum(stays.max_kwh - stays.energy_kwh, 0.0)
    need_kwh = np.minimum(np.minimum(stays.wanted_kwh - stays.energy_kwh, rise_kw * stay_h), room_kwh)
    return np.asarray(np.clip(need_kwh - rise_kw * (stay_h - wait_h), 0.0, rise_kw * wait_h), dtype=np.float64)


def urgent_load_kw(stays: Sessions, edges_s: Ints, cars: Floats | None = None, row: Ints | None = None,
                   count: int | None = None) -> Floats:
    """Mean power [S, n] at the bus, between edges_s [n + 1], of what `urgent_kwh` says; weight is the caller's.

    With cars, row [S] and count: times cars, summed by row [count, n].
    """
    hours = np.maximum(np.minimum(next_hour_s(stays), stays.departure_s) - stays.start_s, 0) / SECONDS_PER_HOUR
    power_kw = hours_of(urgent_kwh(stays) / stays.eta_charge, hours)
    power_kw = power_kw if cars is None else power_kw * cars
    return pulse_kw(stays.start_s, hours, power_kw, edges_s, row, count)


def _dispatchable(expected: Sessions, start_s: int, end_s: int) -> Sessions:
    """Expected stays that begin after start_s and can act by end_s: from the next whole hour on, urgent part taken."""
    # what cannot wait for that hour is load outside the plan: the envelope begins with it already taken
    first_s = next_hour_s(expected)
    rows = (expected.start_s > start_s) & (first_s <= end_s)
    coming = select(expected, rows)
    return replace(coming, start_s=first_s[rows], energy_kwh=coming.energy_kwh + urgent_kwh(coming))


# ---------------------------------------------------------------- cohorts (upper layer)
def cohort_flexibility(known: Sessions, expected: Sessions, start_s: int, horizon_h: int,
                       assumed_compliance: float | Floats, uncontrolled_kw: Floats,
                       groups: Groups = THREE_CLASSES) -> CohortFlexibility:
    """Envelopes of all cohorts [groups.cohort_count(horizon_h), horizon_h] from plugged and expected stays.

    Sums of the cars' envelopes and powers, times weight and assumed_compliance (one number or by group [G]);
    expected stays begin, as dispatched, after start_s and act from the next whole hour on.
    uncontrolled_kw [H * Q] by step is passed on.
    """
    end_s = start_s + horizon_h * SECONDS_PER_HOUR
    plugged = overdue_until(known, start_s)
    stays = join(plugged, _dispatchable(expected, start_s, end_s))
    rows = cohort_index(stays.group, stays.departure_s, start_s, horizon_h)
    count = groups.cohort_count(horizon_h)
    cars = complying_cars(stays, assumed_compliance)
    edges_s = start_s + SECONDS_PER_HOUR * np.arange(horizon_h + 1)
    x_min, x_max, pc, pd = envelope_sums(stays, rows, cars, edges_s, count)
    steps = uncontrolled_kw.size // horizon_h
    # terminal `cyclic` compares energies in batteries, so it needs what cars bring along beside x
    # only cars still plugged in at the end have energy there; stays that end earlier take theirs away
    at_end = (stays.start_s <= end_s) & (stays.departure_s > end_s)
    return CohortFlexibility(
        start_s=start_s, x_min_kwh=x_min, x_max_kwh=x_max, pc_max_kw=pc, pd_max_kw=pd,
        eta_charge=_mean_by_row(stays.eta_charge, rows, cars, count),
        eta_discharge=_mean_by_row(stays.eta_discharge, rows, cars, count),
        x_end_uncoordinated_kwh=_sum_by_row(uncoordinated_kwh(stays, end_s), rows, cars, count),
        energy_start_kwh=float(complying_cars(plugged, assumed_compliance) @ plugged.energy_kwh),
        energy_end_base_kwh=float((cars * stays.energy_kwh)[at_end].sum()),
        p_uncontrolled_kw=np.asarray(uncontrolled_kw.reshape(horizon_h, steps).mean(axis=1), dtype=np.float64),
        p_uncontrolled_step_kw=np.asarray(uncontrolled_kw, dtype=np.float64),
        pc_latest_kw=latest_kw(stays, rows, cars, edges_s, count),
        pc_fresh_kw=fresh_kw(stays, rows, cars, start_s, horizon_h, count),
        pc_leaving_kw=leaving_kw(stays, rows, cars, start_s, horizon_h, steps, count),
    )


def complying_cars(stays: Sessions, assumed_compliance: float | Floats) -> Floats:
    """[S] weight of each stay times the share expected to comply: one number, or by group [G]."""
    share = np.asarray(assumed_compliance)
    return np.asarray(stays.weight * (share[stays.group] if share.ndim else share), dtype=np.float64)


def envelope_sums(stays: Sessions, rows: Ints, cars: Floats, edges_s: Ints, count: int) -> tuple[Floats, ...]:
    """(x_min, x_max at period ends, pc, pd as period means) [count, n] of stays summed by row.

    Of each stay from a to d, in kWh of net energy taken since a (docs/model.md 3, C):
    e* = min(e_wanted, e_a + eta_c pc (d-a), max(E_max, e_a)),  f = min(e_floor_v2g, e_a),
    x_max(t) = min(eta_c pc (t-a), max(E_max, e_a) - e_a),
    x_min(t) = min(x_max(t), max(f - e_a, -pd (t-a)/eta_d, e* - e_a - eta_c pc (d-t))); after d as at d.
    Put together from constant slopes: x_max rises to its room; x_min falls at full discharge until the floor or the
    latest possible charging ends it, and from there on rises to e*.
    """
    stay_h, _ = _stay_hours(stays, np.zeros(0))
    rise_kw = stays.eta_charge * stays.p_charge_max_kw
    fall_kw = stays.p_discharge_max_kw / stays.eta_discharge
    room_kwh = np.maximum(stays.max_kwh, stays.energy_kwh) - stays.energy_kwh
    floor_kwh = np.minimum(stays.floor_v2g_kwh - stays.energy_kwh, 0.0)
    # envelopes of all cars in all hours would be millions of numbers every hour; their corners are three per car
    last_h = turn_h(stays)
    fall_h = np.minimum(np.minimum(hours_of(-floor_kwh, fall_kw), last_h), stay_h)

    def energy(after_h: Floats | float, hours: Floats, power_kw: Floats) -> Floats:
        begin_s: Floats = stays.start_s + np.asarray(after_h, dtype=np.float64) * SECONDS_PER_HOUR
        return pulse_energy_kwh(begin_s, hours, cars * power_kw, rows, count, edges_s)

    # differences of running sums may leave a rounding below 0
    x_max = np.maximum(energy(0.0, np.minimum(stay_h, hours_of(room_kwh, rise_kw)), rise_kw), 0.0)
    x_min = energy(last_h, stay_h - last_h, rise_kw) - energy(0.0, fall_h, fall_kw)
    powers = (pulse_kw(stays.start_s, stay_h, cars * power_kw, edges_s, rows, count)
              for power_kw in (stays.p_charge_max_kw, stays.p_discharge_max_kw))
    return np.minimum(x_min, x_max)[:, 1:], x_max[:, 1:], *powers


def _sum_by_row(values: Floats, rows: Ints, cars: Floats, count: int) -> Floats:
    """Sum of values [S] over the cars of each row [count]."""
    return np.asarray(np.bincount(rows, cars * values, count), dtype=np.float64)


def _mean_by_row(values: Floats, rows: Ints, cars: Floats, count: int) -> Floats:
    """Mean of values [S] over the cars of each row [count]; DEFAULT_ETA where there are none."""
    number = _sum_by_row(np.ones_like(values), rows, cars, count)
    total = _sum_by_row(values, rows, cars, count)
    # weighted by cars, so the cohort's envelope, a sum over cars, and its efficiency describe the same mean car
    mean: Floats = np.divide(total, number, out=np.full(count, DEFAULT_ETA), where=number > 0)
    return mean


# ---------------------------------------------------------------- buses (lower layer)
def pair_index(site: Site, group_exists: Bools, bins: int) -> PairIndex:
    """Rows (bus, group, departure bin) that can ever hold a car, fixed for a run and in that order.

    group_exists [G]: groups of the district's fleet, whatever their zone; a bus holds those of its
    own zone for whose charger kind it has ports.
    """
    group = np.arange(group_exists.size)
    has_port = site.ports_by_kind()[:, site.groups.kind_of(group)] > 0
    # all rows that could be needed from the begin: the problem that uses them is written once
    is_here = (site.groups.zone_of(group)[None, :] == site.bus_zone[:, None]) & group_exists[None, :]
    bus_index, groups = np.nonzero(has_port & is_here)
    return PairIndex(np.repeat(bus_index, bins), np.repeat(groups, bins),
                     np.tile(np.arange(bins), bus_index.size), bins)


def groups_of_fleet(vehicles: Vehicles) -> Bools:
    """Groups [G] that cars of this fleet can form in any zone."""
    exists, cars = np.zeros(vehicles.groups.count, dtype=np.bool_), np.arange(vehicles.count)
    for zone in range(vehicles.groups.zone_count):
        exists[vehicles.group_of(cars, np.full(vehicles.count, zone))] = True
    return exists


def pair_rows(pairs: PairIndex, bus_index: Ints, group: Ints, departure_s: Ints, start_s: int) -> Ints:
    """Row of PairIndex of each stay [S]; departures beyond the bins go to the last.

    RecordError for a stay at a bus whose rows do not hold its group.
    """
    bin_index = cohort_index(np.zeros_like(group), departure_s, start_s, pairs.bins - 1)
    # pair_index writes its rows in the order of these keys, so a binary search finds each stay's row
    rows = pairs.rows(bus_index, group, bin_index)
    unknown = np.flatnonzero(rows < 0)
    if unknown.size:
        first = unknown[0]
        raise RecordError(f"pairs: bus {bus_index[first]} holds a car of group {group[first]}, "
                          f"which has no row there")
    return rows


def bus_flexibility(known: Sessions, expected: Sessions, site: Site, pairs: PairIndex,
                    start_s: int, step_s: int, look_ahead_h: int, assumed_compliance: float,
                    p_uncontrolled_bus_kw: Floats) -> BusFlexibility:
    """Envelopes by (bus, group, departure) for this hour's steps, by (bus, kind) for the later hours.

    Plugged cars stand at their bus; expected ones are spread over the buses of their zone in proportion to
    the ports of their kind. p_uncontrolled_bus_kw [B, Q + N] is passed on.
    """
    plugged = overdue_until(known, start_s)
    steps_s = start_s + np.arange(0, SECONDS_PER_HOUR + 1, step_s)
    hours_s = start_s + SECONDS_PER_HOUR * np.arange(1, look_ahead_h + 1)
    rows = pair_rows(pairs, plugged.bus_index, plugged.group, plugged.departure_s, start_s)
    now = envelope_sums(plugged, rows, plugged.weight * assumed_compliance, steps_s, pairs.count)
    later = _later(plugged, expected, site, start_s, hours_s, assumed_compliance)
    names = ("x_min", "x_max", "pc_max", "pd_max")
    units = ("kwh", "kwh", "kw", "kw")
    return BusFlexibility(
        **{f"{name}_now_{unit}": values for name, unit, values in zip(names, units, now, strict=True)},
        **{f"{name}_later_{unit}": values for name, unit, values in zip(names, units, later, strict=True)},
        p_uncontrolled_kw=np.asarray(p_uncontrolled_bus_kw, dtype=np.float64),
    )


def _later(plugged: Sessions, expected: Sessions, site: Site, start_s: int, hours_s: Ints,
           assumed_compliance: float) -> list[Floats]:
    """The four sums [B, kind, N] of plugged and expected cars over the hours between hours_s [N + 1]."""
    groups = site.groups
    kinds, buses, periods = groups.kind_count, site.bus_count, hours_s.size - 1
    rows = plugged.bus_index * kinds + groups.kind_of(plugged.group)
    here = envelope_sums(plugged, rows, plugged.weight * assumed_compliance, hours_s, buses * kinds)
    coming = _dispatchable(expected, start_s, int(hours_s[-1]))
    # cars still to come have a zone but no bus yet: one sum per zone is spread over its ports
    zone_rows = groups.zone_of(coming.group) * kinds + groups.kind_of(coming.group)
    due = envelope_sums(coming, zone_rows, coming.weight * assumed_compliance, hours_s, groups.zone_count * kinds)
    share = port_shares(site)
    return [at_bus.reshape(buses, kinds, periods)
            + np.einsum("bzk,zkn->bkn", share, at_zone.reshape(groups.zone_count, kinds, periods))
            for at_bus, at_zone in zip(here, due, strict=True)]


def port_shares(site: Site) -> Floats:
    """Share [B, Z, kind] of each zone's ports of a kind that stand at each bus; 0 where a zone has none."""
    ports = site.ports_by_kind()[:, None, :]
    # a bus has one zone, so of each column only that zone's buses count
    here = ports * (site.bus_zone[:, None] == np.arange(site.groups.zone_count))[:, :, None]
    total = np.broadcast_to(here.sum(axis=0, keepdims=True), here.shape)
    share: Floats = np.divide(here, total, out=np.zeros(here.shape), where=total > 0)
    return share

