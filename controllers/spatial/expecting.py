"""A lower layer that expects what its operator has learned, in place of the compliance it was built with."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from controllers.port import FeederView, Setpoints
from models.records.arrays import Floats
from models.records.groups import to_cohorts


class ToldLayer(Protocol):
    """A layer that can be told at each step what share of cars follows, in place of its `assumed_compliance`."""

    def step(self, view: FeederView, compliance: float | None = None) -> Setpoints:
        """As in SpatialLayer; None: `assumed_compliance`."""
        ...


class Expecting:
    """Gives the layer below the learned compliance: set-points of a group sum to target / its own compliance.

    The layer works with one number c for the district, as its bus envelopes do; targets of group g are given to it
    times c / c_g, so that the set-points come out as target / c_g.
    """

    def __init__(self, layer: ToldLayer) -> None:
        self.layer = layer
        self._compliance: float | None = None
        self._factor: Floats = np.ones(0)

    def step(self, view: FeederView) -> Setpoints:
        """The layer's set-points under what the view says was learned."""
        if not view.compliance_by_group.size:
            return self.layer.step(view)
        if view.time_s % 3600 == 0:  # held within the hour, as decisions are
            self._compliance = view.compliance_mean
            self._factor = view.compliance_mean / view.compliance_by_group
        factor = to_cohorts(self._factor, view.pc_target_kw.shape[1])[:, None]
        return self.layer.step(replace(view, pc_target_kw=view.pc_target_kw * factor,
                                       pd_target_kw=view.pd_target_kw * factor), self._compliance)
