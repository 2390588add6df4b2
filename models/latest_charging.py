"""Cars that wait as long as they can, then charge at their limit until they leave: the charging that cannot wait."""

from __future__ import annotations

import numpy as np

from models.pulses import pulse_kw
from models.records import GROUP_COUNT, SECONDS_PER_HOUR, Floats, Ints, Sessions


def latest_h(stays: Sessions) -> Floats:
    """Hours [S] after the start at which such a car begins to charge: there x_min turns to its last rise to e*.

    Before, x_min of `flexibility.session_envelope` falls at full discharge or lies on its floor.
    """
    stay_h = stay_hours(stays)
    rise_kw = stays.eta_charge * stays.p_charge_max_kw
    fall_kw = stays.p_discharge_max_kw / stays.eta_discharge
    room_kwh = np.maximum(stays.max_kwh, stays.energy_kwh) - stays.energy_kwh
    need_kwh = np.minimum(np.minimum(stays.wanted_kwh - stays.energy_kwh, rise_kw * stay_h), room_kwh)
    floor_kwh = np.minimum(stays.floor_v2g_kwh - stays.energy_kwh, 0.0)
    slack_kwh = rise_kw * stay_h - need_kwh
    return np.maximum(hours_of(slack_kwh, rise_kw + fall_kw), hours_of(slack_kwh + floor_kwh, rise_kw))


def latest_kw(stays: Sessions, rows: Ints, cars: Floats, edges_s: Ints, count: int) -> Floats:
    """Their mean power [count, n] between edges_s [n + 1], times cars [S], summed by row [S]."""
    wait_h = latest_h(stays)
    begin_s: Floats = stays.start_s + wait_h * SECONDS_PER_HOUR
    hours = np.maximum(stay_hours(stays) - wait_h, 0.0)
    return pulse_kw(begin_s, hours, cars * stays.p_charge_max_kw, edges_s, rows, count)


def leaving_kw(stays: Sessions, rows: Ints, cars: Floats, start_s: int, horizon_h: int, steps: int) -> Floats:
    """Their power [cohorts, steps] in the steps of each cohort's own hour of departure; 0 beyond the horizon.

    Cars leave one after the other in that hour, so that what they still need cannot be spread over it evenly. Rows
    as in `records.cohort_index`.
    """
    hour, step_s = rows % (horizon_h + 1), SECONDS_PER_HOUR // steps
    begin_s: Floats = stays.start_s + latest_h(stays) * SECONDS_PER_HOUR
    power_kw = cars * stays.p_charge_max_kw * (hour < horizon_h)
    found = np.zeros((GROUP_COUNT * (horizon_h + 1), steps))
    for k in range(steps):
        first_s = start_s + hour * SECONDS_PER_HOUR + k * step_s
        runs_s = np.minimum(stays.departure_s, first_s + step_s) - np.maximum(begin_s, first_s)
        found[:, k] = np.bincount(rows, power_kw * np.maximum(runs_s, 0.0) / step_s, found.shape[0])
    return found


def stay_hours(stays: Sessions) -> Floats:
    """[S] from start to departure."""
    return np.asarray(np.maximum(stays.departure_s - stays.start_s, 0) / SECONDS_PER_HOUR, dtype=np.float64)


def hours_of(energy_kwh: Floats, power_kw: Floats) -> Floats:
    """Time [S] for an energy (or power for a time); 0 without any."""
    return np.divide(energy_kwh, power_kw, out=np.zeros(energy_kwh.size), where=power_kw > 0)
