"""From what a policy says to set-points of cars; what no car can do is taken to the nearest that they can, and told.

Three kinds of action, numbers from -1 to 1 each. `district`: power of all plugged and enrolled cars, in parts of their
chargers' rated power. `cohort`: the same for each cohort (group and hour of declared departure, as in the plan in
force). `price`: what charging costs now, -1 the lowest tariff that is known ahead, 1 the highest; each car answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from controllers.disaggregation import least_laxity, plugged_power_kw
from controllers.port import FeederView, Setpoints, SpatialKnowledge
from controllers.spatial.none import unsolved
from controllers.spatial.pro_rata import Cars, plugged_cars
from models.records.arrays import Floats, Ints
from models.records.groups import cohort_count

ActsBy = Literal["district", "cohort", "price"]
KINDS: tuple[ActsBy, ...] = get_args(ActsBy)
PATIENT_H = 12.0
"""Of time to spare: with so much a car waits for the lowest price that is known ahead, with none it takes any."""
GIVING_BACK = 0.5
"""How far, of the range from -1 to 1, a price has to lie above a car's own for it to give power back."""


class ActionError(ValueError):
    """An action of the wrong shape, or that is no number; the message says which is allowed."""


@dataclass(frozen=True)
class Projection:
    """What became of an action, kW; arrays have one entry for each of the action's (one for a price)."""

    asked_kw: Floats
    """By the action as it was said; of a price: what all cars would draw if each did what its answer is."""
    done_kw: Floats
    """By the set-points: mean power over the step."""

    @property
    def taken_off_kw(self) -> Floats:
        """Asked beyond what cars can: above their room, or below what they have to charge."""
        return self.asked_kw - self.done_kw


def action_size(acts_by: ActsBy, horizon_h: int, groups: int) -> int:
    """Numbers of an action in one district with so many groups of cars."""
    return cohort_count(groups, horizon_h) if acts_by == "cohort" else 1


def checked_action(action: object, size: int, what: str = "action") -> Floats:
    """[size] as numbers from -1 to 1, those beyond at the bound; ActionError for another shape or no numbers."""
    try:
        values = np.asarray(action, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ActionError(f"{what}: must be {size} numbers from -1 to 1; {error}") from error
    if values.shape != (size,):
        raise ActionError(f"{what}: has shape {values.shape}, must be ({size},), each from -1 to 1")
    if not np.isfinite(values).all():
        raise ActionError(f"{what}: entry {int(np.argmin(np.isfinite(values)))} is no finite number")
    return np.clip(values, -1.0, 1.0)


class Acting:
    """Makes set-points of actions in one district."""

    def __init__(self, knowledge: SpatialKnowledge, acts_by: ActsBy) -> None:
        self.knowledge, self.acts_by = knowledge, acts_by
        self.size = action_size(acts_by, knowledge.horizon_h, knowledge.site.groups.count)

    def setpoints(self, view: FeederView, action: object) -> tuple[Setpoints, Projection]:
        """Set-points for [view.time_s, + step_s) and what became of the action; ActionError."""
        values = checked_action(action, self.size, f"action of district {self.knowledge.district}")
        cars = plugged_cars(self.knowledge, view)
        if self.acts_by == "price":
            asked_kw, mean_kw = _answered(float(values[0]), cars)
            return self._told(view, cars, mean_kw), Projection(np.array([asked_kw]), np.array([mean_kw.sum()]))
        row = cars.row if self.acts_by == "cohort" else np.zeros_like(cars.row)
        rated_kw = np.bincount(row, cars.p_charge_max_kw, self.size)
        asked = values * rated_kw
        mean_kw = shared_power_kw(asked, row, cars)
        return self._told(view, cars, mean_kw), Projection(
            asked, np.bincount(row, mean_kw, self.size).astype(np.float64))

    def _told(self, view: FeederView, cars: Cars, mean_kw: Floats) -> Setpoints:
        k = self.knowledge
        all_kw, is_dispatched = np.zeros(k.vehicles.count), np.zeros(k.vehicles.count, dtype=np.int64)
        all_kw[cars.index], is_dispatched[cars.index] = mean_kw, 1
        expected_kw = np.bincount(view.declared.bus_index[cars.index], mean_kw * k.assumed_compliance,
                                  k.site.bus_count).astype(np.float64)
        held_kw = plugged_power_kw(all_kw, view.declared, view.time_s, k.step_s)
        return unsolved(k, view, held_kw, is_dispatched, expected_kw)


def shared_power_kw(asked_kw: Floats, row: Ints, cars: Cars) -> Floats:
    """[N] mean power of each car: those with the least time to spare charge first, those with the most give back."""
    return least_laxity(np.maximum(asked_kw, 0.0), np.maximum(-asked_kw, 0.0), row, cars.lo_kw, cars.hi_kw,
                        cars.laxity)


def _answered(price: float, cars: Cars) -> tuple[float, Floats]:
    """What cars answer to a price from -1 to 1: the power that all would draw if nothing held them, and what each does.

    A car pays up to its own price, which rises from -1 with `PATIENT_H` hours to spare to 1 with none; below it, it
    charges, well above it, it gives back.
    """
    own = 1.0 - 2.0 * np.clip(cars.laxity / PATIENT_H, 0.0, 1.0)
    wish_kw = np.where(price <= own, cars.p_charge_max_kw,
                       np.where(price >= own + GIVING_BACK, -cars.p_discharge_max_kw, 0.0))
    return float(wish_kw.sum()), np.clip(wish_kw, cars.lo_kw, cars.hi_kw)
