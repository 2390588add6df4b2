"""Runs that the tests of the audit alter."""

import pytest

from audit.run import read_run
from tests.testbed import small_run

FOUR_PLANS = ("planning.redispatch=hourly", "planning.horizon_h=8", "planning.binding_h=6",
              "spatial.look_ahead_h=2", "profiles.forecast_error=large", "record.vehicles=true",
              "planning.mip_gap=2e-2")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("audited")


@pytest.fixture(scope="session")
def replanned(folder):
    """A day of four plans, hourly re-dispatch, forecast errors and drivers who do as they like."""
    return small_run.run(folder, *FOUR_PLANS, controller="temporal", name="replanned.h5")


@pytest.fixture(scope="session")
def replanned_run(replanned):
    return read_run(replanned)


@pytest.fixture(scope="session")
def placed(folder):
    """A day whose lower layer solves branch flow, with traces and without forecast errors."""
    return small_run.run(folder, "planning.redispatch=hourly", "record.vehicles=true", "spatial.look_ahead_h=2",
                         "planning.horizon_h=25", "planning.mip_gap=2e-2", controller="bilayer", name="placed.h5")


@pytest.fixture(scope="session")
def placed_run(placed):
    return read_run(placed)
