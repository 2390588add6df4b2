"""A policy as a controller: one class with `act`, in a file of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from controllers.base import BaseController
from controllers.learned.acting import Acting, ActsBy, Projection
from controllers.learned.observing import observation
from controllers.port import CarControl, FeederView, Setpoints, SpatialKnowledge, SpatialLayer
from models.records.arrays import Floats


class Policy(BaseController):
    """Units are committed by the upper layer; in each district and step `act` says what cars do.

    Subclass it: give it a name, a description and `act`. `acts_by` says what an action is, `car_control` what the
    upper layer plans with; both as in the environment in which it was trained.
    """

    name = "policy"
    description = "cars do what a policy says, district by district"
    car_control: CarControl = "charge_only"
    places_cars = True
    acts_by: ActsBy = "district"

    def act(self, district: str, observation: Floats) -> Any:
        """An action [1] or [cohorts] from an observation [len(NUMBERS)] of the district."""
        raise NotImplementedError(f"{type(self).__name__} has no act(district, observation)")

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """The policy in one district."""
        return PolicyLayer(self, knowledge)


class PolicyLayer:
    """Asks the policy at every step."""

    def __init__(self, policy: Policy, knowledge: SpatialKnowledge) -> None:
        self.policy, self.knowledge = policy, knowledge
        self.acting = Acting(knowledge, policy.acts_by)
        self.projection = Projection(np.zeros(self.acting.size), np.zeros(self.acting.size))
        """Of the last step."""

    def step(self, view: FeederView) -> Setpoints:
        """Set-points made of the policy's action; ActionError for what is none."""
        action = self.policy.act(self.knowledge.district, observation(view, self.knowledge))
        told, self.projection = self.acting.setpoints(view, action)
        return told
