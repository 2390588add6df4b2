"""What acts by itself in circuits as people write them, and what stands side by side, against OpenDSS by itself."""

import dataclasses

import numpy as np
import pytest

from models.network.loads.composing import Given, bus_loads
from models.network.loads.own_series import own_series
from models.network.loads.series_csv import csv_series
from models.network.power_flow import ac_engine
from models.network.source import FeederLimits
from models.network.sources.opendss import SOURCE
from models.network.three_phase.account import account_of
from models.network.three_phase.circuit import circuit_from
from models.network.three_phase.feeder import ThreePhaseFlows, three_phase_feeder
from models.network.three_phase.records import Port
from models.records.arrays import RecordError
from models.records.feeder import RadialFeeder
from models.tables.table_format import TableFormat
from tests.models.network.three_phase.small import street

pytest.importorskip("opendssdirect")
LIMITS = FeederLimits(v_min_pu=0.7, v_max_pu=1.3)
NONE = np.zeros((1, 0))
REGULATOR = "new regcontrol.r transformer=t winding=2 vreg=125 band=1 ptratio=2 {more}"
CAPACITOR = "new capacitor.c bus1=b3 phases=3 kvar=60 kv=0.416 {more}"
SWITCHED = ("new capcontrol.k element=line.b terminal=1 capacitor=c type=voltage ptratio=1 ctratio=1 onsetting=245 "
            "offsetting=300 {more}")
SHAPE = "new loadshape.s npts=24 interval=1 mult=(" + "0 1 " * 12 + ")\n"
HOUSE = "new load.{name} bus1=b2.{phase} phases=1 kv=0.24 kw={kw} kvar=1 {more}\n"


def opendss_volts(text):
    """Node volts that OpenDSS finds by itself, in its own state."""
    from opendssdirect import dss  # noqa: PLC0415 - an extra

    alone = dss.NewContext()
    for line in (f'compile "{text}"', "set tolerance=1e-10", "solve"):
        alone.Text.Command(line)
    volts = np.abs(np.asarray(alone.Circuit.YNodeVArray()).view(complex))
    return dict(zip([name.lower() for name in alone.Circuit.YNodeOrder()], volts, strict=True))


@pytest.mark.parametrize(("more", "then"), [
    (REGULATOR.format(more=""), "solve"),
    (REGULATOR.format(more=""), "set controlmode=off\nedit transformer.t wdg=2 tap=1.0125\nsolve"),
    (REGULATOR.format(more="enabled=no"), "solve"),
    (f"{CAPACITOR}\n{SWITCHED}".format(more=""), "capacitor.c.states=(0)\nsolve"),
    (f"{CAPACITOR}\n{SWITCHED}".format(more=""), "set controlmode=off\ncapacitor.c.states=(0)\nsolve"),
    (CAPACITOR.format(more="enabled=no"), "solve"),
    (CAPACITOR.format(more="numsteps=2 states=(1 0)"), "solve"),
    ("new reactor.x bus1=b3 phases=3 kvar=60 kv=0.416\ndisable reactor.x", "solve"),
], ids=["regulator", "held", "no regulator", "switched", "not switched", "no capacitor", "a step", "no reactor"])
def test_what_acts_by_itself_does_as_in_opendss(tmp_path, more, then):
    text = street(tmp_path, more, then)
    circuit = circuit_from(text)
    volts = dict(zip(circuit.nodes.names, np.abs(circuit.solve(NONE, NONE).v_v[0]), strict=True))
    assert volts == pytest.approx(opendss_volts(text), rel=1e-7)
    assert bool(circuit.regulators) == ("regcontrol" in more and "enabled=no" not in more)
    assert circuit.others().get("capacitor", 0) == ("capacitor" in more and "enabled=no" not in more)


def test_a_capacitor_that_is_switched_in_one_case_is_not_in_the_next(tmp_path):
    """Each case begins with the steps of the script: 80 kW close them, and nothing would open them again."""
    text = street(tmp_path, f"{CAPACITOR}\n{SWITCHED}".format(more="").replace("onsetting=245", "onsetting=238"),
                  "capacitor.c.states=(0)\nsolve")
    both, alone = (circuit_from(text, [Port("b3", (1, 2, 3))]) for _ in range(2))
    heavy, light = np.full((1, 1), 80.0), np.zeros((1, 1))
    flow = both.solve(np.concatenate([heavy, light, heavy]), np.zeros((3, 1)))
    own = alone.solve(light, light)
    assert np.array_equal(flow.v_v[1], own.v_v[0]) and np.array_equal(flow.v_v[0], flow.v_v[2])
    assert flow.q_source_kvar[0] < -50.0 and 0.0 < flow.q_source_kvar[1] < 4.0, "60 kvar are there, or none"


@pytest.mark.parametrize(("mode", "told"), [("off", "controls stay as the script leaves them"),
                                            ("time", "controls act within each step"), ("static", "")])
def test_the_account_says_whether_controls_act(tmp_path, mode, told):
    text = street(tmp_path, REGULATOR.format(more=""), f"set controlmode={mode}")
    lines = list(account_of(circuit_from(text), three_phase_feeder(text, LIMITS)).lines())
    assert any(f"controlmode={mode}: {told}" in line for line in lines) == bool(told)


def test_an_impedance_of_another_voltage_than_its_bus_is_told(tmp_path):
    text = street(tmp_path, HOUSE.format(name="z", phase=1, kw=3, more="model=2 kv=0.416") + HOUSE.format(
        name="y", phase=2, kw=3, more="model=2"))
    told = [line for line in account_of(circuit_from(text), three_phase_feeder(text, LIMITS)).lines() if "kv=" in line]
    assert len(told) == 1 and "load z has kv=0.416 where its bus has 0.2402, and draws 0.33 times its power" in told[0]


@pytest.mark.parametrize(("more", "told"), [
    ("new vsource.g bus1=b3 basekv=0.416", "vsource.g is a second source beside vsource.source"),
    (SHAPE + "new pvsystem.p bus1=b3 kv=0.416 kva=6 pmpp=6 daily=s", "pvsystem.p follows the load shape daily=s"),
    (SHAPE + "new generator.g bus1=b3 kv=0.416 kw=6 yearly=s", "generator.g follows the load shape yearly=s"),
    ("new storage.s bus1=b3 kv=0.416 kwrated=4 kwhrated=10 state=discharging", "storage.s is discharging"),
    (HOUSE.format(name="a", phase=1, kw=5, more="") + HOUSE.format(name="b", phase=2, kw=-5, more=""),
     r"must not sum to 0: a, b at b2 \(kW\)"),
    (HOUSE.format(name="a", phase=1, kw=5, more="kvar=2") + HOUSE.format(name="b", phase=2, kw=5, more="kvar=-2"),
     r"must not sum to 0: a, b at b2 \(kvar\)"),
    ("new load.d bus1=b2.2 phases=3 kv=0.416 kw=9", "load d of 3 phases at b2.2: must name a node for each phase"),
    ("new load.d bus1=b2.2 phases=1 conn=delta kv=0.416 kw=9", "load d of 1 phases in delta at b2.2"),
])
def test_power_that_nobody_books_is_refused(tmp_path, more, told):
    with pytest.raises(RecordError, match=told):
        three_phase_feeder(street(tmp_path, more), LIMITS)


def test_a_bus_behind_a_third_winding_is_told_as_such(tmp_path):
    more = ("new transformer.w phases=3 windings=3 buses=(b3 c3 d3) conns=(wye wye wye) kvs=(0.416 0.4 0.4) "
            "kvas=(50 50 50) xhl=4 xht=4 xlt=4")
    with pytest.raises(RecordError, match=r"from the source: d3; d3 stands at a third winding of transformer\.w"):
        three_phase_feeder(street(tmp_path, more), LIMITS)


def test_what_stays_as_it_is_may_be_there(tmp_path):
    more = (SHAPE + "new pvsystem.p bus1=b3 kv=0.416 kva=6 pmpp=6 irradiance=0.7\n"
            "new generator.g bus1=b3 kv=0.416 kw=6 yearly=s status=fixed\nnew vsource.v bus1=b3 enabled=no\n"
            "new storage.s bus1=b3 kv=0.416 kwrated=4 kwhrated=10\nnew pvsystem.q bus1=b3 kv=0.416 daily=s enabled=no\n"
            + HOUSE.format(name="a", phase=1, kw=5, more="") + HOUSE.format(name="b", phase=1, kw=-5, more=""))
    text = street(tmp_path, more)
    assert three_phase_feeder(text, LIMITS).p_base_kw.sum() == pytest.approx(9.0)
    assert circuit_from(text).others() == {"pvsystem": 1, "generator": 1, "storage": 1}


# ------------------------------------------------------------------ side by side
@pytest.mark.parametrize("more", [
    "new line.twin bus1=b3 bus2=b2 linecode=c length=0.3 units=km",
    "new transformer.u phases=3 windings=2 buses=(source b1) conns=(delta wye) kvs=(11 0.416) kvas=(100 100) xhl=6",
    "edit transformer.t kvas=(400 800)", "edit transformer.t kvs=(11 0.433)", "edit transformer.t taps=(0.95 1.025)",
    "edit transformer.t kvs=(10.5 0.4) taps=(1 1.05)",
], ids=["lines", "transformers", "ratings of windings", "windings of another voltage", "taps", "both"])
def test_the_balanced_equivalent_of_balanced_loads_is_the_circuit(tmp_path, more):
    feeder = three_phase_feeder(street(tmp_path, more + "\nedit load.shop kw=60"), LIMITS)
    flow = ThreePhaseFlows(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    alone = RadialFeeder(**{field.name: getattr(feeder, field.name) for field in dataclasses.fields(RadialFeeder)})
    equivalent = ac_engine(alone).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    assert equivalent.vm_pu == pytest.approx(flow.vm_pu, abs=2e-5)


def test_lines_side_by_side_carry_together_what_they_may(tmp_path):
    single = three_phase_feeder(street(tmp_path), LIMITS).i_max_pu
    double = three_phase_feeder(street(tmp_path, "new line.twin bus1=b3 bus2=b2 linecode=c length=0.3 units=km"),
                                LIMITS).i_max_pu
    assert double == pytest.approx(single * [1, 1, 1, 2])


def test_a_step_of_a_capacitor_that_is_open_is_no_part_of_the_equivalent(tmp_path):
    text = street(tmp_path, CAPACITOR.format(more="numsteps=3 states=(1 0 0)"))
    assert three_phase_feeder(text, LIMITS).shunt_b_pu == pytest.approx([0, 0, 0, 0.02])
    off = three_phase_feeder(street(tmp_path, CAPACITOR.format(more="enabled=no")), LIMITS)
    assert not off.has_shunts, "nor is a capacitor that is disabled"


# ------------------------------------------------------------------ series of loads that share a bus
TWO = SHAPE + SHAPE.replace(".s", ".z").replace("0 1 ", "1 0 ")


def loads_of(text, columns=""):
    feeder = SOURCE.feeder(text, LIMITS)
    elements = SOURCE.elements(text, feeder.bus_number)
    if not columns:
        return bus_loads(feeder, elements, Given(), own_series(SOURCE.profiles(text), elements, feeder, 0))
    file = SOURCE.files(text)[0].with_name("series.csv")
    row = ",".join("1" for _ in columns.split(","))
    file.write_text("\n".join([columns, *[row] * 24]), encoding="utf-8")
    return bus_loads(feeder, elements, Given(), csv_series(file, 3600, TableFormat(), feeder, elements))


@pytest.mark.parametrize(("phase", "shape", "columns"), [
    (2, "z", ""), (2, "", ""), (2, "s", "load a p_kw"), (2, "s", "load a p_kw,load b p_kw")])
def test_loads_of_other_phases_at_a_bus_cannot_follow_series_of_their_own(tmp_path, phase, shape, columns):
    """What is drawn at a bus is shared out as the loads' own powers: OpenDSS would draw each where it stands."""
    more = TWO + HOUSE.format(name="a", phase=1, kw=5, more="daily=s") + HOUSE.format(
        name="b", phase=phase, kw=3, more=f"daily={shape}" if shape else "")
    with pytest.raises(RecordError, match="bus b2: load 2 'a', load 3 'b' stand on different phases"):
        loads_of(street(tmp_path, more), columns)


@pytest.mark.parametrize(("phase", "shape", "columns"), [
    (1, "z", ""), (2, "s", ""), (1, "s", "load a p_kw"), (2, "z", "bus b2 p_kw")])
def test_loads_of_a_bus_that_are_one_power_may_follow_what_they_like(tmp_path, phase, shape, columns):
    more = TWO + HOUSE.format(name="a", phase=1, kw=5, more="daily=s") + HOUSE.format(
        name="b", phase=phase, kw=3, more=f"daily={shape}")
    assert loads_of(street(tmp_path, more), columns).series is not None
