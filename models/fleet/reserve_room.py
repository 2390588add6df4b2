"""What plugged cars could still give to the system, beyond what they do now: the h of reserve rule `deliverable`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.records.vehicles import DeclaredTable, Vehicles

KW_PER_MW = 1000.0
HOUR = 1.0
"""Reserve is asked for an hour at a time."""


def reserve_room(vehicles: Vehicles, declared: DeclaredTable, is_dispatched: Ints, soc: Floats,
                 p_kw: Floats, now_s: int) -> dict[str, float]:
    """Sums over instructed plugged cars, as (U11c) and (U11g) of the plan have them: discharge limit, discharge and
    charge now [MW], energy above what each must hold now [MWh in the battery]. Charging counts of those with an
    hour of laxity left, since it must be able to stop for so long.

    soc [V] at now_s, the step's end, p_kw [V] its mean power: the truth, by which a promise is judged.
    """
    cars = np.flatnonzero(declared.is_plugged & (is_dispatched > 0) & vehicles.is_enrolled)
    two_way = vehicles.p_discharge_max_kw[cars] > 0
    # reserve is called for an hour: a car with less to spare would leave short if it stopped
    may_stop = laxity_h(vehicles, declared, soc, now_s)[cars] >= HOUR
    above_kwh = np.maximum(soc * vehicles.capacity_kwh - least_kwh(vehicles, declared, soc, now_s), 0.0)[cars]
    sums = {
        "discharge_max_mw": vehicles.p_discharge_max_kw[cars].sum(),
        "discharge_told_mw": np.maximum(-p_kw[cars], 0.0).sum(),
        "interruptible_mw": np.maximum(p_kw[cars], 0.0)[may_stop].sum(), "above_mwh": above_kwh.sum(),
        "above_two_way_mwh": above_kwh[two_way].sum(), "above_may_stop_mwh": above_kwh[may_stop].sum()}
    return {name: float(value) / KW_PER_MW for name, value in sums.items()} | {
        "eta_charge": float(vehicles.eta_charge[cars].max(initial=0.0)),
        "eta_discharge": float(vehicles.eta_discharge[cars].min(initial=1.0))}


def laxity_h(vehicles: Vehicles, declared: DeclaredTable, soc: Floats, now_s: int) -> Floats:
    """[V] hours until the declared departure less those of charging at full power to what the driver wants."""
    rise_kw = vehicles.eta_charge * vehicles.p_charge_max_kw
    need_kwh = np.maximum(np.minimum(declared.soc_wanted, vehicles.soc_max) - soc, 0.0) * vehicles.capacity_kwh
    return np.asarray((declared.declared_departure_s - now_s) / SECONDS_PER_HOUR - need_kwh / rise_kw)


def least_kwh(vehicles: Vehicles, declared: DeclaredTable, soc: Floats, now_s: int) -> Floats:
    """[V] what each battery must hold now: what full power until the declared departure still takes to the driver's
    wish (or as near as it can), and the V2G floor, or what is there where that is less, of cars that may discharge."""
    here_kwh = soc * vehicles.capacity_kwh
    reach_kwh = (vehicles.eta_charge * vehicles.p_charge_max_kw
                 * np.maximum(declared.declared_departure_s - now_s, 0) / SECONDS_PER_HOUR)
    wish_kwh = np.minimum(declared.soc_wanted, vehicles.soc_max) * vehicles.capacity_kwh
    floor_kwh = np.minimum(vehicles.soc_floor_v2g * vehicles.capacity_kwh, here_kwh)
    # a one-way car gives nothing back, so its floor would only hide charging that may stop
    floor_kwh = np.where(vehicles.p_discharge_max_kw > 0, floor_kwh, 0.0)
    return np.asarray(np.maximum(np.minimum(wish_kwh, here_kwh + reach_kwh) - reach_kwh, floor_kwh))


def reserve_credit_mw(phi: float, compliance: float, room: Mapping[str, float]) -> float:
    """h of one district: less = phi Pc of cars that may stop, more = phi (c Pdmax - Pd), within one hour's energy.

    Stopping comes first, since it takes the least energy. c is the share of cars expected to follow: limits and energy
    are those of all instructed cars, powers are metered.
    """
    eta_c, eta_d = room["eta_charge"], room["eta_discharge"]
    energy, two_way, may_stop = (compliance * room[name] for name in ("above_mwh", "above_two_way_mwh",
                                                                      "above_may_stop_mwh"))
    less = min(phi * room["interruptible_mw"], min(may_stop, energy) / eta_c) if eta_c > 0 else 0.0
    more = phi * max(compliance * room["discharge_max_mw"] - room["discharge_told_mw"], 0.0)
    return less + max(min(more, eta_d * min(two_way, energy - eta_c * less)), 0.0)
