"""Hosting: how many houses of a street can have a car before a limit breaks or somebody's car lacks energy.

    python -m experiments.feeder.hosting --seeds 20 -o results/hosting

Per seed houses get cars in one order, the same for all controllers. Capacity is the largest share of houses such that
it and all smaller shares keep every limit by AC on three phases and at least 99 % of the feasible wanted energy is
delivered; where houses break a limit by themselves capacity is 0, and the limit is named. Each case is a row of
cases.csv as soon as it is known; what is there is not computed again.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from experiments.feeder.hosting_street import (
    CHEAP_FROM_H,
    NOON_H,
    STEP_H,
    Chargers,
    Coordinated,
    Day,
    Judge,
    Outcome,
    Street,
    at_once,
    drawn_day,
)
from experiments.runs import exit_code, say
from models.records.arrays import Floats

STEP_CARS = 5
ENOUGH = 0.99
QUANTILE = 0.05
COLUMNS = ("seed", "drivers", "chargers", "controller", "cars", "keeps", "delivered_share", "lowest_v", "broken")
KEYS = 5
"""Columns that name a case."""
Powers = Callable[[Judge, Day, int], tuple[Floats, Floats | None]]


def _coordinated(gives_back: bool, reactive: bool) -> Powers:
    return lambda judge, day, cars: Coordinated(judge, day, cars, gives_back, reactive).powers()


CONTROLLERS: Mapping[str, Powers] = {
    "uncoordinated": lambda _, day, cars: (at_once(day, cars), None),
    "tariff": lambda _, day, cars: (at_once(day, cars, int((CHEAP_FROM_H - NOON_H) / STEP_H)), None),
    "smart_charging": _coordinated(gives_back=False, reactive=False),
    "bilayer": _coordinated(gives_back=True, reactive=False),
    "bilayer_reactive": _coordinated(gives_back=True, reactive=True),
}
"""Those of the testbed by what they let cars do in the street; the last three know its limits."""


@dataclass(frozen=True)
class Case:
    """One share of houses on one day."""

    seed: int
    drivers: str
    chargers: str
    controller: str
    cars: int

    @property
    def key(self) -> tuple[str, ...]:
        return (str(self.seed), self.drivers, self.chargers, self.controller, str(self.cars))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--drivers", choices=("all", "home"), default="all")
    parser.add_argument("--chargers", choices=get_args(Chargers), default="one")
    parser.add_argument("-o", "--output", type=Path, default=Path("results/hosting"))
    given = parser.parse_args(arguments)
    return exit_code(lambda: study(given.seeds, given.drivers, given.chargers, given.output))


def study(seeds: int, drivers: str, chargers: Chargers, folder: Path) -> int:
    """All cases that are not in the folder yet; then the capacities."""
    folder.mkdir(parents=True, exist_ok=True)
    street, done = Street(chargers), read_cases(folder / "cases.csv")
    for seed in range(1, seeds + 1):
        day = drawn_day(street, seed, drivers == "all")
        judge = Judge(street, day)
        for controller in CONTROLLERS:
            _climb(street, judge, day, Case(seed, drivers, chargers, controller, 0), done, folder / "cases.csv")
        say(f"seed {seed} of {seeds}")
    write_capacities(capacities(done, street.houses), folder / "capacities.csv")
    return 0


def _climb(street: Street, judge: Judge, day: Day, case: Case, done: dict[tuple[str, ...], dict[str, str]], file: Path
           ) -> None:
    """More cars until a share does not keep what it must."""
    for cars in range(STEP_CARS, street.houses + 1, STEP_CARS):
        at = replace(case, cars=cars)
        if at.key not in done:
            done[at.key] = _row(at, _tried(judge, day, at))
            append(done[at.key], file)
        if done[at.key]["keeps"] == "0":
            return


def _tried(judge: Judge, day: Day, case: Case) -> Outcome:
    p, q = CONTROLLERS[case.controller](judge, day, case.cars)
    return judge.outcome(p, q, float(day.wanted_kwh[day.order[: case.cars]].sum()))


def _row(case: Case, outcome: Outcome) -> dict[str, str]:
    broken = f"without cars: {outcome.broken_without}" if outcome.broken_without else outcome.broken
    keeps = not broken and outcome.delivered_share >= ENOUGH
    values = (*case.key, str(int(keeps)), f"{outcome.delivered_share:.6f}", f"{outcome.lowest_v:.3f}", broken)
    return dict(zip(COLUMNS, values, strict=True))


def read_cases(file: Path) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows that are complete, by case; a last line cut off in writing is computed again."""
    if not file.exists():
        return {}
    with file.open(newline="", encoding="utf-8") as opened:
        rows = [row for row in csv.DictReader(opened) if None not in row.values()]
    return {tuple(row[name] for name in COLUMNS[:KEYS]): row for row in rows}


def append(row: Mapping[str, str], file: Path) -> None:
    """One line, with the head where the file begins."""
    begins = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, COLUMNS)
        if begins:
            writer.writeheader()
        writer.writerow(row)


def capacities(done: Mapping[tuple[str, ...], Mapping[str, str]], houses: int) -> dict[tuple[str, ...], Floats]:
    """Per drivers, chargers and controller the capacity of each seed as a share of houses."""
    found: dict[tuple[str, ...], dict[str, dict[int, bool]]] = {}
    for (seed, drivers, chargers, controller, cars), row in done.items():
        found.setdefault((drivers, chargers, controller), {}).setdefault(seed, {})[int(cars)] = row["keeps"] == "1"
    return {key: np.array([capacity(kept) / houses for kept in seeds.values()]) for key, seeds in found.items()}


def capacity(keeps: Mapping[int, bool]) -> int:
    """The most cars such that they and all fewer keep what they must; 0 if the fewest do not."""
    most = 0
    for cars in sorted(keeps):
        if not keeps[cars]:
            break
        most = cars
    return most


def write_capacities(shares: Mapping[tuple[str, ...], Floats], file: Path) -> None:
    """Median and 5 % quantile over seeds, with bootstrap intervals of 95 %."""
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(["drivers", "chargers", "controller", "seeds", "median", "median_low", "median_high",
                         "quantile_5", "quantile_5_low", "quantile_5_high"])
        for case, values in shares.items():
            told = [figure for quantile in (0.5, QUANTILE) for figure in interval(values, quantile)]
            writer.writerow([*case, values.size, *(f"{figure:.4f}" for figure in told)])


def interval(values: Floats, quantile: float, draws: int = 2000) -> tuple[float, float, float]:
    """A quantile over seeds and its bootstrap interval of 95 %."""
    rng = np.random.default_rng(0)
    again = np.quantile(rng.choice(values, (draws, values.size)), quantile, axis=1)
    return float(np.quantile(values, quantile)), float(np.quantile(again, 0.025)), float(np.quantile(again, 0.975))


if __name__ == "__main__":
    raise SystemExit(main())
