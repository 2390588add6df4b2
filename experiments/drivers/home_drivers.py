"""Private cars of the driver profile `home` against recorded charging at home.

    python -m experiments.drivers.home_drivers -o results/home_drivers

Eight simulated weeks of a fleet that charges at once, after two weeks in which it settles. The distance of a simulated
distribution to the pooled sites (Wasserstein, in the unit of the quantity) is held against that of the median site: how
far the sites are from each other. Also computed: how often the profile `uk` plugs in, and what cars would do that drive
as usual and plug in at every stay (`paper`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.csv_rows import write_rows
from experiments.drivers.home_statistics import DAYS, DISTRIBUTIONS, Binned, median_site_distance, pooled
from experiments.runs import exit_code, save_figure
from models.drivers.population import district_seed
from models.mobility.expectation import DistrictInputs, true_sessions
from models.mobility.trips import DAY_S
from models.records.arrays import SECONDS_PER_HOUR, Floats, Ints
from models.records.feeder import Site
from models.records.groups import ZONES
from testbed.reporting.tables import print_table
from testbed.running.preflight import RESULTS
from testbed.scenario.loading import load_scenario
from testbed.scenario.parts.district import District
from testbed.setup.classes import fleet_parameters
from testbed.setup.districts import driver_parameters, trip_parameters

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

CARS, WEEKS, SETTLING_DAYS, SEED = 1500, 8, 14, 1
HOURS_PER_DAY, DAYS_PER_WEEK, WORKDAYS = 24, 7, 5
NOON = 12
"""Of the weekday, the hour from 12 to 13."""
KWH_PER_WEEK = 31.0
"""A week at home, about: median sessions a week x mean of median and mean session, of data/home (C)."""
RELATIVE, NOON_TOLERANCE = 0.15, 0.03
"""How near to the data the profile is meant to be."""
PROFILES = ("home", "uk", "paper")
Limits = tuple[float, float]
CURVES = ("source", "quantity", "from", "to", "value")
"""Columns of the curves: source `recorded` or `home`; quantity a day of the week (cars plugged in over the largest, by
hour) or one of the distributions (share of stays in the bin)."""
Curve = tuple[str, str, float, float, float]


@dataclass(frozen=True)
class Charging:
    """Plugged stays [S] of private cars over some weeks, hours from a Monday's midnight."""

    cars: int
    weeks: int
    vehicle: Ints
    start_h: Floats
    end_h: Floats
    energy_kwh: Floats
    """At the charger."""

    @property
    def begun(self) -> Charging:
        """Only stays that begin within the weeks."""
        rows = (self.start_h >= 0) & (self.start_h < self.hours)
        return Charging(self.cars, self.weeks, self.vehicle[rows], self.start_h[rows], self.end_h[rows],
                        self.energy_kwh[rows])

    @property
    def hours(self) -> int:
        return self.weeks * DAYS_PER_WEEK * HOURS_PER_DAY

    def plug_ins_per_week(self) -> Floats:
        """[cars]"""
        return np.bincount(self.begun.vehicle, minlength=self.cars) / self.weeks

    def kwh_per_week(self) -> Floats:
        """[cars]"""
        begun = self.begun
        return np.bincount(begun.vehicle, begun.energy_kwh, self.cars) / self.weeks

    def time_plugged(self) -> float:
        """Share of all cars' time."""
        within = np.clip(self.end_h, 0, self.hours) - np.clip(self.start_h, 0, self.hours)
        return float(within.sum() / (self.cars * self.hours))

    def plugged_over_peak(self, day: str = "weekday") -> Floats:
        """[24] cars plugged in at the middle of each hour, over the largest."""
        at_h = np.arange(self.hours) + 0.5
        plugged = (np.searchsorted(np.sort(self.start_h), at_h) - np.searchsorted(np.sort(self.end_h), at_h))
        by_day = plugged.reshape(-1, HOURS_PER_DAY)
        is_workday = np.arange(len(by_day)) % DAYS_PER_WEEK < WORKDAYS
        mean = by_day[is_workday == (day == "weekday")].mean(axis=0)
        return np.asarray(mean / max(mean.max(), 1e-9))

    def values(self, quantity: str) -> Floats:
        """Of each stay that begins within the weeks."""
        begun = self.begun
        return {"plug_in_hour_share": begun.start_h % HOURS_PER_DAY, "dwell_share": begun.end_h - begun.start_h,
                "energy_share": begun.energy_kwh}[quantity]


def charging(profile: str, cars: int = CARS, weeks: int = WEEKS, seed: int = SEED, step_s: int = 900,
             overrides: Sequence[str] = ()) -> Charging:
    """Private cars with these drivers, all charging at once to what they want, as long as they truly stay."""
    scenario = load_scenario("study_day", [f"drivers.profile={profile}", *overrides])
    ports = np.full(len(ZONES), cars)
    inputs = DistrictInputs(
        fleet=fleet_parameters(scenario, District(name="cars", private=cars)),
        site=Site(np.arange(len(ZONES)), ports, 0 * ports), drivers=driver_parameters(scenario),
        trips=trip_parameters(scenario), step_s=step_s, warmup_days=SETTLING_DAYS, start_s=-SETTLING_DAYS * DAY_S)
    stays = true_sessions(inputs, district_seed(seed, 0), weeks * DAYS_PER_WEEK)
    s = stays.sessions
    dwell_h = (s.departure_s - s.start_s) / SECONDS_PER_HOUR
    need_kwh = np.maximum(s.wanted_kwh - s.energy_kwh, 0.0) / s.eta_charge
    return Charging(cars, weeks, stays.vehicle, s.start_s / SECONDS_PER_HOUR, s.departure_s / SECONDS_PER_HOUR,
                    np.minimum(need_kwh, s.p_charge_max_kw * dwell_h))


@dataclass(frozen=True)
class Compared:
    """One quantity: what the data say, what was simulated, and between which limits it is meant to be."""

    quantity: str
    unit: str
    data: float
    simulated: float
    limits: Limits

    @property
    def is_within(self) -> bool:
        return self.limits[0] <= self.simulated <= self.limits[1]


def comparison(made: Charging) -> list[Compared]:
    """All quantities with a target."""
    data, plug_ins = pooled(), made.plug_ins_per_week()
    rows = [_near(f"plug-ins a week: {percentile}th percentile of cars", "1", data.value(
                "sessions_per_user_week_quantile", start=percentile), float(np.percentile(plug_ins, int(percentile))))
            for percentile in ("25", "50", "75")]
    rows.append(_near("share of time plugged in", "1", data.value("share_of_time_plugged_mean"), made.time_plugged()))
    rows.append(_near("energy a week: mean of cars", "kWh", KWH_PER_WEEK, float(made.kwh_per_week().mean())))
    noon = float(data.plugged_over_peak("weekday")[NOON])
    rows.append(Compared("weekday: plugged at 12-13 h over the peak", "1", noon,
                         float(made.plugged_over_peak()[NOON]), (noon - NOON_TOLERANCE, noon + NOON_TOLERANCE)))
    for quantity, unit in DISTRIBUTIONS.items():
        recorded = data.distribution(quantity)
        limit = median_site_distance(quantity)
        rows.append(Compared(f"distance of {quantity.removesuffix('_share').replace('_', ' ')}; data: median site's",
                             unit, limit, recorded.of(made.values(quantity)).distance(recorded), (0.0, limit)))
    return rows


def _near(quantity: str, unit: str, data: float, simulated: float) -> Compared:
    return Compared(quantity, unit, data, simulated, (data * (1 - RELATIVE), data * (1 + RELATIVE)))


def profile_row(name: str, made: Charging) -> list[object]:
    """How often and how much cars of one driver profile charge."""
    plug_ins = made.plug_ins_per_week()
    return [name, f"{plug_ins.mean():.2f}", *(f"{np.percentile(plug_ins, p):.2f}" for p in (25, 50, 75)),
            f"{made.time_plugged():.3f}", f"{made.kwh_per_week().mean():.1f}", f"{np.median(made.kwh_per_week()):.1f}",
            f"{np.median(made.values('dwell_share')):.1f}", f"{np.median(made.values('energy_share')):.1f}"]


def curves(made: Charging) -> list[Curve]:
    """Rows of CURVES: plugged cars by hour of both kinds of days, and the three distributions."""
    data, rows = pooled(), list[Curve]()
    for source, plugged in (("recorded", data.plugged_over_peak), ("home", made.plugged_over_peak)):
        rows += [(source, day, float(hour), hour + 1.0, float(share))
                 for day in DAYS for hour, share in enumerate(plugged(day))]
    for quantity in DISTRIBUTIONS:
        recorded = data.distribution(quantity)
        rows += _of_bins("recorded", quantity, recorded)
        rows += _of_bins("home", quantity, recorded.of(made.values(quantity)))
    return rows


def _of_bins(source: str, quantity: str, binned: Binned) -> list[Curve]:
    return [(source, quantity, float(low), float(high), float(share))
            for (low, high), share in zip(pairwise(binned.edges), binned.share, strict=True)]


def picture(rows: Sequence[Curve]) -> Drawing:
    """Plugged share by hour of weekdays and weekends, simulated and recorded, and the three distributions."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, for figures only

    figure = Figure(figsize=(9, 6), layout="constrained")
    panels = figure.subplots(2, 2)
    for day, colour in zip(DAYS, ("C0", "C1"), strict=True):
        for source, line in (("recorded", "-"), ("home", "--")):
            low, high, share = _columns(rows, source, day)
            panels[0][0].plot((low + high) / 2, share, colour + line, label=f"{source}, {day}", linewidth=1)
    panels[0][0].set(xlabel="hour", ylabel="plugged cars / largest", ylim=(0, 1.05))
    for panel, (quantity, unit) in zip(list(panels.flat)[1:], DISTRIBUTIONS.items(), strict=True):
        for source in ("recorded", "home"):
            low, high, share = _columns(rows, source, quantity)
            panel.stairs(share / (high - low), [*low, high[-1]], label=source)
        panel.set(xlabel=f"{quantity.removesuffix('_share').replace('_', ' ')} [{unit}]", ylabel="density")
    for panel in panels[0]:
        panel.legend(fontsize=7)
    return figure


def _columns(rows: Sequence[Curve], source: str, quantity: str) -> tuple[Floats, Floats, Floats]:
    """(from, to, value), each [bins]."""
    low, high, value = np.array([row[2:] for row in rows if row[:2] == (source, quantity)]).T
    return low, high, value


def main(arguments: Sequence[str] | None = None) -> int:
    """Print and write the tables and the figure."""
    parser = argparse.ArgumentParser(prog="python -m experiments.drivers.home_drivers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "home_drivers")
    chosen = parser.parse_args(arguments)
    return exit_code(lambda: _run(chosen.output))


def _run(output: Path) -> int:
    output.mkdir(parents=True, exist_ok=True)
    made = {profile: charging(profile, cars=CARS, weeks=WEEKS) for profile in PROFILES}
    head = ["quantity", "unit", "data", "simulated", "lowest", "highest", "within"]
    rows = [[c.quantity, c.unit, *(f"{v:.3g}" for v in (c.data, c.simulated, *c.limits)),
             "yes" if c.is_within else "no"] for c in comparison(made["home"])]
    write_rows(head, rows, output / "comparison.csv")
    print_table(head, rows)
    head = ["profile", "plug-ins a week", "25 %", "50 %", "75 %", "time plugged", "kWh a week", "median car's",
            "median dwell [h]", "median energy [kWh]"]
    profiles = [profile_row(name, drivers) for name, drivers in made.items()]
    write_rows(head, profiles, output / "profiles.csv")
    print_table(head, [[str(value) for value in row] for row in profiles])
    shown = curves(made["home"])
    write_rows(CURVES, [(*row[:2], *(f"{value:.6g}" for value in row[2:])) for row in shown], output / "curves.csv")
    save_figure(picture(shown), output / "home_drivers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
