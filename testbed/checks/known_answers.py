"""Known answers of the ten-unit system and of the IEEE-33 feeder's AC power flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from controllers.port import Plan, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33, tie_configuration
from models.records.arrays import Floats
from models.records.feeder import PowerFlow, RadialFeeder
from models.records.groups import THREE_CLASSES
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.system.units import ten_unit_load_mw, ten_units
from testbed.checks.known_answer import Check, at_most, equal, near

HOURS = 24
TANGENTS = 12
MIP_GAP = 1e-6
"""0.56 $: the gap may not hide what the checks resolve."""
UNITS_ON = (2, 2, 3, 3, 4, 5, 5, 5, 7, 8, 9, 10, 8, 7, 5, 5, 5, 5, 5, 8, 7, 5, 3, 2)
KAZARLIS = "Kazarlis, Bakirtzis, Petridis 1996; best known in the literature (K)"
COMPUTED = "computed for this project (C)"
BARAN = "Baran and Wu 1989, as pandapower's case33bw (K)"
PEAK_SCALE = 0.83
ONLY_OPERATING = Objective(owners=0.0, curtailment=0.0, carbon=0.0)


# ------------------------------------------------------------------ ten units
def ten_unit_knowledge() -> TemporalKnowledge:
    """The textbook case: reserve 10 %, one day, no cars, no renewables, no carbon price."""
    return TemporalKnowledge(
        units=ten_units(), horizon_h=HOURS, binding_h=HOURS, objective=ONLY_OPERATING,
        carbon_price_usd_per_t=0.0, curtailment_penalty_usd_per_mwh=0.0,
        wear_usd_per_kwh=np.zeros(THREE_CLASSES.count), tariff_in_objective=False, reserve_rule="scheduled",
        reserve_fraction=0.1, reserve_curve=ReserveCurve.flat(1000.0), terminal="free", tangents=TANGENTS,
        mip_gap=MIP_GAP, district_names=())


def ten_unit_plan() -> Plan:
    """The commitment of the textbook case."""
    knowledge, none = ten_unit_knowledge(), np.zeros(HOURS)
    view = SystemView(
        time_s=0, load_mw=ten_unit_load_mw(), wind_mw=none, pv_mw=none, price_charge_usd_per_kwh=none,
        price_discharge_usd_per_kwh=none, districts=(), hours_on=knowledge.units.initial_h,
        p_mw=np.zeros(knowledge.units.count))
    return UnitCommitment(knowledge, "none").plan(view)


def check_ten_units() -> list[Check]:
    """Cost with the true quadratic curves, the MILP's proof, and the schedule itself."""
    plan = ten_unit_plan()
    cost = near("ten units, reserve 10 %: operating cost [$]", 563_937.69, plan.operating_cost_usd, 0.5,
                KAZARLIS)
    bound = near("ten units: MILP bound with 12 tangents [$]", 563_936.9, plan.bound_usd, 1.0, COMPUTED)
    on = equal("ten units: units on in each hour", UNITS_ON, tuple(map(int, plan.committed.sum(axis=0))),
               f"{KAZARLIS}; another schedule at the same cost is as good")
    return [cost, bound, replace(on, passed=on.passed or cost.passed)]


# --------------------------------------------------------------------- feeder
def _at_peak(feeder: RadialFeeder) -> PowerFlow:
    return ac_engine(feeder).power_flow(feeder.p_base_kw[None, :], feeder.q_base_kvar[None, :])


def _bus(feeder: RadialFeeder, number: int) -> int:
    return int(np.flatnonzero(feeder.bus_number == number)[0])


def check_ieee33() -> list[Check]:
    """Losses and lowest voltage at full load."""
    feeder = ieee33()
    flow = _at_peak(feeder)
    losses_kvar = flow.q_slack_kvar[0] - feeder.q_base_kvar.sum()
    return [
        near("IEEE-33: losses [kW]", 202.677, flow.losses_kw[0], 1e-3, BARAN),
        near("IEEE-33: reactive losses [kvar]", 135.14, losses_kvar, 1e-2, BARAN),
        near("IEEE-33: voltage at bus 18 [pu]", 0.91309, flow.vm_pu[0, _bus(feeder, 18)], 1e-5, BARAN),
        equal("IEEE-33: bus of the lowest voltage", "18",
              str(feeder.bus_number[flow.vm_pu[0].argmin()]), BARAN),
    ]


def check_tie_configuration() -> list[Check]:
    """The best-known reconfiguration: another tree from the same lines."""
    feeder = tie_configuration()
    flow = _at_peak(feeder)
    name, source = "IEEE-33, switches 7-9-14-32-37 open", "least-loss reconfiguration in the literature (K)"
    return [
        near(f"{name}: losses [kW]", 139.551, flow.losses_kw[0], 1e-3, source),
        near(f"{name}: voltage at bus 32 [pu]", 0.9378, flow.vm_pu[0, _bus(feeder, 32)], 5e-5, source),
    ]


def daily_loads(feeder: RadialFeeder) -> tuple[Floats, Floats]:
    """The feeder's loads (kW, kvar) [24, B] at scale 0.83 in the shape of the system's day."""
    shape = PEAK_SCALE * ten_unit_load_mw()[:, None] / 1500.0
    return shape * feeder.p_base_kw, shape * feeder.q_base_kvar


def check_daily_feeder() -> list[Check]:
    """A day without cars: energy lost and lowest voltage."""
    feeder = ieee33()
    flow = ac_engine(feeder).power_flow(*daily_loads(feeder))
    return [
        near("feeder at 0.83, one day: losses [kWh]", 1879.0, flow.losses_kw.sum(), 0.05, COMPUTED),
        near("feeder at 0.83, one day: lowest voltage [pu]", 0.9289, flow.vm_pu.min(), 5e-5, COMPUTED),
    ]


def check_two_engines() -> list[Check]:
    """pandapower and the fast engine on a heavy load, a light one, and a strong injection at bus 18."""
    feeder = replace(ieee33(), v_max_pu=1.2)
    scale = np.array([[1.0], [0.3], [0.4]])
    p_kw, q_kvar = scale * feeder.p_base_kw, scale * feeder.q_base_kvar
    p_kw[2, _bus(feeder, 18)] -= 2000.0
    fast = ac_engine(feeder, "lightsim2grid").power_flow(p_kw, q_kvar).vm_pu
    slow = ac_engine(feeder, "pandapower").power_flow(p_kw, q_kvar).vm_pu
    return [at_most("two engines: largest voltage difference [pu]", float(np.abs(fast - slow).max()), 1e-8,
                    "two programs, one answer (C)")]


CHECKS: tuple[Callable[[], list[Check]], ...] = (
    check_ten_units, check_ieee33, check_tie_configuration, check_daily_feeder, check_two_engines)
