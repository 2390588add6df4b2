"""Pareto front of two objectives of the upper layer, on the first plan of a scenario (48 h unless it says otherwise).

    python -m experiments.system.pareto --first operating --second curtailment --points 9

Objectives: operating, owners, curtailment, carbon, each in its own $ (docs/experiments/pareto.md). Each point is one
MILP with its own bound and gap; answers that another one dominates are listed apart. Writes pareto.csv and a figure,
anew after each point.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from controllers.temporal.pareto import OBJECTIVES, Front, FrontSettings, ObjectiveName, Point, front_of, pareto_front
from controllers.temporal.unit_commitment.problem import Case, make_case
from controllers.temporal.unit_commitment.tuning import Tuning
from experiments.runs import exit_code, save_figure, say
from testbed.reporting.tables import number, print_table
from testbed.running.first_view import first_view
from testbed.running.preflight import WrongRequest, checked_scenario, folder_mistakes
from testbed.setup.controller_loading import load_controller

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SCENARIO = "windy_day"
CONTROLLER = "temporal"
"""Whose upper layer plans; `bilayer` has the same."""
COLUMNS = ("minimises", "epsilon_usd", *(f"{name}_usd" for name in OBJECTIVES), "carbon_t", "reserve_shortfall_usd",
           "minimised_usd", "milp_usd", "bound_usd", "gap_rel", "cycled_mwh", "status")


def planning_case(described: str, overrides: Sequence[str] = (), controller: str = CONTROLLER) -> Case:
    """The upper layer's problem at the first counted midnight of a scenario."""
    first, tuning = first_view(checked_scenario(described, overrides), load_controller(controller)), Tuning()
    return make_case(first.knowledge, first.view, first.car_control, tuning.terminal_value_usd_per_mwh,
                     np.full(first.knowledge.horizon_h, tuning.delivery_quantile))


def values(point: Point) -> tuple[float | str, ...]:
    """In the order of COLUMNS."""
    return (point.minimises, point.epsilon_usd, *(point.costs_usd[name] for name in OBJECTIVES), point.carbon_t,
            point.reserve_shortfall_usd, point.minimised_usd, point.milp_usd, point.bound_usd, point.gap_rel,
            point.cycled_mwh, point.status)


def write_csv(front: Front, path: Path) -> None:
    """One line per answer; `front` is 1 for points of the front, 0 for dominated answers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("first", "second", "front", *COLUMNS))
        for kept, points in ((1, front.points), (0, front.dominated)):
            writer.writerows((front.first, front.second, kept, *values(point)) for point in points)


def print_front(front: Front) -> None:
    """The points with their proofs, then how many answers were dominated."""
    header = (*(f"{name} $" for name in OBJECTIVES), "carbon t", "minimised $", "MILP $", "bound $", "gap", "status")
    rows = [(*(number(p.costs_usd[name]) for name in OBJECTIVES), number(p.carbon_t), number(p.minimised_usd),
             number(p.milp_usd), number(p.bound_usd), f"{p.gap_rel:.2e}", p.status) for p in front.points]
    print_table(header, rows, right=header[:-1])
    print(f"{len(front.points)} points, {len(front.dominated)} dominated answers taken out; minimised: {front.first} "
          f"with {front.second} at most epsilon, ties broken by a thousandth of the others")


@dataclass(frozen=True)
class Dot:
    """A point of the figure, USD."""

    first_usd: float
    second_usd: float
    room_first_usd: float
    """How much less its bound leaves possible."""
    room_second_usd: float
    is_front: bool


def dots(rows: Sequence[Mapping[str, str]]) -> list[Dot]:
    """From lines of the CSV file."""
    drawn = []
    for row in rows:
        room = max(float(row["minimised_usd"]) - float(row["bound_usd"]), 0.0)
        first, second = row["first"], row["second"]
        drawn.append(Dot(float(row[f"{first}_usd"]), float(row[f"{second}_usd"]), room * (row["minimises"] == first),
                         room * (row["minimises"] == second), row["front"] == "1"))
    return drawn


def picture(drawn: Sequence[Dot], first: str, second: str, title: str) -> Drawing:
    """Points, and a bar from each to what its bound leaves possible."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an optional dependency, slow to import

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.add_subplot()
    x, y, room_x, room_y = (np.array(column) / 1e3 for column in zip(*(
        (p.second_usd, p.first_usd, p.room_second_usd, p.room_first_usd) for p in drawn if p.is_front), strict=True))
    none = np.zeros(x.size)
    axes.errorbar(x, y, xerr=[room_x, none], yerr=[room_y, none], fmt="o-", color="C0", ecolor="0.6",
                  capsize=3, label="front, with the room its bounds leave")
    if beaten := [p for p in drawn if not p.is_front]:
        axes.plot([p.second_usd / 1e3 for p in beaten], [p.first_usd / 1e3 for p in beaten], "x", color="0.5",
                  label="dominated")
    axes.set_xlabel(f"{second} [1000 $]")
    axes.set_ylabel(f"{first} [1000 $]")
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=8)
    return figure


@dataclass
class Kept:
    """Called with each answer: tells progress and writes table and figure so far, in case the command is stopped."""

    first: ObjectiveName
    second: ObjectiveName
    stem: Path
    title: str
    points: list[Point] = field(default_factory=list)

    def __call__(self, point: Point) -> None:
        self.points.append(point)
        say("  ".join(f"{name} {point.costs_usd[name]:,.0f} $" for name in OBJECTIVES)
            + f"  gap {point.gap_rel:.2e}  {point.status}")
        front = front_of(self.first, self.second, self.points)
        write_csv(front, self.stem.with_suffix(".csv"))
        if find_spec("matplotlib"):
            with self.stem.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
                drawn = dots(list(csv.DictReader(file)))
            save_figure(picture(drawn, self.first, self.second, self.title), self.stem)


def settings_of(options: argparse.Namespace, case: Case) -> FrontSettings:
    """From the command line; the scenario's MIP gap unless another is given. WrongRequest names what is wrong."""
    gap = case.knowledge.mip_gap if options.gap is None else options.gap
    try:
        return FrontSettings(points=options.points, mip_gap=gap, node_limit=options.nodes)
    except ValueError as wrong:
        raise WrongRequest([str(wrong)]) from wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.system.pareto", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default=SCENARIO)
    parser.add_argument("--first", choices=OBJECTIVES, default="operating", help="minimised")
    parser.add_argument("--second", choices=OBJECTIVES, default="curtailment", help="limited, step by step")
    parser.add_argument("--points", type=int, default=9, metavar="N", help="both ends included (default 9)")
    parser.add_argument("--gap", type=float, metavar="REL", help="MIP gap of a point (default: the scenario's)")
    parser.add_argument("--nodes", type=int, default=FrontSettings().node_limit, metavar="N", help="limit of a MILP")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    parser.add_argument("-o", dest="folder", type=Path, metavar="DIR", help="default results/pareto/FIRST-SECOND")
    options = parser.parse_args(arguments)
    first: ObjectiveName = options.first
    second: ObjectiveName = options.second
    folder = options.folder or Path("results/pareto") / f"{first}-{second}"
    mistakes = folder_mistakes(folder, f"-o {folder}")
    if first == second:
        mistakes.append(f"--second {second}: must differ from --first")
    if mistakes:
        raise WrongRequest(mistakes)
    case = planning_case(options.scenario, options.overrides)
    told = Kept(first, second, folder / "pareto", f"{options.scenario}: first plan, {case.horizon_h} h")
    print_front(pareto_front(case, first, second, settings_of(options, case), told))
    if not find_spec("matplotlib"):
        say("no figure: matplotlib is not installed (pip install '.[notebooks]')")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
