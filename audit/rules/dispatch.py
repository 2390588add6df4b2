"""What committed units make of the real load: least cost, and the prices that follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.finding import Bools, Check, Floats, holds, same, within
from audit.registry import rule
from audit.rules.balance import must_take_mw
from audit.run import SECONDS_PER_HOUR, Run
from audit.unit_tables import units_of
from audit.units import AT_LIMIT_MW, NEAR_PLAN_MW, Units, free_mw, is_near_plan, limits_known, limits_mw

PRICE_USD, CORNER_USD, CORNER_MW = 1e-6, 1e-5, 1e-5
SAME_USD = 1e-9
"""Prices that differ by less are one."""


@dataclass(frozen=True)
class Margins:
    """[T, U] what a unit's last MW costs and its next one; [T] what going down by one MW saves at most, what going up
    costs at least."""

    usd_down: Floats
    usd_up: Floats
    down: Floats
    up: Floats
    can_fall: Bools
    can_rise: Bools


def _weights(run: Run) -> tuple[float, float]:
    """w1, and w4 times the carbon price."""
    objective = run.part("objective")
    return (float(objective["weight_operating"]),
            float(objective["weight_carbon"]) * float(objective["carbon_price_usd_per_t"]))


def margins(run: Run, units: Units, limits: tuple[Floats, Floats] | None = None) -> Margins:
    """w1 times the slope of fuel, plus w4 price (beta + 2 gamma P), and which units could give more or less.

    limits: (least, most) [T, U]; None: what a step may use.
    """
    w1, carbon = _weights(run)
    p, on = run("p_mw"), run("committed") > 0
    low, high = free_mw(run, units) if limits is None else limits
    tons = carbon * (units.beta + 2 * units.gamma * p)
    usd_down, usd_up = (w1 * slope + tons for slope in units.fuel_slopes(p))
    can_fall, can_rise = on & (p > low + AT_LIMIT_MW), on & (p < high - AT_LIMIT_MW)
    return Margins(usd_down, usd_up, np.where(can_fall, usd_down, -np.inf).max(axis=1, initial=-np.inf),
                   np.where(can_rise, usd_up, np.inf).min(axis=1, initial=np.inf), can_fall, can_rise)


def _cut_price(run: Run) -> float:
    """Minus what curtailing costs: the lower of its penalty, weighted, and the price of dumping."""
    objective = run.part("objective")
    penalty = float(objective["weight_curtailment"]) * float(objective["curtailment_penalty_usd_per_mwh"])
    return -min(penalty, float(run.part("system")["dump_usd_per_mwh"]))


@rule("5.6", "p_mw", "shed_mw", "dump_mw")
def least_cost(run: Run) -> Iterator[Check]:
    """No unit gives what another could give cheaper; load is shed, power dumped or curtailed only where units end."""
    units, cut = units_of(run), _cut_price(run)
    margin, known = margins(run, units), limits_known(run, units)
    curtailed = run("wind_curtailed_mw") + run("pv_curtailed_mw")
    scale = float(np.abs(margin.usd_up).max(initial=1.0))
    renewable = np.maximum(run("wind_available_mw") + run("pv_available_mw") - must_take_mw(run), 0.0)

    def only(what: str, where: Bools, excess: Floats) -> Check:
        return Check(what, np.where(where & known, excess, -1.0), PRICE_USD + 1e-7 * scale, "USD/MWh")

    yield only("dearer unit in place of a cheaper one", np.isfinite(margin.down) & np.isfinite(margin.up),
               margin.down - margin.up)
    yield only("curtailed while a unit could fall", curtailed > AT_LIMIT_MW, margin.down - cut)
    yield only("not curtailed though it pays", renewable - curtailed > AT_LIMIT_MW, cut - margin.up)
    yield Check("shed while a unit could rise", np.where(margin.can_rise.any(axis=1) & known, run("shed_mw"), 0.0),
                1e-6, "MW")
    yield Check("dumped while a unit could fall", np.where(margin.can_fall.any(axis=1) & known, run("dump_mw"), 0.0),
                1e-6, "MW")
    yield Check("dumped while power is not all curtailed", np.minimum(run("dump_mw"), renewable - curtailed), 1e-6,
                "MW")


@rule("5.6", "ordered_mw")
def planned_powers(run: Run) -> Iterator[Check]:
    """Units with ramps begin from powers of the plan in force, which change at whole hours alone; others from none."""
    units = units_of(run)
    if "ordered_mw" not in run.arrays:
        return  # files of before
    ordered, starts = run("ordered_mw"), run.plan["time_s"]
    yield holds("begins from a plan:", np.isnan(ordered) != units.has_ramps, names=units.names)
    if not units.has_ramps:
        return
    kept = (np.diff(ordered, axis=0) == 0) | (run.time_s[1:] % SECONDS_PER_HOUR == 0)[:, None]
    yield holds("changes within an hour:", kept, names=units.names)
    for index in np.flatnonzero(starts >= 0):
        rows = run.time_s == starts[index]
        yield same(f"as plan {index} is made:", ordered[rows], run.plan["p_mw"][index].T[:1].repeat(rows.sum(), axis=0),
                   "MW", names=units.names, axis="plan")


@rule("5.6", "marginal_price_usd_per_mwh")
def marginal_price(run: Run) -> Iterator[Check]:
    """The price is that of one more MWh: of shed load, minus that of dumping or curtailing, or of the units free to
    move."""
    units, system = units_of(run), run.part("system")
    margin = margins(run, units)
    curtailed = run("wind_curtailed_mw") + run("pv_curtailed_mw") > 0
    special = np.where(run("shed_mw") > 0, float(system["shed_usd_per_mwh"]), np.where(
        run("dump_mw") > 0, -float(system["dump_usd_per_mwh"]), np.where(curtailed, _cut_price(run), np.nan)))
    is_on = (run("committed") > 0).any(axis=1)
    first, last = _prices(margin)
    near = is_near_plan(run, units)
    if near.any():  # of any that can move, whether above the plan or below it
        every = np.stack([first, last, *_prices(margins(run, units, limits_mw(run, units)))])
        known = np.isfinite(every)
        first = np.where(near, np.where(known, every, np.inf).min(axis=0), first)
        last = np.where(near, np.where(known, every, -np.inf).max(axis=0), last)
    low, high = (np.where(np.isnan(special), price, special) for price in (first, last))
    bounded = np.isfinite(low) & np.isfinite(high) & is_on & (limits_known(run, units) | ~np.isnan(special))
    told = run("marginal_price_usd_per_mwh")
    # units with ramps are asked a little beyond the load, where a bent cost curve is a little dearer
    absolute = PRICE_USD + (2 * NEAR_PLAN_MW * float(_bend(run, units).max()) if units.has_ramps else 0.0)
    yield within("price", np.where(bounded, told, 0.0), np.where(bounded, np.minimum(low, high), 0.0),
                 np.where(bounded, high, 0.0), "USD/MWh", rel=1e-7, absolute=absolute)


def _prices(margin: Margins) -> tuple[Floats, Floats]:
    """[T] what going down by one MWh saves and going up costs; where only one can be done that one for both."""
    return (np.where(np.isfinite(margin.down), margin.down, margin.up),
            np.where(np.isfinite(margin.up), margin.up, margin.down))


@rule("5.6", "marginal_carbon_t_per_mwh", "marginal_cost_usd_per_mwh")
def marginal_carbon_and_cost(run: Run) -> Iterator[Check]:
    """One more MWh is served by the free units in proportion to 1/curvature, or to what those at one price have of it;
    it costs their fuel and carbon at weights 1, and nothing where power is curtailed, dumped or load is shed."""
    units, p = units_of(run), run("p_mw")
    moves = (run("shed_mw") == 0) & (run("dump_mw") == 0) & (run("wind_curtailed_mw") + run("pv_curtailed_mw") == 0)
    straight, of_straight = _shares_of_straight(run, units)
    bent, of_bent = _shares_of_bent(run, units)
    plain = moves & (straight | bent) & limits_known(run, units)
    shares = np.where(straight[:, None], of_straight, of_bent)
    tons = ((units.beta + 2 * units.gamma * p) * shares).sum(axis=1)
    price = float(run.part("objective")["carbon_price_usd_per_t"])
    # at a bend of its cost a unit does not serve the next MWh, unless another at the same price does: the mean is exact
    fuel = (np.mean(units.fuel_slopes(p), axis=0) * shares).sum(axis=1)
    for name, unit, right in (("marginal_carbon_t_per_mwh", "t/MWh", tons),
                              ("marginal_cost_usd_per_mwh", "USD/MWh", fuel + price * tons)):
        told = run(name)
        yield same(name, np.where(plain | ~moves, told, 0.0), np.where(plain & moves, right, 0.0), unit, rel=1e-6)


def _bend(run: Run, units: Units) -> Floats:
    w1, carbon = _weights(run)
    return np.asarray(2 * (w1 * units.c + carbon * units.gamma))


def _shares_of_bent(run: Run, units: Units) -> tuple[Bools, Floats]:
    """([T] steps with one answer, [T, U] shares) of units in proportion to 1/curvature, none at a corner."""
    margin, bend, price = margins(run, units), _bend(run, units), run("marginal_price_usd_per_mwh")[:, None]
    free = margin.can_fall & margin.can_rise & (bend > 0) & (margin.usd_up - margin.usd_down < CORNER_USD)
    # at a corner two sets of units share the next MW; only steps with one set have one answer
    near = np.minimum(np.abs(margin.usd_up - price), np.abs(margin.usd_down - price)) < CORNER_USD
    plain = free.any(axis=1) & ~((run("committed") > 0) & ~free & near).any(axis=1)
    stiffness = np.where(free, 1.0 / np.where(bend > 0, bend, 1.0), 0.0)
    return plain, stiffness / np.maximum(stiffness.sum(axis=1), 1e-300)[:, None]


def _shares_of_straight(run: Run, units: Units) -> tuple[Bools, Floats]:
    """The same of straight pieces of curves at the price, in proportion to their widths, within them."""
    (w1, carbon), bend, price = _weights(run), _bend(run, units), run("marginal_price_usd_per_mwh")
    on, p = run("committed") > 0, run("p_mw")
    low, high = free_mw(run, units)
    width, filled, is_near = np.zeros(p.shape), np.zeros(p.shape), np.zeros(run.steps, dtype=np.bool_)
    for i in np.flatnonzero(bend == 0):
        for begin, end, slope in units.straight_pieces(int(i)):
            distance = np.abs(w1 * slope + carbon * units.beta[i] - price)
            first, last = np.maximum(begin, low[:, i]), np.minimum(end, high[:, i])
            holds_it = on[:, i] & (last > first)
            at_price = holds_it & (distance < SAME_USD)
            width[:, i] += np.where(at_price, last - first, 0.0)
            filled[:, i] += np.where(at_price, np.clip(p[:, i] - first, 0.0, last - first), 0.0)
            is_near |= holds_it & ~at_price & (distance < CORNER_USD)
    whole, used = width.sum(axis=1), filled.sum(axis=1)
    plain = (used > CORNER_MW) & (used < whole - CORNER_MW) & ~is_near
    return plain, width / np.maximum(whole, 1e-300)[:, None]
