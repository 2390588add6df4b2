"""What ties the upper layer's cohorts to the feeders: one function, one equation, labelled (docs/model.md 4.14).

(J1) y = sum of Pc - Pd of the cohorts at a place        (J2) balance: losses above those in the load are demand
(J3) l >= tangent of (P^2 + Q^2) / v_i                   (J4) P cos + Q sin <= rating of the substation + overload
(J5) import and export limits of a district              (J6) losses >= a feeder's answer and its slope
(J7) overload >= a feeder's answer and its slope         (J8) units at full power carry all without feeders' relief
(J9) losses <= the most that a feeder can lose, where energy may be worth less than nothing
Powers in MW. An overload [H] per district relaxes all limits of that feeder's hour at a prohibitive price, so that
a feeder that cannot carry its own load still has an answer; it is 0 wherever limits can be kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
from scipy import sparse

from controllers.joint.network import Network, NoPowerFlow, ac_flow
from controllers.spatial.branch_flow import equations as bf
from controllers.temporal.unit_commitment import equations as uc
from controllers.temporal.unit_commitment.equations import Variables
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.variables import charging_mw, discharging_mw
from models.records.arrays import Floats, Ints

VOLTAGE_PER_MW = 0.1
"""pu^2 of voltage that one MW of overload excuses: about what 1 MW at a feeder's end costs in voltage (C)."""
RELIEF = "without_relief"
Constraints = list[cp.Constraint]


@dataclass(frozen=True)
class Prices:
    """$/MWh of what the re-dispatch cannot do and of targets missed (docs/model.md 4.14)."""

    shed: float = 3000.0
    dump: float = 100.0
    target_slack: float = 500.0
    overload: float = 100_000.0
    """Above every other price even where one MW of it frees the room of sixteen buses at once (A)."""


@dataclass(frozen=True)
class Exchange:
    """Unknowns between the layers; per district with a feeder, in the order of the networks."""

    shed: cp.Expression
    """[H]"""
    dump: cp.Expression
    losses: tuple[cp.Expression, ...]
    """each [H] MW"""
    overload: tuple[cp.Expression, ...]
    """each [H] MW"""

    def cost_usd(self, prices: Prices) -> cp.Expression:
        """Shed load, dumped energy and overloads at their prices."""
        total = prices.shed * cp.sum(self.shed) + prices.dump * cp.sum(self.dump)
        return total + prices.overload * sum((cp.sum(o) for o in self.overload), cp.Constant(0.0))


# ------------------------------------------------------------------ cars at places
def place_matrix(case: Case, district: int, net: Network, at: Ints, limit_mw: Floats) -> sparse.csr_matrix:
    """[C * H, len(at)] sums the fractions of the entries `at` times their limits by place and hour."""
    rows = case.rows
    cohort = rows.cohort[at]
    place = np.where(rows.district[cohort] == district, net.place_of_group(rows.group[cohort]), -1)
    used = np.flatnonzero(place >= 0)
    where = place[used] * case.horizon_h + rows.hour[at][used]
    shape = (net.place_count * case.horizon_h, at.size)
    return sparse.csr_matrix((limit_mw[at][used], (where, used)), shape=shape)


def j1_place_power(case: Case, v: Variables, district: int, net: Network) -> tuple[cp.Variable, cp.Constraint]:
    """(J1) y [C, H] = sum of Pc - Pd of the district's cohorts at each place.

    A variable of its own: with the sum written out, every bus would hold every cohort (four times the work).
    """
    flat: cp.Expression = cp.Constant(np.zeros(net.place_count * case.horizon_h))
    if v.charge_at.size:
        flat += place_matrix(case, district, net, v.charge_at, case.rows.pc_max_mw) @ v.charge
    if v.discharge_at.size:
        flat -= place_matrix(case, district, net, v.discharge_at, case.rows.pd_max_mw) @ v.discharge
    y = cp.Variable((net.place_count, case.horizon_h))
    return y, (cp.vec(y, order="C") == flat).set_label(f"place_power[{net.name}]")


def place_power_mw(case: Case, district: int, net: Network, pc_mw: Floats, pd_mw: Floats) -> Floats:
    """(J1) of given powers [E]."""
    every = np.arange(case.rows.entries)
    ones = np.ones(case.rows.entries)
    flat = place_matrix(case, district, net, every, ones) @ (pc_mw - pd_mw)
    return np.asarray(flat).reshape(net.place_count, case.horizon_h)


def j2_balance(v: Variables, networks: dict[int, Network], exchange: Exchange) -> Variables:
    """(J2) the upper layer's balance with shed, dump and the feeders' losses above those in the system load."""
    change: cp.Expression = cp.Constant(np.zeros(exchange.shed.shape))
    for net, losses in zip(networks.values(), exchange.losses, strict=True):
        change += losses - net.losses_base_mw
    return replace(v, missing=exchange.shed, surplus=exchange.dump + change)


def j8_without_relief(case: Case, v: Variables, exchange: Exchange) -> cp.Constraint:
    """(J8) units at full power carry load and cars even where feeders lose no less than without cars.

    Cars that give back relieve their feeder by a few kW. A plan's own balance holds no losses, and what its units
    cannot do without that relief would be no plan.
    """
    view = case.view
    most = uc.unit_sum(case) @ cp.multiply(uc.per_unit(case, case.knowledge.units.p_max_mw), v.u)
    supply = most + view.wind_mw + view.pv_mw + discharging_mw(case, v) + exchange.shed
    return supply >= view.load_mw + case.uncontrolled_mw + charging_mw(case, v)


def j9_losses_at_most(case: Case, district: int, net: Network, losses: cp.Expression) -> Constraints:
    """(J9) losses <= those of buses that all draw, or all give back, what their cars can.

    Only in hours whose energy may be worth less than nothing: answers and cones hold losses from below, and a feeder
    would be where a surplus goes for free.
    """
    worthless = case.lowest_price() < 0
    if not worthless.any():
        return []
    most = most_losses_mw(case, district, net)
    hours = np.flatnonzero(worthless & np.isfinite(most))
    return [losses[hours] <= most[hours]] if hours.size else []


def most_losses_mw(case: Case, district: int, net: Network) -> Floats:
    """[H] no less than any powers of the cars can cause: losses grow with every bus's power where all flow one way.

    Infinite where the feeder cannot carry so much.
    """
    most, least = (net.p_fixed + net.share @ place_power_mw(case, district, net, pc_mw, pd_mw) for pc_mw, pd_mw in (
        (case.rows.pc_max_mw, np.zeros(case.rows.entries)), (np.zeros(case.rows.entries), case.rows.pd_max_mw)))
    try:
        return ac_flow(net, np.maximum(most, -least), net.q_fixed).losses_mw(net.feeder)
    except NoPowerFlow:
        return np.full(case.horizon_h, np.inf)


# ------------------------------------------------------------------ cones by tangents
@dataclass(frozen=True)
class Tangents:
    """Points [K] at which the cones of one feeder are touched."""

    line: Ints
    hour: Ints
    p: Floats
    q: Floats
    v: Floats
    """|V|^2 of the parent."""

    @staticmethod
    def none() -> Tangents:
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Tangents(whole, whole, real, real, real)

    def and_also(self, other: Tangents) -> Tangents:
        """Both."""
        return Tangents(*(np.concatenate([getattr(self, n), getattr(other, n)])
                          for n in ("line", "hour", "p", "q", "v")))


def j3_cone_tangents(inc: bf.Incidence, flow: bf.Flow, cuts: Tangents) -> Constraints:
    """(J3) l >= (2 P0 P + 2 Q0 Q) / v0 - (P0^2 + Q0^2) / v0^2 v_i: P^2 + Q^2 <= l v_i touched from outside.

    (P^2 + Q^2) / v is convex and homogeneous, so its tangent has no constant and lies below it everywhere.
    """
    if not cuts.line.size:
        return []
    lines, hours = flow.P.shape
    at = cuts.hour * lines + cuts.line
    every = np.arange(at.size)

    def rows(values: Floats) -> sparse.csr_matrix:
        return sparse.csr_matrix((values, (every, at)), shape=(at.size, lines * hours))

    def flat(expression: cp.Expression) -> cp.Expression:
        return cp.vec(expression, order="F")

    rise = rows(2 * cuts.p / cuts.v) @ flat(flow.P) + rows(2 * cuts.q / cuts.v) @ flat(flow.Q)
    fall = rows((cuts.p**2 + cuts.q**2) / cuts.v**2) @ flat(bf.parent_voltage(inc, flow))
    return [rows(np.ones(at.size)) @ flat(flow.l) >= rise - fall]


def j4_substation_tangents(inc: bf.Incidence, flow: bf.Flow, rating_mva: float, overload: cp.Expression,
                           direction: Floats) -> Constraints:
    """(J4) P cos a + Q sin a <= rating + overload for each angle a [N]: |S| <= rating touched from outside."""
    p, q = (cp.vec(power, order="F") for power in bf.slack_power(inc, flow))
    return [np.cos(a) * p + np.sin(a) * q <= rating_mva + overload for a in direction]


# ------------------------------------------------------------------ the feeder whole
def feeder(net: Network, flow: bf.Flow, y: cp.Expression, overload: cp.Expression,
           cuts: tuple[Tangents, Floats] | None) -> dict[str, Constraints]:
    """Equations (1)-(8) of the lower layer with the cars at their places; cones as they are, or by tangents."""
    record, inc = net.feeder, bf.incidence(net.feeder)
    wide = cp.reshape(overload, (1, net.horizon_h), order="C")
    volts = VOLTAGE_PER_MW * (np.ones((record.bus_count - 1, 1)) @ wide)
    line_room = np.ones((record.bus_count - 1, 1)) @ wide
    constraints = {
        "active_balance": [bf.eq1_active_balance(inc, flow, net.p_fixed + net.share @ y)],
        "reactive_balance": [bf.eq2_reactive_balance(inc, flow, net.q_fixed)],
        "voltage_drop": [bf.eq3_voltage_drop(inc, flow)],
        "voltage_band": bf.eq5_voltage_band(record, flow, volts, volts),
        "line_rating": [bf.eq6_line_rating(record, flow, line_room)],
    }
    if net.rated.size:
        behind = net.p_fixed[net.rated] + net.share_slow[net.rated] @ y
        room = np.ones((net.rated.size, 1)) @ wide
        constraints["transformer"] = bf.eq7_transformer_active(behind, net.transformer_room_mw, room)
    rating = record.transformer_kva[0] / 1e3
    if cuts is None:
        constraints["current_cone"] = [bf.eq4_current_cone(inc, flow)]
        if np.isfinite(rating):
            constraints["substation"] = [bf.eq8_substation(inc, flow, rating, wide)]
        return constraints
    constraints["current_cone"] = [*j3_cone_tangents(inc, flow, cuts[0]), flow.l >= 0]
    if np.isfinite(rating):
        constraints["substation"] = j4_substation_tangents(inc, flow, rating, overload, cuts[1])
    return constraints


# ------------------------------------------------------------------ what the layers tell each other
def j5_district_limits(y: cp.Expression, import_mw: Floats, export_mw: Floats, overload: cp.Expression) -> Constraints:
    """(J5) -export - overload <= sum of a district's y <= import + overload, hour by hour [H]."""
    total = cp.sum(y, axis=0)
    return [total <= import_mw + overload, -total <= export_mw + overload]


@dataclass(frozen=True)
class Answers:
    """What a feeder has said of proposed powers y0: value and slope at each, K answers."""

    hour: Ints
    """[K]"""
    slope: Floats
    """[K, C] MW per MW at the places."""
    constant: Floats
    """[K] value - slope y0"""

    @staticmethod
    def none(places: int) -> Answers:
        return Answers(np.zeros(0, dtype=np.int64), np.zeros((0, places)), np.zeros(0))

    def and_also(self, other: Answers) -> Answers:
        """Both."""
        return Answers(np.concatenate([self.hour, other.hour]), np.concatenate([self.slope, other.slope]),
                       np.concatenate([self.constant, other.constant]))

    def at(self, y: Floats) -> Floats:
        """[K] what they say of y [C, H]."""
        return np.asarray(np.sum(self.slope * y[:, self.hour].T, axis=1) + self.constant)


def answered(value: cp.Expression, y: cp.Expression, answers: Answers) -> Constraints:
    """value(hour) >= slope y(hour) + constant for every answer."""
    if not answers.hour.size:
        return []
    places, hours = y.shape
    every = np.arange(answers.hour.size)
    # one sparse row an answer: each touches the places of its own hour alone
    columns = (np.arange(places)[None, :] * hours + answers.hour[:, None]).ravel()
    slopes = sparse.csr_matrix((answers.slope.ravel(), (np.repeat(every, places), columns)),
                               shape=(every.size, places * hours))
    pick = sparse.csr_matrix((np.ones(every.size), (every, answers.hour)), shape=(every.size, hours))
    return [pick @ value >= slopes @ cp.vec(y, order="C") + answers.constant]


def j6_losses_answered(losses: cp.Expression, y: cp.Expression, answers: Answers) -> Constraints:
    """(J6) losses(t) >= L(y0) + dL/dy (y - y0): losses are convex in y, so every answer holds everywhere."""
    return answered(losses, y, answers)


def j7_overload_answered(overload: cp.Expression, y: cp.Expression, answers: Answers) -> Constraints:
    """(J7) overload(t) >= excess(y0) + slope (y - y0) of each limit that y0 broke or nearly broke."""
    return answered(overload, y, answers)


def labelled(groups: dict[str, Constraints], name: str) -> Constraints:
    """All constraints with labels like `district_limits[north][0]`."""
    return [c.set_label(f"{group}[{name}][{i}]") for group, all_ in groups.items() for i, c in enumerate(all_)]


def upper(case: Case, v: Variables, exchange: Exchange, without: frozenset[str], fixed: bool) -> Constraints:
    """The upper layer's own equations and (J8); without the commitment's where the schedule is given."""
    from controllers.temporal.unit_commitment.stages import collect  # noqa: PLC0415 - stages imports cvxpy solvers

    own = collect(case, v, uc.DISPATCH | uc.COHORTS if fixed else uc.EQUATIONS, without)
    return own + labelled({RELIEF: [j8_without_relief(case, v, exchange)]} if RELIEF not in without else {}, "units")
