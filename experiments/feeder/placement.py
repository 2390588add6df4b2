"""Placement: how much of a feeder's losses the choice of the bus saves, at equal energy of every class of cars.

    python -m experiments.feeder.placement --seeds 10 --zone-map contiguous

Per seed one upper plan is made and carried out `pro_rata` (controller `temporal`); the branch-flow layer then
carries out the same stored plan `in_place` and `guided`. Losses are AC losses of what happened. What the variants
deliver differently is taken out at the feeder's marginal loss. The last counted day is measured; a day under control
before it is needed, or cars stand where they parked unguided. Exit code 1 if the figure is not reached.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from controllers.port import PowerFlowCall, SpatialKnowledge
from controllers.spatial.branch_flow.migrate import migrate_bound
from experiments.feeder.equal_energy import (
    FeederDay,
    bus_shares,
    class_difference,
    class_energy_kwh,
    correction_kwh,
    feeder_day,
    marginal_loss,
)
from experiments.runs import exit_code, results_of, say
from models.records.arrays import Floats
from models.records.groups import THREE_CLASSES, ZONES
from testbed.metrics.inputs import networks
from testbed.metrics.of_runs import half_width
from testbed.reporting.tables import print_table
from testbed.results.reading import Result
from testbed.running.job import Job
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario.record import Scenario
from testbed.setup.districts import District, build_districts
from testbed.setup.knowledge import spatial_knowledge
from testbed.setup.profiles import build_profiles
from testbed.simulators.profiles import bus_load
from testbed.wiring.run_spec import DAY_S, RunSpec

SCENARIO = "placement_day"
REFERENCE = "pro_rata"
BOUND = "migrate"
LAYERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    REFERENCE: ("temporal", ()),
    "in_place": ("bilayer", ("spatial.placement=in_place",)),
    "guided": ("bilayer", ("spatial.placement=guided",)),
}
"""Variant: controller and what it changes of the scenario."""
EQUAL_ENERGY = 0.01
"""Totals per class and direction must agree to this share of the reference's."""
SHOWN = ("in_place", "guided", BOUND)
REQUIRED_GUIDED = 0.005
TRIES = 2
"""Seeds tried at most, as a multiple of the comparable ones asked for."""
REPLAY_AGREES_REL = 1e-6
BOUND_SHORT = 1e-4
TAXI = THREE_CLASSES.class_names.index("taxi")


# ---------------------------------------------------------------- one seed
@dataclass(frozen=True)
class Row:
    """One variant of one seed against pro rata."""

    seed: int
    variant: str
    losses_kwh: float
    correction_kwh: float
    """Taken off losses_kwh: more or less energy, or at another time (feeder as a whole)."""
    correction_zone_kwh: float
    """The same, zone by zone: also where cars draw in another zone than the reference's."""
    reference_kwh: float
    class_difference: float
    waiting: int
    fallbacks: int

    @property
    def reduction(self) -> float:
        """Share of the reference's losses that is saved, corrected."""
        return 1.0 - (self.losses_kwh - self.correction_kwh) / self.reference_kwh

    @property
    def reduction_zone(self) -> float:
        """The same with the correction zone by zone."""
        return 1.0 - (self.losses_kwh - self.correction_zone_kwh) / self.reference_kwh

    @property
    def reduction_raw(self) -> float:
        """The same without correction."""
        return 1.0 - self.losses_kwh / self.reference_kwh

    @property
    def is_fair(self) -> bool:
        """No car waited for a port, and every class got the same energy to 1 %."""
        return self.waiting == 0 and self.class_difference <= EQUAL_ENERGY


def seed_rows(seed: int, days: Mapping[str, FeederDay], place: Feeder, step_h: float) -> list[Row]:
    """The variants of one seed measured against REFERENCE, and the bound of free migration."""
    base = days[REFERENCE]
    reference = float(base.losses_kw.sum()) * step_h
    all_buses = np.abs(np.concatenate([day.p_bus_kw for day in days.values()]))
    zones = place.zones
    feeder = (zones.sum(axis=0) > 0)[None, :].astype(float)
    marginals = [marginal_loss(place.power_flow, place.load_kw + base.p_bus_kw, place.load_kvar,
                               bus_shares(all_buses, sets)) for sets in (feeder, zones)]
    rows = []
    for variant, day in days.items():
        total, by_zone = (correction_kwh(m, sets @ day.p_bus_kw.T, sets @ base.p_bus_kw.T, step_h)
                          for m, sets in zip(marginals, (feeder, zones), strict=True))
        difference = class_difference(class_energy_kwh(day, step_h), class_energy_kwh(base, step_h))
        rows.append(Row(seed, variant, float(day.losses_kw.sum()) * step_h, total, by_zone, reference,
                        difference, day.waiting, day.fallbacks))
    bound_kwh = bound_losses_kwh(place, base, step_h)
    return [*rows, Row(seed, BOUND, bound_kwh, 0.0, 0.0, reference, 0.0, base.waiting, 0)]


@dataclass(frozen=True)
class Feeder:
    """The feeder and its load without cars on the day measured."""

    knowledge: SpatialKnowledge
    power_flow: PowerFlowCall
    load_kw: Floats
    """[T, B]"""
    load_kvar: Floats
    zones: Floats
    """[Z, B] 1 where the bus is in the zone; zones without a bus left out."""


def feeder_of(scenario: Scenario, seed: int, name: str, day: int) -> Feeder:
    """The district's feeder and its load without cars."""
    spec = RunSpec(scenario, LAYERS[REFERENCE][0], seed, Path())
    district: District = build_districts(spec)[name]
    if district.power_flow is None:
        raise ValueError(f"district {name} has no network")
    begin_s = (day - 1) * DAY_S
    edges_s = begin_s + scenario.step_s * np.arange(scenario.steps_per_day + 1, dtype=np.float64)
    load = bus_load(district, edges_s,
                    build_profiles(scenario).load_shape(begin_s, scenario.step_s, scenario.steps_per_day))
    zones = (district.site.bus_zone == np.arange(len(ZONES))[:, None]).astype(float)
    return Feeder(spatial_knowledge(spec, district), district.power_flow, load.p_kw.T, load.q_kvar.T,
                  zones[zones.any(axis=1)])


def check_replay(place: Feeder, day: FeederDay, what: str) -> None:
    """Losses as recorded must be those of load and cars; ValueError if the file belongs to another feeder."""
    again = place.power_flow(place.load_kw + day.p_bus_kw, place.load_kvar).losses_kw
    error = float(np.max(np.abs(again - day.losses_kw) / day.losses_kw))
    if not error <= REPLAY_AGREES_REL:
        raise ValueError(f"{what}: recorded losses differ from their replay by {error:.2g}, "
                         f"allowed {REPLAY_AGREES_REL:g}")


def bound_losses_kwh(place: Feeder, base: FeederDay, step_h: float) -> float:
    """Losses if the reference's power of each step, zone and charger kind could sit on any bus of the zone."""
    charge, discharge = (
        np.stack([power.sum(axis=2) - power[:, :, TAXI], power[:, :, TAXI]], axis=2).transpose(1, 2, 0)
        for power in (base.charge_kw, base.discharge_kw))
    bound = migrate_bound(place.knowledge, place.load_kw, place.load_kvar, charge, discharge, period_h=step_h)
    if not bound.agrees or bound.short_kwh > BOUND_SHORT * float(charge.sum() + discharge.sum()) * step_h:
        raise ValueError(f"{place.knowledge.district}: no bound: AC and relaxation agree: {bound.agrees}; ports leave "
                         f"{bound.short_kwh:.1f} kWh undelivered")
    return bound.losses_kwh


# ---------------------------------------------------------------- all seeds
@dataclass(frozen=True)
class Summary:
    """One variant over all seeds: means of shares of the reference's losses, 95 % half widths (Student, paired)."""

    variant: str
    seeds: int
    reduction: float
    ci95: float
    reduction_zone: float
    ci95_zone: float
    reduction_raw: float
    share_of_bound: float
    """Mean saving over the mean saving of free migration."""
    class_difference: float
    """Largest of any seed."""
    unfair_seeds: tuple[int, ...]
    """Seeds in which a car waited, or a class's energy differs by more than 1 %."""

    @property
    def is_above_zero(self) -> bool:
        """The interval lies above 0."""
        return self.reduction - self.ci95 > 0


def summarise(rows: Sequence[Row], variant: str) -> Summary:
    """The variant's mean over its seeds."""
    own = [row for row in rows if row.variant == variant]
    saved, zone = np.array([row.reduction for row in own]), np.array([row.reduction_zone for row in own])
    bound = float(np.mean([row.reduction for row in rows if row.variant == BOUND]))
    return Summary(
        variant=variant, seeds=len(own), reduction=float(saved.mean()), ci95=half_width(saved),
        reduction_zone=float(zone.mean()), ci95_zone=half_width(zone),
        reduction_raw=float(np.mean([row.reduction_raw for row in own])), share_of_bound=float(saved.mean()) / bound,
        class_difference=max(row.class_difference for row in own),
        unfair_seeds=tuple(row.seed for row in own if not row.is_fair))


def verdict(guided: Summary) -> tuple[bool, str]:
    """Is the figure reached (mean at least 0.5 %, interval above 0, every seed fair)? With the reasons if not."""
    reasons = []
    if guided.reduction < REQUIRED_GUIDED:
        reasons.append(f"mean {percent(guided.reduction)} % is below {percent(REQUIRED_GUIDED)} %")
    if not guided.is_above_zero:
        reasons.append("the interval is not above 0" if guided.seeds > 1 else "one seed has no interval")
    if guided.unfair_seeds:
        reasons.append(f"seeds {', '.join(map(str, guided.unfair_seeds))} are not strictly comparable")
    return not reasons, "reached" if not reasons else "not reached: " + "; ".join(reasons)


def conditions(variants: Sequence[Summary]) -> str:
    """Seeds in which the variants are not strictly comparable, and the largest difference."""
    unfair = sorted({seed for variant in variants for seed in variant.unfair_seeds})
    largest = max(variant.class_difference for variant in variants)
    named = f"not in seeds {', '.join(map(str, unfair))}" if unfair else "in all seeds"
    return (f"nobody waits for a port and class totals agree to {EQUAL_ENERGY:.0%}: {named}; "
            f"largest difference {100 * largest:.2f} %, taken out at marginal loss")


def percent(share: float) -> str:
    """As people read it, a dash for what is not known."""
    return f"{100 * share:+.3f}" if np.isfinite(share) else "-"


def print_summary(rows: Sequence[Row]) -> tuple[bool, str]:
    """Both tables and the verdict to the screen; returns the verdict."""
    print_table(("seed", "variant", "losses kWh", "corrected kWh", "saved %", "class diff %", "waiting", "fallbacks"),
                [(str(r.seed), r.variant, f"{r.losses_kwh:.2f}", f"{r.losses_kwh - r.correction_kwh:.2f}",
                  percent(r.reduction), f"{100 * r.class_difference:.2f}", str(r.waiting), str(r.fallbacks))
                 for r in rows], right=("losses kWh", "corrected kWh", "saved %", "class diff %"))
    summaries = [summarise(rows, name) for name in SHOWN]
    print_table(("variant", "seeds", "saved %", "± 95 %", "by zone %", "± 95 % ", "raw %", "share of migrate %"),
                [(s.variant, str(s.seeds), percent(s.reduction), percent(s.ci95), percent(s.reduction_zone),
                  percent(s.ci95_zone), percent(s.reduction_raw), f"{100 * s.share_of_bound:.0f}") for s in summaries])
    reached, text = verdict(next(s for s in summaries if s.variant == "guided"))
    print(f"guided saves at least {percent(REQUIRED_GUIDED)} % of pro rata's losses: {text}")
    print(conditions(summaries))
    return reached, text


def print_answer(rows: Sequence[Row], wanted: int) -> bool:
    """The comparable seeds, what was left out, and the same over all seeds; True if the figure is reached."""
    fair = comparable(rows)
    tried, left = {row.seed for row in rows}, {row.seed for row in rows} - {row.seed for row in fair}
    reached, _ = print_summary(fair) if fair else (False, "")
    everything = summarise(rows, "guided")
    print(f"{len(tried)} seeds tried, {len(left)} left out as not comparable under guided"
          f"{': ' + ', '.join(map(str, sorted(left))) if left else ''}; over all of them guided saves "
          f"{percent(everything.reduction)} % ± {percent(everything.ci95)}")
    if len(tried) - len(left) < wanted:
        print(f"only {len(tried) - len(left)} of {wanted} seeds are comparable")
    return reached and len(tried) - len(left) >= wanted


# ---------------------------------------------------------------- files
def write_csv(rows: Sequence[Row], path: Path) -> None:
    """One line per seed and variant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("seed", "variant", "losses_kwh", "correction_kwh", "correction_zone_kwh", "saved_percent",
                         "saved_zone_percent", "saved_raw_percent", "class_difference_percent", "waiting", "fallbacks"))
        for r in rows:
            shares = (r.reduction, r.reduction_zone, r.reduction_raw, r.class_difference)
            writer.writerow((r.seed, r.variant, r.losses_kwh, r.correction_kwh, r.correction_zone_kwh,
                             *(100 * share for share in shares), r.waiting, r.fallbacks))


def write_figure(rows: Sequence[Row], title: str, stem: Path) -> None:
    """Savings of each seed as points, mean and interval beside them; STEM.png and STEM.svg."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an optional dependency, slow to import

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    for x, name in enumerate(SHOWN):
        values = np.array([100 * row.reduction for row in rows if row.variant == name])
        axes.plot(np.full(values.size, x - 0.1), values, "o", color="0.6", markersize=4)
        interval = np.nan_to_num(half_width(values))
        axes.errorbar(x + 0.1, values.mean(), yerr=interval, fmt="s", color="C0", capsize=4)
    axes.axhline(0.0, color="0.3", linewidth=0.8)
    axes.axhline(100 * REQUIRED_GUIDED, color="C3", linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(SHOWN)), SHOWN)
    axes.set_ylabel("feeder losses saved against pro rata [%]")
    axes.set_title(title, fontsize=10)
    for suffix in (".png", ".svg"):
        figure.savefig(stem.with_suffix(suffix), dpi=150)


def write_summary(rows: Sequence[Row], path: Path) -> None:
    """Each variant over the comparable seeds, and over all that were tried."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["over", *Summary.__dataclass_fields__])
        writer.writeheader()
        for over, some in (("comparable", comparable(rows)), ("all", rows)):
            writer.writerows({"over": over, **asdict(summarise(some, name))} for name in SHOWN if some)


# ---------------------------------------------------------------- running
def seed_job(described: str, overrides: Sequence[str], variant: str, seed: int, folder: Path) -> Job:
    """The run of one variant; all but REFERENCE replay its plan."""
    controller, own = LAYERS[variant]
    scenario = checked_scenario(described, (*overrides, *own))
    plan = None if variant == REFERENCE else folder / f"{REFERENCE}-seed{seed}.h5"
    return Job(scenario.model_dump_json(), controller, controller, seed, folder / f"{variant}-seed{seed}.h5", plan,
               scenario.hours_simulated)


def comparable(rows: Sequence[Row], variant: str = "guided") -> list[Row]:
    """Rows of the seeds in which no car waited and every class got pro rata's energy to 1 % under the variant."""
    fair = {row.seed for row in rows if row.variant == variant and row.is_fair}
    return [row for row in rows if row.seed in fair]


def measure(described: str, overrides: Sequence[str], seeds: Sequence[int], folder: Path, day: int | None = None,
            fresh: bool = False, enough: int | None = None) -> list[Row]:
    """All variants of the seeds in turn, `enough`: until so many are comparable.

    Runs are made where no result is there yet; by default the last counted day is measured.
    """
    rows: list[Row] = []
    scenario = checked_scenario(described, overrides)
    day = scenario.days if day is None else day
    if not 1 <= day <= scenario.days:
        raise WrongRequest([f"--day {day}: {described} has days 1 to {scenario.days}"])
    for seed in seeds:
        if len({row.seed for row in comparable(rows)}) == enough:
            break
        results: dict[str, Result] = {}
        for variant in LAYERS:
            results[variant], = results_of([seed_job(described, overrides, variant, seed, folder)], fresh=fresh)
        name = networks(results[REFERENCE])[0]
        place = feeder_of(scenario, seed, name, day)
        days = {variant: feeder_day(result, name, day) for variant, result in results.items()}
        for variant, day_run in days.items():
            check_replay(place, day_run, f"{variant} seed {seed}")
        rows += seed_rows(seed, days, place, results[REFERENCE].step_h)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.feeder.placement", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="comparable seeds, from 1 on (default 10)")
    parser.add_argument("--zone-map", choices=("contiguous", "public"), default="contiguous")
    parser.add_argument("--day", type=int, metavar="D", help="counted day to measure (default the last)")
    parser.add_argument("--scenario", default=SCENARIO)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    parser.add_argument("-o", dest="folder", type=Path, metavar="DIR", help="default results/placement/ZONE_MAP")
    parser.add_argument("--fresh", action="store_true", help="make every run again")
    options = parser.parse_args(arguments)
    folder = options.folder or Path("results/placement") / options.zone_map
    overrides = (*options.overrides, f"districts.0.zone_map={options.zone_map}")
    rows = measure(options.scenario, overrides, range(1, TRIES * options.seeds + 1), folder, options.day, options.fresh,
                   options.seeds)
    reached = print_answer(rows, options.seeds)
    write_csv(rows, folder / "placement.csv")
    write_summary(rows, folder / "summary.csv")
    if find_spec("matplotlib"):
        tried = len({row.seed for row in rows})
        write_figure(rows, f"{options.scenario}, {options.zone_map} zones, {tried} seeds", folder / "placement")
    else:
        say("no figure: matplotlib is not installed (pip install '.[notebooks]')")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(exit_code(main))
