"""The commitment without a single car: what `hours_fewer_units` counts against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from controllers.port import SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models.power_system import NetLoad, PowerSystem
from models.profiles import Profiles
from models.records import Floats, Ints
from testbed.expectations import cache_folder
from testbed.forecasts import Forecaster, build_forecaster
from testbed.knowledge import power_system_parameters, temporal_knowledge
from testbed.plans import remembered
from testbed.profiles import build_profiles
from testbed.scenario import Scenario

REFERENCE_NAME = "no_pev, day-ahead commitment of the same scenario"
DAY_S, HOUR_S = 86_400, 3_600


@dataclass(frozen=True)
class Reference:
    """Units on [hours, U] and the planned operating cost of the system without cars."""

    committed: Ints
    operating_cost_usd: float


def no_car_reference(scenario: Scenario, seed: int = 0) -> Reference:
    """Plan by plan over all counted days with the run's forecasts (of `seed`), carried out hour by hour."""
    seed = 0 if scenario.profiles.forecast_error == "off" else seed  # then all seeds share one reference
    return _reference(scenario.model_copy(update={"districts": scenario.districts[:1]}).model_dump_json(
        include={"name", "days", "profiles", "system", "objective", "planning", "tariff", "spatial", "districts",
                 "execution"}), seed)


@lru_cache(maxsize=4)
def _reference(scenario_json: str, seed: int) -> Reference:
    scenario = Scenario.model_validate_json(scenario_json)
    knowledge = replace(temporal_knowledge(scenario), district_names=())
    layer = remembered(UnitCommitment(knowledge, "none"), cache_folder(scenario))
    core = PowerSystem(knowledge.units, power_system_parameters(scenario))
    profiles, p_mw = build_profiles(scenario), np.zeros(knowledge.units.count)
    forecaster = build_forecaster(scenario, seed)
    committed, cost_usd = [], 0.0
    for start_s in range(0, scenario.days * DAY_S, knowledge.binding_h * HOUR_S):
        plan = layer.plan(_view(start_s, knowledge, forecaster, core.hours_on, p_mw))
        for hour in range(knowledge.binding_h):
            step = core.step(start_s + hour * HOUR_S, HOUR_S, plan.committed[:, hour],
                             _net_load(profiles, start_s + hour * HOUR_S))
            committed.append(plan.committed[:, hour])
            cost_usd += step.fuel_cost_usd + step.startup_cost_usd
            p_mw = step.p_mw
    return Reference(np.stack(committed).astype(np.int64), cost_usd)


def _view(start_s: int, knowledge: TemporalKnowledge, forecaster: Forecaster, hours_on: Ints,
          p_mw: Floats) -> SystemView:
    ahead, free = forecaster.hourly(start_s, knowledge.horizon_h), np.zeros(knowledge.horizon_h)
    return SystemView(time_s=start_s, load_mw=ahead.load_mw, wind_mw=ahead.wind_mw, pv_mw=ahead.pv_mw,
                      price_charge_usd_per_kwh=free, price_discharge_usd_per_kwh=free, districts=(),
                      hours_on=hours_on, p_mw=p_mw)


def _net_load(profiles: Profiles, now_s: int) -> NetLoad:
    mean = profiles.hourly(now_s, 1)
    return NetLoad(load_mw=float(mean.load_mw[0]), pev_charge_mw=0.0, pev_discharge_mw=0.0,
                   wind_mw=float(mean.wind_mw[0]), pv_mw=float(mean.pv_mw[0]))
