"""Stays of simulated days kept between runs: cars that an operator expects are simulated once."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import models
from models.mobility.expectation import (
    DistrictInputs,
    ExpectedSessions,
    expected_sessions,
    perfect_sessions,
    true_sessions,
)
from models.records.flexibility import Sessions
from testbed.wiring.content_cache import SUFFIX, content_key, kept, source_of, store

DEPENDS_ON = ("plugins.py", "drivers/**/*.py", "mobility/**/*.py", "records/**/*.py", "data/trips/*.csv")
"""All of models that decides where cars are."""
CODE = source_of(Path(str(models.__file__)).parent, DEPENDS_ON)
PACKAGES = ("numpy", "scipy", "simpy")


class ExpectedDays:
    """The questions of `models.mobility.expectation`, each answered once."""

    def __init__(self, folder: Path, inputs: DistrictInputs) -> None:
        self.folder, self.inputs = folder, inputs

    def sampled(self, seed: np.random.SeedSequence, days: int, vehicles_max: int, horizon_h: int) -> ExpectedSessions:
        """The mean over days of other seeds."""
        return self._kept(("sampled", days, vehicles_max, horizon_h), seed, lambda: expected_sessions(
            self.inputs, seed, days, vehicles_max, horizon_h=horizon_h))

    def perfect(self, seed: np.random.SeedSequence, days: int) -> ExpectedSessions:
        """The run's own stays, as declared."""
        return self._kept(("perfect", days), seed, lambda: perfect_sessions(self.inputs, seed, days))

    def true(self, seed: np.random.SeedSequence, days: int) -> ExpectedSessions:
        """The run's own stays, as they will be."""
        return self._kept(("true", days), seed, lambda: true_sessions(self.inputs, seed, days))

    def _kept(self, question: tuple[Any, ...], seed: np.random.SeedSequence,
              answer: Callable[[], ExpectedSessions]) -> ExpectedSessions:
        key = content_key((*question, self.inputs, str(seed.entropy), seed.spawn_key), CODE, PACKAGES)
        path = self.folder / f"sessions-{key}{SUFFIX}"
        stays = kept(path, _stays)
        if stays is None:
            stays = answer()
            store(path, _packed(stays))
        return stays


def _packed(stays: ExpectedSessions) -> bytes:
    made = io.BytesIO()
    np.savez(made, is_enrolled=stays.is_enrolled, vehicle=stays.vehicle, **stays.sessions.to_arrays())
    return made.getvalue()


def _stays(content: bytes) -> ExpectedSessions:
    """The stays of an entry."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return ExpectedSessions(is_enrolled=arrays.pop("is_enrolled"), vehicle=arrays.pop("vehicle"),
                            sessions=Sessions.from_arrays(arrays))
