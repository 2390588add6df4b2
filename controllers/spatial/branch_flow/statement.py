"""The lower layer's problem as it is stated: unknowns, equations (1)-(16) by name, objective.

On cvxpy's unknowns it is a cvxpy problem, on grids the rows that are solved every hour. With `inputs.correction` it is
the repair problem: limits may be exceeded at a high price, and equation (9) holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.rows.grid import times, total
from controllers.spatial.branch_flow import equations as eq
from controllers.spatial.branch_flow import fleet_equations as cars_eq
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from models.records.arrays import Bools, Floats
from models.records.feeder import RadialFeeder

Make = Callable[[tuple[int, int], Bools | None], Any]
"""A block of unknowns [m, n]; those not alive are 0, None: all are."""
ELASTIC_USD_PER_PU_H = 2.0e3
ELASTIC_USD_PER_PU2_VOLTAGE_H = 1.0e4
"""Prices of violated limits in the repair problem: far above target slack at any bus (A)."""


@dataclass(frozen=True)
class Elastic:
    """By how much limits are exceeded, not below 0; only in the repair problem. [L, T], [R, T] and [1, T]."""

    v_below: Any
    v_above: Any
    l_above: Any
    transformer: Any
    substation: Any

    @property
    def all(self) -> tuple[Any, ...]:
        return self.v_below, self.v_above, self.l_above, self.transformer, self.substation


NOT_ELASTIC = Elastic(0.0, 0.0, 0.0, 0.0, 0.0)
OF_CARS = {"eq10": cars_eq.eq10_power_bounds, "eq11": cars_eq.eq11_one_direction, "eq12": cars_eq.eq12_envelopes,
           "eq13": cars_eq.eq13_hour_targets, "eq14": cars_eq.eq14_later_targets, "reactive": cars_eq.eq_reactive}


@dataclass(frozen=True)
class Unknowns:
    """All of them; cars' as in fleet_equations."""

    flow: eq.Flow
    low: Any
    """[L, T] squared voltage missing to the penalty's threshold; None without a penalty."""
    elastic: Elastic | None
    lossless: eq.Lossless | None
    cars: cars_eq.Cars
    curtailed: Any = None
    """[L, T] generation that is not taken; None where all is."""


def unknowns(new: Make, knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs) -> Unknowns:
    """Fresh ones."""
    lines, is_repair = (layout.pair_bus.shape[0], layout.periods), inputs.correction is not None
    flow = eq.Flow(*(new(lines, None) for _ in "PQlv"))
    low = new(lines, None) if knowledge.voltage_penalty_usd_per_pu2h > 0 else None
    elastic = Elastic(*(new((rows, layout.periods), None) for rows in (*3 * lines[:1], max(layout.rated.size, 1), 1)))\
        if is_repair else None
    # only a refused answer needs (9): there the relaxation has invented losses to lower a voltage
    lossless = eq.Lossless(*(new(lines, None) for _ in "PQv")) if is_repair else None
    curtailed = new(lines, inputs.curtailable > 0) if inputs.curtailable.any() else None
    return Unknowns(flow, low, elastic, lossless, car_unknowns(new, knowledge, layout, inputs, is_repair), curtailed)


def car_unknowns(new: Make, knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, may_miss: bool
                 ) -> cars_eq.Cars:
    """Those of the cars; may_miss: energies may stay below their envelopes, at a price."""
    x, later_x = inputs.x_min.shape, inputs.later_x_min.shape
    reactive = [new(limit.shape, limit > 0) if knowledge.reactive_power else None
                for limit in (inputs.pd_max, inputs.later_pd_max)]
    return cars_eq.Cars(
        charge=_side(new, layout, inputs, inputs.pc_max, inputs.later_pc_max),
        discharge=_side(new, layout, inputs, inputs.pd_max, inputs.later_pd_max),
        x=new(x, None), later_x=new(later_x, None), q=reactive[0], later_q=reactive[1],
        short=new(x, None) if may_miss else None, later_short=new(later_x, None) if may_miss else None)


def _side(new: Make, layout: Layout, inputs: Inputs, limit: Any, later_limit: Any) -> cars_eq.Side:
    cohorts, known = layout.cohort_group.size, cars_eq.known_hours(inputs).size
    zones = (layout.zone_of.size, known)
    return cars_eq.Side(
        power=new(limit.shape, limit > 0), later=new(later_limit.shape, later_limit > 0), under=new((cohorts, 1), None),
        over=new((cohorts, 1), None), up=new((cohorts, layout.steps), None), down=new((cohorts, layout.steps), None),
        later_under=new(zones, None), later_over=new(zones, None))


# ---------------------------------------------------------------- equations
def equations(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, u: Unknowns) -> dict[str, list[Any]]:
    """All constraints by the name of their equation."""
    stated = _network(knowledge, layout, inputs, u)
    return stated | {name: equation(layout, inputs, u.cars) for name, equation in OF_CARS.items()} | {"signs": signs(u)}


def _network(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, u: Unknowns) -> dict[str, list[Any]]:
    feeder = knowledge.feeder
    assert feeder is not None
    net, flow, elastic = eq.incidence(feeder), u.flow, u.elastic or NOT_ELASTIC
    p_fixed = inputs.p_fixed if u.curtailed is None else inputs.p_fixed + u.curtailed
    p_bus = p_fixed + cars_eq.active_power(layout, inputs, u.cars)
    q_bus = inputs.q_fixed + cars_eq.reactive_power(layout, inputs, u.cars)
    stated = {
        "eq1": [eq.eq1_active_balance(net, flow, p_bus)], "eq2": [eq.eq2_reactive_balance(net, flow, q_bus)],
        "eq3": [eq.eq3_voltage_drop(net, flow)], "eq4": [eq.eq4_current_cone(net, flow)],
        "eq5": eq.eq5_voltage_band(feeder, flow, elastic.v_below, elastic.v_above),
        "eq6": [eq.eq6_line_rating(feeder, flow, elastic.l_above)],
        "eq7": _transformers(knowledge, feeder, layout, inputs, u),
        "eq8": [eq.eq8_substation(net, flow, feeder.transformer_kva[0] / 1e3, elastic.substation)]
        if np.isfinite(feeder.transformer_kva[0]) else [],
        "eq16": [] if u.curtailed is None else [eq.eq16_curtailment(u.curtailed, inputs.curtailable)]}
    if u.lossless is not None and inputs.correction is not None:
        stated["eq9"] = eq.eq9_lossless_ceiling(feeder, net, u.lossless, p_bus, q_bus, inputs.correction,
                                                elastic.v_above)
    if u.low is not None:
        stated["voltage_penalty"] = [eq.eq_voltage_penalty(u.low, flow, knowledge.voltage_penalty_below_pu)]
    return stated


def signs(u: Unknowns) -> list[Any]:
    """Unknowns that are not below 0."""
    stated = [] if u.elastic is None else [slack >= 0.0 for slack in u.elastic.all]
    stated += [unknown >= 0.0 for unknown in (u.low, u.curtailed) if unknown is not None]
    return [*stated, *cars_eq.signs(u.cars)]


def _transformers(knowledge: SpatialKnowledge, feeder: RadialFeeder, layout: Layout, inputs: Inputs, u: Unknowns
                  ) -> list[Any]:
    """Equation (7): fast ports have their own transformer, so only slow chargers count."""
    rated = layout.rated
    if not rated.size:
        return []
    above = (u.elastic or NOT_ELASTIC).transformer
    behind = inputs.p_fixed[rated] + cars_eq.active_power(layout, inputs, u.cars, slow_only=True)[rated]
    if u.curtailed is not None:
        behind = behind + u.curtailed[rated]
    # with q given the circle is an interval of p: two linear rows instead of a cone each
    if not knowledge.reactive_power:
        return eq.eq7_transformer_active(behind, inputs.p_cap, above)
    rating = np.repeat(feeder.transformer_kva[1:][rated, None] / 1e3, layout.periods, axis=1)
    q_behind = inputs.q_fixed[rated] + cars_eq.reactive_power(layout, inputs, u.cars)[rated]
    return [eq.eq7_transformer_cone(behind, q_behind, rating, above)]


# ---------------------------------------------------------------- objective
def objective_usd(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, u: Unknowns) -> Any:
    """(15) price x losses, the penalty of low voltages, and what cars and exceeded limits cost; affine in u."""
    return (network_usd(knowledge, layout, inputs, u)
            + cars_eq.eq15_cars_usd(layout, inputs, u.cars, knowledge.target_slack_usd_per_mwh))


def squares(layout: Layout, inputs: Inputs, u: Unknowns) -> list[tuple[Any, Floats]]:
    """(15) what makes the optimum unique: unknowns and the weights of their squares."""
    stated = cars_eq.eq15_squares(layout, inputs, u.cars)
    if u.curtailed is not None:
        least = np.maximum(inputs.curtailable, cars_eq.SMALLEST_SHARE_MW)
        stated.append((u.curtailed, cars_eq.TIE_BREAK_USD_PER_MWH * layout.period_h[None, :] / least))
    return stated


def network_usd(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, u: Unknowns) -> Any:
    """(15) the network's part."""
    assert knowledge.feeder is not None
    feeder = knowledge.feeder
    usd = total(times(feeder.r_pu[1:, None] * inputs.loss_usd_per_mw, u.flow.l))
    if feeder.has_shunts:
        usd = usd + total(times(feeder.shunt_g_pu[1:, None] * inputs.loss_usd_per_mw, u.flow.v))
    hours = layout.period_h[None, :]
    if u.curtailed is not None:
        usd = usd + total(times(np.ones((feeder.bus_count - 1, 1)) * inputs.curtailment_usd_per_mw, u.curtailed))
    if u.low is not None:
        usd = usd + knowledge.voltage_penalty_usd_per_pu2h * total(times(hours, u.low))
    if u.elastic is not None:
        # the order of Elastic's fields: two of voltages, then line, transformer and substation
        prices = (*2 * (ELASTIC_USD_PER_PU2_VOLTAGE_H,), *3 * (ELASTIC_USD_PER_PU_H,))
        for price, exceeded in zip(prices, u.elastic.all, strict=True):
            usd = usd + price * total(times(hours, exceeded))
    return usd
