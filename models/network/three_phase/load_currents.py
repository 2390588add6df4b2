"""What loads of OpenDSS draw at any voltage, and how that changes with it: constant power, impedance, current, and ZIP.

A load draws between pairs of nodes, a phase and earth or two phases, at each of its n pairs a part P/n + jQ/n. With V
the voltage of the pair and u = |V| over the load's base, its current is y(u) V,

    y = (P/n w_P(u) - j Q/n w_Q(u)) / base^2,    w(u) = z + i f_1(u) + p f_2(u) + e f_(2-k)(u),   f_m = u^-m

with shares of constant impedance, current and power, and of power that goes as u^k (the engine's model 4). Above vmaxpu
f_m stays what it is there (f_2 in place of f_(2-k)); below vminpu the current falls along a straight line to that of an
impedance at vlowpu, which the load is from there down (dss_capi 0.14, `Load.pas`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.three_phase.engine import Engine
from models.records.arrays import Floats, Ints

SHARES = {1: (0.0, 0.0, 1.0, 0.0), 2: (1.0, 0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0, 1.0), 5: (0.0, 1.0, 0.0, 0.0)}
"""z, i, p, e of these of the engine's models, of active and reactive power."""
ZIP = 8
LEAST_PU = 1e-9
"""Below this the law of a load that stays at constant power has no value."""


@dataclass(frozen=True)
class LoadLaws:
    """Pairs of nodes between which L loads draw, arrays [pair]."""

    load: Ints
    """Whose it is."""
    start: Ints
    """Node where the current leaves the network."""
    end: Ints
    """Node where it comes back; -1: earth."""
    part: Floats
    """Of the load's power: 1/n."""
    base_v: Floats
    low_pu: Floats
    """The engine's vlowpu."""
    min_pu: Floats
    max_pu: Floats
    shares: Floats
    """[pair, 2, 4] of active and reactive power: z, i, p, e."""
    exponent: Floats
    """[pair, 2] k of active and reactive power."""
    unknown: tuple[str, ...]
    """Loads that draw by another law, and why; they are in none of the arrays."""

    def weights(self, u: Floats) -> tuple[Floats, Floats]:
        """w of active and reactive power [pair, 2], and its derivative by u."""
        u = u[:, None]
        factors = [(np.ones_like(u), np.zeros_like(u)), self._factor(u, 1.0, 1.0), self._factor(u, 2.0, 2.0),
                   self._factor(u, 2.0 - self.exponent, 2.0)]
        value, slope = np.zeros((2, *self.exponent.shape))
        for share, (own, by_u) in zip(np.moveaxis(self.shares, 2, 0), factors, strict=True):
            value, slope = value + share * own, slope + share * by_u
        return value, slope

    def _factor(self, u: Floats, m: Any, outside: float) -> tuple[Floats, Floats]:
        """u^-m within the load's range of voltages, with m = `outside` what the engine goes on with beyond; and its
        derivative."""
        low, least, most = (limit[:, None] for limit in (self.low_pu, self.min_pu, self.max_pu))
        inside, above = np.clip(u, np.maximum(least, LEAST_PU), most), np.maximum(u, LEAST_PU)
        # below vminpu |I| is a straight line from what it is there to that of the impedance at vlowpu
        steep = np.divide(np.maximum(least, LEAST_PU) ** (1.0 - outside) - low, least - low, out=np.zeros_like(least),
                          where=least > low)
        is_under, is_off, is_over = (u <= least) & (u > low), u <= low, u > most
        line = (low + steep * (u - low)) / above
        value = np.select([is_off, is_under, is_over], [1.0, line, most**-outside], inside**-m)
        slope = np.select([is_off | is_over, is_under], [0.0, (steep - line) / above], -m * inside ** (-m - 1.0))
        return value, slope


def laws_of(engine: Engine, names: Sequence[str]) -> LoadLaws:
    """Of loads in the engine, by name and in this order."""
    rows, unknown = [], list[str]()
    for i, name in enumerate(names):
        law = _law(engine, name)
        if isinstance(law, str):
            unknown.append(f"load {name} ({law})")
            continue
        rows += [(i, *pair, *law[1:]) for pair in law[0]]
    load, start, end, part, base_v, low, least, most, shares, exponent = zip(*rows, strict=True) if rows else ((),) * 10
    whose, nodes = np.array(load, dtype=np.int64), np.array([start, end], dtype=np.int64)
    of_power, base, lows, mins, tops = np.array([part, base_v, low, least, most], dtype=np.float64)
    tables = np.array(shares, dtype=np.float64).reshape(-1, 2, 4), np.array(exponent, dtype=np.float64).reshape(-1, 2)
    return LoadLaws(whose, nodes[0], nodes[1], of_power, base, lows, mins, tops, tables[0], tables[1], tuple(unknown))


_Law = tuple[list[tuple[int, int]], float, float, float, float, float, Any, tuple[float, float]]
"""Pairs of nodes, part of each, base in volts, vlowpu, vminpu, vmaxpu, shares, exponents."""


def _law(engine: Engine, name: str) -> _Law | str:
    """Of one load, or why it is not known."""
    loads = engine.circuit.Loads
    loads.Name = name
    model, is_delta, phases = int(loads.Model), bool(loads.IsDelta), int(loads.Phases)
    if model not in (*SHARES, ZIP):
        return f"model {model}"
    shares = [SHARES.get(model)] * 2 if model != ZIP else _zip_shares(loads.ZIPV)
    if shares is None:
        return "model 8 that drops out at a low voltage"
    nodes = engine.node_reference(f"load.{name}").tolist()
    pairs = [(nodes[k], nodes[(k + 1) % len(nodes)] if is_delta else nodes[-1]) for k in range(phases)]
    if not is_delta and nodes[-1] >= 0:
        return "a neutral that is not earth"
    kv = float(loads.kV) / (np.sqrt(3.0) if phases in (2, 3) and not is_delta else 1.0)
    low = float(engine.told(f"load.{name}.vlowpu"))
    exponent = float(loads.CVRwatts), float(loads.CVRvars)
    return pairs, 1.0 / phases, 1e3 * kv, low, float(loads.Vminpu), float(loads.Vmaxpu), shares, exponent


def _zip_shares(cells: Any) -> list[tuple[float, ...]] | None:
    """Of active and reactive power; None: there is a voltage at which the load drops out."""
    z, i, p, qz, qi, qp, drops_pu = (float(cell) for cell in cells)
    return None if drops_pu > 0 else [(z, i, p, 0.0), (qz, qi, qp, 0.0)]
