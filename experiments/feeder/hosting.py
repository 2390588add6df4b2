"""Hosting: how many houses of a street can have a car before a limit breaks or somebody's car lacks energy.

    python -m experiments.feeder.hosting [--seeds 20] [--drivers home] [--chargers three] [--source-pu 1.0] -o FOLDER

Per seed houses get cars in one order, the same for all controllers. Capacity is the largest share of houses such that
it and all smaller shares keep every limit by AC on three phases and at least 99 % of the feasible wanted energy is
delivered; where houses break a limit by themselves capacity is 0, and the limit is named. Each case is a row of
cases.csv as soon as it is known; what is there is not computed again.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import get_args

import numpy as np

from experiments.csv_rows import write_rows
from experiments.feeder.hosting_street import (
    CHEAP_FROM_H,
    NOON_H,
    SOURCE_PU,
    STEP_H,
    Chargers,
    Coordinated,
    Day,
    Judge,
    Outcome,
    Street,
    at_once,
    drawn_day,
    forecast_of,
)
from experiments.runs import exit_code, say
from models.records.arrays import Floats

STEP_CARS = 5
ENOUGH = 0.99
QUANTILE = 0.05
CASES, CAPACITIES = "cases.csv", "capacities.csv"
WITHOUT = "without cars: "
COLUMNS = ("seed", "drivers", "chargers", "source_pu", "controller", "cars", "keeps", "delivered_share", "lowest_v",
           "broken")
KEYS = 6
"""Columns that name a case."""
MARGIN: Floats = np.array([0.01, 0.05, 0.05, 0.2])
"""pu, shares of a rating and points of unbalance by which plans from forecasts stay away from limits (A)."""
Powers = Callable[[Street, Judge, Day, int], tuple[Floats, Floats | None]]


def _coordinated(gives_back: bool, reactive: bool) -> Powers:
    return lambda _, judge, day, cars: Coordinated(judge, day, cars, gives_back, reactive).powers()


def _from_forecast(street: Street, _: Judge, day: Day, cars: int) -> tuple[Floats, Floats]:
    """The day ahead, and never changed; with the margin if all energy gets in with it, else without."""
    expected = forecast_of(street, day)
    judge = Judge(street, expected)
    careful = Coordinated(judge, expected, cars, margin=MARGIN)
    p, q = careful.powers()
    return (p, q) if careful.delivers_all(p) else Coordinated(judge, expected, cars).powers()


CONTROLLERS: Mapping[str, Powers] = {
    "uncoordinated": lambda _, __, day, cars: (at_once(day, cars), None),
    "tariff": lambda _, __, day, cars: (at_once(day, cars, int((CHEAP_FROM_H - NOON_H) / STEP_H)), None),
    "smart_charging_forecast": _from_forecast,
    "smart_charging": _coordinated(gives_back=False, reactive=False),
    "bilayer": _coordinated(gives_back=True, reactive=False),
    "bilayer_reactive": _coordinated(gives_back=True, reactive=True),
}
"""Those of the testbed by what they let cars do in the street. The last four know its limits; three of them also every
house's load of the day, so more than an operator can."""


@dataclass(frozen=True)
class Setting:
    """What is the same in all cases of a comparison."""

    drivers: str = "all"
    """`all` plug in, or those who do at `home`."""
    chargers: Chargers = "one"
    source_pu: float = SOURCE_PU

    @property
    def key(self) -> tuple[str, ...]:
        return (self.drivers, self.chargers, f"{self.source_pu:g}")


@dataclass(frozen=True)
class Case:
    """One share of houses on one day."""

    setting: Setting
    seed: int
    controller: str
    cars: int

    @property
    def key(self) -> tuple[str, ...]:
        return (str(self.seed), *self.setting.key, self.controller, str(self.cars))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--drivers", choices=("all", "home"), default="all")
    parser.add_argument("--chargers", choices=get_args(Chargers), default="one")
    parser.add_argument("--source-pu", type=float, default=SOURCE_PU)
    parser.add_argument("-o", "--output", type=Path, default=Path("results/hosting"))
    given = parser.parse_args(arguments)
    setting = Setting(given.drivers, given.chargers, given.source_pu)
    return exit_code(lambda: study(given.seeds, setting, given.output))


def study(seeds: int, setting: Setting, folder: Path) -> int:
    """All cases that are not in the folder yet; then the capacities."""
    folder.mkdir(parents=True, exist_ok=True)
    street, done = Street(setting.chargers, setting.source_pu), read_cases(folder / CASES)
    for seed in range(1, seeds + 1):
        day = drawn_day(street, seed, setting.drivers == "all")
        judge = Judge(street, day)
        for controller in CONTROLLERS:
            _climb(street, judge, day, Case(setting, seed, controller, 0), done, folder / CASES)
        say(f"seed {seed} of {seeds}")
    head, rows = [field.name for field in fields(Hosted)], hosted(done, street.houses)
    write_rows(head, [astuple(row) for row in rows], folder / CAPACITIES)
    return 0


def _climb(street: Street, judge: Judge, day: Day, case: Case, done: dict[tuple[str, ...], dict[str, str]], file: Path
           ) -> None:
    """More cars until a share does not keep what it must."""
    for cars in range(STEP_CARS, street.houses + 1, STEP_CARS):
        at = replace(case, cars=cars)
        if at.key not in done:
            done[at.key] = _row(at, tried(street, judge, day, at))
            append(done[at.key], file)
        if done[at.key]["keeps"] == "0":
            return


def tried(street: Street, judge: Judge, day: Day, case: Case) -> Outcome:
    p, q = CONTROLLERS[case.controller](street, judge, day, case.cars)
    return judge.outcome(p, q, float(day.wanted_kwh[day.order[: case.cars]].sum()))


def _row(case: Case, outcome: Outcome) -> dict[str, str]:
    broken = f"{WITHOUT}{outcome.broken_without}" if outcome.broken_without else outcome.broken
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


@dataclass(frozen=True)
class Hosted:
    """Capacity under one controller in one setting, shares of houses over seeds; intervals of 95 % by bootstrap."""

    drivers: str
    chargers: str
    source_pu: float
    controller: str
    seeds: int
    median: float
    median_low: float
    median_high: float
    quantile_5: float
    quantile_5_low: float
    quantile_5_high: float
    stopped_by: str
    """What the first share too large breaks, and in how many seeds, the most frequent first."""


def hosted(done: Mapping[tuple[str, ...], Mapping[str, str]], houses: int) -> list[Hosted]:
    """A row per setting and controller, in the order of the cases."""
    groups: dict[tuple[str, ...], dict[str, dict[int, Mapping[str, str]]]] = {}
    for (seed, *of_case, cars), row in done.items():
        groups.setdefault(tuple(of_case), {}).setdefault(seed, {})[int(cars)] = row
    return [_hosted(case, list(seeds.values()), houses) for case, seeds in groups.items()]


def _hosted(case: tuple[str, ...], seeds: Sequence[Mapping[int, Mapping[str, str]]], houses: int) -> Hosted:
    shares = np.array([capacity({cars: row["keeps"] == "1" for cars, row in rows.items()}) / houses for rows in seeds])
    reasons = Counter(stopping(rows[max(rows)]) for rows in seeds)
    drivers, chargers, source_pu, controller = case
    return Hosted(drivers, chargers, float(source_pu), controller, shares.size, *interval(shares, 0.5),
                  *interval(shares, QUANTILE), "; ".join(f"{why} {times}" for why, times in reasons.most_common()))


def stopping(row: Mapping[str, str]) -> str:
    """What the largest share that was tried breaks most, in words."""
    if row["keeps"] == "1":
        return "nothing"
    broken = row["broken"].removeprefix(WITHOUT)
    kind = f"{'high' if 'at most' in broken.split(';')[0] else 'low'} voltage" if broken.startswith("voltage") else (
        broken.split(" at ")[0] or "energy missing")
    return f"houses alone: {kind}" if row["broken"].startswith(WITHOUT) else kind


def capacity(keeps: Mapping[int, bool]) -> int:
    """The most cars such that they and all fewer keep what they must; 0 if the fewest do not."""
    most = 0
    for cars in sorted(keeps):
        if not keeps[cars]:
            break
        most = cars
    return most


def interval(values: Floats, quantile: float, draws: int = 2000) -> tuple[float, float, float]:
    """A quantile over seeds and its bootstrap interval of 95 %."""
    rng = np.random.default_rng(0)
    again = np.quantile(rng.choice(values, (draws, values.size)), quantile, axis=1)
    return float(np.quantile(values, quantile)), float(np.quantile(again, 0.025)), float(np.quantile(again, 0.975))


if __name__ == "__main__":
    raise SystemExit(main())
