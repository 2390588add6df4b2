"""One decision hour's numbers, from the FeederView to the problem's numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.branch_flow import targets
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.branch_flow.neighbourhoods import shares
from models.records.arrays import Floats
from models.records.flexibility import BusFlexibility

PRICE_FLOOR_USD_PER_MWH = 1.0
"""Losses must cost something, else the relaxation is meaningless (docs/model.md 4.6)."""
LATER_SLACK_SHARE = 0.5
"""Price of later targets' slack over that of the present hour: an old plan may ask for more in all than the cars
can do, and a forecast must not starve the present (A)."""


@dataclass(frozen=True)
class Forecast:
    """What is fixed in one decision: kW, kvar, $/MWh; T periods."""

    p_fixed_kw: Floats
    """[B, T] load and cars outside control."""
    q_fixed_kvar: Floats
    price_usd_per_mwh: Floats
    """[T] not below the floor."""
    target_c_kw: Floats
    """[C] of this hour."""
    target_d_kw: Floats
    cohort_c_kw: Floats
    """[G, bins] this hour's targets of all cohorts, with cars or not yet."""
    cohort_d_kw: Floats
    later_c_kw: Floats
    """[W, N]"""
    later_d_kw: Floats
    later_known: int
    """Later hours that the plan covers."""
    flexibility: BusFlexibility
    generation_kw: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """[C, T] of which less may be taken; part of p_fixed_kw."""


def forecast(knowledge: SpatialKnowledge, layout: Layout, view: FeederView) -> Forecast:
    """The numbers of the decision at view.time_s."""
    hour = targets.plan_hour(view.time_s, view.plan_time_s, view.pc_target_kw.shape[1])
    now_c, now_d = _present_hour(knowledge, layout, view, hour)
    later_c, known = targets.later_targets(view.pc_target_kw, knowledge.horizon_h, hour, layout.hours,
                                           knowledge.site.groups)
    later_d, _ = targets.later_targets(view.pd_target_kw, knowledge.horizon_h, hour, layout.hours,
                                       knowledge.site.groups)
    price = targets.look_ahead(view.marginal_price_usd_per_mwh, hour, layout.steps, layout.hours)
    return Forecast(
        p_fixed_kw=view.bus_load_kw + view.flexibility.p_uncontrolled_kw, q_fixed_kvar=view.bus_load_kvar,
        price_usd_per_mwh=np.maximum(price, PRICE_FLOOR_USD_PER_MWH),
        target_c_kw=now_c[layout.cohort_group, layout.cohort_bin],
        target_d_kw=now_d[layout.cohort_group, layout.cohort_bin], cohort_c_kw=now_c, cohort_d_kw=now_d,
        later_c_kw=later_c[layout.zone_of, layout.kind_of], later_d_kw=later_d[layout.zone_of, layout.kind_of],
        later_known=known, flexibility=view.flexibility, generation_kw=view.generation_kw,
    )


def _present_hour(knowledge: SpatialKnowledge, layout: Layout, view: FeederView, hour: int) -> tuple[Floats, Floats]:
    """This hour's charging and discharging targets of all cohorts [G, bins]."""
    at, flex = layout.pairs, view.flexibility
    x_min, x_max = flex.x_min_now_kwh[at, -1], flex.x_max_now_kwh[at, -1]  # at the hour's end: kWh are kW here

    def by_bin(pair_kw: Floats) -> Floats:
        total = np.zeros((knowledge.site.groups.count, knowledge.pairs.bins))
        np.add.at(total, (knowledge.pairs.group[at], knowledge.pairs.departure_bin[at]), pair_kw)
        return total

    # the hour's envelope at the bus: what the cars of a bin must and can take decides how a merged target is spread
    must, can = by_bin(np.maximum(x_min, 0.0) / layout.eta_c), by_bin(np.maximum(x_max, 0.0) / layout.eta_c)
    gives = by_bin(np.maximum(-x_min, 0.0) * layout.eta_d)

    def of(target_kw: Floats, least_kw: Floats, most_kw: Floats) -> Floats:
        return targets.hour_targets(target_kw, knowledge.horizon_h, hour, knowledge.pairs.bins, least_kw, most_kw)

    return of(view.pc_target_kw, must, can), of(view.pd_target_kw, np.zeros(gives.shape), gives)


def inputs_of(knowledge: SpatialKnowledge, layout: Layout, now: Forecast, correction: Floats | None = None) -> Inputs:
    """One decision's numbers as the problem wants them (MW, MWh, $), for the pairs of the layout."""
    flex = now.flexibility
    p_fixed, q_fixed = now.p_fixed_kw[1:] / 1e3, now.q_fixed_kvar[1:] / 1e3
    pc_max, pd_max = flex.pc_max_now_kw[layout.pairs] / 1e3, flex.pd_max_now_kw[layout.pairs][layout.rows_d] / 1e3
    by_bus = [values[layout.row_bus, layout.row_kind] / 1e3 for values in (
        flex.pc_max_later_kw, flex.pd_max_later_kw, flex.x_min_later_kwh, flex.x_max_later_kwh)]
    later_pc_max, later_pd_max, later_x_min, later_x_max = (layout.later_rows @ values for values in by_bus)
    # within a neighbourhood power follows the chargers' capacity, the only thing known of cars to come
    share_c, share_d = (shares(values, layout.row_later, layout.later_eta_c.size) for values in by_bus[:2])
    # hours beyond the plan have no target; a price on missing a target of 0 would push cars to do nothing
    is_known = (np.arange(layout.hours) < now.later_known).astype(np.float64)
    slack_usd = LATER_SLACK_SHARE * knowledge.target_slack_usd_per_mwh * is_known
    curtailable = np.zeros(p_fixed.shape)
    if knowledge.generation_buses.size:
        curtailable[knowledge.generation_buses - 1] = now.generation_kw / 1e3
    return Inputs(
        p_fixed=p_fixed, q_fixed=q_fixed, p_cap=_active_room(knowledge, layout, q_fixed),
        loss_usd_per_mw=(now.price_usd_per_mwh * layout.period_h)[None, :],
        pc_max=pc_max, pd_max=pd_max, ratio=_ratio(pc_max[layout.rows_d], pd_max),
        x_min=flex.x_min_now_kwh[layout.pairs] / 1e3, x_max=flex.x_max_now_kwh[layout.pairs] / 1e3,
        later_pc_max=later_pc_max, later_pd_max=later_pd_max, later_ratio=_ratio(later_pc_max, later_pd_max),
        later_x_min=later_x_min, later_x_max=later_x_max, later_share_c=share_c, later_share_d=share_d,
        target_c=now.target_c_kw[:, None] / 1e3, target_d=now.target_d_kw[:, None] / 1e3,
        later_target_c=now.later_c_kw / 1e3, later_target_d=now.later_d_kw / 1e3,
        later_slack_usd_per_mw=slack_usd[None, :], curtailable=curtailable, correction=correction,
        curtailment_usd_per_mw=((now.price_usd_per_mwh + knowledge.curtailment_usd_per_mwh)
                                * layout.period_h)[None, :],
    )


def _ratio(pc_max: Floats, pd_max: Floats) -> Floats:
    """pc_max / pd_max, 1 where nothing can discharge."""
    return np.divide(pc_max, pd_max, out=np.ones(pd_max.shape), where=pd_max > 0)


def _active_room(knowledge: SpatialKnowledge, layout: Layout, q_fixed_mvar: Floats) -> Floats:
    """sqrt(rating^2 - q^2) [R, T] in MW, 0 where reactive load alone fills the transformer."""
    if not layout.rated.size:
        return np.zeros((1, layout.periods))
    assert knowledge.feeder is not None
    rating = knowledge.feeder.transformer_kva[1:][layout.rated, None] / 1e3
    return np.asarray(np.sqrt(np.maximum(rating**2 - q_fixed_mvar[layout.rated] ** 2, 0.0)), dtype=np.float64)
