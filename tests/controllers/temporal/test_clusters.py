"""Identical units planned as numbers of running units: the optimum of single units, schedules that they can keep."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest

from controllers.port import PlanError, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment import clusters
from controllers.temporal.unit_commitment.accounts import account
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.clusters import clustered, commit_by_clusters, identical_units
from controllers.temporal.unit_commitment.commitment import commit
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import Commitment, dispatch
from controllers.temporal.unit_commitment.tuning import Tuning
from models.records.arrays import Ints
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits
from models.system.units import ten_unit_load_mw, ten_units

H = 8
HILL = [70.0, 95, 130, 150, 165, 120, 90, 62]


def several(units: ThermalUnits, rows: list[int], initial_h: list[int], **changes: object) -> ThermalUnits:
    """Row i of `units` once per entry of `rows`, with these hours on before the plan."""
    data = {f.name: getattr(units, f.name)[rows] for f in fields(units) if f.name != "names"}
    names = tuple(f"{units.names[i]} {k}" for k, i in enumerate(rows))
    return ThermalUnits(**(data | {"names": names, "initial_h": np.array(initial_h)} | changes))


def _case(build: SimpleNamespace, units: ThermalUnits, load: np.ndarray, **known: object) -> Case:
    k = build.knowledge(H, units=units, mip_gap=1e-8, **known)
    return make_case(k, build.view(k, load), "bidirectional", 20.0, np.ones(H))


# ------------------------------------------------------------------ who is alike
def test_copies_are_alike_and_the_ten_units_are_not() -> None:
    assert [m.tolist() for m in identical_units(ten_units())] == [[i] for i in range(10)]
    assert [m.tolist() for m in identical_units(ten_units(unit_copies=3))] == [[i, i + 10, i + 20] for i in range(10)]


def test_without_identical_units_the_problem_is_the_same_object(build: SimpleNamespace) -> None:
    case = _case(build, build.small_units(), np.array(HILL))
    assert clustered(case) is case


def test_each_optional_limit_tells_units_apart() -> None:
    units = ten_units(unit_copies=2, ramps="ten_unit")
    slower = replace(units, ramp_up_mw_per_h=units.ramp_up_mw_per_h * np.where(np.arange(20) == 13, 0.9, 1.0))
    assert len(identical_units(units)) == 10
    assert [m.tolist() for m in identical_units(slower)][3:5] == [[3], [4, 14]]


# ------------------------------------------------------------------ equal optima
@pytest.mark.parametrize("seed", range(8))
def test_clusters_give_the_optimum_of_single_units(seed: int, build: SimpleNamespace) -> None:
    """Random days, ages and start costs; the shared-out schedule costs what the clusters' problem says."""
    rng = np.random.default_rng(seed)
    hot = np.array([400.0, 150, 30]) * rng.uniform(0.2, 1.0, 3)
    kinds = build.small_units(start_hot_usd=hot, min_up_h=rng.integers(1, 5, 3), min_down_h=rng.integers(1, 4, 3),
                              cold_start_h=rng.integers(0, 4, 3))
    ages = [int(a) for a in rng.integers(1, 7, 7) * np.where(np.arange(7) < 2, 1, rng.choice([-1, 1], 7))]
    units = several(kinds, [0, 0, 1, 1, 1, 2, 2], ages)
    case = _case(build, units, rng.uniform(190, 390, H), reserve_rule="thermal_only", tangents=6)
    single, together = commit(case, 1e-8, 5000), commit_by_clusters(case, 1e-8, 5000)
    assert together.objective_usd == pytest.approx(single.objective_usd, rel=2e-7)
    assert together.u.shape == single.u.shape
    powers = dispatch(case, together.u, np.zeros(0))
    assert account(case, together.u, powers).objective_usd == pytest.approx(powers.objective_usd, rel=1e-6)
    assert together.bound_usd <= powers.objective_usd <= together.objective_usd * (1 + 3e-4)


@pytest.mark.parametrize("control", ["bidirectional", "none"])
def test_with_cars_and_two_districts(control: str, build: SimpleNamespace) -> None:
    """Merged cohorts, clustered units: the plan passes the judge and costs no more than with single units."""
    units = several(build.small_units(), [0, 0, 1, 1, 2, 2], [6, 6, -5, -3, -1, -2])
    k = build.knowledge(H, units=units, mip_gap=1e-5)
    v = build.view(k, 2 * np.array(HILL), (build.few_cars(scale=0.2), build.few_cars(scale=1.5)))
    together, single = (UnitCommitment(k, control, Tuning(clusters=switch)).plan(v) for switch in (True, False))
    for plan in (together, single):
        assert check_plan(k, v, plan, control) == []
    assert together.objective_usd == pytest.approx(single.objective_usd, rel=5e-5)
    assert max(together.bound_usd, single.bound_usd) <= min(together.objective_usd, single.objective_usd) + 0.01


def test_without_clusters_or_with_the_ten_units_answer_nothing_changes(build: SimpleNamespace) -> None:
    k = build.knowledge(H, units=build.small_units())
    v = build.view(k, HILL, (build.few_cars(),))
    clustered, other = (UnitCommitment(k, tuning=Tuning(clusters=switch)).plan(v) for switch in (True, False))
    assert clustered.objective_usd == other.objective_usd
    assert np.array_equal(clustered.committed, other.committed)


def test_surplus_wind_counts_every_unit_of_a_cluster(build: SimpleNamespace) -> None:
    """The lowest price of an hour follows from the least power of all units, not of one per kind."""
    units = several(build.small_units(), [0, 0, 0], [6, 6, 6])
    k = build.knowledge(H, units=units)
    v = build.view(k, [125.0] * H, wind_mw=np.full(H, 10.0))
    case = make_case(k, v, "bidirectional", 20.0, np.ones(H))
    assert np.array_equal(clustered(case).lowest_price(), case.lowest_price())
    assert np.all(case.lowest_price() == -75.0)


# ------------------------------------------------------------------ sharing out
def _shared(build: SimpleNamespace, ages: list[int], u: list[int], starts: list[int] | None = None) -> Ints:
    """Single schedules of `mid` units (MU = MD = 3 h, hot within 4 h) from numbers of running units."""
    units = several(build.small_units(), [1] * len(ages), ages)
    together = clustered(_case(build, units, np.full(H, 50.0)))
    given = None if starts is None else np.array([starts])
    return clusters.single_schedules(together, Commitment(np.array([u]), np.zeros(0), 0.0, 0.0, "", 0.0, 0.0, given))


def test_the_unit_that_has_run_longest_stops_first(build: SimpleNamespace) -> None:
    assert _shared(build, [2, 9, 4], [3, 2, 2, 1, 1, 0, 0, 0]).tolist() == [
        [1, 1, 1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0]]


def test_a_start_takes_the_unit_that_is_still_hot(build: SimpleNamespace) -> None:
    """Unit 1 stops after hour 1 and is hot in hour 5; unit 2 was off for days and stays off."""
    assert _shared(build, [5, -40], [1, 0, 0, 0, 1, 1, 1, 1])[0].tolist() == [1, 0, 0, 0, 1, 1, 1, 1]


def test_a_start_takes_a_cold_unit_while_the_other_must_rest(build: SimpleNamespace) -> None:
    assert _shared(build, [5, -40], [1, 0, 1, 1, 1, 1, 1, 1])[1].tolist() == [0, 0, 1, 1, 1, 1, 1, 1]


def test_one_may_start_in_the_hour_in_which_another_stops(build: SimpleNamespace) -> None:
    both = _shared(build, [5, -40], [1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0, 0, 0])
    assert both.tolist() == [[1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1, 1, 1]]


@pytest.mark.parametrize(("ages", "u", "what"), [
    ([5, 5], [2, 1, 2, 2, 2, 2, 2, 2], "minimum down time of 3 h"),
    ([5, -9], [1, 2, 0, 0, 0, 0, 0, 0], "minimum up time of 3 h"),
    ([5, -9], [1, 2, 3, 3, 3, 3, 3, 3], "^2 x mid 0: more starts than units at rest$"),
])
def test_what_single_units_cannot_keep_is_refused(ages: list[int], u: list[int], what: str,
                                                  build: SimpleNamespace) -> None:
    with pytest.raises(PlanError, match=what):
        _shared(build, ages, u)


@pytest.mark.slow
# ------------------------------------------------------------------ ramps in clusters
def test_ramps_of_clusters_end_in_plans_that_every_unit_can_keep(build: SimpleNamespace) -> None:
    limits = {"ramp_up_mw_per_h": np.repeat([12.0, 15, 20], 2), "ramp_down_mw_per_h": np.repeat([15.0, 12, 20], 2),
              "p_startup_max_mw": np.repeat([50.0, 25, 10], 2), "p_shutdown_max_mw": np.repeat([60.0, 30, 12], 2)}
    units = several(build.small_units(), [0, 0, 1, 1, 2, 2], [6, 6, -5, -3, -1, -2], **limits)
    k = build.knowledge(H, units=units, mip_gap=1e-5, reserve_rule="thermal_only")
    v = build.view(k, 2 * np.array(HILL), p_mw=np.array([60.0, 70, 0, 0, 0, 0]))
    together, single = (UnitCommitment(k, "none", Tuning(clusters=switch)).plan(v) for switch in (True, False))
    assert check_plan(k, v, together, "none") == []
    assert together.objective_usd == pytest.approx(single.objective_usd, rel=5e-5)
    assert together.bound_usd <= single.objective_usd + 0.01


# ------------------------------------------------------------------ a hundred units
def _hundred(gap: float) -> tuple[TemporalKnowledge, SystemView]:
    units = ten_units(unit_copies=10)
    known = TemporalKnowledge(
        units=units, horizon_h=24, binding_h=24, objective=Objective(owners=0.0, curtailment=0.0, carbon=0.0),
        carbon_price_usd_per_t=0.0, curtailment_penalty_usd_per_mwh=0.0, wear_usd_per_kwh=np.zeros(18),
        tariff_in_objective=False, reserve_rule="thermal_only", reserve_fraction=0.1,
        reserve_curve=ReserveCurve.flat(1000.0), terminal="free", tangents=12, mip_gap=gap, district_names=())
    none = np.zeros(24)
    view = SystemView(time_s=0, load_mw=10 * ten_unit_load_mw(), wind_mw=none, pv_mw=none,
                      price_charge_usd_per_kwh=none, price_discharge_usd_per_kwh=none, districts=(),
                      hours_on=units.initial_h, p_mw=units.p_min_mw)
    return known, view


@pytest.mark.parametrize("gap", [1e-3, pytest.param(1e-4, marks=pytest.mark.slow)])
def test_a_hundred_units_are_proven_after_sharing_out(gap: float) -> None:
    """Best known for ten copies on ten times the load: at most 5,597,760 $ + 0.01 % (C)."""
    known, view = _hundred(gap)
    plan = UnitCommitment(known, "none").plan(view)
    assert check_plan(known, view, plan, "none") == []
    assert plan.gap_rel <= gap + 1e-6, "the solver's gap, and what its tangents leave of the true curves"
    assert plan.bound_usd <= 5_597_800
    assert plan.objective_usd == pytest.approx(5_597_760, rel=gap)
    assert plan.committed.shape == (100, 24)
