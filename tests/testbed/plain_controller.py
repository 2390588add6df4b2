"""Controllers of the tests: every unit on, so that no optimisation is needed; cars get constant targets."""

import os

import numpy as np

from controllers.base import BaseController
from controllers.port import Plan
from controllers.spatial.pro_rata import ProRata


class AllUnitsOn:
    """A plan without optimisation: units share the load by size, each cohort charges at a third of its power."""

    def __init__(self, knowledge):
        self.knowledge = knowledge

    def discharging_kw(self, view):
        return tuple(0 * d.pd_max_kw for d in view.districts)

    def plan(self, view):
        units, hours = self.knowledge.units, self.knowledge.horizon_h
        share = units.p_max_mw / units.p_max_mw.sum()
        nothing = np.zeros(hours)
        pc_kw = tuple(d.pc_max_kw / 3 for d in view.districts)
        pd_kw = self.discharging_kw(view)
        cars_kw = sum((d.p_uncontrolled_kw + pc.sum(axis=0) - pd.sum(axis=0)
                       for d, pc, pd in zip(view.districts, pc_kw, pd_kw, strict=True)), nothing)
        return Plan(
            time_s=view.time_s, committed=np.ones((units.count, hours), dtype=np.int64),
            p_mw=np.outer(share, view.load_mw - view.wind_mw - view.pv_mw + cars_kw / 1e3),
            wind_curtailed_mw=nothing, pv_curtailed_mw=nothing,
            reserve_shortfall_mw=nothing, reserve_shortfall_usd=nothing,
            marginal_price_usd_per_mwh=np.full(hours, 20.0),
            pc_kw=pc_kw, pd_kw=pd_kw,
            objective_usd=0.0, milp_objective_usd=0.0, bound_usd=0.0, gap_rel=0.0, operating_cost_usd=0.0,
            owners_net_usd=0.0, curtailment_usd=0.0, carbon_cost_usd=0.0, carbon_t=0.0, status="optimal",
            solver_s=0.0, compile_s=0.0)


class Plain(BaseController):
    """Pro rata below a plan without optimisation."""

    name = "plain"
    description = "for tests"
    car_control = "bidirectional"

    def temporal(self, knowledge):
        return AllUnitsOn(knowledge)

    def spatial(self, knowledge):
        return ProRata(knowledge)


class Throwing(Plain):
    """Its lower layer throws at 03:15 of the first counted day."""

    name = "throwing"

    def spatial(self, knowledge):
        return Broken(knowledge, lambda: 1 / 0)


class Dying(Plain):
    """Its lower layer ends the process without a word at 03:15."""

    name = "dying"

    def spatial(self, knowledge):
        return Broken(knowledge, lambda: os._exit(3))


class Broken(ProRata):
    """Pro rata until 03:15, then the end that it was given."""

    def __init__(self, knowledge, end):
        super().__init__(knowledge)
        self.end = end

    def step(self, view):
        if view.time_s >= 11_700:
            self.end()
        return super().step(view)
