"""Small planning problems; cars as CohortFlexibility straight from the envelope of one car (docs/model.md 3.3)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from controllers.port import SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models.records.arrays import Floats, Ints
from models.records.flexibility import CohortFlexibility
from models.records.groups import THREE_CLASSES
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits, hot_and_cold
from models.system.units import ten_units

ETA = 0.95


def cohorts(horizon_h: int, group: Ints, arrival_h: Ints, departure_h: Ints, energy_kwh: Floats, wanted_kwh: Floats,
            power_kw: Floats, weight: Floats, capacity_kwh: float = 55.0,
            uncontrolled_kw: float = 0.0) -> CohortFlexibility:
    """One car per row (counted `weight` times), plugged over [arrival_h, departure_h), departures may lie beyond."""
    count = THREE_CLASSES.count * (horizon_h + 1)
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


def small_units(**changes: Any) -> ThermalUnits:
    """Three units without a zero parameter: 200 MW in all."""
    values: dict[str, Any] = {
        "names": ("base", "mid", "peak"), "p_max_mw": np.array([100.0, 60, 40]),
        "p_min_mw": np.array([40.0, 20, 8]), "cost_a_usd_per_h": np.array([200.0, 180, 90]),
        "cost_b_usd_per_mwh": np.array([15.0, 19, 29]), "cost_c_usd_per_mw2h": np.array([0.01, 0.02, 0.03]),
        "min_up_h": np.array([4, 3, 2]), "min_down_h": np.array([4, 3, 2]),
        "start_hot_usd": np.array([400.0, 150, 30]), "start_cold_usd": np.array([900.0, 330, 75]),
        "cold_start_h": np.array([2, 1, 1]), "initial_h": np.array([6, -5, -1]),
        "emission_alpha_t_per_h": np.array([1.0, 2, 3]), "emission_beta_t_per_mwh": np.array([0.9, 0.8, 0.6]),
        "emission_gamma_t_per_mw2h": np.array([0.001, 0.002, 0.003]),
    }
    values |= changes
    starts = [values.pop(name) for name in ("start_hot_usd", "start_cold_usd", "cold_start_h")]
    if "start_usd" not in values:
        values |= hot_and_cold(values["min_down_h"], *starts)
    return ThermalUnits(**values)


def knowledge(horizon_h: int, **changes: Any) -> TemporalKnowledge:
    """The ten units with all four objectives unless changed."""
    values: dict[str, Any] = {
        "units": ten_units(), "horizon_h": horizon_h, "binding_h": min(24, horizon_h), "objective": Objective(),
        "carbon_price_usd_per_t": 7.0, "curtailment_penalty_usd_per_mwh": 75.0,
        "wear_usd_per_kwh": np.full(THREE_CLASSES.count, 0.01), "tariff_in_objective": True,
        "reserve_rule": "scheduled", "reserve_fraction": 0.1, "reserve_curve": ReserveCurve.flat(1000.0),
        "terminal": "match", "tangents": 12,
        "mip_gap": 1e-6, "district_names": ("north", "south"),
    }
    return TemporalKnowledge(**(values | changes))


def view(known: TemporalKnowledge, load_mw: Any, cars: tuple[CohortFlexibility, ...] = (),
         **changes: Any) -> SystemView:
    """No renewables, a two-price tariff, units as the table says, unless changed."""
    h = known.horizon_h
    price = np.resize([0.04, 0.04, 0.12, 0.15, 0.15, 0.09, 0.05, 0.04], h)
    values: dict[str, Any] = {
        "time_s": 0, "load_mw": np.resize(np.asarray(load_mw, dtype=float), h), "wind_mw": np.zeros(h),
        "pv_mw": np.zeros(h), "price_charge_usd_per_kwh": price, "price_discharge_usd_per_kwh": 0.6 * price,
        "districts": cars, "hours_on": known.units.initial_h, "p_mw": known.units.p_min_mw,
    }
    return SystemView(**(values | changes))


def few_cars(horizon_h: int = 8, scale: float = 1.0) -> CohortFlexibility:
    """Four kinds of stays: two nights at home (one one-way), one day at work, one late arrival."""
    return cohorts(horizon_h, np.array([1, 0, 13, 1]), np.array([0, 1, 2, 4]), np.array([6, 5, 9, 9]),
                   np.array([20.0, 20, 25, 22]), np.array([48.0, 40, 47, 45]), np.full(4, 7.0),
                   scale * np.array([900.0, 500, 700, 800]))


def leaving_cars(count: float, horizon_h: int = 8) -> CohortFlexibility:
    """One-way cars plugged in from hour 2 on that leave one after the other in hour 4 and need all of that time."""
    cars = cohorts(horizon_h, np.array([0]), np.array([3]), np.array([5]), np.array([20.0]), np.array([33.0]),
                   np.array([7.0]), np.array([count]))
    row = 0 * (horizon_h + 1) + 5
    there = np.zeros((cars.cohort_count, 4))
    there[row - 1] = 7.0 * count * np.array([1.0, 0.75, 0.5, 0.25])
    # the rows of the cohort above are those of cars that leave at hour 5 sharp: within hour 4
    moved = {name: _moved(getattr(cars, name), row) for name in ("x_min_kwh", "x_max_kwh", "pc_max_kw", "pd_max_kw")}
    latest = np.zeros((cars.cohort_count, horizon_h))
    latest[row - 1, 3:5] = 7.0 * count * np.array([0.95, 1.0])
    return replace(cars, **moved, pc_leaving_kw=there, pc_latest_kw=latest,
                   p_uncontrolled_step_kw=np.repeat(cars.p_uncontrolled_kw, 4))


def _moved(values: Floats, row: int) -> Floats:
    """The same with what stands in `row` one row further up."""
    out = values.copy()
    out[row - 1], out[row] = values[row], 0.0
    return out


def in_steps(seen: SystemView, pv_step_mw: Any = 0.0) -> SystemView:
    """The same view in quarters of an hour: load and wind hold their mean, sun is as given [H * 4]."""
    h = seen.load_mw.size
    pv = np.broadcast_to(np.asarray(pv_step_mw, dtype=float), (4 * h,))
    return replace(seen, load_step_mw=np.repeat(seen.load_mw, 4), wind_step_mw=np.repeat(seen.wind_mw, 4),
                   pv_step_mw=pv, pv_mw=pv.reshape(h, 4).mean(axis=1))


def full_cars(count: float, horizon_h: int = 8) -> CohortFlexibility:
    """Bidirectional cars that are plugged in all the time and full."""
    return cohorts(horizon_h, np.array([1]), np.array([0]), np.array([horizon_h + 4]), np.array([49.5]),
                   np.array([49.5]), np.array([7.0]), np.array([count]))


def hill() -> Case:
    """Eight hours with one hill of load, small units and two districts with few cars."""
    known = knowledge(8, units=small_units())
    load_mw = (100.0, 130.0, 170.0, 200.0, 150.0, 110.0, 100.0, 120.0)
    return UnitCommitment(known)._case(view(known, load_mw, (few_cars(), few_cars())))


@pytest.fixture
def build() -> SimpleNamespace:
    """Builders of cases, so that test files need no import of each other."""
    return SimpleNamespace(cohorts=cohorts, population=population, small_units=small_units, knowledge=knowledge,
                           view=view, few_cars=few_cars, full_cars=full_cars, leaving_cars=leaving_cars,
                           in_steps=in_steps, hill=hill)
