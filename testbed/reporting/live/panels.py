"""What the live page draws over time, and what it tells in words, of a result as far as it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from testbed.metrics.inputs import equivalent_load_mw, networks
from testbed.reporting.feeder_view import clock
from testbed.results.layout import NOT_WRITTEN, Array
from testbed.results.reading import Result


@dataclass(frozen=True)
class LivePanel:
    """Lines over time that share an axis."""

    name: str
    title: str
    unit: str
    lines: Callable[[Result], dict[str, Array]]
    """[T] each, as many as the file has steps."""


def _load(result: Result) -> dict[str, Array]:
    return {"load without cars": result.system("load_mw"), "what units see": equivalent_load_mw(result)}


def _cars(result: Result) -> dict[str, Array]:
    return {"charging": _summed(result, "charge_kw") / 1000, "giving back": -_summed(result, "discharge_kw") / 1000}


def _ports(result: Result) -> dict[str, Array]:
    return {"plugged in": _summed(result, "plugged_count"), "waiting for a port": _summed(result, "queue_count")}


def _voltage(result: Result) -> dict[str, Array]:
    return {f"lowest in {name}": np.fmin.reduce(result.district(name, "vm_pu"), axis=1) for name in networks(result)}


def _units(result: Result) -> dict[str, Array]:
    return {"units on": result.system("committed").sum(axis=1)}


def _prices(result: Result) -> dict[str, Array]:
    return {"one more MWh of load": result.system("marginal_price_usd_per_mwh"),
            "tariff, charging": 1000 * result.system("price_charge_usd_per_kwh")}


def _refusals(result: Result) -> dict[str, Array]:
    """By reason; the first code is a car that did as told."""
    names = [str(name).replace("_", " ") for name in result.district(result.districts[0], "reason")][1:]
    counts = np.sum([result.district(name, "refusals") for name in result.districts], axis=0)[:, 1:]
    return dict(zip(names, counts.T, strict=True))


LIVE_PANELS = (
    LivePanel("load", "Load", "power [MW]", _load), LivePanel("cars", "Cars", "power [MW]", _cars),
    LivePanel("ports", "Cars at ports", "cars [1]", _ports), LivePanel("voltage", "Lowest voltage", "voltage [pu]",
                                                                      _voltage),
    LivePanel("units", "Thermal units", "units [1]", _units),
    LivePanel("prices", "Prices", "price [USD/MWh]", _prices),
    LivePanel("refusals", "Cars that did not do as told", "cars [1]", _refusals),
)


def lines_of(result: Result) -> dict[str, dict[str, Array]]:
    """Every panel's lines by name; panels without one are left out."""
    return {panel.name: lines for panel in LIVE_PANELS if (lines := panel.lines(result))}


def _summed(result: Result, name: str) -> Array:
    """[T] over districts and groups."""
    values = [np.asarray(result.district(district, name), dtype=float) for district in result.districts]
    return np.asarray(np.sum([value.reshape(len(value), -1).sum(axis=1) for value in values], axis=0))


# ---------------------------------------------------------------- events
def events(result: Result, first: int) -> list[tuple[str, str]]:
    """(clock, what happened) of the steps from `first` on, in their order; at most what begins in each step."""
    time_s = result.time_s
    told = [(step, text) for step, text in _all_events(result) if step >= first]
    return [(clock(int(time_s[step])), text) for step, text in sorted(told)]


def _all_events(result: Result) -> Iterator[tuple[int, str]]:
    yield from _plans(result)
    yield from _of_units(result)
    yield from ((step, f"{value:.1f} MW of load not served") for step, value in _begins(result.system("shed_mw") > 0,
                                                                                        result.system("shed_mw")))
    yield from ((step, "no re-dispatch was found; the plan stands")
                for step, _ in _begins(result.system("redispatch_failed") > 0))
    for district in result.districts:
        short = result.district(district, "departures_short")
        yield from ((int(step), f"{district}: {short[step]:.0f} cars left short of what was wanted")
                    for step in np.flatnonzero(short > 0))
    for district, limits in _limits(result).items():
        yield from _of_feeder(result, district, *limits)


def _plans(result: Result) -> Iterator[tuple[int, str]]:
    times = result.system("plan/time_s")
    steps = {int(time): step for step, time in enumerate(result.time_s.tolist())}
    yield from ((steps[int(time)], "a plan is made") for time in times[times != NOT_WRITTEN] if int(time) in steps)


def _of_units(result: Result) -> Iterator[tuple[int, str]]:
    changes = np.diff(result.system("committed").astype(int), axis=0)
    for step, unit in zip(*np.nonzero(changes), strict=True):
        yield int(step) + 1, f"{result.unit_names[unit]} goes {'on' if changes[step, unit] > 0 else 'off'}"


def _of_feeder(result: Result, district: str, low: float, high: float) -> Iterator[tuple[int, str]]:
    voltage, labels = result.district(district, "vm_pu"), result.bus_labels(district)
    for is_out, extreme, words in ((np.fmin.reduce(voltage, axis=1) < low, np.argmin, f"below {low:g}"),
                                   (np.fmax.reduce(voltage, axis=1) > high, np.argmax, f"above {high:g}")):
        for step, _ in _begins(is_out):
            bus = int(extreme(np.nan_to_num(voltage[step], nan=1.0)))
            yield step, f"{district}: voltage {words} pu, {voltage[step, bus]:.4f} at bus {labels[bus]}"
    yield from ((step, f"{district}: the feeder's problem fell back to its rule")
                for step, _ in _begins(result.district(district, "spatial_fallback") > 0))


def _limits(result: Result) -> Mapping[str, tuple[float, float]]:
    """Of each district with a network."""
    by_name = {district["name"]: district for district in result.scenario["districts"]}
    return {name: (by_name[name]["v_min_pu"], by_name[name]["v_max_pu"]) for name in networks(result)}


def _begins(is_so: Array, values: Array | None = None) -> Iterator[tuple[int, float]]:
    """Steps [T] in which something begins that was not so in the step before, with the value there."""
    for step in np.flatnonzero(np.diff(is_so.astype(int), prepend=0) > 0):
        yield int(step), 0.0 if values is None else float(values[step])
