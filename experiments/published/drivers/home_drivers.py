"""Private cars that charge at home: against recorded charging, and what they make of the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.drivers import home_drivers as study
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, listing
from experiments.publishing.metric_rows import metric_rows, runs, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SCENARIO = "study_day"
DRIVERS = ("paper", "home")
BASE, CONTROLLED = CONTROLLERS = ("uncoordinated", "bilayer")
FIGURES = ("society_cost_usd_adjusted", "owners_cost_usd_adjusted", "operator_cost_usd_adjusted",
           "reserve_shortfall_mwh", "charged_mwh", "discharged_mwh", "departures_short_kwh", "fast_charged_mwh",
           "steadiness_percent", "not_delivered_share")
CHEAP_CARS, CHEAP_WEEKS = 300, 2


# ---------------------------------------------------------------- runs
def run(work: Run) -> None:
    """Weeks of charging at once, then a counted day under control with either kind of drivers."""
    work.step("home_drivers", lambda: work.command(study.main, "-o", str(work.folder)))
    work.step("results", lambda: write_rows(
        [row for drivers in DRIVERS for row in _of_drivers(work, drivers)], work.folder / "results.csv"))


def _of_drivers(work: Run, drivers: str) -> list[Row]:
    """One counted day after as many under control as the drivers need until their charge is steady."""
    made = runs(work.folder / drivers, SCENARIO, CONTROLLERS, (f"drivers.profile={drivers}", "days=1"),
                workers=work.workers)
    days = str(made[0].warmup_controlled_days)
    figure = {(row["controller"], row["metric"]): float(row["value"]) for row in metric_rows(drivers, made, FIGURES)}
    return [{"profile": drivers, "controlled_days": days, "metric": name, BASE: repr(figure[BASE, name]),
             CONTROLLED: repr(figure[CONTROLLED, name]),
             "difference": repr(figure[CONTROLLED, name] - figure[BASE, name])} for name in FIGURES]


# ---------------------------------------------------------------- tables and figure
def as_it_is(rows: Sequence[Row]) -> str:
    """Every column of the file."""
    return listing(rows, [column(name, name) for name in rows[0]])


def results(rows: Sequence[Row]) -> str:
    """Figures of both controllers, by the drivers."""
    return listing(rows, [code("drivers", "profile"), code("", "metric"), *(column(f"`{name}`", name, ",.6g")
                          for name in CONTROLLERS), column("difference", "difference", "+,.5g")])


def curves(rows: Sequence[Row]) -> Drawing:
    """Plugged share and distributions."""
    return study.picture([(row["source"], row["quantity"], float(row["from"]), float(row["to"]), float(row["value"]))
                          for row in rows])


def cheap(_: Path) -> Mapping[str, float]:
    """The comparison with fewer cars and weeks."""
    made = study.charging("home", CHEAP_CARS, CHEAP_WEEKS)
    return {row.quantity: row.simulated for row in study.comparison(made)}


EXPERIMENTS = (Experiment(
    name="home_drivers", page="drivers.md", question="What if private cars charge at home, as recorded?",
    run=run,
    tables={**{name: Source(f"{name}.csv", "1,500 private cars, eight weeks", "1")
               for name in ("comparison", "profiles", "curves")},
            "results": Source("results.csv", SCENARIO, "1", CONTROLLERS)},
    blocks={"comparison": Block(("comparison",), as_it_is), "profiles": Block(("profiles",), as_it_is),
            "results": Block(("results",), results)},
    figures={"figure": Figure("home_drivers.png", ("curves",), curves,
                              "Plugged share by hour, plug-in hours, dwell and energy of cars at home, recorded and "
                              "simulated.")},
    cheap=CheapRow(f"comparison with {CHEAP_CARS} cars and {CHEAP_WEEKS} weeks", cheap, relative=1e-6)),)
