"""What a district's operator sees, as a row of numbers with names, units and bounds: nothing beyond its view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from controllers.disaggregation import assumed_departure_s
from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.pro_rata import plugged_cars
from models.records.arrays import SECONDS_PER_HOUR, Floats

AHEAD_H = 12
"""Hours of prices, the present one first; the last one known stands for those beyond."""
DAY_S = 86_400
MOST_KW = 1e6
MOST_USD_PER_MWH = 1e4


@dataclass(frozen=True)
class Number:
    """One of an observation."""

    name: str
    unit: str
    least: float
    most: float
    what: str


def _hours(name: str, unit: str, most: float, what: str) -> list[Number]:
    return [Number(f"{name}_{hour}h", unit, -most, most, f"{what}, {hour} h ahead") for hour in range(AHEAD_H)]


NUMBERS: tuple[Number, ...] = (
    Number("hour_sin", "1", -1, 1, "sine of the time of day"), Number("hour_cos", "1", -1, 1, "its cosine"),
    Number("hour_passed", "1", 0, 1, "part of the present hour that has passed"),
    *_hours("price_charge", "USD/kWh", 10, "tariff for charging"),
    *_hours("price_plan", "USD/MWh", MOST_USD_PER_MWH, "marginal price of the plan in force"),
    Number("plan_charge", "kW", 0, MOST_KW, "charging that the plan in force expects of the district in this hour"),
    Number("plan_discharge", "kW", 0, MOST_KW, "the same of discharging"),
    Number("load", "kW", -MOST_KW, MOST_KW, "forecast load of the district's buses without cars, this step"),
    Number("cars", "1", 0, 1e6, "plugged in and enrolled"),
    Number("cars_least", "kW", -MOST_KW, MOST_KW, "least power of these cars: above 0 where they have to charge"),
    Number("cars_most", "kW", 0, MOST_KW, "greatest power of these cars"),
    Number("cars_rated", "kW", 0, MOST_KW, "their chargers' rated power"),
    Number("cars_need", "kWh", 0, 1e7, "missing to what their drivers want"),
    Number("cars_stored", "kWh", 0, 1e7, "in their batteries"),
    Number("cars_left", "h", 0, 1e3, "until their declared departures, mean; 0 without cars"),
    Number("vm_min", "pu", 0, 2, "lowest voltage of the step before; 1 without a network"),
)
"""Of one district, in their order."""
LEAST = np.array([number.least for number in NUMBERS])
MOST = np.array([number.most for number in NUMBERS])


def observation(view: FeederView, knowledge: SpatialKnowledge) -> Floats:
    """[len(NUMBERS)] what the operator knows as the step begins, cut off at the bounds."""
    values = np.array(list(_numbers(view, knowledge)))
    return np.asarray(np.clip(np.nan_to_num(values), LEAST, MOST), dtype=np.float64)


def _numbers(view: FeederView, knowledge: SpatialKnowledge) -> Iterator[float]:
    angle = 2 * np.pi * (view.time_s % DAY_S) / DAY_S
    hour = (view.time_s - view.plan_time_s) // SECONDS_PER_HOUR
    yield from (np.sin(angle), np.cos(angle), view.time_s % SECONDS_PER_HOUR / SECONDS_PER_HOUR)
    yield from _ahead(view.price_charge_usd_per_kwh, 0)
    yield from _ahead(view.marginal_price_usd_per_mwh, hour)
    yield from (view.pc_target_kw[:, hour].sum(), view.pd_target_kw[:, hour].sum())
    yield view.bus_load_kw[:, view.time_s % SECONDS_PER_HOUR // knowledge.step_s].sum()
    yield from _of_cars(view, knowledge)
    yield view.vm_pu.min(initial=2.0) if knowledge.feeder is not None else 1.0


def _ahead(prices: Floats, hour: int) -> Floats:
    return np.asarray(prices[np.minimum(hour + np.arange(AHEAD_H), prices.size - 1)], dtype=np.float64)


def _of_cars(view: FeederView, knowledge: SpatialKnowledge) -> Iterator[float]:
    cars, vehicles = plugged_cars(knowledge, view), knowledge.vehicles
    stored_kwh = (view.soc * vehicles.capacity_kwh)[cars.index]
    wanted_kwh = (view.declared.soc_wanted * vehicles.capacity_kwh)[cars.index]
    left_h = (assumed_departure_s(view.declared, view.time_s)[cars.index] - view.time_s) / SECONDS_PER_HOUR
    yield from (cars.index.size, cars.lo_kw.sum(), cars.hi_kw.sum(), cars.p_charge_max_kw.sum())
    yield from (np.maximum(wanted_kwh - stored_kwh, 0.0).sum(), stored_kwh.sum())
    yield float(left_h.mean()) if left_h.size else 0.0
