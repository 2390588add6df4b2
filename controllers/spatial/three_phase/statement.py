"""The lower layer's problem on three phases, stated around one operating point: unknowns, equations, objective.

On cvxpy's unknowns it is a cvxpy problem, on grids the rows that are solved. Energies may stay below their envelopes at
a high price: with no car moving no limit is broken further, so there always is an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.port import SpatialKnowledge
from controllers.rows.grid import times, total
from controllers.spatial.branch_flow import fleet_equations as cars_eq
from controllers.spatial.branch_flow.inputs import Inputs
from controllers.spatial.branch_flow.layout import Layout
from controllers.spatial.branch_flow.statement import OF_CARS, Make, car_unknowns
from controllers.spatial.three_phase import equations as eq
from controllers.spatial.three_phase.linear import Linear
from models.records.arrays import Bools, Floats

LOW_REACH_PU = 0.005
"""Voltages further above the penalty's threshold have no row of it until an answer brings them below."""


@dataclass(frozen=True)
class Around:
    """What one round knows of the network."""

    linear: Linear
    low: Floats
    """[T, M] bounds of watched values."""
    high: Floats
    radius_mw: float
    watched: eq.Chosen
    """Those whose bounds are written."""
    low_voltage: eq.Chosen
    """Connections and periods with a row of the penalty; connections among the driven ones."""


def low_voltages(knowledge: SpatialKnowledge, vm_pu: Floats, reach_pu: float = LOW_REACH_PU) -> Bools:
    """[T, D] where the penalty matters at voltages of driven connections, or may if they fall by as much."""
    is_priced = knowledge.voltage_penalty_usd_per_pu2h > 0
    return np.asarray((vm_pu < knowledge.voltage_penalty_below_pu + reach_pu) & is_priced)


@dataclass(frozen=True)
class Unknowns:
    """All of them; cars' as in fleet_equations."""

    d: eq.Change
    w: tuple[Any, ...]
    """[r, T] of active, and where it is driven of reactive power."""
    low: Any
    """[n, 1] squared voltage missing to the penalty's threshold; None where none can be."""
    cars: cars_eq.Cars


def unknowns(new: Make, knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, around: Around) -> Unknowns:
    """Fresh ones."""
    linear = around.linear
    lines, curved = ((rows, layout.periods) for rows in (linear.driven.size, linear.sensitivities.root.shape[0]))
    d = eq.Change(new(lines, None), new(lines, None) if knowledge.reactive_power else None)
    w = tuple(new(curved, None) for _ in range(2 if knowledge.reactive_power else 1))
    low = new((around.low_voltage.row.size, 1), None) if around.low_voltage.row.size else None
    return Unknowns(d, w, low, car_unknowns(new, knowledge, layout, inputs, may_miss=True))


def equations(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, around: Around, u: Unknowns
              ) -> dict[str, list[Any]]:
    """All constraints by the name of their equation."""
    assert knowledge.network is not None
    kind = knowledge.network.watched.kind
    d, linear, fixed = u.d, around.linear, (inputs.p_fixed, inputs.q_fixed)
    drawn = (cars_eq.active_power(layout, inputs, u.cars), cars_eq.reactive_power(layout, inputs, u.cars))
    stated = {"t1": eq.eq_t1_balance(linear, fixed, drawn, d),
              "t2": eq.eq_t2_watched(linear, kind, around.low, around.high, around.watched, d),
              "t3": eq.eq_t3_trust(around.radius_mw, d), "t4": eq.eq_t4_curved(linear, u.w, d)}
    if u.low is not None:
        stated["t6"] = [eq.eq_t6_low_voltage(linear, knowledge.voltage_penalty_below_pu, around.low_voltage, u.low, d)]
        stated["low"] = [u.low >= 0.0]
    if inputs.cars_least is not None and inputs.cars_most is not None:
        stated["t7"] = eq.eq_t7_customers(inputs.cars_least, inputs.cars_most, drawn[0])
    cars = {name: equation(layout, inputs, u.cars) for name, equation in OF_CARS.items()}
    return stated | cars | {"signs": cars_eq.signs(u.cars)}


def objective_usd(knowledge: SpatialKnowledge, layout: Layout, inputs: Inputs, around: Around, u: Unknowns) -> Any:
    """(15) with losses by (T5), affine part; the rest are `squares` and the losses at the operating point."""
    assert knowledge.network is not None
    usd = eq.eq_t5_losses_usd(around.linear, inputs.loss_usd_per_mw, u.d)
    if u.low is not None:
        chosen = around.low_voltage
        of_row = knowledge.network.voltage_weight[around.linear.driven]
        weight = layout.period_h[chosen.period] * of_row[chosen.row]
        usd = usd + knowledge.voltage_penalty_usd_per_pu2h * total(times(weight[:, None], u.low))
    return usd + cars_eq.eq15_cars_usd(layout, inputs, u.cars, knowledge.target_slack_usd_per_mwh)


def squares(layout: Layout, inputs: Inputs, around: Around, u: Unknowns) -> list[tuple[Any, Floats]]:
    """Unknowns and the weights of their squares: the tie-break, and those of the losses."""
    return [*cars_eq.eq15_squares(layout, inputs, u.cars), *loss_squares(inputs, around, u)]


def loss_squares(inputs: Inputs, around: Around, u: Unknowns) -> list[tuple[Any, Floats]]:
    """(T5) 1/2 w'w + 1/2 dp' diag(own) dp at the price of losses."""
    price = 0.5 * inputs.loss_usd_per_mw
    own = eq.KW_PER_MW * around.linear.sensitivities.own[:, None] * price
    return [*((w, np.repeat(price, w.shape[0], axis=0)) for w in u.w), *((moved, own) for moved in u.d.all)]
