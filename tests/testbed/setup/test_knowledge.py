"""What the lower layer knows of a network whose tap changer has moved."""

from pathlib import Path

import numpy as np
import pytest

from testbed.scenario.loading import load_scenario
from testbed.setup.districts import build_districts
from testbed.setup.knowledge import spatial_knowledge
from testbed.wiring.run_spec import RunSpec


@pytest.mark.parametrize(("measured_pu", "stands_at_pu"), [(1.0, 1.0), (1.0199, 1.025), (0.9501, 0.95)])
def test_the_network_is_known_as_its_tap_changer_stands(measured_pu: float, stands_at_pu: float) -> None:
    """Positions are 2.5 % apart; without any load all buses have the slack's voltage."""
    taps = "districts.0.tap_changer={step_percent: 2.5, bus: 18, dead_band_pu: 0.03}"
    spec = RunSpec(load_scenario("smoke", [taps]), "bilayer", 1, Path("unused.h5"))
    known = spatial_knowledge(spec, build_districts(spec)["feeder33"])
    stands = known.as_it_stands(np.r_[measured_pu, np.zeros(32)])
    assert stands.feeder is not None and stands.feeder.v_slack_pu == pytest.approx(stands_at_pu)
    assert stands.power_flow is not None
    flow = stands.power_flow(np.zeros((1, 33)), np.zeros((1, 33)))
    np.testing.assert_allclose(flow.vm_pu, stands_at_pu, atol=1e-9)
