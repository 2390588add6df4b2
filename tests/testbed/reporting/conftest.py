"""Results of a plausible day."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.testbed.reporting.days import BUSES, STEPS, day


@pytest.fixture
def write_day(write_result: Any, toy: Any) -> Any:
    """write_day(controller, shift_mw, seed=1, **options) -> path of a 24 h result."""
    def write(controller: str, shift_mw: float, seed: int = 1, **options: Any) -> Path:
        plan = toy.plan_arrays(toy.layout(), 0, gap_rel=1e-4)
        totals = {"feeder33": {"stored_start_kwh": np.full(2, 30.0), "stored_end_kwh": np.full(2, 31.0)},
                  "rest": {"stored_start_kwh": np.full(3, 30.0), "stored_end_kwh": np.full(3, 29.0)}}
        run = {"wall_s": 30.5, "solver_s": 7.25, "host": "here", "versions": {"numpy": "2.0"}}
        path: Path = write_result(f"{re.sub('[^a-z_]', '', controller)}-{seed}.h5", controller=controller, seed=seed,
                                  steps=STEPS, step_s=900, buses=BUSES, plans=(plan,), totals=totals, run=run,
                                  reference=np.tile([1, 1, 1], (24, 1)), **day(shift_mw, seed), **options)
        return path
    return write
