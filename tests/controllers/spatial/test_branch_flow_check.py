"""The independent checker finds each planted fault, and nothing in a sound answer; the bound by migration."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from controllers.port import PlanError
from controllers.spatial.branch_flow.check import Asked, LowerAnswer, violations
from controllers.spatial.branch_flow.decision import Decider, Decision
from controllers.spatial.branch_flow.migrate import migrate_bound
from controllers.spatial.judge import Judge, named
from models.network.power_flow import ac_engine
from models.records.feeder import RadialFeeder
from models.records.groups import THREE_CLASSES
from tests.controllers.spatial import branch_flow_case as case

HOUR = 19
KNOWN = case.knowledge(case.fleet(), look_ahead_h=3)
PAIRS = KNOWN.pairs


@cache
def sound() -> tuple[Decision, LowerAnswer, Asked]:
    """An accepted decision in full rows of PairIndex."""
    declared, soc = case.parked(KNOWN.vehicles, HOUR * 3600)
    view = case.view(KNOWN, declared, soc, HOUR)
    decision = Decider(KNOWN).decide(view)
    layout, steps = decision.layout, decision.layout.steps
    pc, pd = np.zeros((PAIRS.count, steps)), np.zeros((PAIRS.count, steps))
    pc[layout.pairs], pd[layout.pairs] = decision.pc_kw, decision.pd_kw
    assert decision.answer is not None
    answer = LowerAnswer(pc, pd, decision.q_plan_bus_kvar[:steps], decision.answer.vm_pu[:steps],
                         decision.answer.losses_kw[:steps], (0.0, 0.0))
    asked = Asked(
        load_kw=view.bus_load_kw.T[:steps], load_kvar=view.bus_load_kvar.T[:steps], flexibility=view.flexibility,
        target_c_kw=decision.forecast.cohort_c_kw.ravel(), target_d_kw=decision.forecast.cohort_d_kw.ravel(),
        cohort_of_pair=PAIRS.group * PAIRS.bins + PAIRS.departure_bin, eta_charge=np.full(PAIRS.count, 0.95),
        eta_discharge=np.full(PAIRS.count, 0.95), is_fast=THREE_CLASSES.kind_of(PAIRS.group))
    return decision, answer, asked


def verdict(feeder: RadialFeeder = case.FEEDER, asked: dict[str, Any] | None = None, **changes: Any) -> str:
    _, answer, wanted = sound()
    power_flow = case.POWER_FLOW if feeder is case.FEEDER else ac_engine(feeder).power_flow
    claimed, wanted = replace(answer, **changes), replace(wanted, **(asked or {}))
    return "\n".join(violations(claimed, wanted, PAIRS, feeder, power_flow))


def flexibility(**changes: Any) -> dict[str, Any]:
    return {"flexibility": replace(sound()[2].flexibility, **changes)}


def test_a_sound_answer_passes() -> None:
    assert sound()[0].status == "accepted"
    assert verdict() == ""


@pytest.mark.parametrize(("plant", "line"), [
    (lambda a, q: {"pc_kw": a.pc_kw - 1.0}, "pc outside"),
    (lambda a, q: {"pd_kw": q.flexibility.pd_max_now_kw + 1.0}, "pd outside"),
    (lambda a, q: {"pc_kw": q.flexibility.pc_max_now_kw, "pd_kw": q.flexibility.pd_max_now_kw}, "at once"),
    (lambda a, q: {"pd_kw": 0.5 * a.pd_kw}, "discharging targets lack"),
    (lambda a, q: {"vm_pu": a.vm_pu + 2e-5}, "claimed voltage differs"),
    (lambda a, q: {"losses_kw": 0.998 * a.losses_kw}, "claimed losses differ"),
    (lambda a, q: {"q_bus_kvar": a.q_bus_kvar - 50.0}, "claimed voltage differs"),
])
def test_a_false_answer_is_named(plant: Any, line: str) -> None:
    _, answer, asked = sound()
    assert line in verdict(**plant(answer, asked))


def test_envelopes_are_checked_on_both_sides() -> None:
    flex = sound()[2].flexibility
    assert "x below x_min" in verdict(asked=flexibility(x_min_now_kwh=flex.x_min_now_kwh + 5.0))
    assert "x above x_max" in verdict(asked=flexibility(x_max_now_kwh=flex.x_max_now_kwh - 60.0))


def test_admitted_slack_is_no_violation() -> None:
    lacking = float(sound()[1].pd_kw.mean(axis=1).sum())
    nothing = np.zeros_like(sound()[1].pd_kw)
    assert "targets lack" in verdict(pd_kw=nothing)
    assert "targets lack" not in verdict(pd_kw=nothing, under_kwh=(0.0, lacking))


def test_limits_of_the_network_are_checked() -> None:
    feeder = case.FEEDER
    assert "below v_min_pu" in verdict(replace(feeder, v_min_pu=0.99))
    assert "above v_max_pu" in verdict(replace(feeder, v_min_pu=0.5, v_max_pu=0.98))
    assert "line above its rating" in verdict(replace(feeder, i_max_pu=0.3 * feeder.i_max_pu))
    assert "transformer above" in verdict(replace(feeder, transformer_kva=0.5 * feeder.transformer_kva))
    substation = feeder.transformer_kva.copy()
    substation[0] = 1000.0
    assert "transformer above" in verdict(replace(feeder, transformer_kva=substation))
    assert "does not exist" in verdict(asked={"load_kw": 40.0 * sound()[2].load_kw})


def test_fast_ports_do_not_load_the_buses_transformer() -> None:
    decision = sound()[0]
    fast = THREE_CLASSES.kind_of(PAIRS.group[decision.layout.pairs]) == 1
    assert decision.pd_kw[fast].sum() > 1.0
    bus = int(PAIRS.bus_index[decision.layout.pairs[fast][0]])
    everything_slow = {"is_fast": np.zeros(PAIRS.count, dtype=np.int64)}
    asked = sound()[2]
    rating = case.FEEDER.transformer_kva.copy()
    rating[bus] = 1.001 * np.hypot(asked.load_kw[:, bus], asked.load_kvar[:, bus]).max()
    feeder = replace(case.FEEDER, transformer_kva=rating)
    charging = {"pc_kw": asked.flexibility.pc_max_now_kw, "pd_kw": 0.0 * sound()[1].pd_kw}
    slow_there = np.any((PAIRS.bus_index == bus) & (THREE_CLASSES.kind_of(PAIRS.group) == 0)
                        & (asked.flexibility.pc_max_now_kw[:, 0] > 0))
    assert not slow_there
    assert "transformer above" not in verdict(feeder, **charging)
    assert "transformer above" in verdict(feeder, asked=everything_slow, **charging)


# ---------------------------------------------------------------- judge
@pytest.mark.parametrize(("vm_shift", "loss_factor", "agrees"), [
    (0.0, 1.0, True), (0.9e-5, 1.0009, True), (1.1e-5, 1.0, False), (0.0, 1.0011, False)])
def test_the_judge_accepts_within_its_tolerances_only(vm_shift: float, loss_factor: float, agrees: bool) -> None:
    base = case.FEEDER.p_base_kw[None], case.FEEDER.q_base_kvar[None]
    flow = case.POWER_FLOW(*base)
    verdict = Judge(case.FEEDER, case.POWER_FLOW).compare(*base, flow.vm_pu + vm_shift, flow.losses_kw * loss_factor)
    assert verdict.agrees is agrees


def test_the_judge_scales_down_until_all_limits_hold() -> None:
    feeder = case.unlimited_transformers(replace(case.FEEDER, v_max_pu=1.02))
    injection = np.zeros((2, 33))
    injection[:, 17] = -2000.0
    load, q = np.tile(0.4 * feeder.p_base_kw, (2, 1)), np.tile(0.4 * feeder.q_base_kvar, (2, 1))
    judge = Judge(feeder, case.POWER_FLOW)
    scale, left = judge.best_scale(load, q, injection, injection)
    assert left == () and 0.3 < scale < 0.6
    assert judge.violations(judge.replay(load + scale * injection, q), load, q) == ()
    assert judge.violations(judge.replay(load + (scale + 0.05) * injection, q), load, q) != ()


def test_the_judge_names_what_no_scale_avoids() -> None:
    feeder = replace(case.FEEDER, v_min_pu=0.95)
    base, q = feeder.p_base_kw[None], feeder.q_base_kvar[None]
    help_kw = np.zeros((1, 33))
    help_kw[0, 17] = -100.0
    scale, left = Judge(feeder, case.POWER_FLOW).best_scale(base, q, help_kw, 0.0 * help_kw)
    assert scale == 1.0 and "vm_pu below v_min_pu" in str(left[0])


def test_no_power_flow_is_named_by_its_period_and_by_no_number() -> None:
    load, q = np.tile(case.FEEDER.p_base_kw, (3, 1)), np.tile(case.FEEDER.q_base_kvar, (3, 1))
    load[1] *= 40.0
    judge = Judge(case.FEEDER, case.POWER_FLOW)
    broken = judge.violations(judge.replay(load, q), load, q)
    assert named(broken) == "no power flow in period 1"
    assert judge.is_tight(judge.replay(load, q), load, q)


# ---------------------------------------------------------------- migration
def test_free_migration_is_never_worse_than_pro_rata_and_keeps_zone_totals() -> None:
    shape = 0.83 * case.LOAD_SHAPE[:, None]
    load, q = shape * case.FEEDER.p_base_kw, shape * case.FEEDER.q_base_kvar
    charge, discharge = np.zeros((3, 2, 24)), np.zeros((3, 2, 24))
    charge[0, 0, :6], discharge[0, 0, 19:22] = 200.0, 250.0
    charge[1, 1, 3:5] = 90.0
    bound = migrate_bound(KNOWN, load, q, charge, discharge)
    ports = [np.where(KNOWN.site.bus_zone == z, KNOWN.site.ports(k), 0) for z, k in ((0, 0), (1, 1))]
    spread = sum(np.outer((charge - discharge)[z, z], ports[z] / ports[z].sum()) for z in (0, 1))
    uniform = case.POWER_FLOW(load + spread, q).losses_kw.sum()
    assert bound.agrees and bound.short_kwh == pytest.approx(0.0, abs=1e-3)
    assert bound.losses_kwh < 0.995 * uniform
    zone = bound.p_bus_kw[:, KNOWN.site.bus_zone == 0].sum(axis=1)
    assert np.allclose(zone, (charge - discharge)[0, 0], atol=1e-2)
    room_kw = 7.0 * KNOWN.site.slow_ports + 30.0 * KNOWN.site.fast_ports
    assert np.all(np.abs(bound.p_bus_kw) <= room_kw + 1e-3)


def test_the_bound_says_what_ports_cannot_take() -> None:
    load, q = 0.5 * case.FEEDER.p_base_kw[None], 0.5 * case.FEEDER.q_base_kvar[None]
    charge, none = np.zeros((3, 2, 1)), np.zeros((3, 2, 1))
    charge[2, 0, 0] = 7 * 8 * 7.0 + 10.0
    assert migrate_bound(KNOWN, load, q, charge, none).short_kwh == pytest.approx(10.0, abs=1e-2)


def test_a_bound_that_cannot_be_is_refused() -> None:
    """Without a feeder there is none, and load alone may be more than the feeder's limits leave."""
    load, q = case.FEEDER.p_base_kw[None], case.FEEDER.q_base_kvar[None]
    none = np.zeros((3, 2, 1))
    with pytest.raises(PlanError, match=r"^district test: the migrate bound needs a feeder and its power flow$"):
        migrate_bound(replace(KNOWN, feeder=None), load, q, none, none)
    with pytest.raises(PlanError, match=r"^district test: migrate bound is infeasible$"):
        migrate_bound(replace(KNOWN, feeder=replace(case.FEEDER, v_min_pu=0.99)), load, q, none, none)
