"""What reactive power of chargers adds to a day's losses and lowest voltage: p alone, q alone, both; one stored plan.

q alone: cars act pro rata as planned, and what the layer adds is reactive power. As the layer decides both at once,
it is measured as `both` less `p alone`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.feeder.equal_energy import class_difference, class_energy_kwh, feeder_day
from experiments.feeder.placement import LAYERS, SCENARIO
from experiments.runs import results_of
from models.records.arrays import Floats
from testbed.metrics.inputs import networks
from testbed.results.reading import Result
from testbed.running.job import Job
from testbed.running.preflight import checked_scenario

REFERENCE = "pro rata"
RUNS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    REFERENCE: ("pro_rata", *LAYERS["pro_rata"]),
    "p alone": ("in_place", *LAYERS["in_place"]),
    "both": ("in_place_reactive", "bilayer", ("spatial.placement=in_place", "spatial.reactive_power=true")),
}
"""Name of the file, controller, and what it changes; two of them are runs of `experiments.feeder.placement` as well."""


@dataclass(frozen=True)
class Effect:
    """One run of one seed on the last counted day."""

    seed: int
    by: str
    losses_kwh: float
    vm_min_pu: float
    reactive_kvarh: float
    """Sum of |q| of all buses."""
    planned_kvarh: float
    """The same as the layer expected it."""
    class_difference: float
    """Largest relative difference of any class's energy to pro rata's."""


def measure(seeds: Sequence[int], folder: Path, overrides: Sequence[str] = (), scenario: str = SCENARIO,
            workers: int = 1) -> list[Effect]:
    """All runs of all seeds, made where no result lies in the folder; the plan is that of pro rata."""
    effects = []
    pro_rata = results_of([_job(scenario, overrides, REFERENCE, seed, folder) for seed in seeds], workers)
    others = [name for name in RUNS if name != REFERENCE]
    made = results_of([_job(scenario, overrides, name, seed, folder) for seed in seeds for name in others], workers)
    answers = iter(made)
    for seed, reference in zip(seeds, pro_rata, strict=True):
        base = _energy(reference)
        for name, result in ((REFERENCE, reference), *((name, next(answers)) for name in others)):
            effects.append(_effect(seed, name, result, base))
    return effects


def _job(scenario: str, overrides: Sequence[str], name: str, seed: int, folder: Path) -> Job:
    stem, controller, own = RUNS[name]
    described = checked_scenario(scenario, (*overrides, *own))
    plan = None if name == REFERENCE else folder / f"{RUNS[REFERENCE][0]}-seed{seed}.h5"
    return Job(described.model_dump_json(), controller, controller, seed, folder / f"{stem}-seed{seed}.h5", plan,
               described.hours_simulated)


def _energy(result: Result) -> Floats:
    return class_energy_kwh(feeder_day(result, networks(result)[0], _last_day(result)), result.step_h)


def _effect(seed: int, name: str, result: Result, base: Floats) -> Effect:
    district, steps = networks(result)[0], round(24 / result.step_h)

    def series(attribute: str) -> Floats:
        return np.asarray(result.district(district, attribute)[-steps:])

    q_kvar, planned = series("q_bus_kvar"), series("q_plan_bus_kvar")
    return Effect(seed, name, float(series("losses_kw").sum()) * result.step_h, float(series("vm_pu").min()),
                  float(np.abs(q_kvar).sum()) * result.step_h, float(np.abs(planned).sum()) * result.step_h,
                  class_difference(_energy(result), base))


def _last_day(result: Result) -> int:
    return int(result.time_s[-1]) // 86_400 + 1
