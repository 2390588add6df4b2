"""Tables of the RTS-GMLC system from its published files: load, wind and sun of some days, and what each unit emits.

    python -m experiments.system.rts_gmlc FOLDER      # a copy of github.com/GridMod/RTS-GMLC

The day-ahead series are those of pglib-uc's cases of the same days; the units are those of its cases.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

import models
from models.records.arrays import Floats
from models.system.unit_tables import shipped_case

FOLDER = Path(str(models.__file__)).parent / "data" / "rts_gmlc"
SERIES, EMISSIONS = FOLDER / "2020-02.csv", FOLDER / "emissions.csv"
FIRST, DAYS = dt.date(2020, 1, 30), 20
"""Ten days before 2020-02-09, a week from there on, and three to look ahead."""
KINDS = {"load": "Load/DAY_AHEAD_regional_Load", "wind": "WIND/DAY_AHEAD_wind", "pv": "PV/DAY_AHEAD_pv",
         "roofs": "RTPV/DAY_AHEAD_rtpv", "water": "Hydro/DAY_AHEAD_hydro"}
TONS_PER_POUND = 0.45359237e-3
POINTS = 5
"""Of a unit's heat rate curve."""
Row = dict[str, str]


def rows_of(file: Path) -> list[Row]:
    """A published table."""
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


# ---------------------------------------------------------------- series
def series(folder: Path) -> list[list[str]]:
    """Rows of time, load, wind with water, sun with roofs, and what of both cannot be curtailed: water and roofs."""
    mw = {kind: _hourly_mw(folder / "RTS_Data" / "timeseries_data_files" / f"{name}.csv")
          for kind, name in KINDS.items()}
    begins = (dt.datetime.combine(FIRST, dt.time()) + dt.timedelta(hours=h) for h in range(24 * DAYS))
    return [[begin.isoformat(timespec="minutes"), *(f"{value:.2f}" for value in (
        mw["load"][h], mw["wind"][h] + mw["water"][h], mw["pv"][h] + mw["roofs"][h], mw["water"][h] + mw["roofs"][h])),
        "S"] for h, begin in enumerate(begins)]


def _hourly_mw(file: Path) -> Floats:
    """[hours] sum over all columns of a series, of the days that are kept."""
    last = FIRST + dt.timedelta(days=DAYS)
    kept = [row for row in rows_of(file)
            if FIRST <= dt.date(int(row["Year"]), int(row["Month"]), int(row["Day"])) < last]
    return np.array([sum(float(value) for name, value in row.items() if name not in ("Year", "Month", "Day", "Period"))
                     for row in kept])


# ---------------------------------------------------------------- emissions
def emissions(folder: Path) -> list[list[str]]:
    """Rows of unit, fuel, technology, alpha [t/h] and beta [t/MWh] of the line next to its heat rate curve."""
    rows = {row["GEN UID"]: row for row in rows_of(folder / "RTS_Data" / "SourceData" / "gen.csv")}
    names = shipped_case("rts_gmlc_2020-02-09").units.names
    return [[name, rows[name]["Fuel"], rows[name]["Unit Type"], *(f"{value:.6g}" for value in _line(rows[name])), "C"]
            for name in names]


def heat_mmbtu(row: Row) -> tuple[Floats, Floats]:
    """(powers in MW, heat in MMBtu per hour) at the points of a unit's curve."""
    there = [k for k in range(POINTS) if row[f"Output_pct_{k}"] not in ("", "NA")]
    p_mw = np.array([float(row[f"Output_pct_{k}"]) * float(row["PMax MW"]) for k in there])
    slopes = [float(row[f"HR_incr_{k}"]) for k in there[1:]]
    return p_mw, np.cumsum([float(row["HR_avg_0"]) * p_mw[0], *(np.diff(p_mw) * slopes)]) / 1e3


def _line(row: Row) -> tuple[float, float]:
    """(alpha, beta) by least squares, carbon dioxide by the heat of the fuel."""
    p_mw, heat = heat_mmbtu(row)
    beta, alpha = np.polyfit(p_mw, heat, 1)
    tons = float(row["Emissions CO2 Lbs/MMBTU"]) * TONS_PER_POUND
    return float(alpha) * tons, float(beta) * tons


# ---------------------------------------------------------------- files
def write(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    write(SERIES, ("time", "load_mw", "wind_mw", "pv_mw", "must_take_mw", "source"), series(folder))
    write(EMISSIONS, ("unit", "fuel", "technology", "emission_alpha_t_per_h", "emission_beta_t_per_mwh", "source"),
          emissions(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
