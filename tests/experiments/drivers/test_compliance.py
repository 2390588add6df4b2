"""The cost of non-compliance from a table, and what cars count for in a plan."""

import numpy as np
import pytest

from experiments.drivers.capacity_credit import room_mw, running_mw
from experiments.drivers.compliance import CALLED, PARTS, picture, summarise
from experiments.runs import save_figure
from models.drivers.willingness import DriverParameters, complies_in_stay
from testbed.sweeping.study import cases_of, load_study

FIGURES = {"society_cost_usd_adjusted": 100.0, "objective_usd_adjusted": 1000.0, "owners_cost_usd_adjusted": 30.0,
           "operator_cost_usd_adjusted": 70.0, "imbalance_cost_usd": 2.0, "uncalled_reserve_usd": 1.0,
           "wear_cost_usd": 4.0,
           "plan_gap_max_rel": 0.001}


def row(controller, rate, seed, status="completed", rho=0.05, **more):
    figures = {name: str(value + more.get(name, 0.0)) for name, value in FIGURES.items()}
    return {"controller": controller, "seed": str(seed), "drivers.compliance_mean": str(rate),
            "drivers.zone_shock_rho": str(rho), "status": status, **figures}


def test_costs_are_paired_by_seed_and_split():
    rows = [row("bilayer", 1.0, 1), row("bilayer", 1.0, 2, society_cost_usd_adjusted=50.0),
            row("bilayer", 0.5, 1, society_cost_usd_adjusted=10.0, imbalance_cost_usd=7.0, wear_cost_usd=-1.0,
                uncalled_reserve_usd=4.0),
            row("bilayer", 0.5, 2, society_cost_usd_adjusted=62.0, imbalance_cost_usd=9.0)]
    costs = {(c.compliance, c.part): c for c in summarise(rows)}
    assert set(costs) == {(rate, part) for rate in (0.5, 1.0) for part in PARTS}
    assert {c.against for c in costs.values()} == {"full compliance"}
    assert costs[0.5, "society"].usd == pytest.approx((10 + 12) / 2)
    assert costs[0.5, CALLED].usd == pytest.approx((10 - 4 + 12) / 2)
    assert costs[0.5, "imbalance"].usd == pytest.approx(8.0)
    assert costs[0.5, "wear"].usd == pytest.approx(-0.5)
    assert costs[1.0, "society"].usd == 0.0 and not costs[1.0, "society"].is_resolved
    assert costs[0.5, "society"].noise_usd == pytest.approx(2.0)  # twice the gap
    assert costs[0.5, "society"].ci95_usd == pytest.approx(12.706 * np.sqrt(2) / np.sqrt(2), rel=1e-3)


def test_what_control_is_worth_is_told_at_the_same_compliance():
    rows = [row("uncoordinated", 1.0, 1), row("uncoordinated", 0.5, 1, society_cost_usd_adjusted=-5.0),
            row("bilayer", 1.0, 1, society_cost_usd_adjusted=-20.0),
            row("bilayer", 0.5, 1, society_cost_usd_adjusted=3.0)]
    gains = {(c.controller, c.compliance): c.usd for c in summarise(rows)
             if c.against == "uncoordinated" and c.part == "society"}
    assert gains == {("bilayer", 1.0): pytest.approx(-20.0), ("bilayer", 0.5): pytest.approx(8.0)}


def test_the_noise_is_that_of_the_coarser_of_both_plans():
    rows = [row("bilayer", 1.0, 1, plan_gap_max_rel=0.004), row("bilayer", 0.5, 1)]
    noise = {c.compliance: c.noise_usd for c in summarise(rows) if c.part == "society"}
    assert noise[0.5] == pytest.approx(2 * 0.005 * 1000)


def test_a_run_at_full_compliance_stands_for_every_correlation():
    rows = [row("bilayer", 1.0, 1, rho=0.0), row("bilayer", 0.5, 1, rho=0.0, society_cost_usd_adjusted=4.0),
            row("bilayer", 0.5, 1, rho=0.05, society_cost_usd_adjusted=6.0)]
    usd = {(c.point, c.compliance): c.usd for c in summarise(rows) if c.part == "society"}
    assert usd == {("zone_shock_rho=0.0", 1.0): 0.0, ("zone_shock_rho=0.05", 1.0): 0.0,
                   ("zone_shock_rho=0.0", 0.5): pytest.approx(4.0), ("zone_shock_rho=0.05", 0.5): pytest.approx(6.0)}


@pytest.mark.parametrize("rho", [0.0, 0.05, 0.6])
def test_where_all_comply_correlation_changes_nothing(rho):
    u = np.random.default_rng(1).random((3, 5000))
    parameters = DriverParameters(compliance_mean=1.0, zone_shock_rho=rho)
    assert complies_in_stay(u[0], np.ones(5000), u[1], u[2], parameters).all()


def test_what_is_missing_is_left_out():
    rows = [row("bilayer", 1.0, 1), row("bilayer", 0.5, 1, status="open"), row("temporal", 0.5, 2)]
    cells = summarise(rows)
    assert {(c.controller, c.compliance) for c in cells} == {("bilayer", 1.0)}
    assert summarise([]) == []


@pytest.mark.slow
def test_a_figure_is_drawn(tmp_path):
    costs = summarise([row("bilayer", rate, 1, society_cost_usd_adjusted=-rate) for rate in (0.5, 1.0)])
    save_figure(picture(costs), tmp_path / "x")
    assert (tmp_path / "x.png").stat().st_size > 5_000 and (tmp_path / "x.svg").is_file()


def test_a_part_that_is_not_known_at_every_rate_is_not_drawn():
    costs = summarise([row("bilayer", rate, 1, society_cost_usd_adjusted=-rate) for rate in (0.5, 1.0)])
    some = [c for c in costs if c.part == "society" or (c.part == "operator" and c.compliance == 0.5)]
    assert [axes.get_title().partition(",")[0] for axes in picture(some).axes] == ["society"]


def test_the_study_is_what_it_says():
    study, file = load_study("compliance")
    points = [(point["drivers.compliance_mean"], point["drivers.zone_shock_rho"]) for point in study.points]
    rates = {rate for rate, _ in points}
    assert study.seeds >= 20 and len(points) == len(set(points))
    assert min(rates) == 0.3 and max(rates) == 1.0 and "uncoordinated" in study.controllers
    assert set(points) == {(rate, rho) for rate in rates for rho in (0.0, 0.05)} - {(1.0, 0.05)}
    names = {name for part in PARTS.values() for name in part} | {"plan_gap_max_rel", "objective_usd_adjusted"}
    assert names <= set(study.metrics)
    assert len(cases_of(study, file.parent)) == len(points) * 20 * len(study.controllers)


class _Cars:
    """One hour of a two-way and a one-way cohort."""

    pd_max_kw = np.array([[100.0, 100.0], [0.0, 0.0]])
    x_min_kwh = np.array([[-20.0, -40.0], [0.0, 0.0]])
    eta_charge = eta_discharge = np.array([0.8, 0.8])


class _Plan:
    pc_kw = (np.array([[0.0, 0.0], [30.0, 50.0]]),)
    pd_kw = (np.array([[8.0, 16.0], [0.0, 0.0]]),)
    committed = np.array([[1, 1], [0, 1]])


class _View:
    districts = (_Cars(),)


def test_room_of_cars_by_hand():
    discharge, (more, less), energy = room_mw(_Plan(), _View(), 1)
    assert (discharge, more, less) == pytest.approx((0.016, 0.084, 0.05))
    # taken out: 10 + 20 kWh of the 40 that may be; 10 left, of which 8 reach the bus
    assert energy == pytest.approx(0.008)


def test_running_capacity():
    class Knowledge:
        class units:
            p_max_mw = np.array([100.0, 60.0])
    assert [running_mw(Knowledge, _Plan(), hour) for hour in (0, 1)] == [100.0, 160.0]
