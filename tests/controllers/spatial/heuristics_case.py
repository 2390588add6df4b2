"""Two buses side by side whose losses are known squares, and one cohort to divide between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.forecast import Forecast
from controllers.spatial.branch_flow.layout import Layout, make_layout
from models.records.arrays import Floats
from models.records.feeder import PowerFlow, RadialFeeder, Site
from models.records.flexibility import BusFlexibility, PairIndex
from models.records.groups import THREE_CLASSES
from tests.controllers.spatial import branch_flow_case as case

LOSS_PER_KW = np.array([0.0, 1e-3, 3e-3])
"""kW of losses per squared kW at each bus."""
PRICE = 100.0
BINS, BIN, STEPS = 25, 10, 2
PRIVATE_V2G = 1


def known_losses(p_kw: Floats, q_kvar: Floats) -> PowerFlow:
    """Losses of the two buses, voltages of 1 pu less what is drawn: 1e-4 pu per kW."""
    losses = p_kw**2 @ LOSS_PER_KW
    vm = np.ones_like(p_kw)
    vm[:, 1:] -= 1e-4 * p_kw[:, 1:]
    return PowerFlow(vm_pu=vm, losses_kw=losses, line_loading_percent=np.zeros_like(p_kw),
                     p_slack_kw=p_kw.sum(axis=1), q_slack_kvar=np.zeros(p_kw.shape[0]))


def feeder(v_min_pu: float = 0.9) -> RadialFeeder:
    """The slack and two buses behind it."""
    three = np.zeros(3)
    return RadialFeeder(
        name="two buses", bus_number=np.arange(1, 4), parent=np.array([-1, 0, 0]), r_pu=np.array([0.0, 0.01, 0.03]),
        x_pu=np.array([0.0, 0.01, 0.01]), i_max_pu=np.full(3, 1e3), transformer_kva=np.full(3, np.inf),
        p_base_kw=three, q_base_kvar=three, nominal_kv=12.66, v_slack_pu=1.0, v_min_pu=v_min_pu, v_max_pu=1.1)


def knowledge(v_min_pu: float = 0.9) -> SpatialKnowledge:
    """Two rows of one cohort, one at each bus."""
    place = Site(bus_zone=np.array([-1, 0, 0]), slow_ports=np.array([0, 8, 8]), fast_ports=np.zeros(3, dtype=np.int64))
    both = np.full(2, PRIVATE_V2G)
    pairs = PairIndex(np.array([1, 2]), both, np.full(2, BIN), BINS)
    base = case.knowledge(case.fleet(2, 0, 0))
    return replace(base, feeder=feeder(v_min_pu), site=place, pairs=pairs, power_flow=known_losses, look_ahead_h=2,
                   step_s=3600 // STEPS, voltage_penalty_usd_per_pu2h=0.0)


def hour(known: SpatialKnowledge, target_c_kw: float = 0.0, target_d_kw: float = 0.0, limit_kw: float = 100.0
         ) -> tuple[Layout, Forecast]:
    """The cohort's target, to be divided; each row may carry it alone."""
    layout = make_layout(known, np.arange(2))
    now, later = np.full((2, STEPS), limit_kw), np.zeros((3, 2, 1))
    x = limit_kw * np.cumsum(np.full((2, STEPS), 1.0 / STEPS), axis=1)
    flexibility = BusFlexibility(
        x_min_now_kwh=-2 * x, x_max_now_kwh=2 * x, pc_max_now_kw=now, pd_max_now_kw=now, x_min_later_kwh=later,
        x_max_later_kwh=later, pc_max_later_kw=later, pd_max_later_kw=later,
        p_uncontrolled_kw=np.zeros((3, STEPS + 1)))
    periods = np.zeros((3, STEPS + 1))
    cohorts_c, cohorts_d = np.zeros((THREE_CLASSES.count, BINS)), np.zeros((THREE_CLASSES.count, BINS))
    cohorts_c[PRIVATE_V2G, BIN], cohorts_d[PRIVATE_V2G, BIN] = target_c_kw, target_d_kw
    rows = layout.zone_of.size
    return layout, Forecast(
        p_fixed_kw=periods, q_fixed_kvar=periods, price_usd_per_mwh=np.full(STEPS + 1, PRICE),
        target_c_kw=np.array([target_c_kw]), target_d_kw=np.array([target_d_kw]), cohort_c_kw=cohorts_c,
        cohort_d_kw=cohorts_d, later_c_kw=np.zeros((rows, 1)), later_d_kw=np.zeros((rows, 1)), later_known=1,
        flexibility=flexibility)
