"""Cars that wait as long as they can, then charge at their limit until they leave: the charging that cannot wait."""

from __future__ import annotations

import numpy as np

from models.fleet.pulses import pulse_kw
from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.records.flexibility import Sessions
from models.records.groups import hour_of_row


def turn_h(stays: Sessions) -> Floats:
    """Hours [S] after the start at which a stay's x_min (`flexibility.envelope_sums`) turns to its last rise to e*.

    Before, it falls at full discharge or lies on its floor: a car that gives all it can begins to charge there.
    """
    slack_kwh, rise_kw = _slack_kwh(stays), stays.eta_charge * stays.p_charge_max_kw
    fall_kw = stays.p_discharge_max_kw / stays.eta_discharge
    floor_kwh = np.minimum(stays.floor_v2g_kwh - stays.energy_kwh, 0.0)
    # from full discharge, or from the floor once discharging has stopped there: the later turn is the real one
    return np.maximum(hours_of(slack_kwh, rise_kw + fall_kw), hours_of(slack_kwh + floor_kwh, rise_kw))


def wait_h(stays: Sessions) -> Floats:
    """Hours [S] after the start for which a car can do without charging, if it gives nothing either."""
    rise_kw = stays.eta_charge * stays.p_charge_max_kw
    return np.asarray(np.clip(hours_of(_slack_kwh(stays), rise_kw), 0.0, stay_hours(stays)), dtype=np.float64)


def _slack_kwh(stays: Sessions) -> Floats:
    """[S] what charging all the time would give beyond what is needed."""
    most_kwh = stays.eta_charge * stays.p_charge_max_kw * stay_hours(stays)
    room_kwh = np.maximum(stays.max_kwh, stays.energy_kwh) - stays.energy_kwh
    # a wish that cannot be met leaves no slack: the car charges all its stay
    need_kwh = np.minimum(np.minimum(stays.wanted_kwh - stays.energy_kwh, most_kwh), room_kwh)
    return np.asarray(most_kwh - need_kwh, dtype=np.float64)


def latest_kw(stays: Sessions, rows: Ints, cars: Floats, edges_s: Ints, count: int) -> Floats:
    """Their mean power [count, n] between edges_s [n + 1], times cars [S], summed by row [S]."""
    waits_h = wait_h(stays)
    begin_s: Floats = stays.start_s + waits_h * SECONDS_PER_HOUR
    hours = stay_hours(stays) - waits_h
    return pulse_kw(begin_s, hours, cars * stays.p_charge_max_kw, edges_s, rows, count)


def fresh_kw(stays: Sessions, rows: Ints, cars: Floats, start_s: int, horizon_h: int, count: int) -> Floats:
    """The part of `latest_kw` [count, horizon_h] of cars that may not discharge in each one's own first hour.

    What is charged before by others of its cohort cannot spare it, though it counts in the sum of their energies. Of
    cars that may discharge it says nothing: their cohort would give it back in the same hour.
    """
    hour = (stays.start_s - start_s) // SECONDS_PER_HOUR
    now = np.flatnonzero((hour < horizon_h) & (stays.p_discharge_max_kw == 0))
    # of its first hour a car charges in what is left after the longest wait, or nothing if it can wait an hour
    runs_h = np.maximum(np.minimum(stay_hours(stays), 1.0) - wait_h(stays), 0.0)
    power_kw = np.zeros((count, horizon_h))
    # several cars share a place: plain indexing would keep the last one alone
    np.add.at(power_kw, (rows[now], hour[now]), (cars * stays.p_charge_max_kw * runs_h)[now])
    return power_kw


def leaving_kw(stays: Sessions, rows: Ints, cars: Floats, start_s: int, horizon_h: int, steps: int,
               count: int) -> Floats:
    """Charging power plugged in [count, steps] in the steps of each cohort's own hour of departure; 0 beyond the
    horizon. Rows as in `records.cohort_index`.

    Cars leave one after the other in that hour: what they still take is taken while they are there.
    """
    hour, step_s = hour_of_row(rows, horizon_h), SECONDS_PER_HOUR // steps
    power_kw = cars * stays.p_charge_max_kw * (hour < horizon_h)
    leaving = np.zeros((count, steps))
    # a loop over few steps: arrays stay as long as the cars, not cars times steps
    for k in range(steps):
        first_s = start_s + hour * SECONDS_PER_HOUR + k * step_s
        runs_s = np.minimum(stays.departure_s, first_s + step_s) - np.maximum(stays.start_s, first_s)
        leaving[:, k] = np.bincount(rows, power_kw * np.maximum(runs_s, 0.0) / step_s, leaving.shape[0])
    return leaving


def stay_hours(stays: Sessions) -> Floats:
    """[S] from start to departure."""
    return np.asarray(np.maximum(stays.departure_s - stays.start_s, 0) / SECONDS_PER_HOUR, dtype=np.float64)


def hours_of(energy_kwh: Floats, power_kw: Floats) -> Floats:
    """Time [S] for an energy (or power for a time); 0 without any."""
    return np.divide(energy_kwh, power_kw, out=np.zeros(energy_kwh.size), where=power_kw > 0)
