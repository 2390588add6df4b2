"""Plain tables of data: the units, the ten-unit day, tariffs, chargers' curves. No code of the project is asked."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from audit.finding import AuditError, Floats

MODEL_DATA = Path(__file__).parents[1] / "models" / "data"
OWN_DATA = Path(__file__).parent / "data"


def columns(path: Path) -> dict[str, list[str]]:
    """A CSV file as {column: its texts}; AuditError where it cannot be read."""
    try:
        return columns_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{path}: a table that the audit needs cannot be read ({error})") from error


def columns_of(text: str, delimiter: str = ",") -> dict[str, list[str]]:
    """The same of a table's text; lines without a cell are no rows."""
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(row)]
    return {name.strip(): list(cells) for name, *cells in zip(*rows, strict=True)} if rows else {}


def numbers(path: Path, *names: str) -> Floats:
    """[names, rows] of a CSV file."""
    table = columns(path)
    if missing := [name for name in names if name not in table]:
        raise AuditError(f"{path}: has no column {', '.join(missing)}")
    try:
        return np.array([table[name] for name in names], dtype=np.float64)
    except ValueError as error:
        raise AuditError(f"{path}: {error}") from error


def tariff_cny_per_kwh(name: str) -> tuple[Floats, Floats]:
    """(charging, discharging) by hour of the day [24] of a published tariff."""
    by_period = period_prices(name)
    table = columns(OWN_DATA / "tariff_hours.csv")
    charge, discharge = zip(*(by_period[period] for period in table[name]), strict=True)
    return np.array(charge), np.array(discharge)


def period_prices(name: str) -> dict[str, tuple[float, float]]:
    """(charging, discharging) in CNY/kWh by period of a published tariff."""
    table, pays = columns(OWN_DATA / "tariff_prices.csv"), columns(MODEL_DATA / "discharge_prices.csv")
    paid = {period: float(base) * float(factor) for period, base, factor in
            zip(pays["period"], pays["base_cny_per_kwh"], pays["factor"], strict=True)}
    if name not in table:
        raise AuditError(f"tariff {name!r}: not in {OWN_DATA / 'tariff_prices.csv'}")
    return {period: (float(price), paid[period]) for period, price in zip(table["period"], table[name], strict=True)}


def charger_efficiencies(name: str | Mapping[str, Sequence[float]]) -> Floats:
    """[2, points] efficiencies of charging and discharging of a curve of chargers, by load.

    name: of a published one, or the numbers of the scenario's own.
    """
    if isinstance(name, Mapping):
        return np.array([name["charging"], name["discharging"]], dtype=np.float64)
    table = columns(OWN_DATA / "charger_curves.csv")
    rows = [i for i, curve in enumerate(table["curve"]) if curve == name]
    if not rows:
        raise AuditError(f"charger curve {name!r}: not in {OWN_DATA / 'charger_curves.csv'}")
    return np.array([[float(table[way][i]) for i in rows] for way in ("charging", "discharging")])
