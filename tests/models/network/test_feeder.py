"""Feeders: what they are made of, and that two engines tell the same story."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandapower as pp
import pytest
from lightsim2grid.network import init_from_pandapower
from pandapower import networks

from models.network.feeder import site
from models.network.net_feeder import feeder_of_net
from models.network.power_flow import LightsimEngine, PandapowerEngine, ac_engine, engine_error_pu
from models.network.source import FeederLimits
from models.network.sources.ieee33 import ieee33, tie_configuration, zone_map
from models.records.arrays import RecordError

FEEDER = ieee33()


def small_net(rating_ka: float = 0.3) -> pp.pandapowerNet:
    """Five 20 kV buses in a ring with one open switch, numbered so that children come before parents."""
    net = pp.create_empty_network(sn_mva=1.0)
    for _ in range(5):
        pp.create_bus(net, vn_kv=20.0)
    pp.create_ext_grid(net, 3)
    for start, end in ((3, 4), (4, 0), (0, 1), (1, 2), (2, 3)):
        pp.create_line_from_parameters(net, start, end, length_km=2.0, r_ohm_per_km=0.4, x_ohm_per_km=0.3,
                                       c_nf_per_km=0.0, max_i_ka=rating_ka)
    for bus in (0, 1, 2, 4):
        pp.create_load(net, bus, p_mw=0.5, q_mvar=0.1)
    pp.create_switch(net, 1, 2, et="l", closed=False)
    return net


def test_loads_and_buses_are_those_of_case33bw() -> None:
    assert FEEDER.bus_count == 33
    assert FEEDER.p_base_kw.sum() == pytest.approx(3715.0)
    assert FEEDER.q_base_kvar.sum() == pytest.approx(2300.0)
    assert np.array_equal(FEEDER.bus_number, np.arange(1, 34))
    z_base = 12.66**2
    assert FEEDER.r_pu[7] * z_base == pytest.approx(0.7114)  # line 7-8: not the 1.7114 variant
    assert FEEDER.x_pu[7] * z_base == pytest.approx(0.2351)


def test_a_load_at_the_substation_is_drawn_and_moves_nothing_else() -> None:
    p_kw, q_kvar = (np.stack([peak, peak]) for peak in (FEEDER.p_base_kw, FEEDER.q_base_kvar))
    p_kw[1, 0] += 50.0
    q_kvar[1, 0] += 20.0
    flow = ac_engine(FEEDER).power_flow(p_kw, q_kvar)
    assert np.diff(flow.p_slack_kw) == pytest.approx([50.0])
    assert np.diff(flow.q_slack_kvar) == pytest.approx([20.0])
    assert flow.vm_pu[1] == pytest.approx(flow.vm_pu[0], abs=1e-12)


def test_peak_scale_moves_loads_and_leaves_ratings() -> None:
    scaled = ieee33(peak_scale=0.83)
    assert np.allclose(scaled.p_base_kw, 0.83 * FEEDER.p_base_kw)
    assert np.array_equal(scaled.transformer_kva, FEEDER.transformer_kva)


def test_transformers_are_the_next_standard_size_above_the_margin() -> None:
    peak_kva = np.hypot(FEEDER.p_base_kw, FEEDER.q_base_kvar)[1:]
    rating = FEEDER.transformer_kva[1:]
    assert np.all(rating >= 1.2 * peak_kva)
    assert rating[28] == 800.0  # bus 30: 632 kVA of mostly reactive load, 759 with margin
    assert rating[4] == 100.0  # bus 6: 63 kVA, 76 with margin
    assert FEEDER.transformer_kva[0] == np.inf
    assert ieee33(substation_kva=5000.0).transformer_kva[0] == 5000.0


def test_line_ratings_replace_the_placeholders() -> None:
    base_a = 1e3 / (np.sqrt(3.0) * 12.66)
    assert np.allclose(FEEDER.i_max_pu[1:6] * base_a, 400.0)
    assert np.allclose(FEEDER.i_max_pu[6:] * base_a, 200.0)


def test_ratings_may_be_other_ones_or_none() -> None:
    base_a = 1e3 / (np.sqrt(3.0) * 12.66)
    other = ieee33(line_rating_a=90.0, transformer_margin=2.0)
    assert np.allclose(other.i_max_pu[1:] * base_a, 90.0)
    assert other.transformer_kva[5] == 160.0  # bus 6: 63 kVA, 126 with margin 2
    free = ieee33(line_rating_a=np.inf, transformer_margin=np.inf)
    assert np.all(np.isinf(free.transformer_kva)) and np.all(np.isfinite(free.i_max_pu))
    loading = ac_engine(free).power_flow(FEEDER.p_base_kw[None, :], FEEDER.q_base_kvar[None, :]).line_loading_percent
    assert loading.max() < 5.0


def test_engines_agree_also_away_from_the_base_case() -> None:
    rng = np.random.default_rng(1)
    p_kw = FEEDER.p_base_kw * rng.uniform(-0.5, 1.2, (4, 33))
    q_kvar = FEEDER.q_base_kvar * rng.uniform(0.0, 1.2, (4, 33))
    fast = LightsimEngine(FEEDER).power_flow(p_kw, q_kvar)
    reference = PandapowerEngine(FEEDER).power_flow(p_kw, q_kvar)
    assert np.abs(fast.vm_pu - reference.vm_pu).max() < 1e-8
    assert np.abs(fast.losses_kw - reference.losses_kw).max() < 1e-4


def test_losses_slack_and_loading_are_pandapowers() -> None:
    engine = PandapowerEngine(FEEDER)
    flow = engine.power_flow(FEEDER.p_base_kw[None], FEEDER.q_base_kvar[None])
    net = engine._net
    assert flow.losses_kw[0] == pytest.approx(net.res_line["pl_mw"].sum() * 1e3, rel=1e-9)
    assert flow.p_slack_kw[0] == pytest.approx(net.res_ext_grid["p_mw"].sum() * 1e3, rel=1e-9)
    assert flow.q_slack_kvar[0] == pytest.approx(net.res_ext_grid["q_mvar"].sum() * 1e3, rel=1e-9)
    assert np.allclose(flow.line_loading_percent[0, 1:], net.res_line["loading_percent"], rtol=1e-7)
    assert flow.line_loading_percent[0, 0] == 0.0


def test_batches_of_any_size_follow_one_another() -> None:
    engine = ac_engine(FEEDER)
    single = engine.power_flow(FEEDER.p_base_kw[None], FEEDER.q_base_kvar[None])
    three = engine.power_flow(np.tile(FEEDER.p_base_kw, (3, 1)), np.tile(FEEDER.q_base_kvar, (3, 1)))
    assert three.vm_pu.shape == (3, 33)
    assert np.allclose(three.vm_pu, single.vm_pu, atol=1e-12)


@pytest.mark.parametrize("engine", ["lightsim2grid", "pandapower"])
def test_a_case_without_solution_is_nan_and_spoils_no_other(engine: str) -> None:
    p_kw = np.vstack([40.0 * FEEDER.p_base_kw, FEEDER.p_base_kw])
    flow = ac_engine(FEEDER, engine).power_flow(p_kw, np.vstack([FEEDER.q_base_kvar] * 2))  # type: ignore[arg-type]
    assert np.isnan(flow.losses_kw[0]) and np.all(np.isnan(flow.vm_pu[0]))
    assert flow.losses_kw[1] == pytest.approx(202.677, abs=1e-3)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(RecordError, match="allowed are"):
        ac_engine(FEEDER, "magic")  # type: ignore[arg-type]


def test_parents_precede_children_when_switches_move() -> None:
    feeder = tie_configuration()
    assert not np.array_equal(feeder.bus_number, FEEDER.bus_number)
    assert np.all(feeder.parent[1:] < np.arange(1, 33))
    assert feeder.p_base_kw[feeder.bus_number == 30][0] == FEEDER.p_base_kw[29]


def test_open_switches_are_honoured_and_orientation_found() -> None:
    feeder = feeder_of_net(small_net(), "ring")
    assert list(feeder.bus_number) == [3, 2, 1, 4, 0]  # line 0-1 is switched off: 3-2-1 and 3-4-0
    assert list(feeder.parent) == [-1, 0, 1, 0, 3]
    net = small_net()
    pp.runpp(net, numba=False, lightsim2grid=False)
    flow = ac_engine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    assert np.allclose(flow.vm_pu[0], net.res_bus["vm_pu"].to_numpy()[feeder.bus_number], atol=1e-7)


def test_a_mesh_is_refused() -> None:
    net = small_net()
    net.switch["closed"] = True
    with pytest.raises(RecordError, match="not radial"):
        feeder_of_net(net, "mesh")


def test_placeholder_ratings_are_refused() -> None:
    with pytest.raises(RecordError, match="placeholder"):
        feeder_of_net(small_net(rating_ka=99999.0), "rated")


def test_lines_that_close_a_ring_are_refused_with_the_bus_where_it_closes() -> None:
    """Line 37 joins buses 25 and 29: the ring 3-25, 29-26, 6-3 closes where both ways meet."""
    with pytest.raises(RecordError, match=r"^feeder ieee33: not radial, bus 28 is reached twice \(line row 27\)$"):
        ieee33(open_lines=(33, 34, 35, 36))


@pytest.mark.parametrize(("name", "counts"), [("contiguous", (16, 9, 7)), ("public", (15, 9, 8))])
def test_zone_maps_cover_every_bus_but_the_slack(name: str, counts: tuple[int, ...]) -> None:
    zones = zone_map(name)  # type: ignore[arg-type]
    assert sorted(zones) == list(range(2, 34))
    assert tuple(np.bincount(list(zones.values()))) == counts


def test_fast_ports_stand_in_the_commercial_zone_only() -> None:
    places = site(FEEDER, zone_map("contiguous"), slow_ports_per_bus=8, fast_ports_per_bus=3)
    assert places.bus_zone[0] == -1 and places.slow_ports[0] == 0
    assert places.slow_ports.sum() == 32 * 8
    assert places.fast_ports.sum() == 9 * 3
    assert np.all(places.fast_ports[places.bus_zone != 1] == 0)


def test_a_zone_map_of_another_feeder_is_refused() -> None:
    with pytest.raises(RecordError, match="does not have"):
        site(FEEDER, {99: 0})


def test_a_feeder_at_no_load_loses_nothing() -> None:
    idle = replace(FEEDER, v_slack_pu=1.02)
    flow = ac_engine(idle).power_flow(np.zeros((1, 33)), np.zeros((1, 33)))
    assert flow.losses_kw[0] == pytest.approx(0.0, abs=1e-9)
    assert np.allclose(flow.vm_pu, 1.02)


def test_the_table_is_case33bw() -> None:
    """Each branch and load, the tie lines too, against the network as pandapower ships it."""
    net = networks.case33bw()
    net.line["in_service"] = ~np.isin(np.arange(1, 38), (7, 9, 14, 32, 37))
    theirs = feeder_of_net(net, "case33bw", FeederLimits(line_rating_a=200.0))
    ours = tie_configuration()
    assert np.array_equal(ours.bus_number, theirs.bus_number + 1)
    for name in ("parent", "p_base_kw", "q_base_kvar", "r_pu", "x_pu", "transformer_kva"):
        assert np.allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-12), name
    assert ours.nominal_kv == theirs.nominal_kv


def test_the_grid_of_the_fast_engine_is_what_its_own_converter_makes() -> None:
    """Voltages at base load, equal to rounding; and both find the reference's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="LightSim has not found any generators")
        grid = init_from_pandapower(PandapowerEngine(FEEDER)._net)
    converted = grid.ac_pf(np.ones(FEEDER.bus_count, dtype=np.complex128), 30, 1e-10)
    ours = LightsimEngine(FEEDER).power_flow(FEEDER.p_base_kw[None], FEEDER.q_base_kvar[None])
    assert np.allclose(np.abs(converted), ours.vm_pu[0], atol=1e-12)
    assert engine_error_pu(FEEDER) < 1e-12
