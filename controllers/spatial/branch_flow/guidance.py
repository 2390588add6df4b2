"""Where the next arrivals should park: bus ranks from nodal prices and the zone's plan."""

from __future__ import annotations

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.spatial.branch_flow.forecast import Forecast
from controllers.spatial.branch_flow.layout import KINDS, Layout, group_kind, group_zone
from models.records import Floats, Ints, Site


def no_guidance(buses: int) -> Ints:
    """Ranks that guide nobody."""
    return np.full((KINDS, buses), -1, dtype=np.int64)


def guidance_rank(site: Site, layout: Layout, nodal_price_usd_per_mwh: Floats, net_kw: Floats, capacity_kw: Floats
                  ) -> Ints:
    """Rank [2, B] of buses by charger kind, 0 = best; only the order within a zone matters.

    A car that follows its zone's plan at bus b costs sum_t price(b, t) x net(z, t) / capacity(z, t) per plugged
    kW: cars that will discharge at the peak are worth most at the feeder's electrical end, where the price
    swings most; cars that only charge, near the substation. nodal_price [T, B]; net, capacity [W, T] of the
    layout's zone rows, positive = charging. Equal costs go by bus order.
    """
    share = np.divide(net_kw, capacity_kw, out=np.zeros(net_kw.shape), where=capacity_kw > 0)
    cost = (share * layout.period_h) @ nodal_price_usd_per_mwh
    rank = np.empty((KINDS, site.bus_count), dtype=np.int64)
    for kind in range(KINDS):
        value = np.full(site.bus_count, np.inf)
        for w in np.flatnonzero(layout.kind_of == kind):
            here = (site.bus_zone == layout.zone_of[w]) & (site.ports(kind) > 0)
            value[here] = cost[w, here]
        rank[kind, np.argsort(value, kind="stable")] = np.arange(site.bus_count)
    return rank


def zone_plan(knowledge: SpatialKnowledge, layout: Layout, now: Forecast) -> tuple[Floats, Floats]:
    """Planned net power and chargers' power of the plugged and expected cars, [W, T] in kW by zone and kind."""
    groups = np.arange(now.cohort_c_kw.shape[0])
    belongs = ((group_zone(groups)[None, :] == layout.zone_of[:, None])
               & (group_kind(groups)[None, :] == layout.kind_of[:, None])).astype(float)
    flex = now.flexibility
    plugged_kw = np.bincount(knowledge.pairs.group, flex.pc_max_now_kw.mean(axis=1), groups.size)
    net_now = belongs @ (now.cohort_c_kw - now.cohort_d_kw).sum(axis=1)
    later_kw = layout.later_zone @ flex.pc_max_later_kw[layout.row_bus, layout.row_kind]
    net = np.hstack([np.tile(net_now[:, None], layout.steps), now.later_c_kw - now.later_d_kw])
    return net, np.hstack([np.tile((belongs @ plugged_kw)[:, None], layout.steps), later_kw])
