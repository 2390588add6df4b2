"""Each district gets the lower layer that suits its network, whichever way the hour's decision is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers.spatial.branch_flow.layer import BranchFlow
from controllers.spatial.placing import optimising, searching, within_limits
from controllers.spatial.pro_rata import ProRata
from controllers.spatial.three_phase.layer import ThreePhase
from controllers.spatial.three_phase.publishing import WithinLimits
from tests.controllers.spatial import branch_flow_case as radial
from tests.controllers.spatial import street_case as street
from tests.controllers.spatial.test_phase_publishing import TERMS

ON_FEEDER = radial.knowledge(radial.fleet(), step_s=1800, look_ahead_h=2)
ON_STREET = street.knowledge(street.street(), street.cars(np.random.default_rng(3), 2))
NO_NETWORK = replace(ON_FEEDER, feeder=None, power_flow=None)


@pytest.mark.parametrize(("known", "kind"), [(ON_FEEDER, BranchFlow), (ON_STREET, ThreePhase), (NO_NETWORK, ProRata)])
def test_the_network_decides_which_layer_acts(known: object, kind: type) -> None:
    assert type(optimising(known)) is type(within_limits(known)) is kind  # type: ignore[arg-type]
    assert type(searching(known, "pso")) is kind  # type: ignore[arg-type]


def test_published_limits_are_kept_where_there_are_any() -> None:
    assert type(within_limits(replace(ON_STREET, customers=TERMS))) is WithinLimits
    assert type(optimising(replace(ON_STREET, customers=TERMS))) is ThreePhase


def test_without_a_network_a_search_is_pro_rata_by_least_laxity() -> None:
    """There is nothing to search for: what cars are told is what the optimising layer tells them."""
    declared, soc = radial.parked(ON_FEEDER.vehicles, 19 * 3600)
    view = radial.view(ON_FEEDER, declared, soc, 19)
    told = [layer.step(view).setpoint_kw for layer in (
        searching(NO_NETWORK, "sga"), optimising(NO_NETWORK), ProRata(NO_NETWORK, "least_laxity"))]
    assert np.array_equal(told[0], told[1]) and np.array_equal(told[1], told[2]) and told[0].any()
