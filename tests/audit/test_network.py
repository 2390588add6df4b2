"""The audit's own power flow: cases one can do by hand, and the published feeder."""

import numpy as np
import pytest

from audit.network import Tree
from audit.tables import MODEL_DATA, numbers


def two_buses(r_pu, x_pu=0.0, turns_ratio=1.0, y_pu=0.0):
    return Tree(np.array([-1, 0]), np.array([0.0, r_pu + 1j * x_pu]), 1.0, np.array([1.0, turns_ratio]),
                np.array([0.0, y_pu]))


def test_two_buses_by_the_quadratic_formula():
    """v (1 - v) = r p, 0.1 pu and 900 kW: v = (1 + sqrt(1 - 0.36))/2 = 0.9, so 1 pu flows, 100 kW are lost."""
    flow = two_buses(0.1).flow(np.array([[0.0, 900.0]]), np.zeros((1, 2)))
    assert flow.vm_pu[0] == pytest.approx([1.0, 0.9], abs=1e-12)
    assert flow.losses_kw == pytest.approx([100.0], abs=1e-9)
    assert flow.p_slack_kw == pytest.approx([1000.0], abs=1e-9)
    assert flow.current_pu[0] == pytest.approx([0.0, 1.0], abs=1e-12)


def test_a_transformer_raises_the_voltage_that_its_line_begins_with():
    """v (1.25 - v) = r p = 0.125: v = (1.25 + sqrt(1.25^2 - 0.5))/2, and the current is p/v."""
    tree = two_buses(0.1, turns_ratio=1.25)
    flow = tree.flow(np.array([[0.0, 1250.0]]), np.zeros((1, 2)))
    v = (1.25 + np.sqrt(1.25**2 - 0.5)) / 2
    assert flow.vm_pu[0] == pytest.approx([1.0, v], abs=1e-12)
    assert flow.current_pu[0, 1] == pytest.approx(1.25 / v, abs=1e-12)
    assert flow.losses_kw == pytest.approx([100 * (1.25 / v) ** 2], abs=1e-9)
    behind, _ = tree.powers_behind(flow.vm_pu, np.zeros((1, 2)))
    assert behind[0, 1] == pytest.approx(1250.0, abs=1e-6)


def test_a_conductance_divides_the_voltage():
    """0.25 pu of resistance before 1 pu of conductance: v = 0.8; r i^2 = 160 kW and g v^2 = 640 kW are lost."""
    tree = two_buses(0.25, y_pu=1.0)
    flow = tree.flow(np.zeros((1, 2)), np.zeros((1, 2)))
    assert flow.vm_pu[0] == pytest.approx([1.0, 0.8], abs=1e-12)
    assert (flow.losses_kw[0], flow.p_slack_kw[0], flow.q_slack_kvar[0]) == pytest.approx((800.0, 800.0, 0.0))
    behind, losses = tree.powers_behind(flow.vm_pu, np.zeros((1, 2)))
    assert (behind[0, 1], losses[0]) == pytest.approx((0.0, 800.0), abs=1e-6)


def test_a_capacitor_raises_the_voltage_behind_a_reactance():
    """v = 1/(1 - x b) = 1.25 at x b = 0.2, and b v^2 = 1562.5 kvar less 312.5 in the line flow back."""
    flow = two_buses(1e-12, x_pu=0.2, y_pu=1.0j).flow(np.zeros((1, 2)), np.zeros((1, 2)))
    assert flow.vm_pu[0, 1] == pytest.approx(1.25, abs=1e-9) and flow.q_slack_kvar[0] == pytest.approx(-1250.0)


def test_a_load_at_the_substation_loses_nothing():
    flow = two_buses(0.1).flow(np.array([[50.0, 0.0]]), np.array([[20.0, 0.0]]))
    assert (flow.p_slack_kw[0], flow.q_slack_kvar[0], flow.losses_kw[0]) == pytest.approx((50.0, 20.0, 0.0))


def test_no_power_flow_is_nan():
    """Half of 1/(4 r) = 2.5 pu is the most that the line can carry."""
    assert np.isnan(two_buses(0.1).flow(np.array([[0.0, 3000.0]]), np.zeros((1, 2))).vm_pu).all()


def ieee33():
    names = ("line", "from_bus", "to_bus", "r_ohm", "x_ohm", "load_p_kw", "load_q_kvar")
    rows = numbers(MODEL_DATA / "ieee33.csv", *names)
    _, start, end, r, x, p, q = rows[:, rows[0] <= 32]
    order = np.argsort(end)
    parent = np.concatenate([[-1], start[order].astype(int) - 1])
    z = np.concatenate([[0.0], (r + 1j * x)[order] / 12.66**2])
    p_kw, q_kvar = (np.concatenate([[0.0], load[order]]) for load in (p, q))
    return Tree(parent, z, 1.0, np.ones(parent.size), np.zeros(parent.size)), p_kw, q_kvar


def test_the_ieee_feeder_at_its_peak():
    """Baran and Wu: 202.677 kW of losses, 0.91309 pu at bus 18."""
    tree, p_kw, q_kvar = ieee33()
    flow = tree.flow(p_kw[None, :], q_kvar[None, :])
    assert flow.losses_kw[0] == pytest.approx(202.677, abs=1e-3)
    assert flow.vm_pu[0, 17] == pytest.approx(0.91309, abs=1e-5)


def test_powers_are_found_again_behind_voltages():
    """Also where buses give back."""
    tree, p_kw, q_kvar = ieee33()
    p_kw = np.stack([p_kw, -0.5 * p_kw])
    q_kvar = np.stack([q_kvar, q_kvar])
    flow = tree.flow(p_kw, q_kvar)
    behind, losses = tree.powers_behind(flow.vm_pu, q_kvar)
    assert behind[:, 1:] == pytest.approx(p_kw[:, 1:], abs=1e-5)
    assert losses == pytest.approx(flow.losses_kw, abs=1e-6)
