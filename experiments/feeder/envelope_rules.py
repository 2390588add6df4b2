"""Four rules by which limits of customers are shared on the European low-voltage feeder, and real loads within them.

    python -m experiments.feeder.envelope_rules -o results/envelope_rules [--seeds 10]

Limits of every customer and hour of a day are published from a forecast that knows the mean house by hour. A seed draws
which houses have a charger of 3.7 or of 7.4 kW that can feed back as much (A), and whose measured day each house then
really draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.port import EnvelopeRule, PlanError
from controllers.spatial.three_phase.envelopes import RULES, EnvelopePublisher, Hour, gini
from controllers.spatial.three_phase.limits import KEPT
from experiments.csv_rows import write_rows
from experiments.feeder.hosting_street import DECLARED_V, POWER_FACTOR, STEP_H, STEPS, Street
from models.records.arrays import Bools, Floats
from models.records.three_phase import VOLTAGE

CARS, SEEDS = 40, 10
CHARGERS_KW = (3.7, 7.4)
TAN = float(np.tan(np.arccos(POWER_FACTOR)))


@dataclass(frozen=True)
class RuleRow:
    """One rule over the day of one seed."""

    seed: int
    rule: str
    import_kwh: float
    """Granted to all cars above their houses."""
    export_kwh: float
    least_kwh: float
    """Of both, granted to the customer with a car that is granted least."""
    gini: float
    """Of both, over customers with cars."""
    broken_percent: float
    """Combinations of customers at their limits that break a limit of the street under the real loads, of all tried."""
    beyond_v: float
    """Most by which such a combination takes a voltage beyond its limit."""
    broken_hours: int
    """Hours with such a combination."""
    refused_hours: int
    """Hours in which AC let nothing be granted."""


@dataclass(frozen=True)
class Draw:
    """What a seed draws."""

    charger_kw: Floats
    """[house] 0: no car."""
    real_kw: Floats
    """[house, STEPS]"""

    @property
    def has_car(self) -> Bools:
        return self.charger_kw > 0


def drawn(street: Street, seed: int) -> Draw:
    """Cars by one order of the houses, and a permutation of the measured days."""
    rng = np.random.default_rng(seed)
    has_car = np.isin(np.arange(street.houses), rng.permutation(street.houses)[:CARS])
    return Draw(has_car * rng.choice(CHARGERS_KW, street.houses), street.house_kw[rng.permutation(street.houses)])


def of_rule(street: Street, draw: Draw, seed: int, rule: EnvelopeRule, steps: Sequence[int] = range(STEPS)) -> RuleRow:
    """The rule's limits of each hour, and AC of what customers may do within them."""
    publisher = EnvelopePublisher(street.circuit.network, street.circuit, seed)
    forecast_kw, most_kw = street.house_kw.mean(axis=0), draw.charger_kw
    granted, broken, beyond_v, refused = np.zeros((2, street.houses)), np.zeros(STEPS), 0.0, 0
    kind = street.circuit.network.watched.kind
    for step in steps:
        house_kw = _with_source(np.full(street.houses, forecast_kw[step]))
        hour = Hour(house_kw, TAN * house_kw, most_kw, most_kw)
        try:
            envelope = publisher.publish(hour, rule)
        except PlanError:
            refused += 1
            continue
        granted += STEP_H * np.stack([envelope.import_kw, envelope.export_kw])
        real_kw = _with_source(draw.real_kw[:, step])
        excess = publisher.real_excess(hour, envelope, real_kw, TAN * real_kw)
        broken[step] = np.mean(np.any(excess > KEPT[kind], axis=1))
        beyond_v = max(beyond_v, DECLARED_V * float(excess[:, kind == VOLTAGE].max()))
    both = granted.sum(axis=0)
    return RuleRow(seed, rule, float(granted[0].sum()), float(granted[1].sum()), float(both[draw.has_car].min()),
                   gini(both, draw.has_car), float(100 * broken[list(steps)].mean()), beyond_v, int((broken > 0).sum()),
                   refused)


def _with_source(house_kw: Floats) -> Floats:
    """[B] the source first, which draws nothing."""
    return np.append(0.0, house_kw)


def write_seed(street: Street, seed: int, file: Path) -> None:
    """A row per rule."""
    write([of_rule(street, drawn(street, seed), seed, rule) for rule in RULES], file)


def write(rows: Sequence[RuleRow], file: Path) -> None:
    """A row per seed and rule."""
    head = list(RuleRow.__dataclass_fields__)
    write_rows(head, [[getattr(row, name) for name in head] for row in rows], file)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes a file per seed into a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args(arguments)
    street = Street()
    for seed in range(given.seeds):
        write_seed(street, seed, given.output / f"seed_{seed}.csv")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
