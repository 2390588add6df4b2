"""Streets of three phases solved by their impedances alone, and evenings of cars there: fast, and of another kind than
the engine of the testbed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from controllers.port import FeederView, SpatialKnowledge
from models.fleet.flexibility import bus_flexibility, groups_of_fleet, known_sessions, pair_index, select
from models.records.arrays import Floats, Ints
from models.records.feeder import Site
from models.records.flexibility import BusFlexibility
from models.records.groups import THREE_CLASSES, cohort_index
from models.records.three_phase import (
    CURRENT,
    TRANSFORMER,
    UNBALANCE,
    VOLTAGE,
    ThreePhaseNetwork,
    Watched,
    WatchedFlow,
    WatchedFlowCall,
)
from models.records.vehicles import DeclaredTable, Vehicles
from tests.laws.random_feeder_case import HORIZON_H, LOOK_AHEAD_H, STEP_S, _targets

Complexes = npt.NDArray[np.complex128]
VOLT = 230.0
A = np.exp(2j * np.pi / 3)
SOURCE = VOLT * np.array([1.0, A**2, A])


@dataclass(frozen=True)
class Street:
    """A tree of four-wire cables, neutral reduced; bus b hangs at parent[b] < b, bus 0 is the transformer."""

    parent: Ints
    z_ohm: Complexes
    """[b, 3, 3] of the cable to bus b; row 0 the transformer's own."""
    bus: Ints
    """[B - 1] of each connection."""
    phases: tuple[str, ...]
    source_pu: float = 1.0
    v_min_pu: float = 0.94
    v_max_pu: float = 1.10
    cable_a: float = np.inf
    transformer_kva: float = np.inf
    unbalance_percent: float = np.inf

    def network(self) -> ThreePhaseNetwork:
        """With limits of every connection's voltages, every cable's phases, the transformer and unbalance."""
        at = [(c + 1, int(p)) for c, own in enumerate(self.phases) for p in own]
        n = self.parent.size
        kind = np.repeat([VOLTAGE, CURRENT, TRANSFORMER, UNBALANCE], [len(at), 3 * n, 1, n])
        none = np.full(kind.size, -1)
        none[: len(at)] = [c for c, _ in at]
        low, high = np.full(kind.size, -np.inf), np.full(kind.size, np.inf)
        low[kind == VOLTAGE], high[kind == VOLTAGE] = self.v_min_pu, self.v_max_pu
        high[kind == CURRENT] = 1.0 if np.isfinite(self.cable_a) else np.inf
        high[kind == TRANSFORMER] = 1.0 if np.isfinite(self.transformer_kva) else np.inf
        high[kind == UNBALANCE] = self.unbalance_percent
        element = [f"bus {self.bus[c - 1]}" for c, _ in at] + [f"cable {b}" for b in range(n) for _ in range(3)]
        phase = [str(p) for _, p in at] + ["1", "2", "3"] * n + [""] * (n + 1)
        element += ["transformer", *(f"bus {b}" for b in range(n))]
        watched = Watched(kind, tuple(element), tuple(phase), none, low, high)
        return ThreePhaseNetwork("street", ("source", *(f"house {c}" for c in range(1, self.bus.size + 1))),
                                 ("", *self.phases), watched,
                                 voltage_weight=np.full(self.bus.size + 1, 0.01))

    @property
    def spread(self) -> Floats:
        """[3 n, B] part of each connection's power at each node."""
        table = np.zeros((3 * self.parent.size, self.bus.size + 1))
        for c, (bus, own) in enumerate(zip(self.bus, self.phases, strict=True)):
            for p in own:
                table[3 * bus + int(p) - 1, c + 1] = 1.0 / len(own)
        return table

    def flow(self, p_kw: Floats, q_kvar: Floats, taps: Floats | None = None) -> WatchedFlow:
        """WatchedFlowCall: fixed-point iteration on the impedance matrix."""
        above = self._above()
        spread = self.spread
        z = self._path_impedance(above)
        s_va = 1e3 * (p_kw + 1j * q_kvar) @ spread.T
        open_v = np.tile(self.source_pu * SOURCE, self.parent.size)
        v = np.tile(open_v, (p_kw.shape[0], 1))
        for _ in range(200):
            before, v = v, open_v - np.conj(s_va / v) @ z.T
            if np.abs(v - before).max() < 1e-10:
                break
        converged = (np.abs(v - before).max(axis=1) < 1e-8) & (np.abs(v).min(axis=1) > 0.5 * VOLT)
        return self._answer(v, np.conj(s_va / v), above, spread, s_va, converged)

    def _answer(self, v: Complexes, drawn: Complexes, above: Floats, spread: Floats, s_va: Complexes,
                converged: Any) -> WatchedFlow:
        count, n = v.shape[0], self.parent.size
        in_cables = np.einsum("ab,nbp->nap", above.T, drawn.reshape(count, n, 3))
        vm = np.abs(v) / VOLT
        at = [3 * bus + int(p) - 1 for bus, own in zip(self.bus, self.phases, strict=True) for p in own]
        head = SOURCE * self.source_pu * np.conj(in_cables[:, 0])
        total = head.sum(axis=1)
        by_phase = v.reshape(count, n, 3)
        negative, positive = (by_phase @ row for row in (np.array([1, A**2, A]), np.array([1, A, A**2])))
        phasor = np.concatenate([vm[:, at], in_cables.reshape(count, -1) / self.cable_a,
                                 total[:, None] / 1e3 / self.transformer_kva, 100.0 * negative / positive], axis=1)
        vm_own = np.pad(vm @ (spread[:, 1:] / np.maximum(spread[:, 1:].sum(axis=0), 1e-9)), ((0, 0), (1, 0)))
        vm_own[:, 0] = self.source_pu
        losses = (total.real - s_va.sum(axis=1).real) / 1e3
        answer = WatchedFlow(np.abs(phasor), phasor, vm_own, losses, np.zeros((count, 0)), total.real / 1e3,
                             total.imag / 1e3)
        for table in (answer.value, answer.phasor, answer.vm_pu, answer.losses_kw):
            table[~converged] = np.nan
        return answer

    def _above(self) -> Floats:
        """[b, c] 1 where cable c leads to bus b."""
        table = np.eye(self.parent.size)
        for b in range(1, self.parent.size):
            table[b] += table[self.parent[b]]
        return table

    def _path_impedance(self, above: Floats) -> Complexes:
        n = self.parent.size
        z = np.einsum("bc,dc,cpq->bpdq", above, above, self.z_ohm)
        return np.asarray(z.reshape(3 * n, 3 * n))


def street(buses: int = 6, metres: float = 60.0, **limits: Any) -> Street:
    """Every bus one house, phases in turn; the last house has three."""
    self_ohm, mutual_ohm = (0.6 + 0.1j) * metres / 1e3, (0.15 + 0.03j) * metres / 1e3
    z = np.full((buses, 3, 3), mutual_ohm) + np.eye(3) * (self_ohm - mutual_ohm)
    phases = (*(str(1 + b % 3) for b in range(buses - 2)), "123")
    return Street(np.arange(-1, buses - 1), z, np.arange(1, buses), phases, **limits)


def random_street(rng: np.random.Generator) -> Street:
    """3 to 9 buses, houses on any phases, limits tight or wide."""
    n = int(rng.integers(3, 10))
    parent = np.r_[-1, [int(rng.integers(max(0, b - 2), b)) for b in range(1, n)]].astype(np.int64)
    length = rng.uniform(0.02, 0.15, n)[:, None, None]
    own, mutual = complex(rng.uniform(0.3, 0.9), rng.uniform(0.05, 0.2)), complex(rng.uniform(0.05, 0.2), 0.03)
    z = length * (np.full((n, 3, 3), mutual) + np.eye(3) * (own - mutual))
    houses = int(rng.integers(2, 12))
    return Street(
        parent, z, rng.integers(1, n, houses), tuple(rng.choice(["1", "2", "3", "123"], houses)),
        source_pu=float(rng.choice([1.0, 1.03, 1.05])), v_min_pu=float(rng.choice([0.90, 0.94, 0.97])),
        v_max_pu=float(rng.choice([1.06, 1.10])), cable_a=float(rng.choice([60.0, 120.0, np.inf])),
        transformer_kva=float(rng.choice([40.0, 100.0, np.inf])),
        unbalance_percent=float(rng.choice([1.0, 2.0, np.inf])))


RAISED_PU, LEAST_PU = 1.03, 0.965


def regulated(of: Street) -> WatchedFlowCall:
    """The street with a regulator at its source: by itself it raises that to RAISED_PU wherever a house would have less
    than LEAST_PU, and else leaves it at 1; taps that are given are held."""
    def flow(p_kw: Floats, q_kvar: Floats, taps: Floats | None = None) -> WatchedFlow:
        low, high = (replace(of, source_pu=tap).flow(p_kw, q_kvar) for tap in (1.0, RAISED_PU))
        if taps is None:
            taps = np.where(low.vm_pu[:, 1:].min(axis=1) < LEAST_PU, RAISED_PU, 1.0)[:, None]
        chosen = [np.where((taps[:, 0] > 1.0).reshape(-1, *(1,) * (own.ndim - 1)), raised, own) for own, raised in (
            (getattr(low, field.name), getattr(high, field.name)) for field in fields(WatchedFlow))
            if own.shape != (p_kw.shape[0], 0)]
        return WatchedFlow(*chosen[:4], np.asarray(taps, dtype=np.float64), *chosen[4:])

    return flow


def up_to(of: Street, most_kw: float) -> WatchedFlowCall:
    """The street without a power flow where more than that is drawn in all."""
    def flow(p_kw: Floats, q_kvar: Floats, taps: Floats | None = None) -> WatchedFlow:
        answer = of.flow(p_kw, q_kvar, taps)
        for table in (answer.value, answer.phasor, answer.vm_pu, answer.losses_kw):
            table[p_kw.sum(axis=1) > most_kw] = np.nan
        return answer

    return flow


def site_of(of: Street) -> Site:
    """Everybody lives there and has room for three cars."""
    zone = np.r_[-1, np.zeros(of.bus.size, dtype=np.int64)]
    ports = np.where(zone >= 0, 3, 0)
    return Site(zone, ports, np.zeros_like(ports))


def knowledge(of: Street, vehicles: Vehicles, **changes: Any) -> SpatialKnowledge:
    """An operator of that street."""
    return knowledge_of(of.network(), of.flow, vehicles, site_of(of), **changes)


def knowledge_of(network: ThreePhaseNetwork, flow: WatchedFlowCall, vehicles: Vehicles, site: Site, **changes: Any
                 ) -> SpatialKnowledge:
    """An operator of any network of three phases."""
    known = SpatialKnowledge(
        district="street", site=site, vehicles=vehicles, feeder=None, power_flow=None,
        pairs=pair_index(site, groups_of_fleet(vehicles), LOOK_AHEAD_H + 1), step_s=STEP_S, look_ahead_h=LOOK_AHEAD_H,
        horizon_h=HORIZON_H, assumed_compliance=1.0, wear_usd_per_kwh=np.full(THREE_CLASSES.count, 0.05),
        placement="in_place", on_inexact="repair", reactive_power=False, target_slack_usd_per_mwh=500.0,
        voltage_penalty_below_pu=0.95,
        voltage_penalty_usd_per_pu2h=20.0, solver="QOCO", network=network, network_flow=flow)
    return replace(known, **changes)


def cars(rng: np.random.Generator, count: int, kw: Any = (3.7, 7.4, 11.0, 22.0)) -> Vehicles:
    """Private cars; some cannot discharge."""
    power = rng.choice(kw, count)

    def between(low: float, high: float) -> Floats:
        return rng.uniform(low, high, count)

    return Vehicles(
        class_index=np.zeros(count, dtype=np.int64), capacity_kwh=between(30.0, 80.0), p_charge_max_kw=power,
        p_discharge_max_kw=np.where(rng.random(count) < 0.3, 0.0, power), eta_charge=between(0.9, 1.0),
        eta_discharge=between(0.9, 1.0), soc_min=np.full(count, 0.1), soc_max=np.full(count, 0.9),
        soc_floor_v2g=np.full(count, 0.2), soc_wanted=between(0.5, 0.9), soc_initial=between(0.2, 0.8),
        taper_start_soc=np.ones(count), consumption_kwh_per_km=np.full(count, 0.17), age_years=np.ones(count),
        is_enrolled=np.ones(count, dtype=np.bool_))


def hour(known: SpatialKnowledge, rng: np.random.Generator, house_kw: float | None = None) -> FeederView:
    """Any loads and cars, targets up to all they have, prices of either sign; house_kw: the same in every house."""
    assert known.network is not None
    count, connections = known.vehicles.count, known.network.connection_count
    declared = DeclaredTable(
        bus_index=rng.integers(1, connections, count), plugged_since_s=np.full(count, -3600),
        declared_departure_s=rng.integers(1800, 6 * 3600, count), soc_wanted=known.vehicles.soc_wanted)
    periods = 3600 // known.step_s + known.look_ahead_h - 1
    p_kw = rng.uniform(-4.0, 4.0) * rng.uniform(0.3, 1.2, (connections, periods))
    p_kw = p_kw if house_kw is None else np.full(p_kw.shape, house_kw)
    p_kw[0] = 0.0
    pc, pd = _targets(known, declared, rng)
    price = rng.uniform(-80.0, 120.0, known.horizon_h)
    return FeederView(
        time_s=0, plan_time_s=0, pc_target_kw=pc, pd_target_kw=pd, marginal_price_usd_per_mwh=price,
        price_charge_usd_per_kwh=price / 1e3, price_discharge_usd_per_kwh=price / 1e3, declared=declared,
        soc=known.vehicles.soc_initial, bus_load_kw=p_kw, bus_load_kvar=0.3 * np.abs(p_kw),
        flexibility=_flexibility(known, declared, p_kw), vm_pu=np.ones(connections))


def _flexibility(known: SpatialKnowledge, declared: DeclaredTable, p_kw: Floats) -> BusFlexibility:
    sessions = known_sessions(known.vehicles, declared, known.vehicles.soc_initial, known.site.bus_zone, 0)
    return bus_flexibility(sessions, select(sessions, slice(0, 0)), known.site, known.pairs, 0, known.step_s,
                           known.look_ahead_h, known.assumed_compliance, np.zeros(p_kw.shape))


def at_connections(known: SpatialKnowledge, view: FeederView, bus_index: Ints) -> FeederView:
    """The same hour with the cars at these connections, until the morning."""
    declared = replace(view.declared, bus_index=bus_index, declared_departure_s=np.full(bus_index.size, 13 * 3600))
    return replace(view, declared=declared, flexibility=_flexibility(known, declared, view.bus_load_kw))


def full_charge(known: SpatialKnowledge, view: FeederView) -> FeederView:
    """The same hour with a plan that asks all cars to charge as fast as they can."""
    group = THREE_CLASSES.index(known.site.bus_zone[view.declared.bus_index], known.vehicles.class_index,
                        known.vehicles.is_bidirectional)
    rows = cohort_index(group, view.declared.declared_departure_s, 0, known.horizon_h)
    pc = np.zeros_like(view.pc_target_kw)
    np.add.at(pc, rows, np.repeat(known.vehicles.p_charge_max_kw[:, None], pc.shape[1], axis=1))
    return replace(view, pc_target_kw=pc, pd_target_kw=np.zeros_like(pc))


def random_case(seed: int) -> tuple[SpatialKnowledge, FeederView]:
    """A street, its operator and an hour."""
    rng = np.random.default_rng(seed)
    of = random_street(rng)
    known = knowledge(
        of, cars(rng, int(rng.integers(1, 10))), assumed_compliance=float(rng.choice([0.9, 1.0])),
        reactive_power=bool(rng.random() < 0.4), target_slack_usd_per_mwh=float(rng.choice([50.0, 500.0])),
        wear_usd_per_kwh=np.full(THREE_CLASSES.count, float(rng.choice([0.0, 0.05]))),
        voltage_penalty_usd_per_pu2h=float(rng.choice([0.0, 20.0, 1000.0])),
        on_inexact="repair" if rng.random() < 0.7 else "fallback")
    return known, hour(known, rng)


def weak_case(seed: int) -> tuple[SpatialKnowledge, FeederView]:
    """The same of long streets with many strong cars, for which the first rounds' models are far off."""
    rng = np.random.default_rng(seed)
    of = random_street(rng)
    of = replace(
        of, z_ohm=of.z_ohm * float(rng.uniform(2, 12)), v_min_pu=float(rng.choice([0.6, 0.75, 0.85, 0.9])),
        unbalance_percent=float(rng.choice([0.5, 1.0, 2.0])), cable_a=float(rng.choice([30.0, 60.0, np.inf])),
        transformer_kva=float(rng.choice([20.0, 40.0, np.inf])))
    known = knowledge(of, cars(rng, int(rng.integers(6, 20)), (11.0, 22.0)), reactive_power=bool(rng.random() < 0.5),
                      on_inexact="fallback", target_slack_usd_per_mwh=5000.0)
    view = hour(known, rng)
    return known, full_charge(known, view) if rng.random() < 0.5 else view
