"""What the choice of the bus saves, by kind of placement, zone map and size of load."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.feeder import placement, zone_maps
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import Column, code, column, listing, shown
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row

DAYS = {"steady_day": ((), "after a day under control"),
        "first_day": (("--set", "warmup_controlled_days=0"), "the first under control")}
SEEDS, MAP_SEEDS = 10, 3
CONTROLLERS = ("temporal", "bilayer")


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


CHEAP = CheapRow("placement_day, its first day, seed 1, temporal", one_run(
    placement.SCENARIO, "temporal", ("feeder_losses_kwh", "vm_min_pu"), "days=1"), relative=5e-3)
EXPERIMENTS = (
    Experiment(
        name="placement", page="experiments/placement.md", question="How much does the choice of the bus save?",
        minutes="15", run=run_placement,
        tables={name: Source(f"{name}_summary.csv", f"{placement.SCENARIO}, contiguous zones, {day}",
                             f"1-{placement.TRIES * SEEDS}", CONTROLLERS) for name, (_, day) in DAYS.items()},
        blocks={name: Block((name,), summary) for name in DAYS}, cheap=CHEAP),
    Experiment(
        name="zone_maps", page="experiments/zone_maps.md", question="And on other maps of zones, at other loads?",
        minutes="12", run=run_zone_maps,
        tables={"savings": Source("zone_maps.csv", placement.SCENARIO, f"1-{MAP_SEEDS}", CONTROLLERS),
                "ends": Source("ends_of_feeder.csv", placement.SCENARIO, f"1-{MAP_SEEDS}", CONTROLLERS)},
        blocks={"savings": Block(("savings",), savings), "ends": Block(("ends",), ends)},
        cheap=CheapRow("placement_day on the public map, its first day, seed 1, uncoordinated", one_run(
            placement.SCENARIO, "uncoordinated", ("feeder_losses_kwh", "vm_min_pu"), "days=1",
            "districts.0.zone_map=public"), relative=1e-6)),
)
