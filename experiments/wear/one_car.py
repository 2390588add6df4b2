"""One car's day under every wear model: no dispatch, only traces. What a kWh of V2G wears off, and when it pays.

The day: 8 kWh driven in two trips, home at 19:00. `uncoordinated` charges then; `smart` charges after midnight;
`v2g` gives back from 19:00 at 7 kW down to a depth and charges after midnight. The same day is repeated from the
state that the car's age gives, so the difference of two traces is what the control did to the battery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from models.records.arrays import Floats
from models.wear import wear_model
from models.wear.contract import BATTERY_CNY_PER_KWH, DAY_S, REFERENCE_LIFE, loss_cost_usd
from testbed.owners.compensation import break_even_usd_per_kwh

CNY_PER_USD = 7.0
CAPACITY_KWH, DRIVEN_KWH, POWER_KW = 60.0, 8.0, 7.0
ETA = 0.95
VALLEY_CNY = 0.2833
"""Night tariff of `beijing2015`."""
HOME_H = 19.0
STEPS_PER_DAY = 96
LOWEST_SOC = 0.2

AGES = (0.0, 0.5, 2.0, 5.0, 8.0)
BATTERY_CNY = (500.0, 900.0, 1300.0)
SPREADS_CNY = (0.2, 0.4, 0.6, 0.8)
DEPTHS = (0.05, 0.1, 0.2, 0.3, 0.4)
TOPS = (0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Case:
    """One point of the study: the state of the battery, and how V2G uses it."""

    model: str
    age_years: float
    depth: float
    """Given back each day, as a share of the capacity."""
    top: float
    """SOC at which charging ends."""


@dataclass(frozen=True)
class Outcome:
    """Wear of V2G over the days, per kWh drawn for the grid, at the default battery price."""

    case: Case
    against_smart_cny: float
    against_uncoordinated_cny: float
    cycle_share: float
    """Part of it (against smart) that is cycling; below 1 the rest is calendar."""

    def net_cny_per_year(self, spread_cny: float, battery_cny: float = BATTERY_CNY_PER_KWH) -> float:
        """What V2G every day leaves the owner, against smart charging, at this spread of prices."""
        drawn = self.case.depth * CAPACITY_KWH * 365.25
        price_out = VALLEY_CNY + spread_cny
        earned = drawn * (price_out * ETA - VALLEY_CNY / ETA)
        return earned - drawn * self.against_smart_cny * battery_cny / BATTERY_CNY_PER_KWH


def day_trace(kind: str, depth: float, top: float, days: int) -> Floats:
    """SOC [days * 96 + 1] of the repeated day; kind is uncoordinated, smart or v2g."""
    trip, hour_soc = 0.5 * DRIVEN_KWH / CAPACITY_KWH, POWER_KW / CAPACITY_KWH
    home, given = top - 2 * trip, depth if kind == "v2g" else 0.0
    low = home - given
    at_night = 0.0 if kind == "uncoordinated" else (top - low) / hour_soc
    begin = top if kind == "uncoordinated" else low
    points = [(0.0, begin), (at_night, top), (8.0, top), (9.0, top - trip), (18.0, top - trip), (HOME_H, home)]
    after = HOME_H + (2 * trip if kind == "uncoordinated" else given) / hour_soc
    points += [(after, begin), (24.0, begin)]
    hours, levels = zip(*points, strict=True)
    day = np.interp(np.arange(STEPS_PER_DAY) * 24 / STEPS_PER_DAY, hours, levels)
    return np.append(np.tile(day, days), begin)


def cases(model: str, ages: Sequence[float] = AGES, depths: Sequence[float] = DEPTHS,
          tops: Sequence[float] = TOPS) -> list[Case]:
    """All points of a model whose day stays above the lowest SOC."""
    drive = DRIVEN_KWH / CAPACITY_KWH
    return [Case(model, age, depth, top) for age, depth, top in product(ages, depths, tops)
            if top - drive - depth >= LOWEST_SOC - 1e-9]


def outcomes(points: Sequence[Case], days: int = 30) -> list[Outcome]:
    """Wear of each point (all of one model) over so many days, all points at once."""
    model, count = wear_model(points[0].model), len(points)
    capacity, driven = np.full(count, CAPACITY_KWH), np.full(count, DRIVEN_KWH)
    ages = np.array([point.age_years for point in points])
    before = model.initial_state(capacity, ages, driven, replace(REFERENCE_LIFE, power_kw=POWER_KW))
    loss, cycle = {}, {}
    for kind in ("uncoordinated", "smart", "v2g"):
        soc = np.stack([day_trace(kind, point.depth, point.top, days) for point in points])
        after = model.advance(before, capacity, soc, DAY_S / STEPS_PER_DAY)
        loss[kind], cycle[kind] = after.loss - before.loss, after.cycle_loss - before.cycle_loss
    drawn = np.array([point.depth for point in points]) * CAPACITY_KWH * days
    cny = {kind: loss_cost_usd(loss["v2g"] - loss[kind], capacity) * CNY_PER_USD / drawn
           for kind in ("smart", "uncoordinated")}
    extra = loss["v2g"] - loss["smart"]
    share = np.divide(cycle["v2g"] - cycle["smart"], extra, out=np.ones(count), where=np.abs(extra) > 0)
    return [Outcome(point, *map(float, row)) for point, *row in
            zip(points, cny["smart"], cny["uncoordinated"], share, strict=True)]


def life_average_cny(model: str, battery_cny: float) -> float:
    """The price of wear inside the dispatch, CNY per kWh drawn, for this car and 20 kWh a day."""
    use = replace(REFERENCE_LIFE, battery_usd_per_kwh=battery_cny / CNY_PER_USD, driven_kwh_per_day=DRIVEN_KWH)
    return float(wear_model(model).life_average_usd_per_kwh(np.array([CAPACITY_KWH]), use)[0]) * CNY_PER_USD


def life_booked_cny(model: str, years: float) -> tuple[float, float]:
    """(price, booked against smart charging), CNY per kWh, over the same life of that many years from new.

    The price comes from equal days in closed form, the booked wear from the traces of as many days.
    """
    use = replace(REFERENCE_LIFE, driven_kwh_per_day=DRIVEN_KWH, years_max=years, end_of_life_loss=0.99)
    price = float(wear_model(model).life_average_usd_per_kwh(np.array([CAPACITY_KWH]), use)[0])
    booked = outcomes([Case(model, 0.0, use.v2g_kwh_per_day / CAPACITY_KWH, 0.8)], round(years * 365.25))[0]
    scale = 0.99 / REFERENCE_LIFE.end_of_life_loss
    return price * scale * CNY_PER_USD, booked.against_smart_cny


def break_even_cny(wear_cny: float) -> float:
    """Price paid per kWh at the charger above which V2G pays, charging at night."""
    return float(break_even_usd_per_kwh(np.array([wear_cny]), VALLEY_CNY, ETA, ETA)[0])


def best_use(outcomes: Sequence[Outcome], spread_cny: float, battery_cny: float) -> tuple[Outcome, float] | None:
    """The depth and top at which V2G leaves most; None where it leaves nothing."""
    nets = [outcome.net_cny_per_year(spread_cny, battery_cny) for outcome in outcomes]
    best = int(np.argmax(nets))
    return (outcomes[best], nets[best]) if nets[best] > 0 else None
