"""What the world brings: load, wind, sun and tariffs, as the scenario's tables say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.finding import Check, holds, not_judged, same
from audit.prices import paid_usd_per_kwh
from audit.profiles import series_of, told_of
from audit.registry import rule
from audit.run import Run

RECORDED = ("load_mw", "wind_available_mw", "pv_available_mw", "must_take_mw")
FORECASTS = ("load_forecast_mw", "wind_forecast_mw", "pv_forecast_mw")


@rule("8.2", *RECORDED)
def profiles(run: Run) -> Iterator[Check]:
    """Load, wind, sun and what of them must be taken are the means of the scenario's series over each step."""
    known = series_of(run)
    if known is None:
        return
    rows = known.means(run.step_s * np.arange(run.steps + 1.0))
    for name, right in zip(RECORDED, rows, strict=True):
        if teller := run.told_by(name):
            yield not_judged(name, teller)
        elif name in run.arrays:
            yield same(name, run(name), right, "MW", absolute=1e-7)
    if run.schema >= 2:
        yield same("load_peak_mw", float(run.attributes["load_peak_mw"]), known.peak_mw, "MW", axis="run")


@rule("8.2", *FORECASTS)
def forecasts(run: Run) -> Iterator[Check]:
    """Plans were made on what the scenario's series say that operators are told; judged where no error is drawn."""
    told = told_of(run)
    if told is None or FORECASTS[0] not in run.arrays:
        return
    rows = told.means(run.step_s * np.arange(run.steps + 1.0))
    for name, right in zip(FORECASTS, rows, strict=False):  # of what must be taken no forecast is written
        yield same(name, run(name), right, "MW", absolute=1e-7)


@rule("3.17", "price_charge_usd_per_kwh", "price_discharge_usd_per_kwh")
def tariff(run: Run) -> Iterator[Check]:
    """Prices are those of the scenario's tariff in the hour of the step, or means of its own table over the step."""
    both = paid_usd_per_kwh(run)
    if both is None:
        return
    for name, right in zip(("price_charge_usd_per_kwh", "price_discharge_usd_per_kwh"), both, strict=True):
        yield same(name, run(name), right, "USD/kWh")


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
