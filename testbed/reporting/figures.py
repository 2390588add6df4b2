"""The figures of the report, from results: one function each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.records.arrays import Floats, Ints
from models.records.groups import VEHICLE_CLASSES, ZONES, by_zone_class_way
from testbed.metrics.comparability import base_controller
from testbed.metrics.inputs import equivalent_load_mw, networks, units_on_per_hour
from testbed.metrics.of_runs import compute_metrics
from testbed.reporting.charts import (
    PART_COLOURS,
    REFERENCE_COLOUR,
    Chart,
    LegendEntry,
    Line,
    Panel,
    Part,
    area_traces,
    bar_chart,
    heat_trace,
    line_chart,
    panel_chart,
)
from testbed.reporting.feeder import nodal_price_charts
from testbed.results.layout import Array
from testbed.results.reading import Result

HEAT_COLUMNS = 200
"""Heat maps of longer runs show hours instead of steps."""
COSTS = (("fuel", "fuel_cost_usd"), ("start-ups", "startup_cost_usd"), ("carbon", "carbon_cost_usd"),
         ("wear", "wear_cost_usd"), ("imbalance", "imbalance_cost_usd"),
         ("fast charging", "fast_charge_cost_usd"), ("curtailment penalty", "curtailment_penalty_usd"),
         ("tariff payments", "tariff_payments_usd"))
"""Items of the ledgers and the objectives; the penalty is in no ledger, the last is a transfer."""


@dataclass(frozen=True)
class Run:
    """One controller in the figures."""

    name: str
    colour: str
    dash: str
    result: Result

    @property
    def hours(self) -> Floats:
        return np.asarray(self.result.time_s / 3600)


def _with_end(run: Run, values: Array) -> tuple[Array, Array]:
    """Step means as a step line that reaches the end of its last step."""
    return np.append(run.hours, run.hours[-1] + run.result.step_h), np.append(values, values[-1])


def _lines(runs: Sequence[Run], values: Callable[[Run], Array]) -> list[Line]:
    return [Line(run.name, *_with_end(run, values(run)), run.colour, run.dash, width)
            for run, width in zip(runs, _widths(len(runs)), strict=True)]


def _widths(count: int) -> Floats:
    """Earlier lines are wider, so that they show under later ones that cover them."""
    return np.linspace(min(1.6 + 0.8 * (count - 1), 5.0), 1.6, count)


def _last_hour(runs: Sequence[Run]) -> float:
    return max(float(run.hours[-1]) + run.result.step_h for run in runs)


# ---------------------------------------------------------------- system
def equivalent_load(runs: Sequence[Run]) -> Chart:
    """Load + PEV + change of feeder losses - wind and PV used."""
    base = runs[0]
    lines = [Line("load without cars", *_with_end(base, base.result.system("load_mw")), REFERENCE_COLOUR, "dot")]
    return line_chart("What the thermal units see", "Load + cars + change of feeder losses - wind used - PV used.",
                      "power [MW]", lines + _lines(runs, lambda r: equivalent_load_mw(r.result)))


def _base_and_others(runs: Sequence[Run]) -> tuple[Run, list[Run]]:
    """The run that differences are from, as in the tables, and the rest."""
    name = base_controller(run.result.controller for run in runs)
    base = next(run for run in runs if run.result.controller == name)
    return base, [run for run in runs if run is not base]


def load_differences(runs: Sequence[Run]) -> Chart:
    """The same less the base controller's: what control changes, however small beside the load."""
    against, others = _base_and_others(runs)
    base = equivalent_load_mw(against.result)
    lines = _lines(others, lambda r: _less(equivalent_load_mw(r.result), base))
    return line_chart(f"Equivalent load: difference from {against.name}", "Above zero: the thermal units have more to "
                      f"serve than under {against.name}.", "power [MW]", lines)


def _less(values: Array, base: Array) -> Array:
    """Differences over the steps that both have."""
    shared = min(values.size, base.size)
    return np.concatenate([values[:shared] - base[:shared], np.full(values.size - shared, np.nan)])


def units_on(runs: Sequence[Run]) -> Chart:
    """Units on per hour against the no-car reference."""
    lines = []
    reference = next((r.result.reference for r in runs if r.result.reference is not None), None)
    if reference is not None:
        on = reference.committed.sum(axis=1)
        lines = [Line("reference without cars", np.arange(on.size + 1), np.append(on, on[-1]),
                      REFERENCE_COLOUR, "dot", 3)]
    for run, width in zip(runs, _widths(len(runs)), strict=True):
        on = units_on_per_hour(run.result)
        lines.append(Line(run.name, np.arange(on.size + 1), np.append(on, on[-1]), run.colour, run.dash, width))
    whole = {"rangemode": "tozero", "tickformat": "d", "nticks": 6}
    against = f" The reference is {reference.name}." if reference is not None else ""
    return line_chart("Units on", f"Most units on in any step of the hour.{against}", "thermal units on [1]", lines,
                      y_axis=whole)


def commitment(runs: Sequence[Run]) -> Chart:
    """Power of each unit; blank where off."""
    panels = []
    for run in runs:
        p_mw = np.where(run.result.system("committed") > 0, run.result.system("p_mw"), np.nan)
        hours, values = _thin(run, p_mw, np.fmax)
        panels.append(Panel(run.name, [heat_trace(hours, run.result.unit_names, values.T, "MW")]))
    rows = len(runs[0].result.unit_names)
    return panel_chart("Commitment", "Power of each thermal unit; blank where it is off.", "", panels,
                       _last_hour(runs), {"autorange": "reversed", "type": "category"}, "power [MW]", 40 + 13 * rows)


def _thin(run: Run, values: Array, extreme: np.ufunc) -> tuple[Array, Array]:
    """Columns of a heat map [T, rows], at their middle: steps, or the hours' extremes in long runs."""
    if values.shape[0] <= HEAT_COLUMNS:
        return run.hours + run.result.step_h / 2, values
    hour = (run.result.time_s // 3600).astype(int)
    starts = np.flatnonzero(np.diff(hour, prepend=hour[0] - 1))
    return hour[starts] + 0.5, extreme.reduceat(values, starts, axis=0)


def prices(runs: Sequence[Run]) -> Chart:
    """Marginal price of the system, and what owners pay and earn."""
    base = runs[0]
    tariff = [Line(name, *_with_end(base, base.result.system(f"price_{key}_usd_per_kwh") * 1000), colour, dash)
              for name, key, colour, dash in (("tariff, charging", "charge", REFERENCE_COLOUR, "solid"),
                                              ("tariff, discharging", "discharge", REFERENCE_COLOUR, "dash"))]
    marginal = _lines(runs, lambda r: r.result.system("marginal_price_usd_per_mwh"))
    return line_chart("Prices", "Marginal price of the system by controller, and the tariff that owners see.",
                      "price [USD/MWh]", tariff + marginal)


# ---------------------------------------------------------------- cars
def cars_by(runs: Sequence[Run], axis: str, districts: Sequence[str], unit: str) -> Chart:
    """Charging (up) and discharging (down) by `zone` or `class`, summed over districts, in kW or MW."""
    names = ZONES if axis == "zone" else VEHICLE_CLASSES
    colours = PART_COLOURS[:3] if axis == "zone" else PART_COLOURS[3:6]
    factor = 1000 if unit == "MW" else 1
    panels = []
    for i, run in enumerate(runs):
        up, down = (np.sum([_by(run.result.district(d, name), axis) for d in districts], axis=0) / factor
                    for name in ("charge_kw", "discharge_kw"))
        parts = [Part(name, up[:, k], -down[:, k]) for k, name in enumerate(names)]
        panels.append(Panel(run.name, area_traces(run.hours, parts, i, colours)))
    legend = tuple(LegendEntry(name, colour) for name, colour in zip(names, colours, strict=True))
    return panel_chart(f"Charging and discharging by {axis}: {', '.join(districts)}",
                       "Above zero charging, below zero discharging, stacked.", f"power [{unit}]", panels,
                       _last_hour(runs), legend=legend)


def _by(per_group: Array, axis: str) -> Floats:
    """[T, group] -> [T, zone] or [T, class]."""
    return np.asarray(by_zone_class_way(per_group).sum(axis=(2, 3) if axis == "zone" else (1, 3)))


def refusals(runs: Sequence[Run]) -> Chart:
    """Vehicle-steps in which a car did not do as told, by reason."""
    reasons = [str(r) for r in runs[0].result.district(runs[0].result.districts[0], "reason")]
    counts = np.array([sum(run.result.district(d, "refusals").sum(axis=0) for d in run.result.districts)
                       for run in runs])
    parts = [(name.replace("_", " "), list(counts[:, k])) for k, name in enumerate(reasons) if k > 0]
    return bar_chart("Refusals", "Vehicle-steps in which a car did not do as told, by reason; all districts. "
                     "Controllers that instruct nobody have none to refuse.", "vehicle-steps [1]",
                     [run.name for run in runs], [p for p in parts if np.sum(p[1]) > 0] or parts[:1])


# ---------------------------------------------------------------- feeder
def voltage_map(runs: Sequence[Run], district: str) -> Chart:
    """Voltage of each bus over time."""
    panels = []
    for run in runs:
        hours, values = _thin(run, run.result.district(district, "vm_pu"), np.fmin)
        bus = [str(b) for b in run.result.district(district, "bus")]
        panels.append(Panel(run.name, [heat_trace(hours, bus, values.T, "pu")]))
    return panel_chart(f"Voltages: {district}", "AC voltage of what happened at each bus; dark is low.",
                       "bus number [1]", panels, _last_hour(runs), {"type": "category", "nticks": 6},
                       "voltage [pu]", 200)


def lowest_voltage(runs: Sequence[Run], district: str) -> Chart:
    """Lowest voltage of the feeder over time, with its lower limit."""
    lower = next(d["v_min_pu"] for d in runs[0].result.scenario["districts"] if d["name"] == district)
    lines = _lines(runs, lambda r: np.fmin.reduce(r.result.district(district, "vm_pu"), axis=1))
    return line_chart(f"Lowest voltage over time: {district}", f"Lowest of all buses; the lower limit is {lower:g} "
                      "pu.", "voltage [pu]", lines, [lower], digits=6)


def voltage_profile(runs: Sequence[Run], district: str) -> Chart:
    """Lowest voltage of each bus over the whole run; the line breaks where the next bus hangs on another one."""
    lines = []
    for run, width in zip(runs, _widths(len(runs)), strict=True):
        bus = run.result.district(district, "bus").astype(float)
        lowest = np.fmin.reduce(run.result.district(district, "vm_pu"), axis=0)
        starts = branch_starts(run.result, district)
        lines.append(Line(run.name, np.insert(bus, starts, bus[starts] - 0.5), np.insert(lowest, starts, np.nan),
                          run.colour, run.dash, width))
    return line_chart(f"Lowest voltage along the feeder: {district}", "Lowest value of each bus over the run. Lines "
                      "break where a branch begins.", "voltage [pu]", lines,
                      x_axis={"title": {"text": "bus number [1]"}}, shape="hvh", digits=6)


def branch_starts(result: Result, district: str) -> Ints:
    """Positions of buses that do not hang on the one before them; none where the file does not know."""
    if not result.holds(district, "bus_parent"):
        return np.zeros(0, dtype=np.int64)
    bus, parent = (np.asarray(result.district(district, name)) for name in ("bus", "bus_parent"))
    return np.flatnonzero(parent[1:] != bus[:-1]) + 1


def losses(runs: Sequence[Run], district: str) -> Chart:
    """Feeder losses over time, and those without cars."""
    base = runs[0]
    lines = [Line("without cars", *_with_end(base, base.result.district(district, "losses_base_kw")),
                  REFERENCE_COLOUR, "dot")]
    lines += _lines(runs, lambda r: r.result.district(district, "losses_kw"))
    return line_chart(f"Feeder losses: {district}", "AC losses of what happened.", "losses [kW]", lines)


# ---------------------------------------------------------------- costs
def costs(runs: Sequence[Run]) -> Chart:
    """Items of the objectives, unweighted, stacked."""
    figures = [compute_metrics(run.result) for run in runs]
    parts = [(name, [f[key] for f in figures]) for name, key in COSTS]
    return bar_chart("Costs by item", "Unweighted. Tariff payments are a transfer from owners (negative: owners earn) "
                     "and no part of society's ledger, nor is the curtailment penalty.", "cost [USD]",
                     [run.name for run in runs], parts)


def cost_differences(runs: Sequence[Run]) -> Chart:
    """The same against the base controller."""
    against, others = _base_and_others(runs)
    base, figures = compute_metrics(against.result), [compute_metrics(run.result) for run in others]
    parts = [(name, [f[key] - base[key] for f in figures]) for name, key in COSTS]
    return bar_chart(f"Cost differences from {against.name}", f"Left of zero: cheaper than {against.name}. "
                     "First seed only, stored energy not valued, service not looked at: see the ledgers.",
                     "difference [USD]", [run.name for run in others], parts)


def charts(runs: Sequence[Run]) -> dict[str, list[Chart]]:
    """All figures by section. Runs need at least one step."""
    nets = networks(runs[0].result)
    districts = runs[0].result.districts
    cars = [cars_by(runs, "zone", districts, "MW"), cars_by(runs, "class", districts, "MW")]
    return {
        "load": [equivalent_load(runs)] + ([load_differences(runs)] if len(runs) > 1 else []),
        "commitment": [units_on(runs), commitment(runs)],
        "cars": cars + [cars_by(runs, "zone", [d], "kW") for d in nets],
        "voltage": [c for d in nets for c in (lowest_voltage(runs, d), voltage_profile(runs, d),
                                              voltage_map(runs, d))],
        "losses": [losses(runs, d) for d in nets],
        "costs": [costs(runs)] + ([cost_differences(runs)] if len(runs) > 1 else []),
        "refusals": [refusals(runs)],
        "prices": [prices(runs), *(c for d in nets for c in nodal_price_charts(runs, d))],
    }
