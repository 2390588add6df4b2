"""A feeder as a net of pandapower with its series: what `run_timeseries` takes is what the feeder's power flow has."""

from __future__ import annotations

import numpy as np
import pandapower
import pytest

from models.network.net_feeder import feeder_of_net
from models.network.power_flow import TappedFeeder
from models.network.written_net import net_of, with_profiles
from models.records.arrays import Floats
from tests.models.network.test_net_feeder import village

TIME_S = np.array([0.0, 900.0])
SHARES = np.array([1.0, 0.5])


def stepped(slack_vm_pu: Floats | None) -> list[Floats]:
    """Voltages [bus] of each time, by pandapower, as its series say."""
    feeder = feeder_of_net(village(), "v")
    profiles = {("load", "p_mw"): np.outer(SHARES, feeder.p_base_kw) / 1e3,
                ("load", "q_mvar"): np.outer(SHARES, feeder.q_base_kvar) / 1e3,
                ("cars", "p_mw"): np.tile([0.0, 0.0, 0.0, 0.011], (2, 1))}
    net = with_profiles(net_of(feeder), profiles, TIME_S, slack_vm_pu)
    assert ("ext_grid.vm_pu" in net.profiles) == (slack_vm_pu is not None)
    seen = []
    for step in range(TIME_S.size):
        for controller in net.controller.object:
            controller.time_step(net, step)
            controller.control_step(net)
        pandapower.runpp(net, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-10)
        seen.append(net.res_bus.vm_pu.to_numpy())
    return seen


@pytest.mark.parametrize("slack_vm_pu", [None, np.array([1.03, 0.98])], ids=["held", "as a tap changer moves it"])
def test_each_step_has_the_feeders_own_voltages(slack_vm_pu: Floats | None) -> None:
    feeder = feeder_of_net(village(), "v")
    tapped = TappedFeeder(feeder, np.ones(2) if slack_vm_pu is None else slack_vm_pu, "lightsim2grid")
    for step, vm_pu in enumerate(stepped(slack_vm_pu)):
        p_kw, q_kvar = SHARES[step] * feeder.p_base_kw + [0, 0, 0, 11.0], SHARES[step] * feeder.q_base_kvar
        assert vm_pu == pytest.approx(tapped.at(step)[1].power_flow(p_kw[None], q_kvar[None]).vm_pu[0], abs=1e-8)
