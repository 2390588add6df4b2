"""Searches find a known optimum, repeat themselves, price as branch flow does, and admit failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from controllers.port import FeederView, PlanError, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decider
from controllers.spatial.heuristics.cost import NO_FLOW_USD, HourJudge
from controllers.spatial.heuristics.decision import HeuristicDecider, hour_seed, nodal_price, searched
from controllers.spatial.heuristics.encoding import Encoding, Powers, level_steps
from controllers.spatial.heuristics.search import Budget, Method, search
from controllers.spatial.judge import Judge
from controllers.spatial.placing import searching
from experiments.feeder.hour_views import present_hour_alone
from tests.controllers.spatial import branch_flow_case as case
from tests.controllers.spatial import heuristics_case as tiny

METHODS: tuple[Method, ...] = ("pso", "sga")
HOUR = 19
FEW: dict[str, Any] = {"look_ahead_h": 3, "search_evaluations": 60, "search_population": 20}


def evening(**changes: Any) -> tuple[SpatialKnowledge, FeederView]:
    known = case.knowledge(case.fleet(), **{**FEW, **changes})
    declared, soc = case.parked(known.vehicles, HOUR * 3600)
    return known, case.view(known, declared, soc, HOUR)


# ---------------------------------------------------------------- a known optimum
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", ["target_c_kw", "target_d_kw"])
def test_losses_of_two_buses_are_divided_inversely_to_resistance(method: Method, target: str) -> None:
    """min a p1^2 + b p2^2 with p1 + p2 = T: p1 = b T / (a + b), losses a b T^2 / (a + b)."""
    known = tiny.knowledge()
    powers, _ = searched(known, *tiny.hour(known, **{target: 40.0}), method, seed=1)
    p_kw = (powers.pc_kw if target == "target_c_kw" else powers.pd_kw)[0]
    assert p_kw.sum(axis=0) == pytest.approx([40.0, 40.0])
    assert p_kw[0] == pytest.approx([30.0, 30.0], rel=0.01)
    assert p_kw[1] @ p_kw[1] * 3e-3 + p_kw[0] @ p_kw[0] * 1e-3 == pytest.approx(2 * 1.2, rel=0.01)


def test_pro_rata_is_in_the_first_population_so_that_nothing_is_worse() -> None:
    known = replace(tiny.knowledge(), search_evaluations=4, search_population=4)
    layout, now = tiny.hour(known, target_c_kw=40.0)
    encoding = Encoding(layout, now, may_curtail=False)
    pro_rata = encoding.decode(encoding.pro_rata()[None])
    assert pro_rata.pc_kw[0] == pytest.approx(np.full((2, 2), 20.0))
    worst = HourJudge(known, layout, now).cost(pro_rata).fitness_usd[0]
    assert all(searched(known, layout, now, method, seed)[1].fitness <= worst for method in METHODS
               for seed in range(5))


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_is_asked_for_nothing_is_searched(method: Method) -> None:
    """One look at it, at no losses of no power."""
    known = tiny.knowledge()
    powers, found = searched(known, *tiny.hour(known), method, seed=1)
    assert not powers.pc_kw.any() and not powers.pd_kw.any()
    assert (found.evaluations, found.fitness, found.keeps_limits, found.genes.size) == (1, 0.0, True, 0)


# ---------------------------------------------------------------- the search
def bowl(genes: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Least at 0.3 everywhere."""
    return ((genes - 0.3) ** 2).sum(axis=1), np.zeros(genes.shape[0])


@pytest.mark.parametrize("method", METHODS)
def test_equal_seeds_give_equal_answers_and_other_seeds_others(method: Method) -> None:
    start = np.full((1, 6), 0.9)
    first, again, other = (search(method, bowl, start, Budget(100, 20), seed) for seed in (1, 1, 2))
    assert np.array_equal(first.genes, again.genes) and first.fitness == again.fitness
    assert not np.array_equal(first.genes, other.genes)


@pytest.mark.parametrize("method", METHODS)
def test_the_budget_is_spent_to_the_last_evaluation(method: Method) -> None:
    calls = []

    def counted(genes: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        calls.append(genes.shape[0])
        return bowl(genes)

    best = search(method, counted, np.full((1, 6), 0.9), Budget(100, 20), 1)
    assert sum(calls) == best.evaluations == 100
    assert max(calls) == 20


@pytest.mark.parametrize("method", METHODS)
def test_numpys_global_random_numbers_are_left_alone(method: Method) -> None:
    before = str(np.random.get_state())  # noqa: NPY002 - the global generator is what is looked at
    search(method, bowl, np.full((1, 6), 0.9), Budget(40, 20), 1)
    assert str(np.random.get_state()) == before  # noqa: NPY002


def test_what_keeps_limits_goes_before_what_is_cheap() -> None:
    def fitness(genes: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        return genes[:, 0], 0.5 - genes[:, 0]

    best = search("pso", fitness, np.full((1, 2), 0.9), Budget(100, 20), 1)
    assert best.keeps_limits and 0.5 <= best.genes[0] < 0.9


@pytest.mark.parametrize(("budget", "given"), [(Budget(50, 20), 1), (Budget(40, 20), 20), (Budget(40, 20), 0)])
def test_a_budget_that_cannot_be_kept_is_refused(budget: Budget, given: int) -> None:
    with pytest.raises(ValueError, match=f"{budget.evaluations} evaluations in populations of 20"):
        search("pso", bowl, np.zeros((given, 3)), budget, 1)


def test_each_hour_and_each_run_has_a_seed_of_its_own() -> None:
    known = tiny.knowledge()
    seeds = {hour_seed(replace(known, search_seed=seed), time_s) for seed in (1, 2) for time_s in (0, 3600)}
    assert len(seeds) == 4
    assert hour_seed(known, 3600) == hour_seed(known, 3600)


# ---------------------------------------------------------------- the price
def test_the_hour_costs_what_branch_flow_says_it_costs() -> None:
    """At the SOCP's powers and its own flow: every part of (15) of this hour, so the search minimises the same."""
    known, view = evening()
    known, view = present_hour_alone(known, view)
    decision = Decider(known).decide(view)
    hour = HourJudge(known, decision.layout, decision.forecast)
    cost = hour.cost(Powers(decision.pc_kw[None], decision.pd_kw[None]))
    steps = decision.layout.steps
    lost_usd = (decision.losses_ac_kw[:steps] * decision.forecast.price_usd_per_mwh[:steps]).mean() / 1e3
    assert cost.losses_usd[0] == pytest.approx(lost_usd, rel=1e-9)
    low = np.maximum(0.95**2 - decision.vm_ac_pu[:steps, 1:] ** 2, 0.0).sum(axis=1).mean()
    assert low > 0 and cost.voltage_usd[0] == pytest.approx(10.0 * low, rel=1e-9)
    assert cost.wear_usd[0] == pytest.approx(53.6 / 0.95 * decision.pd_kw.sum() / steps / 1e3)
    assert cost.tie_break_usd[0] > 0 and cost.limits_usd[0] == 0 and cost.excess_rel[0] < 0


def test_no_search_beats_the_optimum_of_the_same_hour() -> None:
    known, view = present_hour_alone(*evening(search_evaluations=1000, search_population=50))
    decision = Decider(known).decide(view)
    hour = HourJudge(known, decision.layout, decision.forecast)
    least = hour.cost(Powers(decision.pc_kw[None], decision.pd_kw[None])).objective_usd[0]
    for method in METHODS:
        _, best = searched(known, decision.layout, decision.forecast, method, 1)
        assert least - 1e-5 <= best.fitness <= 1.05 * least


def test_missed_targets_and_uneven_steps_cost_as_in_equation_13() -> None:
    known = tiny.knowledge()
    layout, now = tiny.hour(known, target_c_kw=40.0)
    hour, nothing = HourJudge(known, layout, now), np.zeros((1, 2, 2))
    short = hour.cost(Powers(np.full((1, 2, 2), 15.0), nothing))
    assert short.slack_usd[0] == pytest.approx(0.5 * 10.0)
    uneven = hour.cost(Powers(np.array([[[10.0, 30.0], [20.0, 20.0]]]), nothing))
    assert uneven.slack_usd[0] == pytest.approx(0.05 * 10.0)


def test_violated_limits_cost_more_than_missing_the_target() -> None:
    known = tiny.knowledge(v_min_pu=0.998)
    layout, now = tiny.hour(known, target_c_kw=60.0)
    hour, nothing = HourJudge(known, layout, now), np.zeros((1, 2, 2))
    full, cut = (hour.cost(Powers(np.full((1, 2, 2), p), nothing)) for p in (30.0, 20.0))
    assert full.excess_rel[0] > 0 >= cut.excess_rel[0]
    assert full.fitness_usd[0] > cut.fitness_usd[0] and full.objective_usd[0] < cut.objective_usd[0]


def test_powers_without_a_power_flow_are_the_worst_of_all() -> None:
    known = tiny.knowledge()
    layout, now = tiny.hour(known, target_c_kw=40.0)
    flow = tiny.known_losses(np.zeros((2, 3)), np.zeros((2, 3)))
    none = replace(flow, losses_kw=np.full(2, np.nan), vm_pu=np.full((2, 3), np.nan))
    cost = HourJudge(known, layout, now).cost_of_flow(Powers(*(np.zeros((1, 2, 2)),) * 2), none, np.zeros((1, 2, 3)))
    assert cost.fitness_usd[0] >= NO_FLOW_USD and cost.excess_rel[0] == np.inf


# ---------------------------------------------------------------- limits
@pytest.mark.parametrize("method", METHODS)
def test_targets_are_cut_to_what_the_voltage_allows(method: Method) -> None:
    """Each bus may draw 20.2 kW until 0.998 pu less the judge's tolerance of 1e-4: 21 kW."""
    known = tiny.knowledge(v_min_pu=0.998)
    powers, best = searched(known, *tiny.hour(known, target_c_kw=60.0), method, seed=1)
    assert best.keeps_limits
    assert np.all(powers.pc_kw <= 21.0 + 1e-6)
    assert powers.pc_kw.sum() / 2 > 39.0


def test_without_scale_genes_the_target_could_not_be_cut() -> None:
    known = tiny.knowledge(v_min_pu=0.998)
    layout, now = tiny.hour(known, target_c_kw=60.0)
    rigid, soft = (Encoding(layout, now, may_curtail=cut) for cut in (False, True))
    genes = np.random.default_rng(1).random((50, soft.gene_count))
    assert np.allclose(rigid.decode(genes[:, :-2]).pc_kw.sum(axis=1), 60.0)
    assert soft.decode(genes).pc_kw.sum(axis=1).min() < 42.0


@pytest.mark.parametrize("method", METHODS)
def test_a_limit_that_load_alone_breaks_ends_in_the_fallback_and_says_so(method: Method) -> None:
    known, view = evening(feeder=replace(case.FEEDER, v_min_pu=0.97))
    decision = HeuristicDecider(known, method).decide(view)
    assert decision.status == "fallback"
    assert "vm_pu below v_min_pu" in decision.binding and "pro rata at" in decision.binding
    with pytest.raises(PlanError, match=f"best of {method}: vm_pu below"):
        HeuristicDecider(replace(known, on_inexact="stop"), method).decide(view)


def test_steps_share_a_target_evenly_as_far_as_cars_stay() -> None:
    room = np.array([[10.0, 10.0, 10.0, 10.0], [10.0, 10.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0], [5.0, 5.0, 0.0, 0.0]])
    shared = level_steps(np.array([3.0, 4.0, 3.0, 0.0]), room)
    assert shared == pytest.approx(np.array([[3.0] * 4, [7.0, 7.0, 2.0, 0.0], [1.0] * 4, [0.0] * 4]))


# ---------------------------------------------------------------- the layer
@pytest.mark.parametrize("method", METHODS)
def test_the_layer_acts_as_branch_flow_does_but_proves_nothing(method: Method) -> None:
    known, view = evening()
    layer = searching(known, method)
    first = layer.step(view)
    proof = first.certificate
    assert (proof.status, proof.solved_now) == ("accepted", True)
    assert np.isnan([proof.relaxation_gap_max_rel, proof.vm_error_max_pu, proof.loss_error_rel]).all()
    assert np.isnan(first.vm_socp_pu).all() and np.isnan(first.losses_socp_kw)
    assert np.isfinite(first.vm_ac_pu).all() and first.losses_ac_kw > 0
    assert sorted(first.guidance_rank[0]) == list(range(known.site.bus_count))
    held = layer.step(replace(view, time_s=view.time_s + 900))
    assert not held.certificate.solved_now
    again = searching(known, method).step(view)
    assert np.array_equal(first.setpoint_kw, again.setpoint_kw)
    wanted = (view.pc_target_kw - view.pd_target_kw)[:, 0].sum()
    assert first.setpoint_kw.sum() * known.assumed_compliance == pytest.approx(wanted, rel=1e-6)


def test_only_guided_placement_guides() -> None:
    known, view = evening()
    guided, in_place = (HeuristicDecider(replace(known, placement=how), "pso").decide(view).guidance  # type: ignore[arg-type]
                        for how in ("guided", "in_place"))
    assert sorted(guided[0]) == list(range(known.site.bus_count)) and (in_place == -1).all()


def test_nodal_prices_are_those_of_the_optimisation() -> None:
    """Dual values of the relaxation against differences of AC, at the same powers."""
    known, view = present_hour_alone(*evening())
    decision = Decider(known).decide(view)
    price = nodal_price(known, Judge(case.FEEDER, case.POWER_FLOW), decision.forecast, decision.p_plan_bus_kw)
    assert np.allclose(price, decision.nodal_price_usd_per_mwh, rtol=2e-3)
