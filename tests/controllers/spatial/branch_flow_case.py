"""A small evening on the IEEE-33 feeder: parked cars, a plan that is known to be reachable, and the layer's view."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from controllers.port import FeederView, SpatialKnowledge
from models.fleet.flexibility import bus_flexibility, cohort_flexibility, groups_of_fleet, known_sessions, pair_index
from models.network.feeder import site
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33, zone_map
from models.records.arrays import Floats
from models.records.feeder import RadialFeeder, Site
from models.records.flexibility import Sessions
from models.records.groups import THREE_CLASSES
from models.records.vehicles import DeclaredTable, Vehicles

HORIZON_H = 48
LOAD_SHAPE = np.array([700, 750, 850, 950, 1000, 1100, 1150, 1200, 1300, 1400, 1450, 1500, 1400, 1300, 1200, 1050,
                       1000, 1100, 1200, 1400, 1300, 1100, 900, 800]) / 1500.0
PRICE = 16.0 + 12.0 * (LOAD_SHAPE - LOAD_SHAPE.min())
FEEDER = ieee33()
SITE = site(FEEDER, zone_map("contiguous"))
POWER_FLOW = ac_engine(FEEDER).power_flow


def fleet(private: int = 20, government: int = 2, taxi: int = 3) -> Vehicles:
    """Bidirectional cars: private and government 55 kWh at 7 kW, taxis 60 kWh at 30 kW."""
    kind = np.repeat([0, 2, 1], [private, government, taxi])
    count = kind.size
    power = np.where(kind == 1, 30.0, 7.0)

    def all_equal(value: float) -> Floats:
        return np.full(count, value)

    return Vehicles(
        class_index=kind, capacity_kwh=np.where(kind == 1, 60.0, 55.0), p_charge_max_kw=power,
        p_discharge_max_kw=power, eta_charge=all_equal(0.95), eta_discharge=all_equal(0.95), soc_min=all_equal(0.2),
        soc_max=all_equal(0.9), soc_floor_v2g=all_equal(0.35), soc_wanted=all_equal(0.85), soc_initial=all_equal(0.6),
        taper_start_soc=all_equal(1.0), consumption_kwh_per_km=all_equal(0.17), age_years=all_equal(3.0),
        is_enrolled=np.ones(count, dtype=np.bool_))


def knowledge(vehicles: Vehicles, feeder: RadialFeeder = FEEDER, places: Site = SITE, **changes: Any
              ) -> SpatialKnowledge:
    """A district of that fleet on that feeder; `changes` replace fields."""
    known = SpatialKnowledge(
        district="test", site=places, vehicles=vehicles, feeder=feeder,
        power_flow=POWER_FLOW if feeder is FEEDER else ac_engine(feeder).power_flow,
        pairs=pair_index(places, groups_of_fleet(vehicles), bins=25), step_s=900, look_ahead_h=24,
        horizon_h=HORIZON_H, assumed_compliance=0.95, wear_usd_per_kwh=np.full(THREE_CLASSES.count, 0.0536),
        placement="guided", on_inexact="repair", reactive_power=False, target_slack_usd_per_mwh=500.0,
        voltage_penalty_below_pu=0.95, voltage_penalty_usd_per_pu2h=10.0, solver="CLARABEL")
    return replace(known, **changes)


def parked(vehicles: Vehicles, time_s: int, seed: int = 0) -> tuple[DeclaredTable, Floats]:
    """Private cars at residential buses, government at offices, taxis at fast ports; departures 4 to 14 h away."""
    rng = np.random.default_rng(seed)
    zone = np.array([0, 1, 2])[vehicles.class_index]
    bus = np.zeros(vehicles.count, dtype=np.int64)
    for z in range(3):
        rows = np.flatnonzero(zone == z)
        ports = SITE.ports(int(z == 1))
        places = np.repeat(np.arange(SITE.bus_count), np.where(SITE.bus_zone == z, ports, 0))
        bus[rows] = rng.choice(places, rows.size, replace=False)
    leaves = time_s + rng.integers(4 * 3600, 14 * 3600, vehicles.count)
    declared = DeclaredTable(bus_index=bus, plugged_since_s=np.full(vehicles.count, time_s - 3600),
                             declared_departure_s=leaves, soc_wanted=vehicles.soc_wanted)
    return declared, rng.uniform(0.5, 0.8, vehicles.count)


def no_sessions() -> Sessions:
    """Nobody is expected."""
    empty = np.zeros(0)
    return Sessions(*(np.zeros(0, dtype=np.int64) for _ in range(4)), *(empty for _ in range(9)))


def view(known: SpatialKnowledge, declared: DeclaredTable, soc: Floats, hour: int, *, load_scale: float = 0.83,
         targets: tuple[Floats, Floats] | None = None) -> FeederView:
    """What the layer sees at `hour`; by default the plan discharges a third now and charges the need later."""
    time_s, steps = hour * 3600, 3600 // known.step_s
    sessions = known_sessions(known.vehicles, declared, soc, known.site.bus_zone, time_s)
    cohorts = cohort_flexibility(sessions, no_sessions(), time_s, known.horizon_h, known.assumed_compliance,
                                 np.zeros(known.horizon_h))
    hours = (hour + np.r_[np.zeros(steps, dtype=int), 1 + np.arange(known.look_ahead_h - 1)]) % 24
    assert known.feeder is not None
    shape = load_scale * LOAD_SHAPE[hours]
    flexibility = bus_flexibility(sessions, no_sessions(), known.site, known.pairs, time_s, known.step_s,
                                  known.look_ahead_h, known.assumed_compliance,
                                  np.zeros((known.site.bus_count, shape.size)))
    pc, pd = reachable_targets(cohorts) if targets is None else targets
    return FeederView(
        time_s=time_s, plan_time_s=time_s, pc_target_kw=pc, pd_target_kw=pd,
        marginal_price_usd_per_mwh=PRICE[(hour + np.arange(known.horizon_h)) % 24],
        price_charge_usd_per_kwh=np.full(known.horizon_h, 0.1), price_discharge_usd_per_kwh=np.full(
            known.horizon_h, 0.1), declared=declared, soc=soc,
        bus_load_kw=known.feeder.p_base_kw[:, None] * shape, bus_load_kvar=known.feeder.q_base_kvar[:, None] * shape,
        flexibility=flexibility, vm_pu=np.ones(known.site.bus_count))


def reachable_targets(cohorts: Any) -> tuple[Floats, Floats]:
    """A third of the discharging power in the first hour; then the path midway between the envelope's bounds."""
    eta_c, eta_d = cohorts.eta_charge[:, None], cohorts.eta_discharge[:, None]
    middle = 0.5 * (cohorts.x_min_kwh + cohorts.x_max_kwh)
    middle[:, 0] = np.maximum(cohorts.x_min_kwh[:, 0], -cohorts.pd_max_kw[:, 0] / 3.0 / eta_d[:, 0])
    rise = np.diff(middle, axis=1, prepend=0.0)
    pc = np.minimum(np.maximum(rise, 0.0) / eta_c, cohorts.pc_max_kw)
    pd = np.minimum(np.maximum(-rise, 0.0) * eta_d, cohorts.pd_max_kw)
    return pc, pd


def injection_view(known: SpatialKnowledge, bus_number: int, injection_kw: float, load_scale: float) -> FeederView:
    """One cohort at one residential bus that can, and by the plan should, discharge injection_kw in this hour."""
    assert known.feeder is not None
    declared, soc = parked(known.vehicles, 18 * 3600)
    base = view(known, declared, soc, 18)
    bus = int(np.flatnonzero(known.feeder.bus_number == bus_number)[0])
    pairs, departure = known.pairs, 10
    row = np.flatnonzero((pairs.bus_index == bus) & (pairs.departure_bin == departure) & (pairs.group == 1))[0]
    steps, hours = 3600 // known.step_s, known.look_ahead_h - 1
    now, later = np.zeros((pairs.count, steps)), np.zeros((known.site.bus_count, 2, hours))
    now[row] = 1.0
    later[bus, 0] = 1.0
    used = 1.0 + np.arange(hours) * 0.0
    flexibility = replace(
        base.flexibility, x_min_now_kwh=-2.0 * injection_kw * now, x_max_now_kwh=2.0 * injection_kw * now,
        pc_max_now_kw=injection_kw * now, pd_max_now_kw=injection_kw * now,
        x_min_later_kwh=-2.0 * injection_kw * later * used, x_max_later_kwh=2.0 * injection_kw * later * used,
        pc_max_later_kw=0.0 * later, pd_max_later_kw=0.0 * later)
    pc, pd = np.zeros_like(base.pc_target_kw), np.zeros_like(base.pd_target_kw)
    pd[int(pairs.group[row]) * (known.horizon_h + 1) + departure, 0] = injection_kw
    ones = np.ones((1, base.bus_load_kw.shape[1]))
    return replace(base, flexibility=flexibility, pc_target_kw=pc, pd_target_kw=pd,
                   bus_load_kw=load_scale * known.feeder.p_base_kw[:, None] * ones,
                   bus_load_kvar=load_scale * known.feeder.q_base_kvar[:, None] * ones)


def unlimited_transformers(feeder: RadialFeeder) -> RadialFeeder:
    """The same feeder without MV/LV limits."""
    return replace(feeder, transformer_kva=np.full(feeder.bus_count, np.inf))
