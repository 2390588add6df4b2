"""The last plan's schedule begins the next search: it may spare a search, and never changes what is best or proven."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from controllers.port import Plan
from controllers.temporal.unit_commitment import commitment
from controllers.temporal.unit_commitment.clusters import clustered, commit_by_clusters
from controllers.temporal.unit_commitment.commitment import commit
from controllers.temporal.unit_commitment.last_plan import BESIDE_H, held, last_schedule, too_short
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models.records.arrays import Ints
from models.system.units import ten_units

H = 8
TIGHT = 1e-9
HILL = (100.0, 130.0, 170.0, 200.0, 150.0, 110.0, 100.0, 120.0)


@pytest.fixture
def case(build: SimpleNamespace) -> Case:
    return build.hill()


def after(case: Case, last: Ints) -> Case:
    return replace(case, view=replace(case.view, last_committed=np.asarray(last, dtype=np.int64)))


@pytest.mark.parametrize("last", ["the best", "all off", "all on", "nonsense"])
def test_the_optimum_and_its_bound_are_those_of_a_first_plan(case: Case, last: str) -> None:
    first = commit(case, TIGHT, 2000)
    shape = first.u.shape
    schedule = {"the best": first.u, "all off": np.zeros(shape), "all on": np.ones(shape),
                "nonsense": np.arange(first.u.size).reshape(shape) % 2}[last]
    again = commit(after(case, schedule), TIGHT, 2000)
    assert again.objective_usd == pytest.approx(first.objective_usd, rel=1e-7)
    assert again.bound_usd == pytest.approx(first.bound_usd, rel=1e-7)


def test_a_good_last_schedule_spares_the_search_for_another(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    first = commit(case, 0.01, 2000)
    searched: list[bool] = []
    monkeypatch.setattr(commitment, "_clear", lambda *_: searched.append(True))
    commit(after(case, first.u), 0.01, 2000)
    assert not searched


@pytest.mark.slow
def test_identical_units_are_counted_with_their_starts(build: SimpleNamespace) -> None:
    """Planned together they begin with the last plan of single units too, and nothing about the optimum changes."""
    units = ten_units(unit_copies=2)
    known = build.knowledge(H, units=units, mip_gap=1e-5)
    case = UnitCommitment(known, "none")._case(build.view(known, 9 * np.array(HILL)))
    first = commit_by_clusters(case, 1e-5, 2000)
    together = clustered(after(case, first.u))
    u, y = last_schedule(together).reshape(2, -1, H)
    assert together.clusters is not None
    for row, members in enumerate(together.clusters.members):
        np.testing.assert_array_equal(u[row], first.u[members].sum(axis=0))
    was_on = (case.view.hours_on > 0)[:, None].astype(np.int64)
    assert y.sum() == np.maximum(np.diff(first.u, axis=1, prepend=was_on), 0).sum()
    again = commit_by_clusters(after(case, first.u), 1e-5, 2000)
    assert again.objective_usd == pytest.approx(first.objective_usd, rel=2e-5)


def test_what_breaks_minimum_times_is_found_anew(case: Case) -> None:
    units = case.knowledge.units
    slow = int(np.argmax(units.min_up_h))
    last = np.zeros((units.count, H), dtype=np.int64)
    last[slow, 4] = 1  # one hour on
    assert units.min_up_h[slow] > 1
    short = too_short(after(case, last))
    assert short[slow, 4 - BESIDE_H:5 + BESIDE_H].all()
    relaxed = last_schedule(after(case, last))
    assert np.isnan(held(after(case, last), relaxed)).sum() == short.sum()


def test_a_run_that_the_horizon_cuts_is_not_too_short(case: Case) -> None:
    units = case.knowledge.units
    slow = int(np.argmax(units.min_up_h))
    hours_on = np.full(units.count, -50)
    last = np.zeros((units.count, H), dtype=np.int64)
    last[slow, -1] = 1
    rested = replace(case, view=replace(case.view, hours_on=hours_on))
    assert not too_short(after(rested, last)).any()


def test_what_the_units_have_behind_them_counts(case: Case) -> None:
    units = case.knowledge.units
    slow = int(np.argmax(units.min_up_h))
    hours_on = np.full(units.count, -50)
    hours_on[slow] = 1  # just started, and the last schedule has it off
    begun = replace(case, view=replace(case.view, hours_on=hours_on))
    short = too_short(after(begun, np.zeros((units.count, H))))
    assert short[slow, 0]
    assert not np.delete(short, slow, axis=0).any()


def test_hours_where_the_relaxed_optimum_differs_are_found_anew(case: Case) -> None:
    rested = replace(case, view=replace(case.view, hours_on=np.full(case.knowledge.units.count, -50)))
    last = after(rested, np.ones((case.knowledge.units.count, H)))
    relaxed = last_schedule(last)
    relaxed[3] = 0.6
    assert np.flatnonzero(np.isnan(held(last, relaxed))).tolist() == [3]


@pytest.mark.parametrize(("horizon_h", "hours", "expected"), [
    (48, 24, [24, 25, 47, 24, 47]), (36, 24, [24, 25, 35, 12, 35]), (24, 24, [0, 1, 23]), (36, 1, [1, 2, 35, 12]),
])
def test_a_plan_carried_on_repeats_its_last_day(horizon_h: int, hours: int, expected: list[int]) -> None:
    plan = plan_of(horizon_h)
    carried = plan.carried_on(hours * 3600)
    kept = horizon_h - hours
    at = [0, 1, kept - 1, kept, horizon_h - 1] if kept > 1 else [0, 1, horizon_h - 1]
    assert carried.shape == (1, horizon_h)
    assert carried[0, at[:len(expected)]].tolist() == expected


def test_a_plan_of_less_than_a_day_is_not_carried_on() -> None:
    assert plan_of(20).carried_on(22 * 3600).size == 0


def plan_of(horizon_h: int) -> Plan:
    """A plan whose schedule counts the hours."""
    values = dict.fromkeys(Plan.__dataclass_fields__, 0.0)
    return Plan(**values | {"time_s": 0, "committed": np.arange(horizon_h)[None, :]})  # type: ignore[arg-type]
