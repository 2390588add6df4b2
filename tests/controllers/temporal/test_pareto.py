"""Fronts of two objectives: ends, order, dominance, proofs; tiny planning problems of eight hours."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from controllers.port import PlanError
from controllers.temporal import pareto
from controllers.temporal.pareto import (
    Front,
    FrontSettings,
    Point,
    epsilons,
    non_dominated,
    pareto_front,
    unweighted,
)
from controllers.temporal.unit_commitment.commitment import binned_cohorts, commit
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.solve import UnitCommitment
from controllers.temporal.unit_commitment.stages import Commitment
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve

H = 8
HILL = [70.0, 95, 130, 150, 165, 120, 90, 62]
WIND = np.array([30.0, 25, 5, 5, 5, 10, 40, 60])
QUICK = FrontSettings(points=4, mip_gap=1e-5)


def _case(build: SimpleNamespace, load: list[float] = HILL, wind: np.ndarray = WIND, cars: object = None,
          **known: object) -> Case:
    k = build.knowledge(H, units=build.small_units(), mip_gap=1e-6, **known)
    v = build.view(k, load, (cars if cars is not None else build.few_cars(),), wind_mw=wind)
    return make_case(k, v, "bidirectional", 20.0, np.ones(H))


def _pairs(front: Front) -> np.ndarray:
    return np.array([[p.costs_usd[front.first], p.costs_usd[front.second]] for p in front.points])


@pytest.fixture(scope="module")
def quick_front() -> dict[str, Front]:
    return {}


def _front(build: SimpleNamespace, known: dict[str, Front], first: str, second: str) -> Front:
    key = f"{first}-{second}"
    if key not in known:
        known[key] = pareto_front(_case(build), first, second, QUICK)  # type: ignore[arg-type]
    return known[key]


PAIRS = [("operating", "carbon"), ("operating", "owners"), ("owners", "curtailment"), ("carbon", "operating")]


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_along_a_front_one_objective_rises_as_the_other_falls(
        first: str, second: str, build: SimpleNamespace, quick_front: dict[str, Front]) -> None:
    front = _front(build, quick_front, first, second)
    pairs = _pairs(front)
    assert np.all(np.diff(pairs[:, 0]) > 0)
    assert np.all(np.diff(pairs[:, 1]) < 0)
    assert len(front.points) + len(front.dominated) <= QUICK.points + 1  # the second one's end, found twice


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_each_point_carries_its_proof(
        first: str, second: str, build: SimpleNamespace, quick_front: dict[str, Front]) -> None:
    for p in _front(build, quick_front, first, second).points:
        assert p.bound_usd <= p.minimised_usd + 1e-6
        assert p.milp_usd <= p.minimised_usd + 1e-4 * abs(p.minimised_usd)
        assert p.gap_rel == pytest.approx((p.minimised_usd - p.bound_usd) / abs(p.minimised_usd), abs=1e-12)
        assert p.gap_rel < 2e-3
        assert p.costs_usd[second] <= p.epsilon_usd + 1e-3 * abs(p.epsilon_usd) + 1e-3  # type: ignore[index]
        assert p.cycled_mwh == 0
        assert p.minimises == first or (p.minimises == second and p.epsilon_usd == np.inf)
        minimised = p.costs_usd[p.minimises] + QUICK.tie * sum(
            usd for name, usd in p.costs_usd.items() if name != p.minimises) + p.reserve_shortfall_usd
        assert p.minimised_usd == pytest.approx(minimised, rel=1e-6)


@pytest.mark.slow
def test_no_schedule_is_cheaper_than_the_front_s_own_end(build: SimpleNamespace, quick_front: dict[str, Front]) -> None:
    """The first objective alone, by the ordinary commitment with weights (1, 0, 0, 0)."""
    alone = _case(build, objective=Objective(owners=0.0, curtailment=0.0, carbon=0.0))
    least = commit(alone, 1e-7, 3000)
    end = _front(build, quick_front, "operating", "carbon").points[0]
    assert end.costs_usd["operating"] >= least.bound_usd - 1e-6
    assert end.costs_usd["operating"] <= least.objective_usd * (1 + 1e-3) + 1.0


@pytest.mark.slow
def test_the_weighted_optimum_is_not_better_than_the_front(
        build: SimpleNamespace, quick_front: dict[str, Front]) -> None:
    """Equal weights choose a schedule that no point of the front may be dominated by, to the gaps."""
    front = _front(build, quick_front, "operating", "owners")
    both = pareto_front(_case(build), "operating", "owners", replace(QUICK, points=2))
    for p in front.points:
        for q in both.points:
            better = (q.costs_usd["operating"] < p.costs_usd["operating"] * (1 - 1e-3)
                      and q.costs_usd["owners"] < p.costs_usd["owners"] - 1e-3 * abs(p.costs_usd["owners"]))
            assert not better


@pytest.mark.slow
def test_ties_make_the_end_as_cheap_in_the_rest_as_it_can_be(build: SimpleNamespace) -> None:
    """Curtailment can be zero in many ways; the end is that which a very large penalty on it would choose."""
    heard: list[Point] = []
    pareto_front(_case(build), "curtailment", "carbon", replace(QUICK, points=2), heard.append)
    tied = heard[0].costs_usd
    k = build.knowledge(H, units=build.small_units(), mip_gap=1e-6, objective=Objective(curtailment=1000.0),
                        reserve_curve=ReserveCurve.flat(1e6), shed_usd_per_mwh=1e6)
    plan = UnitCommitment(k).plan(build.view(k, HILL, (build.few_cars(),), wind_mw=WIND))
    rest = plan.operating_cost_usd + plan.owners_net_usd + plan.carbon_cost_usd
    assert tied["curtailment"] == pytest.approx(plan.curtailment_usd, abs=1.0)
    assert tied["operating"] + tied["owners"] + tied["carbon"] == pytest.approx(rest, rel=2e-3)


@pytest.mark.slow
def test_weights_of_the_case_do_not_matter(build: SimpleNamespace) -> None:
    first, other = (pareto_front(_case(build, objective=w), "operating", "carbon", replace(QUICK, points=2))
                  for w in (Objective(), Objective(0.2, 3.0, 0.0, 9.0)))
    assert _pairs(first) == pytest.approx(_pairs(other), rel=1e-9)


@pytest.mark.slow
def test_owners_count_tariffs_only_where_the_objective_does(build: SimpleNamespace) -> None:
    """With tariffs the cars' energy has its price; without, some wear of giving back is all that there is."""
    peak = [70.0, 95, 130, 150, 192, 120, 90, 62]
    without, with_tariff = (
        _pairs(pareto_front(_case(build, peak, np.zeros(H), tariff_in_objective=counted), "operating", "owners",
                            replace(QUICK, points=2)))[:, 1] for counted in (False, True))
    assert 0 < without.min() <= without.max() < 500
    assert with_tariff.min() > 1000


def test_where_nothing_conflicts_the_front_is_one_point(build: SimpleNamespace) -> None:
    """No wind, so no curtailment to trade against fuel."""
    front = pareto_front(_case(build, wind=np.zeros(H)), "operating", "curtailment", QUICK)
    assert len(front.points) == 1
    assert front.points[0].costs_usd["curtailment"] == pytest.approx(0.0, abs=1e-3)


def test_wasted_energy_is_kept_out_by_binaries(build: SimpleNamespace) -> None:
    """Full cars could hide surplus wind by charging and discharging at once; wear is no help at a thousandth."""
    case = _case(build, [45.0, *HILL[1:]], np.array([60.0, *[0.0] * 7]), build.full_cars(40_000), terminal="free",
                 objective=Objective(owners=0.0, carbon=0.0))
    case = replace(case, view=replace(case.view, hours_on=np.array([1, -5, -3])))
    assert not unweighted(case).cycling_pays().any()
    front = pareto_front(case, "curtailment", "operating", replace(QUICK, points=2))
    least = front.points[0]
    assert least.cycled_mwh == 0
    assert least.costs_usd["curtailment"] == pytest.approx(75.0 * (60 + 40 - 45), rel=1e-3)


def test_what_is_still_wasted_where_rounds_run_out_is_told(build: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
                                                            ) -> None:
    """The case above with no round after the first: all of the surplus is charged and given back at once."""
    monkeypatch.setattr(pareto, "CYCLING_ROUNDS", 1)
    case = _case(build, [45.0, *HILL[1:]], np.array([60.0, *[0.0] * 7]), build.full_cars(40_000), terminal="free",
                 objective=Objective(owners=0.0, carbon=0.0))
    case = unweighted(replace(case, view=replace(case.view, hours_on=np.array([1, -5, -3]))))
    point = pareto._Solver(case, QUICK).point("curtailment", "operating", np.inf)
    hidden_mwh = 60 + 40 - 45 - point.costs_usd["curtailment"] / 75.0
    assert point.cycled_mwh > 1.0 and hidden_mwh > 1.0


# ------------------------------------------------------------------ few cohorts first
def test_cohorts_by_bins_are_a_relaxation(build: SimpleNamespace) -> None:
    """So their bound holds: no optimum of theirs is dearer."""
    case = unweighted(_case(build, wind=np.zeros(H)))
    binned, full = (commit(posed, 1e-7, 3000).objective_usd for posed in (binned_cohorts(case), case))
    assert binned <= full * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("refused", ["no dispatch", "too dear"])
def test_where_few_cohorts_are_too_optimistic_a_fuller_problem_decides(
        refused: str, build: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, asked = pareto.dispatch_to, list[int]()

    def refuse(case: Case, aim: object, commitment: Commitment, at: np.ndarray) -> object:
        asked.append(at.size)
        powers, wasted = honest(case, aim, commitment, at)  # type: ignore[arg-type]
        if len(asked) > 2:
            return powers, wasted
        if refused == "no dispatch":
            raise PlanError("dispatch is infeasible")
        return replace(powers, objective_usd=1.5 * powers.objective_usd), wasted

    expected = _front(build, {}, "operating", "carbon").points[0]
    monkeypatch.setattr(pareto, "dispatch_to", refuse)
    point = pareto._Solver(unweighted(_case(build)), QUICK).point("operating", "carbon", np.inf)
    assert len(asked) == 3
    assert point.minimised_usd == pytest.approx(expected.minimised_usd, rel=1e-4)
    assert point.bound_usd <= point.minimised_usd + 1e-6


# ------------------------------------------------------------------ dominance
def test_dominated_pairs_and_twins_go() -> None:
    pairs = [(1.0, 9.0), (2.0, 9.0), (2.0, 5.0), (2.0, 5.0), (3.0, 5.0), (4.0, 1.0), (5.0, 0.5)]
    assert non_dominated(pairs) == (0, 2, 5, 6)
    assert non_dominated([]) == ()


def test_epsilons_run_from_below_the_worst_to_the_best() -> None:
    assert epsilons(10.0, 4.0, 4).tolist() == [8.0, 6.0, 4.0]
    assert epsilons(4.0, 4.0, 4).size == 0


@pytest.mark.parametrize("wrong", [{"points": 1}, {"tie": 0.0}, {"mip_gap": 0.0}])
def test_senseless_settings_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        FrontSettings(**wrong)  # type: ignore[arg-type]


def test_objectives_that_there_are_not_are_named_with_those_there_are(build: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match=r"^no objective comfort, noise; there are operating, owners, curtailment, "
                                          r"carbon$"):
        pareto_front(_case(build), "noise", "comfort")


def test_one_objective_is_no_front(build: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="carbon twice"):
        pareto_front(_case(build), "carbon", "carbon")


@pytest.mark.slow
def test_every_point_is_told_of(build: SimpleNamespace) -> None:
    heard: list[Point] = []
    front = pareto_front(_case(build), "operating", "carbon", replace(QUICK, points=2), heard.append)
    assert len(heard) == len(front.points) + len(front.dominated)
