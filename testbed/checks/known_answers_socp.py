"""Known answers of the branch-flow relaxation: exact where it is, refused or repaired where it is not.

The negative case: IEEE-33, load x 0.4, 2 MW injected at bus 18, ceiling 1.05 pu. The relaxation calls it optimal
at 1.050 pu, the power flow of the same powers gives 1.090 pu (docs/model.md 4.7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from controllers.port import FeederView, OnInexact, Setpoints, SpatialKnowledge
from controllers.spatial.branch_flow.layer import BranchFlow
from models.fleet.flexibility import bus_flexibility, groups_of_fleet, known_sessions, pair_index, select
from models.network.feeder import site
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33, zone_map
from models.records.arrays import Floats, RecordError
from models.records.feeder import RadialFeeder
from models.records.groups import THREE_CLASSES, cohort_row
from models.records.vehicles import DeclaredTable, Vehicles
from testbed.checks.known_answer import Check, at_most, equal, near

HORIZON_H = 24
LOOK_AHEAD_H = 2
STEP_S = 3600
BATTERY_KWH = 20_000.0
INJECTED_KW = 2000.0
INJECTED_AT = 18
LIGHT_LOAD = 0.4
CEILING_PU = 1.05
COMPUTED = "computed for this project (C)"


# ------------------------------------------------------------------- the case
def _battery() -> Vehicles:
    """One private, bidirectional `car` that can give 2 MW for hours: it stands for the injection."""
    ones = np.ones(1)
    return Vehicles(
        class_index=np.zeros(1, dtype=np.int64), capacity_kwh=BATTERY_KWH * ones, p_charge_max_kw=INJECTED_KW * ones,
        p_discharge_max_kw=INJECTED_KW * ones, eta_charge=0.95 * ones, eta_discharge=0.95 * ones, soc_min=0.1 * ones,
        soc_max=0.9 * ones, soc_floor_v2g=0.1 * ones, soc_wanted=0.2 * ones, soc_initial=0.8 * ones,
        taper_start_soc=ones, consumption_kwh_per_km=0.17 * ones, age_years=ones,
        is_enrolled=np.ones(1, dtype=np.bool_))


def _knowledge(feeder: RadialFeeder, on_inexact: OnInexact) -> SpatialKnowledge:
    vehicles, places = _battery(), site(feeder, zone_map("contiguous"))
    return SpatialKnowledge(
        district="verify", site=places, vehicles=vehicles, feeder=feeder,
        power_flow=ac_engine(feeder).power_flow, pairs=pair_index(places, groups_of_fleet(vehicles), LOOK_AHEAD_H + 1),
        step_s=STEP_S, look_ahead_h=LOOK_AHEAD_H, horizon_h=HORIZON_H, assumed_compliance=1.0,
        wear_usd_per_kwh=np.zeros(THREE_CLASSES.count), placement="in_place", on_inexact=on_inexact,
        reactive_power=False, target_slack_usd_per_mwh=500.0, voltage_penalty_below_pu=0.95,
        voltage_penalty_usd_per_pu2h=1000.0,
        solver="QOCO")


def _view(known: SpatialKnowledge, p_kw: Floats, q_kvar: Floats, battery_bus: int = -1) -> FeederView:
    """The same loads [B] in all periods; with a bus, the battery stands there and is to give all it can now."""
    assert known.feeder is not None
    leaves_s = (HORIZON_H + 1) * 3600
    declared = DeclaredTable(
        bus_index=np.array([battery_bus]), plugged_since_s=np.zeros(1, dtype=np.int64),
        declared_departure_s=np.array([leaves_s]), soc_wanted=known.vehicles.soc_wanted)
    soc = known.vehicles.soc_initial
    sessions = known_sessions(known.vehicles, declared, soc, known.site.bus_zone, 0)
    periods = 3600 // STEP_S + LOOK_AHEAD_H - 1
    none_coming = select(sessions, slice(0, 0))
    flexibility = bus_flexibility(sessions, none_coming, known.site, known.pairs, 0, STEP_S, LOOK_AHEAD_H, 1.0,
                                  np.zeros((known.site.bus_count, periods)))
    pd_kw = np.zeros((THREE_CLASSES.cohort_count(HORIZON_H), HORIZON_H))
    if battery_bus >= 0:
        zone = known.site.bus_zone[[battery_bus]]
        group = known.vehicles.group_of(np.zeros(1, dtype=np.int64), zone)
        pd_kw[cohort_row(group, HORIZON_H, HORIZON_H), 0] = INJECTED_KW
    price = np.full(HORIZON_H, 0.1)
    return FeederView(
        time_s=0, plan_time_s=0, pc_target_kw=np.zeros_like(pd_kw), pd_target_kw=pd_kw,
        marginal_price_usd_per_mwh=np.full(HORIZON_H, 20.0), price_charge_usd_per_kwh=price,
        price_discharge_usd_per_kwh=price, declared=declared, soc=soc,
        bus_load_kw=np.repeat(p_kw[:, None], periods, axis=1),
        bus_load_kvar=np.repeat(q_kvar[:, None], periods, axis=1),
        flexibility=flexibility, vm_pu=np.ones(known.feeder.bus_count))


def _light_feeder() -> RadialFeeder:
    """Without transformer ratings, so that the voltage ceiling is the only limit in question."""
    feeder = ieee33(v_max_pu=CEILING_PU)
    return replace(feeder, transformer_kva=np.full(feeder.bus_count, np.inf))


def _row(feeder: RadialFeeder) -> int:
    return int(np.flatnonzero(feeder.bus_number == INJECTED_AT)[0])


def _decide(feeder: RadialFeeder, p_kw: Floats, q_kvar: Floats, on_inexact: OnInexact,
            battery_bus: int = -1) -> Setpoints:
    known = _knowledge(feeder, on_inexact)
    return BranchFlow(known).step(_view(known, p_kw, q_kvar, battery_bus))


# -------------------------------------------------------------------- checks
def check_exact() -> list[Check]:
    """Without control there is one feasible point, and the relaxation finds it."""
    feeder = ieee33()
    answer = _decide(feeder, feeder.p_base_kw, feeder.q_base_kvar, "stop")
    return [
        equal("SOCP without control: status", "accepted", answer.certificate.status, COMPUTED),
        near("SOCP without control: losses [kW]", 202.677, answer.losses_socp_kw, 1e-3, "AC power flow (K)"),
        at_most("SOCP without control: relative gap", answer.certificate.relaxation_gap_max_rel, 1e-6, COMPUTED),
    ]


def check_refused() -> list[Check]:
    """Nothing can be cut: the answer is refused, and what is told instead is the power flow's."""
    feeder = _light_feeder()
    p_kw, q_kvar = LIGHT_LOAD * feeder.p_base_kw, LIGHT_LOAD * feeder.q_base_kvar
    p_kw[_row(feeder)] -= INJECTED_KW
    answer = _decide(feeder, p_kw, q_kvar, "fallback")
    name = "fixed 2 MW at bus 18, ceiling 1.05 pu"
    return [
        equal(f"{name}: status", "fallback", answer.certificate.status, COMPUTED),
        near(f"{name}: AC losses [MW]", 0.1818, answer.losses_ac_kw / 1e3, 5e-5, COMPUTED),
        near(f"{name}: highest AC voltage [pu]", 1.090, float(np.max(answer.vm_ac_pu)), 5e-4, COMPUTED),
    ]


def check_repaired() -> list[Check]:
    """2 MW wanted with slack: the repair cuts it to what the power flow allows."""
    feeder = _light_feeder()
    p_kw, q_kvar = LIGHT_LOAD * feeder.p_base_kw, LIGHT_LOAD * feeder.q_base_kvar
    answer = _decide(feeder, p_kw, q_kvar, "repair", _row(feeder))
    limit_kw = ac_limit_kw(feeder, p_kw, q_kvar)
    name = "2 MW wanted at bus 18 with slack, ceiling 1.05 pu"
    return [
        equal(f"{name}: status", "repaired", answer.certificate.status, COMPUTED),
        near(f"{name}: injection [kW]", limit_kw, -float(answer.p_plan_bus_kw[_row(feeder)]), 0.02 * limit_kw,
             "largest injection of the AC power flow, by bisection"),
        at_most(f"{name}: AC voltage above the ceiling [pu]",
                max(0.0, float(np.max(answer.vm_ac_pu)) - CEILING_PU), 5e-5, COMPUTED),
    ]


def ac_limit_kw(feeder: RadialFeeder, p_kw: Floats, q_kvar: Floats) -> float:
    """The largest injection at bus 18 that keeps every AC voltage at or below the ceiling."""
    flow, row, low, high = ac_engine(feeder).power_flow, _row(feeder), 0.0, INJECTED_KW
    if float(flow(p_kw[None, :], q_kvar[None, :]).vm_pu.max()) > CEILING_PU:
        raise RecordError("the ceiling is exceeded without any injection")
    for _ in range(40):
        middle = 0.5 * (low + high)
        injected = p_kw.copy()
        injected[row] -= middle
        is_high = float(flow(injected[None, :], q_kvar[None, :]).vm_pu.max()) > CEILING_PU
        low, high = (low, middle) if is_high else (middle, high)
    return low


CHECKS: tuple[Callable[[], list[Check]], ...] = (check_exact, check_refused, check_repaired)
