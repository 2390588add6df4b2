"""Series of buses, read again from where they came from, as means over the steps of a run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np

from audit.finding import AuditError, Floats
from audit.own_tables import first_second, numbers_of, text_of
from audit.profiles import SIMBENCH_STEP_S, Series, simbench_columns, simbench_first_s
from audit.run import District, Run


def series_means(run: Run, district: District, counts: Any = 1) -> dict[str, Floats] | None:
    """{kw, kvar: [T, B]} that series draw at buses; 0 without any, None where they are not at hand.

    counts [series]: 1 for those that are meant, 0 for the others.
    """
    shape = (run.steps, district.axes["bus"].size)
    if not district.holds("series_bus"):
        return {unit: np.zeros(shape) for unit in ("kw", "kvar")}
    read = _of_simbench(district) if district.scenario["series"].get("own_profiles") else _of_file(run, district)
    if read is None:
        return None
    by_step = read.means(run.step_s * np.arange(run.steps + 1.0))
    row = {int(number): i for i, number in enumerate(district.axes["bus"])}
    at = [row.get(int(number), -1) for number in district("series_bus")]
    if -1 in at:
        raise AuditError(f"districts/{district.name}/series_bus names a bus that there is not")
    totals = {}
    for unit in ("kw", "kvar"):
        totals[unit] = np.zeros(shape)
        np.add.at(totals[unit].T, at, (counts * district(f"series_{unit}"))[:, None] * by_step)
    return totals


def _of_simbench(district: District) -> Series | None:
    """Of the profiles that SimBench brings for the year 2016, from the installed package's own files."""
    spec, code = importlib.util.find_spec("simbench"), re.search(r"--(\d)", str(district.scenario["feeder"]))
    if spec is None or spec.origin is None or code is None:
        return None
    folder = Path(spec.origin).parent / "networks" / f"1-complete_data-mixed-all-{code[1]}-sw"
    sources = [str(source).split("/") for source in district("series_source")]
    by_file = {file: sorted({column for name, column in sources if name == file}) for file, _ in sources}
    read = {file: simbench_columns(folder / f"{file}.csv", names) for file, names in by_file.items()}
    rows = np.array([read[file][:, by_file[file].index(column)] for file, column in sources])
    first_s = simbench_first_s(district.scenario["series"]["start_date"])
    return Series(rows, SIMBENCH_STEP_S, 1.0, repeats=False, first_s=first_s)


def _of_file(run: Run, district: District) -> Series | None:
    """Of the user's own file, as the result holds it: a row for each series."""
    told = district.scenario["series"]
    text = text_of(run.inputs, f"series_{district.name}", str(told["file"]))
    if text is None:
        return None
    form, sources = told.get("format") or {}, [str(source) for source in district("series_source")]
    columns, times = numbers_of(text, form, sources)
    if missing := [source for source in sources if source not in columns]:
        raise AuditError(f"{told['file']}: has no column {missing[0]}")
    first_s = first_second(times, form, told["start_date"])
    rows = np.stack([columns[source] for source in sources])
    return Series(rows, float(told["resolution_s"]), 1.0, first_s is None, first_s or 0)
