"""A controller of the tests that learns, without optimisation."""

from controllers.spatial.expecting import Expecting
from tests.testbed.plain_controller import Plain


class Learning(Plain):
    """Plain, with learned compliance."""

    name = "learning"
    learns_compliance = True

    def spatial(self, knowledge):
        return Expecting(super().spatial(knowledge))
