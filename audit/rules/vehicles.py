"""Each car over the whole run: its sums, its charger, its battery, what it paid and wore."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.cars import (
    FAST_ON_THE_WAY_ETA,
    by_class,
    charge_max_kw,
    of_kind,
    wear_price_usd_per_kwh,
)
from audit.finding import Check, holds, same, within
from audit.registry import rule
from audit.run import Run

SUMS = {"charged_kwh": "kWh", "discharged_kwh": "kWh", "fast_charged_kwh": "kWh", "fast_charged_usd": "USD",
        "driven_kwh": "kWh", "lost_kwh": "kWh", "infeasible_request_kwh": "kWh", "tariff_usd": "USD",
        "wear_usd": "USD"}


@rule("2.3", *(f"vehicle_{name}" for name in SUMS), *SUMS, "vehicle_departure_short_kwh", "departures_short_kwh",
      "vehicle_departures_short", "departures_short")
def sums_of_vehicles(run: Run) -> Iterator[Check]:
    """Sums per car add up to the district's series over counted time."""
    for d in run.districts if run.has_totals else ():
        pairs = [(name, name, unit) for name, unit in SUMS.items()]
        for mine, series, unit in (*pairs, ("departure_short_kwh", "departures_short_kwh", "kWh")):
            yield same(f"{d.name}: {series} of all cars", d(f"vehicle_{mine}").sum(), d(series).sum(), unit)
        if run.schema >= 2:
            count = d("vehicle_departures_short")
            yield same(f"{d.name}: short departures of all cars", count.sum(), d("departures_short").sum(), "")
            yield holds(f"{d.name}: short, yet with nothing missing, vehicle",
                        (count > 0) == (d("vehicle_departure_short_kwh") > 0), axis="vehicle")


@rule("5.3", "vehicle_stored_kwh", "vehicle_drawn_kwh", "vehicle_lost_kwh", "vehicle_stored_end_kwh",
      "vehicle_stored_start_kwh")
def energy_of_vehicles(run: Run) -> Iterator[Check]:
    """A car's battery gains what is stored and fast-charged less what is drawn and driven; the rest is lost."""
    for d in run.districts if run.has_totals else ():
        v = {name: d(f"vehicle_{name}_kwh") for name in (
            "stored", "drawn", "fast_charged", "driven", "charged", "discharged", "lost", "stored_start", "stored_end")}
        gain = v["stored"] - v["drawn"] + FAST_ON_THE_WAY_ETA * v["fast_charged"] - v["driven"]
        yield same(f"{d.name}: energy gained by vehicle", v["stored_end"] - v["stored_start"], gain, "kWh",
                   axis="vehicle", absolute=1e-6)
        lost = (v["charged"] - v["stored"] + v["drawn"] - v["discharged"]
                + (1 - FAST_ON_THE_WAY_ETA) * v["fast_charged"])
        yield same(f"{d.name}: energy lost by vehicle", v["lost"], lost, "kWh", axis="vehicle", absolute=1e-6)


@rule("5.3", "vehicle_stored_kwh", "vehicle_drawn_kwh")
def efficiency_of_vehicles(run: Run) -> Iterator[Check]:
    """What comes into a battery, and what leaves it, is what its charger's efficiency makes of it."""
    for d in run.districts if run.has_totals else ():
        low, high = (of_kind(run, d.car_kind, "charge", end) for end in (0, 1))
        charged, discharged = d("vehicle_charged_kwh"), d("vehicle_discharged_kwh")
        yield within(f"{d.name}: stored by vehicle", d("vehicle_stored_kwh"), low * charged, high * charged, "kWh",
                     axis="vehicle", absolute=1e-6)
        low, high = (of_kind(run, d.car_kind, "discharge", end) for end in (0, 1))
        yield within(f"{d.name}: drawn by vehicle", d("vehicle_drawn_kwh"), discharged / high, discharged / low,
                     "kWh", axis="vehicle", absolute=1e-6)


@rule("5.3", "vehicle_capacity_kwh", "vehicle_stored_start_kwh", "vehicle_stored_end_kwh")
def batteries(run: Run) -> Iterator[Check]:
    """Batteries are as large as the scenario says and stay between their least and their most, or where they began."""
    fleet = run.part("fleet")
    for d in run.districts if run.has_totals else ():
        size, begin, end = (d(f"vehicle_{name}_kwh") for name in ("capacity", "stored_start", "stored_end"))
        yield within(f"{d.name}: capacity of vehicle", size, *by_class(d, "capacity_kwh"), "kWh", axis="vehicle")
        least, most = float(fleet["soc_min"]) * size, float(fleet["soc_max"]) * size
        yield within(f"{d.name}: stored at first in vehicle", begin, 0.0, size, "kWh", axis="vehicle")
        yield within(f"{d.name}: stored at last in vehicle", end, np.minimum(least, begin), np.maximum(most, begin),
                     "kWh", axis="vehicle")


@rule("5.3", "soc_count", "stored_kwh")
def batteries_counted(run: Run) -> Iterator[Check]:
    """Each car's state of charge is counted once, in its class; together the counted batteries hold what is stored."""
    for d in run.districts:
        if not run.has_totals or "soc_count" not in d.arrays:
            continue
        counts, kind, size = d("soc_count"), d("vehicle_class_index"), d("vehicle_capacity_kwh")
        names, low_kwh, high_kwh = tuple(c.name for c in d.classes.classes), 0.0, 0.0
        cars = np.array([(kind == k).sum() for k in range(len(names))])
        yield same(f"{d.name}: batteries of", counts.sum(axis=2), cars, "cars", names=names)
        lower, bands = d.axes["soc_band"], counts.shape[2]
        for k in range(len(names)):
            mine = size[kind == k] if (kind == k).any() else np.zeros(1)
            low_kwh = low_kwh + counts[:, k] @ lower * mine.min()
            high_kwh = high_kwh + counts[:, k] @ (lower + 1 / bands) * mine.max()
        yield within(f"{d.name}: stored in counted batteries", d("stored_kwh"), low_kwh, high_kwh, "kWh", absolute=1e-3)


@rule("6.1", "vehicle_class_index", "vehicle_is_enrolled", "vehicle_is_bidirectional", "vehicle_p_discharge_max_kw")
def who_they_are(run: Run) -> Iterator[Check]:
    """There are as many cars of each class as the scenario says, with chargers and contracts as it says."""
    fleet = run.part("fleet")
    # under a controller without cars no district has any, whatever the scenario says
    has_cars = run.has_totals and any(d("vehicle_class_index").size for d in run.districts)
    for d in run.districts if run.has_totals else ():
        kind = d("vehicle_class_index")
        for index, c in enumerate(d.classes.classes):
            mine = kind == index
            if has_cars and not d.has_given_cars:
                yield same(f"{d.name}: {c.name} cars", mine.sum(), c.count(d.scenario), "cars")
            share = c.bidirectional_share
            if share in (0.0, 1.0) and not d.has_given_cars:
                yield same(f"{d.name}: bidirectional {c.name} cars", d("vehicle_is_bidirectional")[mine], share, "",
                           axis="vehicle")
            # who answers to nobody has no contract
            share = 0.0 if c.is_free(d.scenario) else c.enrolled_share
            if share in (0.0, 1.0):
                yield same(f"{d.name}: enrolled {c.name} cars", d("vehicle_is_enrolled")[mine], share, "",
                           axis="vehicle")
        youngest, oldest = (0.0, np.inf) if d.has_given_cars else np.broadcast_to(fleet["age_years"], 2)
        yield within(f"{d.name}: age of vehicle", d("vehicle_age_years"), youngest, oldest, "a", axis="vehicle")
        if run.schema >= 2:
            yield from _chargers(run, d.index)


def _chargers(run: Run, index: int) -> Iterator[Check]:
    d = run.districts[index]
    low, high = by_class(d, "charger_kw")
    two_way = d("vehicle_is_bidirectional") > 0
    yield within(f"{d.name}: discharging power of vehicle", d("vehicle_p_discharge_max_kw"),
                 np.where(two_way, low, 0.0), np.where(two_way, high, 0.0), "kW", axis="vehicle")
    for way, most in (("charge", charge_max_kw(d)), ("discharge", d("vehicle_p_discharge_max_kw"))):
        yield Check(f"{d.name}: {way}d beyond its charger and its hours by vehicle",
                    d(f"vehicle_{way}d_kwh") - most * d("vehicle_plugged_h"), 1e-6, "kWh", axis="vehicle")


@rule("2.4", "vehicle_fast_charged_usd", "vehicle_wear_usd", "vehicle_tariff_usd")
def money_of_vehicles(run: Run) -> Iterator[Check]:
    """A car pays fast charging at its price, wears at the price of its class, and pays tariffs within their range."""
    price = float(run.part("fleet")["fast_charge_usd_per_kwh"])
    pays, earns = run("price_charge_usd_per_kwh"), run("price_discharge_usd_per_kwh")
    for d in run.districts if run.has_totals else ():
        yield same(f"{d.name}: fast charging of vehicle", d("vehicle_fast_charged_usd"),
                   d("vehicle_fast_charged_kwh") * price, "USD", axis="vehicle")
        charged, discharged = d("vehicle_charged_kwh"), d("vehicle_discharged_kwh")
        yield within(f"{d.name}: tariff of vehicle", d("vehicle_tariff_usd"),
                     charged * pays.min() - discharged * earns.max(), charged * pays.max() - discharged * earns.min(),
                     "USD", axis="vehicle")
        yield from _wear(run, d.index)


def _wear(run: Run, index: int) -> Iterator[Check]:
    """At the scenario's price, or at one and the same for all cars of a class."""
    d, price = run.districts[index], wear_price_usd_per_kwh(run)
    drawn, wear = d("vehicle_drawn_kwh"), d("vehicle_wear_usd")
    for kind, c in enumerate(d.classes.classes):
        mine = d("vehicle_class_index") == kind
        total = float(drawn[mine].sum())
        of_class = price if price is not None else float(wear[mine].sum()) / total if total > 0 else 0.0
        yield same(f"{d.name}: wear of {c.name} car", wear[mine], drawn[mine] * of_class, "USD",
                   axis="vehicle")


@rule("6.1", "vehicle_plugged_h")
def plugged_hours(run: Run) -> Iterator[Check]:
    """Nobody is plugged in for longer than the run lasts, and who charges is."""
    for d in run.districts if run.has_totals else ():
        hours = d("vehicle_plugged_h")
        yield within(f"{d.name}: plugged in, vehicle", hours, 0.0, run.steps * run.step_h, "h", axis="vehicle")
        moved = d("vehicle_charged_kwh") + d("vehicle_discharged_kwh") > 0
        yield holds(f"{d.name}: charged without being plugged in, vehicle", ~moved | (hours > 0), axis="vehicle")
