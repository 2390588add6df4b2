"""Days of a run lived through again under its stored plans, with drivers who decide anew; no plan is solved.

The run's own simulators are stepped by hand: mobility, upper layer with its learning (whose plans come from the
file), lower layer and fleet. Until a chosen day all is as it was in the run; the stays that begin on that day are then
drawn again, by the same law, for the same people and trips. For scenarios without feeders.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from models.drivers.behaviours import follows, moves
from models.drivers.willingness import Drivers, StayDraws
from models.mobility.mobility import without_garbage_collection
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints
from testbed.results.reading import Result
from testbed.running.preflight import WrongRequest
from testbed.running.world import entity_names
from testbed.scenario.record import Scenario
from testbed.setup.districts import District, build_districts
from testbed.simulators.adapter import SYSTEM, Adapter, Values
from testbed.simulators.before_first_step import initial_state
from testbed.simulators.fleet import FleetSimulator
from testbed.simulators.mobility import DistrictMobility, MobilitySimulator
from testbed.simulators.profiles import ProfilesSimulator
from testbed.simulators.spatial import SpatialSimulator
from testbed.simulators.temporal import TemporalSimulator
from testbed.wiring.run_spec import RunSpec

A = TypeVar("A", bound=Adapter)
REDRAW_KEY = 1_000
"""Place of redrawn days in seeds: beyond all purposes of `models.drivers.population`."""
NOTHING_DRAWN = -(10**6)
KW_PER_MW = 1000.0


class RedrawnDrivers(Drivers):
    """The drivers of a district, whose stays from some day on can be those of another draw."""

    _from_day, _number, _last_day = -NOTHING_DRAWN, 0, NOTHING_DRAWN

    def redraw(self, from_day: int, number: int) -> None:
        """Draw the stays that begin on from_day and later anew; ValueError if that day has been looked at already."""
        if from_day <= self._last_day:
            raise ValueError(f"stays of day {from_day} cannot be drawn anew: day {self._last_day} is known")
        self._from_day, self._number = from_day, number

    def day(self, day: int, zone: Ints) -> StayDraws:
        """Willingness for the stays of one day, as `Drivers.day`."""
        self._last_day = max(self._last_day, day)
        with self._drawn_for(day):
            return super().day(day, zone)

    def zones_out(self, day: int) -> Bools:
        """As `Drivers.zones_out`."""
        with self._drawn_for(day):
            return super().zones_out(day)

    @contextmanager
    def _drawn_for(self, day: int) -> Iterator[None]:
        lived = self._seed
        if day >= self._from_day:
            self._seed = np.random.SeedSequence(lived.entropy, spawn_key=(*lived.spawn_key, REDRAW_KEY, self._number))
        try:
            yield
        finally:
            self._seed = lived


@dataclass(frozen=True)
class _Redrawn(District):
    """A district whose mobility has drivers that can be drawn again."""

    redrawn: RedrawnDrivers | None = None

    def drivers(self) -> Drivers:
        return self.redrawn or super().drivers()


@dataclass(frozen=True)
class Hour:
    """What the plan promised of cars in one hour, and what they gave; MW, all districts."""

    phi: float
    """Quantile of delivery that the plan counted with."""
    planned_mw: float
    """Expected discharge by the plan."""
    planned_charge_mw: float
    """Expected charging of cars under control."""
    outside_mw: float
    """Expected load of cars outside control, those included that will not follow."""
    instructed_mw: float
    """Discharge asked of cars, times the compliance that stands behind the instructions."""
    discharged_mw: float
    """Metered."""
    charged_mw: float
    """Metered, all cars."""
    charged_as_told_mw: float
    """Metered, of cars that do as they are told (of each its mean over the step)."""


class LivedDays:
    """A finished run from its warm-up on, step by step, with a copy of the whole state wherever one is asked for."""

    def __init__(self, result: Result, controller: str | None = None) -> None:
        """controller: how it is loaded, if not by the name in the result.

        Raises WrongRequest where a district has a feeder (its lower layer would have to be solved anew), or where cars
        may queue for ports (queues are processes, which cannot be copied).
        """
        scenario = Scenario.model_validate(result.scenario)
        if any((d.feeder, d.slow_ports_per_bus, d.fast_ports_per_bus) != (None, None, None)
               for d in scenario.districts):
            raise WrongRequest([f"{result.path}: only days without feeders and queues can be lived through again"])
        self.spec = spec = RunSpec(scenario, controller or result.controller, result.seed, result.path, result.path)
        districts = build_districts(spec)
        self.drivers = {name: RedrawnDrivers(d.vehicles, d.seed, d.driver_parameters) for name, d in districts.items()}
        self.profiles = _built(ProfilesSimulator(), spec)
        self.mobility, self.temporal = _built(MobilitySimulator(), spec), _built(TemporalSimulator(), spec)
        self.spatial, self.fleet = _built(SpatialSimulator(), spec), _built(FleetSimulator(), spec)
        self.mobility.cores = {name: DistrictMobility(spec, _redrawable(d, self.drivers[name]))
                               for name, d in districts.items()}
        self.now_s = spec.start_s
        self.state: dict[str, Values] = {name: dict(initial_state(spec, d)) for name, d in districts.items()}

    def fork(self) -> LivedDays:
        """The same run at the same instant; what happens to one does not happen to the other."""
        shared = [self.spec, self.profiles, self.temporal.layer]
        for core in self.mobility.cores.values():
            shared += [core.district, core.expectation]
        return copy.deepcopy(self, {id(part): part for part in shared})

    def redraw(self, from_day: int, number: int) -> None:
        """Stays that begin on from_day or later are drawn anew; each number gives other ones."""
        for drivers in self.drivers.values():
            drivers.redraw(from_day, number)

    def until(self, end_s: int) -> list[Hour]:
        """Go on to end_s; the hours on the way."""
        with without_garbage_collection():
            return [self._step() for _ in range(self.now_s, end_s, self.spec.step_s)]

    def _step(self) -> Hour:
        now_s, state = self.now_s, self.state
        outside = self.profiles.advance(now_s, {})
        system = outside[SYSTEM]
        moved = self.mobility.advance(now_s, state)
        planned = self.temporal.advance(now_s, {
            SYSTEM: {"forecast": system["forecast"], "prices": system["prices"], **initial_state(self.spec, None)},
            **{name: {"cohort_flexibility": moved[name]["cohort_flexibility"], "delivery": state[name]["delivery"]}
               for name in state}})
        told = self.spatial.advance(now_s, {name: {
            **state[name], **moved[name], "targets": planned[name]["targets"], "prices": system["prices"],
            "marginal_price_forecast": planned[SYSTEM]["marginal_price_forecast"],
            "bus_load_forecast": outside[name]["bus_load_forecast"]} for name in state})
        done = self.fleet.advance(now_s, {name: {
            "prices": system["prices"], "declared": moved[name]["declared"], "presence": moved[name]["presence"],
            "instructions": told[name]["instructions"]} for name in state})
        for name, values in state.items():
            values |= {**{key: done[name][key] for key in ("soc", "soc_reported", "delivery")},
                       "learned_compliance": planned[name]["learned_compliance"],
                       "guidance": told[name]["guidance"]}
        self.now_s += self.spec.step_s
        hours = [self._hour(now_s, name, planned, moved[name], told[name], done[name]) for name in state]
        phi = float(planned[SYSTEM]["delivery_quantile"])
        return Hour(phi, *np.sum(hours, axis=0).tolist())

    def _hour(self, now_s: int, name: str, planned: dict[str, Values], moved: Values, told: Values,
              done: Values) -> Floats:
        """The sums of `Hour` of one district, phi left out."""
        targets, cohorts = planned[name]["targets"], self.mobility.cores[name].cohorts
        plan_kw = np.zeros(3)
        if targets is not None and cohorts is not None:
            hour = (now_s - targets.plan_time_s) // SECONDS_PER_HOUR
            plan_kw[:] = (targets.pd_kw[:, hour].sum(), targets.pc_kw[:, hour].sum(),
                          cohorts.p_uncontrolled_kw[hour])
        compliance = planned[SYSTEM]["reserve_terms"].compliance[list(self.state).index(name)]
        orders, presence, flows = told["instructions"], moved["presence"], done["pev_mw"]
        asked = (orders.is_dispatched > 0) & moved["declared"].is_plugged
        asked_kw = compliance * np.maximum(-orders.setpoint_kw, 0.0)[asked].sum()
        behaviour = presence.behaviour
        has_stopped = moves("obedience", behaviour) & (presence.override_s <= now_s)
        as_told = asked & follows(behaviour) & ~has_stopped
        charged_as_told_kw = np.maximum(done["p_vehicle_kw"], 0.0)[as_told].sum()
        return np.array([*(np.array([*plan_kw, asked_kw]) / KW_PER_MW), flows.discharge_mw, flows.charge_mw,
                         charged_as_told_kw / KW_PER_MW])


def _redrawable(district: District, drivers: RedrawnDrivers) -> District:
    return _Redrawn(**{field.name: getattr(district, field.name) for field in fields(district)}, redrawn=drivers)


def _built(simulator: A, spec: RunSpec) -> A:
    simulator.spec = spec
    simulator.entities = list(entity_names(spec, simulator.simulator))
    simulator.build(spec)
    return simulator
