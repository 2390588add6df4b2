"""From the upper plan's cohorts (departure hours counted from the plan's start) to the lower layer's rows."""

from __future__ import annotations

import numpy as np

from controllers.port import PlanError
from models.records.arrays import SECONDS_PER_HOUR, Floats
from models.records.groups import Groups, by_group_and_hour

SMALLEST_KW = 1e-6


def plan_hour(time_s: int, plan_time_s: int, plan_hours: int) -> int:
    """Index of the present hour in the plan; PlanError if the plan does not cover it."""
    hour = (time_s - plan_time_s) // SECONDS_PER_HOUR
    if not 0 <= hour < plan_hours:
        raise PlanError(f"the plan made at {plan_time_s} s covers {plan_hours} h and not the instant {time_s} s")
    return int(hour)


def hour_targets(targets_kw: Floats, horizon_h: int, hour: int, bins: int, least_kw: Floats, most_kw: Floats) -> Floats:
    """Targets [G, bins] of the present hour by departure bin counted from this hour.

    Cohorts whose departure has passed count as leaving now; several late cohorts may merge in the last
    bin; the cohort beyond the horizon is spread over the bins it covers by what their cars must and can do in this
    hour, least_kw and most_kw [G, bins], so that no bin is asked for more while another could do it.
    The sum per group is kept.
    """
    now = by_group_and_hour(targets_kw, horizon_h)[:, :, hour]
    result = np.zeros((now.shape[0], bins))
    # a plan counts departures from its own start, the lower layer from the present hour
    # cohorts overdue by the plan's clock still stand here: they count as leaving within the hour
    departure_bin = np.clip(np.arange(horizon_h) - hour, 0, bins - 1)
    into = (departure_bin[:, None] == np.arange(bins)).astype(np.float64)
    result += now[:, :horizon_h] @ into
    # one cohort of the plan stands for all later departures, which are several bins here
    beyond = np.minimum(horizon_h - hour, bins - 1)
    result[:, beyond:] += _within(now[:, horizon_h:], least_kw[:, beyond:], most_kw[:, beyond:])
    return result


def _within(target_kw: Floats, least_kw: Floats, most_kw: Floats) -> Floats:
    """Targets [G, 1] spread over bins [G, n]: what each must do first, the rest by what it can do beyond it."""
    forced_kw = np.minimum(target_kw, least_kw.sum(axis=1, keepdims=True))
    # without cars the target stays with the last bin: it must not be lost from the sum
    last = np.zeros(least_kw.shape)
    last[:, -1] = 1.0
    by_most = _by(most_kw, last)
    parts = forced_kw * _by(least_kw, by_most) + (target_kw - forced_kw) * _by(most_kw - least_kw, by_most)
    return np.asarray(parts, dtype=np.float64)


def _by(weight_kw: Floats, otherwise: Floats) -> Floats:
    """Each row as parts of its sum; `otherwise` where there is no power to speak of."""
    total = weight_kw.sum(axis=1, keepdims=True)
    share: Floats = np.divide(weight_kw, total, out=otherwise.copy(), where=total > SMALLEST_KW)
    return share


def later_targets(targets_kw: Floats, horizon_h: int, hour: int, hours: int, groups: Groups) -> tuple[Floats, int]:
    """Targets [zone, kind, hours] of the hours after the present one, and how many of them the plan covers."""
    per_group = by_group_and_hour(targets_kw, horizon_h).sum(axis=1)
    known = per_group[:, hour + 1 : hour + 1 + hours]
    result = np.zeros((groups.zone_count * groups.kind_count, hours))
    group = np.arange(groups.count)
    # several groups share a zone and kind: plain indexing would keep the last one alone
    np.add.at(result[:, : known.shape[1]], groups.zone_of(group) * groups.kind_count + groups.kind_of(group), known)
    return result.reshape(groups.zone_count, groups.kind_count, hours), int(known.shape[1])


def look_ahead(hourly: Floats, hour: int, steps: int, hours: int) -> Floats:
    """Hourly values [H] as periods [steps + hours] from the present hour; the last value goes on beyond the plan."""
    index = np.minimum(np.r_[np.full(steps, hour), hour + 1 + np.arange(hours)], hourly.size - 1)
    return hourly[index]
