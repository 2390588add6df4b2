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
    """Sums over instructed plugged cars: discharge limit, discharge and charge now [MW], energy above the V2G floor at
    the bus [MWh]. Charging counts of those with an hour of laxity left, since it must be able to stop for so long.

    soc [V] at now_s, the step's end, p_kw [V] its mean power: the truth, by which a promise is judged.
    """
    cars = np.flatnonzero(declared.is_plugged & (is_dispatched > 0) & vehicles.is_enrolled)
    two_way = cars[vehicles.p_discharge_max_kw[cars] > 0]
    patient = cars[laxity_h(vehicles, declared, soc, now_s)[cars] >= HOUR]
    above_kwh = np.maximum(soc[two_way] - vehicles.soc_floor_v2g[two_way], 0.0) * vehicles.capacity_kwh[two_way]
    return {
        "discharge_max_mw": float(vehicles.p_discharge_max_kw[two_way].sum()) / KW_PER_MW,
        "discharge_told_mw": float(np.maximum(-p_kw[two_way], 0.0).sum()) / KW_PER_MW,
        "interruptible_mw": float(np.maximum(p_kw[patient], 0.0).sum()) / KW_PER_MW,
        "energy_mwh": float((above_kwh * vehicles.eta_discharge[two_way]).sum()) / KW_PER_MW,
    }


def laxity_h(vehicles: Vehicles, declared: DeclaredTable, soc: Floats, now_s: int) -> Floats:
    """[V] hours until the declared departure less those of charging at full power to what the driver wants."""
    rise_kw = vehicles.eta_charge * vehicles.p_charge_max_kw
    need_kwh = np.maximum(np.minimum(declared.soc_wanted, vehicles.soc_max) - soc, 0.0) * vehicles.capacity_kwh
    return np.asarray((declared.declared_departure_s - now_s) / SECONDS_PER_HOUR - need_kwh / rise_kw)


def reserve_credit_mw(phi: float, compliance: float, room: Mapping[str, float]) -> float:
    """h = min(phi (c Pdmax - Pd), c energy / 1 h) + phi Pc of one district (MODEL.md section 3).

    c is the share of cars expected to follow: limits and energy are those of all instructed cars, powers are metered.
    """
    if not room:
        return 0.0
    more = phi * max(compliance * room["discharge_max_mw"] - room["discharge_told_mw"], 0.0)
    return max(min(more, compliance * room["energy_mwh"]), 0.0) + phi * room["interruptible_mw"]
