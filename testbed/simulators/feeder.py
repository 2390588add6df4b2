"""The distribution networks as a simulator: AC power flow of what happened, was instructed, and without cars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.network.power_flow import TappedFeeder
from models.network.three_phase.feeder import ThreePhaseFlows
from models.network.three_phase.layout import series_of
from models.network.transformers.tap_changer import Regulator
from models.records.arrays import Floats
from models.records.feeder import BASE_MVA, PowerFlow, RadialFeeder
from testbed.peers.told import CASES, TOLD, Told, along, told_as
from testbed.setup.districts import District, build_districts
from testbed.simulators.adapter import Adapter, Inputs, Values
from testbed.wiring.crossings import BusLoad, PevFlows, PlannedFlows
from testbed.wiring.run_spec import RunSpec

ACTUAL, SETPOINT, BASE = range(3)


class FeederSimulator(Adapter):
    """One entity per district that has a network."""

    simulator = "feeder"

    def build(self, spec: RunSpec) -> None:
        districts = build_districts(spec)
        self.districts: dict[str, District] = {name: districts[name] for name in self.entities}
        self.tap_pu: dict[str, Floats] = {}
        """[3, R] of circuits, where regulators stand in each case: they go on from there."""
        self.regulators = {name: Regulator(d.tap_changer) for name, d in self.districts.items() if d.tap_changer}

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        return {name: self._flows(name, inputs[name]) for name in self.entities}

    def _flows(self, name: str, received: Values) -> Values:
        district, regulator = self.districts[name], self.regulators.get(name)
        if TOLD in received and district.feeder is not None:  # another simulator is in the feeder's place
            told = told_flows(district.feeder, received[TOLD], _powers(district, received)[0])
            return _values(district, received, told)
        if district.flows is not None:
            values, self.tap_pu[name] = circuit_flows(district, district.flows, received, self.tap_pu.get(name))
            return values
        if regulator is None or district.tapped is None or district.tap_changer is None:
            return power_flows(district, received)
        p_kw, q_kvar = (power[ACTUAL : ACTUAL + 1] for power in _powers(district, received))
        row = moved(regulator, district.tapped, p_kw, q_kvar, self.spec.step_s)
        at_tap = replace(district, power_flow=district.tapped.at(row)[1].power_flow)
        return {**power_flows(at_tap, received), "tap_position": float(district.tap_changer.position[row])}


def moved(regulator: Regulator, tapped: TappedFeeder, p_kw: Floats, q_kvar: Floats, step_s: int) -> int:
    """Where the tap changer stands in a step with these powers [1, B]."""
    return regulator.moved(step_s, lambda row: float(
        tapped.at(row)[1].power_flow(p_kw, q_kvar).vm_pu[0, regulator.changer.bus]))


def power_flows(district: District, received: Values) -> Values:
    """The three AC columns of one step; the fourth (planned powers, forecast load) is the layer's own replay."""
    assert district.power_flow is not None  # districts without a network have no entity here
    return _values(district, received, district.power_flow(*_powers(district, received)))


def circuit_flows(district: District, circuit: ThreePhaseFlows, received: Values, begin_pu: Floats | None
                  ) -> tuple[Values, Floats]:
    """The same of a circuit, and the taps [3, R] at which its regulators come to rest; None: begun as the script says.

    Each case has its own past: without cars regulators stand where they would without cars before, too.
    """
    by_phase = circuit.solve(*_powers(district, received), begin_pu=begin_pu)
    flows = _values(district, received, circuit.told(by_phase))
    return {**flows, **series_of(circuit, by_phase, ACTUAL)}, by_phase.tap_pu


def curtailed_kw(received: Values) -> Floats:
    """[C] generation that its limits do not let through."""
    load: BusLoad = received["bus_load"]
    planned: PlannedFlows = received["planned_flows"]
    beyond = np.maximum(load.generation_kw - planned.generation_limit_kw, 0.0)
    return np.where(np.isnan(beyond), 0.0, beyond)


def _drawn_kw(district: District, received: Values) -> Floats:
    """[B] without cars, with the generation that is taken; its reactive power stays as it comes."""
    load: BusLoad = received["bus_load"]
    if not load.generation_kw.size:
        return load.p_kw
    drawn = load.p_kw.copy()
    drawn[district.generation_buses] += curtailed_kw(received)
    return drawn


def _powers(district: District, received: Values) -> tuple[Floats, Floats]:
    """[3, B] kW and kvar of the three cases; the last is without cars and with all generation."""
    load: BusLoad = received["bus_load"]
    pev: PevFlows = received["pev_flows"]
    planned: PlannedFlows = received["planned_flows"]
    drawn_kw = _drawn_kw(district, received)
    return (np.stack([drawn_kw + pev.p_kw, drawn_kw + planned.p_setpoint_kw, load.p_kw]),
            np.stack([load.q_kvar + pev.q_kvar, load.q_kvar + planned.q_setpoint_kvar, load.q_kvar]))


def told_flows(feeder: RadialFeeder, told: Told, p_kw: Floats) -> PowerFlow:
    """What another simulator says of the three cases with powers p_kw [3, B]; what the substation draws beyond them is
    lost, and currents load the lines as they are rated here."""
    count, rated_a = feeder.bus_count, feeder.i_max_pu * BASE_MVA * 1e3 / (np.sqrt(3.0) * feeder.nominal_kv)
    vm, current = (np.stack([along(told, count, case, name) for case in CASES]) for name in ("vm_pu", "line_current_a"))
    slack_kw, slack_kvar = (np.array([told[told_as(case, name)] for case in CASES])
                            for name in ("p_slack_kw", "q_slack_kvar"))
    loading = np.divide(100.0 * current, rated_a, out=np.zeros_like(current), where=rated_a > 0)
    return PowerFlow(vm_pu=vm, losses_kw=slack_kw - p_kw.sum(axis=1), line_loading_percent=loading,
                     p_slack_kw=slack_kw, q_slack_kvar=slack_kvar)


def _values(district: District, received: Values, flows: PowerFlow) -> Values:
    """What the feeder says of its three cases."""
    load: BusLoad = received["bus_load"]
    pev: PevFlows = received["pev_flows"]
    losses = flows.losses_kw
    if not np.all(np.isfinite(losses)):
        case = ("actual", "set-point", "base")[int(np.argmin(np.isfinite(losses)))]
        raise ArithmeticError(f"{district.name}: AC power flow of the {case} powers does not converge")
    planned: PlannedFlows = received["planned_flows"]
    behind_kva = np.hypot(_drawn_kw(district, received) + pev.p_slow_kw, load.q_kvar + pev.q_kvar)
    curtailed = curtailed_kw(received)
    return {
        "transformer_kva": behind_kva, "load_bus_kw": load.p_kw, "load_bus_kvar": load.q_kvar,
        "vm_pu": flows.vm_pu[ACTUAL], "vm_setpoint_pu": flows.vm_pu[SETPOINT],
        "line_loading_percent": flows.line_loading_percent[ACTUAL],
        "losses_kw": float(losses[ACTUAL]), "losses_setpoint_kw": float(losses[SETPOINT]),
        "losses_base_kw": float(losses[BASE]),
        "losses_change_mw": float(losses[ACTUAL] - losses[BASE]) / 1e3,
        **series_of(None, None, ACTUAL),
        "generation_available_kw": load.generation_kw, "generation_curtailed_kw": curtailed,
        "generation_limit_kw": planned.generation_limit_kw, "generation_curtailed_mw": float(curtailed.sum()) / 1e3,
        "tap_position": 0.0,
        "p_slack_kw": float(flows.p_slack_kw[ACTUAL]), "q_slack_kvar": float(flows.q_slack_kvar[ACTUAL]),
    }
