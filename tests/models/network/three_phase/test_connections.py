"""Phases of ports: the customer's, drawn, all three, or by file; and circuits as networks of a district."""

import numpy as np
import pytest

from models.network.source import FeederLimits, feeder_from
from models.network.three_phase.account import account_of
from models.network.three_phase.circuit import circuit_from
from models.network.three_phase.connections import Connections, phases_of_ports
from models.network.three_phase.feeder import ThreePhaseFlows
from models.network.three_phase.layout import layout_of
from models.records.arrays import RecordError

pytest.importorskip("opendssdirect")
BUSES = {"a": (1, 2, 3), "b": (2, 3), "c": (1,), "d": (1, 2, 3)}
CUSTOMERS = {"a": (2,), "b": (3,), "c": (1,)}


def test_customers_phases_are_the_usual_ones():
    assert phases_of_ports(Connections(), BUSES, CUSTOMERS) == CUSTOMERS


def test_three_phases_where_the_bus_has_them():
    assert phases_of_ports(Connections("three"), BUSES, CUSTOMERS) == {"a": (1, 2, 3), "b": (3,), "c": (1,)}


def test_drawn_phases_are_of_the_bus_and_of_the_seed():
    drawn = [phases_of_ports(Connections("one", seed), BUSES, CUSTOMERS) for seed in range(30)]
    assert {ports["a"] for ports in drawn} == {(1,), (2,), (3,)}
    assert {ports["b"] for ports in drawn} == {(2,), (3,)}
    assert drawn[7] == phases_of_ports(Connections("one", 7), BUSES, CUSTOMERS)


def test_a_file_overrules(tmp_path):
    file = tmp_path / "ports.csv"
    file.write_text("bus,phases\na,123\n")
    assert phases_of_ports(Connections(file=str(file)), BUSES, CUSTOMERS) == {**CUSTOMERS, "a": (1, 2, 3)}


@pytest.mark.parametrize(("text", "told"), [
    ("bus,phase\na,1\n", "has columns bus, phase; must be bus, phases"),
    ("bus,phases\nx,1\n", "line 2: there is no bus 'x'"),
    ("bus,phases\nd,1\n", "line 2: bus 'd' has no customer"),
    ("bus,phases\nb,1\n", "line 2: bus 'b' has no phase 1, only 2, 3"),
    ("bus,phases\na,12\n", "line 2: phases '12' of bus 'a' must be 1, 2, 3 or 123"),
    ("bus,phases\na,1\na,2\n", "line 3: bus 'a' is there twice"),
    ("bus,phases\na,1,2\n", "line 2: has 3 cells, must have 2"),
    ("bus,phases\nx,1\nb,1\n", "line 3: bus 'b' has no phase 1"),
])
def test_rows_that_cannot_be_are_told_together(tmp_path, text, told):
    file = tmp_path / "ports.csv"
    file.write_text(text)
    with pytest.raises(RecordError) as error:
        phases_of_ports(Connections(file=str(file)), BUSES, CUSTOMERS)
    assert told in str(error.value) and "ports.csv" in str(error.value)


@pytest.fixture(scope="module")
def thirteen():
    feeder = feeder_from("dss:ieee13")
    return feeder, ThreePhaseFlows(feeder)


def test_a_feeder_is_the_circuit_at_its_own_loads(thirteen):
    feeder, flows = thirteen
    own = circuit_from("dss:ieee13", drives_loads=True).solve(np.zeros((1, 0)), np.zeros((1, 0)))
    flow = flows.power_flow(feeder.p_base_kw[None, :], feeder.q_base_kvar[None, :])
    assert flow.losses_kw == pytest.approx(own.losses_kw, rel=1e-6)
    assert feeder.p_base_kw.sum() == pytest.approx(3466.0)
    assert feeder.bus_name[feeder.parent[list(feeder.bus_name).index("675")]] == "692"


def test_cars_draw_on_their_phase_and_only_where_they_stand(thirteen):
    feeder, flows = thirteen
    row = list(feeder.bus_name).index("611")
    stands = int(feeder.port_row[row])
    assert feeder.bus_name[stands] == "611 ports 3" and feeder.parent[stands] == row
    p, q = np.repeat(feeder.p_base_kw[None, :], 2, axis=0), np.repeat(feeder.q_base_kvar[None, :], 2, axis=0)
    p[1, stands] += 100.0
    flow = flows.solve(p, q)
    node = flows.circuit.nodes.row_of()
    change = flow.vm_pu[1] - flow.vm_pu[0]
    assert change[node["611.3"]] < -0.002 and abs(change[node["671.2"]]) < 0.004
    assert np.diff(flow.p_source_kw - flow.losses_kw)[0] == pytest.approx(100.0, abs=5.0)  # others yield
    p[1, 0] = 1.0
    with pytest.raises(ValueError, match="power at a bus without customers"):
        flows.solve(p, q)


def test_a_row_is_told_by_its_phase_nearest_to_a_limit(thirteen):
    feeder, flows = thirteen
    three = flows.solve(feeder.p_base_kw[None, :], feeder.q_base_kvar[None, :])
    told, node = flows.told(three), flows.circuit.nodes.row_of()
    vm = three.vm_pu[0, [node[f"675.{phase}"] for phase in (1, 2, 3)]]
    room = np.minimum(vm - feeder.v_min_pu, feeder.v_max_pu - vm)
    assert told.vm_pu[0, list(feeder.bus_name).index("675")] == vm[room.argmin()]
    line = list(feeder.bus_name).index("632")
    mine = [i for i, name in enumerate(flows.circuit.conductors.element) if name == "line.650632"]
    most = 100 * (three.current_a[0, mine] / flows.rating_a[mine]).max()
    assert told.line_loading_percent[0, line] == pytest.approx(most)


def test_the_file_knows_enough_to_balance_nodes(thirteen):
    _, flows = thirteen
    layout = layout_of(flows)
    assert layout.size("node") == 41 and layout.size("regulator") == 3
    is_open = layout.arrays["node_is_open"].values
    name = dict(zip(layout.axes["node"], is_open, strict=True))
    assert name["rg60.1"] == 1 and name["sourcebus.1"] == 1 and name["645.2"] == 0 and name["680.1"] == 0


def test_what_is_driven_and_what_acts_by_itself_is_told():
    circuit = circuit_from("dss:ieee13")
    text = "\n".join(account_of(circuit, feeder_from("dss:ieee13")).lines())
    assert "15 loads (3,466.0 kW in the script), of which 11 draw exactly what is booked" in text
    assert "model 2 (impedance)" in text and "646, 652" in text
    assert "3 regcontrol" in text and "2 capacitor" in text
    assert "277.1" in text and "limits 0.9 to 1.05 pu" in text


@pytest.mark.parametrize(("normamps", "rating_a", "told"), [
    ("", None, "assumed: 1 of 2 lines may carry 400 A"), ("normamps=90", None, ""), ("", 120.0, "")])
def test_a_rating_that_nobody_gave_is_told(tmp_path, normamps, rating_a, told):
    master = tmp_path / "Master.dss"
    master.write_text(
        "clear\nnew circuit.two basekv=0.4 bus1=a\n"
        f"new line.one bus1=a bus2=b length=0.1 {normamps}\nnew line.two bus1=b bus2=c length=0.1 normamps=200\n"
        "new load.house bus1=c.1 phases=1 kv=0.23 kw=1 kvar=0\nset voltagebases=[0.4]\ncalcvoltagebases\nsolve\n")
    feeder = feeder_from(str(master), FeederLimits(line_rating_a=rating_a))
    lines = [line for line in account_of(circuit_from(str(master)), feeder).lines() if line.startswith("assumed")]
    assert [line.split(",")[0] for line in lines] == ([told] if told else [])


def test_a_rating_and_a_source_voltage_of_ones_own():
    feeder = feeder_from("dss:ieee13", FeederLimits(slack_vm_pu=1.02, line_rating_a=200.0, substation_kva=5000.0))
    assert feeder.v_slack_pu == pytest.approx(1.02, abs=1e-3)
    assert feeder.transformer_kva[0] == 5000.0
    flows = ThreePhaseFlows(feeder)
    assert set(flows.rating_a[flows.circuit.conductors.is_line]) == {200.0}


def test_what_is_no_tree_is_told(tmp_path):
    (tmp_path / "Master.dss").write_text(
        "clear\nnew circuit.loop basekv=0.4 bus1=a\nnew line.x bus1=a bus2=b\nnew line.y bus1=b bus2=c\n"
        "new line.z bus1=c bus2=a\nnew load.l bus1=c kv=0.4 kw=1\nset voltagebases=[0.4]\ncalcv\nsolve\n")
    with pytest.raises(RecordError, match="not radial, bus"):
        feeder_from(str(tmp_path / "Master.dss"))
