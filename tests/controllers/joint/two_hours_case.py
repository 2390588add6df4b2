"""Two hours, two units and one line: small enough to be worked out beside the code under test.

A morning of 2.0 and 1.2 MW, of which the line's end draws 0.2 and 0.6 MW; one-way cars there charge when they like.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from controllers.port import FeederOffer, SystemView, TemporalKnowledge
from models.network.power_flow import ac_engine
from models.records.arrays import Floats
from models.records.feeder import RadialFeeder, Site
from models.records.flexibility import CohortFlexibility
from models.records.groups import THREE_CLASSES
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits, hot_and_cold

HOURS = 2
LOAD_MW, HOME_MW = np.array([2.0, 1.2]), np.array([0.2, 0.6])
R_PU = 0.03
"""Of the line, on 1 MVA: 1 MW loses some 30 kW."""
X_PU = 0.01
ETA = 0.95
HOME = 0
"""Group: private one-way cars in the residential zone."""
CARS_MW, ENERGY_MWH = 1.0, 0.95
"""Of all cars: their power, and what they need within the two hours: one hour of it."""


def units(min_up_h: int = 2) -> ThermalUnits:
    """One unit carries both hours; a dear one stands by."""
    both = np.full(2, min_up_h)
    return ThermalUnits(
        names=("base", "dear"), p_max_mw=np.array([4.0, 2.0]), p_min_mw=np.array([0.5, 0.1]),
        cost_a_usd_per_h=np.array([10.0, 5.0]), cost_b_usd_per_mwh=np.array([20.0, 60.0]),
        cost_c_usd_per_mw2h=np.array([0.4, 0.5]), min_up_h=both, min_down_h=both,
        **hot_and_cold(both, np.array([10.0, 1]), np.array([20.0, 2]), np.array([1, 1])),
        initial_h=np.array([6, -5]), emission_alpha_t_per_h=np.zeros(2), emission_beta_t_per_mwh=np.zeros(2),
        emission_gamma_t_per_mw2h=np.zeros(2))


def feeder(**changes: Any) -> RadialFeeder:
    """The substation and a bus of homes, without any rating unless changed."""
    one = np.array([0.0, 1.0])
    return replace(RadialFeeder(
        name="line", bus_number=np.array([1, 2]), parent=np.array([-1, 0]), r_pu=R_PU * one, x_pu=X_PU * one,
        i_max_pu=np.full(2, 1e3), transformer_kva=np.full(2, np.inf), p_base_kw=1e3 * one, q_base_kvar=0.0 * one,
        nominal_kv=12.66, v_slack_pu=1.0, v_min_pu=0.8, v_max_pu=1.1), **changes)


def offer(of: RadialFeeder) -> FeederOffer:
    """With ports enough at the homes."""
    places = Site(bus_zone=np.array([-1, 0]), slow_ports=np.array([0, 200]), fast_ports=np.zeros(2, dtype=np.int64))
    load_kw = 1e3 * np.stack([np.zeros(HOURS), HOME_MW])
    return FeederOffer(of, places, ac_engine(of).power_flow, lambda *_: (load_kw, 0.0 * load_kw))


def knowledge(of: RadialFeeder | None = None, **changes: Any) -> TemporalKnowledge:
    """No carbon, no tariff, no reserve: fuel alone."""
    known = TemporalKnowledge(
        units=units(), horizon_h=HOURS, binding_h=HOURS, objective=Objective(), carbon_price_usd_per_t=0.0,
        curtailment_penalty_usd_per_mwh=75.0, wear_usd_per_kwh=np.zeros(THREE_CLASSES.count),
        tariff_in_objective=False, reserve_rule="thermal_only", reserve_fraction=0.0,
        reserve_curve=ReserveCurve.flat(1000.0), terminal="free", tangents=40, mip_gap=1e-5,
        district_names=("north",), offers=(offer(feeder() if of is None else of),))
    return replace(known, **changes)


def cars(charge_mw: float = CARS_MW, energy_mwh: float = ENERGY_MWH, group: int = HOME, give_mw: float = 0.0
         ) -> CohortFlexibility:
    """One cohort that is there in both hours and has to have its energy at the end of the second."""
    x_min, x_max, pc, pd = (np.zeros((THREE_CLASSES.count * (HOURS + 1), HOURS)) for _ in range(4))
    row = group * (HOURS + 1) + HOURS
    pc[row], pd[row] = 1e3 * charge_mw, 1e3 * give_mw
    x_min[row] = -1e3 * give_mw / ETA * np.array([1.0, 2.0])
    if charge_mw:
        x_min[row] = 1e3 * np.array([max(energy_mwh - ETA * charge_mw, 0.0), energy_mwh])
        x_max[row] = 1e3 * np.minimum(ETA * charge_mw * np.array([1.0, 2.0]), energy_mwh)
    eta = np.full(pc.shape[0], ETA)
    return CohortFlexibility(
        start_s=0, x_min_kwh=x_min, x_max_kwh=x_max, pc_max_kw=pc, pd_max_kw=pd, eta_charge=eta, eta_discharge=eta,
        x_end_uncoordinated_kwh=np.zeros(pc.shape[0]), energy_start_kwh=0.0, energy_end_base_kwh=0.0,
        p_uncontrolled_kw=np.zeros(HOURS))


def view(known: TemporalKnowledge, fleet: CohortFlexibility | None = None) -> SystemView:
    """The two hours, without wind and sun."""
    zeros = np.zeros(HOURS)
    return SystemView(
        time_s=0, load_mw=LOAD_MW, wind_mw=zeros, pv_mw=zeros, price_charge_usd_per_kwh=zeros,
        price_discharge_usd_per_kwh=zeros, districts=(cars() if fleet is None else fleet,),
        hours_on=known.units.initial_h, p_mw=np.array([2.0, 0.0]))


# ------------------------------------------------------------------ worked out beside the code
def losses_mw(end_mw: Floats) -> Floats:
    """Of the line from the power at its end, which draws no reactive power: l = p^2 / v, v = 1 - 2 r p - |z|^2 l."""
    current2 = end_mw**2
    for _ in range(50):
        current2 = end_mw**2 / (1.0 - 2.0 * R_PU * end_mw - (R_PU**2 + X_PU**2) * current2)
    return np.asarray(R_PU * current2)


def fuel_usd(p_mw: Floats) -> float:
    """Of the first unit alone."""
    return float((10.0 + 20.0 * p_mw + 0.4 * p_mw**2).sum())


def day_usd(first_mw: float) -> float:
    """What both hours cost where the cars take first_mw in the first and the rest of one hour's power after it."""
    charge = np.array([first_mw, CARS_MW - first_mw])
    return fuel_usd(LOAD_MW + charge + losses_mw(HOME_MW + charge) - losses_mw(HOME_MW))
