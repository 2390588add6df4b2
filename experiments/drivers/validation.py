"""Simulated private cars against recorded sessions and a travel survey: arrival, dwell, energy, plugged share.

    python -m experiments.drivers.validation -o results/validation

Compared are stays on weekdays: recorded ones of two workplaces, and simulated ones in the office zone of cars that
charge at once and always plug in, by the normal laws (`parametric`) and by the survey's tables (`survey`). The distance
of two samples is the area between their distribution functions (Wasserstein), in the unit of the quantity: how far
values must be moved on average.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from experiments.csv_rows import write_rows
from experiments.publishing.drawing import headed, sheet
from experiments.runs import exit_code, save_figure
from models.drivers.population import FleetParameters, district_seed
from models.drivers.willingness import DriverParameters
from models.mobility.expectation import DistrictInputs, simulate_sessions
from models.mobility.recorded_sessions import SHIPPED, read_sessions
from models.mobility.stays import MIN_PLUGGED_S
from models.mobility.trip_parameters import PrivateTrips, TripParameters
from models.mobility.trips import DAY_S, TripWishes
from models.mobility.trips_survey import MOST_TRIPS, survey_tables
from models.records.arrays import Floats, Ints
from models.records.feeder import Site
from models.records.groups import OFFICE, RESIDENTIAL, THREE_CLASSES, ZONES
from testbed.reporting.charts import CONTROLLER_COLOURS
from testbed.reporting.tables import print_table
from testbed.running.preflight import RESULTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

HOUR_S, CARS, DAYS, SEED = 3600.0, 1000, 5, 1
UNITS = {"arrival": "h", "dwell": "h", "energy": "kWh"}
TITLES = {"arrival": "When cars arrive", "dwell": "How long they stay", "energy": "How much they charge",
          "plugged": "How many are plugged in"}
KINDS: tuple[PrivateTrips, ...] = ("parametric", "survey")


@dataclass(frozen=True)
class Stays:
    """Stays of one source on weekdays."""

    arrival: Floats
    """Hour of the day."""
    dwell: Floats
    """h, as declared for simulated cars (they keep their word here), true for recorded ones."""
    energy: Floats
    """kWh at the charger."""
    plugged: Floats
    """[24] cars plugged in at each full hour, over the largest of them."""


def recorded(name: str) -> Stays:
    """A recorded workplace, Monday to Friday, sessions of at least half an hour."""
    r = read_sessions(name)
    first = int((r.first_day - np.datetime64("1970-01-01")).astype(np.int64)) + 3  # 1970-01-01 was a Thursday
    weekday = (r.arrival_s // DAY_S + first) % 7
    kept = (weekday < 5) & (r.departure_s - r.arrival_s >= MIN_PLUGGED_S)
    r = r.rows(kept)
    return _stays(r.arrival_s, r.departure_s, r.delivered_kwh)


def simulated(kind: PrivateTrips, zone: int = OFFICE) -> Stays:
    """Stays of private cars in a zone over a working week."""
    ports = np.full(len(ZONES), CARS)
    inputs = DistrictInputs(
        fleet=FleetParameters(private=CARS, taxi=0, government=0), site=Site(np.arange(len(ZONES)), ports, 0 * ports),
        drivers=DriverParameters(compliance_mean=1.0, private_stays_per_day=MOST_TRIPS + 1 if kind == "survey" else 4),
        trips=TripParameters(trips=kind), warmup_days=1)
    s = simulate_sessions(inputs, district_seed(SEED, 0), DAYS).stays.sessions
    here = THREE_CLASSES.zone_of(s.group) == zone
    need = np.maximum(s.wanted_kwh - s.energy_kwh, 0.0) / s.eta_charge
    most = s.p_charge_max_kw * (s.departure_s - s.start_s) / HOUR_S
    return _stays(s.start_s[here], s.departure_s[here], np.minimum(need, most)[here])


def _stays(arrival_s: Ints, departure_s: Ints, energy_kwh: Floats) -> Stays:
    return Stays(arrival_s % DAY_S / HOUR_S, (departure_s - arrival_s) / HOUR_S, energy_kwh,
                 plugged_by_hour(arrival_s, departure_s))


def plugged_by_hour(arrival_s: Ints, departure_s: Ints) -> Floats:
    """[24] cars plugged in at each full hour of the day, all days laid together, over the largest."""
    counts = np.zeros(24)
    for hour in range(24):  # how often this hour strikes before the departure less how often before the arrival
        at = hour * int(HOUR_S)
        counts[hour] = float(((departure_s - 1 - at) // DAY_S - (arrival_s - 1 - at) // DAY_S).sum())
    return np.asarray(counts / max(counts.max(), 1.0), dtype=np.float64)


def distances(real: Stays, made: Stays) -> dict[str, float]:
    """Wasserstein distance of each quantity in its unit, and mean difference of the plugged share over the hours."""
    by_quantity = {name: float(stats.wasserstein_distance(getattr(real, name), getattr(made, name))) for name in UNITS}
    return by_quantity | {"plugged": float(np.abs(real.plugged - made.plugged).mean())}


def survey_rows() -> list[list[object]]:
    """Trips of simulated cars against the survey's tables on a weekday: number, departure, km as middles of classes."""
    t = survey_tables()
    share = t.departures[:, 0].sum(axis=2).T @ np.array([0.4, 0.6])
    hours, km = np.arange(48) / 2 + 0.25, (np.concatenate([[0], t.km[:-1]]) + t.km) / 2
    rows: list[list[object]] = [["survey", float(t.trips[0] @ np.arange(MOST_TRIPS + 1)), float(share @ hours),
                                 float(t.ways.sum(axis=1) @ km), 0.0, 0.0]]
    for kind in KINDS:
        wishes = TripWishes(np.zeros(CARS, dtype=np.int64), district_seed(SEED, 0), TripParameters(trips=kind))
        day = wishes.day(2)
        left = day.depart_s[day.exists] / HOUR_S - 48
        length = km[np.minimum(np.searchsorted(t.km, day.distance_km[day.exists]), km.size - 1)]
        rows.append([kind, float(day.exists.sum() / CARS), float(left.mean()), float(length.mean()),
                     float(stats.wasserstein_distance(left, hours, v_weights=share)),
                     float(stats.wasserstein_distance(length, km, v_weights=t.ways.sum(axis=1)))])
    return rows


def curves(sources: Mapping[str, Stays]) -> list[tuple[str, str, str, str]]:
    """(source, quantity, its value, density) by 48 bins of each quantity, and the plugged share by hour."""
    rows = []
    for label, stays in sources.items():
        for name, top in zip(UNITS, (24, 16, 50), strict=True):
            heights, edges = np.histogram(getattr(stays, name), np.linspace(0, top, 49), density=True)
            rows += [(label, name, f"{x:.6g}", f"{y:.5g}")
                     for x, y in zip((edges[1:] + edges[:-1]) / 2, heights, strict=True)]
        rows += [(label, "plugged", str(hour), f"{share:.5g}") for hour, share in enumerate(stays.plugged)]
    return rows


def picture(rows: Sequence[tuple[str, str, str, str]]) -> Drawing:
    """Distributions and the plugged share, one line per source, recorded ones whole; rows as of `curves`."""
    figure = sheet(9, 6)
    panels = figure.subplots(2, 2)
    sources = dict.fromkeys(row[0] for row in rows)
    for panel, name in zip(panels.flat, (*UNITS, "plugged"), strict=True):
        for label, colour in zip(sources, CONTROLLER_COLOURS, strict=False):
            mine = [row for row in rows if row[:2] == (label, name)]
            is_recorded = label in SHIPPED
            panel.plot([float(row[2]) for row in mine], [float(row[3]) for row in mine], color=colour, linewidth=1.3,
                       linestyle="-" if is_recorded else "--",
                       label=f"{label}, {'recorded' if is_recorded else 'simulated'}")
        panel.set_xlabel(f"{name} [{UNITS[name]}]" if name in UNITS else "hour of the day")
        panel.set_ylabel(f"share of stays per {UNITS[name]}" if name in UNITS else "plugged cars / largest")
        headed(panel, TITLES[name])
    panels[0][0].legend(fontsize=8, frameon=False)
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Print and write the distances and the figure."""
    parser = argparse.ArgumentParser(prog="python -m experiments.drivers.validation", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "validation")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen.output))


def _run(output: Path) -> int:
    real = {name: recorded(name) for name in SHIPPED}
    made = {kind: simulated(kind) for kind in KINDS}
    output.mkdir(parents=True, exist_ok=True)
    head = ["recorded", "simulated", *(f"{name} [{unit}]" for name, unit in UNITS.items()), "plugged share [1]"]
    rows: list[list[object]] = []
    names = [*((r, m) for r in real for m in made), tuple(real)]
    for a, b in names:
        rows.append([a, b, *(f"{value:.2f}" for value in distances(real[a], (real | made)[b]).values())])
    write_rows(head, rows, output / "distances.csv")
    print_table(head, [[str(value) for value in row] for row in rows])
    means = [[name, len(s.arrival), *(f"{np.median(getattr(s, q)):.2f}" for q in UNITS)]
             for name, s in (real | made).items()]
    write_rows(["source", "stays", "median arrival [h]", "median dwell [h]", "median energy [kWh]"], means,
               output / "medians.csv")
    print_table(["source", "stays", *(f"median {q}" for q in UNITS)], [[str(v) for v in row] for row in means])
    trips = [[str(row[0]), *(f"{float(str(v)):.2f}" for v in row[1:])] for row in survey_rows()]
    head = ["source", "trips a day", "mean departure [h]", "mean trip [km]", "departure distance [h]",
            "trip distance [km]"]
    write_rows(head, trips, output / "trips.csv")
    print_table(head, trips)
    home = {f"{kind}, home": simulated(kind, RESIDENTIAL).plugged for kind in KINDS}
    write_rows(["hour", *home], [[h, *(f"{v[h]:.3f}" for v in home.values())] for h in range(24)], output / "home.csv")
    write_rows(("source", "quantity", "value", "density"), curves(real | made), output / "curves.csv")
    save_figure(picture(curves(real | made)), output / "validation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
