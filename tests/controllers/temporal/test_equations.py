"""Each equation of the upper layer has a case in which leaving it out changes the optimum."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from controllers.port import PlanError
from controllers.temporal.unit_commitment.equations import EQUATIONS, RESERVE_RULES
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.stages import commit

H = 8
HILL = [70.0, 95, 130, 150, 165, 120, 90, 62]


def _case(build: SimpleNamespace, load: list[float], cars: tuple[object, ...], wind: list[float] | float = 5.0,
          units: dict[str, object] | None = None, **known: object) -> Case:
    k = build.knowledge(H, units=build.small_units(**(units or {})), mip_gap=1e-8, **known)
    v = build.view(k, load, cars, wind_mw=np.resize(np.asarray(wind, dtype=float), H))
    return make_case(k, v, "bidirectional", 20.0, np.full(H, 0.9))


def _hill(build: SimpleNamespace) -> Case:
    return _case(build, HILL, (build.few_cars(),))


def _dip(build: SimpleNamespace) -> Case:
    return _case(build, [150.0, 150, 110, 70, 140, 160, 120, 62], (build.few_cars(),))


def _short_rest(build: SimpleNamespace) -> Case:
    cheap = {"start_hot_usd": np.array([400.0, 20, 30]), "start_cold_usd": np.array([900.0, 33, 75]),
             "initial_h": np.array([6, 5, -3])}
    return _case(build, [140.0, 140, 140, 60, 60, 140, 140, 140], (), units=cheap)


def _young(build: SimpleNamespace) -> Case:
    return _case(build, [50.0] + [60.0] * 7, (), units={"initial_h": np.array([6, 1, -1])})


def _must_run(build: SimpleNamespace) -> Case:
    """More minimum power than load in the first hour: cars must charge at a high price."""
    k = build.knowledge(H, units=build.small_units(initial_h=np.array([1, -5, -3])), mip_gap=1e-8)
    high_first = np.array([0.2, 0.04, 0.04, 0.04, 0.04, 0.04, 0.04, 0.04])
    v = build.view(k, [30.0, *HILL[1:]], (build.few_cars(),), price_charge_usd_per_kwh=high_first)
    return make_case(k, v, "bidirectional", 20.0, np.ones(H))


def _one_cheap_hour(build: SimpleNamespace) -> Case:
    """One-way cars with days of time would all charge in hour 4, beyond their chargers."""
    cars = build.cohorts(H, np.array([0]), np.array([0]), np.array([8]), np.array([20.0]), np.array([40.0]),
                         np.array([7.0]), np.array([1000.0]))
    k = build.knowledge(H, units=build.small_units(), mip_gap=1e-8)
    price = np.array([0.15, 0.15, 0.15, 0.02, 0.15, 0.15, 0.15, 0.15])
    v = build.view(k, HILL, (cars,), price_charge_usd_per_kwh=price)
    return make_case(k, v, "bidirectional", 20.0, np.ones(H))


def _free_cycling(build: SimpleNamespace, cars: float, wind: float, load: float) -> Case:
    return _case(build, [load, *HILL[1:]], (build.full_cars(cars),), wind=[wind] + [0.0] * 7,
                 units={"initial_h": np.array([1, -5, -3])}, tariff_in_objective=False,
                 wear_usd_per_kwh=np.zeros(18), terminal="free")


def _nearly_all_sink(build: SimpleNamespace) -> Case:
    """10 MW too much from a unit that must run, no renewables: full cars can waste it only by cycling."""
    return _free_cycling(build, 20_000, 0.0, 30.0)


def _windy(build: SimpleNamespace) -> Case:
    """35 MW of wind more than needed; cycling full cars would hide the curtailment."""
    return _free_cycling(build, 40_000, 40.0, 45.0)


WHERE = {
    "balance": _hill, "minimum_power": _hill, "maximum_power": _hill, "start_stop_logic": _hill,
    "minimum_up": _hill, "minimum_down": _short_rest, "initial_status": _young, "hot_is_start": _hill,
    "hot_start": _hill, "cost_tangents": _hill, "renewables": _must_run, "reserve": _hill,
    "cohort_power": _one_cheap_hour, "cohort_sharing": _nearly_all_sink, "cohort_recursion": _hill,
    "cohort_envelope": _hill, "terminal": _hill, "no_cycling": _windy,
}


def test_every_equation_has_a_case() -> None:
    assert set(WHERE) == set(EQUATIONS)


def _optimum(case: Case, without: tuple[str, ...] = ()) -> float:
    """The MILP's value; minus infinity where it is unbounded, plus where it is infeasible."""
    try:
        return commit(case, 1e-8, 3000, without).objective_usd
    except PlanError as error:
        return -np.inf if "unbounded" in str(error) else np.inf


@pytest.mark.parametrize("name", sorted(EQUATIONS))
def test_leaving_an_equation_out_makes_the_plan_cheaper(name: str, build: SimpleNamespace) -> None:
    case = WHERE[name](build)
    assert _optimum(case, (name,)) < _optimum(case) - 0.5


def test_each_reserve_rule_gives_its_own_optimum(build: SimpleNamespace) -> None:
    load = [70.0, 95, 130, 150, 192, 120, 90, 62]
    values = {rule: _optimum(_case(build, load, (build.few_cars(),), reserve_rule=rule)) for rule in RESERVE_RULES}
    assert values["deliverable"] < values["scheduled"] < values["thermal_only"]


def test_terminal_rules_rank_by_what_they_demand(build: SimpleNamespace) -> None:
    cars = build.cohorts(H, np.array([1]), np.array([0]), np.array([20]), np.array([40.0]), np.array([45.0]),
                         np.array([7.0]), np.array([2000.0]))
    values = {t: _optimum(_case(build, HILL, (cars,), terminal=t)) for t in ("match", "cyclic", "price", "free")}
    assert values["match"] > values["cyclic"] > values["price"] > values["free"]


def test_more_tangents_raise_the_bound_towards_the_true_cost(build: SimpleNamespace) -> None:
    cars = (build.few_cars(),)
    coarse, fine, finer = (_optimum(_case(build, HILL, cars, tangents=n)) for n in (3, 12, 48))
    assert coarse < fine < finer
    assert finer - fine < 2.0
