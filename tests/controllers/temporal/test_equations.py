"""Each equation of the upper layer has a case in which leaving it out changes the optimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest

from controllers.port import PlanError
from controllers.temporal.unit_commitment.clusters import clustered
from controllers.temporal.unit_commitment.commitment import commit
from controllers.temporal.unit_commitment.equations import (
    COMMITMENT,
    EQUATIONS,
    RAMPS,
    RESERVE_RULES,
    TIGHTENING,
    Equation,
)
from controllers.temporal.unit_commitment.objective import objective_usd
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.stages import collect, dispatch, make_variables
from controllers.temporal.unit_commitment.units.ramps import highest_before_mw, stops_too_soon
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits

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


def _short_of_reserve(build: SimpleNamespace) -> Case:
    """More reserve is missing in hour 4 than the demand curve sells cheaply."""
    return _case(build, [70.0, 95, 130, 150, 192, 120, 90, 62], (),
                 reserve_curve=ReserveCurve((0.0, 0.2), (200.0, 2000.0)))


def _nearly_empty(build: SimpleNamespace) -> Case:
    """Reserve is missing in the last hours, and cars with much power have hardly any energy to give."""
    cars = build.cohorts(H, np.array([1]), np.array([0]), np.array([8]), np.array([20.0]), np.array([20.5]),
                         np.array([7.0]), np.array([2000.0]))
    return _case(build, [150.0, 156, 162, 168, 174, 180, 186, 192], (cars,), reserve_rule="deliverable")


def _leave_in_turn(build: SimpleNamespace) -> Case:
    """Cars that leave within hour 4 charge before they go, just when nothing is to spare."""
    k = build.knowledge(H, units=build.small_units(), mip_gap=1e-8, reserve_curve=ReserveCurve.stepped(3000.0))
    seen = build.view(k, [70.0, 95, 130, 150, 172, 120, 90, 62], (build.leaving_cars(1500.0),))
    return make_case(k, build.in_steps(seen), "charge_only", 20.0, np.full(H, 0.9))


# ------------------------------------------------------------------ ramps
def _ramps(build: SimpleNamespace) -> Case:
    limits = {"ramp_up_mw_per_h": np.array([12.0, 15, 20]), "ramp_down_mw_per_h": np.array([15.0, 12, 20])}
    return _case(build, HILL, (build.few_cars(scale=0.2),), units=limits)


def _gentle_starts(build: SimpleNamespace) -> Case:
    starts = {"p_startup_max_mw": np.array([50.0, 25, 10])}
    return _case(build, [70.0, 70, 155, 155, 155, 155, 90, 62], (), units=starts)


def _gentle_stops(build: SimpleNamespace) -> Case:
    stops = {"p_shutdown_max_mw": np.array([50.0, 22, 9]), "initial_h": np.array([6, 5, -3])}
    return _case(build, [150.0, 150, 150, 62, 62, 62, 62, 62], (), units=stops)


# ------------------------------------------------------------------ units of one's own
def _kinks(build: SimpleNamespace) -> Case:
    return _case(build, HILL, (build.few_cars(scale=0.2),), units=KINKS)


def _always_on(build: SimpleNamespace) -> Case:
    return _case(build, HILL, (), units={"must_run": np.array([True, True, False])})


def _reachable(build: SimpleNamespace) -> Case:
    """`mid` would reach its capacity for reserve hours before its ramp lets it."""
    return _case(build, HILL, (), units={"ramp_up_mw_per_h": np.array([25.0, 15, 20])}, headroom="reachable")


KINKS = {"kink_mw": np.array([[60.0, 80], [40, 60], [20, 30]]),
         "kink_usd_per_mwh": np.array([[2.0, 3], [4, 0], [1, 6]])}


# ------------------------------------------------------------------ clusters of identical units
def _several(units: ThermalUnits, rows: list[int], initial_h: list[int]) -> dict[str, object]:
    """Data of units in which row i of `units` stands once per entry of `rows`."""
    names = [f.name for f in fields(units) if f.name not in ("names", "initial_h")]
    data: dict[str, object] = {name: getattr(units, name)[rows] for name in names}
    return {"names": tuple(f"{units.names[i]} {k}" for k, i in enumerate(rows)),
            "initial_h": np.array(initial_h), **data}


def _pairs(build: SimpleNamespace, load: list[float], initial_h: list[int], **changes: object) -> Case:
    """Two of each small unit on twice the load."""
    units = _several(build.small_units(**changes), [0, 0, 1, 1, 2, 2], initial_h)
    return clustered(_case(build, list(2 * np.array(load)), (build.few_cars(),), units=units))


def _pairs_hill(build: SimpleNamespace) -> Case:
    return _pairs(build, HILL, [6, 6, -5, -7, -1, -4])


def _pairs_spike(build: SimpleNamespace) -> Case:
    return _pairs(build, [70.0, 70, 70, 140, 70, 70, 70, 70], [6, 6, -5, -7, -2, -4])


def _pairs_dip(build: SimpleNamespace) -> Case:
    cheap = {"start_hot_usd": np.array([400.0, 20, 30]), "start_cold_usd": np.array([900.0, 33, 75])}
    return _pairs(build, [140.0, 140, 140, 60, 60, 140, 140, 140], [6, 6, 5, 4, -3, -3], **cheap)


def _pairs_young(build: SimpleNamespace) -> Case:
    return _pairs(build, [50.0] + [60.0] * 7, [6, 6, 1, 2, -1, -1])


def _pairs_must_run(build: SimpleNamespace) -> Case:
    return _pairs(build, HILL, [6, 6, -5, -7, -1, -4], must_run=np.array([True, True, False]))


def _one_stop_two_starts(build: SimpleNamespace) -> Case:
    """One of three stops after hour 1 and starts again in hour 5, the third starts in hour 6: it was off for long."""
    units = _several(build.small_units(), [1, 1, 1], [5, 5, -10])
    return clustered(_case(build, [105.0, 50, 50, 50, 105, 165, 165, 165], (), units=units, reserve_fraction=0.0))


CLUSTERS = {
    "start_stop_logic": _pairs_hill, "minimum_up": _pairs_spike, "minimum_down": _pairs_dip,
    "initial_status": _pairs_young, "hot_is_start": _pairs_hill, "hot_start_pairs": _one_stop_two_starts,
    "cost_tangents": _pairs_hill, "must_run": _pairs_must_run,
}
"""(U8b) is left out: in clusters (U8c) says all that it says."""
WHERE = {
    "balance": _hill, "minimum_power": _hill, "maximum_power": _hill, "start_stop_logic": _hill,
    "minimum_up": _hill, "minimum_down": _short_rest, "initial_status": _young, "hot_is_start": _hill,
    "hot_start": _hill, "cost_tangents": _hill, "renewables": _must_run, "reserve": _hill,
    "cohort_power": _one_cheap_hour, "cohort_sharing": _nearly_all_sink, "cohort_recursion": _hill,
    "cohort_envelope": _hill, "terminal": _hill, "no_cycling": _windy,
    "ramp_up": _ramps, "ramp_down": _ramps, "startup_limit": _gentle_starts, "shutdown_limit": _gentle_stops,
    "hot_start_pairs": _one_stop_two_starts, "curve_steps": _short_of_reserve, "charging_in_steps": _leave_in_turn,
    "reserve_energy": _nearly_empty, "power_beyond_kinks": _kinks, "must_run": _always_on,
    "reach_above_power": _reachable,
}


def test_every_equation_has_a_case() -> None:
    assert set(WHERE) == set(EQUATIONS)


def _optimum(case: Case, without: tuple[str, ...] = ()) -> float:
    """The MILP's value; minus infinity where it is unbounded, plus where it is infeasible."""
    try:
        return commit(case, 1e-8, 3000, without).objective_usd
    except PlanError as error:
        return -np.inf if "unbounded" in str(error) else np.inf


_BEST: dict[Callable[[SimpleNamespace], Case], float] = {}
"""Of the cases with all equations, each solved once."""


def _best(where: Callable[[SimpleNamespace], Case], build: SimpleNamespace) -> float:
    if where not in _BEST:
        _BEST[where] = _optimum(where(build))
    return _BEST[where]


@pytest.mark.parametrize("name", sorted(EQUATIONS))
def test_leaving_an_equation_out_makes_the_plan_cheaper(name: str, build: SimpleNamespace) -> None:
    assert _optimum(WHERE[name](build), (name,)) < _best(WHERE[name], build) - 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CLUSTERS))
def test_leaving_an_equation_out_of_clusters_makes_the_plan_cheaper(name: str, build: SimpleNamespace) -> None:
    case = CLUSTERS[name](build)
    assert case.clusters is not None
    assert _optimum(case, (name,)) < _best(CLUSTERS[name], build) - 0.5


def test_every_equation_of_commitment_has_a_case_with_clusters() -> None:
    assert set(CLUSTERS) == set(COMMITMENT) - {"hot_start"}


def test_in_clusters_pairs_say_all_that_the_window_of_stops_says(build: SimpleNamespace) -> None:
    for where in (_pairs_hill, _pairs_dip, _one_stop_two_starts):
        case = where(build)
        assert _optimum(case, ("hot_start",)) == pytest.approx(_optimum(case), abs=1e-3)


@pytest.mark.parametrize("name", sorted(RAMPS))
def test_ramps_hold_in_the_dispatch_of_a_fixed_commitment(name: str, build: SimpleNamespace) -> None:
    """The schedule that is best without the limit is dearer with it, or impossible."""
    case = WHERE[name](build)
    u = commit(case, 1e-8, 3000, (name,)).u
    free = dispatch(case, u, np.zeros(0), (name,)).objective_usd
    try:
        limited = dispatch(case, u, np.zeros(0)).objective_usd
    except PlanError:
        limited = np.inf
    assert free < limited - 0.5


@pytest.mark.parametrize(("limit", "before", "first_load"), [
    ("ramp_up_mw_per_h", (45.0, 20, 0), 130.0), ("ramp_down_mw_per_h", (100.0, 60, 0), 50.0),
    ("p_shutdown_max_mw", (60.0, 60, 0), 60.0),
])
def test_the_power_before_the_plan_limits_its_first_hour(limit: str, before: tuple[float, ...], first_load: float,
                                                         build: SimpleNamespace) -> None:
    """Where it is known: 0 MW of a unit that is on is a power that nobody measured, and limits nothing."""
    units = build.small_units(initial_h=np.array([6, 9, -5]), **{limit: np.array([40.0, 25, 20])})
    k = build.knowledge(H, units=units, mip_gap=1e-8, reserve_fraction=0.0)
    values = [_optimum(make_case(k, build.view(k, [first_load, *[80.0] * 7], p_mw=np.array(power)), "none", 20.0,
                                 np.ones(H))) for power in ((0.0, 0, 0), before)]
    assert values[0] < values[1] - 0.5


def test_a_fixed_schedule_can_be_dispatched_from_any_measured_power(build: SimpleNamespace) -> None:
    """`mid` ran at 60 MW and is to stop after one hour, which from there it could not; from 24 + 20 MW it can."""
    limits = {"ramp_down_mw_per_h": np.array([np.inf, 20, np.inf]), "p_shutdown_max_mw": np.array([np.inf, 24, np.inf])}
    k = build.knowledge(H, units=build.small_units(initial_h=np.array([6, 9, -5]), **limits), reserve_fraction=0.0)
    case = make_case(k, build.view(k, [100.0] + [80.0] * 7, p_mw=np.array([60.0, 60, 0])), "none", 20.0, np.ones(H))
    u = np.array([[1] * H, [1] + [0] * 7, [0] * H])
    assert highest_before_mw(case, u)[1] == 44.0
    assert stops_too_soon(case, u)
    assert dispatch(case, u, np.zeros(0)).p_mw[1, 0] == pytest.approx(24.0, abs=1e-4)
    assert commit(case, 1e-6, 1000).u[1, :2].tolist() == [1, 1]


@pytest.mark.parametrize("where", [_ramps, _gentle_starts, _gentle_stops, _pairs_hill])
def test_tightening_does_not_change_the_optimum(where: Callable[[SimpleNamespace], Case],
                                                build: SimpleNamespace) -> None:
    case = where(build)
    plain, tight = (commit(case, 1e-9, 3000, tightening=switch).objective_usd for switch in (False, True))
    assert tight == pytest.approx(plain, abs=1e-3)


def test_tightening_lifts_the_relaxation(build: SimpleNamespace) -> None:
    """A unit may start and stop near its minimum power only: the sum of both limits cuts fractions off."""
    edges = {"p_startup_max_mw": np.array([50.0, 25, 10]), "p_shutdown_max_mw": np.array([50.0, 25, 10])}
    case = _case(build, [70.0, 70, 130, 165, 130, 70, 70, 70], (), units=edges | {"min_up_h": np.array([4, 2, 2])})
    plain, tight = (_relaxed(case, EQUATIONS | groups) for groups in ({}, TIGHTENING))
    assert tight > plain + 0.5


def _relaxed(case: Case, groups: dict[str, Equation]) -> float:
    """The linear relaxation's value."""
    v = replace(make_variables(case), u=cp.Variable(case.knowledge.units.count * H, bounds=[0, 1]))
    problem = cp.Problem(cp.Minimize(objective_usd(case, v)), collect(case, v, groups, ()))
    return float(problem.solve(solver=cp.HIGHS))


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
