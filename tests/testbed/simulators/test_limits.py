"""What set-points may be, beyond numbers of the right shape."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.spatial.none import NoDispatch
from testbed.simulators.limits import setpoints_problem
from tests.controllers.spatial.test_pro_rata import cars, knowledge_of, view_of


@pytest.mark.parametrize(("limit_kw", "problem"), [
    ([np.nan, 0.0], ""), ([5.0, np.nan], ""),
    ([np.nan, -2.5], "generation_limit_kw [kW]: -2.5 at bus 7, allowed is 0 or more, or NaN for no limit")])
def test_generators_cannot_be_made_to_draw(limit_kw, problem) -> None:
    knowledge, view = knowledge_of(cars(2)), view_of(cars(2), 0.5, targets={})
    answer = replace(NoDispatch(knowledge).step(view), generation_limit_kw=np.array(limit_kw))
    assert setpoints_problem(answer, view, replace(knowledge, generation_buses=np.array([3, 7]))) == problem
