"""The envelope of one stay as its equations say it, term by term: what the sums of the models are held against."""

from __future__ import annotations

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.records.flexibility import Sessions


def session_envelope(sessions: Sessions, t_s: Floats | Ints) -> tuple[Floats, Floats]:
    """Bounds (x_min, x_max) [S, n] in kWh on net energy taken since start_s, at the instants t_s [n].

    e* = min(e_wanted, e_a + eta_c pc (d-a), max(E_max, e_a)),  f = min(e_floor_v2g, e_a),
    x_max(t) = min(eta_c pc (t-a), max(E_max, e_a) - e_a),
    x_min(t) = min(x_max(t), max(f - e_a, -pd (t-a)/eta_d, e* - e_a - eta_c pc (d-t)))  (docs/model.md 3.3, C).
    0 before the start, frozen at their values of the departure after it.
    """
    stay_h, at_h = _stay_hours(sessions, t_s)
    e_a = sessions.energy_kwh
    rise_kw = sessions.eta_charge * sessions.p_charge_max_kw
    room_kwh = np.maximum(sessions.max_kwh, e_a) - e_a
    need_kwh = np.minimum(np.minimum(sessions.wanted_kwh - e_a, rise_kw * stay_h), room_kwh)
    floor_kwh = np.minimum(sessions.floor_v2g_kwh - e_a, 0.0)
    x_max = np.minimum(rise_kw[:, None] * at_h, room_kwh[:, None])
    fall_kw = sessions.p_discharge_max_kw / sessions.eta_discharge
    x_min = np.maximum(-fall_kw[:, None] * at_h, floor_kwh[:, None])
    np.maximum(x_min, rise_kw[:, None] * at_h + (need_kwh - rise_kw * stay_h)[:, None], out=x_min)
    np.minimum(x_min, x_max, out=x_min)
    return x_min, x_max


def mean_plugged_fraction(sessions: Sessions, edges_s: Floats | Ints) -> Floats:
    """Share [S, n] of each period between edges_s [n + 1] in which the car may act: start to departure."""
    _, at_h = _stay_hours(sessions, edges_s)
    return np.asarray(np.diff(at_h, axis=1) / (np.diff(edges_s) / SECONDS_PER_HOUR), dtype=np.float64)


def _stay_hours(sessions: Sessions, t_s: Floats | Ints) -> tuple[Floats, Floats]:
    """d - a [S] and t - a [S, n] in hours, both within 0..d - a."""
    stay_h = np.maximum(sessions.departure_s - sessions.start_s, 0) / SECONDS_PER_HOUR
    since_h = (np.asarray(t_s, dtype=np.float64)[None, :] - sessions.start_s[:, None]) / SECONDS_PER_HOUR
    return stay_h, np.minimum(np.maximum(since_h, 0.0), stay_h[:, None])
