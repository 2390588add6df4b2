"""The networks as a simulator: which powers flow in which of its three cases."""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.network.transformers.tap_changer import Regulator, TapChanger
from models.records.feeder import PowerFlow
from testbed.peers.told import TOLD, told_as
from testbed.simulators.feeder import FeederSimulator, power_flows
from testbed.wiring.crossings import BusLoad, PevFlows, PlannedFlows


def shown(p_kw, q_kvar):
    """A power flow whose voltages are the powers, and whose losses are a tenth of their sum."""
    return PowerFlow(vm_pu=p_kw, losses_kw=p_kw.sum(axis=1) / 10, line_loading_percent=q_kvar,
                     p_slack_kw=p_kw.sum(axis=1), q_slack_kvar=q_kvar.sum(axis=1))


@pytest.fixture
def received():
    """Two buses: a load of 100 kW, 10 kW of cars of which 4 through slow chargers, 7 kW instructed."""
    return {"bus_load": BusLoad(np.array([0.0, 100.0]), np.array([0.0, 30.0])),
                "pev_flows": PevFlows(np.array([0.0, 10.0]), np.array([0.0, -5.0]), np.array([0.0, 4.0])),
                "planned_flows": PlannedFlows(np.array([0.0, 7.0]), np.array([0.0, -2.0]))}


@pytest.fixture
def values(received):
    return power_flows(SimpleNamespace(name="two", power_flow=shown, flows=None), received)


def test_generation_beyond_its_limit_is_not_taken():
    """30 kW come at the second bus, 12 may pass; the first has no limit; without cars all would be taken."""
    two = np.zeros(2)
    received = {"bus_load": BusLoad(np.array([-5.0, 70.0]), two, np.array([5.0, 30.0])),
                "pev_flows": PevFlows(np.array([0.0, 10.0]), two, two),
                "planned_flows": PlannedFlows(np.array([0.0, 7.0]), two, np.array([np.nan, 12.0]))}
    district = SimpleNamespace(name="two", power_flow=shown, flows=None, generation_buses=np.array([0, 1]))
    values = power_flows(district, received)
    assert values["vm_pu"].tolist() == [-5.0, 98.0]
    assert values["vm_setpoint_pu"].tolist() == [-5.0, 95.0]
    assert values["load_bus_kw"].tolist() == [-5.0, 70.0], "as it comes"
    assert values["losses_base_kw"] == pytest.approx(6.5)
    assert values["generation_curtailed_kw"].tolist() == [0.0, 18.0]
    assert values["generation_curtailed_mw"] == pytest.approx(0.018)
    assert values["transformer_kva"].tolist() == [5.0, 88.0]


def test_cars_add_to_the_load_and_what_they_were_told_stands_beside(values):
    assert values["vm_pu"].tolist() == [0.0, 110.0]
    assert values["vm_setpoint_pu"].tolist() == [0.0, 107.0]
    assert values["line_loading_percent"].tolist() == [0.0, 25.0]
    assert (values["p_slack_kw"], values["q_slack_kvar"]) == (110.0, 25.0)


def test_losses_change_by_what_cars_add(values):
    assert (values["losses_kw"], values["losses_base_kw"], values["losses_setpoint_kw"]) == (11.0, 10.0, 10.7)
    assert values["losses_change_mw"] == pytest.approx(1e-3)


def test_regulators_of_a_circuit_begin_a_step_where_the_last_one_left_them(received):
    """Each of the three cases for itself."""
    begun = []

    def solve(p_kw, q_kvar, tap_pu=None, begin_pu=None):
        begun.append(begin_pu)
        tap = np.array([[1.0], [1.1], [0.9]]) if begin_pu is None else begin_pu + 0.00625
        return SimpleNamespace(p=p_kw, q=q_kvar, tap_pu=tap, v_v=np.ones((3, 2), dtype=complex),
                               current_a=np.zeros((3, 0)), neutral_a=np.zeros((3, 0)))

    circuit = SimpleNamespace(solve=solve, told=lambda flow: shown(flow.p, flow.q),
                              unbalance_rows=np.zeros((0, 3), dtype=np.int64))
    feeder = FeederSimulator.__new__(FeederSimulator)
    feeder.districts = {"two": SimpleNamespace(name="two", flows=circuit)}
    feeder.tap_pu, feeder.regulators = {}, {}
    first, second = feeder._flows("two", received), feeder._flows("two", received)
    assert begun[0] is None and begun[1].ravel().tolist() == [1.0, 1.1, 0.9]
    assert (first["tap_pu"].tolist(), second["tap_pu"].tolist()) == ([1.0], [1.00625])


@pytest.mark.parametrize(("case", "name"), [(0, "actual"), (1, "set-point"), (2, "base")])
def test_the_case_that_does_not_converge_is_named(received, case, name):
    def lost(p_kw, q_kvar):
        return replace(shown(p_kw, q_kvar), losses_kw=np.where(np.arange(3) == case, np.nan, 1.0))

    with pytest.raises(ArithmeticError, match=f"^two: AC power flow of the {name} powers does not converge$"):
        power_flows(SimpleNamespace(name="two", power_flow=lost, flows=None), received)


def stepped(district, received):
    """What the simulator says of its only district."""
    feeder = FeederSimulator.__new__(FeederSimulator)
    feeder.spec, feeder.districts, feeder.entities = SimpleNamespace(step_s=900), {"two": district}, ["two"]
    feeder.regulators = {"two": Regulator(district.tap_changer)} if district.tap_changer else {}
    return feeder.advance(0, {"two": received})["two"]


def test_what_another_simulator_tells_of_flows_is_booked_as_ours_is(received):
    """Of 10 kV and 0.1 pu a line may carry 100 kVA: 5.77 A. What the substation draws beyond the powers is lost."""
    line = SimpleNamespace(bus_count=2, i_max_pu=np.array([0.0, 0.1]), nominal_kv=10.0)
    slack_kw = {"actual": 115.0, "setpoint": 111.0, "base": 103.0}
    told = {told_as(case, *words): value for case in slack_kw for words, value in (
        (("vm_pu", 0), 1.0), (("vm_pu", 1), 0.96), (("line_current_a", 1), 5 / 3**0.5), (("q_slack_kvar",), 26.0),
        (("p_slack_kw",), slack_kw[case]))}
    values = stepped(SimpleNamespace(name="two", feeder=line, flows=None, tap_changer=None), {**received, TOLD: told})
    assert values["vm_pu"].tolist() == [1.0, 0.96] and values["q_slack_kvar"] == 26.0
    assert values["line_loading_percent"] == pytest.approx([0.0, 50.0])
    assert [values[f"losses{case}_kw"] for case in ("", "_setpoint", "_base")] == [5.0, 4.0, 3.0]


@dataclass
class Tapped:
    """A district at whose second bus the voltage is the slack's less 0.04 pu."""

    tap_changer: TapChanger
    name: str = "two"
    feeder: None = None
    flows: None = None
    power_flow: Any = None
    generation_buses: tuple[int, ...] = ()

    @property
    def tapped(self):
        def at(row):
            slack = self.tap_changer.slack_vm_pu[row]
            return None, SimpleNamespace(power_flow=lambda p_kw, q_kvar: replace(
                shown(p_kw, q_kvar), vm_pu=np.tile([slack, slack - 0.04], (len(p_kw), 1))))
        return SimpleNamespace(at=at)


@pytest.mark.parametrize(("delay_s", "position"), [(60.0, 2.0), (500.0, 1.0), (1000.0, 0.0)])
def test_a_tap_changer_moves_within_the_step_as_often_as_its_delay_allows(received, delay_s, position):
    """It wants 1 pu and rests within 0.015 of it: two steps of 0.02 pu up from 0.96."""
    changer = TapChanger(np.arange(-2, 4), 1.0 + 0.02 * np.arange(-2, 4), 2, 1, 1.0, 0.03, delay_s)
    values = stepped(Tapped(changer), received)
    assert values["tap_position"] == position and values["vm_pu"][1] == pytest.approx(0.96 + 0.02 * position)


def test_load_and_slow_chargers_pass_the_buses_own_transformer(values):
    assert values["transformer_kva"][1] == pytest.approx(np.hypot(104.0, 25.0))
