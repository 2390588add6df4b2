"""The paper's claims one by one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.claims import paper_claims as study
from experiments.claims import place_tables as places
from experiments.claims import voltage_tables as voltage
from experiments.claims.hours import CLAIMED_HOURS, FIRST_LINE
from experiments.claims.objective_tables import EMISSIONS, emissions_hold
from experiments.claims.voltage import least_support
from experiments.feeder.zone_maps import CLAIMED, EndsOfFeeder
from experiments.publishing.drawing import DARK, PALE, headed, legend, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure, records_of
from experiments.publishing.markdown import column, listing, number
from experiments.publishing.running import Run
from experiments.publishing.tables import PublishedError, Row
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

TABLES = {"verdicts": "verdicts.csv", "grid": "hours_grid.csv", "wear": "hours_wear.csv", "fleets": "hours_fleets.csv",
          "compliance": "hours_compliance.csv", "voltage": "voltage.csv", "reactive": "reactive.csv",
          "objectives": "objectives.csv", "fronts": "fronts.csv"}


def run(work: Run) -> None:
    """All parts; plans and runs are kept as they come."""
    work.command(study.main, "--workers", str(work.workers), "-o", str(work.folder))


# ---------------------------------------------------------------- verdicts
ENDS_OF_FEEDER = "zone_maps.ends"
"""Where cars act by map of zones and peak: the mean over them has no sign of its own."""
SAVED = r"(\w+) \w+ [\d.]+: ([+-][\d.]+) %"
"""A kind of placement, its cell, and the share of losses that it saves [%]."""
MOVED = " guided against pro rata"


def judged(verdicts: Sequence[Row], objectives: Sequence[Row], ends: Sequence[Row]) -> list[Row]:
    """Lines whose settings contradict each other by the rules of today, setting by setting."""
    return [{**row, **_by_setting(row, objectives, ends)} for row in verdicts]


def _by_setting(row: Row, objectives: Sequence[Row], ends: Sequence[Row]) -> Row:
    if row["claim"] == EMISSIONS:
        changes = emissions_strip(objectives).values
        return {"holds": emissions_hold(sum(change > 0 for change in changes), len(changes))}
    if row["claim"] == places.LOSSES:
        saved = numbers(row["measured"], SAVED)
        holds = places.losses_hold([kind for kind, _ in saved], [float(share) >= 100 * CLAIMED for _, share in saved])
        return {"holds": holds, "switches": places.named_as_bound(holds, row["switches"])}
    if row["claim"] == places.ENDS:
        buses = row["measured"].partition(f";{MOVED}")[0]
        told = places.moved_verdict(buses, moved(ends))
        return {"measured": told.measured, "holds": told.holds, "switches": told.switches}
    return {}


def moved(ends: Sequence[Row]) -> list[places.Moved]:
    """What guidance changes, cell by cell."""
    return places.ends_moved(records_of(ends, EndsOfFeeder))


def verdicts_table(*tables: Sequence[Row]) -> str:
    """Every column, judged setting by setting."""
    return as_it_is(judged(*tables))


def as_it_is(rows: Sequence[Row]) -> str:
    """Every column of the file."""
    return listing(rows, [column(name.strip(), name) for name in rows[0]])


# ---------------------------------------------------------------- all settings
COUNT = "hours against no_pev"
RULES = {"thermal_only": "thermal_only:\nno reserve from cars", "scheduled": "scheduled: what\ncars plan to give back",
         "deliverable": "deliverable: all that\ncars could give up"}
MARKS = {True: "^", False: "o"}
"""With wind and sun, without."""
FREE, DEAR = "#0072b2", "white"
"""Wear without a price, with one."""
CLAIM = "0.85"


def grid_picture(rows: Sequence[Row]) -> Drawing:
    """A mark per setting over its hours, those of equal hours on top of each other, one panel per reserve rule."""
    figure = sheet(7.6, 5.2)
    panels = figure.subplots(len(RULES), 1, sharex=True, sharey=True)
    for axes, (rule, words) in zip(panels, RULES.items(), strict=True):
        settings = sorted((row for row in rows if row["setting"].startswith(f"{rule},")), key=looks)
        stack_up(axes, settings)
        claim = axes.axvline(len(CLAIMED_HOURS), color="black", linewidth=1, linestyle="--", zorder=0,
                             label=f"the paper's claim: {len(CLAIMED_HOURS)} hours")
        axes.set_ylabel(words, rotation=0, ha="right", va="center", fontsize=9)
        axes.set_yticks([])
        axes.spines[["top", "right", "left"]].set_visible(False)
    panels[-1].set_xlabel("hours with fewer units on than in the plan without cars", fontsize=9)
    panels[-1].set_xticks(range(19))
    counts = [int(row[COUNT]) for row in rows]
    figure.suptitle(f"{len(rows)} plans of the same day: {min(counts)} to {max(counts)} hours", fontsize=10)
    marks = [axes.plot([], [], MARKS[windy], color=PALE, label=words)[0]
             for windy, words in ((False, "thermal units alone"), (True, "with wind and sun"))]
    legend(panels[0], {"wear costs nothing": FREE, "wear has its price": DEAR}, more=[claim, *marks], loc="upper right")
    return figure


def looks(row: Row) -> tuple[bool, bool]:
    """Whether wear has a price, and whether there is wind."""
    return "wear 0," not in row["setting"], "wind and sun" in row["setting"]


def stack_up(axes: Any, rows: Sequence[Row]) -> None:
    """Each at its hours, above those before it."""
    height: Counter[int] = Counter()
    for row in rows:
        hours, (is_dear, is_windy) = int(row[COUNT]), looks(row)
        axes.scatter(hours, height[hours], s=34, marker=MARKS[is_windy], facecolor=DEAR if is_dear else FREE,
                     edgecolor=DARK, linewidth=0.8)
        height[hours] += 1
    axes.set_ylim(-1, 10)


# ---------------------------------------------------------------- claim by claim
@dataclass(frozen=True)
class Strip:
    """A claim on a scale of its own."""

    claim: str
    """As in the table of verdicts."""
    title: str
    claimed: tuple[float, float]
    """From and to; NaN where the words say it, infinite where anything beyond is meant."""
    values: Sequence[float]
    bounds: Sequence[float] = ()
    """What other settings give, or what no car can do."""


def picture(verdicts: Sequence[Row], grid: Sequence[Row], volts: Sequence[Row], objectives: Sequence[Row],
            ends: Sequence[Row]) -> Drawing:
    """Claim by claim: what was claimed, what comes out, and whether it holds."""
    holds = {row["claim"]: row["holds"] for row in judged(verdicts, objectives, ends)}
    losses, searches = told_strips({row["claim"]: row["measured"] for row in verdicts})
    strips = [hours_strip(grid), voltage_strip(volts), emissions_strip(objectives), losses, ends_strip(moved(ends)),
              searches]
    figure = sheet(7.2, 5.8)
    for axes, strip in zip(figure.subplots(len(strips), 1), strips, strict=True):
        draw_strip(axes, strip)
        axes.annotate(f"holds: {holds[strip.claim]}", (1.02, 0.4), xycoords="axes fraction", va="center", fontsize=9.5)
    dots = [axes.plot([], [], "o", color=face, markeredgecolor="black", label=words)[0] for face, words in
            ((FREE, "what comes out"), ("white", "as each title says"))]
    legend(figure, {"claimed": CLAIM}, edge="none", more=dots, ncols=3, loc="outside upper left",
           title="Does what comes out lie on the grey?", title_fontsize=11, alignment="left")
    return figure


def draw_strip(axes: Any, strip: Strip) -> None:
    """Dots in a row, on grey what is claimed."""
    every = [*strip.values, *strip.bounds, *(end for end in strip.claimed if isfinite(end))]
    room = 0.07 * (max(every) - min(every))
    low, high = min(every) - room, max(every) + room
    if not any(map(isnan, strip.claimed)):
        axes.axvspan(max(strip.claimed[0], low), min(strip.claimed[1], high), color=CLAIM, linewidth=0)
    for values, face in ((strip.bounds, "white"), (strip.values, FREE)):
        axes.scatter(values, [0.0] * len(values), s=42, facecolor=face, edgecolor="black", linewidth=0.8)
    axes.set(xlim=(low, high), ylim=(-1, 1), yticks=[])
    headed(axes, strip.title)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=6, steps=(1, 2, 5, 10))


def hours_strip(grid: Sequence[Row]) -> Strip:
    """All settings, and the first line's."""
    first, = (row for row in grid if row["setting"] == FIRST_LINE.label)
    nine = len(CLAIMED_HOURS)
    return Strip("nine hours of avoided start-ups (h9-14, h20-22)",
                 "Hours with fewer units than without cars; open: in other settings",
                 (nine - 0.25, nine + 0.25), [int(first[COUNT])], [int(row[COUNT]) for row in grid])


def voltage_strip(volts: Sequence[Row]) -> Strip:
    """The feeder's cars, and as many as it has ports for, by active power, reactive power or both."""
    return Strip("lowest voltage 0.929 -> 0.977 pu", "Lowest voltage [pu] with all of the feeder's cars; open: with a "
                 "car at every port", (voltage.WANTED_PU, inf), [float(row["103 cars reach pu"]) for row in volts],
                 [float(row["all ports reach pu"]) for row in volts])


def emissions_strip(objectives: Sequence[Row]) -> Strip:
    """Cars that feed back against cars left alone, three days with linear and with convex curves."""
    tons = {(row["scenario"], row["emissions"], row["controller"]): number(row["CO2 t"]) for row in objectives}
    changes = [100 * (tons[*day, "temporal"] / tons[*day, "uncoordinated"] - 1)
               for day in dict.fromkeys(key[:2] for key in tons)]
    return Strip(EMISSIONS, "Emissions with cars that feed back, against cars left alone [%]",
                 (-inf, 0), changes)


def ends_strip(cells: Sequence[places.Moved]) -> Strip:
    """Charging and discharging of each map and peak."""
    return Strip(places.ENDS, "Marginal loss, guided less pro rata [kW/kW]: charging, claimed < 0; open: "
                 "discharging, > 0", (nan, nan), [cell.charging for cell in cells],
                 [cell.discharging for cell in cells])


def told_strips(told: Mapping[str, str]) -> tuple[Strip, Strip]:
    """Of numbers that only the verdict has, in its words: losses and searches."""
    losses, searches = places.LOSSES, "the SOCP beats PSO and SGA in quality and consistency"
    saved = numbers(told[losses], SAVED)
    over = numbers(told[searches], r"(?:pso|sga) \d+ answers, .*? by ([\d.]+) % \(best ([\d.]+), worst ([\d.]+)")
    return (
        Strip(losses, "Losses saved by placement [%]; open: power moves freely, no car can",
              (100 * CLAIMED, inf), [float(share) for kind, share in saved if kind != "migrate"],
              [float(share) for kind, share in saved if kind == "migrate"]),
        Strip(searches, "Objective of the two searches above that of the conic program [%]; open: best, worst",
              (0, inf), [float(mean) for mean, *_ in over], [float(end) for _, *ends in over for end in ends]))


def numbers(text: str, pattern: str) -> list[tuple[str, ...]]:
    """What a verdict tells; PublishedError if its words have changed."""
    if not (told := re.findall(pattern, text)):
        raise PublishedError(f"verdict {text!r} has nothing like {pattern!r}")
    return told


def cheap(_: Path) -> Mapping[str, float]:
    """Active power that lifts the lowest voltage in the hour of greatest need."""
    feeder = ieee33(peak_scale=voltage.PEAK_SCALE)
    shape = voltage.load_shape().max(keepdims=True)[:, None]
    need = least_support(feeder, ac_engine(feeder).power_flow, shape * feeder.p_base_kw, shape * feeder.q_base_kvar,
                         voltage.WANTED_PU, "active")
    return {"active_kva": float(need.kva[0]), "vm_min_before_pu": float(need.vm_min_before_pu[0])}


EXPERIMENTS = (Experiment(
    name="paper_claims", page="experiments/paper_claims.md", question="Which of the paper's claims hold?",
    run=run,
    tables={name: Source(file, "claims_day, paper_day, windy_day, placement_day", "1; 1-2 on the feeder",
                         ("no_pev", "uncoordinated", "smart_charging", "temporal")) for name, file in TABLES.items()},
    blocks={name: Block((name,), as_it_is) for name in TABLES} | {
        "verdicts": Block(("verdicts", "objectives", ENDS_OF_FEEDER), verdicts_table)},
    figures={
        "figure": Figure("experiments/paper_claims.png", ("verdicts", "grid", "voltage", "objectives",
                                                           ENDS_OF_FEEDER), picture,
                         "Six claims, each on its own scale: what is claimed on grey, what comes out as dots, and "
                         "whether it holds."),
        "grid_figure": Figure("experiments/paper_claims_hours.png", ("grid",), grid_picture,
                              "Hours with fewer units in each of 72 settings, by reserve rule, price of wear and wind, "
                              "beside the nine that the paper claims.")},
    cheap=CheapRow("IEEE 33-bus in its hour of highest load", cheap, relative=1e-3)),)
