"""What the choice of the bus saves, by kind of placement, zone map and size of load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from experiments.feeder import placement, zone_maps
from experiments.publishing.drawing import DARK, PALE, SMALL, headed, legend, line_per_name, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import Column, code, column, listing, shown
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

DAYS = {"steady_day": ((), "after a day under control"),
        "first_day": (("--set", "warmup_controlled_days=0"), "the first under control")}
SEEDS, MAP_SEEDS = 10, 3
CONTROLLERS = ("temporal", "bilayer")
KINDS = {"in_place": "in_place: which parked\ncars act is chosen", "guided": "guided: arriving drivers\nare told a bus",
         "migrate": "migrate: power moves freely,\nwhich no car can do"}
COLOURS = {"in_place": "#0072b2", "guided": "#0072b2", "migrate": PALE}
"""What is carried out has a colour, the bound has none."""
FIRST_PERCENT = -0.3
"""Where axes begin."""


# ---------------------------------------------------------------- runs
def run_placement(work: Run) -> None:
    """The exit code only says whether the saving is reached."""
    for name, (keys, _) in DAYS.items():
        folder = work.folder / name
        work.command(placement.main, "--seeds", str(SEEDS), "--zone-map", "contiguous", *keys, "-o", str(folder),
                     accepts=(0, 1))
        for file in ("summary", "placement"):
            (folder / f"{file}.csv").replace(work.folder / f"{name}_{file}.csv")


def run_zone_maps(work: Run) -> None:
    """Both maps at both peaks."""
    work.command(zone_maps.main, "--seeds", str(MAP_SEEDS), "--workers", str(work.workers), "-o", str(work.folder))


# ---------------------------------------------------------------- tables
def share(head: str, name: str, half: str = "", form: str = ".3%") -> Column:
    """A share as percent, with its half width."""
    def cell(row: Row) -> str:
        width = shown(row[half], form) if half else ""
        return shown(row[name], f"+{form}") + (f" ± {width}" if width else "")

    return Column(head, cell)


def summary(rows: Sequence[Row]) -> str:
    """Over comparable seeds, then over all."""
    return listing(rows, [column("seeds", "over"), column("number", "seeds"), code("variant", "variant"),
                          share("saved", "reduction", "ci95"), share("by zone", "reduction_zone", "ci95_zone"),
                          share("not corrected", "reduction_raw"),
                          column("share of `migrate`", "share_of_bound", ".0%")])


def savings(rows: Sequence[Row]) -> str:
    """By map, peak and placement."""
    return listing(rows, [column("zones", "zone_map"), column("peak", "scale"), code("placement", "variant"),
                          column("seeds", "seeds"), column("pro rata, kWh", "reference_kwh", ",.1f"),
                          share("saved", "reduction", "ci95", ".2%"), column("not comparable", "unfair_seeds")])


def ends(rows: Sequence[Row]) -> str:
    """Where cars act."""
    return listing(rows, [column("zones", "zone_map"), column("peak", "scale"), code("placement", "variant"),
                          column("charging at", "marginal_at_charge", ".4f"), column("even", "marginal_even", ".4f"),
                          column("discharging at", "marginal_at_discharge", ".4f"),
                          column("even", "marginal_even_discharge", ".4f"),
                          column("correlation of net charging and marginal loss", "correlation", "+.2f")])


# ---------------------------------------------------------------- pictures
def picture(steady: Sequence[Row], first: Sequence[Row]) -> Drawing:
    """Saved on both days, over all seeds."""
    figure = sheet(7.2, 2.9)
    axes = figure.subplots()
    for rows, shift in ((steady, -0.16), (first, 0.16)):
        kept = {row["variant"]: row for row in rows if row["over"] == "all"}
        for place, kind in enumerate(KINDS):
            saved_bar(axes, place + shift, kept[kind], is_filled=rows is steady)
    line_per_name(axes, list(KINDS.values()))
    legend(axes, {"after a day under control": DARK, "first day under control": "white"}, loc="upper right")
    finish(axes, f"Losses saved by the choice of the bus, {kept['guided']['seeds']} seeds")
    axes.set_xlim(left=FIRST_PERCENT)
    return figure


def map_picture(rows: Sequence[Row]) -> Drawing:
    """Saved by map, kind of placement and peak; the claim as a line."""
    figure = sheet(7.8, 3.2)
    maps = list(dict.fromkeys(row["zone_map"] for row in rows))
    peaks = list(dict.fromkeys(row["scale"] for row in rows))
    for axes, name in zip(figure.subplots(1, len(maps), sharex=True, sharey=True), maps, strict=True):
        line = axes.axvline(100 * zone_maps.CLAIMED, color="black", linewidth=1, linestyle="--", zorder=1,
                            label=f"the paper's claim: over {100 * zone_maps.CLAIMED:g} %")
        for row in [row for row in rows if row["zone_map"] == name]:
            number = peaks.index(row["scale"])
            saved_bar(axes, list(KINDS).index(row["variant"]) + 0.32 * number - 0.16, row, is_filled=number == 0)
        line_per_name(axes, list(KINDS.values()))
        finish(axes, f"Zones of the {name} map")
    legend(figure, {f"peak scale {peak}": "white" if number else DARK for number, peak in enumerate(peaks)},
           more=[line], ncols=3, loc="outside upper right")
    axes.set_xlim(left=FIRST_PERCENT)
    return figure


def saved_bar(axes: Any, place: float, row: Row, is_filled: bool) -> None:
    """A share of losses with its 95 % interval, and as a number."""
    colour = COLOURS[row["variant"]]
    saved, half = 100 * float(row["reduction"]), 100 * float(row["ci95"])
    axes.barh(place, saved, height=0.28, color=colour if is_filled else "white", edgecolor=colour, xerr=half,
              error_kw={"ecolor": "black", "elinewidth": 0.9, "capsize": 2.5})
    axes.annotate(f"{saved:.2f}".replace("-0.00", "0.00"), (saved + half, place), (6, 0), va="center",
                  textcoords="offset points", fontsize=SMALL,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})


def finish(axes: Any, title: str) -> None:
    """Axis of shares of losses."""
    axes.axvline(0, color=DARK, linewidth=0.8)
    axes.set_xlabel("losses saved against pro rata [%]\nbar: mean, line: 95 % interval", fontsize=9)
    axes.margins(x=0.14)
    headed(axes, title)


CHEAP = CheapRow("placement_day, its first day, seed 1, temporal", one_run(
    placement.SCENARIO, "temporal", ("feeder_losses_kwh", "vm_min_pu"), "days=1"), relative=5e-3)
EXPERIMENTS = (
    Experiment(
        name="placement", page="experiments/placement.md", question="How much does the choice of the bus save?",
        run=run_placement,
        tables={name: Source(f"{name}_summary.csv", f"{placement.SCENARIO}, contiguous zones, {day}",
                             f"1-{placement.TRIES * SEEDS}", CONTROLLERS) for name, (_, day) in DAYS.items()},
        blocks={name: Block((name,), summary) for name in DAYS},
        figures={"figure": Figure(
            "experiments/placement.png", tuple(DAYS), picture,
            "Share of the feeder's losses saved by each kind of placement, after a day under control and on the "
            "first such day, with 95 % intervals.")}, cheap=CHEAP),
    Experiment(
        name="zone_maps", page="experiments/zone_maps.md", question="And on other maps of zones, at other loads?",
        run=run_zone_maps,
        tables={"savings": Source("zone_maps.csv", placement.SCENARIO, f"1-{MAP_SEEDS}", CONTROLLERS),
                "ends": Source("ends_of_feeder.csv", placement.SCENARIO, f"1-{MAP_SEEDS}", CONTROLLERS)},
        blocks={"savings": Block(("savings",), savings), "ends": Block(("ends",), ends)},
        figures={"figure": Figure(
            "experiments/zone_maps.png", ("savings",), map_picture,
            "Share of the feeder's losses saved by each kind of placement on both maps of zones and at both peaks, "
            "beside the 4 % that are claimed.")},
        cheap=CheapRow("placement_day on the public map, its first day, seed 1, uncoordinated", one_run(
            placement.SCENARIO, "uncoordinated", ("feeder_losses_kwh", "vm_min_pu"), "days=1",
            "districts.0.zone_map=public"), relative=1e-6)),
)
