"""Small and large car populations as CohortFlexibility, straight from MODEL.md section 3's envelope of one car."""

from __future__ import annotations

import numpy as np

from models.records import GROUP_COUNT, CohortFlexibility, Floats, Ints

ETA = 0.95


def cohorts(horizon_h: int, group: Ints, arrival_h: Ints, departure_h: Ints, energy_kwh: Floats, wanted_kwh: Floats,
            power_kw: Floats, weight: Floats, capacity_kwh: float = 55.0,
            uncontrolled_kw: float = 0.0) -> CohortFlexibility:
    """One car per row (counted `weight` times), plugged over [arrival_h, departure_h), departures may lie beyond."""
    count = GROUP_COUNT * (horizon_h + 1)
    pd_kw = power_kw * (group % 2)
    row = group * (horizon_h + 1) + np.minimum(departure_h, horizon_h)
    a, d = arrival_h[:, None], departure_h[:, None]
    hours = np.arange(horizon_h)
    end = np.clip(hours + 1, a, d)
    most = np.minimum(wanted_kwh, energy_kwh + ETA * power_kw * (departure_h - arrival_h))
    charged = ETA * power_kw[:, None] * (end - a)
    e = energy_kwh[:, None]
    x_max = np.minimum(charged, np.maximum(0.9 * capacity_kwh, e) - e)
    floor = np.minimum(0.35 * capacity_kwh, e)
    x_min = np.maximum(floor - e, -pd_kw[:, None] * (end - a) / ETA)
    x_min = np.minimum(x_max, np.maximum(x_min, most[:, None] - e - ETA * power_kw[:, None] * (d - end)))
    started = hours + 1 > a
    plugged = (hours >= a) & (hours < d)
    w = weight[:, None]

    def total(values: Floats) -> Floats:
        out = np.zeros((count, values.shape[1]))
        np.add.at(out, row, values * w)
        return out

    at_once = np.minimum(x_max, np.maximum(wanted_kwh[:, None], e) - e)
    at_end = departure_h >= horizon_h
    return CohortFlexibility(
        start_s=0, x_min_kwh=total(x_min * started), x_max_kwh=total(x_max * started),
        pc_max_kw=total(power_kw[:, None] * plugged), pd_max_kw=total(pd_kw[:, None] * plugged),
        eta_charge=np.full(count, ETA), eta_discharge=np.full(count, ETA),
        x_end_uncoordinated_kwh=total(at_once * started)[:, -1],
        energy_start_kwh=float((weight * energy_kwh)[arrival_h == 0].sum()),
        energy_end_base_kwh=float((weight * energy_kwh)[at_end].sum()),
        p_uncontrolled_kw=np.full(horizon_h, uncontrolled_kw),
    )


def population(horizon_h: int, cars: float, samples: int, seed: int) -> CohortFlexibility:
    """`samples` sampled stays a day stand for `cars` cars: nights at home, days at work, taxis at noon."""
    rng = np.random.default_rng(seed)
    parts = []
    for day in range(-1, horizon_h // 24 + 1):
        home = rng.normal(18, 3.4, samples), rng.normal(32.5, 3.2, samples), np.ones(samples, dtype=int)
        work = rng.normal(9, 1.4, samples // 3), rng.normal(17, 1.4, samples // 3), np.full(samples // 3, 13)
        taxi = rng.normal(12, 1, samples // 8), rng.normal(14.5, 1, samples // 8), np.full(samples // 8, 8)
        one_way = rng.normal(18, 3.4, samples // 5), rng.normal(32, 3, samples // 5), np.zeros(samples // 5, dtype=int)
        for arrival, departure, group in (home, work, taxi, one_way):
            parts.append(np.stack([arrival + 24 * day, departure + 24 * day, group]))
    arrival, departure, group = np.concatenate(parts, axis=1)
    arrival_h = np.clip(np.ceil(arrival), 0, None).astype(int)
    departure_h = np.floor(departure).astype(int)
    stays = (departure_h > arrival_h) & (arrival_h < horizon_h)
    arrival_h, departure_h, group = arrival_h[stays], departure_h[stays], group[stays].astype(int)
    n = group.size
    return cohorts(horizon_h, group, arrival_h, departure_h, rng.uniform(15, 35, n), rng.uniform(44, 49.5, n),
                   np.where(group // 2 % 3 == 1, 45.0, 7.0), np.full(n, cars / (1.6 * samples)))
