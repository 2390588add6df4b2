"""What the upper layer's equations are written on: hourly data in MW, and cohorts as sparse rows.

Only (cohort, hour) pairs at which a cohort can do something become rows; the hundreds of empty cohorts
of docs/model.md 3.2 cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import fsum

import numpy as np
from scipy import sparse

from controllers.port import CarControl, SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.inherited import Inherited, single_rows
from models.records.arrays import Bools, Floats, Ints
from models.records.flexibility import CohortFlexibility
from models.records.groups import group_of_row, hour_of_row

KW_PER_MW = 1000.0
NEGLIGIBLE_KW = 1e-9


@dataclass(frozen=True)
class CohortRows:
    """Cohorts as rows: arrays [N] per nonempty cohort and [E] per (cohort, hour) entry, in MW and MWh.

    Entries of one cohort follow each other in time; `first` marks a cohort's first, `last` its last entry.
    """

    district: Ints
    """[N]"""
    row: Ints
    """[N] row of the district's CohortFlexibility, or -1 for cohorts merged over districts."""
    group: Ints
    """[N] zone, class and way, as in models.records.groups."""
    departure_h: Ints
    """[N] hours from the plan's start; the horizon itself means: beyond it."""
    eta_charge: Floats
    eta_discharge: Floats
    wear_usd_per_mwh: Floats
    """[N] per MWh drawn from the battery."""
    x_end_match_mwh: Floats
    """[N] x at the horizon's end if each car charged at once."""
    cohort: Ints
    """[E] index into the cohorts."""
    hour: Ints
    """[E]"""
    pc_max_mw: Floats
    pd_max_mw: Floats
    pc_min_mw: Floats
    """[E] of cars that have just come and cannot wait."""
    x_min_mwh: Floats
    x_max_mwh: Floats
    share_limit: Floats
    """[E] right side of Pc/Pcmax + Pd/Pdmax <= 1; above 1 only in merged cohorts of unequal chargers."""
    by_step: Floats
    """[E, Q] power of each step over the hour's mean: 1, but for cohorts whose cars leave in this hour."""
    may_stop: Floats
    """[E] share of Pcmax in cars that could go without charging for an hour."""

    @property
    def count(self) -> int:
        return int(self.district.size)

    @property
    def entries(self) -> int:
        return int(self.cohort.size)

    @property
    def first(self) -> Bools:
        return np.asarray(np.diff(self.cohort, prepend=-1) != 0)

    @property
    def last(self) -> Bools:
        return np.asarray(np.diff(self.cohort, append=-1) != 0)

    @property
    def x_scale_mwh(self) -> Floats:
        """[E] size of each cohort's energy range, so that solvers see numbers near 1."""
        # by the energy bounds, and by an hour's power where these are narrow: 1e-9 would blow coefficients up
        size = np.zeros(self.count)
        np.maximum.at(size, self.cohort, np.maximum(np.abs(self.x_max_mwh), np.abs(self.x_min_mwh)))
        np.maximum.at(size, self.cohort, np.maximum(self.pc_max_mw, self.pd_max_mw))
        return np.asarray(np.maximum(size, 1e-9)[self.cohort], dtype=np.float64)

    def step_matrix(self) -> sparse.csr_matrix:
        """[E, E] takes x to x(t) - x(t-1) within each cohort, with x = 0 before the first entry."""
        # a cohort's first entry starts from 0, not from the last one of the cohort before it
        follows = np.flatnonzero(~self.first)
        back = sparse.csr_matrix((np.ones(follows.size), (follows, follows - 1)), shape=(self.entries,) * 2)
        return sparse.csr_matrix(sparse.eye(self.entries) - back)

    def hour_matrix(self, horizon_h: int, keep: Ints) -> sparse.csr_matrix:
        """[H, len(keep)] sums the entries `keep` by hour."""
        return sparse.csr_matrix((np.ones(keep.size), (self.hour[keep], np.arange(keep.size))),
                                 shape=(horizon_h, keep.size))

    def uneven_matrix(self, horizon_h: int, keep: Ints) -> sparse.csr_matrix:
        """[H * Q, len(keep)] sums what the entries `keep` draw in each step beyond their hour's mean."""
        q = self.by_step.shape[1]
        # most entries are even: kept, they would fill the matrix with zeros
        entry, k = np.nonzero(self.by_step[keep] != 1.0)
        beyond = self.by_step[keep][entry, k] - 1.0
        return sparse.csr_matrix((beyond, (self.hour[keep][entry] * q + k, entry)), shape=(horizon_h * q, keep.size))


@dataclass(frozen=True)
class Case:
    """One planning problem: knowledge, view and cohort rows; hourly arrays [H] in MW and $/MWh."""

    knowledge: TemporalKnowledge
    view: SystemView
    rows: CohortRows
    uncontrolled_mw: Floats
    energy_needed_mwh: float
    """Terminal `cyclic`: what x of the cars beyond the horizon must at least sum to."""
    terminal_value_usd_per_mwh: float
    delivery_quantile: Floats
    """[H] phi_t, for reserve rules that count on delivery."""
    uncontrolled_step_mw: Floats
    """[H * Q] the uncontrolled load by step."""
    clusters: Inherited | None = None
    """Who stands behind each row of `knowledge.units` where identical units are planned together; None: one each."""

    @property
    def inherited(self) -> Inherited:
        """Members and status before the plan of each row of units."""
        return self.clusters or single_rows(self.knowledge.units, self.view.hours_on, self.view.p_mw)

    @property
    def horizon_h(self) -> int:
        return self.knowledge.horizon_h

    @property
    def steps_per_hour(self) -> int:
        """Q: reserve is asked for in each step, powers are hourly."""
        return self.view.steps_per_hour

    def each_step(self, hourly: Floats) -> Floats:
        """[H * Q] the hour's value in each of its steps."""
        return np.repeat(hourly, self.steps_per_hour)

    @property
    def load_step_mw(self) -> Floats:
        """[H * Q] forecast without cars."""
        return self.view.load_step_mw if self.view.load_step_mw.size else self.view.load_mw

    @property
    def renewable_step_mw(self) -> Floats:
        """[H * Q] wind and sun available."""
        view = self.view
        return view.wind_step_mw + view.pv_step_mw if view.load_step_mw.size else view.wind_mw + view.pv_mw

    @property
    def requirement_mw(self) -> Floats:
        """[H * Q] reserve asked for: r D, or what the view says."""
        if self.view.reserve_mw.size:
            return self.each_step(self.view.reserve_mw)
        return self.knowledge.reserve_fraction * self.load_step_mw

    @property
    def is_uneven(self) -> bool:
        """Whether some cohort cannot spread its power over an hour evenly."""
        return bool((self.rows.by_step != 1.0).any())

    @property
    def price_charge(self) -> Floats:
        """[H] tariff in the objective in $/MWh, 0 with the tariff off."""
        return self.view.price_charge_usd_per_kwh * (KW_PER_MW * self.knowledge.tariff_in_objective)

    @property
    def price_discharge(self) -> Floats:
        return self.view.price_discharge_usd_per_kwh * (KW_PER_MW * self.knowledge.tariff_in_objective)

    @property
    def carbon_usd_per_t(self) -> float:
        return self.knowledge.objective.carbon * self.knowledge.carbon_price_usd_per_t

    def unit_curve(self) -> tuple[Floats, Floats, Floats]:
        """(a, b, c) [U] of w1 F1 + w4 F4 per unit and hour, start-ups apart."""
        units, w1, carbon = self.knowledge.units, self.knowledge.objective.operating, self.carbon_usd_per_t
        return (w1 * units.cost_a_usd_per_h + carbon * units.emission_alpha_t_per_h,
                w1 * units.cost_b_usd_per_mwh + carbon * units.emission_beta_t_per_mwh,
                w1 * units.cost_c_usd_per_mw2h + carbon * units.emission_gamma_t_per_mw2h)

    def cycling_pays(self) -> Bools:
        """[E] entries in which charging and discharging at once would pay (docs/model.md 3.11).

        w2 (eta_c eta_d pi_dis - pi_ch - wear eta_c) > lambda (1 - eta_c eta_d), lambda the lowest possible price.
        """
        rows, w2 = self.rows, self.knowledge.objective.owners
        eta_c, eta_d = rows.eta_charge[rows.cohort], rows.eta_discharge[rows.cohort]
        gain = w2 * (eta_c * eta_d * self.price_discharge[rows.hour] - self.price_charge[rows.hour]
                     - rows.wear_usd_per_mwh[rows.cohort] * eta_c)
        loss = self.lowest_price()[rows.hour] * (1 - eta_c * eta_d)
        # at equality (no tariff, wear or losses) cycling gains nothing, and binaries would only take time
        both = (rows.pc_max_mw > 0) & (rows.pd_max_mw > 0)
        return np.asarray(both & (gain > loss + 1e-9))

    def lowest_price(self) -> Floats:
        """[H] lowest system price that can occur: minus the curtailment penalty where renewables may be surplus.

        Surplus is possible where all units at minimum power and all renewables exceed the load without cars.
        """
        units, view = self.knowledge.units, self.view
        _, b, c = self.unit_curve()
        # a convex curve is flattest at its least power, so no price of fuel is below this
        cheapest = float(np.min(b + 2 * c * units.p_min_mw))
        least = float(units.p_min_mw @ self.inherited.count)
        # curtailment sets the price only where power may be left over whatever cars do
        surplus = view.wind_mw + view.pv_mw + least > view.load_mw + self.uncontrolled_mw
        may_spill = surplus & (view.wind_mw + view.pv_mw > 0)
        penalty = self.knowledge.objective.curtailment * self.knowledge.curtailment_penalty_usd_per_mwh
        return np.asarray(np.where(may_spill, min(-penalty, cheapest), cheapest), dtype=np.float64)


def make_case(knowledge: TemporalKnowledge, view: SystemView, car_control: CarControl,
              terminal_value_usd_per_mwh: float, delivery_quantile: Floats) -> Case:
    """The planning problem with one row per nonempty cohort of each district."""
    h = knowledge.horizon_h
    districts = view.districts
    # the upper layer has one bus: what districts add up to is all it sees of them
    uncontrolled = sum((d.p_uncontrolled_kw for d in districts), np.zeros(h)) / KW_PER_MW
    uneven = within_the_hour(districts, h, view.steps_per_hour)
    parts = [_district_rows(k, d, knowledge, car_control, uneven) for k, d in enumerate(districts)]
    rows = _stack([_no_rows(view.steps_per_hour), *parts])
    # cars that leave take energy along and cars that come bring some: what is lacking must be charged
    needed = fsum(d.energy_start_kwh - d.energy_end_base_kwh for d in districts) / KW_PER_MW
    return Case(knowledge=knowledge, view=view, rows=rows, uncontrolled_mw=np.asarray(uncontrolled),
                energy_needed_mwh=float(needed), terminal_value_usd_per_mwh=terminal_value_usd_per_mwh,
                delivery_quantile=delivery_quantile, uncontrolled_step_mw=_uncontrolled_step_mw(view, uncontrolled))


def _uncontrolled_step_mw(view: SystemView, hourly_mw: Floats) -> Floats:
    steps = view.steps_per_hour
    by_step = [d.p_uncontrolled_step_kw for d in view.districts]
    if not by_step or any(step_mw.size != hourly_mw.size * steps for step_mw in by_step):
        return np.repeat(hourly_mw, steps)
    return np.asarray(np.sum(by_step, axis=0) / KW_PER_MW, dtype=np.float64)


@dataclass(frozen=True)
class WithinTheHour:
    """What cohorts of all districts together do within an hour; equal for all, so that merging them loses nothing."""

    leaving: Floats
    """[G, Q] power of each step over the mean in the cohort's own hour of departure."""
    may_stop: Floats
    """[G, H] share of Pcmax in cars with an hour of laxity left: they neither leave in this hour nor have to
    charge in it or the next."""


def within_the_hour(districts: tuple[CohortFlexibility, ...], horizon_h: int, steps: int) -> WithinTheHour:
    """From what cars do that wait as long as they can; even, and all may stop, where districts do not say."""
    count = max((d.cohort_count for d in districts), default=0)
    leaving, may_stop = np.ones((count, steps)), np.ones((count, horizon_h))
    if districts and all(d.pc_leaving_kw.shape == leaving.shape for d in districts):
        power = np.sum([d.pc_leaving_kw for d in districts], axis=0)
        mean = power.mean(axis=1, keepdims=True)
        leaving = np.where(mean > NEGLIGIBLE_KW, power / np.maximum(mean, NEGLIGIBLE_KW), 1.0)
    if districts and all(d.pc_latest_kw.shape == may_stop.shape for d in districts):
        latest, most = (np.sum([getattr(d, name) for d in districts], axis=0) for name in ("pc_latest_kw", "pc_max_kw"))
        # a car that stops in the last step of this hour is stopped in the next one too
        soon = np.maximum(latest, np.concatenate([latest[:, 1:], latest[:, -1:]], axis=1))
        may_stop = 1.0 - np.clip(soon / np.maximum(most, NEGLIGIBLE_KW), 0.0, 1.0)
    # in their hour of departure cars have no hour left to make up for stopping
    own_hour = hour_of_row(np.arange(count), horizon_h)
    may_stop[np.flatnonzero(own_hour < horizon_h), own_hour[own_hour < horizon_h]] = 0.0
    return WithinTheHour(leaving, may_stop)


def _district_rows(index: int, cars: CohortFlexibility, knowledge: TemporalKnowledge,
                   car_control: CarControl, uneven: WithinTheHour) -> CohortRows:
    """Nonempty (cohort, hour) pairs of one district; none when cars are not controlled."""
    horizon = cars.horizon_h
    # cars that the controller may not use enter as fixed load, in `uncontrolled`, and have no row
    pc = cars.pc_max_kw * (car_control != "none")
    pd = cars.pd_max_kw * (car_control == "bidirectional")
    before = np.concatenate([np.zeros((cars.cohort_count, 1)), cars.x_min_kwh[:, :-1]], axis=1)
    # a lower bound that rises must stand in an entry even where no power is left to follow it
    bound_rises = cars.x_min_kwh > before + NEGLIGIBLE_KW
    active = (pc > NEGLIGIBLE_KW) | (pd > NEGLIGIBLE_KW) | (bound_rises & (car_control != "none"))
    # of some hundred cohorts a few dozen hold cars
    used, cohort = np.unique(np.nonzero(active)[0], return_inverse=True)
    where, hour = np.nonzero(active)
    group, departure = group_of_row(used, horizon), hour_of_row(used, horizon)
    return CohortRows(
        district=np.full(used.size, index), row=used, group=group, departure_h=departure,
        eta_charge=cars.eta_charge[used], eta_discharge=cars.eta_discharge[used],
        wear_usd_per_mwh=knowledge.wear_usd_per_kwh[group] * KW_PER_MW,
        # never above the bound, whatever rounding or an older plan's level has made of it
        x_end_match_mwh=np.minimum(cars.x_end_uncoordinated_kwh, cars.x_max_kwh[:, -1])[used] / KW_PER_MW,
        cohort=cohort.astype(np.int64), hour=hour.astype(np.int64),
        pc_max_mw=pc[where, hour] / KW_PER_MW, pd_max_mw=pd[where, hour] / KW_PER_MW,
        pc_min_mw=np.minimum(_fresh_kw(cars), pc)[where, hour] / KW_PER_MW,
        x_min_mwh=cars.x_min_kwh[where, hour] / KW_PER_MW, x_max_mwh=cars.x_max_kwh[where, hour] / KW_PER_MW,
        share_limit=np.ones(hour.size),
        by_step=np.where((hour == hour_of_row(where, horizon))[:, None], uneven.leaving[where], 1.0),
        may_stop=uneven.may_stop[where, hour],
    )


def _fresh_kw(cars: CohortFlexibility) -> Floats:
    return cars.pc_fresh_kw if cars.pc_fresh_kw.size else np.zeros_like(cars.pc_max_kw)


def _no_rows(steps: int) -> CohortRows:
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return CohortRows(district=whole, row=whole, group=whole, departure_h=whole, eta_charge=real, eta_discharge=real,
                      wear_usd_per_mwh=real, x_end_match_mwh=real, cohort=whole, hour=whole, pc_max_mw=real,
                      pd_max_mw=real, pc_min_mw=real, x_min_mwh=real, x_max_mwh=real, share_limit=real,
                      by_step=np.zeros((0, steps)), may_stop=real)


def _stack(parts: list[CohortRows]) -> CohortRows:
    offset = np.cumsum([0] + [p.count for p in parts])
    shifted = [replace(p, cohort=p.cohort + offset[k]) for k, p in enumerate(parts)]
    names = CohortRows.__dataclass_fields__
    return CohortRows(**{name: np.concatenate([getattr(p, name) for p in shifted]) for name in names})


def merge_cohorts(rows: CohortRows, relaxed: bool = True) -> CohortRows:
    """Cohorts of equal group and departure (and efficiencies) in several districts as one: a relaxation.

    Whatever the single cohorts can do, their sum can, since envelopes add; so the merged problem's bound holds
    for the full one. At one fixed commitment of the paper day this lowers the optimum by 6e-8, merging zones
    or classes as well by 5e-4 to 2e-3, which is more than a MILP gap (C).
    Where chargers differ, the sum of Pc/Pcmax + Pd/Pdmax may pass 1; `share_limit` allows exactly that. Where they are
    spread over the hour unequally, each step counts as that of the least, and the most may stop; not relaxed, their
    mean by plugged kW.
    """
    alike = np.stack([rows.departure_h, rows.eta_charge, rows.eta_discharge, rows.wear_usd_per_mwh, rows.group])
    # efficiencies are means over cars: equal ones differ in their last digits
    kinds, kind = np.unique(np.round(alike, 9), axis=1, return_inverse=True)
    kind = kind.reshape(-1)
    horizon = int(rows.hour.max(initial=0)) + 1

    def total(values: Floats) -> Floats:
        grid = np.zeros((kinds.shape[1], horizon))
        np.add.at(grid, (kind[rows.cohort], rows.hour), values)
        return grid

    pc, pd = total(rows.pc_max_mw), total(rows.pd_max_mw)
    # each cohort's share of the merged limit, by which its sharing limit (U13) enters the sum
    part_c = rows.pc_max_mw / np.maximum(pc, 1e-12)[kind[rows.cohort], rows.hour]
    part_d = rows.pd_max_mw / np.maximum(pd, 1e-12)[kind[rows.cohort], rows.hour]
    limit, least = total(np.maximum(part_c, part_d)), total(rows.pc_min_mw)
    x_min, x_max = _merged_bounds(rows, kind, kinds.shape[1], horizon)
    cohort, hour = np.nonzero(total(np.ones(rows.entries)) > 0)
    by_step, may_stop = _merged_hours(rows, kind, part_c, relaxed)
    ends = np.zeros(kinds.shape[1])
    np.add.at(ends, kind, rows.x_end_match_mwh)
    pick = (cohort, hour)
    nothing = np.full(kinds.shape[1], -1)
    return CohortRows(
        district=nothing, row=nothing, group=kinds[4].astype(np.int64),
        departure_h=kinds[0].astype(np.int64), eta_charge=kinds[1], eta_discharge=kinds[2],
        wear_usd_per_mwh=kinds[3], x_end_match_mwh=ends, cohort=cohort, hour=hour,
        pc_max_mw=pc[pick], pd_max_mw=pd[pick], pc_min_mw=least[pick], x_min_mwh=x_min[pick], x_max_mwh=x_max[pick],
        share_limit=np.maximum(limit[pick], 1.0), by_step=by_step[pick], may_stop=may_stop[pick],
    )


def _merged_hours(rows: CohortRows, kind: Ints, weight: Floats, relaxed: bool) -> tuple[Floats, Floats]:
    """(by_step [kinds, H, Q], may_stop [kinds, H]): the least and the most of those merged, or means by weight [E]."""
    shape, at = (int(kind.max(initial=-1)) + 1, int(rows.hour.max(initial=0)) + 1), (kind[rows.cohort], rows.hour)
    if relaxed:
        # a bound must not exclude what single cohorts can do, so the best of those merged counts
        by_step, may_stop = np.full((*shape, rows.by_step.shape[1]), np.inf), np.zeros(shape)
        np.minimum.at(by_step, at, rows.by_step)
        np.maximum.at(may_stop, at, rows.may_stop)
        return by_step, may_stop
    by_step, may_stop = np.ones((*shape, rows.by_step.shape[1])), np.zeros(shape)
    np.add.at(by_step, at, weight[:, None] * (rows.by_step - 1.0))
    np.add.at(may_stop, at, weight * rows.may_stop)
    return by_step, may_stop


def _merged_bounds(rows: CohortRows, kind: Ints, kinds: int, horizon: int) -> tuple[Floats, Floats]:
    """Sums of the energy bounds; a cohort without an entry in an hour keeps its last bounds (0 before the first)."""
    low, high = np.full((rows.count, horizon), np.nan), np.full((rows.count, horizon), np.nan)
    low[rows.cohort, rows.hour], high[rows.cohort, rows.hour] = rows.x_min_mwh, rows.x_max_mwh
    seen = np.where(np.isnan(low), -1, np.arange(horizon))
    # a cohort that has left still holds what it took: bounds of sums need its last ones
    latest = np.maximum.accumulate(seen, axis=1)
    each = np.arange(rows.count)[:, None]
    low = np.where(latest < 0, 0.0, low[each, latest])
    high = np.where(latest < 0, 0.0, high[each, latest])
    sums = np.zeros((2, kinds, horizon))
    np.add.at(sums[0], kind, low)
    np.add.at(sums[1], kind, high)
    return sums[0], sums[1]
