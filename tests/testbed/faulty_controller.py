"""Controllers of the tests whose answers are not what the port asks for."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from controllers.spatial.pro_rata import ProRata
from tests.testbed.plain_controller import AllUnitsOn, Plain


class Faulty(Plain):
    """Plain, with `wrong` made of each answer of its lower layer."""

    name = "faulty"

    def wrong(self, answer):
        return answer

    def spatial(self, knowledge):
        return Changed(knowledge, self.wrong)


class Changed(ProRata):
    """Pro rata, and what is made of its answer."""

    def __init__(self, knowledge, change):
        super().__init__(knowledge)
        self.change = change

    def step(self, view):
        return self.change(super().step(view))


class WrongShape(Faulty):
    def wrong(self, answer):
        return replace(answer, setpoint_kw=answer.setpoint_kw[1:])


class WrongType(Faulty):
    def wrong(self, answer):
        return replace(answer, is_dispatched=answer.is_dispatched.astype(np.float64))


class NotANumber(Faulty):
    def wrong(self, answer):
        return replace(answer, p_plan_bus_kw=np.where(np.arange(answer.p_plan_bus_kw.size) == 1, np.nan, 0.0))


class NoField(Faulty):
    """An object of its own that says part of what is asked."""

    def wrong(self, answer):
        return SimpleNamespace(setpoint_kw=answer.setpoint_kw)


class HalfAPlan(Plain):
    """Its plan ends too early."""

    name = "half_a_plan"

    def temporal(self, knowledge):
        return Half(knowledge)


class Half(AllUnitsOn):
    def plan(self, view):
        whole = super().plan(view)
        return replace(whole, pc_kw=tuple(pc_kw[:, :12] for pc_kw in whole.pc_kw))
