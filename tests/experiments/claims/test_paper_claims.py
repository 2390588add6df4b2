"""The claims' parts on cases that can be done by hand or by bisection, and the verdicts on made-up cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.claims import (
    fronts,
    hour_tables,
    hours,
    objective_tables,
    objectives,
    paper_claims,
    place_tables,
    reactive,
    voltage,
)
from experiments.claims.plans import PlanJob, Switches, fewer_units
from experiments.claims.verdicts import Verdict
from experiments.feeder.placement import SCENARIO, seed_job
from experiments.feeder.zone_maps import EndsOfFeeder
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33
from models.records.objective import Objective

FEEDER = ieee33(peak_scale=0.83)
FLOW = ac_engine(FEEDER).power_flow
P_KW, Q_KVAR = FEEDER.p_base_kw, FEEDER.q_base_kvar


# ---------------------------------------------------------------- voltage
def alone_at(bus: int) -> np.ndarray[Any, Any]:
    room = np.zeros(33)
    room[bus] = 1e4
    return room


def by_bisection(bus: int, wanted_pu: float) -> float:
    low, high = 0.0, 1e4
    for _ in range(40):
        middle = 0.5 * (low + high)
        p_kw = P_KW.copy()
        p_kw[bus] -= middle
        is_enough = FLOW(p_kw[None], Q_KVAR[None]).vm_pu.min() >= wanted_pu
        low, high = (low, middle) if is_enough else (middle, high)
    return high


def test_least_injection_at_one_bus_is_that_of_the_power_flow() -> None:
    need = voltage.least_support(FEEDER, FLOW, P_KW[None], Q_KVAR[None], 0.945, "active", alone_at(16))
    assert need.feasible
    assert need.kva[0] == pytest.approx(by_bisection(16, 0.945), rel=1e-3)
    assert np.flatnonzero(need.p_bus_kw[0]).tolist() == [16]


def test_the_claimed_voltage_needs_more_than_a_megawatt_and_both_kinds_of_power_need_least() -> None:
    needs = {by: voltage.least_support(FEEDER, FLOW, P_KW[None], Q_KVAR[None], 0.977, by) for by in voltage.MEANS}
    assert all(need.feasible for need in needs.values())
    assert needs["active"].kva[0] == pytest.approx(1578.0, abs=10.0)  # 1.57 MW was computed before (C)
    assert needs["both"].kva[0] < min(needs["active"].kva[0], needs["reactive"].kva[0])
    assert np.all(needs["reactive"].p_bus_kw == 0) and np.all(needs["active"].q_bus_kvar == 0)


def test_hours_that_need_nothing_get_nothing_and_ports_may_be_too_few() -> None:
    loads = np.array([0.2, 1.0])[:, None]
    few = voltage.least_support(FEEDER, FLOW, loads * P_KW, loads * Q_KVAR, 0.977, "active", np.full(33, 7.0))
    assert few.hours == 1 and np.all(few.p_bus_kw[0] == 0)
    assert not few.feasible and np.isnan(few.kva[1])


def test_what_suffices_for_a_voltage_reaches_that_voltage() -> None:
    need = voltage.least_support(FEEDER, FLOW, P_KW[None], Q_KVAR[None], 0.95, "both")
    reached = voltage.highest_vm_pu(FEEDER, FLOW, P_KW, Q_KVAR, float(need.kva[0]), "both")
    assert reached == pytest.approx(0.95, abs=1e-4)


def test_a_stiffer_substation_does_it_without_cars() -> None:
    def at(vm_pu: float) -> Any:
        return ac_engine(replace(FEEDER, v_slack_pu=vm_pu)).power_flow

    slack = voltage.slack_needed_pu(at, P_KW[None], Q_KVAR[None], 0.977)
    assert float(at(slack)(P_KW[None], Q_KVAR[None]).vm_pu.min()) == pytest.approx(0.977, abs=1e-4)


# ---------------------------------------------------------------- hours
def plan(units_on: list[int]) -> Any:
    return SimpleNamespace(committed=(np.arange(10)[:, None] < np.array(units_on)).astype(int))


def test_hours_count_from_one_and_end_with_the_day() -> None:
    assert fewer_units(plan([2] * 30), plan([3, 2, 1, *[2] * 21, *[3] * 6])).tolist() == [1]


def test_switches_turn_what_they_name_and_cars_outside_control_know_no_price() -> None:
    view = SimpleNamespace(wind_mw=np.ones(3), pv_mw=np.ones(3))
    switches = Switches("scheduled", True, 53.6, 7.0, False)
    turned = {}
    for name in ("temporal", "uncoordinated"):
        knowledge = knowledge_like()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("experiments.claims.plans.replace",
                          lambda record, **new: SimpleNamespace(**vars(record) | new))
            turned[name] = switches.turned(PlanJob(name, name, knowledge, view))  # type: ignore[arg-type]
    assert turned["temporal"].knowledge.tariff_in_objective is True
    assert turned["temporal"].knowledge.wear_usd_per_kwh[0] == pytest.approx(0.0536)
    assert turned["uncoordinated"].knowledge.tariff_in_objective is False
    assert turned["uncoordinated"].knowledge.wear_usd_per_kwh.max() == 0.0
    assert turned["temporal"].view.wind_mw.tolist() == [0.0, 0.0, 0.0]
    assert turned["temporal"].knowledge.reserve_rule == "scheduled"
    assert turned["uncoordinated"].knowledge.reserve_rule == "thermal_only"  # nothing fed back: all rules are one


def knowledge_like() -> Any:
    return SimpleNamespace(reserve_rule="thermal_only", tariff_in_objective=False, wear_usd_per_kwh=np.zeros(18),
                           carbon_price_usd_per_t=0.0, objective=Objective(owners=0.0, curtailment=0.0, carbon=0.0))


def cell(switches: Switches, hours_fewer: list[int], label: str = "") -> hours.Cell:
    day = np.ones(24)
    return hours.Cell(label, switches, np.array(hours_fewer), np.array(hours_fewer[:1]), day, day, day.astype(int),
                      day.astype(int), 1.0, 1.0, 1e-4)


def test_the_grid_holds_every_combination_once() -> None:
    grid = hours.grid()
    assert len(set(grid)) == len(grid) == len(hours.reserve_rules()) * 2 * 2 * 3 * 2
    assert hours.FIRST_LINE in grid


def test_verdict_names_the_settings_that_reach_the_hours() -> None:
    cells = [cell(s, list(hours.CLAIMED_HOURS) if s == hours.FIRST_LINE else []) for s in hours.grid()]
    verdict = hour_tables.grid_verdict(cells)
    assert "9 hours in the first line's setting (h9-14, h20-22), 9 of the nine" in verdict.measured
    assert f"1 of {len(cells)} settings" in verdict.switches and "thermal_only gives 0-0 h" in verdict.switches


def test_fleet_verdict_is_yes_only_with_all_nine() -> None:
    nine, eight = list(hours.CLAIMED_HOURS), list(hours.CLAIMED_HOURS[:-1])
    missing, whole = cell(hours.FIRST_LINE, eight, "a"), cell(hours.FIRST_LINE, nine, "b")
    assert hour_tables.fleet_verdict([missing, whole]).holds == "yes"
    assert hour_tables.fleet_verdict([missing]).holds == "partly"


# ---------------------------------------------------------------- objectives, solvers, the command
def objective(controller: str, carbon_t: float, operating: float) -> objectives.Objectives:
    return objectives.Objectives("paper_day", "linear", controller, operating, 5.0, 0.0, 7.0 * carbon_t, carbon_t, 0.9,
                                 1.0, 10.0, 1.0, 0.0, 1e-4)


@pytest.mark.parametrize(("carbon_t", "holds"), [(90.0, "yes"), (110.0, "no")])
def test_objectives_fall_together_only_if_none_rises(carbon_t: float, holds: str) -> None:
    objectives = [objective("uncoordinated", 100.0, 20.0), objective("temporal", carbon_t, 10.0)]
    assert objective_tables.verdict(objectives).holds == holds


def test_plans_that_feed_back_are_asked_whether_they_emit_more() -> None:
    objectives = [objective("uncoordinated", 100.0, 20.0), objective("temporal", 110.0, 10.0)]
    verdict = objective_tables.carbon_verdict(objectives, "a front")
    assert verdict.holds == "no" and verdict.switches.endswith("paper_day linear")
    assert "average 0.900, of one more MWh charged 1.000 t/MWh; a front" in verdict.measured
    assert objective_tables.carbon_verdict([objectives[0], objective("temporal", 90.0, 10.0)], "").holds == "yes"


@pytest.mark.parametrize(("rising", "holds"), [(0, "yes"), (4, "partly"), (6, "no")])
def test_emissions_that_fall_in_some_settings_alone_hold_partly(rising: int, holds: str) -> None:
    assert objective_tables.emissions_hold(rising, 6) == holds


def test_a_front_says_what_a_ton_less_costs() -> None:
    def point(operating: float, carbon_t: float) -> Any:
        return SimpleNamespace(costs_usd={"operating": operating, "carbon": 7 * carbon_t}, carbon_t=carbon_t)

    points = (point(100.0, 50.0), point(120.0, 45.0), point(180.0, 40.0))
    assert fronts.sentence("linear", SimpleNamespace(points=points)) == (  # type: ignore[arg-type]
        "linear front: 10 t less cost 80 $ more, 8.0 $/t")


def test_reactive_power_shares_the_runs_of_placement(tmp_path: Path) -> None:
    """The same files and scenarios as `experiments.feeder.placement` asks for, so that nothing is run twice."""
    for name, variant in ((reactive.REFERENCE, "pro_rata"), ("p alone", "in_place")):
        ours = reactive._job(SCENARIO, (), name, 3, tmp_path)
        assert ours == seed_job(SCENARIO, ("districts.0.zone_map=contiguous",), variant, 3, tmp_path)


def test_search_methods_are_compared_hour_by_hour(tmp_path: Path) -> None:
    path = tmp_path / "hour.csv"
    path.write_text("method,hour,objective_usd\nsocp,1,100\nsocp,2,50\npso,1,101\npso,2,50.25\nsga,1,99\n")
    text, is_best = place_tables.solver_text(path)
    assert "pso 2 answers, objective above the SOCP's by 0.750 %" in text
    assert not is_best
    assert place_tables.solvers_verdict(tmp_path / "none")[0].holds == "not measured here"


def test_summaries_of_search_methods_are_no_answers(tmp_path: Path) -> None:
    (tmp_path / "hour.csv").write_text("method,hour,objective_usd\nsocp,1,100\npso,1,101\n")
    (tmp_path / "hour_summary.csv").write_text("method,mean_usd\nsocp,100\n")
    assert "pso 1 answers" in place_tables.solvers_verdict(tmp_path)[0].measured


def test_a_study_of_searches_is_made_only_where_none_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(arguments: list[str]) -> int:
        own = Path(arguments[-1])
        own.mkdir()
        (own / "hour.csv").write_text("method,hour,objective_usd\nsocp,1,100\npso,1,101\n")
        return 0

    monkeypatch.setattr("experiments.feeder.spatial_solvers.main", made)
    verdict, = place_tables.report_solvers(tmp_path / "none", tmp_path / "own")
    assert "pso 1 answers, objective above the SOCP's by 1.000 %" in verdict.measured
    monkeypatch.setattr("experiments.feeder.spatial_solvers.main", lambda _: pytest.fail("made twice"))
    assert place_tables.report_solvers(tmp_path / "none", tmp_path / "own") == [verdict]


def test_marginal_losses_are_those_known() -> None:
    marginal = place_tables.base_marginal()
    assert marginal[2] == pytest.approx(0.005, abs=1e-3) and marginal[18] == pytest.approx(0.147, abs=2e-3)  # C
    assert marginal[22] < 0.3 * marginal[18]


def end(zone_map: str, variant: str, charging: float, discharging: float) -> EndsOfFeeder:
    return EndsOfFeeder(zone_map, "0.83", variant, charging, discharging, 0.04, 0.06, 0.0)


def test_ends_of_the_feeder_hold_only_in_every_cell() -> None:
    """By the mean of both maps charging falls and discharging rises, but on the first map both fall."""
    ends = [end("contiguous", "guided", 0.032, 0.072), end("contiguous", "pro_rata", 0.038, 0.077),
            end("public", "guided", 0.030, 0.070), end("public", "pro_rata", 0.038, 0.053)]
    moved = place_tables.ends_moved(ends)
    assert [cell.where for cell in moved] == ["contiguous 0.83", "public 0.83"]
    assert [(cell.charging, cell.discharging) for cell in moved] == [
        (pytest.approx(-0.006), pytest.approx(-0.005)), (pytest.approx(-0.008), pytest.approx(0.017))]
    verdict = place_tables.moved_verdict("buses", moved)
    assert verdict.holds == "partly" and verdict.switches.startswith("both in: public 0.83;")
    assert "contiguous 0.83: charging at buses -0.0060, discharging at -0.0050" in verdict.measured
    assert place_tables.moved_verdict("", moved[1:]).holds == "yes"
    assert place_tables.moved_verdict("", [place_tables.Moved("", 0.001, -0.001)]).holds == "no"


@pytest.mark.parametrize(("reaches", "holds"), [((False, False, True), "no"), ((False, True, True), "partly"),
                                                ((True, True, False), "yes")])
def test_a_bound_that_nobody_can_carry_out_is_no_saving(reaches: tuple[bool, ...], holds: str) -> None:
    assert place_tables.losses_hold(("in_place", "guided", "migrate"), reaches) == holds


def test_where_a_bound_alone_reaches_the_claim_the_words_say_so() -> None:
    told = place_tables.named_as_bound("no", "migrate public 0.83; 2 seeds")
    assert told == f"{place_tables.BOUND_ALONE}: migrate public 0.83; 2 seeds"
    assert place_tables.named_as_bound("no", told) == told
    assert place_tables.named_as_bound("no", "nowhere; 2 seeds") == "nowhere; 2 seeds"
    assert place_tables.named_as_bound("partly", "guided public 0.83") == "guided public 0.83"


def test_parts_are_made_in_order_and_verdicts_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Verdict("a claim", "a figure", "yes", "always")
    monkeypatch.setattr(paper_claims, "PARTS", {"voltage": lambda request: [line]})
    assert paper_claims.main(["--parts", "voltage", "-o", str(tmp_path)]) == 0
    assert (tmp_path / "verdicts.csv").read_text().splitlines()[1] == "a claim,a figure,yes,always"


def test_marginal_emissions_are_shared_as_the_units_share_load() -> None:
    """Two units within limits, c 1 and 3: three quarters of one more MWh fall on the first; the third is full."""
    units = SimpleNamespace(
        emission_beta_t_per_mwh=np.array([1.0, 0.2, 9.0]), emission_gamma_t_per_mw2h=np.zeros(3),
        cost_c_usd_per_mw2h=np.array([1.0, 3.0, 1.0]), p_max_mw=np.array([10.0, 10.0, 5.0]), p_min_mw=np.zeros(3))
    job, made = SimpleNamespace(knowledge=SimpleNamespace(units=units)), SimpleNamespace(
        committed=np.ones((3, 2)), p_mw=np.array([[5.0, 5.0], [5.0, 5.0], [5.0, 5.0]]))
    rate = objectives._marginal(job, made, np.array([1.0, 2.0]))  # type: ignore[arg-type]
    assert rate == pytest.approx(0.75 * 1.0 + 0.25 * 0.2)
