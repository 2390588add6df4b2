"""What the world brings: load, wind, sun and tariffs, as the scenario's tables say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.finding import Check, holds, same
from audit.prices import prices_usd_per_kwh
from audit.profiles import means, series_of
from audit.registry import rule
from audit.run import SECONDS_PER_HOUR, Run


@rule("8.2", "load_mw", "wind_available_mw", "pv_available_mw")
def profiles(run: Run) -> Iterator[Check]:
    """Load, wind and sun are the means of the scenario's series over each step."""
    known = series_of(run)
    if known is None:
        return
    energy, knots, peak, repeats, first_s = known
    edges_s = run.step_s * np.arange(run.steps + 1.0)
    rows = means(energy, knots, edges_s, repeats, first_s)
    for name, right in zip(("load_mw", "wind_available_mw", "pv_available_mw"), rows, strict=True):
        yield same(name, run(name), right, "MW", absolute=1e-7)
    if run.schema >= 2:
        yield same("load_peak_mw", float(run.attributes["load_peak_mw"]), peak, "MW", axis="run")


@rule("3.17", "price_charge_usd_per_kwh", "price_discharge_usd_per_kwh")
def tariff(run: Run) -> Iterator[Check]:
    """Prices are those of the scenario's tariff in the hour of the step."""
    hours = -(-run.steps * run.step_s // SECONDS_PER_HOUR)
    both = prices_usd_per_kwh(run, 0, hours) if hours else None
    if both is None:
        return
    at = run.time_s // SECONDS_PER_HOUR
    for name, right in zip(("price_charge_usd_per_kwh", "price_discharge_usd_per_kwh"), both, strict=True):
        yield same(name, run(name), right[at], "USD/kWh")


@rule("2.1", "time")
def time_axis(run: Run) -> Iterator[Check]:
    """Steps follow each other from the first counted midnight, and the run came to its end."""
    yield same("time", run.axes["time"][:run.steps], run.time_s, "s")
    yield holds(f"status {run.attributes['status']}, {run.steps} of {run.attributes['steps_total']} steps",
                run.attributes["status"] == "completed" and run.steps == int(run.attributes["steps_total"]),
                axis="run")
    days = int(run.scenario["days"])
    yield same("counted steps", int(run.attributes["steps_total"]), days * 86_400 // run.step_s, "steps", axis="run")
    yield same("seconds of a step", run.step_s, int(run.scenario["step_s"]), "s", axis="run")
