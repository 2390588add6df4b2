"""What committed units make of the real load: least cost, and the prices that follow from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.finding import Bools, Check, Floats, same, within
from audit.registry import rule
from audit.run import Run
from audit.units import Units, units_of

AT_LIMIT_MW = 1e-7
PRICE_USD = 1e-6


@dataclass(frozen=True)
class Margins:
    """[T, U] price of a unit's next MW; [T] what going down by one saves at most, what going up costs at least."""

    usd_per_mwh: Floats
    down: Floats
    up: Floats
    can_fall: Bools
    can_rise: Bools


def _limits(run: Run, units: Units) -> tuple[Floats, Floats]:
    """[T, U] least and most power of units on, ramps against the hour before included (docs/model.md 3.10)."""
    on, p, hour = run("committed") > 0, run("p_mw"), max(round(1 / run.step_h), 1)
    low, high = (np.broadcast_to(limit, p.shape).copy() for limit in (units.low_mw, units.high_mw))
    if np.isfinite(units.ramp_up).any() and run.steps > hour:
        was_on, before = on[:-hour], p[:-hour]
        low[hour:] = np.where(was_on, np.maximum(units.low_mw, before - units.ramp_down), units.low_mw)
        high[hour:] = np.minimum(units.high_mw, np.where(was_on, before + units.ramp_up, units.start_mw))
    return low, high


def _weights(run: Run) -> tuple[float, float]:
    """w1, and w4 times the carbon price."""
    objective = run.part("objective")
    return (float(objective["weight_operating"]),
            float(objective["weight_carbon"]) * float(objective["carbon_price_usd_per_t"]))


def margins(run: Run, units: Units) -> Margins:
    """w1 (b + 2 c P) + w4 price (beta + 2 gamma P), and which units could give more or less."""
    w1, carbon = _weights(run)
    p, on = run("p_mw"), run("committed") > 0
    low, high = _limits(run, units)
    usd = w1 * (units.b + 2 * units.c * p) + carbon * (units.beta + 2 * units.gamma * p)
    can_fall, can_rise = on & (p > low + AT_LIMIT_MW), on & (p < high - AT_LIMIT_MW)
    return Margins(usd, np.where(can_fall, usd, -np.inf).max(axis=1, initial=-np.inf),
                   np.where(can_rise, usd, np.inf).min(axis=1, initial=np.inf), can_fall, can_rise)


def _cut_price(run: Run) -> float:
    """Minus what curtailing costs: the lower of its penalty, weighted, and the price of dumping."""
    objective = run.part("objective")
    penalty = float(objective["weight_curtailment"]) * float(objective["curtailment_penalty_usd_per_mwh"])
    return -min(penalty, float(run.part("system")["dump_usd_per_mwh"]))


@rule("5.6", "p_mw", "shed_mw", "dump_mw")
def least_cost(run: Run) -> Iterator[Check]:
    """No unit gives what another could give cheaper; load is shed, power dumped or curtailed only where units end."""
    margin, cut = margins(run, units_of(run)), _cut_price(run)
    curtailed = run("wind_curtailed_mw") + run("pv_curtailed_mw")
    scale = float(np.abs(margin.usd_per_mwh).max(initial=1.0))
    renewable = run("wind_available_mw") + run("pv_available_mw")

    def only(what: str, where: Bools, excess: Floats) -> Check:
        return Check(what, np.where(where, excess, -1.0), PRICE_USD + 1e-7 * scale, "USD/MWh")

    yield only("dearer unit in place of a cheaper one", np.isfinite(margin.down) & np.isfinite(margin.up),
               margin.down - margin.up)
    yield only("curtailed while a unit could fall", curtailed > AT_LIMIT_MW, margin.down - cut)
    yield only("not curtailed though it pays", renewable - curtailed > AT_LIMIT_MW, cut - margin.up)
    yield Check("shed while a unit could rise", np.where(margin.can_rise.any(axis=1), run("shed_mw"), 0.0), 1e-6, "MW")
    yield Check("dumped while a unit could fall", np.where(margin.can_fall.any(axis=1), run("dump_mw"), 0.0), 1e-6,
                "MW")
    yield Check("dumped while power is not all curtailed", np.minimum(run("dump_mw"), renewable - curtailed), 1e-6,
                "MW")


@rule("5.6", "marginal_price_usd_per_mwh")
def marginal_price(run: Run) -> Iterator[Check]:
    """The price is that of one more MWh: of shed load, minus that of dumping or curtailing, or of the units free to
    move."""
    margin, system = margins(run, units_of(run)), run.part("system")
    curtailed = run("wind_curtailed_mw") + run("pv_curtailed_mw") > 0
    special = np.where(run("shed_mw") > 0, float(system["shed_usd_per_mwh"]), np.where(
        run("dump_mw") > 0, -float(system["dump_usd_per_mwh"]), np.where(curtailed, _cut_price(run), np.nan)))
    is_on = (run("committed") > 0).any(axis=1)
    low = np.where(np.isnan(special), np.where(np.isfinite(margin.down), margin.down, margin.up), special)
    high = np.where(np.isnan(special), np.where(np.isfinite(margin.up), margin.up, margin.down), special)
    bounded = np.isfinite(low) & np.isfinite(high) & is_on
    told = run("marginal_price_usd_per_mwh")
    yield within("price", np.where(bounded, told, 0.0), np.where(bounded, np.minimum(low, high), 0.0),
                 np.where(bounded, high, 0.0), "USD/MWh", rel=1e-7, absolute=PRICE_USD)


@rule("5.6", "marginal_carbon_t_per_mwh", "marginal_cost_usd_per_mwh")
def marginal_carbon_and_cost(run: Run) -> Iterator[Check]:
    """One more MWh is served by the free units in proportion to 1/curvature; it costs their fuel and carbon at weights
    1, and nothing where power is curtailed, dumped or load is shed."""
    units = units_of(run)
    margin, (w1, carbon) = margins(run, units), _weights(run)
    bend = 2 * (w1 * units.c + carbon * units.gamma)
    moves = (run("shed_mw") == 0) & (run("dump_mw") == 0) & (run("wind_curtailed_mw") + run("pv_curtailed_mw") == 0)
    free = margin.can_fall & margin.can_rise
    # at a corner two sets of units share the next MW; only steps with one set have one answer
    near = np.abs(margin.usd_per_mwh - run("marginal_price_usd_per_mwh")[:, None]) < 1e-5
    plain = moves & free.any(axis=1) & ~((run("committed") > 0) & ~free & near).any(axis=1) & bool((bend > 0).all())
    stiffness = np.where(free, 1.0 / np.where(bend > 0, bend, 1.0), 0.0)
    shares = stiffness / np.maximum(stiffness.sum(axis=1), 1e-300)[:, None]
    p = run("p_mw")
    tons = ((units.beta + 2 * units.gamma * p) * shares).sum(axis=1)
    price = float(run.part("objective")["carbon_price_usd_per_t"])
    fuel = ((units.b + 2 * units.c * p) * shares).sum(axis=1)
    for name, unit, right in (("marginal_carbon_t_per_mwh", "t/MWh", tons),
                              ("marginal_cost_usd_per_mwh", "USD/MWh", fuel + price * tons)):
        told = run(name)
        yield same(name, np.where(plain | ~moves, told, 0.0), np.where(plain, right, 0.0), unit, rel=1e-6)
