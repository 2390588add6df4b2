"""Zone maps: what placement saves of a feeder's losses, for each map of zones, kind of placement and size of load.

    python -m experiments.feeder.zone_maps --seeds 3

The method is that of `experiments.feeder.placement`: per seed one upper plan, carried out pro rata, `in_place` and
`guided`, and `migrate` as the bound. Here it is repeated for two maps and two peaks: 0.83 with 103 cars and 1.0 with
124.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from controllers.port import PowerFlowCall
from experiments.csv_rows import write_rows
from experiments.feeder.equal_energy import feeder_day
from experiments.feeder.placement import LAYERS, REFERENCE, SCENARIO, feeder_of, measure, seed_job, summarise
from experiments.runs import exit_code, results_of
from models.records.arrays import Floats
from testbed.metrics.inputs import networks
from testbed.reporting.tables import print_table
from testbed.results.reading import open_result
from testbed.running.preflight import checked_scenario

MAPS = ("contiguous", "public")
SCALES: Mapping[str, tuple[str, ...]] = {
    "0.83": (),
    "1.0": ("profiles.load_peak_mw=3.72", "profiles.wind_capacity_mw=0.372", "profiles.pv_capacity_mw=0.248",
            "system.unit_scale=0.00248", "districts.0.peak_scale=1.0", "districts.0.private=99",
            "districts.0.taxi=15", "districts.0.government=10"),
}
"""Peak scale and what it changes of placement_day: the feeder's share of 50,000 cars, and system and units with it."""
VARIANTS = ("in_place", "guided", "migrate")
CLAIMED = 0.04
"""Of the day's losses."""


@dataclass(frozen=True)
class Saving:
    """One cell: losses saved against pro rata at equal energy, shares, mean over seeds."""

    zone_map: str
    scale: str
    variant: str
    seeds: int
    reduction: float
    ci95: float
    """Half width (Student, paired); NaN with one seed."""
    reference_kwh: float
    unfair_seeds: int
    """Seeds that are not strictly comparable."""

    @property
    def reaches_claim(self) -> bool:
        """The mean is 4 % or more."""
        return self.reduction >= CLAIMED


@dataclass(frozen=True)
class EndsOfFeeder:
    """Where cars charge and discharge, against what a kW more costs there; one variant, mean over seeds."""

    zone_map: str
    scale: str
    variant: str
    marginal_at_charge: float
    """Mean marginal loss [kW/kW] at the buses that draw, weighted with their power, at the hours when they do."""
    marginal_at_discharge: float
    marginal_even: float
    """The same hours, if all charging stood evenly on the buses where cars may park."""
    marginal_even_discharge: float
    correlation: float
    """Over buses: the day's net charging against the day's mean marginal loss."""


@dataclass(frozen=True)
class Study:
    """What is asked of one pair of map and peak."""

    zone_map: str
    scale: str
    seeds: tuple[int, ...]
    folder: Path
    scenario: str = SCENARIO
    overrides: tuple[str, ...] = ()
    fresh: bool = False

    @property
    def place(self) -> Path:
        """Where its runs lie."""
        return self.folder / f"{self.zone_map}-{self.scale}"

    @property
    def all_overrides(self) -> tuple[str, ...]:
        """Of placement_day."""
        return (*SCALES[self.scale], *self.overrides, f"districts.0.zone_map={self.zone_map}")


def study(case: Study) -> tuple[list[Saving], list[EndsOfFeeder]]:
    """All variants of one pair, run where no result is there yet."""
    rows = measure(case.scenario, case.all_overrides, case.seeds, case.place, fresh=case.fresh)
    reference = float(np.mean([row.reference_kwh for row in rows]))
    savings = []
    for variant in VARIANTS:
        summary = summarise(rows, variant)
        savings.append(Saving(case.zone_map, case.scale, variant, summary.seeds, summary.reduction, summary.ci95,
                              reference, len(summary.unfair_seeds)))
    return savings, [ends_of_feeder(case, variant) for variant in LAYERS]


def make_runs(todo: Sequence[Study], workers: int = 1) -> None:
    """The runs of all studies: first those whose plans are stored, then those that carry the same plans out."""
    fresh = any(case.fresh for case in todo)
    for variants in ((REFERENCE,), [variant for variant in LAYERS if variant != REFERENCE]):
        results_of([seed_job(case.scenario, case.all_overrides, variant, seed, case.place)
                    for case in todo for seed in case.seeds for variant in variants], workers, fresh)


def ends_of_feeder(case: Study, variant: str) -> EndsOfFeeder:
    """Measured from the dispatch that happened on the last day, AC marginal losses at the loads without cars."""
    marginals = []
    scenario = checked_scenario(case.scenario, case.all_overrides)
    for seed in case.seeds:
        result = open_result(case.place / f"{variant}-seed{seed}.h5")
        place = feeder_of(scenario, seed, networks(result)[0], scenario.days)
        day = feeder_day(result, networks(result)[0], scenario.days)
        marginal = marginal_by_bus(place.power_flow, place.load_kw, place.load_kvar)
        parks = place.zones.sum(axis=0) > 0
        marginals.append(_ends(marginal[:, parks], day.p_bus_kw[:, parks]))
    mean = np.mean(marginals, axis=0)
    return EndsOfFeeder(case.zone_map, case.scale, variant, *(float(value) for value in mean))


def marginal_by_bus(power_flow: PowerFlowCall, p_kw: Floats, q_kvar: Floats, probe_kw: float = 1.0) -> Floats:
    """dLoss/dP [T, B] by AC: one kW more at each bus in turn, loads [T, B]; 0 at the substation."""
    base = power_flow(p_kw, q_kvar).losses_kw
    more = [power_flow(p_kw + probe_kw * (np.arange(p_kw.shape[1]) == bus), q_kvar).losses_kw
            for bus in range(1, p_kw.shape[1])]
    return np.stack([np.zeros_like(base), *((probed - base) / probe_kw for probed in more)], axis=1)


def _ends(marginal: Floats, p_bus_kw: Floats) -> tuple[float, float, float, float, float]:
    """marginal, p_bus_kw [T, B'] at the buses where cars may park."""
    charge, discharge = np.maximum(p_bus_kw, 0.0), np.maximum(-p_bus_kw, 0.0)
    even = [np.repeat(power.mean(axis=1, keepdims=True), marginal.shape[1], axis=1) for power in (charge, discharge)]
    weighted = [float((marginal * power).sum() / power.sum()) if power.sum() > 0 else np.nan
                for power in (charge, discharge, *even)]
    net, cost = p_bus_kw.sum(axis=0), marginal.mean(axis=0)
    return (weighted[0], weighted[1], weighted[2], weighted[3], float(np.corrcoef(net, cost)[0, 1]))


def studies(seeds: int, folder: Path, overrides: Sequence[str] = (), fresh: bool = False) -> list[Study]:
    """Both maps at both peaks, seeds 1 to N."""
    return [Study(zone_map, scale, tuple(range(1, seeds + 1)), folder, overrides=tuple(overrides), fresh=fresh)
            for zone_map in MAPS for scale in SCALES]


def run_studies(todo: Sequence[Study], workers: int = 1) -> tuple[list[Saving], list[EndsOfFeeder]]:
    """All of them; with 2 workers or more their runs share one pool of processes."""
    make_runs(todo, workers)
    ended = [study(replace(case, fresh=False)) for case in todo]
    return [saving for savings, _ in ended for saving in savings], [end for _, ends in ended for end in ends]


# ---------------------------------------------------------------- tables
def print_tables(savings: Sequence[Saving], ends: Sequence[EndsOfFeeder]) -> None:
    """To the screen."""
    print_table(("zones", "peak", "placement", "seeds", "saved %", "± 95 %", "of kWh", "not comparable", "4 %?"),
                [(s.zone_map, s.scale, s.variant, str(s.seeds), f"{100 * s.reduction:+.3f}", _percent(s.ci95),
                  f"{s.reference_kwh:.1f}", str(s.unfair_seeds), "yes" if s.reaches_claim else "no") for s in savings])
    print_table(("zones", "peak", "placement", "charging at", "even", "discharging at", "even ", "correlation"),
                [(e.zone_map, e.scale, e.variant, f"{e.marginal_at_charge:.4f}", f"{e.marginal_even:.4f}",
                  f"{e.marginal_at_discharge:.4f}", f"{e.marginal_even_discharge:.4f}", f"{e.correlation:+.2f}")
                 for e in ends])


def _percent(share: float) -> str:
    return f"{100 * share:.3f}" if np.isfinite(share) else "-"


def write_csv(rows: Sequence[Saving] | Sequence[EndsOfFeeder], path: Path) -> None:
    """One line per row; the header names the fields."""
    write_rows(list(asdict(rows[0])), [list(asdict(row).values()) for row in rows], path)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.feeder.zone_maps", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds 1 to N (default 3)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    parser.add_argument("-o", dest="folder", type=Path, default=Path("results/zone_maps"), metavar="DIR")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="runs at a time")
    parser.add_argument("--fresh", action="store_true", help="make every run again")
    options = parser.parse_args(arguments)
    todo = studies(options.seeds, options.folder, options.overrides, options.fresh)
    savings, ends = run_studies(todo, options.workers)
    print_tables(savings, ends)
    write_csv(savings, options.folder / "zone_maps.csv")
    write_csv(ends, options.folder / "ends_of_feeder.csv")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
