"""Circuits of three phases: powers as booked, currents and losses of the engine, taps, and what is refused."""

import numpy as np
import pytest

from models.network.three_phase.circuit import Circuit, circuit_from
from models.network.three_phase.network import MOST_KEPT
from models.network.three_phase.records import Port, unbalance_percent
from models.records.arrays import RecordError
from tests.models.network.three_phase.small import street

pytest.importorskip("opendssdirect")
NONE = np.zeros((1, 0))
REGULATOR = "new regcontrol.r transformer=t winding=2 vreg=125 band=1 ptratio=2"
LINE = """clear
set defaultbasefrequency=50
new circuit.mine basekv=0.4 pu=1.0 bus1=source isc3=100000 isc1=100000
new line.a bus1=source bus2=end phases=3 r1={r} x1=0.1 r0={r} x0=0.1 c1=0 c0=0 length=1 units=km
new load.house bus1=end.2 phases=1 kv=0.23 kw=2 kvar=1 model={model}
set voltagebases=[0.4]
calcvoltagebases
solve
"""


def circuit(folder, ports=(), drives_loads=False, r="0.3", model=1, text=LINE):
    (folder / "Master.dss").write_text(text.format(r=r, model=model))
    return Circuit(folder / "Master.dss", ports, drives_loads)


@pytest.fixture(scope="module")
def european():
    return circuit_from("dss:european_lv", [Port("34", (1,)), Port("47", (1, 2, 3))], drives_loads=True)


def test_driven_power_is_drawn_as_booked_at_any_voltage(european):
    p_kw = np.array([[0.0, 0.0], [7.4, -11.0], [70.0, 60.0], [400.0, 400.0]])
    flow = european.solve(p_kw, 0.1 * p_kw)
    assert flow.vm_pu[3].min() < 0.7, "where the engine would turn to impedances"
    booked_kw = p_kw.sum(axis=1) + european.loads.p_kw.sum()
    np.testing.assert_allclose(flow.p_source_kw - flow.losses_kw, booked_kw, atol=1e-6)


def test_without_a_wide_range_loads_turn_to_impedances(tmp_path):
    far = circuit(tmp_path, [Port("end", (2,))], r="1.5")
    flow = far.solve(np.array([[5.0]]), np.zeros((1, 1)))
    assert flow.vm_pu.min() < 0.9
    assert flow.p_source_kw - flow.losses_kw < 7.0 - 0.05
    exact = circuit(tmp_path, [Port("end", (2,))], drives_loads=True, r="1.5")
    flow = exact.solve(np.array([[5.0]]), np.zeros((1, 1)))
    assert flow.p_source_kw - flow.losses_kw == pytest.approx(7.0, abs=1e-6)


def test_power_at_each_node_is_that_of_its_ports_and_loads(european):
    flow = european.solve(np.array([[7.4, 11.0]]), np.zeros((1, 2)))
    injected = european.network.admittance(european.tap_pu) @ flow.v_v[0]
    kw = dict(zip(european.nodes.names, -np.real(flow.v_v[0] * np.conj(injected)) / 1e3, strict=True))
    assert kw["34.1"] == pytest.approx(7.4 + 1.0, abs=1e-6)
    assert [kw[f"47.{phase}"] for phase in (1, 2, 3)] == pytest.approx([11 / 3, 11 / 3 + 1.0, 11 / 3], abs=1e-6)
    assert kw["100.1"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", ["ieee13", "ieee34", "ieee37", "ieee123"])
def test_losses_and_currents_are_those_of_the_engine(name):
    feeder = circuit_from(f"dss:{name}")
    flow = feeder.solve(NONE, NONE)
    assert flow.losses_kw[0] == pytest.approx(feeder._engine.circuit.Losses[0] / 1e3, rel=1e-6)
    for row in range(0, feeder.conductors.node.size, 7):
        element = feeder._engine.element(feeder.conductors.element[row])
        terminals = np.abs(np.asarray(element.Currents).reshape(-1).view(np.complex128))
        nodes = feeder._engine.node_reference(feeder.conductors.element[row])
        assert np.isclose(terminals[nodes == feeder.conductors.node[row]], flow.current_a[0, row], rtol=1e-6).any()


def test_losses_and_currents_know_the_taps():
    feeder, both = circuit_from("dss:ieee123"), circuit_from("dss:ieee123")
    taps = feeder.tap_pu + np.array([[-3], [4]]) * feeder.tap_step_pu
    together = both.solve(np.zeros((2, 0)), np.zeros((2, 0)), tap_pu=taps)
    for i in (0, 1):
        flow = feeder.solve(NONE, NONE, tap_pu=taps[i])
        assert together.losses_kw[i] == pytest.approx(flow.losses_kw[0], rel=1e-9)
        assert together.current_a[i] == pytest.approx(flow.current_a[0], rel=1e-6, abs=1e-4)
        assert flow.losses_kw[0] == pytest.approx(feeder._engine.circuit.Losses[0] / 1e3, rel=1e-6)
        row = feeder.conductors.element.index("transformer.reg1a")
        current = np.abs(np.asarray(feeder._engine.element("transformer.reg1a").Currents).reshape(-1).view(complex))
        assert flow.current_a[0, row] == pytest.approx(current[0], rel=1e-6)


def test_held_taps_stay_and_a_call_leaves_nothing_behind():
    feeder = circuit_from("dss:ieee123", [Port("67", (1, 2, 3))])
    first = feeder.solve(np.array([[0.0]]), np.array([[0.0]]))
    loaded = feeder.solve(np.array([[1500.0]]), np.array([[300.0]]))
    assert not np.array_equal(loaded.tap_pu, first.tap_pu), "regulators act"
    held = feeder.solve(np.array([[1500.0]]), np.array([[300.0]]), tap_pu=first.tap_pu)
    assert np.array_equal(held.tap_pu, first.tap_pu)
    assert held.vm_pu.min() < loaded.vm_pu.min()
    again = feeder.solve(np.array([[0.0]]), np.array([[0.0]]))
    assert np.array_equal(again.v_v, first.v_v)
    assert np.array_equal(again.tap_pu, first.tap_pu)


def test_regulators_go_on_from_where_they_stand_each_case_for_itself():
    """A regulator rests anywhere in its band: where it comes from decides where."""
    circuit = circuit_from("dss:ieee13", [Port("675", (1, 2, 3))])
    none, heavy, light = np.zeros((1, 1)), np.full((1, 1), 1500.0), np.full((1, 1), -500.0)
    from_heavy = circuit.solve(none, none, begin_pu=circuit.solve(heavy, none).tap_pu).tap_pu
    from_light = circuit.solve(none, none, begin_pu=circuit.solve(light, none).tap_pu).tap_pu
    assert (np.abs(from_heavy - from_light) > 0.5 * circuit.tap_step_pu).any()
    both = np.concatenate([circuit.solve(heavy, none).tap_pu, circuit.solve(light, none).tap_pu])
    together = circuit.solve(np.zeros((2, 1)), np.zeros((2, 1)), begin_pu=both).tap_pu
    assert np.array_equal(together, np.concatenate([from_heavy, from_light]))


def test_circuits_beside_each_other_share_nothing():
    alone = circuit_from("dss:ieee13").solve(NONE, NONE)
    one, other = circuit_from("dss:ieee13"), circuit_from("dss:ieee34")
    other.solve(NONE, NONE)
    both = one.solve(NONE, NONE)
    assert np.array_equal(both.v_v, alone.v_v)


def test_unbalance_is_negative_over_positive_sequence():
    a = np.exp(2j * np.pi / 3)
    positive, negative = np.array([1, a**2, a]), np.array([1, a, a**2])
    v = (230 * positive + 4.6 * negative + 10)[None, :]
    assert unbalance_percent(v, np.array([[0, 1, 2]]))[0, 0] == pytest.approx(2.0)


def test_a_case_without_solution_is_nan_and_the_next_is_not(tmp_path):
    far = circuit(tmp_path, [Port("end", (2,))], r="1.5")
    flow = far.solve(np.array([[500.0], [1.0]]), np.zeros((2, 1)))
    assert flow.is_solved.tolist() == [False, True]
    assert np.isnan(flow.vm_pu[0]).all() and np.isfinite(flow.current_a[1]).all()


def test_a_case_without_solution_has_no_taps_currents_or_losses_and_the_next_has_its_own(tmp_path):
    regulated = street(tmp_path, REGULATOR)
    one, alone = (circuit_from(regulated, [Port("b3", (1,))]) for _ in range(2))
    flow, own = (c.solve(np.array(p), np.zeros((len(p), 1))) for c, p in ((one, [[9000.0], [5.0]]), (alone, [[5.0]])))
    assert flow.is_solved.tolist() == [False, True]
    for name in ("tap_pu", "current_a", "losses_kw"):
        values = getattr(flow, name)
        assert np.isnan(values[0]).all() and np.array_equal(values[1], getattr(own, name)[0]), name


def test_matrices_of_many_taps_are_those_of_each(tmp_path):
    """More than are kept: the first is made anew."""
    network = circuit_from(street(tmp_path, REGULATOR)).network
    taps = np.linspace(0.9, 1.1, MOST_KEPT + 2)[:, None]
    first = network.currents(taps[0])
    assert network.currents(taps[0]) is first
    for tap in taps[1:]:
        network.currents(tap)
    again = network.currents(taps[0])
    assert again is not first and np.array_equal(again.toarray(), first.toarray())
    assert not np.array_equal(network.currents(taps[-1]).toarray(), first.toarray())


def test_a_circuit_without_loads_draws_what_cars_do(tmp_path):
    circuit_of_none = circuit(tmp_path, text=LINE.replace("new load", "!new load"))
    assert circuit_of_none.loads.names == ()
    assert circuit_of_none.solve(NONE, NONE).p_source_kw == pytest.approx(0.0, abs=1e-9)
    driven = circuit(tmp_path, [Port("end", (2,))], text=LINE.replace("new load", "!new load"))
    flow = driven.solve(np.array([[2.0]]), np.zeros((1, 1)))
    assert flow.p_source_kw - flow.losses_kw == pytest.approx(2.0, abs=1e-6)


def test_elements_without_a_rating_may_carry_anything(tmp_path):
    more = "new reactor.x bus1=b3 bus2=b4 phases=3 r=0.01 x=0.02\nnew load.z bus1=b4 phases=3 kv=0.416 kw=3"
    conductors = circuit_from(street(tmp_path, more)).conductors
    rating_a = dict(zip(conductors.element, conductors.rating_a, strict=True))
    assert rating_a == pytest.approx({"transformer.t": 400 / (np.sqrt(3) * 0.416), "line.a": 200.0, "line.b": 200.0,
                                      "reactor.x": np.inf})


@pytest.mark.parametrize(("ports", "told"), [
    ([Port("nowhere", (1,))], "port nowhere.1: there is no bus 'nowhere'"),
    ([Port("684", (1, 2, 3))], "port 684.1.2.3: bus '684' has no phase 2, only 1, 3"),
])
def test_a_port_that_is_not_there_is_told(ports, told):
    with pytest.raises(RecordError) as error:
        circuit_from("dss:ieee13", ports)
    assert told in str(error.value)


def test_phases_of_a_port_are_told():
    with pytest.raises(RecordError, match=r"phases=\[4\] must be one of 1, 2, 3"):
        Port("34", (4,))


@pytest.mark.parametrize(("text", "told"), [
    (LINE.replace("calcvoltagebases\n", "").replace("set voltagebases=[0.4]\n", ""), "no voltage base for bus"),
    (LINE.replace("kw=2", "vminpu=0 vlowpu=0 kw=20000"), "finds no power flow of the circuit as it is"),
    (LINE + "clear\n", "makes no circuit"),
    (LINE.replace("new line.a", "new line.a linecode=none"), "OpenDSS does not understand it"),
])
def test_a_circuit_that_cannot_serve_is_told(tmp_path, text, told):
    with pytest.raises(RecordError) as error:
        circuit(tmp_path, text=text)
    assert told in str(error.value)
    assert "Master.dss" in str(error.value)


def test_load_shapes_are_those_of_the_files(european):
    shape = european.shape(european.loads.shape[0])
    assert shape.p.size == 1440 and shape.step_s == pytest.approx(60.0)
    assert shape.p[0] == pytest.approx(0.036)
