"""Controllers of the tests: every unit on, so that no optimisation is needed; cars get constant targets."""

import os

import numpy as np

from controllers.base import BaseController
from controllers.port import Plan
from controllers.spatial.pro_rata import ProRata


class AllUnitsOn:
    """A plan without optimisation: units share what their minima leave, each cohort charges at a third of its power."""

    def __init__(self, knowledge):
        self.knowledge = knowledge

    def discharging_kw(self, view):
        return tuple(0 * d.pd_max_kw for d in view.districts)

    def _price_usd_per_mwh(self, p_mw):
        """What one more MWh of the first unit costs, with its emissions."""
        units = self.knowledge.units
        fuel = units.cost_b_usd_per_mwh[0] + 2 * units.cost_c_usd_per_mw2h[0] * p_mw
        tons = units.emission_beta_t_per_mwh[0] + 2 * units.emission_gamma_t_per_mw2h[0] * p_mw
        return fuel + self.knowledge.carbon_price_usd_per_t * tons

    def plan(self, view):
        units, hours = self.knowledge.units, self.knowledge.horizon_h
        nothing = np.zeros(hours)
        pc_kw = tuple(d.pc_max_kw / 3 for d in view.districts)
        pd_kw = self.discharging_kw(view)
        cars_kw = sum((d.p_uncontrolled_kw + pc.sum(axis=0) - pd.sum(axis=0)
                       for d, pc, pd in zip(view.districts, pc_kw, pd_kw, strict=True)), nothing)
        unknown = float("nan")
        net_mw = view.load_mw - view.wind_mw - view.pv_mw + cars_kw / 1e3
        least, most = units.p_min_mw.sum(), units.p_max_mw.sum()
        loading = (np.maximum(net_mw, least) - least) / (most - least)
        p_mw = units.p_min_mw[:, None] + np.outer(units.p_max_mw - units.p_min_mw, loading)
        return Plan(
            time_s=view.time_s, committed=np.ones((units.count, hours), dtype=np.int64),
            p_mw=p_mw,
            wind_curtailed_mw=np.maximum(least - net_mw, 0.0), pv_curtailed_mw=nothing,
            reserve_shortfall_mw=nothing, reserve_shortfall_usd=nothing,
            marginal_price_usd_per_mwh=self._price_usd_per_mwh(p_mw[0]),
            pc_kw=pc_kw, pd_kw=pd_kw,
            objective_usd=unknown, milp_objective_usd=unknown, bound_usd=unknown, gap_rel=unknown,
            operating_cost_usd=unknown, owners_net_usd=unknown, curtailment_usd=unknown, carbon_cost_usd=unknown,
            carbon_t=unknown, status="optimal", solver_s=0.0, compile_s=0.0)


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
