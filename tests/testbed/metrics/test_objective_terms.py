"""A term of the objective: one line of the list, its equation, its figure. Plan, account and figure then have it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers.port import Plan, SystemView, TemporalKnowledge
from controllers.rows.grid import total
from controllers.temporal.hourly_cost import BY_HOUR, hourly_objective_usd
from controllers.temporal.unit_commitment import objective as terms
from controllers.temporal.unit_commitment.accounts import account
from controllers.temporal.unit_commitment.checking.plan import check_plan
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import dispatch
from models.records.arrays import Floats
from models.records.objective import BESIDE, Objective, ObjectiveError, term
from testbed.metrics import inputs
from testbed.metrics.published.system import objective_usd
from testbed.results.reading import open_result
from testbed.scenario.loading import load_scenario
from testbed.scenario.parts.system import Objective as ScenarioObjective
from testbed.scenario.parts.system import weight_keys
from testbed.setup import knowledge as knowledge_of_a_run
from tests.controllers.temporal.conftest import few_cars, hill, knowledge, small_units, view

H = 8
WORN_USD_PER_START = 700.0
"""Price of a fifth term: every start wears a unit."""


@dataclass(frozen=True)
class WithStarts(Objective):
    """The list with one line more."""

    starts: float = term("starts, each of which wears a unit")


def starts_by_hour(_known: TemporalKnowledge, seen: SystemView, plan: Plan) -> Iterator[Floats]:
    """Units that were off in the hour before, at the price of a start."""
    change = np.diff(plan.committed, axis=1, prepend=(seen.hours_on > 0).astype(np.int64)[:, None])
    yield WORN_USD_PER_START * (change > 0).sum(axis=0).astype(np.float64)


@pytest.fixture
def with_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth term: its equation with its account, and its figure."""
    monkeypatch.setitem(terms.PLANNED, "starts", lambda _case, v: WORN_USD_PER_START * total(v.y))
    monkeypatch.setitem(terms.ACCOUNTED, "starts", lambda case, powers: WORN_USD_PER_START * float(
        terms.starts_and_stops(case, powers.u)[0].sum()))
    monkeypatch.setitem(BY_HOUR, "starts", starts_by_hour)
    monkeypatch.setitem(inputs.HAPPENED, "starts", lambda result: WORN_USD_PER_START * float(
        result.system("unit_starts").sum()))


def small_case(objective: Objective) -> Case:
    """Eight hours in which two units must start."""
    case = hill()
    return replace(case, knowledge=replace(case.knowledge, objective=objective))


def test_plan_and_account_have_the_term(with_starts: None) -> None:
    """Dear starts are planned less often, and what is planned is what the account says."""
    known = knowledge(H, units=small_units(), objective=WithStarts(starts=1.0))
    seen = view(known, (100.0, 130.0, 170.0, 200.0, 150.0, 110.0, 100.0, 120.0), (few_cars(), few_cars()))
    plan = UnitCommitment(known).plan(seen)
    alone = UnitCommitment(replace(known, objective=Objective())).plan(seen)
    started = float(terms.starts_and_stops(UnitCommitment(known)._case(seen), plan.committed)[0].sum())
    four = hourly_objective_usd(replace(known, objective=Objective()), seen, plan).sum()
    assert started > 0
    assert plan.objective_usd == pytest.approx(four + WORN_USD_PER_START * started, rel=1e-9)
    assert plan.bound_usd == pytest.approx(plan.objective_usd, rel=1e-3)
    assert plan.objective_usd > alone.objective_usd + 1.0
    assert hourly_objective_usd(known, seen, plan).sum() == pytest.approx(plan.objective_usd, rel=1e-9)
    assert check_plan(known, seen, plan) == []


def test_the_judge_sees_a_sum_without_the_term(with_starts: None) -> None:
    known = knowledge(H, units=small_units(), objective=WithStarts(starts=1.0))
    seen = view(known, (100.0, 130.0, 170.0, 200.0, 150.0, 110.0, 100.0, 120.0), (few_cars(), few_cars()))
    plan = UnitCommitment(known).plan(seen)
    wrong = replace(plan, objective_usd=plan.objective_usd - WORN_USD_PER_START, bound_usd=0.0)
    assert [violation.who for violation in check_plan(known, seen, wrong)] == ["objective_usd"]


def test_the_scenario_has_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made from the list: read, checked, described, and handed on."""
    keys = weight_keys(WithStarts)
    block = keys.model_validate({"weight_starts": 2.5})
    assert block.model_dump() == {"weight_operating": 1.0, "weight_owners": 1.0, "weight_curtailment": 1.0,
                                  "weight_carbon": 1.0, "weight_starts": 2.5}
    assert keys.model_json_schema()["properties"]["weight_starts"]["description"] == (
        "w5, weight of starts, each of which wears a unit.")
    monkeypatch.setattr(knowledge_of_a_run, "Objective", WithStarts)
    scenario = load_scenario("smoke").model_copy(update={"objective": block})
    assert knowledge_of_a_run.objective_of(scenario) == WithStarts(starts=2.5)


def test_the_weight_is_that_of_the_list(with_starts: None) -> None:
    once, twice = (small_case(WithStarts(starts=weight)) for weight in (1.0, 2.0))
    on = np.ones((once.knowledge.units.count, H), dtype=np.int64)
    answers = [(dispatch(case, on, np.zeros(0)), case) for case in (once, twice)]
    planned = [answer.objective_usd for answer, _ in answers]
    accounts = [account(case, on, answer).objective_usd for answer, case in answers]
    starts = WORN_USD_PER_START * float(terms.starts_and_stops(once, on)[0].sum())
    assert starts > 0
    assert planned[1] - planned[0] == pytest.approx(starts, rel=1e-6)
    assert accounts == pytest.approx(planned, rel=1e-8)


def test_the_figure_has_the_term(with_starts: None, write_result: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path: Path = write_result(system={"unit_starts": [0, 1, 0, 2]})
    before = objective_usd(open_result(path))
    monkeypatch.setattr(inputs, "Objective", WithStarts)
    result = open_result(path)
    result.scenario["objective"]["weight_starts"] = 2.0
    assert objective_usd(result) == pytest.approx(before + 2 * 3 * WORN_USD_PER_START)


def test_a_line_of_the_list_alone_is_not_enough(write_result: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither plan nor figure is made without the term."""
    case = small_case(WithStarts())
    with pytest.raises(ObjectiveError, match="no amount of starts"):
        UnitCommitment(case.knowledge).plan(case.view)
    result = open_result(write_result())
    monkeypatch.setattr(inputs, "Objective", WithStarts)
    result.scenario["objective"]["weight_starts"] = 2.0
    with pytest.raises(ObjectiveError, match="no amount of starts"):
        objective_usd(result)


def test_every_term_has_its_equation_its_figure_and_its_key() -> None:
    names = set(Objective().names)
    assert names == set(terms.PLANNED) == set(terms.ACCOUNTED) == set(inputs.HAPPENED) == set(BY_HOUR) - {BESIDE}
    assert {f"weight_{name}" for name in names} == {
        key for key in ScenarioObjective.model_fields if key.startswith("weight_")}
