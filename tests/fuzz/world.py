"""The files that stand beside every input: a scenario, a study, tables, a network, an older result, kept answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from testbed.results.layout import PLAN_HOURLY, PLAN_RUN_SCALARS, PLAN_SCALARS
from testbed.results.reading import Reference
from testbed.results.writing import ResultWriter
from testbed.setup.knowledge import thermal_units
from testbed.wiring.attributes import recorded
from tests.fuzz.files import SESSIONS, as_csv, entries_in, small_net
from tests.fuzz.judge import called
from tests.fuzz.texts import BASE, OLD, STUDY
from tests.testbed import conftest as toy

STEPS = 4


def standing_files(folder: Path) -> dict[str, bytes]:
    """Lay them out; returns the content of each, kept answers as `kept/NAME`, which do not stand there."""
    for name, content in (("base.yaml", BASE), ("study.yaml", STUDY), ("ses.csv", as_csv(SESSIONS)),
                          ("net.json", small_net())):
        (folder / name).write_bytes(content)
    write_result(folder / OLD)
    return {file.name: file.read_bytes() for file in folder.iterdir()} | kept_answers(folder)


def lay_out(folder: Path, there: Mapping[str, bytes]) -> None:
    """The same files in another folder."""
    for name, content in there.items():
        if not name.startswith("kept/"):
            (folder / name).write_bytes(content)


def kept_answers(folder: Path) -> dict[str, bytes]:
    """Entries of the cache after a check of the scenario."""
    cache = folder / "kept"
    called(["check", str(folder / "base.yaml"), "--set", f"execution.cache_dir={cache}"])
    entries = {f"kept/{name}": content for name, content in entries_in(cache).items()}
    for file in cache.iterdir():
        file.unlink()
    cache.rmdir()
    return entries


def write_result(path: Path) -> None:
    """A small complete result with one plan, of a scenario that no input has."""
    made = toy.scenario()
    shape = replace(toy.layout(), unit_names=thermal_units(made).names)
    sizes = toy.SIZES | {"unit": len(shape.unit_names)}
    writer = ResultWriter(path, toy.header(made, "bilayer", 1, STEPS, 1800), shape)
    system = toy.series(recorded("system"), sizes, STEPS, {})
    districts = {district.name: toy.series(district.variables(), sizes | {"bus": district.bus_number.size}, STEPS, {})
                 for district in shape.districts}
    for i in range(STEPS):
        writer.write_step(i, {name: values[i] for name, values in system.items()},
                          {district: {name: values[i] for name, values in arrays.items()}
                           for district, arrays in districts.items()})
    writer.write_plan(0, plan_of(shape))
    writer.write_reference(Reference("no_pev", np.zeros((2, len(shape.unit_names))), 1.0))
    writer.close("completed")


def plan_of(shape: toy.ResultLayout) -> dict[str, object]:
    """A stored plan of zeros."""
    units, hours, cohorts = len(shape.unit_names), shape.horizon_h, shape.cohort_count
    return {"time_s": 0, "status": "optimal", **{name: np.zeros(hours) for name in PLAN_HOURLY},
            **dict.fromkeys((*PLAN_SCALARS, *PLAN_RUN_SCALARS), 0.0), "committed": np.zeros((units, hours)),
            "p_mw": np.zeros((units, hours)), "pc_kw": (np.zeros((cohorts, hours)),) * 2,
            "pd_kw": (np.zeros((cohorts, hours)),) * 2}
