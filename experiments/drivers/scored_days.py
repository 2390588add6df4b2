"""The later days of a run as a result of their own, so that figures of them are defined as those of whole runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from testbed.results.layout import Array
from testbed.results.reading import Result
from testbed.wiring.attributes import recorded
from testbed.wiring.run_spec import DAY_S

SYSTEM_SERIES = frozenset(a.name for a in recorded("system"))
DISTRICT_SERIES = frozenset(a.name for a in recorded("district"))
STORED = ("stored_start_kwh", "stored_end_kwh")


@dataclass(frozen=True)
class ScoredDays(Result):
    """A result without its first days: series begin later, batteries are counted from there.

    Sums per vehicle other than stored energy, and plans, stay those of the whole run.
    """

    days_before: int

    @property
    def steps_before(self) -> int:
        """Steps that are left out."""
        return self.days_before * DAY_S // self.step_s

    @property
    def time_s(self) -> Array:
        """[T] seconds since counted 00:00 at the beginning of each step that is kept."""
        return np.asarray(super().time_s[self.steps_before:])

    def system(self, name: str) -> Array:
        """As `Result.system`, from the first scored step on."""
        values = super().system(name)
        return np.asarray(values[self.steps_before:]) if name in SYSTEM_SERIES else values

    def district(self, district: str, name: str) -> Array:
        """As `Result.district`, from the first scored step on."""
        values = super().district(district, name)
        return np.asarray(values[self.steps_before:]) if name in DISTRICT_SERIES else values

    def vehicle(self, district: str, name: str) -> Array:
        """As `Result.vehicle`, but `stored_start_kwh` and `stored_end_kwh` are sums of all cars [1], of these days."""
        if name not in STORED:
            return super().vehicle(district, name)
        if name == "stored_start_kwh" and not self.steps_before:
            return np.asarray(super().vehicle(district, name).sum(keepdims=True))
        step = self.steps_before - 1 if name == "stored_start_kwh" else self.steps_written - 1
        return np.asarray(super().district(district, "stored_kwh")[step:step + 1])
