"""Efficiency of chargers by load: named curves from measurements, and what they make of power and of a taper.

A curve is (load, power into the battery, power out of the battery), all as shares of the rated power at the bus.
Between its points the power lost is linear in the load, so every integral over a taper has a closed form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from models.records.arrays import Floats, Ints, RecordError

CurveName = Literal["constant", "ac_onboard", "dc_400v", "dc_800v"]
CurveNumbers = Mapping[Any, Sequence[float]]
"""A curve of one's own: `load`, `charging` and `discharging`, as ChargerCurve has them."""
PARTS = ("load", "charging", "discharging")
CONNECTION_POINTS = np.linspace(0.1, 1.0, 10)
"""Loads at which a loss in the cable, quadratic in the load, is met exactly."""


@dataclass(frozen=True)
class ChargerCurve:
    """Efficiency by load of one kind of charger; below the first point the efficiency is that of the first."""

    load: Floats
    """[P] power at the bus over rated power, increasing, up to 1."""
    charging: Floats
    """[P] power into the battery over power at the bus."""
    discharging: Floats
    """[P] power at the bus over power out of the battery."""

    def __post_init__(self) -> None:
        problems = []
        if not (self.load[0] > 0 and np.all(np.diff(self.load) > 0) and self.load[-1] == 1.0):
            problems.append(f"load={self.load} does not rise from above 0 to 1")
        for name in ("charging", "discharging"):
            values = getattr(self, name)
            if values.shape != self.load.shape or np.any(values <= 0) or np.any(values > 1):
                problems.append(f"{name}={values} is not one efficiency in (0, 1] for each load")
        if not problems and np.any(np.diff(self.load * self.charging) <= 0):
            problems.append("more load must always store more")
        if problems:
            raise RecordError("charger curve: " + "; ".join(problems))

    @cached_property
    def points(self) -> Floats:
        """[P + 1] loads, 0 included."""
        return np.concatenate([[0.0], self.load])

    @cached_property
    def stored(self) -> Floats:
        """[P + 1] into the battery at these loads."""
        return np.concatenate([[0.0], self.load * self.charging])

    @cached_property
    def drawn(self) -> Floats:
        """[P + 1] out of the battery at these loads."""
        return np.concatenate([[0.0], self.load / self.discharging])

    def into_battery(self, load: Floats) -> Floats:
        """Power into the battery [N] at loads 0..1 [N], as shares of the rated power."""
        return np.asarray(np.interp(load, self.points, self.stored))

    def out_of_battery(self, load: Floats) -> Floats:
        """Power out of the battery [N] for loads 0..1 [N]."""
        return np.asarray(np.interp(load, self.points, self.drawn))

    def load_for(self, battery: Floats) -> Floats:
        """Loads [N], below 0 discharging, for powers into (below 0: out of) the battery [N]; within -1..1.

        `into_battery` and `out_of_battery` backwards, as shares of the rated power.
        """
        charging = np.interp(battery, self.stored, self.points)
        return np.asarray(charging - np.interp(-battery, self.drawn, self.points))

    # ------------------------------------------------------------ falling load: dx/dt = -g(x), g = into_battery
    @cached_property
    def _lines(self) -> tuple[Floats, Floats]:
        """(a, b) [P] of g(x) = a + b x in each piece."""
        b = np.diff(self.stored) / np.diff(self.points)
        return self.stored[1:] - b * self.points[1:], b

    def _piece(self, load: Floats) -> Ints:
        return np.clip(np.searchsorted(self.points, load, side="left") - 1, 0, self.load.size - 1)

    def _in_piece(self, piece: Ints, load: Floats) -> tuple[Floats, Floats]:
        """(time, load x time) [N] from the top of a piece down to a load in it."""
        a, b = self._lines[0][piece], self._lines[1][piece]
        top = self.points[1:][piece]
        # dx / (a + b x) integrates to a logarithm; b > 0, since curves on which more load stores no more are refused
        ratio = np.log((a + b * top) / (a + b * np.maximum(load, TINY_LOAD)))
        return ratio / b, (top - load) / b - a / b**2 * ratio

    @cached_property
    def _from_top(self) -> tuple[Floats, Floats]:
        """(time, load x time) [P] from load 1 down to the top of each piece."""
        count = self.load.size
        whole = self._in_piece(np.arange(1, count), self.load[:-1]) if count > 1 else (np.zeros(0), np.zeros(0))
        # the load falls from 1, so each piece begins after all higher ones: sums run from the last piece backwards
        time, work = (np.concatenate([np.cumsum(part[::-1])[::-1], [0.0]]) for part in whole)
        return time, work

    def time_down_to(self, load: Floats) -> tuple[Floats, Floats]:
        """(time, integral of the load over it) [N] as the load falls from 1 by dx/dt = -into_battery(x)."""
        piece = self._piece(load)
        time, work = self._in_piece(piece, load)
        return self._from_top[0][piece] + time, self._from_top[1][piece] + work

    def load_after(self, time: Floats) -> Floats:
        """The load [N] that is left after such a time [N] from load 1 on."""
        tops = self._from_top[0]
        # times to the tops fall from piece to piece, and searchsorted wants them rising: searched from the back
        piece = self.load.size - np.searchsorted(tops[::-1], time, side="right")
        piece = np.clip(piece, 0, self.load.size - 1)
        a, b = self._lines[0][piece], self._lines[1][piece]
        top = self.points[1:][piece]
        return np.asarray(-a / b + (top + a / b) * np.exp(-b * (time - tops[piece])))


TINY_LOAD = 1e-12
"""Stands for 0, which a falling load only comes near."""


def _curve(*points: tuple[float, float, float]) -> ChargerCurve:
    load, charging, discharging = (np.array(column) for column in zip(*points, strict=True))
    return ChargerCurve(load, charging, discharging)


CURVES: Mapping[str, ChargerCurve] = {
    "ac_onboard": _curve((0.1, 0.695, 0.695), (0.375, 0.889, 0.889), (1.0, 0.933, 0.933)),
    "dc_400v": _curve((0.08, 0.80, 0.60), (1.0, 0.97, 0.93)),
    "dc_800v": _curve((0.08, 0.808, 0.604), (1.0, 0.978, 0.940)),
}
"""Load, efficiency of charging, efficiency of discharging.

`ac_onboard`: Schram et al., "Empirical evaluation of V2G round-trip efficiency", SEST 2020: 87.0 % there and back at
3 x 16 A, 79.1 % at worst (S); the worst taken for 3 x 6 A, the least current of IEC 61851, both ways alike, and the
point at 0.1 on the straight line of losses through these two (A).
`dc_400v`: Sevdari et al., Sustainable Energy Technologies and Assessments 83, 2025, 104654: 97 and 93 % at rated
current, 80 and 60 % at 2 A (K); 2 A of 400 V taken as 0.08 of the rated power (A).
`dc_800v`: as `dc_400v` with half of the losses that grow with the load, since half the current flows (A).
"""


def known_curve(curve: str | CurveNumbers) -> ChargerCurve | None:
    """A named curve or one of one's own; None for `constant`. RecordError for numbers that are no curve."""
    if isinstance(curve, str):
        return None if curve == "constant" else CURVES[curve]
    if missing := [name for name in PARTS if name not in curve]:
        raise RecordError(f"charger curve: needs {', '.join(PARTS)}, lacks {', '.join(missing)}")
    return ChargerCurve(*(np.array(curve[name], dtype=np.float64) for name in PARTS))


def charger_curve(name: str | CurveNumbers, eta_charge: float, eta_discharge: float,
                  connection_loss: float = 0.0) -> ChargerCurve | None:
    """The curve of that name or of those numbers; `constant` is the pair. None: the pair is all there is to know.

    connection_loss is the share of the rated power that is lost at rated power in the cable between bus and charger;
    it grows with the square of the load.
    """
    known = known_curve(name)
    if known is None and connection_loss == 0:
        return None
    curve = known or _curve((1.0, eta_charge, eta_discharge))
    return curve if connection_loss == 0 else _with_cable(curve, connection_loss)


def _with_cable(curve: ChargerCurve, loss: float) -> ChargerCurve:
    load = np.union1d(curve.load, CONNECTION_POINTS)
    at_charger_in = load - loss * load**2
    at_charger_out = load + loss * load**2
    # Above rated power at the charger's own terminals the last efficiency holds.
    out = curve.out_of_battery(np.minimum(at_charger_out, 1.0)) * np.maximum(at_charger_out, 1.0)
    return ChargerCurve(load, curve.into_battery(at_charger_in) / load, load / out)
