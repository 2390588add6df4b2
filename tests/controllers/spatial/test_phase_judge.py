"""AC as the judge on three phases: taps held and free, from where regulators stand; what is no power flow is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers.spatial.three_phase.judge import PhaseJudge
from models.records.arrays import Floats
from models.records.three_phase import VOLTAGE, WatchedFlow, WatchedFlowCall
from tests.controllers.spatial import street_case as case

STREET = case.street(6, v_max_pu=1.04, v_min_pu=0.91)
HOUSE_KW = 1.5


def judge(call: WatchedFlowCall, flow_from: object = None) -> PhaseJudge:
    known = case.knowledge(STREET, case.cars(np.random.default_rng(3), 1))
    return PhaseJudge(replace(known, network_flow=call, flow_from=flow_from))


def houses(periods: int = 1) -> tuple[Floats, Floats]:
    p_kw = np.pad(np.full((periods, STREET.bus.size), HOUSE_KW), ((0, 0), (1, 0)))
    return p_kw, 0.2 * p_kw


def unlike_phases() -> Floats:
    """Houses of phase 1 draw much and those of phase 2 feed back: a regulator of all three cannot help both."""
    p_kw = houses()[0]
    phases = np.array(STREET.network().phases)
    p_kw[0, phases == "1"], p_kw[0, phases == "2"] = 14.0, -7.0
    return p_kw


def test_what_only_a_regulator_by_itself_would_break_is_refused() -> None:
    """Held where it stands without cars every voltage is within its band; by itself it lifts phase 2 out of it."""
    judged = judge(case.regulated(STREET))
    p_kw, q_kvar = houses()
    fixed = judged.fixed(p_kw, q_kvar)
    assert fixed.taps.tolist() == [[1.0]]
    held, free = judged.flows(fixed, unlike_phases(), q_kvar)
    assert held.taps.tolist() == [[1.0]] and free.taps.tolist() == [[case.RAISED_PU]]
    voltage = STREET.network().watched.kind == VOLTAGE
    assert held.value[:, voltage].min() > 0.91 and held.value[:, voltage].max() < 1.04 < free.value[:, voltage].max()
    assert "phase 2" in judged.text(fixed, unlike_phases(), q_kvar)
    assert judged.excess(fixed, unlike_phases(), q_kvar)[0] > 1.0
    alone = judge(STREET.flow)
    assert alone.text(alone.fixed(p_kw, q_kvar), unlike_phases(), q_kvar) == ""


def test_candidates_are_held_at_the_taps_of_their_own_periods() -> None:
    """Two candidates of two periods, in the second of which houses have the regulator up."""
    judged = judge(case.regulated(STREET))
    p_kw, q_kvar = houses(2)
    p_kw[1, 1:] = 8.0
    fixed = judged.fixed(p_kw, q_kvar)
    assert fixed.taps[:, 0].tolist() == [1.0, case.RAISED_PU]
    held, _ = judged.flows(fixed, np.tile(p_kw, (2, 1)), np.tile(q_kvar, (2, 1)))
    assert held.taps[:, 0].tolist() == [1.0, case.RAISED_PU] * 2


def test_the_power_flow_goes_on_from_where_regulators_stand() -> None:
    begun: list[float] = []

    def flow_from(tap_pu: Floats) -> WatchedFlowCall:
        begun.extend(tap_pu.tolist())
        return replace(STREET, source_pu=float(tap_pu[0])).flow

    judged = judge(STREET.flow, flow_from)
    assert judged.stand(np.zeros(0)) == STREET.flow and not begun
    at = judged.stand(np.array([1.02]))
    assert begun == [1.02] and judged.call is at
    p_kw, q_kvar = houses()
    assert judged.fixed(p_kw, q_kvar).bounds.without == pytest.approx(
        replace(STREET, source_pu=1.02).flow(p_kw, q_kvar).value)


def test_inside_all_bounds_the_excess_is_below_0() -> None:
    """The room to the nearest bound in what counts as kept, 1e-4 pu: a search asks by it whether a limit is near."""
    judged = judge(STREET.flow)
    p_kw, q_kvar = houses()
    voltage = STREET.network().watched.kind == VOLTAGE
    pu = STREET.flow(p_kw, q_kvar).value[0, voltage]
    room_pu = min(pu.min() - 0.91, 1.04 - pu.max())
    assert judged.excess(judged.fixed(p_kw, q_kvar), p_kw, q_kvar) == pytest.approx([-room_pu / 1e-4])
    assert room_pu > 0.01


def test_no_power_flow_names_its_period_and_keeps_nothing() -> None:
    judged = judge(STREET.flow)
    p_kw, q_kvar = houses(3)
    fixed = judged.fixed(p_kw, q_kvar)
    assert judged.text(fixed, p_kw, q_kvar) == ""
    far = p_kw.copy()
    far[1, 1:] = 2000.0
    assert judged.text(fixed, far, q_kvar) == "no power flow in period 1"
    assert judged.excess(fixed, far, q_kvar).tolist() == [np.inf]
    assert isinstance(judged.flows(fixed, far, q_kvar)[0], WatchedFlow)
    assert judged.largest_scale(fixed, far - p_kw) < 0.05
