"""What a feeder's operator sees at each decision hour of a day, kept while one upper plan is carried out pro rata.

So that lower layers can be compared on the very same hours: same cars, same states, same targets.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controllers.port import FeederView, Setpoints, SpatialKnowledge, SpatialLayer
from controllers.spatial.pro_rata import ProRata
from controllers.variants.temporal import Temporal
from models.records.arrays import SECONDS_PER_HOUR
from testbed.running.one_run import run_scenario
from testbed.scenario.record import Scenario


class _Keeper(ProRata):
    """Pro rata, remembering what it sees at whole hours."""

    views: list[FeederView]

    def step(self, view: FeederView, compliance: float | None = None) -> Setpoints:
        """As pro rata."""
        if view.time_s % SECONDS_PER_HOUR == 0:
            self.views.append(copy.deepcopy(view))
        return super().step(view, compliance)


_KEPT: list[_Keeper] = []
"""Layers of the run that is under way in this process; a run makes its layers itself and gives none back."""


class KeepsViews(Temporal):
    """`temporal`, keeping the views of every feeder."""

    name = "keeps_views"

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """Pro rata; with memory where there is a network."""
        if knowledge.feeder is None:
            return super().spatial(knowledge)
        from experiments.feeder import hour_views  # noqa: PLC0415, PLW0406 - the run loads this file under another name

        keeper = _Keeper(knowledge)
        keeper.views = []
        hour_views._KEPT.append(keeper)
        return keeper


@dataclass(frozen=True)
class Hours:
    """The hours of one feeder."""

    knowledge: SpatialKnowledge
    views: tuple[FeederView, ...]


def kept_hours(scenario: Scenario, seed: int, output: Path) -> Hours:
    """Run the scenario (first district with a feeder) and return its counted hours; the result stays in `output`.

    Raises ValueError if the scenario runs its simulators elsewhere, or has no feeder.
    """
    _KEPT.clear()
    run_scenario(scenario, KeepsViews(), seed=seed, output=output)
    if not _KEPT:
        raise ValueError(f"{scenario.name}: no feeder was dispatched in this process")
    first = _KEPT[0]
    _KEPT.clear()
    return Hours(first.knowledge, tuple(view for view in first.views if view.time_s >= 0))


def present_hour_alone(knowledge: SpatialKnowledge, view: FeederView) -> tuple[SpatialKnowledge, FeederView]:
    """The same decision without a later hour: one is left, with load alone and nothing to decide.

    A search decides the present hour only; this makes the branch-flow problem the same one, so that its optimum
    bounds every search.
    """
    steps = SECONDS_PER_HOUR // knowledge.step_s
    flex, hour = view.flexibility, (view.time_s - view.plan_time_s) // SECONDS_PER_HOUR
    shape = (*flex.x_min_later_kwh.shape[:2], 1)
    # Wherever this hour may end, the hour after accepts it.
    wide_kwh = 1.0 + float(np.abs(flex.x_min_now_kwh[:, -1]).sum() + np.abs(flex.x_max_now_kwh[:, -1]).sum())
    flexibility = replace(
        flex, x_min_later_kwh=np.full(shape, -wide_kwh), x_max_later_kwh=np.full(shape, wide_kwh),
        pc_max_later_kw=np.zeros(shape), pd_max_later_kw=np.zeros(shape),
        p_uncontrolled_kw=flex.p_uncontrolled_kw[:, : steps + 1])
    charge, discharge = view.pc_target_kw.copy(), view.pd_target_kw.copy()
    charge[:, hour + 1 :] = discharge[:, hour + 1 :] = 0.0
    return replace(knowledge, look_ahead_h=2), replace(
        view, flexibility=flexibility, pc_target_kw=charge, pd_target_kw=discharge,
        bus_load_kw=view.bus_load_kw[:, : steps + 1], bus_load_kvar=view.bus_load_kvar[:, : steps + 1])
