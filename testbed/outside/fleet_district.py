"""One district's drivers, queues, chargers and batteries as a mosaik simulator, for scenarios of others.

    mosaik.World({"Fleet": {"python": "testbed.outside.fleet_district:FleetDistrict"}, ...})

Time 0 is the first counted midnight: the days before it have passed, with all cars charging on arrival. What steers the
district sets `p_set_kw`; without it every car charges on arrival.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import mosaik_api_v3
import numpy as np

from controllers.disaggregation import plugged_power_kw
from controllers.learned.acting import shared_power_kw
from controllers.port import FeederView
from controllers.spatial.pro_rata import Cars, plugged_cars
from models.records.flexibility import BusFlexibility
from models.records.vehicles import DeclaredTable
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.setup.districts import District, build_districts
from testbed.setup.knowledge import spatial_knowledge
from testbed.simulators.adapter import SYSTEM, Adapter, Values
from testbed.simulators.before_first_step import initial_state, no_instructions
from testbed.simulators.fleet import FleetSimulator
from testbed.simulators.mobility import MobilitySimulator
from testbed.simulators.profiles import ProfilesSimulator
from testbed.wiring.crossings import Instructions
from testbed.wiring.run_spec import DAY_S, RunSpec

A = TypeVar("A", bound=Adapter)
DISTRICT_ATTRIBUTES = {
    "p_set_kw": "in: power that all enrolled cars together are to draw at their buses, kW; below 0 they give back",
    "p_kw": "power of all cars at their buses, mean of the step, kW",
    "least_kw": "least that the plugged and enrolled cars could draw in the step, kW",
    "most_kw": "most that they could draw, kW",
    "cars": "plugged and enrolled as the step begins",
    "stored_kwh": "energy in all batteries at the end of the step, kWh"}
BUS_ATTRIBUTES = {"p_mw": "power of the cars at the bus, mean of the step, MW", "q_mvar": "reactive power, Mvar"}


class FleetDistrict(mosaik_api_v3.Simulator):
    """Model `District` with the scenario's name, one of its districts, a seed, and keys to replace; children `Bus`."""

    def __init__(self) -> None:
        super().__init__({  # type: ignore[no-untyped-call]
            "api_version": "3.0", "type": "time-based", "extra_methods": [],
            "models": {"District": {"public": True, "params": ["scenario", "district", "seed", "overrides", "steered"],
                                    "attrs": list(DISTRICT_ATTRIBUTES)},
                       "Bus": {"public": False, "params": [], "attrs": list(BUS_ATTRIBUTES)}}})
        self._districts: dict[str, SteppedDistrict] = {}

    def init(self, sid: str, time_resolution: float = 1.0, **parameters: Any) -> Any:
        """Times are seconds."""
        if time_resolution != 1.0:
            raise ValueError(f"time_resolution={time_resolution}: must be 1, the fleet's times are seconds")
        return self.meta

    def create(self, num: int, model: str, *, scenario: str = "smoke",  # type: ignore[override]
               district: str = "", seed: int | None = None, overrides: str | Sequence[str] = (),
               steered: bool = True) -> Any:
        """One district; WrongRequest with every mistake. seed: the scenario's unless given. steered: enrolled cars wait
        for what they are told.
        """
        if num != 1 or model != "District":
            raise ValueError(f"{num} {model}: one District at a time is made; buses come with it")
        texts = [overrides] if isinstance(overrides, str) else overrides
        made = SteppedDistrict(str(scenario), district, seed, texts, steered)
        if made.name in self._districts:
            raise ValueError(f"district {made.name} is there already")
        step_s = next((other.step_s for other in self._districts.values()), made.step_s)
        if made.step_s != step_s:
            raise ValueError(f"district {made.name}: its step is {made.step_s} s, must be {step_s} s as that of the "
                             "others")
        self._districts[made.name] = made
        buses = [{"eid": f"{made.name}-bus{number}", "type": "Bus", "children": []} for number in made.bus_numbers]
        return [{"eid": made.name, "type": "District", "children": buses}]

    def step(self, time: int, inputs: Mapping[str, Any], max_advance: int) -> int:
        """One step of each district."""
        if not self._districts:
            raise ValueError("no District was made, so there is nothing to step")
        for name, district in self._districts.items():
            told = inputs.get(name, {}).get("p_set_kw", {})
            district.step(time, float(sum(told.values())) if told else None)
        return time + next(iter(self._districts.values())).step_s

    def get_data(self, outputs: Mapping[str, Sequence[str]]) -> Any:
        """What the last step gave."""
        return {eid: {name: self._value(eid, name) for name in names} for eid, names in outputs.items()}

    def _value(self, eid: str, name: str) -> float:
        if eid in self._districts:
            return self._districts[eid].said[name]
        district, _, number = eid.rpartition("-bus")
        return self._districts[district].at_bus(int(number))[name]


class SteppedDistrict:
    """A district of a scenario, stepped by hand with the run's own simulators."""

    def __init__(self, scenario: str, district: str, seed: int | None, overrides: Sequence[str],
                 is_steered: bool) -> None:
        checked = checked_scenario(scenario, overrides if seed is None else [*overrides, f"seed={seed}"])
        names = [d.name for d in checked.districts]
        if district and district not in names:
            raise WrongRequest([f"district {district}: is none of {checked.name}, which has {', '.join(names)}"])
        self.name = district or names[0]
        if checked.simulators:
            raise WrongRequest([f"simulators of {checked.name}: {', '.join(checked.simulators)}; a district alone has "
                                "none, the scenario around it has its own"])
        if checked.faults:
            raise WrongRequest([f"faults of {checked.name}: a district alone has none; replace them with overrides, "
                                "faults=[]"])
        checked = checked.model_copy(update={"warmup_controlled_days": 0})
        self._spec = RunSpec(checked, "temporal" if is_steered else "uncoordinated", checked.seed, Path())
        self._is_steered = is_steered
        self._district: District = build_districts(self._spec)[self.name]
        self._knowledge = spatial_knowledge(self._spec, self._district)
        self._profiles = self._built(ProfilesSimulator(), (SYSTEM, self.name))
        self._mobility = self._built(MobilitySimulator(), (self.name,))
        self._fleet = self._built(FleetSimulator(), (self.name,))
        self._state: Values = dict(initial_state(self._spec, self._district))
        self.said: dict[str, float] = dict.fromkeys(DISTRICT_ATTRIBUTES, 0.0)
        self._buses: dict[int, dict[str, float]] = {}
        for now_s in range(self._spec.start_s, 0, self.step_s):
            self.step(now_s, None)

    @property
    def step_s(self) -> int:
        return self._spec.step_s

    @property
    def bus_numbers(self) -> list[int]:
        """Of the buses, as users of the network know them; without a network they count from 1."""
        feeder, count = self._district.feeder, self._district.site.bus_count
        numbers: list[int] = (np.arange(1, count + 1) if feeder is None else feeder.bus_number).tolist()
        return numbers

    def at_bus(self, number: int) -> dict[str, float]:
        """What the last step gave at a bus; 0 before the first."""
        return self._buses.get(number, dict.fromkeys(BUS_ATTRIBUTES, 0.0))

    def step(self, now_s: int, p_set_kw: float | None) -> None:
        """[now_s, now_s + step_s); ValueError after the scenario's last day, or for a set-point that is none."""
        if now_s >= self._spec.scenario.days * DAY_S:
            raise ValueError(f"district {self.name}: scenario {self._spec.scenario.name} has "
                             f"{self._spec.scenario.days} days, time is {now_s} s")
        if p_set_kw is not None and not np.isfinite(p_set_kw):
            raise ValueError(f"district {self.name}: p_set_kw={p_set_kw} is no finite number")
        prices = self._profiles.advance(now_s, {})[SYSTEM]["prices"]
        moved = self._mobility.advance(now_s, {self.name: self._state})[self.name]
        cars = self._plugged(now_s, moved["declared"])
        told = self._told(now_s, moved["declared"], cars, p_set_kw)
        done = self._fleet.advance(now_s, {self.name: {
            "prices": prices, "declared": moved["declared"], "presence": moved["presence"], "instructions": told}})
        self._remember(done[self.name], cars)

    def _told(self, now_s: int, declared: DeclaredTable, cars: Cars, p_set_kw: float | None) -> Instructions:
        free = no_instructions(self._district)
        if p_set_kw is None or now_s < 0 or not self._is_steered:
            return free
        row = np.zeros_like(cars.row)
        mean_kw, is_dispatched = np.zeros(free.setpoint_kw.size), np.zeros_like(free.is_dispatched)
        mean_kw[cars.index] = shared_power_kw(np.array([p_set_kw]), row, cars)
        is_dispatched[cars.index] = 1
        return Instructions(plugged_power_kw(mean_kw, declared, now_s, self.step_s), is_dispatched, free.q_bus_kvar)

    def _plugged(self, now_s: int, declared: DeclaredTable) -> Cars:
        """Limits as the operator knows them."""
        nothing = np.zeros((0, 0))
        view = FeederView(
            time_s=now_s, plan_time_s=now_s, pc_target_kw=nothing, pd_target_kw=nothing,
            marginal_price_usd_per_mwh=np.zeros(0), price_charge_usd_per_kwh=np.zeros(0),
            price_discharge_usd_per_kwh=np.zeros(0), declared=declared,
            soc=self._state["soc_reported"], bus_load_kw=nothing, bus_load_kvar=nothing,
            flexibility=BusFlexibility(*[nothing] * 9), vm_pu=np.zeros(0))
        return plugged_cars(self._knowledge, view)

    def _remember(self, done: Values, cars: Cars) -> None:
        self._state |= {name: done[name] for name in ("soc", "soc_reported")}
        p_kw, q_kvar = done["p_bus_kw"], done["q_bus_kvar"]
        self.said = {"p_set_kw": float("nan"), "p_kw": float(p_kw.sum()), "least_kw": float(cars.lo_kw.sum()),
                     "most_kw": float(cars.hi_kw.sum()), "cars": float(cars.index.size),
                     "stored_kwh": float(done["stored_kwh"])}
        self._buses = {number: {"p_mw": float(p) / 1e3, "q_mvar": float(q) / 1e3}
                       for number, p, q in zip(self.bus_numbers, p_kw, q_kvar, strict=True)}

    def _built(self, simulator: A, entities: tuple[str, ...]) -> A:
        simulator.spec, simulator.entities = self._spec, list(entities)
        simulator.build(self._spec)
        return simulator
