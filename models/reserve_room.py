"""What plugged cars could still give to the system, beyond what they do now: the h of reserve rule `deliverable`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.records import SECONDS_PER_HOUR, DeclaredTable, Floats, Ints, Vehicles

KW_PER_MW = 1000.0
HOUR = 1.0
"""Reserve is asked for an hour at a time."""


def reserve_room(vehicles: Vehicles, declared: DeclaredTable, is_dispatched: Ints, soc: Floats,
                 p_kw: Floats, now_s: int) -> dict[str, float]:
    """What instructed plugged cars could add for an hour from now_s on [MW]: charging stopped, more discharge.

    As in the plan (U11c, U11g): stopping takes the energy that it leaves out, discharging what it gives, and after the
    hour each car still holds what it must by then. Stopping comes first, since it takes the least energy. Who leaves
    within the hour adds nothing. soc [V] at now_s, the step's end, p_kw [V] its mean power: the truth, by which a
    promise is judged.
    """
    cars = np.flatnonzero(declared.is_plugged & (is_dispatched > 0) & vehicles.is_enrolled)
    charge_kw, discharge_kw = np.maximum(p_kw[cars], 0.0), np.maximum(-p_kw[cars], 0.0)
    eta_c, eta_d = vehicles.eta_charge[cars], vehicles.eta_discharge[cars]
    hour_later_kwh = (soc * vehicles.capacity_kwh)[cars] + (eta_c * charge_kw - discharge_kw / eta_d) * HOUR
    spare_kwh = np.maximum(hour_later_kwh - least_in_an_hour_kwh(vehicles, declared, soc, now_s)[cars], 0.0)
    stays = (declared.declared_departure_s[cars] - now_s) / SECONDS_PER_HOUR >= HOUR
    less_kw = np.minimum(charge_kw, spare_kwh / eta_c / HOUR) * stays
    left_kwh = spare_kwh - eta_c * less_kw * HOUR
    headroom_kw = np.maximum(vehicles.p_discharge_max_kw[cars] - discharge_kw, 0.0)
    more_kw = np.minimum(headroom_kw, left_kwh * eta_d / HOUR) * stays
    return {"less_charge_mw": float(less_kw.sum()) / KW_PER_MW, "more_discharge_mw": float(more_kw.sum()) / KW_PER_MW}


def least_in_an_hour_kwh(vehicles: Vehicles, declared: DeclaredTable, soc: Floats, now_s: int) -> Floats:
    """[V] what each battery must hold an hour from now_s on: what still reaches the driver's wish, and the V2G floor.

    The floor, or what is there where that is less, bounds cars that may discharge; a wish that full power cannot reach
    until the declared departure asks for full power.
    """
    here_kwh = soc * vehicles.capacity_kwh
    rise_kw = vehicles.eta_charge * vehicles.p_charge_max_kw
    stay_h = (declared.declared_departure_s - now_s) / SECONDS_PER_HOUR
    wish_kwh = np.minimum(declared.soc_wanted, vehicles.soc_max) * vehicles.capacity_kwh
    reached_kwh = np.minimum(np.maximum(wish_kwh, here_kwh), here_kwh + rise_kw * np.maximum(stay_h, 0.0))
    goal_kwh = np.where(wish_kwh > here_kwh, reached_kwh, wish_kwh)
    floor_kwh = np.minimum(vehicles.soc_floor_v2g * vehicles.capacity_kwh, here_kwh)
    floor_kwh = np.where(vehicles.p_discharge_max_kw > 0, floor_kwh, 0.0)
    return np.asarray(np.maximum(goal_kwh - rise_kw * np.maximum(stay_h - HOUR, 0.0), floor_kwh))


def reserve_credit_mw(phi: float, compliance: float, room: Mapping[str, float]) -> float:
    """h = phi (c more + less) of one district: c is the share of cars expected to follow, charging is metered."""
    if not room:
        return 0.0
    return phi * (compliance * room["more_discharge_mw"] + room["less_charge_mw"])
