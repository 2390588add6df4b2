"""Faults that a run was given: what they break is named by them, and is no contradiction.

Where a fault is in the world (no wind, a bus without supply) or in what is heard, most rules hold as ever. Those that
cannot are here, by kind of fault; a finding beyond the fault's time or place is a violation as any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from audit.finding import Bools, Check
from audit.run import SECONDS_PER_HOUR, Run

DAY_S = 86_400
FOREVER_S = 2**62
DEAD_CHARGERS = ("limited_of_steps",)
PLANNED_FLOWS = ("ac_of_the_plan", "nodal_prices")
DEAD_LOADS = ("profiles", "loads_of_buses", *PLANNED_FLOWS)
PLAN_MISSED = ("planned_limits", "planned_minimum_times", "planned_ramps", "planned_costs", "planned_objective",
               "planned_price", "planned_balance", "planned_reserve", "expected_objective", "targets_of_plans",
               "price_at_the_substation", "minimum_times", "planned_powers")
FLOW = ("ac_of_what_happened", "ac_of_setpoints", "ac_without_cars", "ac_by_power_grid_model", "limits_of_networks",
        "balance_of_nodes", "currents_of_phases", "unbalance", "rows_of_circuits")
BREAKS: dict[str, tuple[str, ...]] = {
    "lower_layer_silent": ("ac_of_setpoints",), "lower_solver_fails": ("ac_of_setpoints",),
    "setpoints_late": (), "setpoints_dropped": (), "telemetry_stale": (), "measurement_error": (),
    "forecast_outage": PLANNED_FLOWS, "chargers_out": DEAD_CHARGERS, "zone_out": (),
    "upper_layer_silent": PLAN_MISSED, "upper_solver_fails": PLAN_MISSED,
    "line_out": DEAD_LOADS + DEAD_CHARGERS, "phase_out": DEAD_LOADS + DEAD_CHARGERS, "wind_off": ("profiles",),
    "unit_trip": ("commitment", "minimum_times", "emergency_order", "emergency_starts"), "power_flow_diverges": FLOW}
"""Rules that cannot hold while a fault of a kind is there."""
MISSES_PLANS = ("upper_layer_silent", "upper_solver_fails")
"""Kinds after which a missed plan is lacked until the next one."""
FELT_TO_THE_END = ("unit_trip",)
"""Kinds whose traces stay: minimum times of what started for it, or again."""


@dataclass(frozen=True)
class Fault:
    """One fault as the scenario in the file says it."""

    name: str
    """As `faults.2 (line_out)`."""
    kind: str
    district: str
    begin_s: int
    end_s: int
    """Until when it can be felt: a whole hour, and the step in which others answer."""


def faults_of(run: Run) -> tuple[Fault, ...]:
    """In the order of the scenario's list."""
    given = run.scenario.get("faults") or ()
    plan_s = int(run.part("planning")["binding_h"]) * SECONDS_PER_HOUR if given else DAY_S
    return tuple(_fault(i, fault, run.step_s, plan_s) for i, fault in enumerate(given))


def _fault(i: int, given: dict[str, object], step_s: int, plan_s: int) -> Fault:
    kind, midnight_s = str(given["kind"]), (int(str(given.get("day", 1))) - 1) * DAY_S
    begin_s, end_s = (midnight_s + round(float(str(given[key])) * SECONDS_PER_HOUR) for key in ("from_h", "until_h"))
    missed = kind in MISSES_PLANS and -(-begin_s // plan_s) * plan_s < end_s
    whole_s = plan_s if missed else SECONDS_PER_HOUR
    felt_s = FOREVER_S if kind in FELT_TO_THE_END else -(-end_s // whole_s) * whole_s + step_s
    return Fault(f"faults.{i} ({kind})", kind, str(given.get("district") or ""), begin_s, felt_s)


def named(rule: str, check: Check, run: Run, faults: tuple[Fault, ...]) -> Iterator[Check]:
    """The check without what faults explain, then what they do, each named as a note."""
    for fault in sorted(faults, key=lambda fault: fault.end_s - fault.begin_s):  # the nearest cause first
        if rule in BREAKS.get(fault.kind, ()) and _is_of(fault, check, run):
            inside = _inside(fault, check, run)
            yield replace(check, fault=fault.name, is_note=True, excess=_only(inside, check.excess))
            check = replace(check, excess=_only(~inside, check.excess))
    yield check


def _is_of(fault: Fault, check: Check, run: Run) -> bool:
    """Whether the check may be about the fault's district: it names no other one."""
    others = [d.name for d in run.districts if d.name != fault.district] if fault.district else []
    return not any(name in check.what.split(",")[0].split(":")[0].split() for name in others)


def _inside(fault: Fault, check: Check, run: Run) -> Bools:
    """Rows of the check in which the fault is felt; all where rows are no steps."""
    rows = np.shape(check.excess)[0] if np.ndim(check.excess) else 1
    if check.axis != "step" or rows != run.steps:
        return np.ones(rows, dtype=np.bool_)
    return np.asarray((run.time_s >= fault.begin_s) & (run.time_s < fault.end_s))


def _only(rows: Bools, excess: npt.ArrayLike) -> npt.ArrayLike:
    """The excess where these rows are, none elsewhere."""
    values = np.asarray(excess, dtype=np.float64)
    mask = rows[0] if values.ndim == 0 else rows.reshape(-1, *([1] * (values.ndim - 1)))
    return np.where(mask, values, -np.inf)
