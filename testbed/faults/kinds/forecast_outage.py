"""No new forecasts of load, wind and sun, of the system or of buses."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats
from testbed.faults.kind import FaultKind
from testbed.faults.placed import Injection, Placed, Words, changed
from testbed.faults.upper import HOURS_PER_DAY, hours_again


class Kept(Injection):
    """The last forecast that came, with the hours that have passed since gone; new ones are not heard."""

    datum = "forecast"

    def __init__(self, fault: Placed) -> None:
        super().__init__(fault)
        self.last: dict[str, tuple[Any, int]] = {}
        """By entity: what came, and when."""

    def hear(self, now_s: int, heard: Words) -> Words:
        """See Injection."""
        for entity in [name for name in heard if self.datum in heard[name]]:
            came = heard[entity][self.datum]
            last = self.last.get(entity)
            if last is None or (not self.fault.is_on(now_s) and came is not last[0]):
                self.last[entity] = came, now_s
            elif self.fault.is_on(now_s):
                passed = (now_s - last[1] // SECONDS_PER_HOUR * SECONDS_PER_HOUR) // SECONDS_PER_HOUR
                heard = changed(heard, entity, **{self.datum: self.aged(last[0], passed)})
        return heard

    def aged(self, forecast: Any, passed_h: int) -> Any:
        """What a forecast says of the hours from so many later on; beyond its end it says what it did a day earlier."""
        hours = forecast.load_mw.size
        older = {}
        for name in (field.name for field in fields(forecast)):
            values = getattr(forecast, name)
            each = max(values.size // hours, 1)
            older[name] = values[hours_again(passed_h * each, values.size, HOURS_PER_DAY * each)]
        return replace(forecast, **older)


class KeptOfBuses(Kept):
    """The same of a district's buses: steps of the present hour, then hours."""

    datum = "bus_load_forecast"

    def aged(self, forecast: Any, passed_h: int) -> Any:
        """See Kept; the present hour's steps are alike, and the last hour stands for those beyond it."""
        if passed_h == 0:
            return forecast
        steps = SECONDS_PER_HOUR // self.fault.step_s
        return replace(forecast, **{name: _later(values, steps, passed_h)
                                    for name, values in forecast.to_arrays().items() if values.size})


def _later(values: Floats, steps: int, passed_h: int) -> Floats:
    hourly = np.concatenate([values[:, :steps].mean(axis=1, keepdims=True), values[:, steps:]], axis=1)
    rows = np.minimum(passed_h + np.arange(hourly.shape[1]), hourly.shape[1] - 1)
    now, later = hourly[:, rows[:1]], hourly[:, rows[1:]]
    return np.concatenate([np.repeat(now, steps, axis=1), later], axis=1)


FAULT = FaultKind(
    "forecast_outage", "no new forecasts of load, wind and sun come, neither of the system nor of buses",
    "operators go on with the last one; beyond its end it says what it did a day earlier (of buses: its last hour)",
    "the next forecast is heard", {"temporal": Kept, "spatial": KeptOfBuses}, decides="forecasts")
