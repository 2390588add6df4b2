"""What the cells behind a model were tested at, and how much of a trace lies outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats, RecordError
from models.wear.rainflow_stream import Cycles, begin, feed, residue

KELVIN_0C = 273.15
SMALL_DEPTH = 0.01
"""Shallower cycles do next to nothing and are not held against a model."""
KELVIN_LIMITS = (223.15, 353.15)
"""Outside it no lithium-ion cell is in use: refused."""
SOC_ROUNDING = 1e-6


@dataclass(frozen=True)
class TestedRange:
    """Lowest and highest of each condition in the tests behind a model."""

    __test__ = False
    soc: tuple[float, float]
    depth: tuple[float, float]
    c_rate: tuple[float, float]
    celsius: tuple[float, float]
    note: str = ""

    def text(self) -> str:
        """One line for lists."""
        return (f"SOC {_span(self.soc)}, depth {_span(self.depth)}, C-rate {_span(self.c_rate)}, "
                f"{_span(self.celsius)} C{'; ' + self.note if self.note else ''}")

    def outside(self, soc: Floats, step_s: float, kelvin: float | Floats) -> dict[str, float]:
        """Share (0..1) of the trace soc [V, n] outside each condition: of time, or of the energy in cycles."""
        refuse_impossible(soc, kelvin)
        state, closed = feed(begin(soc[:, 0]), soc, step_s, kelvin)
        parts = (closed, residue(state))
        celsius = np.broadcast_to(kelvin, soc.shape) - KELVIN_0C
        return {"soc": float(np.mean(_is_outside(soc, self.soc))),
                "celsius": float(np.mean(_is_outside(celsius, self.celsius))),
                "depth": _share_outside(parts, "depth", self.depth),
                "c_rate": _share_outside(parts, "c_rate", self.c_rate)}

    def flags(self, soc: Floats, step_s: float, kelvin: float | Floats) -> tuple[str, ...]:
        """One sentence for each condition that part of the trace breaks; empty if none does."""
        shares = self.outside(soc, step_s, kelvin)
        return tuple(f"{name}: {share:.0%} outside the tested {_span(getattr(self, name))}"
                     for name, share in shares.items() if share > 0)


def refuse_impossible(soc: Floats, kelvin: float | Floats) -> None:
    """Raise RecordError for a trace that no battery can have had."""
    if not (np.all(soc >= -SOC_ROUNDING) and np.all(soc <= 1 + SOC_ROUNDING)):
        raise RecordError(f"wear: SOC from {np.min(soc):g} to {np.max(soc):g}, must lie within 0..1")
    low, high = float(np.min(kelvin)), float(np.max(kelvin))
    if not (low >= KELVIN_LIMITS[0] and high <= KELVIN_LIMITS[1]):
        raise RecordError(f"wear: temperature from {low:g} to {high:g} K, must lie within "
                          f"{KELVIN_LIMITS[0]:g}..{KELVIN_LIMITS[1]:g} K (kelvin, not Celsius)")


def _span(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g} to {pair[1]:g}" if pair[0] != pair[1] else f"{pair[0]:g}"


def _is_outside(values: Floats, pair: tuple[float, float]) -> Floats:
    rounding = 1e-6 + 1e-6 * abs(pair[1])
    return np.asarray((values < pair[0] - rounding) | (values > pair[1] + rounding), dtype=np.float64)


def _share_outside(parts: tuple[Cycles, ...], name: str, pair: tuple[float, float]) -> float:
    depth, number = (np.concatenate([getattr(p, key) for p in parts]) for key in ("depth", "number"))
    weight = np.where(depth > SMALL_DEPTH, depth * number, 0.0)
    if not weight.sum() > 0:
        return 0.0
    values = np.concatenate([getattr(p, name) for p in parts])
    return float((weight * _is_outside(values, pair)).sum() / weight.sum())
