"""Customers' limits of a day, published as it is planned, and the lower layer that keeps cars within them.

A published limit holds house and cars together: what a house draws beyond its forecast, its cars have less.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from controllers.disaggregation import plugged_power_kw
from controllers.port import HOURS_PER_DAY, CustomerTerms, FeederView, PlanError, Setpoints, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decision
from controllers.spatial.pro_rata import Cars
from controllers.spatial.three_phase.decision import PhaseDecider
from controllers.spatial.three_phase.envelopes import EnvelopePublisher, Hour
from controllers.spatial.three_phase.layer import ThreePhase
from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints

KEPT_DAYS = 4
"""Days of all districts that stay in memory: both layers of a district ask for the same."""


@dataclass(frozen=True, eq=False)
class Published:
    """Limits of 24 hours from time_s on, arrays [B, 24]; NaN where no cars can be."""

    time_s: int
    house_kw: Floats
    """What was expected of the house."""
    import_kw: Floats
    """Of cars, above the house."""
    export_kw: Floats
    """Of cars, below the house."""
    refused: str
    """Hours in which AC let nothing be granted, and why; empty: none."""

    def hours_of(self, time_s: int, count: int) -> Ints:
        """[count] columns of the hours from time_s on; -1 after the day."""
        hour = (time_s - self.time_s) // SECONDS_PER_HOUR + np.arange(count)
        return np.where(hour < HOURS_PER_DAY, hour, -1)

    def room_kw(self, house_kw: Floats, outside_kw: Floats, hours: Ints) -> tuple[Floats, Floats]:
        """(least, most) [B, n] that cars may draw beside houses and cars outside control; infinite after the day.

        Nobody has to make up for a house that is beyond its limit by itself: 0 always is allowed. And nobody may feed
        back more because cars outside control are expected to draw: they need not come.
        """
        low, high = self.house_kw - self.export_kw, self.house_kw + self.import_kw
        # hours below 0 lie beyond the published day; NaN is a customer without limits
        is_free = (hours < 0)[None, :] | np.isnan(low[:, hours])
        least = np.minimum(low[:, hours] - house_kw - np.minimum(outside_kw, 0.0), 0.0)
        most = np.maximum(high[:, hours] - house_kw - np.maximum(outside_kw, 0.0), 0.0)
        return np.where(is_free, -np.inf, least), np.where(is_free, np.inf, most)


@lru_cache(maxsize=KEPT_DAYS)
def published(terms: CustomerTerms, time_s: int) -> Published:
    """What the operator publishes at time_s for the day from then on."""
    network = terms.network
    house_kw, house_kvar = terms.day_ahead(time_s, HOURS_PER_DAY)
    # days before the counted ones begin before 0, which no seed may
    publisher, driven = EnvelopePublisher(network, terms.flow, max(time_s, 0), terms.slopes), network.driven
    granted, refused = np.full((2, network.connection_count, HOURS_PER_DAY), np.nan), list[str]()
    for h in range(HOURS_PER_DAY):
        hour = Hour(house_kw[:, h], house_kvar[:, h], terms.import_kw[driven], terms.export_kw[driven])
        try:
            envelope = publisher.publish(hour, terms.rule)
            granted[:, driven, h] = envelope.import_kw, envelope.export_kw
        except PlanError as error:
            granted[:, driven, h] = 0.0
            refused.append(f"hour {h}: nothing is granted, {error}")
    return Published(time_s, house_kw, granted[0], granted[1], "; ".join(refused))


def district_limits_mw(terms: CustomerTerms, time_s: int, hours: int) -> tuple[Floats, Floats]:
    """(import, export) [hours] that customers' limits let all cars do together; hours after the day as those in it."""
    day = published(terms, time_s)
    at = np.arange(hours) % HOURS_PER_DAY
    both = [np.nansum(kw, axis=0)[at] / 1e3 for kw in (day.import_kw, day.export_kw)]
    return both[0], both[1]


class WithinLimits(ThreePhase):
    """SpatialLayer: as `ThreePhase`, each customer's cars within the limits that were published for it."""

    def __init__(self, knowledge: SpatialKnowledge) -> None:
        if knowledge.customers is None:
            raise PlanError(f"district {knowledge.district}: no terms by which limits of customers could be published")
        self._terms = knowledge.customers
        super().__init__(knowledge, PhaseDecider(knowledge, self._decision_room))

    def step(self, view: FeederView, compliance: float | None = None) -> Setpoints:
        """As `ThreePhase`; with the limits that are in force."""
        answer, day = super().step(view, compliance), self._day(view)
        hour = day.hours_of(view.time_s, 1)
        if hour[0] < 0:
            return answer
        at, told = int(hour[0]), answer.certificate
        if day.refused and view.time_s == view.plan_time_s:
            told = replace(told, binding="; ".join(text for text in (told.binding, day.refused) if text))
        return replace(answer, certificate=told, import_limit_kw=(day.house_kw + day.import_kw)[:, at],
                       export_limit_kw=(day.export_kw - day.house_kw)[:, at])

    def _day(self, view: FeederView) -> Published:
        return published(self._terms, view.plan_time_s)

    def _decision_room(self, view: FeederView) -> tuple[Floats, Floats]:
        """(least, most) [B, T] of expected power of dispatched cars in a decision's periods."""
        steps = SECONDS_PER_HOUR // self.knowledge.step_s
        first_s, later = view.time_s - view.time_s % SECONDS_PER_HOUR, view.bus_load_kw.shape[1] - steps
        hours = self._day(view).hours_of(first_s, 1 + later)
        return self._day(view).room_kw(view.bus_load_kw, view.flexibility.p_uncontrolled_kw,
                                       np.concatenate([np.repeat(hours[:1], steps), hours[1:]]))

    def _allowed(self, view: FeederView, held: Decision, period: int, cars: Cars, mean_kw: Floats, compliance: float
                 ) -> tuple[Floats, str]:
        within_kw = self._clipped(view, period, cars, mean_kw)
        return super()._allowed(view, held, period, cars, within_kw, compliance)

    def _clipped(self, view: FeederView, period: int, cars: Cars, mean_kw: Floats) -> Floats:
        """Powers of cars [N] such that no customer leaves its limits even if all do as told while they are there."""
        bus, buses, day = view.declared.bus_index[cars.index], self.knowledge.site.bus_count, self._day(view)
        now = slice(period, period + 1)
        least, most = day.room_kw(view.bus_load_kw[:, now], view.flexibility.p_uncontrolled_kw[:, now],
                                  day.hours_of(view.time_s, 1))
        # who is plugged for a part of the step draws more while it is: limits hold in that part too
        mean_all = np.zeros(self.knowledge.vehicles.count)
        mean_all[cars.index] = mean_kw
        told_kw = plugged_power_kw(mean_all, view.declared, view.time_s, self.knowledge.step_s)[cars.index]
        asked_kw = np.bincount(bus, told_kw, buses).astype(np.float64)
        share = np.divide(np.clip(asked_kw, least[:, 0], most[:, 0]), asked_kw, out=np.ones(buses),
                          where=np.abs(asked_kw) > 0)
        return np.asarray(mean_kw * np.where((asked_kw >= least[:, 0]) & (asked_kw <= most[:, 0]), 1.0, share)[bus])
