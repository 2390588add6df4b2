"""A day small enough for tests: 20 cars, hourly steps, no optimisation in the loop, counted from control's begin."""

import re
from pathlib import Path

from testbed.running.one_run import run_scenario
from testbed.scenario.loading import load_scenario
from testbed.setup.controller_loading import load_controller

PLAIN = f"{Path(__file__).with_name('plain_controller.py')}:Plain"
HOURLY = ("step_s=3600", "warmup_controlled_days=0", "planning.expectation=sampled", "planning.expectation_days=2",
          "planning.expectation_vehicles_max=20", "planning.redispatch=none")


def scenario(*overrides, cache_dir):
    return load_scenario("smoke", (*HOURLY, f"execution.cache_dir={cache_dir}", *overrides))


def shared_cache(folder):
    """One for all tests of a session and all their workers, below pytest's own temporary folder."""
    return next(parent for parent in folder.parents if re.fullmatch(r"pytest-\d+", parent.name)) / "cache"


def run(folder, *overrides, controller=PLAIN, seed=1, name="run.h5", cache_dir=None, plan=None):
    """The path of the result file; what a run may take from others is shared unless `cache_dir` says where to look."""
    described = scenario(*overrides, cache_dir=cache_dir or shared_cache(folder))
    return run_scenario(described, load_controller(controller), seed=seed, output=folder / name, plan=plan)
