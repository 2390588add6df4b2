"""The verdict says who pays least under whom, whether that is resolved, why, and on what it hangs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from testbed.metrics.registry import METRICS
from testbed.metrics.titles import FURTHER, TITLES, controller_title, controller_titles, question_of, title
from testbed.metrics.verdict import verdict
from testbed.results.reading import Result, open_result
from testbed.wiring.failure import Failure


@pytest.fixture
def run_of(write_result: Any, toy: Any) -> Any:
    """run_of(controller, fuel, wear, tariff=0, seed=1, gap=0) -> Result whose four steps cost that in all, in $."""
    def write(controller: str, fuel: float, wear: float, tariff: float = 0.0, seed: int = 1, gap: float = 0.0,
              **options: Any) -> Result:
        steady = {"stored_start_kwh": np.full(2, 30.0), "stored_end_kwh": np.full(2, 30.0)}
        totals = {"feeder33": steady, "rest": {name: np.zeros(3) for name in steady}}
        spread = np.zeros(18)
        spread[0] = 0.25
        feeder = {"charged_kwh": 2.5, "driven_kwh": 2.0, "wear_usd": wear * np.tile(spread, (4, 1)),
                  "tariff_usd": tariff * np.tile(spread, (4, 1))}
        plan = toy.plan_arrays(toy.layout(), 0, gap_rel=gap, objective_usd=float(len(controller)))
        return open_result(write_result(f"{controller}-{seed}.h5", controller=controller, seed=seed, totals=totals,
                                        feeder=feeder, plans=(plan,), system={"fuel_cost_usd": fuel / 4}, **options))
    return write


def test_three_sentences_name_winner_margin_terms_and_assumption(run_of: Any) -> None:
    told = verdict([run_of("uncoordinated", 1000, 0, 300), run_of("bilayer", 900, 60, 200),
                    run_of("smart_charging", 970, 5, 250)])
    who, why, hangs = told.sentences
    society, owners, operator = told.winners
    assert (society.controller, society.next, society.saving_usd) == ("bilayer", "smart_charging", pytest.approx(15))
    assert (owners.controller, operator.controller) == ("smart_charging", "uncoordinated")
    assert who.startswith("Society pays least under bilayer: 960 $, 15 $ less than under smart charging, the next best")
    assert "40 $ less than with cars left to themselves" in who
    assert "battery wear (+55 $)" in why and "fuel (-70 $)" in why and why.index("fuel") < why.index("wear")
    # fuel would have to be 55 / 70 of what it is, or wear 70 / 55: of equal changes that of the larger term is told
    assert told.turn is not None and told.turn.factor == pytest.approx(55 / 70, rel=1e-6)
    assert "0.786 times what is assumed, cars doing the same, smart charging would draw level" in hangs
    assert "every second driver refuses is not in this comparison" in hangs


def test_one_seed_the_gap_and_the_interval_decide_whether_it_is_resolved(run_of: Any) -> None:
    def resolved(*pairs: tuple[float, float], gap: float = 0.0) -> tuple[bool, str]:
        runs = [run_of(name, fuel, 0, seed=seed, gap=gap) for seed, pair in enumerate(pairs, 1)
                for name, fuel in zip(("uncoordinated", "bilayer"), pair, strict=True)]
        told = verdict(runs)
        return told.winners[0].is_resolved, told.sentences[1]

    alone = resolved((1000, 990))
    assert not alone[0] and "beyond twice the gap" in alone[1] and "one seed says nothing of other days" in alone[1]
    within = resolved((1000, 990), gap=0.1)
    assert within[0] is False and "below twice the gap" in within[1]
    steady = resolved((1000, 990), (1010, 1001), (990, 979))
    assert steady[0] and "95 % interval of 3 seeds" in steady[1] and "leaves out 0" in steady[1]
    wild = resolved((1000, 900), (1000, 1050))
    assert not wild[0] and "which holds 0" in wild[1] and "not resolved" in wild[1]


def test_who_failed_and_the_system_without_cars_have_no_say(run_of: Any, write_result: Any) -> None:
    empty = open_result(write_result("none.h5", controller="no_pev", system={"fuel_cost_usd": 1.0}))
    failed = run_of("temporal", 1, 0, status="failed", stop_after=2, failure=Failure("feeder", 60, "no power flow"))
    told = verdict([empty, failed, run_of("uncoordinated", 1000, 0), run_of("bilayer", 900, 0)])
    assert (told.winners[0].controller, told.winners[0].next) == ("bilayer", "uncoordinated")
    alone = verdict([empty, failed, run_of("uncoordinated", 1000, 0)])
    assert "the only controller with cars" in alone.sentences[0] and len(alone.sentences) == 3
    assert verdict([empty, failed]).sentences == ("No run with cars completed: there is nothing to compare.",)


def test_a_seed_that_one_lacks_counts_for_nobody(run_of: Any) -> None:
    """Whoever fails on a dear day is not the cheaper for it."""
    days = [run_of("uncoordinated", 1000, 0), run_of("bilayer", 900, 0),
            run_of("uncoordinated", 1010, 0, seed=2), run_of("bilayer", 905, 0, seed=2)]
    dear = run_of("bilayer", 9000, 0, seed=3)
    told = verdict([*days, dear])
    assert (told.winners[0].controller, told.winners[0].cost_usd) == ("bilayer", pytest.approx(902.5))
    assert told.sentences[:3] == verdict(days).sentences
    assert told.sentences[3] == "Left out: seed 3, not complete under every controller."
    assert verdict([days[0], dear]).sentences == (
        "No seed completed under every controller: there is nothing to compare.",)


def test_cars_that_are_served_otherwise_are_told(run_of: Any) -> None:
    lean, full = run_of("bilayer", 900, 0), run_of("uncoordinated", 1000, 0)
    assert "not served alike" not in " ".join(verdict([lean, full]).sentences)


def test_every_figure_has_words_and_a_question(run_of: Any) -> None:
    assert set(TITLES) <= set(METRICS)
    words = [title(name) for name in METRICS]
    assert not any("_" in text or "usd" in text for text in words)
    assert [name for name in METRICS if question_of(name) == FURTHER] == []
    assert question_of("own_figure_kw") == FURTHER and title("own_figure_kw") == "own figure"


def test_controllers_are_called_by_words_but_never_two_alike() -> None:
    assert controller_title("smart_charging") == "smart charging" and controller_title("no_pev") == "no cars"
    assert controller_title("mine.py:Price(high=0.1)") == "mine.py:Price(high=0.1)"
    assert controller_titles(["a_b", "a b"]) == {"a_b": "a_b", "a b": "a b"}
