"""What a run's driving, charging and V2G did to each battery, under any wear model; and what V2G alone did.

The run books wear by one price per kWh. Here the recorded SOC of each car (`record.vehicles: true`) goes
through a wear model from the state that the car's age and driving give. The counterfactual is the same
scenario and seed under another controller: same cars, same trips; the difference is what the control did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats
from models.wear import wear_model
from models.wear.contract import DAY_S, KELVIN_0C, REFERENCE_LIFE, Kelvin, WearModel, WearState, loss_cost_usd
from testbed.results.reading import Result, ResultError
from testbed.results.vehicle_traces import read_traces

BLOCK_VEHICLES = 4096
"""Cars per block: a day at 15 minutes takes 20 MB."""


@dataclass(frozen=True)
class WearAccount:
    """Wear of the counted time by one model, arrays [V] over all districts."""

    model: str
    calendar_loss: Floats
    """Increments, fractions of the capacity."""
    cycle_loss: Floats
    resistance_growth: Floats | None
    drawn_kwh: Floats
    """Out of the battery, driving included."""
    capacity_kwh: Floats
    cost_usd: Floats
    flags: tuple[str, ...]
    """What of the traces lies outside the model's tested range."""

    @property
    def loss(self) -> Floats:
        return self.calendar_loss + self.cycle_loss


@dataclass(frozen=True)
class Increment:
    """Wear of a run less that of the same cars in another one, arrays [V]; negative: the battery is spared."""

    model: str
    calendar_loss: Floats
    cycle_loss: Floats
    cost_usd: Floats
    v2g_kwh: Floats
    """Drawn for the grid in the run less in the other."""

    @property
    def loss(self) -> Floats:
        return self.calendar_loss + self.cycle_loss

    @property
    def usd_per_kwh(self) -> float:
        """Of all cars together; NaN where nothing more was drawn."""
        drawn = float(self.v2g_kwh.sum())
        return float(self.cost_usd.sum()) / drawn if drawn > 0 else np.nan


def soc_traces(result: Result, district: str) -> Floats:
    """SOC [V, T + 1] of a district: at counted 00:00 and at the end of each step; ResultError without traces."""
    path = result.path.with_name(f"{result.path.stem}-vehicles.h5")
    if not path.is_file():
        raise ResultError(f"{path}: there is no such file; wear accounts need a run with record.vehicles=true")
    ends = read_traces(path, district, "soc").astype(np.float64).T
    # traces hold ends of steps: without the state before the first one its wear would be lost
    first = result.vehicle(district, "stored_start_kwh") / result.vehicle(district, "capacity_kwh")
    return np.asarray(np.clip(np.concatenate([first[:, None], ends], axis=1), 0.0, 1.0))


def wear_account(result: Result, model: str, kelvin: Kelvin | None = None, age_years: float | None = None,
                 battery_usd_per_kwh: float | None = None) -> WearAccount:
    """Wear of a run by one model; temperature, ages and battery price are the scenario's unless given.

    kelvin may be a profile [T + 1]. age_years is one age for all cars.
    """
    wear, rate = result.scenario["wear"], float(result.scenario["tariff"]["cny_per_usd"])
    price = wear["battery_cny_per_kwh"] / rate if battery_usd_per_kwh is None else battery_usd_per_kwh
    temperature = wear["celsius"] + KELVIN_0C if kelvin is None else kelvin
    chosen, parts, traces = wear_model(model), [], []
    for district in result.districts:
        soc = soc_traces(result, district)
        age = result.vehicle(district, "age_years") if age_years is None else np.full(soc.shape[0], age_years)
        driven = result.vehicle(district, "driven_kwh") / (result.steps_total * result.step_s / DAY_S)
        # a car's wear depends on no other car, so blocks bound the memory and change nothing
        for first in range(0, soc.shape[0], BLOCK_VEHICLES):
            rows = slice(first, first + BLOCK_VEHICLES)
            capacity = result.vehicle(district, "capacity_kwh")[rows]
            parts.append((*_gain(chosen, capacity, age[rows], driven[rows], soc[rows], result.step_s, temperature),
                          capacity))
            traces.append(soc[rows])
    calendar, cycle, drawn, growth, capacity = (np.concatenate(column) for column in zip(*parts, strict=True))
    cost = loss_cost_usd(calendar + cycle, capacity, price, wear["end_of_life_loss"])
    flags = chosen.tested.flags(np.concatenate(traces), result.step_s, temperature) if chosen.tested else ()
    # NaN stands for a model that knows no resistance
    has_growth = bool(np.all(np.isfinite(growth)))
    return WearAccount(model, calendar, cycle, growth if has_growth else None, drawn, capacity, cost, flags)


def _gain(model: WearModel, capacity: Floats, age: Floats, driven: Floats, soc: Floats, step_s: float,
          kelvin: Kelvin) -> tuple[Floats, Floats, Floats, Floats]:
    """(calendar, cycle, drawn, resistance) of the trace, from the state that age and driving give."""
    # wear laws are curved: what a day does depends on the age at which it happens
    before = model.initial_state(capacity, age, driven, REFERENCE_LIFE)
    after = model.advance(before, capacity, soc, step_s, kelvin)
    return (after.calendar_loss - before.calendar_loss, after.cycle_loss - before.cycle_loss,
            after.drawn_kwh - before.drawn_kwh, _growth(after) - _growth(before))


def _growth(state: WearState) -> Floats:
    return np.full(state.age_s.shape, np.nan) if state.resistance_growth is None else state.resistance_growth


def increment(account: WearAccount, other: WearAccount, result: Result, other_result: Result) -> Increment:
    """What the first run did beyond the other: same model, same cars; ResultError otherwise."""
    if account.model != other.model or not np.array_equal(account.capacity_kwh, other.capacity_kwh):
        raise ResultError("wear: an increment needs one model and the same cars (equal scenario and seed)")
    # driving cancels: both runs have the same trips, so the difference is what went to the grid
    drawn = [np.concatenate([r.vehicle(d, "drawn_kwh") for d in r.districts]) for r in (result, other_result)]
    return Increment(account.model, account.calendar_loss - other.calendar_loss,
                     account.cycle_loss - other.cycle_loss, account.cost_usd - other.cost_usd, drawn[0] - drawn[1])


def counterfactual(result: Result, others: Sequence[Result], model: str,
                   kelvin: Kelvin | None = None, age_years: float | None = None) -> dict[str, Increment]:
    """Increments of a run against each other run of the same scenario and seed, by its controller's name."""
    own = wear_account(result, model, kelvin, age_years)
    return {other.controller: increment(own, wear_account(other, model, kelvin, age_years), result, other)
            for other in others}
