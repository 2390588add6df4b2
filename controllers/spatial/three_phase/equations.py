"""The network's equations (T1)-(T7) of the lower layer on three phases: one function, one equation.

On cvxpy's unknowns or on grids. Letters: D connections at which cars can act, T periods; dp, dq [D, T] in
MW and Mvar are how far what is drawn lies from the operating point p0, q0, where y, v and losses are those of AC.
(T1) p0 + dp = load + cars, q0 + dq = load + cars   what one more MW costs is the dual value
(T2) low <= v + (dv/dp) dp + (dv/dq) dq <= high     voltages
     | y + (dy/dp) dp + (dy/dq) dq | <= high        y complex: currents, transformers' powers, unbalance
(T3) |dp|, |dq| <= radius                           the trust region
(T4) w = F dp                                       directions in which losses curve, F and own of `linear`
(T5) losses = L + (dL/dp) dp + (dL/dq) dq + 1/2 (w'w + dp' diag(own) dp)
(T6) low_v >= threshold^2 - v^2 - 2 v dv            voltages below the penalty's threshold, low_v >= 0
(T7) least <= cars <= most                          what a customer's cars may draw where limits are published
The cars' equations (10)-(15) are those of the branch flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.rows.entries import Entries
from controllers.rows.grid import cones, entries, of_flat, rows_of, times, total
from controllers.spatial.three_phase.linear import Linear
from models.records.arrays import Bools, Floats, Ints
from models.records.three_phase import VOLTAGE

KW_PER_MW = 1e3


@dataclass(frozen=True)
class Chosen:
    """Watched values, or connections, in a period: [n] each."""

    row: Ints
    period: Ints

    def only(self, which: Bools) -> Chosen:
        """Some of them."""
        return Chosen(self.row[which], self.period[which])


@dataclass(frozen=True)
class Change:
    """Unknowns dp, dq [D, T] in MW and Mvar; dq None where reactive power is not used."""

    p: Any
    q: Any = None

    @property
    def all(self) -> tuple[Any, ...]:
        return (self.p,) if self.q is None else (self.p, self.q)


def eq_t1_balance(linear: Linear, fixed: tuple[Floats, Floats], cars: tuple[Any, ...], d: Change) -> list[Any]:
    """(T1) operating point + change = load + cars, active and where it is used reactive; fixed, cars [B - 1, T]."""
    at, rows = (linear.p_kw, linear.q_kvar), linear.driven - 1
    return [moved - own[rows] == load[rows] - base.T[linear.driven] / KW_PER_MW
            for moved, own, load, base in zip(d.all, cars, fixed, at, strict=False)]


def eq_t2_watched(linear: Linear, kind: Ints, low: Floats, high: Floats, chosen: Chosen, d: Change) -> list[Any]:
    """(T2) bounds [T, M] of the chosen watched values; voltages are linear in the change, the others are magnitudes."""
    is_voltage = kind[chosen.row] == VOLTAGE
    return [*_voltages(linear, low, high, chosen.only(is_voltage), d),
            *_magnitudes(linear, high, chosen.only(~is_voltage), d)]


def _voltages(linear: Linear, low: Floats, high: Floats, chosen: Chosen, d: Change) -> list[Any]:
    s, stated = linear.sensitivities, []
    for bound, sign in ((low, 1.0), (high, -1.0)):
        some = chosen.only(np.isfinite(bound[chosen.period, chosen.row]))
        if not some.row.size:
            continue
        room = sign * (linear.flow.value - bound)[some.period, some.row]
        moved = moved_by((s.phasor_by_p.real, s.phasor_by_q.real), s.point_of, some, d)
        stated.append(times(sign, moved) + room[:, None] >= 0.0)
    return stated


def _magnitudes(linear: Linear, high: Floats, chosen: Chosen, d: Change) -> list[Any]:
    """|y + dy| <= high, y complex: a cone, since a magnitude near 0 is not linear in anything."""
    s = linear.sensitivities
    some = chosen.only(np.isfinite(high[chosen.period, chosen.row]))
    if not some.row.size:
        return []
    at = linear.flow.phasor[some.period, some.row]
    parts = [moved_by((of_p, of_q), s.point_of, some, d) + own[:, None] for of_p, of_q, own in (
        (s.phasor_by_p.real, s.phasor_by_q.real, at.real), (s.phasor_by_p.imag, s.phasor_by_q.imag, at.imag))]
    return [cones(high[some.period, some.row][:, None], *parts)]


def moved_by(derivatives: tuple[Floats, Floats], point_of: Ints, chosen: Chosen, d: Change) -> Any:
    """[n, 1] sum over connections of derivative [S, rows, B] x change of the chosen rows and periods."""
    parts = [of_flat(_flat_rows(table[point_of[chosen.period], chosen.row], chosen.period, moved.shape), moved)
             for table, moved in zip(derivatives, d.all, strict=False)]
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def _flat_rows(values: Floats, period: Ints, shape: tuple[int, int]) -> Entries:
    """[n, D T] of values [n, D] per kW in each row's period."""
    n, lines = values.shape
    column = np.arange(lines)[None, :] + lines * period[:, None]
    return Entries(np.repeat(np.arange(n), lines), column.ravel(), KW_PER_MW * values.ravel(), (n, shape[0] * shape[1]))


def eq_t3_trust(radius_mw: float, d: Change) -> list[Any]:
    """(T3) no connection moves further than the radius from the operating point; inf: no row."""
    if not np.isfinite(radius_mw):
        return []
    return [constraint for moved in d.all for constraint in (moved <= radius_mw, -moved <= radius_mw)]


def eq_t4_curved(linear: Linear, w: tuple[Any, ...], d: Change) -> list[Any]:
    """(T4) w = F dp; with sqrt(1000), so that 1/2 w'w is MW."""
    root = np.sqrt(KW_PER_MW) * linear.sensitivities.root
    k, lines = root.shape
    matrix = Entries(np.repeat(np.arange(k), lines), np.tile(np.arange(lines), k), root.ravel(), (k, lines))
    return [rows_of(matrix, moved) - own == 0.0 for own, moved in zip(w, d.all, strict=True)]


def eq_t5_losses_usd(linear: Linear, usd_per_mw: Floats, d: Change) -> Any:
    """(T5) the part of the losses' cost that is affine in the change; usd_per_mw [1, T]."""
    by = [table.T for table in (linear.loss_by_p, linear.loss_by_q)]
    usd = total(times(by[0] * usd_per_mw, d.p))
    return usd if d.q is None else usd + total(times(by[1] * usd_per_mw, d.q))


def eq_t6_low_voltage(linear: Linear, threshold_pu: float, chosen: Chosen, low: Any, d: Change) -> Any:
    """(T6) low [n, 1] is not less than what the chosen connections' squared voltages lack of the threshold's."""
    s = linear.sensitivities
    v = linear.flow.vm_pu[chosen.period, linear.driven[chosen.row]]
    dv = moved_by((s.vm_by_p, s.vm_by_q), s.point_of, chosen, d)
    return low + times((2.0 * v)[:, None], dv) + (v**2 - threshold_pu**2)[:, None] >= 0.0


def eq_t7_customers(least: Floats, most: Floats, cars: Any) -> list[Any]:
    """(T7) cars at each connection [B - 1, T] within what limits of customers leave them; infinite: no row."""
    stated = []
    for limit, sign in ((most, 1.0), (least, -1.0)):
        at = np.flatnonzero(np.isfinite(limit.ravel(order="F")))
        if at.size:
            stated.append(times(sign, entries(cars, at)) <= sign * limit.ravel(order="F")[at])
    return stated
