"""One feeder as a function of what its cars draw: the operator's hourly AC power flow, and the feeder's limits.

The location of cars is not decided here: the power of a zone's cars of one charger kind (a `place`) is spread over
the zone's buses in proportion to their ports of that kind, as the lower layer expects it of cars still to come.
So a feeder's hour is known from a few numbers y [C], C places: at most three for each kind of charger.
Arrays: L = B - 1 lines (row j ends at bus j + 1), C places, H hours; MW = pu on 1 MVA.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from controllers.port import FeederOffer, PowerFlowCall
from models.records.arrays import Floats, Ints
from models.records.feeder import RadialFeeder, Site
from models.records.groups import Groups

KW_PER_MW = 1000.0


class NoPowerFlow(ArithmeticError):
    """There is none: the feeder cannot carry these powers at all."""


@dataclass(frozen=True)
class AcFlow:
    """AC power flow at the sending ends of the lines, [L, H] in per unit."""

    p: Floats
    q: Floats
    current2: Floats
    """|I|^2"""
    v: Floats
    """|V|^2 at the line's far end"""
    v_parent: Floats
    """|V|^2 that the line begins with"""

    def from_slack(self, feeder: RadialFeeder) -> tuple[Floats, Floats]:
        """([H], [H]) active and reactive power drawn at the slack, the load of its own bus apart."""
        first, own = feeder.parent[1:] == 0, feeder.slack_shunt_pu
        return self.p[first].sum(axis=0) + own.real, self.q[first].sum(axis=0) + own.imag

    def losses_mw(self, feeder: RadialFeeder) -> Floats:
        """[H]"""
        return np.asarray(feeder.losses_pu(self.current2, self.v))


@dataclass(frozen=True)
class Network:
    """A district's feeder over the plan's hours."""

    name: str
    feeder: RadialFeeder
    power_flow: PowerFlowCall
    groups: Groups
    places: Ints
    """[C, 2] zone and charger kind."""
    share: Floats
    """[L, C] of a place's power at each bus."""
    p_fixed: Floats
    """[L, H] load and cars outside control."""
    q_fixed: Floats
    losses_base_mw: Floats
    """[H] without any car; the system load holds these."""

    @property
    def horizon_h(self) -> int:
        return int(self.p_fixed.shape[1])

    @property
    def place_count(self) -> int:
        return int(self.places.shape[0])

    @cached_property
    def share_slow(self) -> Floats:
        """[L, C] the part behind the buses' own transformers; fast ports have their own."""
        return np.asarray(self.share * self.groups.behind_transformer[self.places[:, 1]])

    @cached_property
    def rated(self) -> Ints:
        """Lines whose far bus has a rated transformer."""
        return np.flatnonzero(np.isfinite(self.feeder.transformer_kva[1:]))

    @cached_property
    def transformer_room_mw(self) -> Floats:
        """[R, H] |active power| each rated transformer can pass beside its reactive load."""
        rating = self.feeder.transformer_kva[1:][self.rated, None] / KW_PER_MW
        return np.asarray(np.sqrt(np.maximum(rating**2 - self.q_fixed[self.rated] ** 2, 0.0)))

    def place_of_group(self, group: Ints) -> Ints:
        """Column of `places` of each group; -1 where its zone has no such port."""
        zone, kind = self.groups.zone_of(group), self.groups.kind_of(group)
        hit = (self.places[None, :, 0] == zone[:, None]) & (self.places[None, :, 1] == kind[:, None])
        return np.where(hit.any(axis=1), hit.argmax(axis=1), -1)

    def flow(self, y_mw: Floats) -> AcFlow:
        """AC power flow with the cars' net power y_mw [C, H] at the places."""
        return ac_flow(self, self.p_fixed + self.share @ y_mw, self.q_fixed)


def make_network(name: str, offer: FeederOffer, time_s: int, load_mw: Floats, uncontrolled_kw: Floats) -> Network:
    """The district's feeder from time_s on under the forecast system load [H]; cars outside control [H] spread over all
    slow ports and what else is behind the buses' transformers."""
    feeder, site = offer.feeder, offer.site
    places = np.array([(zone, kind) for zone in range(site.groups.zone_count) for kind in range(site.groups.kind_count)
                       if site.ports(kind)[site.bus_zone == zone].sum() > 0], dtype=np.int64).reshape(-1, 2)
    share = np.stack([_share(site, int(zone), int(kind)) for zone, kind in places], axis=1)
    everywhere = _ports_of_all(site)
    load, q_load = (power[1:] / KW_PER_MW for power in offer.bus_load(time_s, load_mw))
    bare = Network(name, feeder, offer.power_flow, site.groups, places, share[1:], load, q_load, np.zeros(load_mw.size))
    base = ac_flow(bare, load, q_load).losses_mw(feeder)
    p_fixed = load + np.outer(everywhere, uncontrolled_kw)[1:] / KW_PER_MW
    return Network(name, feeder, offer.power_flow, site.groups, places, share[1:], p_fixed, q_load, base)


def _ports_of_all(site: Site) -> Floats:
    """[B] share of the ports that are behind the buses' own transformers, of all where there are none."""
    ports = site.ports_by_kind()
    behind = ports[:, site.groups.behind_transformer].sum(axis=1)
    chosen = behind if behind.any() else ports.sum(axis=1)
    return np.asarray(chosen / max(int(chosen.sum()), 1))


def _share(site: Site, zone: int, kind: int) -> Floats:
    ports = site.ports(kind) * (site.bus_zone == zone)
    return np.asarray(ports / ports.sum(), dtype=np.float64)


def ac_flow(net: Network, p_mw: Floats, q_mvar: Floats) -> AcFlow:
    """The operator's power flow for bus loads [L, H]; raises NoPowerFlow if there is none."""
    flow = net.power_flow(_by_bus_kw(p_mw), _by_bus_kw(q_mvar))
    if np.any(np.isnan(flow.vm_pu)):
        raise NoPowerFlow(f"feeder {net.name}: no power flow at {float(p_mw.sum(axis=0).max()):.3f} MW")
    return at_voltages(net.feeder, p_mw, q_mvar, flow.vm_pu[:, 1:].T ** 2)


def at_voltages(feeder: RadialFeeder, p_mw: Floats, q_mvar: Floats, v: Floats) -> AcFlow:
    """Powers and currents of the lines [L, H] for bus loads and |V|^2 at their far ends, by Kirchhoff's laws alone.

    From the leaves up: what a line delivers is S = (p, q), shunts included, so that |I|^2 = |S|^2 / v at its far end,
    and it takes S + (r, x) |I|^2 from its parent.
    """
    p, q = p_mw + feeder.shunt_g_pu[1:, None] * v, q_mvar - feeder.shunt_b_pu[1:, None] * v
    current2 = np.zeros(p_mw.shape)
    for line in range(p.shape[0] - 1, -1, -1):
        current2[line] = (p[line] ** 2 + q[line] ** 2) / v[line]
        p[line] += feeder.r_pu[line + 1] * current2[line]
        q[line] += feeder.x_pu[line + 1] * current2[line]
        if (parent := int(feeder.parent[line + 1])) > 0:
            p[parent - 1] += p[line]
            q[parent - 1] += q[line]
    slack = np.full((1, v.shape[1]), feeder.v_slack_pu**2)
    return AcFlow(p, q, current2, v, np.concatenate([slack, v])[feeder.parent[1:]] * feeder.turns_ratio[1:, None] ** 2)


def _by_bus_kw(load: Floats) -> Floats:
    """[H, B] of [L, H] in MW."""
    return np.pad(load.T * KW_PER_MW, ((0, 0), (1, 0)))
