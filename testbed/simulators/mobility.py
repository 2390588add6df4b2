"""Mobility as a simulator: where cars are, what their drivers declare, and what that leaves to be planned."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from models.fleet.flexibility import bus_flexibility, cohort_flexibility, known_sessions, select
from models.records.arrays import Floats, Ints
from models.records.flexibility import BusFlexibility, CohortFlexibility
from models.records.vehicles import DeclaredTable
from testbed.setup.districts import District, build_districts
from testbed.setup.expectations import ExpectedCars, Outlook, build_expectation
from testbed.setup.given_controllers import controller_of
from testbed.setup.remaining_cohorts import PlanWindow, remaining_cohorts
from testbed.simulators.adapter import Adapter, Inputs, Values
from testbed.wiring.crossings import LearnedCompliance
from testbed.wiring.run_spec import DAY_S, RunSpec


class MobilitySimulator(Adapter):
    """One entity per district."""

    simulator = "mobility"

    def build(self, spec: RunSpec) -> None:
        districts = build_districts(spec)
        self.cores = {name: DistrictMobility(spec, districts[name]) for name in self.entities}

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        return {name: self.cores[name].step(now_s, inputs[name]["soc"], inputs[name]["guidance"].rank,
                                            inputs[name]["learned_compliance"], inputs[name]["soc_reported"])
                for name in self.entities}

    def extra_ledger(self) -> Values:
        return {"expectation_s": sum(core.expectation_s for core in getattr(self, "cores", {}).values())}


class DistrictMobility:
    """The cars of one district, and what is expected of those not yet plugged in."""

    def __init__(self, spec: RunSpec, district: District) -> None:
        self.spec, self.district = spec, district
        self.core = district.mobility(spec.start_s, spec.scenario.days * DAY_S)
        self.is_planned_below = controller_of(spec).places_cars
        vehicles = district.vehicles
        self.everybody = replace(vehicles, is_enrolled=np.ones(vehicles.count, dtype=np.bool_))
        self.expectation: ExpectedCars | None = None
        self.expectation_s = 0.0
        self.cohorts: CohortFlexibility | None = None
        self.window: PlanWindow | None = None
        self.buses: BusFlexibility | None = None
        self.no_envelopes: BusFlexibility | None = None
        """Envelopes without any car, the same every hour: what an operator without a lower layer gets."""

    def step(self, now_s: int, soc: Floats, guidance_rank: Ints, learned: LearnedCompliance | None = None,
             soc_reported: Floats | None = None) -> Values:
        """Snapshot at now_s, then everything that happens until the step's end.

        What is planned with is soc_reported [V] (None: soc, all are heard); cars drive with what they have.
        """
        declared = self.core.declared()
        if self.spec.is_decision_time(now_s):
            self._look_ahead(now_s, declared, soc if soc_reported is None else soc_reported, learned)
        plugged = self._plugged_by_group(declared)
        presence = self.core.advance(now_s + self.spec.step_s, soc, guidance_rank)
        return {
            "declared": declared, "presence": presence,
            "cohort_flexibility": self.cohorts, "bus_flexibility": self.buses, "plugged_count": plugged,
            "queue_count": float(presence.queue_length.sum()),
        }

    def _plugged_by_group(self, declared: DeclaredTable) -> Floats:
        cars = np.flatnonzero(declared.is_plugged)
        vehicles = self.district.vehicles
        zone = self.district.site.bus_zone[declared.bus_index[cars]]
        return np.bincount(vehicles.group_of(cars, zone), minlength=vehicles.groups.count).astype(np.float64)

    def _look_ahead(self, now_s: int, declared: DeclaredTable, soc: Floats,
                    learned: LearnedCompliance | None) -> None:
        if self.expectation is None:
            begun = time.perf_counter()
            self.expectation = build_expectation(self.spec, self.district)
            self.expectation_s = time.perf_counter() - begun
        vehicles, site = self.district.vehicles, self.district.site
        plugged = known_sessions(self.everybody, declared, soc, site.bus_zone, now_s)
        slots = np.flatnonzero(declared.is_plugged)
        outlook = self.expectation.outlook(now_s, plugged, vehicles.is_enrolled[slots], slots,
                                           self._hours_asked_for(now_s, self.expectation.behaviour.answers_price))
        compliance: float | Floats = self.expectation.assumed_compliance
        mean = self.expectation.assumed_compliance
        if learned is not None:
            compliance, mean = learned.by_group, learned.mean
            outlook = replace(outlook, behaviour=replace(outlook.behaviour, free_share=1.0 - learned.by_group))
        self._cohorts(now_s, declared, soc, outlook, compliance)
        if not self.is_planned_below:
            self.buses = self._present_hour(now_s, outlook)
            return
        # an operator without a network needs no look-ahead by bus
        known, _, coming = outlook.controllable()
        coming = coming if self.district.feeder is not None else select(coming, slice(0))
        outside_kw = (outlook.uncontrolled_bus_kw() if self.district.feeder is not None
                      else np.zeros((site.bus_count, outlook.period_edges_s.size - 1)))
        flexibility = bus_flexibility(
            known, coming, site, self.district.pairs, now_s, self.spec.step_s,
            self.spec.scenario.spatial.look_ahead_h, mean, outside_kw)
        self.buses = replace(flexibility, p_urgent_kw=outlook.urgent_kw())

    def _hours_asked_for(self, now_s: int, answers_price: bool) -> int | None:
        """Plans and cars that respond to prices need the whole horizon, the lower layer its look-ahead."""
        if answers_price or self.spec.is_plan_time(now_s) or self.spec.is_redispatch_time(now_s):
            return None
        return self.spec.scenario.spatial.look_ahead_h if self.is_planned_below else 1

    def _present_hour(self, now_s: int, outlook: Outlook) -> BusFlexibility:
        """What a lower layer that dispatches no car needs: the expected load of the present hour, no envelopes."""
        site, periods = self.district.site, outlook.period_edges_s.size - 1
        if self.no_envelopes is None:
            no_stays = select(outlook.known, slice(0))
            self.no_envelopes = bus_flexibility(
                no_stays, no_stays, site, self.district.pairs, now_s, self.spec.step_s,
                self.spec.scenario.spatial.look_ahead_h, 1.0, np.zeros((site.bus_count, periods)))
        if self.district.feeder is None:
            return self.no_envelopes
        return replace(self.no_envelopes, p_uncontrolled_kw=outlook.uncontrolled_this_hour_bus_kw())

    def _cohorts(self, now_s: int, declared: DeclaredTable, soc: Floats, outlook: Outlook,
                 compliance: float | Floats) -> None:
        """At plan times what the cars can do from now on; at re-dispatch what is left of it for the plan in force."""
        vehicles, hours = self.district.vehicles, self.spec.horizon_h
        if self.spec.is_plan_time(now_s):
            known, _, coming = outlook.controllable()
            cohorts = cohort_flexibility(known, coming, now_s, hours, compliance, outlook.uncontrolled_kw(),
                                          vehicles.groups)
            self.cohorts = cohorts
            self.window = PlanWindow.begin(now_s, cohorts, vehicles.count)
        assert self.window is not None  # control begins at a plan time
        self.window.look(now_s, declared, soc * vehicles.capacity_kwh)
        if self.spec.is_redispatch_time(now_s):
            self.cohorts = remaining_cohorts(self.window, outlook, hours, compliance)
