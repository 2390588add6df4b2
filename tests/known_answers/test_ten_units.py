"""The ten-unit system without cars, from the literature and from docs/model.md 9."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers.port import Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.solve import reference_commitment
from models.records.groups import THREE_CLASSES
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.system.units import ten_unit_load_mw, ten_units

UNITS_ON = [2, 2, 3, 3, 4, 5, 5, 5, 7, 8, 9, 10, 8, 7, 5, 5, 5, 5, 5, 8, 7, 5, 3, 2]
H = 24


@pytest.fixture(scope="module")
def problem() -> tuple[TemporalKnowledge, SystemView]:
    units = ten_units()
    known = TemporalKnowledge(
        units=units, horizon_h=H, binding_h=H, objective=Objective(), carbon_price_usd_per_t=0.0,
        curtailment_penalty_usd_per_mwh=75.0, wear_usd_per_kwh=np.full(THREE_CLASSES.count, 0.0536),
        tariff_in_objective=False, reserve_rule="thermal_only", reserve_fraction=0.10,
        reserve_curve=ReserveCurve.flat(1000.0), terminal="match",
        tangents=12, mip_gap=1e-6, district_names=())
    view = SystemView(
        time_s=0, load_mw=ten_unit_load_mw(), wind_mw=np.zeros(H), pv_mw=np.zeros(H),
        price_charge_usd_per_kwh=np.zeros(H), price_discharge_usd_per_kwh=np.zeros(H), districts=(),
        hours_on=units.initial_h, p_mw=units.p_min_mw)
    return known, view


@pytest.fixture(scope="module")
def plan(problem: tuple[TemporalKnowledge, SystemView]) -> Plan:
    return reference_commitment(*problem)


def test_true_cost(plan: Plan) -> None:
    assert plan.objective_usd == pytest.approx(563_937.69, abs=0.5)
    assert plan.operating_cost_usd == plan.objective_usd


def test_bound_with_twelve_tangents(plan: Plan) -> None:
    assert plan.bound_usd == pytest.approx(563_936.9, abs=0.6)
    assert plan.status == "optimal"
    assert plan.gap_rel < 3e-6


def test_units_on_per_hour(plan: Plan) -> None:
    assert plan.committed.sum(axis=0).tolist() == UNITS_ON


def test_the_checker_agrees(plan: Plan, problem: tuple[TemporalKnowledge, SystemView]) -> None:
    assert check_plan(*problem, plan) == []


def test_twenty_small_copies_cost_twice_a_tenth(problem: tuple[TemporalKnowledge, SystemView]) -> None:
    """Two copies of a tenth of the size on a fifth of the load: literature's 20 units, 1,123,802 $ (C), / 10."""
    known, view = problem
    units = ten_units(unit_copies=2, unit_scale=0.1)
    known = replace(known, units=units, mip_gap=1e-3)
    view = replace(view, load_mw=0.2 * view.load_mw, hours_on=units.initial_h, p_mw=units.p_min_mw)
    assert reference_commitment(known, view).objective_usd == pytest.approx(112_380.2, rel=1e-3)
