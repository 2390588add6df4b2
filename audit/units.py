"""The thermal units of a scenario, read from their table, and what their curves say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audit.finding import AuditError, Floats
from audit.run import SECONDS_PER_HOUR, Run
from audit.tables import MODEL_DATA, columns, numbers

UNITS, RAMPS = MODEL_DATA / "ten_units.csv", MODEL_DATA / "ten_unit_ramps.csv"


@dataclass(frozen=True)
class Units:
    """Arrays [U], for all copies, at the scenario's scale."""

    names: tuple[str, ...]
    low_mw: Floats
    high_mw: Floats
    a: Floats
    b: Floats
    c: Floats
    alpha: Floats
    beta: Floats
    gamma: Floats
    up_h: Floats
    down_h: Floats
    hot_usd: Floats
    cold_usd: Floats
    cold_h: Floats
    initial_h: Floats
    ramp_up: Floats
    ramp_down: Floats
    start_mw: Floats

    def fuel_usd_per_h(self, p_mw: Floats, on: Any) -> Floats:
        """a u + b P + c P^2 while on (docs/model.md 2.4)."""
        return np.asarray((self.a + self.b * p_mw + self.c * p_mw**2) * on)

    def tons_per_h(self, p_mw: Floats, on: Any) -> Floats:
        """alpha u + beta P + gamma P^2 while on."""
        return np.asarray((self.alpha + self.beta * p_mw + self.gamma * p_mw**2) * on)

    @cached_property
    def is_quick(self) -> Any:
        """[U] may start outside the plan."""
        return (self.up_h == 1) & (self.down_h == 1)


def units_of(run: Run) -> Units:
    """The ten units, each as often and as large as the scenario says; costs per MWh at equal loading stay."""
    system = run.part("system")
    if system.get("units") != "ten_units":
        raise AuditError(f"system.units={system.get('units')!r}: the audit knows ten_units alone")
    copies, scale = int(system["unit_copies"]), float(system["unit_scale"])

    def of(name: str, power: int = 0, path: Any = UNITS) -> Floats:
        return np.tile(numbers(path, name)[0], copies) * scale**power

    size = np.full(of("p_max_mw").size, np.inf)
    has_ramps, is_linear = system["ramps"] == "ten_unit", system["emissions"] == "linear"
    up, down, start = (of(name, 1, RAMPS) if has_ramps else size
                       for name in ("ramp_up_mw_per_h", "ramp_down_mw_per_h", "p_startup_max_mw"))
    none = np.zeros(size.size)
    names = columns(UNITS)["unit"]
    return Units(
        names=tuple(names if copies == 1 else [f"{name}.{k + 1}" for k in range(copies) for name in names]),
        low_mw=of("p_min_mw", 1), high_mw=of("p_max_mw", 1), a=of("cost_a_usd_per_h", 1), b=of("cost_b_usd_per_mwh"),
        c=of("cost_c_usd_per_mw2h", -1), alpha=none if is_linear else of("quadratic_alpha_t_per_h", 1),
        beta=of("linear_t_per_mwh" if is_linear else "quadratic_beta_t_per_mwh"),
        gamma=none if is_linear else of("quadratic_gamma_t_per_mw2h", -1), up_h=of("min_up_h"), down_h=of("min_down_h"),
        hot_usd=of("start_hot_usd", 1), cold_usd=of("start_cold_usd", 1), cold_h=of("cold_start_h"),
        initial_h=of("initial_h"), ramp_up=up, ramp_down=down, start_mw=start)


def before_h(run: Run) -> Floats:
    """[T + 1, U] hours on (+) or off (-) as each step begins and as the last ends, carried on from the first."""
    on = run("committed") > 0
    hours = np.zeros((run.steps + 1, on.shape[1]))
    if not run.steps:
        return hours
    hours[0] = run("on_before_h")[0]
    for t in range(run.steps):
        same = (hours[t] > 0) == on[t]
        hours[t + 1] = np.where(on[t], 1.0, -1.0) * (np.where(same, np.abs(hours[t]), 0.0) + run.step_h)
    return hours


def planned_on(run: Run) -> Any:
    """[T, U] what the plans in force order."""
    ordered = np.zeros(run("committed").shape, dtype=np.bool_)
    starts = run.plan["time_s"]
    written = np.flatnonzero(starts >= 0)
    ends = [*starts[written[1:]], np.iinfo(np.int64).max]
    for index, end_s in zip(written, ends, strict=True):
        rows = np.flatnonzero((run.time_s >= starts[index]) & (run.time_s < end_s))
        lead = (run.time_s[rows] - starts[index]) // SECONDS_PER_HOUR
        if lead.size and lead.max() >= run.plan["committed"].shape[2]:
            raise AuditError(f"plan {index} ends before the next begins")
        ordered[rows] = run.plan["committed"][index].T[lead] > 0
    return ordered


def start_usd(units: Units, on: Any, rested_h: Floats) -> Floats:
    """[...] of each start: hot if the unit was off for at most MD + CSH hours, else cold; 0 where none starts."""
    hot = -rested_h <= units.down_h + units.cold_h + 1e-9
    return np.where((np.asarray(on) > 0) & (rested_h < 0), np.where(hot, units.hot_usd, units.cold_usd), 0.0)
