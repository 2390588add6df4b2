"""What a finished plan costs in each of its hours: the terms of the objective by hour, with the true curves.

Apart from the terms' equations (`controllers/temporal/unit_commitment/objective.py`), since a plan that is kept from
before is priced without the solver's libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from importlib import import_module

import numpy as np

from controllers.port import Plan, SystemView, TemporalKnowledge
from models.records.arrays import Floats, Ints
from models.records.groups import to_cohorts
from models.records.objective import BESIDE

HourlyTerm = Callable[[TemporalKnowledge, SystemView, Plan], Iterable[Floats]]
"""Parts of a term [H], in $ and unweighted, that add up; one per district for what owners pay."""
BY_HOUR: dict[str, HourlyTerm] = {}
"""In the order in which they are added."""
EQUATIONS = "controllers.temporal.unit_commitment.objective"


def by_hour(name: str) -> Callable[[HourlyTerm], HourlyTerm]:
    """This function says what the objective's term of that name comes to in each hour of a plan."""
    def mark(function: HourlyTerm) -> HourlyTerm:
        BY_HOUR[name] = function
        return function
    return mark


def hourly_objective_usd(knowledge: TemporalKnowledge, view: SystemView, plan: Plan) -> Floats:
    """[H] w1 F1 + w2 F2 + w3 F3 + w4 F4 + reserve shortfall of each hour of a plan for the view's hours.

    True curves; a start counts in its hour; their sum is plan.objective_usd but for the value of energy held at the
    end (terminal `price`).
    """
    amounts = hourly_amounts((*knowledge.objective.names, BESIDE), knowledge, view, plan)
    return np.asarray(knowledge.objective.weighted(amounts), dtype=np.float64)


def hourly_amounts(names: Collection[str], knowledge: TemporalKnowledge, view: SystemView, plan: Plan
                   ) -> Iterator[tuple[str, Floats]]:
    """Parts [H] of these terms, unweighted, in the order in which they are added; none of a term without account."""
    if not BY_HOUR.keys() >= set(names):
        import_module(EQUATIONS)  # a further term has its account beside its equation
    return ((name, part) for name, function in BY_HOUR.items() if name in names
            for part in function(knowledge, view, plan))


@by_hour("operating")
def operating_by_hour(knowledge: TemporalKnowledge, view: SystemView, plan: Plan) -> Iterable[Floats]:
    """F1: fuel, and start-ups in the hour of the start."""
    fuel = knowledge.units.fuel_cost_usd_per_h(plan.p_mw.T, plan.committed.T).sum(axis=1)
    yield fuel + _start_usd(knowledge, view, plan.committed)


def _start_usd(knowledge: TemporalKnowledge, view: SystemView, committed: Ints) -> Floats:
    """[H] start-ups, by the hours off until then."""
    units, status, usd = knowledge.units, view.hours_on.copy(), np.zeros(committed.shape[1])
    for t, on in enumerate(committed.T > 0):
        starts = on & (status < 0)
        usd[t] = units.start_cost_usd(-status)[starts].sum()
        status = np.where(on, np.maximum(status, 0) + 1, np.minimum(status, 0) - 1)
    return usd


@by_hour("carbon")
def carbon_by_hour(knowledge: TemporalKnowledge, _view: SystemView, plan: Plan) -> Iterable[Floats]:
    """F4."""
    tons = knowledge.units.emissions_t_per_h(plan.p_mw.T, plan.committed.T).sum(axis=1)
    yield knowledge.carbon_price_usd_per_t * tons


@by_hour("curtailment")
def curtailed_by_hour(knowledge: TemporalKnowledge, _view: SystemView, plan: Plan) -> Iterable[Floats]:
    """F3."""
    yield knowledge.curtailment_penalty_usd_per_mwh * (plan.wind_curtailed_mw + plan.pv_curtailed_mw)


@by_hour(BESIDE)
def missing_reserve_by_hour(_knowledge: TemporalKnowledge, _view: SystemView, plan: Plan) -> Iterable[Floats]:
    """Missing reserve at its price, which has no weight."""
    yield plan.reserve_shortfall_usd


@by_hour("owners")
def owners_by_hour(knowledge: TemporalKnowledge, view: SystemView, plan: Plan) -> Iterable[Floats]:
    """F2, one part per district: wear, and the tariff where the objective counts it."""
    tariff = float(knowledge.tariff_in_objective)
    yield np.zeros(plan.committed.shape[1])  # without districts the term is there all the same
    for cars, pc_kw, pd_kw in zip(view.districts, plan.pc_kw, plan.pd_kw, strict=True):
        wear = to_cohorts(knowledge.wear_usd_per_kwh, cars.horizon_h) / cars.eta_discharge
        yield (tariff * (pc_kw.sum(axis=0) * view.price_charge_usd_per_kwh
                         - pd_kw.sum(axis=0) * view.price_discharge_usd_per_kwh) + wear @ pd_kw)
