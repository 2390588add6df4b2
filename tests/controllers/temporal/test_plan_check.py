"""The independent checker names every kind of planted violation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from controllers.port import Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.checking.possible import why_impossible
from controllers.temporal.unit_commitment.solve import UnitCommitment

H = 8
HILL = [70.0, 95, 130, 150, 165, 120, 90, 62]


@pytest.fixture
def sound(build: SimpleNamespace) -> tuple[TemporalKnowledge, SystemView, Plan]:
    known = build.knowledge(H, units=build.small_units())
    view = build.view(known, HILL, (build.few_cars(scale=0.2), build.few_cars()), wind_mw=np.full(H, 5.0))
    return known, view, UnitCommitment(known).plan(view)


def _changed(array: Any, at: tuple[int, ...] | int, by: float) -> Any:
    out = np.array(array)
    out[at] += by
    return out


def _cohort(plan: Plan, name: str, district: int, at: tuple[int, int], by: float) -> Plan:
    powers = list(getattr(plan, name))
    powers[district] = _changed(powers[district], at, by)
    return replace(plan, **{name: tuple(powers)})


def _first_charge(plan: Plan) -> tuple[int, int]:
    row, hour = np.unravel_index(np.argmax(plan.pc_kw[1]), plan.pc_kw[1].shape)
    return int(row), int(hour)


PLANTED: dict[str, Callable[[Plan], Plan]] = {
    "balance": lambda p: replace(p, p_mw=_changed(p.p_mw, (0, 2), 0.01)),
    "minimum_power": lambda p: replace(p, p_mw=_changed(p.p_mw, (0, 3), -80.0)),
    "maximum_power": lambda p: replace(p, p_mw=_changed(p.p_mw, (0, 3), 80.0)),
    "commitment_binary": lambda p: replace(p, committed=_changed(p.committed, (0, 3), 1)),
    "minimum_up": lambda p: replace(p, committed=np.array([[1] * 8, [0, 1, 0, 1, 1, 1, 1, 1], [1] * 8])),
    "minimum_down": lambda p: replace(p, committed=np.array([[1, 0, 1, 1, 1, 1, 1, 1], [0] * 8, [1] * 8])),
    "renewables": lambda p: replace(p, wind_curtailed_mw=_changed(p.wind_curtailed_mw, 4, 6.0)),
    "reserve": lambda p: replace(p, committed=np.array([[1] * 8, [0] * 8, [0] * 8])),
    "cohort_power": lambda p: _cohort(p, "pc_kw", 1, (0, 0), 5.0),
    "cohort_x_min": lambda p: _cohort(p, "pc_kw", 1, _first_charge(p), -float(p.pc_kw[1].max())),
    "cohort_x_max": lambda p: _cohort(p, "pc_kw", 1, _first_charge(p), 90_000.0),
    "terminal": lambda p: _cohort(p, "pd_kw", 1, (1 * 9 + 8, 7), 2000.0),
    "bound": lambda p: replace(p, bound_usd=p.objective_usd + 10.0),
}


@pytest.mark.parametrize("rule", sorted(PLANTED))
def test_a_planted_violation_is_named(rule: str, sound: tuple[TemporalKnowledge, SystemView, Plan]) -> None:
    known, view, plan = sound
    assert check_plan(known, view, plan) == []
    violations = check_plan(known, view, PLANTED[rule](plan))
    assert rule in {violation.rule for violation in violations}


def test_energy_that_is_missing_at_a_cyclic_end_is_named(build: SimpleNamespace) -> None:
    """Cars that left took 27.5 MWh along, which those that stay charge; 3 MWh given back at the end are 3/0.95."""
    cars = build.cohorts(H, np.array([1, 0]), np.zeros(2, dtype=int), np.array([12, 4]), np.array([20.0, 27.5]),
                         np.array([48.0, 27.5]), np.full(2, 7.0), np.full(2, 1000.0))
    known = build.knowledge(H, units=build.small_units(), terminal="cyclic")
    view = build.view(known, HILL, (build.few_cars(scale=0.0), cars))
    plan = UnitCommitment(known).plan(view)
    assert check_plan(known, view, plan) == []
    violations = check_plan(known, view, _cohort(plan, "pd_kw", 1, (1 * (H + 1) + H, 7), 3000.0))
    ends = [v for v in violations if v.rule == "terminal"]
    assert [(v.hour, v.who) for v in ends] == [(-1, "all cars")]
    assert ends[0].amount == pytest.approx(3000.0 / 0.95, abs=1.0)


@pytest.mark.parametrize(("by_mw", "is_told"), [(0.9e-3, False), (1.1e-3, True)])
def test_a_plan_is_impossible_only_beyond_a_solvers_rounding(
        by_mw: float, is_told: bool, sound: tuple[TemporalKnowledge, SystemView, Plan]) -> None:
    """A hundred-thousandth of the largest unit's 100 MW; the checker itself names a tenth of that."""
    known, view, plan = sound
    wrong = replace(plan, p_mw=_changed(plan.p_mw, (0, 2), -by_mw))
    assert "balance" in {v.rule for v in check_plan(known, view, wrong)}
    told = why_impossible(known, view, wrong, "bidirectional")
    assert told == ("p_mw [MW]: impossible plan, balance hour 3 system: 0.0011 (1 in all)" if is_told else "")


@pytest.mark.parametrize("name", ["operating_cost_usd", "owners_net_usd", "curtailment_usd", "carbon_cost_usd",
                                  "carbon_t", "objective_usd"])
def test_a_wrong_cost_is_named(name: str, sound: tuple[TemporalKnowledge, SystemView, Plan]) -> None:
    known, view, plan = sound
    violations = check_plan(known, view, replace(plan, **{name: getattr(plan, name) + 1.0}))
    assert [(v.rule, v.who) for v in violations] == [("cost", name)]


def test_hour_unit_and_amount_are_in_the_message(sound: tuple[TemporalKnowledge, SystemView, Plan]) -> None:
    known, view, plan = sound
    violations = check_plan(known, view, replace(plan, p_mw=_changed(plan.p_mw, (0, 3), 80.0)))
    assert str(next(v for v in violations if v.rule == "balance")) == "balance hour 4 system: 80"


@pytest.mark.parametrize(("initial", "row", "who"), [
    ((1, -5, -1), [0, 0, 0, 0, 1, 1, 1, 1], "base"),
    ((6, -1, -1), [1, 1, 1, 1, 1, 1, 1, 1], "mid"),
])
def test_times_from_before_the_plan_count(initial: tuple[int, int, int], row: list[int], who: str,
                                          build: SimpleNamespace) -> None:
    """A unit on for one hour may not stop, one off for one hour may not start, if its minimum is longer."""
    known = build.knowledge(H, units=build.small_units(initial_h=np.array(initial)))
    view = build.view(known, [60.0] * H)
    plan = UnitCommitment(known).plan(view)
    committed = np.array(plan.committed)
    committed[("base", "mid").index(who)] = row
    violations = check_plan(known, view, replace(plan, committed=committed))
    assert ("initial_status", who) in {(v.rule, v.who) for v in violations}


def test_hot_and_cold_starts_are_recomputed(build: SimpleNamespace) -> None:
    """mid rests for 3 h (hot at 150 $, up to 3 + 1 h) or for 5 h (cold at 330 $) in hand-made schedules."""
    known = build.knowledge(H, units=build.small_units(initial_h=np.array([6, 3, -1])), reserve_fraction=0.0,
                            carbon_price_usd_per_t=0.0)
    view = build.view(known, [60.0] * H)
    plan = UnitCommitment(known).plan(view)
    fuel = {}
    for rest, price in ((3, 150.0), (5, 330.0)):
        committed = np.array([[1] * H, [1] + [0] * rest + [1] * (H - 1 - rest), [0] * H])
        p = np.stack([60.0 - 20.0 * committed[1], 20.0 * committed[1], np.zeros(H)])
        burnt = float(known.units.fuel_cost_usd_per_h(p.T, committed.T).sum())
        right = replace(plan, committed=committed, p_mw=p, operating_cost_usd=burnt + price)
        fuel[rest] = [v.who for v in check_plan(known, view, right) if v.rule == "cost"]
    assert all("operating_cost_usd" not in names for names in fuel.values())


def test_charging_and_discharging_in_full_at_once_is_named(
        sound: tuple[TemporalKnowledge, SystemView, Plan]) -> None:
    known, view, plan = sound
    both = tuple(np.array(d.pc_max_kw) * (d.pd_max_kw > 0) for d in view.districts)
    violations = check_plan(known, view, replace(plan, pc_kw=both, pd_kw=both))
    assert "cohort_sharing" in {v.rule for v in violations}


def test_cycling_is_named_only_where_it_pays(build: SimpleNamespace) -> None:
    wind = np.array([40.0] + [0.0] * 7)
    known = build.knowledge(H, units=build.small_units(initial_h=np.array([1, -5, -3])), terminal="free",
                            tariff_in_objective=False, wear_usd_per_kwh=np.zeros(18))
    view = build.view(known, [45.0, *HILL[1:]], (build.full_cars(40_000),), wind_mw=wind)
    plan = UnitCommitment(known).plan(view)
    row = int(np.argmax(view.districts[0].pc_max_kw[:, 0]))
    both = _cohort(_cohort(plan, "pc_kw", 0, (row, 0), 100.0), "pd_kw", 0, (row, 0), 90.25)
    assert ("cycling", 0) in {(v.rule, v.hour) for v in check_plan(known, view, both)}
    worn = replace(known, wear_usd_per_kwh=np.full(18, 0.05))
    assert "cycling" not in {v.rule for v in check_plan(worn, view, both)}


# ------------------------------------------------------------------ ramps
LIMITS = {"ramp_up_mw_per_h": np.array([30.0, 25, 20]), "ramp_down_mw_per_h": np.array([30.0, 25, 20]),
          "p_startup_max_mw": np.array([50.0, 45, 20]), "p_shutdown_max_mw": np.array([50.0, 35, 12])}


@pytest.mark.parametrize(("limit", "value", "before", "powers", "expected"), [
    ("ramp_up_mw_per_h", 25.0, 30.0, [30.0, 56, 60], ("ramp_up", 1, 1.0)),
    ("ramp_up_mw_per_h", 25.0, 30.0, [56.0, 58, 60], ("ramp_up", 0, 1.0)),
    ("ramp_up_mw_per_h", 25.0, 0.0, [56.0, 58, 60], None),
    ("ramp_down_mw_per_h", 25.0, 60.0, [60.0, 34, 30], ("ramp_down", 1, 1.0)),
    ("p_startup_max_mw", 45.0, 30.0, [30.0, 0, 0, 0, 46], ("startup_limit", 4, 1.0)),
    ("p_shutdown_max_mw", 45.0, 30.0, [30.0, 46, 0], ("shutdown_limit", 2, 1.0)),
    ("p_shutdown_max_mw", 45.0, 46.0, [0.0], ("shutdown_limit", 0, 1.0)),
    ("p_shutdown_max_mw", 45.0, 0.0, [0.0], None),
])
def test_changes_of_power_are_judged(limit: str, value: float, before: float, powers: list[float],
                                     expected: tuple[str, int, float] | None, build: SimpleNamespace) -> None:
    """`mid` has been on for 9 h at `before` MW; 0 MW of a unit that is on is a power that nobody measured."""
    known = build.knowledge(H, units=build.small_units(initial_h=np.array([6, 9, -5])))
    view = build.view(known, [100.0] * H, p_mw=np.array([50.0, before, 0.0]))
    plan = UnitCommitment(known).plan(view)
    row = np.array(powers + [powers[-1]] * (H - len(powers)))
    p = np.array(plan.p_mw)
    p[1] = row
    planned = replace(plan, committed=np.stack([plan.committed[0], (row > 0).astype(int), plan.committed[2]]), p_mw=p)
    limits = np.array([np.inf, value, np.inf])
    violations = check_plan(replace(known, units=replace(known.units, **{limit: limits})), view, planned)
    seen = [(v.rule, v.hour, v.amount) for v in violations if v.rule in ("ramp_up", "ramp_down") or "limit" in v.rule]
    assert seen == ([] if expected is None else [(expected[0], expected[1], pytest.approx(expected[2]))])


@pytest.mark.parametrize("before", [(60.0, 0.0, 0.0), (0.0, 0.0, 0.0)])
def test_the_checker_accepts_plans_with_ramps(before: tuple[float, ...], build: SimpleNamespace) -> None:
    known = build.knowledge(H, units=build.small_units(**LIMITS))
    view = build.view(known, HILL, (build.few_cars(scale=0.3),), p_mw=np.array(before))
    plan = UnitCommitment(known).plan(view)
    assert check_plan(known, view, plan) == []
    free = UnitCommitment(replace(known, units=build.small_units())).plan(view)
    assert free.objective_usd < plan.objective_usd - 1.0
    assert check_plan(known, view, free) != []
