"""What set-points may be, beyond numbers of the right shape: the contract of controllers.port."""

from __future__ import annotations

import numpy as np

from controllers.port import FeederView, Setpoints, SpatialKnowledge
from models.records.arrays import Bools, Floats, Ints
from models.records.feeder import Site

ROUNDING_KW = 1e-3
"""By which a set-point may pass the charger's rating, and the same share of it in thousandths."""


def setpoints_problem(answer: Setpoints, view: FeederView, knowledge: SpatialKnowledge) -> str:
    """The first field that says what cannot be, with how many cars or buses and the first of them; empty if none."""
    return (_told_problem(answer, view, knowledge) or _rank_problem(answer.guidance_rank, knowledge.site)
            or _limit_problem(answer.generation_limit_kw, knowledge))


def _told_problem(answer: Setpoints, view: FeederView, knowledge: SpatialKnowledge) -> str:
    told = answer.is_dispatched
    if not told.any():
        return ""
    if (odd := (told != 0) & (told != 1)).any():
        return f"is_dispatched [1]: {_first(odd)} has {told[odd][0]}, allowed are 0 and 1"
    cars = np.flatnonzero((told > 0) & view.declared.is_plugged)
    if not (enrolled := knowledge.vehicles.is_enrolled[cars]).all():
        return f"is_dispatched [1]: {_first(~enrolled, cars)} is told what to do and has no contract (is_enrolled)"
    return _power_problem(answer, knowledge, cars)


def _power_problem(answer: Setpoints, knowledge: SpatialKnowledge, cars: Ints) -> str:
    p_kw, vehicles = answer.setpoint_kw[cars], knowledge.vehicles
    most_kw, least_kw = vehicles.p_charge_max_kw[cars], -vehicles.p_discharge_max_kw[cars] * knowledge.may_discharge
    room_kw = ROUNDING_KW * (1.0 + most_kw / 1e3)
    beyond = (p_kw > most_kw + room_kw) | (p_kw < least_kw - room_kw)
    if not beyond.any():
        return ""
    i = int(np.argmax(beyond))
    why = "" if knowledge.may_discharge else " (car_control lets no car discharge)"
    return (f"setpoint_kw [kW]: {_first(beyond, cars)} is told {p_kw[i]:g}, its charger can {least_kw[i] + 0.0:g} to "
            f"{most_kw[i]:g}{why}")


def _rank_problem(rank: Ints, site: Site) -> str:
    """Each bus at most once by kind of charger, 0 the best, -1 for none."""
    buses = site.bus_count
    for kind, ranks in zip(site.groups.kind_names, rank, strict=True):
        if ranks.min(initial=-1) < -1 or ranks.max(initial=-1) >= buses:
            odd = ranks[(ranks < -1) | (ranks >= buses)][0]
            return f"guidance_rank [1]: {odd} for {kind} chargers, allowed are -1 to {buses - 1}"
        named = ranks[ranks >= 0]
        if named.size and np.bincount(named).max() > 1:
            return f"guidance_rank [1]: rank {np.argmax(np.bincount(named) > 1)} is there twice for {kind} chargers"
    return ""


def _limit_problem(limit_kw: Floats, knowledge: SpatialKnowledge) -> str:
    """Generators cannot be made to draw."""
    below = np.flatnonzero(limit_kw < 0)
    if not below.size:
        return ""
    return (f"generation_limit_kw [kW]: {limit_kw[below[0]]:g} at bus {knowledge.generation_buses[below[0]]}, "
            "allowed is 0 or more, or NaN for no limit")


def _first(is_meant: Bools, cars: Ints | None = None) -> str:
    """`car 5`, and how many more."""
    i, more = int(np.argmax(is_meant)), int(is_meant.sum()) - 1
    return f"car {i if cars is None else cars[i]}" + (f" (and {more} more)" if more else "")
