"""Scripts as people write them: options, disabled loads, open switches, and load shapes in kW."""

from pathlib import Path

import numpy as np
import pytest

from models.network.loads.own_series import own_series
from models.network.loads.series_csv import csv_series
from models.network.source import FeederLimits
from models.network.sources.opendss import SOURCE
from models.network.three_phase.circuit import circuit_from
from models.network.three_phase.feeder import three_phase_feeder
from models.network.three_phase.records import Port
from models.records.arrays import RecordError
from models.tables.table_format import TableFormat
from tests.models.network.three_phase.small import street

pytest.importorskip("opendssdirect")
LIMITS = FeederLimits()
TIE = "new line.tie bus1=b1 bus2=b3 linecode=c length=1 units=km"
BEHIND = TIE.replace("b1", "b2").replace("b3", "b4") + "\nnew load.d bus1=b4.2 phases=1 kv=0.24 kw=3 kvar=1"
HOUSE = "new load.house bus1=b2.1 phases=1 kv=0.24 {power} {follows}=s"
KW, SHARES = np.linspace(2.0, 4.3, 24), np.linspace(0.5, 0.73, 24)


def test_options_by_which_other_power_is_drawn_are_refused_at_once(tmp_path):
    then = "set loadmult=0.5\nset year=5\nset loadmodel=admittance\nset frequency=60\nset cktmodel=positive"
    with pytest.raises(RecordError) as refused:
        circuit_from(street(tmp_path, then=then))
    for told in ("loadmult=0.5, must be 1", "year=5, must be 0", "loadmodel=Admittance, must be powerflow",
                 "cktmodel, must be multiphase", "frequency=60, must be 50"):
        assert told in str(refused.value)


def test_a_disabled_load_takes_no_part_of_what_others_draw(tmp_path):
    more = "new load.closed bus1=b3.2 phases=1 kv=0.24 kw=50 kvar=0\ndisable load.closed"
    circuit = circuit_from(street(tmp_path, more + "\nnew load.late bus1=b2.1 phases=1 kv=0.24 kw=2 kvar=1"),
                           [Port("b3", (1,))], drives_loads=True)
    assert circuit.loads.names == ("shop", "late") and circuit.loads.p_kw.tolist() == [9.0, 2.0]
    flow = circuit.solve(np.array([[7.0]]), np.zeros((1, 1)), np.array([[5.0, 1.0]]), np.zeros((1, 2)))
    assert flow.p_source_kw - flow.losses_kw == pytest.approx(13.0, abs=1e-6)


@pytest.mark.parametrize("then", ["open line.tie 1", "open line.tie 2", "open line.tie 1\nopen line.tie 2"])
def test_an_open_switch_closes_no_ring(tmp_path, then):
    assert three_phase_feeder(street(tmp_path, TIE, then), LIMITS).bus_count == 4


@pytest.mark.parametrize(("more", "then", "told"), [
    (TIE, "", "not radial, bus 'b3' is reached twice"),
    ("", "open line.b 1", "buses are not reached from the source: b3"),
    ("", "open transformer.t 1", "buses are not reached from the source: b1, b2, b3"),
    (BEHIND, "open line.tie 1 2", "nothing feeds b4.2, where loads or cars are"),
    ("new load.n bus1=b2.1.4 phases=1 kv=0.24 kw=3", "", "load n at b2.1.4"),
])
def test_what_is_cut_off_or_not_between_phases_and_earth_is_told(tmp_path, more, then, told):
    with pytest.raises(RecordError, match=told):
        three_phase_feeder(street(tmp_path, more, then), LIMITS)


def test_a_phase_that_is_open_is_no_part_of_the_balanced_equivalent(tmp_path):
    feeder = three_phase_feeder(street(tmp_path, BEHIND.replace("b4.2", "b4.1"), "open line.tie 1 2"), LIMITS)
    whole = three_phase_feeder(street(tmp_path, BEHIND.replace("b4.2", "b4.1")), LIMITS)
    assert feeder.r_pu == pytest.approx(whole.r_pu)


def test_buses_and_loads_go_by_the_scripts_names_in_letters_of_any_size(tmp_path):
    """Also where a number of ours, a place from the source, is the name of another bus."""
    more = "new line.c bus1=b2 bus2=2 linecode=c length=0.1 units=km\nnew load.Kiosk bus1=2.1 phases=1 kv=0.24 kw=2"
    text = street(tmp_path, more)
    feeder = SOURCE.feeder(text, LIMITS)
    assert feeder.bus_number[feeder.bus_name.index("2")] != 2
    for called in ("2", 2):
        assert feeder.bus_name[feeder.bus_row(called)] == "2"
    assert feeder.bus_name[feeder.bus_row("B3")] == "b3" and feeder.bus_row(1) == 0
    file = tmp_path / "series.csv"
    file.write_text("load KIOSK p_kw,bus B3 p_kw\n" + "1,2\n" * 24, encoding="utf-8")
    series = csv_series(file, 3600, TableFormat(), feeder, SOURCE.elements(text, feeder.bus_number))
    assert [feeder.bus_name[row] for row in series.uses.bus] == ["2", "b3"]


@pytest.mark.parametrize(("forward", "turned"), [
    ("bus1=b2 bus2=b3", "bus1=b3 bus2=b2"),
    ("buses=(source b1) conns=(delta wye) kvs=(11 0.416)", "buses=(b1 source) conns=(wye delta) kvs=(0.416 11)")])
def test_an_element_may_be_written_from_its_far_end(tmp_path, forward, turned):
    """With a turns ratio of 0.433 to 0.416, which turned round is its inverse."""
    feeders = []
    for words in (forward, turned):
        file = Path(street(tmp_path))
        file.write_text(file.read_text().replace(forward, words).replace("kvs=(11 0.416)", "kvs=(11 0.433)").replace(
            "kvs=(0.416 11)", "kvs=(0.433 11)"))
        feeders.append(three_phase_feeder(str(file), LIMITS))
    assert feeders[0].turns_ratio == pytest.approx([1.0, 0.433 / 0.416, 1.0, 1.0])
    for name in ("r_pu", "x_pu", "turns_ratio", "i_max_pu", "p_base_kw"):
        assert getattr(feeders[1], name) == pytest.approx(getattr(feeders[0], name), rel=1e-9), name


# ------------------------------------------------------------------ load shapes
def drawn(folder, more):
    """(kW, kvar) [24] of the house by its own shape."""
    text = street(folder, more)
    feeder = SOURCE.feeder(text, LIMITS)
    elements = SOURCE.elements(text, feeder.bus_number)
    given = own_series(SOURCE.profiles(text), elements, feeder, 0)
    values = given.series.means(3600.0 * np.arange(25))[:, given.uses.column]
    return (values * given.uses.p_factor).sum(axis=1), (values * given.uses.q_factor).sum(axis=1)


def shape(ending="", p=SHARES, **others):
    lists = {"mult": p, **others}
    return "new loadshape.s npts=24 interval=1 " + " ".join(
        f"{name}=({' '.join(map(str, values))})" for name, values in lists.items()) + ending + "\n"


@pytest.mark.parametrize(("text", "power", "p_kw", "q_kvar"), [
    (shape(), "kw=3 kvar=1", 3 * SHARES, SHARES),
    (shape(qmult=KW), "kw=3 kvar=1", 3 * SHARES, KW),
    (shape(qmult=0 * KW), "kw=3 kvar=1", 3 * SHARES, 0 * KW),
    (shape(" useactual=yes", KW), "kw=3 pf=0.9", KW, KW * np.tan(np.arccos(0.9))),
    (shape(" useactual=yes", KW, qmult=SHARES), "kw=3 kvar=1", KW, SHARES),
], ids=["factors", "factors of both", "no kvar", "kW", "kW and kvar"])
@pytest.mark.parametrize("follows", ["daily", "yearly"])
def test_houses_draw_what_opendss_draws_of_a_shape(tmp_path, text, power, p_kw, q_kvar, follows):
    kw, kvar = drawn(tmp_path, text + HOUSE.format(power=power, follows=follows))
    assert kw == pytest.approx(p_kw) and kvar == pytest.approx(q_kvar)


def test_a_script_whose_loads_name_no_shape_has_no_series_of_its_own(tmp_path):
    text = street(tmp_path, shape())
    with pytest.raises(RecordError, match=r"^feeder .*Master\.dss: no load names a load shape$"):
        SOURCE.profiles(text)


def test_a_fixed_load_follows_no_shape(tmp_path):
    assert circuit_from(street(tmp_path, shape() + HOUSE.format(power="kw=3 status=fixed", follows="daily"))
                        ).loads.shape == ("", "")


@pytest.mark.parametrize(("more", "told"), [
    ("new loadshape.s npts=3 interval=0 hour=(0 8 16) mult=(1 2 3)\n", "load shapes s have no even steps"),
    (f"new loadshape.s npts=60 sinterval=1440 mult=({'1 ' * 60})\nnew loadshape.z npts=1440 sinterval=60 "
     f"mult=({'1 ' * 1440})\nnew load.z bus1=b2.2 phases=1 kv=0.24 kw=1 daily=z\n",
     r"from z \(1440 of 60 s\): s \(60 of 1440 s\)"),
])
def test_shapes_that_fit_no_common_step_are_named(tmp_path, more, told):
    with pytest.raises(RecordError, match=told):
        SOURCE.profiles(street(tmp_path, more + HOUSE.format(power="kw=3", follows="daily")))
