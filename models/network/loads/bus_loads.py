"""What the buses of a feeder draw without cars: what follows the system's load, what is constant, and series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from models.records.arrays import Bools, Floats, Ints, RecordError, refuse
from models.records.feeder import RadialFeeder

DAY_S = 86_400
CONSUMPTION, GENERATION, STORAGE = range(3)
"""Kinds of series; forecasts miss them differently."""


@dataclass(frozen=True)
class Series:
    """Evenly spaced means [N, S] of days that repeat, or of a longer stretch that does not.

    Row k is the mean over [first_s + k resolution_s, + resolution_s), from the first counted midnight.
    """

    values: Floats
    resolution_s: int
    first_s: int = 0
    repeats: bool = False

    def means(self, edges_s: Floats) -> Floats:
        """[n, S] means between instants [n + 1]; RecordError where the series has no data."""
        self.check_span(edges_s[0], edges_s[-1])
        length_s = self.values.shape[0] * self.resolution_s
        since_s = edges_s - self.first_s
        # means are differences of the integral: exact between any two instants, whatever the rows' length
        rounds = np.floor(since_s / length_s) if self.repeats else np.zeros(since_s.size)
        within = (since_s - rounds * length_s) / self.resolution_s
        row = np.minimum(within.astype(np.int64), self.values.shape[0] - 1)
        energy = self._energy[row] + (within - row)[:, None] * self.values[row] + rounds[:, None] * self._energy[-1]
        return np.asarray(np.diff(energy, axis=0) * self.resolution_s / np.diff(edges_s)[:, None])

    def check_span(self, start_s: float, end_s: float) -> None:
        """RecordError unless there is data for all of it."""
        last_s = self.first_s + self.values.shape[0] * self.resolution_s
        if not self.repeats and (start_s < self.first_s or end_s > last_s):
            have, asked = (f"{begin / DAY_S:g} to {end / DAY_S:g}" for begin, end in (
                (self.first_s, last_s), (start_s, end_s)))
            raise RecordError(f"series of buses: they cover days {have} from the first counted midnight, but days "
                              f"{asked} are simulated or looked at; choose another start_date, or fewer days")

    @cached_property
    def _energy(self) -> Floats:
        """[N + 1, S] sums of rows."""
        return np.concatenate([np.zeros((1, self.values.shape[1])), np.cumsum(self.values, axis=0)])


@dataclass(frozen=True)
class Uses:
    """What columns of a series do at buses; arrays [U]. A column may act at many buses, or twice at one."""

    label: tuple[str, ...]
    """The element: `load 3 'School'`, `bus 7`."""
    source: tuple[str, ...]
    """Name of the column where it comes from."""
    column: Ints
    bus: Ints
    """Row of the feeder's bus."""
    p_factor: Floats
    """kW drawn at the bus per unit of the column; negative of generators."""
    q_factor: Floats
    """kvar likewise."""
    kind: Ints
    """CONSUMPTION, GENERATION or STORAGE."""


@dataclass(frozen=True)
class GivenSeries:
    """Series, and what of a feeder they replace."""

    series: Series
    uses: Uses
    buses: Bools
    """[B] buses of which they say all."""
    elements: Bools
    """[E] elements of which they say all."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class BusLoads:
    """Arrays [B]; positive powers are drawn."""

    follow_kw: Floats
    """Of what follows the system's load, when that is at its peak."""
    follow_kvar: Floats
    fixed_kw: Floats
    """Of what stays at the net's own power."""
    fixed_kvar: Floats
    series: Series | None = None
    uses: Uses | None = None
    notes: tuple[str, ...] = ()
    taken: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """By table and number: how generators and storages are taken; those left out are not there."""
    generation_buses: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """[C] rising rows of buses of whose static generators less may be taken than they give; empty: of none."""
    generation_fixed_kw: Floats = field(default_factory=lambda: np.zeros(0))
    """[C] drawn there (below 0: given) by generators that stay at the net's own power; part of `fixed_kw`."""

    def __post_init__(self) -> None:
        refuse([f"{name} is not finite" for name in ("follow_kw", "follow_kvar", "fixed_kw", "fixed_kvar")
                if not np.all(np.isfinite(getattr(self, name)))], "loads of buses")

    @classmethod
    def following(cls, feeder: RadialFeeder) -> BusLoads:
        """All loads of a feeder follow the system's."""
        none = np.zeros(feeder.bus_count)
        return cls(feeder.p_base_kw, feeder.q_base_kvar, none, none)

    def drawn(self, edges_s: Floats, shape: Floats, forecast: Floats | None = None) -> tuple[Floats, Floats]:
        """(kW, kvar) [B, n] between instants [n + 1], at the system's load over its peak [n].

        forecast [3, n]: factors on series of each kind, where they are not known as they will be.
        """
        p_kw, q_kvar = np.outer(self.follow_kw, shape), np.outer(self.follow_kvar, shape)
        if np.any(self.fixed_kw) or np.any(self.fixed_kvar):
            p_kw, q_kvar = p_kw + self.fixed_kw[:, None], q_kvar + self.fixed_kvar[:, None]
        if self.series is None or self.uses is None:
            return p_kw, q_kvar
        by_use = self.series.means(edges_s)[:, self.uses.column].T
        if forecast is not None:
            by_use = by_use * forecast[self.uses.kind]
        # several series may draw at one bus, which plain indexing would add once
        for total, factor in ((p_kw, self.uses.p_factor), (q_kvar, self.uses.q_factor)):
            np.add.at(total, self.uses.bus, factor[:, None] * by_use)
        return p_kw, q_kvar

    def generation_kw(self, edges_s: Floats, forecast: Floats | None = None) -> Floats:
        """[C, n] what generators give between instants [n + 1] at buses where less may be taken; 0 where they draw.

        forecast [3, n]: as of `drawn`, whose powers these are part of.
        """
        drawn = np.repeat(self.generation_fixed_kw[:, None], edges_s.size - 1, axis=1)
        if drawn.size and self.series is not None and self.uses is not None:
            rows = np.flatnonzero(self.uses.kind == GENERATION)
            # others' generation is a must: it counts in the load and nobody may take less
            rows = rows[np.isin(self.uses.bus[rows], self.generation_buses)]
            by_use = self.series.means(edges_s)[:, self.uses.column[rows]].T * self.uses.p_factor[rows, None]
            if forecast is not None:
                by_use = by_use * forecast[GENERATION]
            np.add.at(drawn, np.searchsorted(self.generation_buses, self.uses.bus[rows]), by_use)
        return np.maximum(-drawn, 0.0)
