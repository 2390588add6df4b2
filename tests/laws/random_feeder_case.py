"""Random radial feeders, cars and hours for the laws of the AC judge: anything goes, much of it is not feasible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decision
from models.fleet.flexibility import bus_flexibility, groups_of_fleet, known_sessions, pair_index, select
from models.network.power_flow import ac_engine
from models.records.arrays import Floats
from models.records.feeder import RadialFeeder, Site
from models.records.groups import THREE_CLASSES, cohort_index
from models.records.vehicles import DeclaredTable, Vehicles

HORIZON_H, LOOK_AHEAD_H, STEP_S = 4, 2, 3600
VOLTAGE_PU, RATING_REL = 5e-4, 5e-3
"""Beyond these a limit counts as broken."""
VM_AGREES_PU, LOSS_AGREES_REL, LOSS_FLOOR_KW = 1e-5, 1e-3, 0.01


def feeder(rng: np.random.Generator) -> RadialFeeder:
    """3 to 8 buses at 12.66 kV, limits tight or wide."""
    buses = int(rng.integers(3, 9))
    parent = np.r_[-1, [int(rng.integers(max(0, b - 2), b)) for b in range(1, buses)]]
    r = np.r_[0.0, rng.uniform(0.002, 0.02, buses - 1)]
    p_kw = np.r_[0.0, rng.uniform(20.0, 400.0, buses - 1)]
    kva = np.where(rng.random(buses) < 0.3, np.inf, rng.choice([250.0, 630.0, 1600.0], buses))
    kva[0] = rng.choice([np.inf, 1000.0, 2500.0])
    return RadialFeeder(
        name="random", bus_number=np.arange(1, buses + 1), parent=parent.astype(np.int64), r_pu=r,
        x_pu=r * rng.uniform(0.3, 1.5), i_max_pu=np.r_[0.0, rng.choice([0.8, 2.0, 10.0], buses - 1)],
        transformer_kva=kva, p_base_kw=p_kw, q_base_kvar=p_kw * rng.uniform(0.0, 0.7), nominal_kv=12.66,
        v_slack_pu=float(rng.choice([1.0, 1.03])), v_min_pu=float(rng.choice([0.90, 0.95, 0.97])),
        v_max_pu=float(rng.choice([1.035, 1.05, 1.1])))


def fleet(rng: np.random.Generator, count: int) -> Vehicles:
    """Anything from a car to a station of two megawatts; some cannot discharge."""
    power = rng.choice([7.0, 50.0, 400.0, 2000.0], count)

    def between(low: float, high: float) -> Floats:
        return rng.uniform(low, high, count)

    return Vehicles(
        class_index=rng.integers(0, 3, count), capacity_kwh=power * between(1.0, 8.0), p_charge_max_kw=power,
        p_discharge_max_kw=np.where(rng.random(count) < 0.2, 0.0, power), eta_charge=between(0.9, 1.0),
        eta_discharge=between(0.9, 1.0), soc_min=np.full(count, 0.1), soc_max=np.full(count, 0.9),
        soc_floor_v2g=np.full(count, 0.2), soc_wanted=between(0.2, 0.9), soc_initial=between(0.3, 0.8),
        taper_start_soc=np.ones(count), consumption_kwh_per_km=np.full(count, 0.17), age_years=np.ones(count),
        is_enrolled=np.ones(count, dtype=np.bool_))


def operator(rng: np.random.Generator, of: RadialFeeder | None = None) -> SpatialKnowledge:
    """What one operator owns: a random feeder or the given one, a fleet, and options of the layer."""
    network = feeder(rng) if of is None else of
    vehicles = fleet(rng, int(rng.integers(1, 7)))
    zone = np.r_[-1, rng.integers(0, 3, network.bus_count - 1)]
    ports = np.where(zone >= 0, 8, 0)
    site = Site(bus_zone=zone.astype(np.int64), slow_ports=ports.astype(np.int64), fast_ports=ports.astype(np.int64))
    return SpatialKnowledge(
        district="random", site=site, vehicles=vehicles, feeder=network, power_flow=ac_engine(network).power_flow,
        pairs=pair_index(site, groups_of_fleet(vehicles), LOOK_AHEAD_H + 1), step_s=STEP_S, look_ahead_h=LOOK_AHEAD_H,
        horizon_h=HORIZON_H, assumed_compliance=float(rng.choice([0.9, 1.0])),
        wear_usd_per_kwh=np.full(THREE_CLASSES.count, float(rng.choice([0.0, 0.05]))), placement="in_place",
        on_inexact="repair" if rng.random() < 0.7 else "fallback", reactive_power=bool(rng.random() < 0.4),
        target_slack_usd_per_mwh=float(rng.choice([50.0, 500.0])), voltage_penalty_below_pu=0.95,
        voltage_penalty_usd_per_pu2h=float(rng.choice([0.0, 20.0, 1000.0])),
        solver="CLARABEL" if rng.random() < 0.5 else "QOCO")


def hour(known: SpatialKnowledge, rng: np.random.Generator) -> FeederView:
    """Loads from deep injection to overload, cars anywhere, targets up to all they have, prices of either sign."""
    assert known.feeder is not None
    count, places = known.vehicles.count, np.flatnonzero(known.site.bus_zone >= 0)
    declared = DeclaredTable(
        bus_index=rng.choice(places, count), plugged_since_s=np.full(count, -3600),
        declared_departure_s=rng.integers(1800, 6 * 3600, count), soc_wanted=known.vehicles.soc_wanted)
    soc = known.vehicles.soc_initial
    sessions = known_sessions(known.vehicles, declared, soc, known.site.bus_zone, 0)
    periods = 3600 // STEP_S + LOOK_AHEAD_H - 1
    scale = rng.choice([0.1, 0.5, 1.0, 1.6]) * rng.uniform(0.5, 1.2, (known.feeder.bus_count, periods))
    p_kw, q_kvar = known.feeder.p_base_kw[:, None] * scale, known.feeder.q_base_kvar[:, None] * scale
    if rng.random() < 0.3:  # a plant that nobody can cut
        p_kw[rng.choice(places)] -= rng.uniform(0.0, 2500.0)
    flexibility = bus_flexibility(sessions, select(sessions, slice(0, 0)), known.site, known.pairs, 0, STEP_S,
                                  LOOK_AHEAD_H, known.assumed_compliance, np.zeros(p_kw.shape))
    pc, pd = _targets(known, declared, rng)
    price = rng.uniform(-80.0, 120.0, HORIZON_H)
    return FeederView(
        time_s=0, plan_time_s=0, pc_target_kw=pc, pd_target_kw=pd, marginal_price_usd_per_mwh=price,
        price_charge_usd_per_kwh=price / 1e3, price_discharge_usd_per_kwh=price / 1e3, declared=declared, soc=soc,
        bus_load_kw=p_kw, bus_load_kvar=q_kvar, flexibility=flexibility, vm_pu=np.ones(known.feeder.bus_count))


def _targets(known: SpatialKnowledge, declared: DeclaredTable, rng: np.random.Generator) -> tuple[Floats, Floats]:
    group = THREE_CLASSES.index(known.site.bus_zone[declared.bus_index], known.vehicles.class_index,
                        known.vehicles.is_bidirectional)
    rows = cohort_index(group, declared.declared_departure_s, 0, HORIZON_H)
    both = []
    for power in (known.vehicles.p_charge_max_kw, known.vehicles.p_discharge_max_kw):
        wish = np.zeros((THREE_CLASSES.count * (HORIZON_H + 1), HORIZON_H))
        np.add.at(wish, rows, power[:, None] * rng.uniform(0.0, 1.0) * rng.integers(0, 2))
        both.append(wish)
    return both[0], both[1]


# ---------------------------------------------------------------- the judge's judge
@dataclass(frozen=True)
class Refutation:
    """What AC says against a decision in this hour; empty lists: nothing."""

    claims: tuple[str, ...]
    """Claimed voltages or losses that the power flow does not have."""
    limits: tuple[str, ...]
    """Limits broken by what the decision does."""


def refutation(known: SpatialKnowledge, decision: Decision) -> Refutation:
    """Own replay of the decision's powers in its steps; nothing of the layer's own judge is used."""
    assert known.feeder is not None and known.power_flow is not None
    network, steps = known.feeder, decision.layout.steps
    p_kw = decision.p_plan_bus_kw[:steps]
    q_kvar = decision.q_plan_bus_kvar[:steps] + decision.forecast.q_fixed_kvar.T[:steps]
    flow = known.power_flow(p_kw, q_kvar)
    if np.any(np.isnan(flow.vm_pu)):
        return Refutation(() if decision.answer is None else ("no power flow",), ("no power flow",))
    claims = []
    if decision.answer is not None:
        if np.abs(decision.answer.vm_pu[:steps] - flow.vm_pu).max() > VM_AGREES_PU:
            claims.append("voltages")
        error = np.abs(decision.answer.losses_kw[:steps] - flow.losses_kw)
        if np.any(error > LOSS_AGREES_REL * np.maximum(flow.losses_kw, LOSS_FLOOR_KW)):
            claims.append("losses")
    vm = flow.vm_pu[:, 1:]
    broken = {
        "v_min": vm.min() < network.v_min_pu - VOLTAGE_PU, "v_max": vm.max() > network.v_max_pu + VOLTAGE_PU,
        "line": flow.line_loading_percent.max() > 100.0 * (1.0 + RATING_REL),
        "substation": np.any(np.hypot(flow.p_slack_kw, flow.q_slack_kvar)
                             > network.transformer_kva[0] * (1.0 + RATING_REL)),
        "transformer": np.any(_behind_kva(known, decision, q_kvar) > network.transformer_kva * (1.0 + RATING_REL)),
    }
    return Refutation(tuple(claims), tuple(name for name, is_broken in broken.items() if is_broken))


def idle_flow_exists(known: SpatialKnowledge, decision: Decision) -> bool:
    """The loads of this hour have a power flow while no dispatched car moves."""
    assert known.power_flow is not None
    steps, fixed = decision.layout.steps, decision.forecast
    flow = known.power_flow(fixed.p_fixed_kw.T[:steps], fixed.q_fixed_kvar.T[:steps])
    return not np.any(np.isnan(flow.vm_pu))


def _behind_kva(known: SpatialKnowledge, decision: Decision, q_kvar: Floats) -> Floats:
    """[Q, B] through each bus's own transformer: load and slow chargers, 0 at the substation."""
    layout, steps = decision.layout, decision.layout.steps
    slow = np.pad((layout.pair_bus_slow @ (decision.pc_kw - decision.pd_kw)).T, ((0, 0), (1, 0)))
    kva = np.hypot(decision.forecast.p_fixed_kw.T[:steps] + slow, q_kvar)
    kva[:, 0] = 0.0
    return np.asarray(kva)
