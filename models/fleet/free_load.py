"""Expected load of cars that act on their own: what an operator puts beside the cars under control."""

from __future__ import annotations

import numpy as np

from models.drivers.willingness import PriceResponse, fills_up, price_response
from models.fleet.flexibility import select
from models.fleet.pulses import pulse_kw
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from models.records.flexibility import Sessions
from models.records.vehicles import Vehicles

GOLDEN_SHARE = 0.6180339887498949
"""Steps of this share of 1 fill 0..1 evenly in any order of rows."""


def at_once_kw(sessions: Sessions, edges_s: Ints, cars: Floats | None = None, row: Ints | None = None,
               count: int | None = None) -> Floats:
    """Mean power [S, n] in the periods between edges_s [n + 1] if each car charges at once to what it wants.

    No taper; `weight` is left to the caller. With cars, row [S] and count: times cars, summed by row [count, n].
    """
    stay_h = np.maximum(sessions.departure_s - sessions.start_s, 0) / SECONDS_PER_HOUR
    # who wants less than is there charges nothing
    wish_kwh = np.maximum(np.minimum(sessions.wanted_kwh, sessions.max_kwh) - sessions.energy_kwh, 0.0)
    hours = np.minimum(stay_h, wish_kwh / (sessions.eta_charge * sessions.p_charge_max_kw))
    power_kw = sessions.p_charge_max_kw if cars is None else sessions.p_charge_max_kw * cars
    return pulse_kw(sessions.start_s, hours, power_kw, edges_s, row, count)


def price_answer_kw(sessions: Sessions, edges_s: Ints, price_charge_usd_per_kwh: Floats,
                    price_discharge_usd_per_kwh: Floats, wear_usd_per_kwh: Floats,
                    response: PriceResponse | None = None, cars: Floats | None = None, row: Ints | None = None,
                    count: int | None = None) -> Floats:
    """Mean power [S, n] of cars that answer prices (drivers.price_response), period by period.

    Prices [H] are hourly from the hour of edges_s[0]; wear [S] per kWh out of the battery.
    Willingness is spread evenly over the rows. With cars, row [S] and count: times cars, summed by row [count, n].
    """
    # evenly spread instead of drawn: the operator expects a mean, and the same expectation in every call
    quantile = np.mod(np.arange(sessions.count) * GOLDEN_SHARE, 1.0)
    every = np.arange(sessions.count)
    into, weight = (every if row is None else row), (np.ones(sessions.count) if cars is None else cars)
    lines = sessions.count if count is None else count
    energy_kwh, power_kw = sessions.energy_kwh.copy(), np.zeros((lines, edges_s.size - 1))
    for i, (begin_s, end_s) in enumerate(zip(edges_s[:-1].tolist(), edges_s[1:].tolist(), strict=True)):
        here = every[(sessions.start_s < end_s) & (sessions.departure_s > begin_s)]  # the others have no power
        stays = select(sessions, here)
        hour = min((begin_s - int(edges_s[0])) // SECONDS_PER_HOUR, price_charge_usd_per_kwh.size - 1)
        wish_kw = price_response(_as_vehicles(stays), energy_kwh[here], stays.departure_s, begin_s, end_s - begin_s,
                                 price_charge_usd_per_kwh[hour:], price_discharge_usd_per_kwh[hour:],
                                 wear_usd_per_kwh[here], quantile[here], response)
        fills = fills_up(float(price_charge_usd_per_kwh[hour]), quantile[here], response or PriceResponse())
        aim_kwh = np.where(fills, np.maximum(stays.max_kwh, stays.wanted_kwh), stays.wanted_kwh)
        # a car there for half the period has half of its wish as its mean power
        own_kw = _while_plugged_kw(stays, wish_kw, energy_kwh[here], aim_kwh, begin_s, end_s)
        power_kw[:, i] = np.bincount(into[here], own_kw * weight[here], lines)
        energy_kwh[here] += _into_battery_kwh(stays, own_kw, (end_s - begin_s) / SECONDS_PER_HOUR)
    return power_kw


def _while_plugged_kw(sessions: Sessions, wish_kw: Floats, energy_kwh: Floats, aim_kwh: Floats, begin_s: int,
                      end_s: int) -> Floats:
    """Mean power [S] over a period of cars that have a wish for it and are plugged in for a part of it.

    A wish to charge is a wish to have aim_kwh [S]: at full power while plugged in, as in `models.fleet.fleet`.
    """
    share = _plugged_share(sessions, begin_s, end_s)
    need_kwh = np.maximum(aim_kwh - energy_kwh, 0.0) / sessions.eta_charge
    charge_kw = np.minimum(sessions.p_charge_max_kw * share, need_kwh * SECONDS_PER_HOUR / (end_s - begin_s))
    return np.where(wish_kw > 0, charge_kw, wish_kw * share)


def _plugged_share(sessions: Sessions, begin_s: int, end_s: int) -> Floats:
    overlap_s = np.minimum(sessions.departure_s, end_s) - np.maximum(sessions.start_s, begin_s)
    return np.asarray(np.clip(overlap_s / (end_s - begin_s), 0.0, 1.0), dtype=np.float64)


def _into_battery_kwh(sessions: Sessions, power_kw: Floats, hours: float) -> Floats:
    up, down = np.maximum(power_kw, 0.0), np.maximum(-power_kw, 0.0)
    return np.asarray((up * sessions.eta_charge - down / sessions.eta_discharge) * hours)


def _as_vehicles(sessions: Sessions) -> Vehicles:
    """One vehicle per stay with a battery of 1 kWh, so that its SOC is its energy in kWh."""
    ones, n = np.ones(sessions.count), sessions.count
    enrolled: Bools = np.ones(n, dtype=np.bool_)
    return Vehicles(
        class_index=np.zeros(n, dtype=np.int64), capacity_kwh=ones,
        p_charge_max_kw=sessions.p_charge_max_kw, p_discharge_max_kw=sessions.p_discharge_max_kw,
        eta_charge=sessions.eta_charge, eta_discharge=sessions.eta_discharge, soc_min=np.zeros(n),
        soc_max=sessions.max_kwh, soc_floor_v2g=sessions.floor_v2g_kwh, soc_wanted=sessions.wanted_kwh,
        soc_initial=sessions.energy_kwh, taper_start_soc=np.full(n, np.inf), consumption_kwh_per_km=ones,
        age_years=ones, is_enrolled=enrolled)
