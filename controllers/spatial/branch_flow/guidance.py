"""Where the next arrivals should park: bus ranks from nodal prices and the zone's plan."""

from __future__ import annotations

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.forecast import Forecast
from controllers.spatial.branch_flow.layout import Layout
from models.records.arrays import Floats, Ints
from models.records.feeder import Site
from models.records.groups import Groups


def no_guidance(site: Site) -> Ints:
    """Ranks without any guidance."""
    return np.full((site.groups.kind_count, site.bus_count), -1, dtype=np.int64)


def guidance_rank(site: Site, layout: Layout, nodal_price_usd_per_mwh: Floats, net_kw: Floats, capacity_kw: Floats,
                  stays: Floats) -> Ints:
    """Rank [kind, B] of buses by charger kind, 0 = best; only the order within a zone matters.

    A car that follows its zone's plan at bus b costs sum_t price(b, t) x stays(z, t) x net(z, t) / capacity(z, t)
    per plugged kW: cars that will discharge at the peak are worth most at the feeder's electrical end, where the price
    swings most; cars that only charge, near the substation. nodal_price [T, B]; net, capacity, stays [W, T] of
    the layout's zone rows, positive = charging. Equal costs go by bus order.
    """
    share = stays * np.divide(net_kw, capacity_kw, out=np.zeros(net_kw.shape), where=capacity_kw > 0)
    cost = (share * layout.period_h) @ nodal_price_usd_per_mwh
    rank = np.empty((site.groups.kind_count, site.bus_count), dtype=np.int64)
    for kind in range(site.groups.kind_count):
        # buses without a port of this kind stay at infinity, so they come last whatever their price
        value = np.full(site.bus_count, np.inf)
        for w in np.flatnonzero(layout.kind_of == kind):
            here = (site.bus_zone == layout.zone_of[w]) & (site.ports(kind) > 0)
            value[here] = cost[w, here]
        rank[kind, np.argsort(value, kind="stable")] = np.arange(site.bus_count)
    return rank


def zone_plan(knowledge: SpatialKnowledge, layout: Layout, now: Forecast) -> tuple[Floats, Floats]:
    """Planned net power and chargers' power of the plugged and expected cars, [W, T] in kW by zone and kind."""
    groups = np.arange(now.cohort_c_kw.shape[0])
    belongs = _groups_of_rows(layout, groups, knowledge.site.groups)
    flex = now.flexibility
    plugged_kw = np.bincount(knowledge.pairs.group, flex.pc_max_now_kw.mean(axis=1), groups.size)
    net_now = belongs @ (now.cohort_c_kw - now.cohort_d_kw).sum(axis=1)
    later_kw = layout.later_zone @ (layout.later_rows @ flex.pc_max_later_kw[layout.row_bus, layout.row_kind])
    # cohorts are planned by the hour, so the present hour's steps share one value
    net = np.hstack([np.tile(net_now[:, None], layout.steps), now.later_c_kw - now.later_d_kw])
    return net, np.hstack([np.tile((belongs @ plugged_kw)[:, None], layout.steps), later_kw])


def expected_stay(knowledge: SpatialKnowledge, layout: Layout, now: Forecast) -> Floats:
    """Share [W, T] of an arrival's stay that reaches each period, from what the zone's plugged cars declare.

    Without it a car that comes at night would be parked for the next evening's peak, which it will not see.
    1 everywhere where no car is plugged in.
    """
    pairs = knowledge.pairs
    groups = np.arange(now.cohort_c_kw.shape[0])
    power_kw = np.zeros((groups.size, pairs.bins))
    np.add.at(power_kw, (pairs.group, pairs.departure_bin), now.flexibility.pc_max_now_kw.mean(axis=1))
    leaves_kw = _groups_of_rows(layout, groups, knowledge.site.groups) @ power_kw
    total = leaves_kw.sum(axis=1, keepdims=True)
    # cars of a bin leave at some instant within it: half of them count as gone in its middle
    gone = np.cumsum(leaves_kw, axis=1) - 0.5 * leaves_kw
    here = 1.0 - np.divide(gone, total, out=np.zeros(gone.shape), where=total > 0)
    hour = np.r_[np.zeros(layout.steps, dtype=np.int64), 1 + np.arange(layout.hours)]
    return np.asarray(here[:, np.minimum(hour, pairs.bins - 1)], dtype=np.float64)


def _groups_of_rows(layout: Layout, groups: Ints, known: Groups) -> Floats:
    """[W, groups] 1 where a group parks in the row's zone and uses its kind of charger."""
    same_zone = known.zone_of(groups)[None, :] == layout.zone_of[:, None]
    same_kind = known.kind_of(groups)[None, :] == layout.kind_of[:, None]
    return np.asarray(same_zone & same_kind, dtype=np.float64)
