"""The part that all models with calendar and cycle shares have in common.

Every such law has the form loss = F(sum): a power law k x^p under changing conditions becomes the sum of
k^(1/p) dx, to the power p. That is the "virtual time" of Naumann (2018) and the state equation of BLAST-Lite
in closed form: the sum is additive, so the loss depends neither on the step nor on the length of a block.
Calendar ageing adds an integral over time (Simpson's rule on each linear piece), cycle ageing one term per
rainflow cycle.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from models.records.arrays import Floats
from models.wear.contract import (
    DAY_S,
    REFERENCE_LIFE,
    ROOM_KELVIN,
    SECONDS_PER_YEAR,
    Kelvin,
    LifeUse,
    WearState,
    loss_cost_usd,
)
from models.wear.rainflow_stream import Cycles, begin, feed, residue
from models.wear.tested_range import TestedRange, refuse_impossible

BISECTIONS = 40
DEEPEST_DRIVE = 0.5
"""Share of the capacity driven between two charges, in a life of equal days (A)."""


class CountingModel(ABC):
    """A model by calendar integral and rainflow cycles. Rows K of a sum: 0 loss, 1 resistance if any."""

    name: ClassVar[str]
    cell: ClassVar[str]
    year: ClassVar[int]
    source: ClassVar[str]
    tested: ClassVar[TestedRange | None]
    has_resistance: ClassVar[bool] = False

    @property
    def tested_range(self) -> str:
        """One line for lists."""
        return self.tested.text() if self.tested else "none"

    # ------------------------------------------------------------ what a model says
    @abstractmethod
    def calendar_rate(self, soc: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        """What a second at soc and kelvin (any one shape) adds to each calendar sum."""

    @abstractmethod
    def cycle_damage(self, depth: Floats, mean_soc: Floats, c_rate: Floats, kelvin: Floats) -> tuple[Floats, ...]:
        """What one whole cycle adds to each cycle sum, arrays [N]."""

    @abstractmethod
    def losses(self, calendar_sum: Floats, cycle_sum: Floats) -> tuple[Floats, Floats]:
        """Calendar and cycle loss (fractions) of the sums of row 0."""

    def resistance(self, calendar_sum: Floats, cycle_sum: Floats) -> Floats:
        """Growth of the resistance (fraction) of the sums of row 1; by default both are growths."""
        return calendar_sum + cycle_sum

    # ------------------------------------------------------------ the contract
    def initial_state(self, capacity_kwh: Floats, age_years: Floats, driven_kwh_per_day: Floats,
                      use: LifeUse = REFERENCE_LIFE) -> WearState:
        """State after age_years of equal days of driving alone [V], one driving cycle a day."""
        calendar, driving, _ = self.per_day(capacity_kwh, driven_kwh_per_day, use)
        days = age_years * SECONDS_PER_YEAR / DAY_S
        state = WearState(age_years * SECONDS_PER_YEAR, driven_kwh_per_day * days, np.zeros_like(days),
                          np.zeros_like(days), calendar_sum=calendar * days, cycle_sum=driving * days)
        return self._with_losses(state)

    def advance(self, state: WearState, capacity_kwh: Floats, soc: Floats, step_s: float,
                kelvin: Kelvin = ROOM_KELVIN) -> WearState:
        """State after the SOC trace soc [V, n], n - 1 steps of step_s seconds; kelvin a number, [n] or [V, n]."""
        refuse_impossible(soc, kelvin)
        # traces are kept in single precision: a full battery may read a hair above 1
        trace = np.clip(soc, 0.0, 1.0)
        calendar = np.stack(self._calendar(trace, step_s, kelvin))
        cycles, closed = feed(state.cycles or begin(trace[:, 0]), trace, step_s, kelvin)
        drawn_kwh = np.maximum(-np.diff(trace, axis=1), 0.0).sum(axis=1) * capacity_kwh
        return self._with_losses(replace(
            state, age_s=state.age_s + step_s * (soc.shape[1] - 1), drawn_kwh=state.drawn_kwh + drawn_kwh,
            calendar_sum=_given(state.calendar_sum) + calendar,
            cycle_sum=_given(state.cycle_sum) + self._cycle_sums(closed, soc.shape[0]), cycles=cycles))

    def life_average_usd_per_kwh(self, capacity_kwh: Floats, use: LifeUse = REFERENCE_LIFE,
                                 driven_kwh_per_day: Floats | None = None) -> Floats:
        """Cost [V] of a kWh drawn for the grid: a life with V2G every day against the same one without.

        From new until the battery with V2G reaches its end of life, or until use.years_max.
        """
        driven = np.full(capacity_kwh.shape, use.driven_kwh_per_day) if driven_kwh_per_day is None \
            else driven_kwh_per_day
        calendar, driving, with_v2g = self.per_day(capacity_kwh, driven, use)

        def loss_after(days: Floats, cycles: Floats) -> Floats:
            return np.asarray(sum(self.losses(calendar[0] * days, cycles[0] * days)))

        short, long = np.zeros(capacity_kwh.shape), np.full(capacity_kwh.shape, use.years_max * 365.25)
        # the loss rises with time but has no inverse that all models share
        for _ in range(BISECTIONS):
            middle = 0.5 * (short + long)
            is_over = loss_after(middle, with_v2g) > use.end_of_life_loss
            short, long = np.where(is_over, short, middle), np.where(is_over, middle, long)
        extra = loss_after(long, with_v2g) - loss_after(long, driving)
        cost = loss_cost_usd(extra, capacity_kwh, use.battery_usd_per_kwh, use.end_of_life_loss)
        return np.asarray(cost / (use.v2g_kwh_per_day * long), dtype=np.float64)

    # ------------------------------------------------------------ parts
    def per_day(self, capacity_kwh: Floats, driven_kwh: Floats, use: LifeUse) -> tuple[Floats, Floats, Floats]:
        """Sums [K, V] of an equal day: resting at the mean SOC, its cycles of driving alone, of driving and V2G."""
        mean, kelvin = np.full(capacity_kwh.shape, use.mean_soc), np.full(capacity_kwh.shape, use.kelvin)
        c_rate = use.power_kw / capacity_kwh

        def cycle(energy_kwh: Floats) -> Floats:
            return np.stack(self.cycle_damage(np.minimum(energy_kwh / capacity_kwh, 1.0), mean, c_rate, kelvin))

        calendar = np.stack(self.calendar_rate(mean, kelvin)) * DAY_S
        # A taxi drives more than its battery holds and charges in between.
        times = np.maximum(np.ceil(driven_kwh / (DEEPEST_DRIVE * capacity_kwh)), 1.0)
        # how much wear a kWh of V2G adds depends on whether it deepens the day's cycle or makes one of its own
        once, v2g = driven_kwh / times, np.full(capacity_kwh.shape, use.v2g_kwh_per_day)
        extra = cycle(once + v2g) - cycle(once) if use.is_one_cycle else cycle(v2g)
        return calendar, times * cycle(once), times * cycle(once) + extra

    def _calendar(self, soc: Floats, step_s: float, kelvin: Kelvin) -> tuple[Floats, ...]:
        """Integral [V] of each calendar rate along the linear pieces of the trace (Simpson's rule)."""
        profile = np.broadcast_to(kelvin, soc.shape)
        is_constant = np.ndim(kelvin) == 0
        # rates are curved in SOC: with the ends of a piece alone the loss would depend on the step
        middle_kelvin = profile[:, 1:] if is_constant else 0.5 * (profile[:, 1:] + profile[:, :-1])
        ends = self.calendar_rate(soc, profile)
        middles = self.calendar_rate(0.5 * (soc[:, 1:] + soc[:, :-1]), middle_kelvin)
        return tuple(step_s / 6.0 * (2.0 * end.sum(axis=1) - end[:, 0] - end[:, -1] + 4.0 * middle.sum(axis=1))
                     for end, middle in zip(ends, middles, strict=True))

    def _cycle_sums(self, cycles: Cycles, count: int) -> Floats:
        damage = self.cycle_damage(cycles.depth, cycles.mean_soc, cycles.c_rate, cycles.kelvin)
        return np.stack([np.bincount(cycles.row, part * cycles.number, count) for part in damage])

    def _with_losses(self, state: WearState) -> WearState:
        """The state with losses of its sums, the open cycles taken as half ones."""
        calendar, cycle = _given(state.calendar_sum), _given(state.cycle_sum)
        if state.cycles is not None:
            # not stored in the state: an open cycle is counted anew, and whole, once it closes
            cycle = cycle + self._cycle_sums(residue(state.cycles), cycle.shape[1])
        calendar_loss, cycle_loss = self.losses(calendar[0], cycle[0])
        # An open cycle that runs on into SOC at which the cell ages less could count less: what is worn stays worn.
        cycle_loss = np.maximum(cycle_loss, state.loss - calendar_loss)
        growth = None
        if self.has_resistance:
            growth = self.resistance(calendar[1], cycle[1])
            growth = growth if state.resistance_growth is None else np.maximum(growth, state.resistance_growth)
        return replace(state, calendar_loss=calendar_loss, cycle_loss=cycle_loss, resistance_growth=growth)


def _given(sums: Floats | None) -> Floats:
    if sums is None:
        raise ValueError("this state belongs to another wear model: it has no sums")
    return sums
