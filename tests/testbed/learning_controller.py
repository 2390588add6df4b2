"""A controller of the tests that learns, without optimisation."""

from controllers.spatial.expecting import Expecting
from tests.testbed.plain_controller import AllUnitsOn, Plain


class Learning(Plain):
    """Plain, with learned compliance."""

    name = "learning"
    learns_compliance = True

    def spatial(self, knowledge):
        return Expecting(super().spatial(knowledge))


class GivesBack(AllUnitsOn):
    """Each cohort also discharges at a third of its power."""

    def discharging_kw(self, view):
        return tuple(d.pd_max_kw / 3 for d in view.districts)


class Giving(Learning):
    """Learning, with discharge in the plan."""

    name = "giving"

    def temporal(self, knowledge):
        return GivesBack(knowledge)
