"""The networks as a simulator: which powers flow in which of its three cases."""

from types import SimpleNamespace

import numpy as np
import pytest

from models.records.feeder import PowerFlow
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


def test_load_and_slow_chargers_pass_the_buses_own_transformer(values):
    assert values["transformer_kva"][1] == pytest.approx(np.hypot(104.0, 25.0))
