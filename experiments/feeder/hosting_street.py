"""A street of 55 houses and its cars over a day from noon: what charging does there, judged by AC on three phases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from controllers.spatial.three_phase.limits import KEPT, Bounds, bounds_of, broken_without, named
from controllers.spatial.three_phase.linear import Linear, around, sensitivities
from models.network.three_phase.circuit import circuit_from
from models.network.three_phase.records import PHASES, Port
from models.network.three_phase.shipped import master_of
from models.network.three_phase.watching import PhaseLimits, WatchedCircuit, watched_ports
from models.records.arrays import Floats, Ints
from models.records.three_phase import VOLTAGE, WATCHED_KINDS

SCRIPT, SOURCE_PU = "dss:european_lv", 1.05
"""The street as published, and the voltage of its source."""
Chargers = Literal["one", "three"]
"""Phases that a charger of CHARGER_KW is on."""
LOWEST_V, HIGHEST_V, DECLARED_V = 216.2, 253.0, 230.0
"""Of Britain: 230 V, 10 % up and 6 % down."""
STEPS, STEP_H = 24, 1.0
NOON_H = 12.0
CHARGER_KW = 7.4
POWER_FACTOR = 0.95
CHEAP_FROM_H = 22.0
"""When the tariff's cheap hours begin (A)."""
ETA = 0.933
SPARE_KWH = 10.0
"""What a battery may lend (A)."""
REACTIVE_SHARE = 0.43
"""Of the charger's power: power factor 0.9 (A)."""
HOME_WEEKLY: Floats = np.array([1.8, 2.8, 4.8])
"""Plug-ins a week of drivers at home: quartiles over users of Sorensen et al. 2024 (models/data/SOURCES.md); a session
takes as much as a day's driving here, 11 kWh in the mean of both."""
MILES_KM, KWH_PER_KM = 1.609344, 0.175
ROUNDS, MOST_ROWS, ROWS_A_STEP = 6, 200, 4
NO_MARGIN: Floats = np.zeros(len(WATCHED_KINDS))
ALL = 1.0 - 1e-6
"""Share of what is wanted that counts as all of it."""
Slopes = Sequence[tuple[Floats, Floats]]
"""[STEPS] of ([M, D], [M, D])."""


@contextmanager
def _script(source_pu: float) -> Iterator[str]:
    """The script that comes along, or a passing copy with another voltage of the source."""
    if source_pu == SOURCE_PU:
        yield SCRIPT
        return
    with TemporaryDirectory() as folder:
        master = Path(shutil.copytree(master_of(SCRIPT).parent, Path(folder) / "street")) / master_of(SCRIPT).name
        text = master.read_text(encoding="utf-8")
        master.write_text(text.replace(f"pu={SOURCE_PU:g}", f"pu={source_pu:g}"), encoding="utf-8")
        yield str(master)


class Street:
    """The circuit with the houses' measured day; chargers on the house's own phase, or on all three."""

    def __init__(self, chargers: Chargers = "one", source_pu: float = SOURCE_PU) -> None:
        with _script(source_pu) as master:
            self._read(master, chargers)

    def _read(self, master: str, chargers: Chargers) -> None:
        script = circuit_from(master)
        loads = script.loads
        ports, names = [Port(bus, phases) for bus, phases in zip(loads.bus, loads.phases, strict=True)], loads.names
        self.car_rows: Ints = np.arange(1, len(ports) + 1)
        """[house] rows of the circuit at which cars charge: the house's own, or one of three phases beside it."""
        self._rows = 1 + len(ports)
        if chargers == "three":
            self.car_rows, self._rows = self.car_rows + len(ports), self._rows + len(ports)
            ports += [Port(bus, PHASES) for bus in loads.bus]
            names = (*names, *(f"{name} car" for name in names))
        self.circuit: WatchedCircuit = watched_ports(
            circuit_from(master, ports), names,
            PhaseLimits(LOWEST_V / DECLARED_V, HIGHEST_V / DECLARED_V, DECLARED_V), self.car_rows)
        minutes = np.array([script.shape(name).p for name in loads.shape])
        day = minutes.reshape(loads.count, STEPS, -1).mean(axis=2)
        self.house_kw: Floats = np.roll(day, -int(NOON_H / STEP_H), axis=1)
        """[house, STEPS] from noon."""

    @property
    def houses(self) -> int:
        return len(self.house_kw)

    def at_rows(self, houses: Floats, cars: Floats) -> Floats:
        """[T, B] what houses and cars [house, T] draw at the rows of the circuit, the source first."""
        drawn = np.zeros((houses.shape[1], self._rows))
        drawn[:, 1 : 1 + self.houses] = houses.T
        drawn[:, self.car_rows] += cars.T
        return drawn


@dataclass(frozen=True)
class Day:
    """What a seed draws, the same under every controller: arrays [house]."""

    order: Ints
    """In which houses get cars."""
    load_kw: Floats
    """[house, STEPS]"""
    first: Ints
    """Step from which a car can charge, and the one before which it leaves."""
    end: Ints
    wanted_kwh: Floats
    """At the bus; what the charger can deliver in the stay."""

    def plugged(self, cars: int) -> Floats:
        """[house, STEPS] 1 where a car stands."""
        step = np.arange(STEPS)
        here = (step >= self.first[:, None]) & (step < self.end[:, None])
        return np.asarray(here * np.isin(np.arange(self.order.size), self.order[:cars])[:, None], dtype=np.float64)


def drawn_day(street: Street, seed: int, everybody: bool) -> Day:
    """Private cars by the testbed's laws (docs/model.md 8.6); not everybody: each by a habit of HOME_WEEKLY."""
    rng, n = np.random.default_rng(seed), street.houses
    order, loads = rng.permutation(n), street.house_kw[rng.permutation(n)]
    arrives = np.clip(rng.normal(17.6, 3.4, n), NOON_H, 24.0)
    leaves = np.clip(rng.normal(8.92, 3.24, n), 1.0, NOON_H)
    km = MILES_KM * rng.lognormal(3.2, 0.88, n)
    first = np.ceil((arrives - NOON_H) / STEP_H).astype(np.int64)
    end = ((24.0 + leaves - NOON_H) / STEP_H).astype(np.int64)
    comes = everybody | (rng.random(n) < rng.choice(HOME_WEEKLY, n) / 7)
    wanted = np.minimum(km * KWH_PER_KM / ETA, CHARGER_KW * STEP_H * (end - first)) * comes
    return Day(order, loads, first, end, wanted)


@dataclass(frozen=True)
class Outcome:
    """What a day of a controller does."""

    delivered_share: float
    """Of what is wanted and feasible."""
    broken: str
    """Limits that it breaks beyond what houses break; empty if none."""
    broken_without: str
    """Limits that houses break by themselves."""
    lowest_v: float


class Judge:
    """AC of one day."""

    def __init__(self, street: Street, day: Day) -> None:
        self.network, self.call, self.cars_at_rows = street.circuit.network, street.circuit, partial(
            street.at_rows, np.zeros(day.load_kw.shape))
        self.p_kw = street.at_rows(day.load_kw, np.zeros(day.load_kw.shape))
        self.q_kvar = self.p_kw * np.tan(np.arccos(POWER_FACTOR))
        self.flow = self.call(self.p_kw, self.q_kvar)
        self.bounds: Bounds = bounds_of(self.network, [self.flow])

    def excess(self, cars_kw: Floats, cars_kvar: Floats | None = None) -> tuple[Floats, Floats]:
        """([STEPS, M] excess in what counts as kept, [STEPS, M] values) of cars [house, STEPS]."""
        q = 0.0 if cars_kvar is None else self.cars_at_rows(cars_kvar)
        value = self.call(self.p_kw + self.cars_at_rows(cars_kw), self.q_kvar + q).value
        return self.bounds.excess(value) / KEPT[self.network.watched.kind], value

    def outcome(self, cars_kw: Floats, cars_kvar: Floats | None, wanted_kwh: float) -> Outcome:
        """What AC says of a day's powers."""
        excess, value = self.excess(cars_kw, cars_kvar)
        share = 1.0 if wanted_kwh <= 0 else float(cars_kw.sum()) * STEP_H / wanted_kwh
        text = named(self.network, self.bounds, value, np.asarray(~(excess <= 1.0)))
        lowest = DECLARED_V * float(value[:, self.network.watched.kind == VOLTAGE].min())
        return Outcome(share, text, broken_without(self.network, self.bounds), lowest)


def at_once(day: Day, cars: int, from_step: int = 0) -> Floats:
    """[house, STEPS] full power from arrival, not before `from_step` where the stay still suffices, until all is in."""
    most = CHARGER_KW * day.plugged(cars)
    need = np.ceil(day.wanted_kwh / (CHARGER_KW * STEP_H) - 1e-9).astype(np.int64)
    begins = np.maximum(day.first, np.minimum(from_step, day.end - need))
    most = most * (np.arange(STEPS) >= begins[:, None])
    filled = np.minimum(np.cumsum(most, axis=1) * STEP_H, day.wanted_kwh[:, None])
    return np.asarray(np.diff(filled, axis=1, prepend=0.0) / STEP_H)


def forecast_of(street: Street, day: Day) -> Day:
    """The same day as its operator expects it: of the houses the mean one by hour is known."""
    return replace(day, load_kw=np.broadcast_to(street.house_kw.mean(axis=0), day.load_kw.shape))


class Coordinated:
    """The most energy that the street's limits let through: linear problems around AC operating points.

    What it knows of houses is what its judge knows; `margin` [kind] is how far from limits it stays,
    or no nearer than the houses alone.
    """

    def __init__(self, judge: Judge, day: Day, cars: int, gives_back: bool = False, reactive: bool = False,
                 margin: Floats = NO_MARGIN) -> None:
        self.judge, self.day, self.cars, self.gives_back, self.reactive = judge, day, cars, gives_back, reactive
        self._margin = margin
        self.margin: Floats = np.clip(-judge.bounds.excess(judge.bounds.without), 0.0,
                                      margin[judge.network.watched.kind])
        """[STEPS, M]"""
        self.house, self.step = np.nonzero(day.plugged(cars) * (day.wanted_kwh > 0)[:, None])
        self.wanted, self.count = day.wanted_kwh, self.house.size
        self.shape = day.load_kw.shape
        self._energy = self._energies() if self.count else (sp.csr_array((0, 0)), np.zeros(0))

    def powers(self) -> tuple[Floats, Floats]:
        """(kW, kvar) [house, STEPS] that AC accepts; gives back, and uses kvar, only where energy is missing else."""
        if not (self.gives_back or self.reactive):
            return self._accepted()
        gives_back = self.gives_back and self.reactive
        less = Coordinated(self.judge, self.day, self.cars, gives_back, margin=self._margin).powers()
        if self.delivers_all(less[0]):
            return less
        return max(less, self._accepted(), key=lambda powers: float(powers[0].sum()))

    def delivers_all(self, p: Floats) -> bool:
        """Whether powers [house, STEPS] bring all that is wanted."""
        return bool(p.sum() * STEP_H >= ALL * self._wanted_kwh)

    @property
    def _wanted_kwh(self) -> float:
        return float(self.wanted[self.day.order[: self.cars]].sum())

    def _accepted(self) -> tuple[Floats, Floats]:
        """Evenly over each stay if AC keeps all limits; else solved around the answer until it does, or scaled down."""
        p, q = self._evenly(), np.zeros(self.shape)
        beyond = np.zeros(self.margin.shape)  # what AC found beyond the linear model
        for _ in range(ROUNDS):
            over = self._over(p, q)
            if not np.any(over > KEPT[self.judge.network.watched.kind]):
                return p, q
            answer = self._solved(self._linear(p, q), self.margin + beyond, p, q)
            if answer is None:
                break
            p, q = answer
            beyond = beyond + np.maximum(self._over(p, q), 0.0)
        return self._scaled(p, q)

    def _over(self, p: Floats, q: Floats) -> Floats:
        """[STEPS, M] by how much AC passes limits less the margin, in units of the watched values."""
        return np.asarray(self.judge.excess(p, q)[0] * KEPT[self.judge.network.watched.kind] + self.margin)

    def _scaled(self, p: Floats, q: Floats) -> tuple[Floats, Floats]:
        """The largest share of it that AC accepts."""
        kept = KEPT[self.judge.network.watched.kind]
        scale = next((share for share in np.linspace(1.0, 0.0, 41)
                      if not np.any(self._over(share * p, share * q) > kept)), 0.0)
        return scale * p, scale * q

    def _evenly(self) -> Floats:
        """[house, STEPS] the wanted energy at the same power in all hours of the stay."""
        here = self.day.plugged(self.cars)
        return np.asarray(here * (self.wanted / np.maximum(here.sum(axis=1), 1.0) / STEP_H)[:, None])

    def _linear(self, p: Floats, q: Floats) -> Linear:
        j = self.judge
        all_p, all_q = j.p_kw + j.cars_at_rows(p), j.q_kvar + j.cars_at_rows(q)
        flow = j.call(all_p, all_q)
        slopes = sensitivities(j.call, all_p, all_q, flow.taps, STEPS, self.reactive, j.network.driven, j.call.slopes)
        return around(all_p, all_q, flow, slopes, j.network.driven)

    def _solved(self, linear: Linear, off: Floats, p: Floats, q: Floats) -> tuple[Floats, Floats] | None:
        """Rows of bounds are added until the linear model keeps all of them; None if it cannot."""
        rows, room, written = np.zeros((0, self._columns)), np.zeros(0), set[tuple[int, int]]()
        slopes = [self._slopes(linear, t) for t in range(STEPS)]
        while True:
            x = self._best(rows, room)
            if x is None:
                return None
            new_p, new_q = self._split(x)
            worst = self._worst(linear, slopes, off, new_p - p, new_q - q, written)
            if not worst:
                return new_p, new_q
            new = [self._row(linear, slopes[t], off, t, m, p, q) for t, m in worst]
            rows = np.vstack([rows, *(slope for slope, _ in new)])
            room = np.append(room, [left for _, left in new])
            written |= set(worst)

    @property
    def _columns(self) -> int:
        return self.count * (1 + self.gives_back + self.reactive)

    def _best(self, rows: Floats, room: Floats) -> Floats | None:
        """Most net energy, giving back only where it lets more through; None if rows leave nothing."""
        n = self.count
        energy, least = self._energy
        cost = np.concatenate([-np.ones(n), *([1.001 * np.ones(n)] if self.gives_back else []),
                               *([np.zeros(n)] if self.reactive else [])])
        limits = [(0.0, CHARGER_KW)] * (n * (1 + self.gives_back))
        limits += [(-REACTIVE_SHARE * CHARGER_KW, REACTIVE_SHARE * CHARGER_KW)] * (n * self.reactive)
        solve: Any = linprog  # its types know no sparse matrices
        answer = solve(cost, A_ub=sp.vstack([energy, sp.csr_array(rows)]),
                         b_ub=np.concatenate([least, room]), bounds=limits,
                         method="highs")
        return np.asarray(answer.x) if answer.status == 0 else None

    def _energies(self) -> tuple[sp.csr_array, Floats]:
        """Never more than is wanted in a car, never more lent than it spares: rows and right sides."""
        blocks: list[sp.csr_array] = []
        room: list[Floats] = []
        for house in np.unique(self.house):
            mine = np.flatnonzero(self.house == house)
            steps = np.tril(np.ones((mine.size, mine.size))) if self.gives_back else np.ones((1, mine.size))
            path = self._spread(STEP_H * steps, mine)
            if self.gives_back:
                path = path - self._spread(STEP_H * steps, self.count + mine)
                blocks, room = [*blocks, -path], [*room, np.full(mine.size, SPARE_KWH)]
            blocks, room = [*blocks, path], [*room, np.full(steps.shape[0], self.wanted[house])]
        return sp.csr_array(sp.vstack(blocks)), np.concatenate(room)

    def _spread(self, values: Floats, columns: Ints) -> sp.csr_array:
        """Values [n, columns] within all columns."""
        row, at = np.nonzero(values)
        return sp.csr_array((values[row, at], (row, columns[at])), shape=(values.shape[0], self._columns))

    def _split(self, x: Floats) -> tuple[Floats, Floats]:
        n, p, q = self.count, np.zeros(self.shape), np.zeros(self.shape)
        p[self.house, self.step] = x[:n] - (x[n : 2 * n] if self.gives_back else 0.0)
        if self.reactive:
            q[self.house, self.step] = x[-n:]
        return p, q

    def _slopes(self, linear: Linear, t: int) -> tuple[Floats, Floats]:
        """[M, D] real change of values per kW and per kvar; magnitudes move along their own direction."""
        s, phasor = linear.sensitivities, linear.flow.phasor[t]
        turn = np.conj(phasor) / np.maximum(np.abs(phasor), 1e-12)
        by_p, by_q = ((turn[:, None] * table[s.point_of[t]]).real for table in (s.phasor_by_p, s.phasor_by_q))
        return by_p, by_q

    def _worst(self, linear: Linear, slopes: Slopes, off: Floats, dp: Floats, dq: Floats,
               written: set[tuple[int, int]]) -> list[tuple[int, int]]:
        value = linear.flow.value.copy()
        for t, (by_p, by_q) in enumerate(slopes):
            value[t] += by_p @ dp[:, t] + (by_q @ dq[:, t] if self.reactive else 0.0)
        excess = (self.judge.bounds.excess(value) + off) / KEPT[self.judge.network.watched.kind]
        order = np.argsort(-excess, axis=1)[:, :ROWS_A_STEP]
        worst = [(t, int(m)) for t in range(STEPS) for m in order[t]
                 if excess[t, m] > 0.5 and (t, int(m)) not in written]
        return sorted(worst, key=lambda at: -excess[at])[:MOST_ROWS]

    def _row(self, linear: Linear, slopes: tuple[Floats, Floats], off: Floats, t: int, m: int, p: Floats, q: Floats
             ) -> tuple[Floats, float]:
        """sign x value <= bound - off as a row over the unknowns."""
        by_p, by_q = slopes
        low, high, at = self.judge.bounds.low[t, m], self.judge.bounds.high[t, m], linear.flow.value[t, m]
        sign, bound = (1.0, high) if high - at < at - low else (-1.0, -low)
        row, here = np.zeros(self._columns), np.flatnonzero(self.step == t)
        row[here] = sign * by_p[m, self.house[here]]
        left = bound - sign * at - off[t, m] + sign * float(by_p[m] @ p[:, t])
        if self.gives_back:
            row[self.count + here] = -row[here]
        if self.reactive:
            row[self._columns - self.count + here] = sign * by_q[m, self.house[here]]
            left += sign * float(by_q[m] @ q[:, t])
        return row, left
