"""A morning small enough for tests: three units, one tight IEEE-33 feeder, cars at home, at work and a few taxis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from controllers.joint.network import Network, make_network
from controllers.port import FeederOffer, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.problem import Case, make_case
from models.network.feeder import site
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33, zone_map
from models.records.flexibility import CohortFlexibility
from models.records.groups import THREE_CLASSES
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits, hot_and_cold

HOURS = 8
LOAD_PEAK_MW = 4.0
LOAD_MW = np.array([2.4, 2.2, 2.3, 2.9, 3.5, 4.0, 3.7, 3.2])
ETA = 0.95
HOME, WORK, TAXI = 1, 13, 8
"""Groups: private two-way residential and office, taxis one-way commercial."""


def units() -> ThermalUnits:
    """Three units, 5.2 MW in all; the smallest may be started from hour to hour."""
    return ThermalUnits(
        names=("base", "mid", "quick"), p_max_mw=np.array([2.6, 1.6, 1.0]), p_min_mw=np.array([1.0, 0.5, 0.2]),
        cost_a_usd_per_h=np.array([5.0, 4.5, 3.0]), cost_b_usd_per_mwh=np.array([15.0, 19, 29]),
        cost_c_usd_per_mw2h=np.array([0.3, 0.6, 0.9]), min_up_h=np.array([4, 3, 1]), min_down_h=np.array([4, 3, 1]),
        **hot_and_cold(np.array([4, 3, 1]), np.array([10.0, 4, 1]), np.array([22.0, 8, 2]), np.array([2, 1, 0])),
        initial_h=np.array([6, 5, -2]), emission_alpha_t_per_h=np.array([0.02, 0.05, 0.08]),
        emission_beta_t_per_mwh=np.array([0.9, 0.8, 0.6]), emission_gamma_t_per_mw2h=np.array([0.01, 0.02, 0.03]))


def offer(substation_kva: float = np.inf) -> FeederOffer:
    """IEEE-33 at 0.83 with ports everywhere."""
    feeder = ieee33(peak_scale=0.83, substation_kva=substation_kva)
    places = site(feeder, zone_map("contiguous"), 50, 10)
    return FeederOffer(feeder, places, ac_engine(feeder).power_flow,
                       lambda _, load_mw: (np.outer(feeder.p_base_kw, load_mw / LOAD_PEAK_MW),
                                           np.outer(feeder.q_base_kvar, load_mw / LOAD_PEAK_MW)))


def knowledge(substation_kva: float = np.inf, **changes: Any) -> TemporalKnowledge:
    """One district with a feeder; no tariff, cheap wear, so that cars act for the system."""
    known = TemporalKnowledge(
        units=units(), horizon_h=HOURS, binding_h=HOURS, objective=Objective(), carbon_price_usd_per_t=7.0,
        curtailment_penalty_usd_per_mwh=75.0, wear_usd_per_kwh=np.full(THREE_CLASSES.count, 0.002),
        tariff_in_objective=False, reserve_rule="thermal_only", reserve_fraction=0.05,
        reserve_curve=ReserveCurve.flat(1000.0), terminal="match",
        tangents=12, mip_gap=1e-4, district_names=("north",), offers=(offer(substation_kva),))
    return replace(known, **changes)


def cars(count: float = 300.0) -> CohortFlexibility:
    """Three cohorts: at home until hour 6, at work from hour 3 on, taxis from hour 2 to 5."""
    x_min, x_max, pc, pd = (np.zeros((THREE_CLASSES.count * (HOURS + 1), HOURS)) for _ in range(4))
    end = np.zeros(THREE_CLASSES.count * (HOURS + 1))
    stays = ((HOME, 0, 6, 0.7, 7.0, 12.0), (WORK, 3, 12, 0.25, 7.0, 9.0), (TAXI, 2, 5, 0.05, 40.0, 24.0))
    for group, arrival, departure, share, power, need in stays:
        number, row = share * count, group * (HOURS + 1) + min(departure, HOURS)
        hour = np.arange(HOURS)
        plugged = (hour >= arrival) & (hour < departure)
        since = np.clip(hour + 1 - arrival, 0, departure - arrival)
        left = np.clip(departure - hour - 1, 0, departure - arrival)
        pc[row], pd[row] = number * power * plugged, number * power * plugged * (group % 2)
        x_max[row] = number * np.minimum(ETA * power * since, need + 6.0)
        low = np.maximum(-10.0 * (group % 2), -power / ETA * since * (group % 2))
        x_min[row] = np.minimum(x_max[row], number * np.maximum(low, need - ETA * power * left) * (since > 0))
        end[row] = x_max[row, -1] if departure >= HOURS else 0.0
    eta = np.full(THREE_CLASSES.count * (HOURS + 1), ETA)
    return CohortFlexibility(
        start_s=0, x_min_kwh=x_min, x_max_kwh=x_max, pc_max_kw=pc, pd_max_kw=pd, eta_charge=eta, eta_discharge=eta,
        x_end_uncoordinated_kwh=0.5 * end, energy_start_kwh=0.0, energy_end_base_kwh=0.0,
        p_uncontrolled_kw=np.full(HOURS, 20.0))


def view(known: TemporalKnowledge, count: float = 300.0) -> SystemView:
    """The morning's load and `count` cars."""
    return SystemView(
        time_s=0, load_mw=LOAD_MW, wind_mw=np.full(HOURS, 0.2), pv_mw=np.zeros(HOURS),
        price_charge_usd_per_kwh=np.full(HOURS, 0.1), price_discharge_usd_per_kwh=np.full(HOURS, 0.1),
        districts=(cars(count),), hours_on=known.units.initial_h, p_mw=known.units.p_min_mw)


def case(known: TemporalKnowledge, count: float = 300.0) -> Case:
    """The upper layer's own problem."""
    return make_case(known, view(known, count), "bidirectional", 20.0, np.ones(HOURS))


def network(known: TemporalKnowledge) -> Network:
    """The district's feeder."""
    first = known.offers[0]
    assert first is not None
    return make_network("north", first, 0, LOAD_MW, np.full(HOURS, 20.0))
