"""Headline figures of the MV/LV transformers of networks: ageing by IEC 60076-7 and own losses.

Neither is in any cost: the system's load already holds normal losses, and transformers are the network's to replace.
NaN without a network and in files that do not hold the power behind each transformer.
"""

from __future__ import annotations

import numpy as np

from models.network.transformers.ageing import LOSS_TABLES, Ageing, ageing, transformer_losses_kw
from models.records.arrays import Floats
from testbed.metrics.inputs import Subject, networks
from testbed.results.reading import Result

METRICS = Subject(place=50)
metric = METRICS.metric

POWER, RATING = "transformer_kva", "transformer_rating_kva"
DEFAULTS = {"ambient_celsius": 20.0, "transformer_losses": "tier2"}


def transformer_ageings(result: Result) -> list[Ageing]:
    """Of every network whose file holds what passes its transformers; the substation's is none of them."""
    ageings = []
    for district in _with_transformers(result):
        rating, power = _bus_transformers(result, district)
        rated = np.isfinite(rating)
        if rated.any() and power.shape[0]:
            ageings.append(ageing(power[:, rated] / rating[rated], _ambient_celsius(result, district), result.step_s))
    return ageings


def _with_transformers(result: Result) -> list[str]:
    return [d for d in networks(result) if result.holds(d, POWER) and result.holds(d, RATING)]


def _bus_transformers(result: Result, district: str) -> tuple[Floats, Floats]:
    """(rating [B - 1], power [T, B - 1]) of all buses but the substation."""
    # the constants of ageing are those of MV/LV transformers, not of a substation's
    return result.district(district, RATING)[1:], result.district(district, POWER)[:, 1:]


def _setting(result: Result, district: str, name: str) -> object:
    described = next(d for d in result.scenario["districts"] if d["name"] == district)
    return described.get(name, DEFAULTS[name])


def _ambient_celsius(result: Result, district: str) -> Floats:
    """[T]"""
    by_hour = np.broadcast_to(np.asarray(_setting(result, district, "ambient_celsius"), dtype=np.float64), 24)
    return np.asarray(by_hour[result.time_s // 3600 % 24])


@metric("transformer_life_max_h", "h",
        "life used by the MV/LV transformer that ages most, IEC 60076-7; as many hours as passed: as designed")
def transformer_life_max_h(result: Result) -> float:
    return max((float(age.life_h.max()) for age in transformer_ageings(result)), default=np.nan)


@metric("transformer_life_sum_h", "h", "life used by all MV/LV transformers")
def transformer_life_sum_h(result: Result) -> float:
    ageings = transformer_ageings(result)
    return float(sum(age.life_h.sum() for age in ageings)) if ageings else np.nan


@metric("transformer_hot_spot_max_celsius", "degC", "hottest winding of any MV/LV transformer")
def transformer_hot_spot_max_celsius(result: Result) -> float:
    return max((float(age.hot_spot_max_celsius.max()) for age in transformer_ageings(result)), default=np.nan)


@metric("transformer_losses_kwh", "kWh",
        "own losses of MV/LV transformers, no-load and load; the system's load holds normal ones; in no cost")
def transformer_losses_kwh(result: Result) -> float:
    districts = _with_transformers(result)
    if not districts:
        return np.nan
    total = 0.0
    for district in districts:
        rating, power = _bus_transformers(result, district)
        table = LOSS_TABLES[str(_setting(result, district, "transformer_losses"))]
        total += float(transformer_losses_kw(power, rating, table).sum()) * result.step_h
    return total
