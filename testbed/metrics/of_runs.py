"""Figures of runs: by name, as JSON, as CSV, and as a paired table of controllers."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from testbed.metrics.comparability import BASE, SERVICE, base_controller, optimised_text, serves_no_cars, service_text
from testbed.metrics.published.ledgers import LEDGERS
from testbed.metrics.registry import METRICS, Metric
from testbed.metrics.regret import regret_of_runs
from testbed.results.layout import ResultError
from testbed.results.reading import Result
from testbed.results.run_profile import profile_rows
from testbed.wiring.whole_files import whole_file

NOT_RESOLVED = "not resolved"
INTERVAL_HOLDS_ZERO = "interval holds 0"
ONE_SEED = "one seed"
CONFIDENCE = 0.95
NOT_COMPARED = ("seed", "description", "execution", "record")
"""Parts of a scenario in which comparable runs may differ."""


def compute_metrics(result: Result) -> dict[str, float]:
    """Every published figure of a run by name; NaN where it does not apply."""
    if (kept := result.kept_figures) is not None:
        return {name: kept.get(name, np.nan) for name in METRICS}
    with result.held_open():
        return {name: float(m.function(result)) for name, m in METRICS.items()}


def definition(published: Metric, result: Result) -> str:
    """What the figure means in this run; where it counts against the reference run, that is named."""
    if published.name != "hours_fewer_units":
        return published.definition
    reference, silent = result.reference, "not written" if result.kept_figures is None else "not kept"
    return f"{published.definition} (here: {reference.name if reference else silent})"


def metrics_json(result: Result) -> dict[str, Any]:
    """The figures with unit and definition, and what was run, as plain data; NaN becomes None."""
    values = compute_metrics(result)
    return {
        "metrics": {name: {"value": values[name] if np.isfinite(values[name]) else None, "unit": m.unit,
                           "definition": definition(m, result)} for name, m in METRICS.items()},
        "status": result.status, "scenario": result.scenario_name, "controller": result.controller,
        "seed": result.seed, "steps_written": result.steps_written, "steps_total": result.steps_total,
        "profile_s": dict(profile_rows(result)),
    }


def write_metrics_csv(results: Sequence[Result], path: Path) -> None:
    """One line per run and figure: scenario, controller, seed, status, metric, value, unit, optimised; NaN: empty.

    After a run's figures come its regret, and its differences from `uncoordinated` of the same seed in the ledgers and
    in service (`NAME_less_uncoordinated`), where those were run. `optimised` says who was planned by which objective.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    regret = {id(run): value for run, value in regret_of_runs(results)}
    values = {id(run): compute_metrics(run) for run in results}
    base = {run.seed: values[id(run)] for run in results if run.controller == BASE}
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("scenario", "controller", "seed", "status", "metric", "value", "unit", "optimised"))
        for result in results:
            run = (result.scenario_name, result.controller, result.seed, result.status)
            told = optimised_text(result)
            rows = [(name, value, METRICS[name].unit) for name, value in values[id(result)].items()]
            if id(result) in regret:
                rows.append(("regret_usd", regret[id(result)], "USD"))
            if result.seed in base and result.controller != BASE:
                rows += _less_base(values[id(result)], base[result.seed])
            writer.writerows((*run, name, value if np.isfinite(value) else "", unit, told)
                             for name, value, unit in rows)


def _less_base(values: Mapping[str, float], base: Mapping[str, float]) -> list[tuple[str, float, str]]:
    """(name, difference, unit) of the ledgers and of service."""
    return [(f"{name}_less_{BASE}", values[name] - base[name], METRICS[name].unit) for name in (*LEDGERS, *SERVICE)]


# ---------------------------------------------------------------- comparison of controllers
@dataclass(frozen=True)
class ComparisonRow:
    """One figure of one controller, against the base on the same seeds."""

    metric: str
    unit: str
    controller: str
    seeds: int
    """Seeds with a value."""
    mean: float
    pairs: int
    """Seeds that both have."""
    difference_mean: float
    """Mean of (this - base), seed by seed."""
    difference_ci95: float
    """Half width of the 95 % interval of that mean (Student); NaN with fewer than two pairs."""
    note: str
    """`not resolved` (below twice the MILP gap), `interval holds 0`, `one seed`, or empty."""
    base: str
    """The controller that the difference is from."""
    service: str
    """How the service of cars differs from the base's, on the same seeds; empty where it is equal."""


def compare_table(results: Sequence[Result], names: Sequence[str] | None = None, base: str | None = None,
                  figures: Sequence[dict[str, float]] | None = None) -> list[ComparisonRow]:
    """Rows per figure and controller, in the order in which controllers come, against `base`.

    base: `uncoordinated` unless given, and the first controller where that is not among them. figures: of each result,
    as `compute_metrics` gives them, where they are known already. Raises ResultError if a run appears twice or the
    scenarios differ in more than the seed.
    """
    runs = _by_controller(results)
    known = map(compute_metrics, results) if figures is None else figures
    values = {id(r): own for r, own in zip(results, known, strict=True)}
    base = base_controller(runs) if base is None else base
    against = runs.get(base, {})
    resolution = {id(r): resolution_usd(r) for r in results}
    service = {name: _service(seeds, against, values) for name, seeds in runs.items()}
    return [_row(name, controller, seeds, (base, against), values, resolution, service[controller])
            for name in (list(METRICS) if names is None else names) for controller, seeds in runs.items()]


def _service(seeds: dict[int, Result], base: dict[int, Result], values: dict[int, dict[str, float]]) -> str:
    """Differences of service, mean over the seeds that both have."""
    if seeds and all(serves_no_cars(values[id(r)]) for r in seeds.values()) and seeds is not base:
        return "no cars to serve"
    pairs = [(values[id(r)], values[id(base[seed])]) for seed, r in seeds.items() if seed in base]
    return service_text({name: float(np.mean([a[name] - b[name] for a, b in pairs])) if pairs else np.nan
                         for name in SERVICE})


def check_comparable(results: Sequence[Result]) -> None:
    """Refuse runs of scenarios that differ in more than seed, description and execution."""
    kept = [(r, {k: v for k, v in r.scenario.items() if k not in NOT_COMPARED}) for r in results]
    for result, scenario in kept[1:]:
        first, expected = kept[0]
        differing = sorted(k for k in scenario.keys() | expected.keys() if scenario.get(k) != expected.get(k))
        if differing:
            raise ResultError(f"{result.path} and {first.path} cannot be compared: their scenarios differ in "
                              f"{', '.join(differing)}")


def _by_controller(results: Sequence[Result]) -> dict[str, dict[int, Result]]:
    check_comparable(results)
    runs: dict[str, dict[int, Result]] = {}
    for result in results:
        seeds = runs.setdefault(result.controller, {})
        if result.seed in seeds:
            raise ResultError(f"{result.path} and {seeds[result.seed].path}: both are {result.controller} "
                              f"with seed {result.seed}")
        seeds[result.seed] = result
    return runs


def _row(name: str, controller: str, seeds: dict[int, Result], against: tuple[str, dict[int, Result]],
         values: dict[int, dict[str, float]], resolution: dict[int, float], service: str) -> ComparisonRow:
    base_name, base = against
    own = np.array([values[id(r)][name] for r in seeds.values()])
    # NaN: the figure does not apply to that seed, which then has no say in mean and interval
    own = own[np.isfinite(own)]
    pairs = [(r, base[seed]) for seed, r in seeds.items() if seed in base]
    differences = np.array([values[id(a)][name] - values[id(b)][name] for a, b in pairs])
    kept = np.isfinite(differences)
    differences = differences[kept]
    is_base = seeds is base
    note = ""
    if not is_base and differences.size:
        unresolved = METRICS[name].moved_by_gap and not is_resolved(
            float(differences.mean()),
            max(_pair_resolution(a, b, resolution) for (a, b), keep in zip(pairs, kept, strict=True) if keep))
        note = NOT_RESOLVED if unresolved else _interval_note(differences)
    return ComparisonRow(
        metric=name, unit=METRICS[name].unit, controller=controller, seeds=int(own.size),
        mean=float(own.mean()) if own.size else np.nan, pairs=int(differences.size),
        difference_mean=float(differences.mean()) if differences.size else np.nan,
        difference_ci95=half_width(differences), note=note, base=base_name, service=service)


def _interval_note(differences: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    if differences.size < 2:
        return ONE_SEED
    return INTERVAL_HOLDS_ZERO if abs(float(differences.mean())) <= half_width(differences) else ""


def half_width(differences: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Half width of the 95 % interval of the mean (Student); NaN with fewer than two values."""
    count = differences.size
    if count < 2:
        return np.nan
    from scipy.special import stdtrit  # noqa: PLC0415 - takes an eighth of a second, needed for intervals alone

    quantile = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2))
    return quantile * float(differences.std(ddof=1)) / float(np.sqrt(count))


# ---------------------------------------------------------------- what a MILP gap can tell apart
def resolution_usd(result: Result) -> float:
    """Twice the gap of the run's plans in USD: 2 x largest gap x |objective_usd|; 0 without plans."""
    gap = METRICS["plan_gap_max_rel"].function(result)
    # twice: either of two runs may be off by its gap, in opposite directions
    return 2 * gap * abs(METRICS["objective_usd"].function(result)) if np.isfinite(gap) else 0.0


def is_resolved(difference_usd: float, resolution: float) -> bool:
    """A difference of costs below twice the MILP gap says nothing; 0 with no gap is a statement."""
    return abs(difference_usd) >= resolution


def _pair_resolution(a: Result, b: Result, resolution: dict[int, float]) -> float:
    """0 where both carried out the same stored plan: then the gap is common to both."""
    return 0.0 if _same_plans(a, b) else max(resolution[id(a)], resolution[id(b)])


def _same_plans(a: Result, b: Result) -> bool:
    return all(np.array_equal(a.system(f"plan/{name}"), b.system(f"plan/{name}"), equal_nan=True)
               for name in ("time_s", "committed", "p_mw", "objective_usd"))
