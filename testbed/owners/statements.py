"""What a run meant for each owner: one row per car, against its own uncoordinated self of the same seed.

    python -m testbed.owners.statements RUN.h5 [--baseline UNCOORDINATED.h5] [-o owners.csv]

Everything is a sum over counted time that the run itself booked per vehicle, so the statements add up to the
system's payments: tariffs to `tariff_payments_usd`, wear to `wear_cost_usd`, fast charging to
`fast_charge_cost_usd`; with the energy still in the battery they are `owners_cost_usd_adjusted`. The shortfall at
departure is valued here alone and is in no figure of the system. Costs are positive, earnings negative.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from models.records.arrays import Bools, Floats, Ints
from models.records.groups import Groups
from testbed.metrics.published.ledgers import stored_energy_owners_usd_per_mwh
from testbed.results.reading import Result, ResultError, open_result
from testbed.scenario.car_groups import charger_numbers, groups_of

OWNER_PRICES = {"shortfall_usd_per_kwh": 1.0, "slow_v2g_charger_usd_per_year": 120.0,
                "fast_v2g_charger_usd_per_year": 600.0}
"""What a driver holds each kWh missing at departure to be worth, and a bidirectional charger above the price of a
one-way one over ten years: 1,200 $ slow, 6,000 $ fast (A); the scenario's values in runs that hold them."""
NEEDED = ("class_index", "is_enrolled", "is_bidirectional", "age_years", "capacity_kwh", "stored_start_kwh",
          "stored_end_kwh", "charged_kwh", "discharged_kwh", "drawn_kwh", "plugged_h", "driven_kwh", "tariff_usd",
          "fast_charged_usd", "wear_usd", "departure_short_kwh")
"""Sums per vehicle in the result."""
DAYS_PER_YEAR = 365.25
DAY_S = 86_400


@dataclass(frozen=True)
class Statements:
    """One row per car of all districts, arrays [V]."""

    district: tuple[str, ...]
    slot: Ints
    """Vehicle slot in its district."""
    groups: Groups
    """Classes of the run."""
    class_index: Ints
    home_zone: Ints
    """Where cars of its class spend the night."""
    is_enrolled: Bools
    is_bidirectional: Bools
    age_years: Floats
    capacity_kwh: Floats
    bought_kwh: Floats
    """At the charger."""
    sold_kwh: Floats
    drawn_kwh: Floats
    """Out of the battery for what was sold."""
    plugged_h: Floats
    driven_kwh: Floats
    tariff_usd: Floats
    """Paid for energy bought less earned by energy sold."""
    fast_charged_usd: Floats
    """Paid for charging on the way."""
    wear_usd: Floats
    short_kwh: Floats
    """Missing at departures, beyond what no control could have delivered."""
    shortfall_usd: Floats
    stored_change_kwh: Floats
    """Energy in the battery at the end less that at the start."""
    stored_usd: Floats
    """What it is worth at the lowest tariff at which the run's cars were charged; a gain lowers the net cost."""
    charger_usd: Floats
    """A bidirectional charger's extra cost in this time; apart, in no sum."""

    @property
    def net_usd(self) -> Floats:
        """Tariff + fast charging + wear + shortfall - energy gained: what the time cost the owner."""
        return self.tariff_usd + self.fast_charged_usd + self.wear_usd + self.shortfall_usd - self.stored_usd

    @property
    def count(self) -> int:
        return int(self.slot.size)


def has_statements(result: Result) -> bool:
    """True for a completed run that holds all sums per vehicle."""
    return all(result.has_vehicle(d, name) for d in result.districts for name in NEEDED)


def owner_price(result: Result, name: str) -> float:
    """One of OWNER_PRICES in the run's scenario."""
    return float(result.scenario["fleet"].get(name, OWNER_PRICES[name]))


def owner_statements(result: Result, shortfall_usd_per_kwh: float | None = None) -> Statements:
    """The statements of a completed run; ResultError if its sums per vehicle were not written.

    shortfall_usd_per_kwh: another price than the scenario's for what is missing at departures.
    """
    if not has_statements(result):
        raise ResultError(f"{result.path}: sums per vehicle are missing; the run did not complete, "
                          "or an older version made it")

    def over_districts(name: str) -> Floats:
        return np.concatenate([result.vehicle(d, name) for d in result.districts])

    counts = [result.vehicle(d, "class_index").size for d in result.districts]
    class_index = over_districts("class_index").astype(np.int64)
    is_bidirectional = over_districts("is_bidirectional") > 0
    change_kwh = over_districts("stored_end_kwh") - over_districts("stored_start_kwh")
    missing_usd = (owner_price(result, "shortfall_usd_per_kwh") if shortfall_usd_per_kwh is None
                   else shortfall_usd_per_kwh)
    days = result.steps_total * result.step_s / DAY_S
    groups = groups_of(result.scenario["fleet"])
    return Statements(
        district=tuple(np.repeat(np.array(result.districts, dtype=object), counts)),
        slot=np.concatenate([np.arange(n) for n in counts]), groups=groups, class_index=class_index,
        home_zone=groups.home_zone[class_index], is_enrolled=over_districts("is_enrolled") > 0,
        is_bidirectional=is_bidirectional, age_years=over_districts("age_years"),
        capacity_kwh=over_districts("capacity_kwh"), bought_kwh=over_districts("charged_kwh"),
        sold_kwh=over_districts("discharged_kwh"), drawn_kwh=over_districts("drawn_kwh"),
        plugged_h=over_districts("plugged_h"), driven_kwh=over_districts("driven_kwh"),
        tariff_usd=over_districts("tariff_usd"), fast_charged_usd=over_districts("fast_charged_usd"),
        wear_usd=over_districts("wear_usd"), short_kwh=over_districts("departure_short_kwh"),
        shortfall_usd=over_districts("departure_short_kwh") * missing_usd, stored_change_kwh=change_kwh,
        stored_usd=change_kwh * stored_value_usd_per_kwh(result),
        charger_usd=is_bidirectional * _charger_usd_per_year(result, groups)[class_index] * days / DAYS_PER_YEAR)


def _charger_usd_per_year(result: Result, groups: Groups) -> Floats:
    """[class] by the kind of its chargers."""
    numbers = [charger_numbers(result.scenario["fleet"], kind) for kind in groups.kind_names]
    by_kind = [float(n.get("v2g_charger_usd_per_year", OWNER_PRICES.get(f"{kind}_v2g_charger_usd_per_year", 0.0)))
               for kind, n in zip(groups.kind_names, numbers, strict=True)]
    return np.array(by_kind)[groups.kind_of_class]


def stored_value_usd_per_kwh(result: Result) -> float:
    """A kWh in the battery at the lowest tariff at which this run's cars charged: one that ends low is filled then."""
    return stored_energy_owners_usd_per_mwh(result) / 1000


def change_usd(statements: Statements, baseline: Statements) -> Floats:
    """[V] net cost less that of the car's own uncoordinated self; positive: worse off.

    ResultError unless both are of the same cars.
    """
    same = (statements.district == baseline.district and np.array_equal(statements.slot, baseline.slot)
            and np.array_equal(statements.capacity_kwh, baseline.capacity_kwh))
    if not same:
        raise ResultError("owner statements: the two runs do not have the same cars (scenario and seed must be equal)")
    return statements.net_usd - baseline.net_usd


# ---------------------------------------------------------------- sums and distributions
@dataclass(frozen=True)
class Distribution:
    """A figure over the cars of one class and home zone."""

    name: str
    cars: int
    mean: float
    p5: float
    median: float
    p95: float
    worse_off_share: float
    """Cars above a cent."""


def distribution(statements: Statements, values: Floats, only: Bools | None = None) -> list[Distribution]:
    """By class (each has one home zone), then all; classes without a car are left out."""
    kept = np.ones(statements.count, dtype=bool) if only is None else only
    rows = []
    for index, c in enumerate(statements.groups.classes):
        rows.append((f"{c.name} ({statements.groups.zones[c.home_zone]})", kept & (statements.class_index == index)))
    rows.append(("all", kept))
    return [_distribution(name, values[mask]) for name, mask in rows if mask.any()]


def _distribution(name: str, values: Floats) -> Distribution:
    p5, median, p95 = np.percentile(values, (5, 50, 95))
    return Distribution(name, values.size, float(values.mean()), float(p5), float(median), float(p95),
                        float(np.mean(values > 0.01)))


def zone_sums(result: Result) -> list[tuple[str, float, float, float, float]]:
    """(zone and class, bought kWh, sold kWh, tariff, wear) by the zone in which energy flowed, all districts."""
    names = [str(name) for name in result.district(result.districts[0], "group")]
    sums: dict[str, list[float]] = {}
    for d in result.districts:
        flows = [result.district(d, "charge_kw").sum(axis=0) * result.step_h,
                 result.district(d, "discharge_kw").sum(axis=0) * result.step_h,
                 result.district(d, "tariff_usd").sum(axis=0), result.district(d, "wear_usd").sum(axis=0)]
        for row, name in enumerate(names):
            kept = sums.setdefault(name.rsplit("/", 1)[0], [0.0] * 4)
            for place, flow in enumerate(flows):
                kept[place] += float(flow[row])
    return [(name, *values) for name, values in sums.items() if any(values)]  # type: ignore[misc]


# ---------------------------------------------------------------- files
def write_csv(path: Path, statements: Statements, baseline: Statements | None = None) -> None:
    """One row per car; with a baseline its net cost and the change are added."""
    extra: dict[str, Floats] = {"net_usd": statements.net_usd}
    if baseline is not None:
        extra |= {"net_uncoordinated_usd": baseline.net_usd, "change_usd": change_usd(statements, baseline)}
    columns = {f.name: getattr(statements, f.name) for f in fields(statements) if f.name != "groups"} | extra
    columns["class_index"] = [statements.groups.class_names[i] for i in statements.class_index]
    columns["home_zone"] = [statements.groups.zones[i] for i in statements.home_zone]
    names = {"class_index": "class"}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([names.get(name, name) for name in columns])
        for row in zip(*columns.values(), strict=True):
            writer.writerow([f"{cell:.6g}" if isinstance(cell, float) else int(cell)
                             if isinstance(cell, (np.integer, np.bool_)) else cell for cell in row])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the CSV and print the distribution."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--baseline", type=Path, help="uncoordinated run of the same scenario and seed")
    parser.add_argument("-o", "--output", type=Path, default=Path("owners.csv"))
    given = parser.parse_args(arguments)
    statements = owner_statements(open_result(given.run))
    baseline = owner_statements(open_result(given.baseline)) if given.baseline else None
    write_csv(given.output, statements, baseline)
    values = statements.net_usd if baseline is None else change_usd(statements, baseline)
    print("net cost" if baseline is None else "change of the net cost against uncoordinated", "[USD per car]")
    for row in distribution(statements, values):
        print(f"{row.name:28s} {row.cars:6d} cars  mean {row.mean:8.3f}  5% {row.p5:8.3f}  median {row.median:8.3f}  "
              f"95% {row.p95:8.3f}  worse off {row.worse_off_share:.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
