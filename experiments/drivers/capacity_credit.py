"""Does V2G count as firm capacity? What 1,000 cars replace of units, by compliance, plug-in rate and correlation.

    python -m experiments.drivers.capacity_credit                         the grid below on study_day
    python -m experiments.drivers.capacity_credit --compliance 0.6 0.95 --plug-in 1 --rho 0

One day-ahead plan per point under the rule `deliverable`, by an operator who has learned the true rate and correlation
(without the uncertainty of learning). In the hour of highest forecast load it gives what cars count for: phi Pd + h.
Writes the table and a figure.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from controllers.port import Plan, SystemView, TemporalKnowledge
from controllers.temporal.learning import RISK, quantile_of_share, spread_of_share
from controllers.temporal.unit_commitment.solve import UnitCommitment, reference_commitment
from experiments.csv_rows import write_rows
from experiments.publishing.running import RowCache
from experiments.runs import exit_code, save_figure, say
from models.records.arrays import Floats
from models.records.flexibility import CohortFlexibility
from testbed.reporting.tables import print_table
from testbed.running.first_view import first_view
from testbed.running.preflight import RESULTS, checked_scenario
from testbed.setup.controller_loading import load_controller

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

RATES, PLUG_IN, RHO = (0.3, 0.45, 0.6, 0.75, 0.9, 0.95, 1.0), (0.36, 0.6, 0.9), (0.0, 0.05)
TABLE, FIGURE = "capacity_credit.csv", "capacity_credit"
KW_PER_MW = 1000.0


@dataclass(frozen=True)
class Credit:
    """What the cars of the scenario count for in the hour of highest load."""

    compliance: float
    plug_in: float
    rho: float
    hour: int
    phi: float
    discharge_mw: float
    """Planned."""
    credit_mw: float
    """phi Pd + h."""
    credit_mw_per_1000_cars: float
    units_mw_per_1000_cars: float
    """Capacity of units running without cars less that with them; jumps by whole units."""
    energy_bound: bool
    """h is limited by the hour of energy behind it, not by power."""


def credit_of(scenario_name: str, rate: float, plug_in: float, rho: float, overrides: Sequence[str]) -> Credit:
    """One point of the grid: a plan with cars and one without."""
    scenario = checked_scenario(scenario_name, (
        "system.reserve_rule=deliverable", f"planning.assumed_compliance={rate}", f"drivers.compliance_mean={rate}",
        f"drivers.plug_in_probability={plug_in}", f"drivers.zone_shock_rho={rho}", *overrides))
    first = first_view(scenario, load_controller("bilayer"))
    phi = quantile_of_share(rate, spread_of_share(first.view.districts, rate, rho), 0.0, RISK)
    view = replace(first.view, delivery_quantile=phi)
    plan = UnitCommitment(first.knowledge, first.car_control).plan(view)
    alone = reference_commitment(first.knowledge, view)
    hour = int(np.argmax(view.load_mw[:scenario.planning.binding_h]))
    cars = sum(district.vehicle_count for district in scenario.districts) / 1000
    discharge, power_mw, energy_mw = room_mw(plan, view, hour)
    safe = float(phi[hour])
    credit = safe * discharge + min(safe * power_mw[0], energy_mw) + safe * power_mw[1]
    saved = running_mw(first.knowledge, alone, hour) - running_mw(first.knowledge, plan, hour)
    return Credit(
        compliance=rate, plug_in=plug_in, rho=rho, hour=hour, phi=safe, discharge_mw=discharge,
        credit_mw=credit, credit_mw_per_1000_cars=credit / cars,
        units_mw_per_1000_cars=saved / cars, energy_bound=energy_mw < safe * power_mw[0])


def _credit(scenario: str, rate: float, plug_in: float, rho: float, overrides: Sequence[str]) -> dict[str, Any]:
    return asdict(credit_of(scenario, rate, plug_in, rho, overrides))


def running_mw(knowledge: TemporalKnowledge, plan: Plan, hour: int) -> float:
    """Capacity of the units that run in an hour."""
    return float(knowledge.units.p_max_mw @ plan.committed[:, hour])


def room_mw(plan: Plan, view: SystemView, hour: int) -> tuple[float, tuple[float, float], float]:
    """(planned discharge; more discharge and less charge by power; more discharge by an hour's energy) in MW."""
    discharge = more = less = energy = 0.0
    for cars, pc_kw, pd_kw in zip(view.districts, plan.pc_kw, plan.pd_kw, strict=True):
        discharge += float(pd_kw[:, hour].sum())
        more += float((cars.pd_max_kw[:, hour] - pd_kw[:, hour]).sum())
        less += float(pc_kw[:, hour].sum())
        above = np.maximum(_x_kwh(cars, pc_kw, pd_kw)[:, hour] - cars.x_min_kwh[:, hour], 0.0)
        energy += float((above * cars.eta_discharge)[cars.pd_max_kw[:, hour] > 0].sum())
    return discharge / KW_PER_MW, (more / KW_PER_MW, less / KW_PER_MW), energy / KW_PER_MW


def _x_kwh(cars: CohortFlexibility, pc_kw: Floats, pd_kw: Floats) -> Floats:
    """[G, H] net energy at the end of each hour under the plan."""
    return np.asarray(np.cumsum(cars.eta_charge[:, None] * pc_kw - pd_kw / cars.eta_discharge[:, None], axis=1))


# ---------------------------------------------------------------- the figure
def picture(credits: Sequence[Credit]) -> Drawing:
    """Credit over compliance, a panel per correlation and a line per plug-in rate.

    Dotted: units that the plan no longer runs in that hour.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, for figures only

    rhos = list(dict.fromkeys(c.rho for c in credits))
    figure = Figure(figsize=(3.2 * len(rhos) + 0.4, 2.8), layout="constrained")
    panels = figure.subplots(1, len(rhos), squeeze=False, sharey=True)[0]
    for panel, rho in zip(panels, rhos, strict=True):
        _lines(panel, [c for c in credits if c.rho == rho])
        panel.set_title(f"correlation {rho:g}", fontsize=9)
    panels[0].set_ylabel("MW per 1,000 cars", fontsize=9)
    panels[0].legend(fontsize=8, frameon=False)
    return figure


def _lines(panel: Any, credits: Sequence[Credit]) -> None:
    for place, plug_in in enumerate(dict.fromkeys(c.plug_in for c in credits)):
        mine = sorted((c for c in credits if c.plug_in == plug_in), key=lambda c: c.compliance)
        rates = [c.compliance for c in mine]
        panel.plot(rates, [c.credit_mw_per_1000_cars for c in mine], linewidth=1.2, color=f"C{place}",
                   marker="os^Dv"[place % 5], markersize=3.5, label=f"{plug_in:.0%} plug in")
        panel.plot(rates, [c.units_mw_per_1000_cars for c in mine], linewidth=0.8, color=f"C{place}", linestyle=":")
    panel.set_xlabel("compliance", fontsize=9)
    panel.set_ylim(bottom=0)
    panel.tick_params(labelsize=8)
    panel.grid(linewidth=0.4, alpha=0.6)


# ---------------------------------------------------------------- the command
def main(arguments: Sequence[str] | None = None) -> int:
    """Plan every point of the grid, print and write the table."""
    parser = argparse.ArgumentParser(prog="python -m experiments.drivers.capacity_credit", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="study_day")
    parser.add_argument("--compliance", type=float, nargs="+", default=RATES)
    parser.add_argument("--plug-in", type=float, nargs="+", default=PLUG_IN)
    parser.add_argument("--rho", type=float, nargs="+", default=RHO)
    parser.add_argument("--set", nargs="*", default=(), metavar="KEY=VALUE")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "capacity_credit")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen))


def _run(chosen: argparse.Namespace) -> int:
    credits, kept = [], RowCache(chosen.output / "rows.jsonl")
    for rate, plug_in, rho in itertools.product(chosen.compliance, chosen.plug_in, chosen.rho):
        point = (chosen.scenario, rate, plug_in, rho, tuple(chosen.set))
        credits.append(Credit(**kept.row({"credit": point}, partial(_credit, *point))))
        say(f"compliance {rate:g}, plug-in {plug_in:g}, rho {rho:g}: {credits[-1].credit_mw_per_1000_cars:.3f} MW")
    chosen.output.mkdir(parents=True, exist_ok=True)
    rows = [asdict(credit) for credit in credits]
    write_rows(list(rows[0]), [list(row.values()) for row in rows], chosen.output / TABLE)
    save_figure(picture(credits), chosen.output / FIGURE)
    print_table(("compliance", "plug-in", "rho", "phi", "MW per 1,000 cars", "units off, MW", "bound by energy"),
                [(f"{c.compliance:g}", f"{c.plug_in:g}", f"{c.rho:g}", f"{c.phi:.3f}",
                  f"{c.credit_mw_per_1000_cars:.3f}", f"{c.units_mw_per_1000_cars:.2f}",
                  "yes" if c.energy_bound else "no") for c in credits])
    return 0


if __name__ == "__main__":
    sys.exit(main())
