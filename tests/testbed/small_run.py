"""A day small enough for tests: 20 cars, hourly steps, no optimisation in the loop."""

from pathlib import Path

from testbed.controller_loading import load_controller
from testbed.run import run_scenario
from testbed.scenario_loading import load_scenario

PLAIN = f"{Path(__file__).with_name('plain_controller.py')}:Plain"
HOURLY = ("step_s=3600", "planning.expectation=sampled", "planning.expectation_days=2",
          "planning.expectation_vehicles_max=20")


def scenario(*overrides, cache_dir):
    return load_scenario("smoke", (*HOURLY, f"execution.cache_dir={cache_dir}", *overrides))


def run(folder, *overrides, controller=PLAIN, seed=1, name="run.h5"):
    """The path of the result file."""
    described = scenario(*overrides, cache_dir=folder / "cache")
    return run_scenario(described, load_controller(controller), seed=seed, output=folder / name)
