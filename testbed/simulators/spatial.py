"""Lower layers as a simulator: one entity per district, each the district operator's own layer."""

from __future__ import annotations

import numpy as np

from controllers.port import FeederView, Setpoints
from models.records.arrays import Floats
from testbed.setup.districts import District, build_districts
from testbed.setup.knowledge import spatial_knowledge
from testbed.simulators.adapter import Adapter, Inputs, Values
from testbed.simulators.asking import Answer, Asked
from testbed.simulators.before_first_step import no_guidance, no_instructions
from testbed.simulators.delivery import TargetLedger, nothing_asked
from testbed.simulators.limits import setpoints_problem
from testbed.wiring.crossings import (
    BusLoadForecast,
    Guidance,
    Instructions,
    LearnedCompliance,
    PlannedFlows,
    Prices,
    Targets,
)
from testbed.wiring.run_spec import RunSpec


class SpatialSimulator(Adapter):
    """No car is dispatched before the controller acts."""

    simulator = "spatial"

    def build(self, spec: RunSpec) -> None:
        self.asked = Asked(spec)
        districts = build_districts(spec)
        self.districts = {name: districts[name] for name in self.entities}
        self.knowledge = {name: spatial_knowledge(spec, district) for name, district in self.districts.items()}
        self.layers = {name: self.asked.spatial(knowledge) for name, knowledge in self.knowledge.items()}
        compliance = spec.scenario.planning.assumed_compliance
        self.ledgers = {name: TargetLedger(d, spec, compliance) for name, d in self.districts.items()}
        self.answers = {
            name: Answer(spec, name, self.asked.place(f"step() of {name}", layer.step), Setpoints)
            for name, layer in self.layers.items()}
        self.solver_s = 0.0
        self.compile_s = 0.0

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        if not self.spec.is_controlled(now_s):
            return {name: _resting(self.districts[name]) for name in self.entities}
        return {name: self._district(name, now_s, inputs[name]) for name in self.entities}

    def _district(self, name: str, now_s: int, received: Values) -> Values:
        view = feeder_view(now_s, received, self.districts[name].site.bus_count)
        compliance = self._compliance(view)
        self.ledgers[name].expect(compliance, view.compliance_by_group)
        answer = self.asked.call(f"step() of {name}", self.layers[name].step, view)
        self.answers[name].check(answer)
        self.answers[name].refuse(setpoints_problem(answer, view, self.knowledge[name]))
        if answer.certificate.solved_now:
            self.solver_s += answer.certificate.solver_s
            self.compile_s += answer.certificate.compile_s
        told_kvar = answer.q_plan_bus_kvar / compliance
        limits = generation_limits(answer, self.districts[name])
        flows = PlannedFlows(self._expected_setpoints(name, view, answer, compliance), answer.q_plan_bus_kvar, limits)
        return {**_spoken(answer, flows, told_kvar),
                **_connections(self.districts[name], view, answer), **_certificate(answer),
                **self.ledgers[name].book(view, answer)}

    def _compliance(self, view: FeederView) -> float:
        """What the controller plans with: learned, if it learns."""
        learns = view.compliance_by_group.size > 0
        return view.compliance_mean if learns else self.spec.scenario.planning.assumed_compliance

    def _expected_setpoints(self, name: str, view: FeederView, answer: Setpoints, compliance: float) -> Floats:
        """[B] expected PEV power behind the set-points: compliance times set-points, plus cars outside control."""
        quarter = (view.time_s % 3600) // self.spec.step_s
        outside = view.flexibility.p_uncontrolled_kw[:, quarter]
        buses = np.where(view.declared.is_plugged, view.declared.bus_index, 0)
        weights = answer.setpoint_kw * answer.is_dispatched * view.declared.is_plugged
        dispatched = np.bincount(buses, weights=weights, minlength=self.districts[name].site.bus_count)
        return np.asarray(outside + compliance * dispatched, dtype=np.float64)

    def extra_ledger(self) -> Values:
        return {"solver_s": getattr(self, "solver_s", 0.0), "compile_s": getattr(self, "compile_s", 0.0)}


def feeder_view(now_s: int, received: Values, bus_count: int) -> FeederView:
    """What the operator of a district with so many buses sees as the step begins."""
    targets: Targets = received["targets"]
    prices: Prices = received["prices"]
    forecast: BusLoadForecast = received["bus_load_forecast"]
    learned: LearnedCompliance = received["learned_compliance"] or LearnedCompliance(np.zeros(0), float("nan"))
    vm_pu = received["vm_pu"] if "vm_pu" in received else np.ones(bus_count)
    return FeederView(
        time_s=now_s, plan_time_s=int(targets.plan_time_s), pc_target_kw=targets.pc_kw, pd_target_kw=targets.pd_kw,
        marginal_price_usd_per_mwh=received["marginal_price_forecast"].usd_per_mwh,
        price_charge_usd_per_kwh=prices.charge_usd_per_kwh, price_discharge_usd_per_kwh=prices.discharge_usd_per_kwh,
        declared=received["declared"], soc=received["soc_reported"],
        bus_load_kw=forecast.p_kw, bus_load_kvar=forecast.q_kvar, generation_kw=forecast.generation_kw,
        flexibility=received["bus_flexibility"], vm_pu=vm_pu,
        compliance_by_group=learned.by_group, compliance_mean=learned.mean, tap_pu=received.get("tap_pu", np.zeros(0)))


def generation_limits(answer: Setpoints, district: District) -> Floats:
    """[C] what a controller says of generators; NaN where it says nothing."""
    said = answer.generation_limit_kw
    return said if said.size else np.full(district.generation_buses.size, np.nan)


def _spoken(answer: Setpoints, flows: PlannedFlows, told_kvar: Floats) -> Values:
    return {
        "instructions": Instructions(answer.setpoint_kw, answer.is_dispatched, told_kvar),
        "planned_flows": flows,
        "guidance": Guidance(answer.guidance_rank),
        "p_plan_bus_kw": answer.p_plan_bus_kw, "q_plan_bus_kvar": answer.q_plan_bus_kvar,
        "vm_socp_pu": answer.vm_socp_pu, "vm_plan_ac_pu": answer.vm_ac_pu,
        "nodal_price_usd_per_mwh": answer.nodal_price_usd_per_mwh,
        "losses_socp_kw": answer.losses_socp_kw, "losses_plan_ac_kw": answer.losses_ac_kw,
    }


def _connections(district: District, view: FeederView, answer: Setpoints) -> Values:
    """What customers of a circuit may draw and feed back, and what their cars are told."""
    if district.flows is None:
        return _no_connections(district)
    at, plugged = district.flows.port_rows, view.declared.is_plugged
    told_kw = np.bincount(view.declared.bus_index[plugged], (answer.setpoint_kw * answer.is_dispatched)[plugged],
                          district.site.bus_count)
    limits = {name: kw[at] for name, kw in (("import_limit_kw", answer.import_limit_kw),
                                            ("export_limit_kw", answer.export_limit_kw)) if kw.size}
    return _no_connections(district) | limits | {"told_connection_kw": told_kw[at].astype(np.float64)}


def _no_connections(district: District) -> Values:
    count = 0 if district.flows is None else district.flows.port_rows.size
    none = np.full(count, np.nan)
    return {"import_limit_kw": none, "export_limit_kw": none, "told_connection_kw": np.zeros(count)}


def _certificate(answer: Setpoints) -> Values:
    proof = answer.certificate
    return {
        "relaxation_gap_rel": proof.relaxation_gap_max_rel, "relaxation_vm_error_pu": proof.vm_error_max_pu,
        "relaxation_loss_error_rel": proof.loss_error_rel, "spatial_solved": float(proof.solved_now),
        "spatial_fallback": float(proof.solved_now and proof.status == "fallback"),
        "spatial_repaired": float(proof.solved_now and proof.status == "repaired"),
    }


def _resting(district: District) -> Values:
    buses = district.site.bus_count
    unknown, zeros = np.full(buses, np.nan), np.zeros(buses)
    no_limits = np.full(district.generation_buses.size, np.nan)
    return {
        **_no_connections(district),
        "instructions": no_instructions(district), "planned_flows": PlannedFlows(zeros, zeros, no_limits),
        "guidance": no_guidance(district),
        "p_plan_bus_kw": zeros, "q_plan_bus_kvar": zeros, "vm_socp_pu": unknown, "vm_plan_ac_pu": unknown,
        "nodal_price_usd_per_mwh": unknown, "losses_socp_kw": np.nan, "losses_plan_ac_kw": np.nan,
        "relaxation_gap_rel": np.nan, "relaxation_vm_error_pu": np.nan, "relaxation_loss_error_rel": np.nan,
        "spatial_solved": 0.0, "spatial_fallback": 0.0, "spatial_repaired": 0.0,
        **nothing_asked(district.vehicles.groups.count),
    }
