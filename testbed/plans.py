"""The upper layer of a run: the controller's own, or the stored plans of another run."""

from __future__ import annotations

from controllers.port import Controller, TemporalKnowledge, TemporalLayer
from testbed.run_spec import RunSpec


def temporal_layer(spec: RunSpec, controller: Controller, knowledge: TemporalKnowledge) -> TemporalLayer:
    """What decides when: with `--plan`, the plans stored in that file."""
    if spec.plan is None:
        return controller.temporal(knowledge)
    from controllers.temporal.replay import ReplayPlan  # noqa: PLC0415 - only where plans are replayed
    from testbed.results import stored_plans  # noqa: PLC0415

    return ReplayPlan(stored_plans(spec.plan))
