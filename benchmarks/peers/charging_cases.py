"""Charging cases as plain numbers, and answers as a table; standard library alone, for any environment."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

COLUMNS = ("engine", "version", "date", "case", "outcome", "quantity", "value", "words")
DEFAULTS = {"p_discharge_max_kw": 0.0, "eta_charge": 1.0, "eta_discharge": 1.0, "soc_max": 1.0, "soc_floor": 0.0,
            "taper_start_soc": 1.0}
Answer = dict[str, float] | str


class Cannot(Exception):
    """The engine has no part that answers this; the message says which part."""


def ask(root: Path, engine: str, package: str, answer: Callable[[dict[str, float]], dict[str, float]]) -> None:
    """Ask all cases and write tests/acceptance/peers/ENGINE.csv; whatever the engine raises is its refusal."""
    rows = []
    for folder in sorted((root / "tests" / "acceptance" / "cases").iterdir()):
        told: tuple[str, Answer]
        try:
            told = "value", answer(_car(folder))
        except Cannot as reason:
            told = "cannot", str(reason)
        except Exception as error:
            told = "refuses", f"{type(error).__name__}: {error}"
        rows += _rows(folder.name, *told)
    head = (engine, version(package), dt.date.today().isoformat())
    with (root / "tests" / "acceptance" / "peers" / f"{engine}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *([*head, *row] for row in rows)])


def _car(folder: Path) -> dict[str, float]:
    kind = next(line.split(": ")[1] for line in (folder / "expected.yaml").read_text().splitlines()
                if line.startswith("kind: "))
    if kind != "charging":
        raise Cannot(f"no part for {kind}")
    if (folder / "curve.csv").exists():
        raise Cannot("no efficiency by load")
    with (folder / "cars.csv").open(newline="") as lines:
        car = next(csv.DictReader(lines))
    return DEFAULTS | {name: float(cell) for name, cell in car.items()}


def _rows(case: str, outcome: str, answer: Answer) -> list[tuple[str, ...]]:
    if isinstance(answer, str):
        return [(case, outcome, "", "", " ".join(answer.split()))]
    return [(case, outcome, name, f"{value:.10g}", "") for name, value in answer.items()]
