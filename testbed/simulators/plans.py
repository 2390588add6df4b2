"""The upper layer of a run: the controller's own, or the stored plans of another run."""

from __future__ import annotations

from pathlib import Path

from controllers.port import TemporalKnowledge, TemporalLayer
from controllers.temporal.receding import Imbalance, Redispatch
from controllers.temporal.unit_commitment.solve import UnitCommitment
from testbed.setup.given_controllers import controller_of
from testbed.setup.plan_cache import CachedUnitCommitment
from testbed.simulators.asking import Asked
from testbed.wiring.content_cache import cache_folder
from testbed.wiring.run_spec import RunSpec


def remembered(layer: TemporalLayer, folder: Path) -> TemporalLayer:
    """Unit commitment solves each view once; any other layer (a user's own) is left as it is."""
    return CachedUnitCommitment(layer, folder) if type(layer) is UnitCommitment else layer


def redispatch_of(spec: RunSpec, knowledge: TemporalKnowledge) -> Redispatch:
    """What brings the plan in force up to date within the day, the same for every controller."""
    system = spec.scenario.system
    return Redispatch(knowledge, controller_of(spec).car_control,
                      Imbalance(system.shed_usd_per_mwh, system.dump_usd_per_mwh))


def temporal_layer(spec: RunSpec, asked: Asked, knowledge: TemporalKnowledge) -> TemporalLayer:
    """What decides when: with `--plan`, the plans stored in that file."""
    if spec.plan is None:
        return remembered(asked.temporal(knowledge), cache_folder(spec.scenario))
    from controllers.temporal.replay import ReplayPlan  # noqa: PLC0415 - only where plans are replayed
    from testbed.results.reading import stored_plans  # noqa: PLC0415

    return ReplayPlan(stored_plans(spec.plan))
