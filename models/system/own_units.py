"""Units that a user brings, one record each whatever file they come from, and the table of them (docs/units.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from models.records.arrays import Floats, Ints, RecordError
from models.records.thermal_units import NEVER_H, OPTIONAL_LIMITS, ThermalUnits
from models.tables.mistakes import Mistakes, TableError

MOST_UNITS = 10_000
"""Large countries have a tenth of it (A)."""
MW, HOURS, USD, PER_MWH = (0.0, 1e7), (0.0, 8760.0), (-1e9, 1e9), (-1e5, 1e5)
RANGES = {
    "p_min_mw": MW, "p_max_mw": MW, "p_before_mw": MW, "points.mw": MW, "ramp_up_mw_per_h": MW,
    "ramp_down_mw_per_h": MW, "p_startup_max_mw": MW, "p_shutdown_max_mw": MW, "min_up_h": HOURS, "min_down_h": HOURS,
    "starts.lag": HOURS, "initial_h": (-1e5, 1e5), "must_run": (0.0, 1.0), "starts.cost": (0.0, 1e9),
    "points.cost": USD, "quadratic.a": USD, "quadratic.b": PER_MWH, "quadratic.c": PER_MWH,
    "emissions.alpha": USD, "emissions.beta": PER_MWH, "emissions.gamma": PER_MWH,
}
"""(least, most) of each field of OwnUnit, and of each part where it has several: beyond is no power station (A)."""
WHOLE = frozenset({"min_up_h", "min_down_h", "initial_h", "starts.lag", "must_run"})
SAME_REL = 1e-9
"""Two numbers of a table are one within it: 0.44999999999999996 is 0.45, as programs write sums."""
CONVEX_REL = 1e-6
"""A slope may fall by this share before it is called a fall: tables are rounded."""


class UnitFileError(RecordError):
    """A file of units that cannot serve; the message names the file and every mistake in it."""


def refuse_file(file: Path, texts: Sequence[str]) -> None:
    """Raise UnitFileError if there is any mistake."""
    mistakes = Mistakes(file)
    for text in texts:
        mistakes.add(text)
    try:
        mistakes.refuse()
    except TableError as error:
        raise UnitFileError(str(error)) from None


@dataclass(frozen=True)
class OwnUnit:
    """One thermal unit as its file says; powers in MW, money in $, times in hours."""

    name: str
    p_min_mw: float
    p_max_mw: float
    min_up_h: int
    min_down_h: int
    initial_h: int
    """On (+) or off (-) since so long; never 0."""
    starts: tuple[tuple[int, float], ...]
    """(hours off, $) from which each start-up category holds; the first at the minimum down time or before."""
    points: tuple[tuple[float, float], ...] = ()
    """(MW, $/h) of a piecewise-linear cost curve, from p_min_mw to p_max_mw; empty: the quadratic one."""
    quadratic: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """a + b P + c P^2 [$/h]."""
    emissions: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """alpha + beta P + gamma P^2 [t/h]."""
    ramp_up_mw_per_h: float = np.inf
    ramp_down_mw_per_h: float = np.inf
    p_startup_max_mw: float = np.inf
    p_shutdown_max_mw: float = np.inf
    must_run: bool = False
    p_before_mw: float = 0.0
    """Power as the first hour begins; 0 of a unit that is on: not known."""


# ------------------------------------------------------------------ mistakes
def mistakes_of(unit: OwnUnit) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it and what is allowed) of a unit whose fields are numbers of the right kind."""
    if unit.p_min_mw > unit.p_max_mw:
        yield "p_min_mw", f"{unit.p_min_mw:g} is above p_max_mw={unit.p_max_mw:g}"
    if not unit.p_max_mw > 0:
        yield "p_max_mw", f"{unit.p_max_mw:g} must be above 0"
    for name in ("p_startup_max_mw", "p_shutdown_max_mw"):
        if getattr(unit, name) < unit.p_min_mw:
            yield name, f"{getattr(unit, name):g} must be at least p_min_mw={unit.p_min_mw:g}"
    for field in fields(OwnUnit):
        if field.name.startswith("ramp_") and not getattr(unit, field.name) > 0:
            yield field.name, f"{getattr(unit, field.name):g} must be above 0"
    yield from _mistakes_of_status(unit)
    yield from _mistakes_of_starts(unit)
    yield from _mistakes_of_points(unit)


def _mistakes_of_status(unit: OwnUnit) -> Iterator[tuple[str, str]]:
    if unit.initial_h == 0:
        yield "initial_h", "0 says neither on nor off: must be hours on (+) or off (-)"
    if unit.p_before_mw and unit.initial_h < 0:
        yield "p_before_mw", f"{unit.p_before_mw:g} must be 0 of a unit that is off"
    elif unit.p_before_mw and not unit.p_min_mw <= unit.p_before_mw <= unit.p_max_mw:
        yield "p_before_mw", f"{unit.p_before_mw:g} must lie from {unit.p_min_mw:g} to {unit.p_max_mw:g}"
    if unit.must_run and -unit.min_down_h < unit.initial_h < 0:
        yield "must_run", f"it is off and may not start for {unit.min_down_h + unit.initial_h} h"


def _mistakes_of_starts(unit: OwnUnit) -> Iterator[tuple[str, str]]:
    if unit.starts[0][0] > unit.min_down_h:
        yield "starts[0].lag", f"{unit.starts[0][0]} must be at most min_down_h={unit.min_down_h}"
    for k, ((lag, usd), (next_lag, next_usd)) in enumerate(pairwise(unit.starts), 1):
        if next_lag <= lag:
            yield f"starts[{k}].lag", f"{next_lag} must be above the {lag} before it"
        if next_usd < usd:
            yield f"starts[{k}].cost", f"{next_usd:g} must be at least the {usd:g} of a shorter rest"


def _mistakes_of_points(unit: OwnUnit) -> Iterator[tuple[str, str]]:
    if not unit.points:
        if unit.quadratic[2] < 0:
            yield "quadratic", f"c={unit.quadratic[2]:g} must be at least 0: the cost must be convex"
        return
    for k, at_mw, name in ((0, unit.p_min_mw, "p_min_mw"), (len(unit.points) - 1, unit.p_max_mw, "p_max_mw")):
        if abs(unit.points[k][0] - at_mw) > SAME_REL * max(abs(at_mw), 1.0):
            yield f"points[{k}].mw", f"{unit.points[k][0]:g} must be {name}={at_mw:g}"
    rises = True
    for k, ((mw, _), (next_mw, _)) in enumerate(pairwise(unit.points), 1):
        if next_mw <= mw:
            rises = False
            yield f"points[{k}].mw", f"{next_mw:g} must be above the {mw:g} before it"
    if rises:
        slopes = _slopes(unit)
        for k, (low, high) in enumerate(pairwise(slopes), 1):
            if high < low - CONVEX_REL * max(abs(low), 1.0):
                yield f"points[{k}].cost", (f"the cost is not convex: {low:g} $/MWh below {unit.points[k][0]:g} MW, "
                                            f"{high:g} above it")


def _slopes(unit: OwnUnit) -> list[float]:
    return [(next_usd - usd) / (next_mw - mw) for (mw, usd), (next_mw, next_usd) in pairwise(unit.points)]


# ------------------------------------------------------------------ the table
def table_of(rows: Sequence[OwnUnit]) -> ThermalUnits:
    """Units without mistakes as one table."""
    curves = [_curve(unit) for unit in rows]
    most = max(len(kinks) for _, kinks in curves)
    kinks = np.array([[*kinks, *[(unit.p_max_mw, 0.0)] * (most - len(kinks))]
                      for unit, (_, kinks) in zip(rows, curves, strict=True)]).reshape(len(rows), most, 2)
    a, b, c = (np.array(values) for values in zip(*(curve for curve, _ in curves), strict=True))
    alpha, beta, gamma = (np.array(values) for values in zip(*(unit.emissions for unit in rows), strict=True))
    lags, usd = _starts(rows)

    def floats(name: str) -> Floats:
        return np.array([getattr(unit, name) for unit in rows], dtype=np.float64)

    whole: dict[str, Any] = {name: np.array([getattr(unit, name) for unit in rows], dtype=np.int64)
                             for name in ("min_up_h", "min_down_h", "initial_h")}
    limits: dict[str, Any] = {name: floats(name) for name in OPTIONAL_LIMITS}
    return ThermalUnits(
        names=tuple(unit.name for unit in rows), p_max_mw=floats("p_max_mw"), p_min_mw=floats("p_min_mw"),
        cost_a_usd_per_h=a, cost_b_usd_per_mwh=b, cost_c_usd_per_mw2h=c, start_lag_h=lags, start_usd=usd,
        emission_alpha_t_per_h=alpha, emission_beta_t_per_mwh=beta, emission_gamma_t_per_mw2h=gamma,
        kink_mw=kinks[:, :, 0], kink_usd_per_mwh=kinks[:, :, 1],
        must_run=np.array([unit.must_run for unit in rows]), initial_p_mw=floats("p_before_mw"), **whole, **limits)


def _curve(unit: OwnUnit) -> tuple[tuple[float, float, float], list[tuple[float, float]]]:
    """((a, b, c), [(power, rise of the slope)]) of its cost."""
    if not unit.points:
        return unit.quadratic, []
    slopes = _slopes(unit) or [0.0]
    mw, usd = unit.points[0]
    rises = [max(high - low, 0.0) for low, high in pairwise(slopes)]
    kinks = [(at, rise) for (at, _), rise in zip(unit.points[1:-1], rises, strict=True)]
    return (usd - slopes[0] * mw, slopes[0], 0.0), kinks


def _starts(rows: Sequence[OwnUnit]) -> tuple[Ints, Floats]:
    """(lags, costs) [U, S]; categories that a unit does not have are never reached."""
    most = max(len(unit.starts) for unit in rows)
    filled = [[*unit.starts, *[(NEVER_H, unit.starts[-1][1])] * (most - len(unit.starts))] for unit in rows]
    table = np.array(filled, dtype=np.float64)
    return table[:, :, 0].astype(np.int64), table[:, :, 1]


def several(units: ThermalUnits, copies: int, scale: float) -> ThermalUnits:
    """Each unit `copies` times and `scale` times its size: cost and tons per MWh stay at equal loading."""
    grows = ("p_max_mw", "p_min_mw", "cost_a_usd_per_h", "start_usd", "emission_alpha_t_per_h", "kink_mw",
             "initial_p_mw", *OPTIONAL_LIMITS)
    falls = ("cost_c_usd_per_mw2h", "emission_gamma_t_per_mw2h")
    power = dict.fromkeys(grows, 1) | dict.fromkeys(falls, -1)
    data = {field.name: np.concatenate([getattr(units, field.name) * scale ** power.get(field.name, 0)
                                        if field.name in power else getattr(units, field.name)] * copies)
            for field in fields(units) if field.name != "names"}
    names = units.names if copies == 1 else tuple(f"{name}.{k + 1}" for k in range(copies) for name in units.names)
    return ThermalUnits(names=names, **data)
