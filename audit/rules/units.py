"""Which units run: limits, plan, minimum times, starts, and what they burn and emit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.finding import Check, holds, same, within
from audit.registry import rule
from audit.run import SECONDS_PER_HOUR, Run
from audit.unit_tables import units_of
from audit.units import before_h, limits_mw, planned_on, start_usd


@rule("3.9", "p_mw")
def unit_limits(run: Run) -> Iterator[Check]:
    """A unit's power lies between its least and its most while it is on, and is 0 while it is off (U2, U3)."""
    units, on = units_of(run), run("committed")
    yield within("power of", run("p_mw"), on * units.low_mw, on * units.high_mw, "MW", names=units.names)


@rule("3.10", "p_mw")
def ramps(run: Run) -> Iterator[Check]:
    """A unit's power changes against the hour before by no more than its ramps, and starts no higher than it may."""
    units, on = units_of(run), run("committed")
    low, high = limits_mw(run, units)
    yield within("power against the hour before of", run("p_mw"), on * low, on * high, "MW", names=units.names)


@rule("3.9", "committed", "plan/committed")
def must_run(run: Run) -> Iterator[Check]:
    """Units that must run are on in every step, and in every hour of every plan (U25)."""
    units = units_of(run)
    yield holds("must run:", (run("committed") > 0) | ~units.must_run, names=units.names)
    for index in np.flatnonzero(run.plan["time_s"] >= 0):
        yield holds(f"plan {index}: must run:", (run.plan["committed"][index].T > 0) | ~units.must_run,
                    names=units.names, axis="hour")


@rule("3.9", "committed", "plan/committed", "plan/time_s")
def commitment(run: Run) -> Iterator[Check]:
    """Units run as the plan in force says; beyond it only quick ones (minimum times of an hour) may."""
    units, on, ordered = units_of(run), run("committed") > 0, planned_on(run)
    yield holds("planned but off:", on | ~ordered, names=units.names)
    yield holds("on without a plan:", ~on | ordered | units.is_quick, names=units.names)


@rule("2.3", "plan/time_s")
def plan_times(run: Run) -> Iterator[Check]:
    """Plans begin at the first counted midnight and follow each other by the hours that bind."""
    starts = run.plan["time_s"]
    written = starts[starts >= 0]
    every_s = int(run.part("planning")["binding_h"]) * SECONDS_PER_HOUR
    yield same("begin of", written, np.arange(written.size) * every_s, "s", axis="plan")
    yield holds("a plan for each hour", written.size * every_s >= run.steps * run.step_s, axis="run")


@rule("2.3", "on_before_h", "committed")
def hours_on(run: Run) -> Iterator[Check]:
    """Hours on and off are carried on from step to step; without days under control before, from the units' table."""
    units, hours = units_of(run), before_h(run)
    yield same("hours of", run("on_before_h"), hours[:-1], "h", names=units.names)
    if not int(run.attributes.get("warmup_controlled_days", 0)):
        yield same("first hours", run("on_before_h")[0], units.initial_h, "h")
    yield holds("neither on nor off:", run("on_before_h") != 0, names=units.names)


@rule("3.9", "committed", "on_before_h")
def minimum_times(run: Run) -> Iterator[Check]:
    """Who starts was off for at least MD hours, who stops was on for at least MU hours (U5 to U7)."""
    units, on, before = units_of(run), run("committed") > 0, before_h(run)[:-1]
    starts, stops = on & (before < 0), ~on & (before > 0)
    yield Check("rested too little:", np.where(starts, units.down_h + before, -1.0), 1e-9, "h", units.names)
    yield Check("ran too little:", np.where(stops, units.up_h - before, -1.0), 1e-9, "h", units.names)


@rule("2.4", "startup_cost_usd", "unit_starts", "committed", "on_before_h")
def startups(run: Run) -> Iterator[Check]:
    """A start costs what its category does by the hours off before it (of the ten units: hot for at most MD + CSH,
    else cold); starts are counted."""
    units, on, before = units_of(run), run("committed") > 0, before_h(run)[:-1]
    yield same("start-ups", run("startup_cost_usd"), start_usd(units, on, before).sum(axis=1), "USD")
    yield same("starts", run("unit_starts"), (on & (before < 0)).sum(axis=1), "")


@rule("5.6", "emergency_starts")
def emergency_starts(run: Run) -> Iterator[Check]:
    """Starts outside the plan are counted, and happen in the step after one in which load was shed."""
    on, before, ordered = run("committed") > 0, before_h(run)[:-1], planned_on(run)
    outside = (on & ~ordered & (before < 0)).sum(axis=1)
    yield same("starts outside the plan", run("emergency_starts"), outside, "")
    yield holds("load shed before it", (outside[1:] == 0) | (run("shed_mw")[:-1] > 0))


@rule("5.6", "emergency_starts", "committed")
def emergency_order(run: Run) -> Iterator[Check]:
    """Load shed in a step brings quick units that rest for an hour or more in the next, cheapest at full load first,
    until the gap is covered."""
    units, on, before, ordered = units_of(run), run("committed") > 0, before_h(run)[:-1], planned_on(run)
    full = units.fuel_usd_per_h(units.high_mw, 1.0) / units.high_mw
    met = run("p_mw").sum(axis=1) + run("shed_mw") - run("dump_mw")
    wrong = np.zeros(run.steps)
    for t in np.flatnonzero(run("shed_mw")[:-1] > 0) + 1:
        begun = on[t] & ~ordered[t] & (before[t] < 0)
        gap = met[t - 1] - units.high_mw[on[t] & ~begun].sum()
        ready = np.flatnonzero(units.is_quick & ~ordered[t] & (before[t] <= -1.0))
        chosen = np.zeros_like(begun)
        for i in ready[np.argsort(full[ready], kind="stable")]:
            if gap <= 1e-9:
                break
            chosen[i], gap = True, gap - units.high_mw[i]
        wrong[t] = (chosen != begun).sum()
    yield Check("units that should (not) have started", wrong, 0.0, "units")


@rule("2.4", "fuel_cost_usd", "carbon_t", "p_mw")
def fuel_and_carbon(run: Run) -> Iterator[Check]:
    """Fuel is a + b P + c P^2, or on the line between points, emissions are alpha + beta P + gamma P^2, of units
    that are on."""
    units, p, on = units_of(run), run("p_mw"), run("committed")
    yield same("fuel", run("fuel_cost_usd"), units.fuel_usd_per_h(p, on).sum(axis=1) * run.step_h, "USD")
    yield same("emissions", run("carbon_t"), units.tons_per_h(p, on).sum(axis=1) * run.step_h, "t")


@rule("8.1", "unit names")
def unit_names(run: Run) -> Iterator[Check]:
    """The file's units are those of the scenario."""
    yield holds("units", tuple(map(str, run.axes["unit"])) == units_of(run).names, axis="run")
