"""The commitment without a single car: what `hours_fewer_units` counts against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import fsum

import numpy as np

from controllers.port import Plan, SystemView
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models.records.arrays import Floats, Ints
from models.system.power_system import NetLoad, PowerSystem
from models.system.profiles import Profiles
from testbed.scenario.files import files_digest, system_files
from testbed.scenario.parts.district import District
from testbed.scenario.record import Scenario
from testbed.setup.forecasts import build_forecaster
from testbed.setup.knowledge import power_system_parameters, temporal_knowledge
from testbed.setup.plan_cache import CachedUnitCommitment
from testbed.setup.profiles import build_profiles
from testbed.wiring.content_cache import cache_folder

NO_DISTRICT = District(name="none", private=1)
"""A scenario has one; there are no cars in the reference."""
REFERENCE_NAME = "no_pev, day-ahead commitment of the same scenario"
DAY_S, HOUR_S = 86_400, 3_600


@dataclass(frozen=True)
class Reference:
    """Units on [hours, U] and the planned operating cost of the system without cars."""

    committed: Ints
    operating_cost_usd: float
    before_h: Ints
    """[U] hours on (+) or off (-) as counted hours begin."""
    before_mw: Floats
    """[U] power in the hour before them; NaN: off, or nothing was run before."""
    ordered_mw: Floats | None
    """[hours, U] planned powers from which units with ramps begin; None: there are none."""


def no_car_reference(scenario: Scenario, seed: int = 0) -> Reference:
    """Plan by plan with the run's forecasts (of `seed`), carried out hour by hour; counted days alone are told of.

    Units run through the controlled warm-up days as they do in a run.
    """
    return _reference(*_essence(scenario, seed))


def _essence(scenario: Scenario, seed: int) -> tuple[str, int, str]:
    """What the reference depends on: no cars, and the seed only where forecasts err; so many runs share one.

    Last the content of the system's own files, if there are any.
    """
    here = scenario.execution.model_copy(update={"remote": {}})
    described = scenario.model_copy(update={"districts": (NO_DISTRICT,), "execution": here}).model_dump_json(
        include={"name", "days", "step_s", "warmup_controlled_days", "profiles", "system", "objective", "planning",
                 "tariff", "spatial", "districts", "execution"})
    return (described, 0 if scenario.profiles.forecast_error == "off" else seed,
            files_digest(system_files(scenario)))


@lru_cache(maxsize=4)
def _reference(scenario_json: str, seed: int, content: str) -> Reference:
    system = _SystemAlone(scenario_json, seed)
    system.run(-system.warmup_days * DAY_S, 0)
    before = system.core.hours_on, system.last_hour_mw()
    committed, ordered_mw, costs_usd = zip(*system.run(0, system.days * DAY_S), strict=True)
    return Reference(np.stack(committed).astype(np.int64), fsum(costs_usd), *before,
                     np.stack(ordered_mw) if system.core.has_ramps else None)


class _SystemAlone:
    """The power system without cars, hour after hour."""

    def __init__(self, scenario_json: str, seed: int) -> None:
        scenario = Scenario.model_validate_json(scenario_json)
        self.days, self.step_s = scenario.days, scenario.step_s
        self.warmup_days = scenario.warmup_controlled_days
        self.knowledge = replace(temporal_knowledge(scenario), district_names=())
        self.layer = CachedUnitCommitment(UnitCommitment(self.knowledge, "none"), cache_folder(scenario))
        self.core = PowerSystem(self.knowledge.units, power_system_parameters(scenario))
        self.profiles, self.forecaster = build_profiles(scenario), build_forecaster(scenario, seed)
        self.p_mw = self.knowledge.units.initial_p_mw
        self.plan: Plan | None = None

    def run(self, begin_s: int, end_s: int) -> list[tuple[Ints, Floats, float]]:
        """(units on, planned powers) [U] of each hour from begin_s to end_s, and what the hour costs in USD."""
        hours = []
        for start_s in range(begin_s, end_s, self.knowledge.binding_h * HOUR_S):
            plan = self.next_plan(start_s)
            hours += [(plan.committed[:, hour], plan.p_mw[:, hour], self.hour_usd(start_s + hour * HOUR_S, plan, hour))
                      for hour in range(self.knowledge.binding_h)]
        return hours

    def next_plan(self, start_s: int) -> Plan:
        """The plan from start_s; the search for it begins with the last one."""
        view = self.view(start_s)
        if self.plan is not None:
            view = replace(view, last_committed=self.plan.carried_on(start_s))
        self.plan = self.layer.plan(view)
        return self.plan

    def view(self, start_s: int) -> SystemView:
        """What the system operator sees at start_s."""
        horizon_h = self.knowledge.horizon_h
        ahead, free = self.forecaster.hourly(start_s, horizon_h), np.zeros(horizon_h)
        steps = self.forecaster.by_step(start_s, horizon_h, self.step_s)
        return SystemView(time_s=start_s, load_mw=ahead.load_mw, wind_mw=ahead.wind_mw, pv_mw=ahead.pv_mw,
                          price_charge_usd_per_kwh=free, price_discharge_usd_per_kwh=free, districts=(),
                          hours_on=self.core.hours_on, p_mw=self.p_mw, load_step_mw=steps.load_mw,
                          wind_step_mw=steps.wind_mw, pv_step_mw=steps.pv_mw,
                          renewable_least_mw=ahead.must_take_mw if ahead.must_take_mw.any() else np.zeros(0))

    def last_hour_mw(self) -> Floats:
        """[U] powers of units that ran in the last hour; NaN of others, and of all before the first hour."""
        ran = (self.core.hours_on > 0) & (self.plan is not None)
        return np.where(ran, self.p_mw, np.nan)

    def hour_usd(self, now_s: int, plan: Plan, hour: int) -> float:
        """Carry out an hour of the plan, which begins at now_s; its fuel and start-ups."""
        step = self.core.step(now_s, HOUR_S, plan.committed[:, hour], _net_load(self.profiles, now_s),
                              planned_mw=plan.p_mw[:, hour])
        self.p_mw = step.p_mw
        return step.fuel_cost_usd + step.startup_cost_usd


def _net_load(profiles: Profiles, now_s: int) -> NetLoad:
    mean = profiles.hourly(now_s, 1)
    return NetLoad(load_mw=float(mean.load_mw[0]), pev_charge_mw=0.0, pev_discharge_mw=0.0,
                   wind_mw=float(mean.wind_mw[0]), pv_mw=float(mean.pv_mw[0]),
                   must_take_mw=float(mean.must_take_mw[0]))
