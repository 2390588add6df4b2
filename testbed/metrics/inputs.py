"""How a figure is published, and the sums and extremes that figures are made of.

NaN where a figure does not apply (no network, no car instructed, ...).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from models.records.arrays import Bools, Floats
from models.records.objective import Objective
from testbed.results.reading import Result

MetricFunction = Callable[[Result], float]


@dataclass(frozen=True)
class Metric:
    """A published figure."""

    name: str
    unit: str
    definition: str
    function: MetricFunction
    place: int = 0
    """Place of its subject in tables, lowest first."""
    moved_by_gap: bool = False
    """The commitment moves it, which is optimal only to the MILP gap: smaller differences are not resolved."""


@dataclass(frozen=True)
class Subject:
    """The figures of one file of `testbed/metrics/published/`, which declares them as METRICS."""

    place: int
    """Among other files in tables, lowest first."""
    published: list[Metric] = field(default_factory=list)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.published)

    def metric(self, name: str, unit: str, definition: str,
               moved_by_gap: bool = False) -> Callable[[MetricFunction], MetricFunction]:
        """Publish a function under a name."""
        def publish(function: MetricFunction) -> MetricFunction:
            self.published.append(Metric(name, unit, definition, function, self.place, moved_by_gap))
            return function
        return publish


# ---------------------------------------------------------------- the objective after the fact
HAPPENED: dict[str, MetricFunction] = {}
"""What each term of the objective came to, in $ and unweighted, by its name in `Objective`."""


def happened(term: str) -> Callable[[MetricFunction], MetricFunction]:
    """This figure is what the objective's term of that name came to."""
    def mark(function: MetricFunction) -> MetricFunction:
        HAPPENED[term] = function
        return function
    return mark


def weights(result: Result) -> Objective:
    """Of the scenario's objective."""
    return Objective(**{name: objective_parameter(result, f"weight_{name}") for name in Objective().names})


# ---------------------------------------------------------------- reading
def objective_parameter(result: Result, key: str) -> float:
    """A number of the scenario's section `objective`."""
    return float(result.scenario["objective"][key])


def system_sum(result: Result, name: str) -> float:
    """Sum of a system variable over steps."""
    return float(result.system(name).sum())


def system_energy_mwh(result: Result, name: str) -> float:
    """Energy of a system power over counted time."""
    return system_sum(result, name) * result.step_h


def district_sum(result: Result, name: str) -> float:
    """Sum of a variable over steps, its axes and districts."""
    return float(sum(result.district(d, name).sum() for d in result.districts))


def charging_kw(result: Result) -> Floats:
    """[T] charging power of all cars at the bus."""
    return np.asarray(np.sum([result.district(d, "charge_kw").sum(axis=1) for d in result.districts], axis=0))


def is_served(result: Result) -> Bools:
    """[T] no load is shed and no power dumped: the system's price is one of fuel, carbon or curtailment."""
    return np.asarray((result.system("shed_mw") == 0) & (result.system("dump_mw") == 0))


def networks(result: Result) -> tuple[str, ...]:
    """Districts with a feeder."""
    return tuple(d for d in result.districts if result.has_network(d))


def network_values(result: Result, name: str) -> list[Floats]:
    """A variable of every district with a feeder."""
    return [result.district(d, name) for d in networks(result)]


def network_energy_kwh(result: Result, name: str) -> float:
    """NaN without a network and where a step has no value."""
    values = network_values(result, name)
    return float(sum(v.sum() for v in values)) * result.step_h if values else np.nan


def network_min(result: Result, name: str) -> float:
    """Smallest value that is there, NaN if none is."""
    return min((_ignoring_nan(np.fmin, v) for v in network_values(result, name)), default=np.nan)


def network_max(result: Result, name: str) -> float:
    """Largest value that is there, NaN if none is."""
    return max((_ignoring_nan(np.fmax, v) for v in network_values(result, name)), default=np.nan)


def _ignoring_nan(extreme: np.ufunc, values: Floats) -> float:
    # fmin and fmax pass NaN over, so NaN as the start is the answer only where there is nothing else
    return float(extreme.reduce(values, axis=None, initial=np.nan))


def generation_curtailed_mw(result: Result) -> Floats:
    """[T] generation that feeders do not take; 0 where none may be curtailed."""
    return np.asarray(np.sum([np.zeros(result.time_s.size), *(
        result.district(d, "generation_curtailed_kw").sum(axis=1) / 1e3 for d in curtailable(result))], axis=0))


def curtailable(result: Result) -> tuple[str, ...]:
    """Districts with generators of which less may be taken than they give."""
    return tuple(d for d in networks(result) if result.holds(d, "generation_curtailed_kw"))


def ratio(part: float, whole: float) -> float:
    """NaN where there is no whole."""
    return part / whole if whole else np.nan


def equivalent_load_mw(result: Result) -> Floats:
    """What thermal units see [T]: load + PEV + change of feeder losses + generation that feeders do not take - wind
    used - PV used."""
    used = sum(result.system(f"{source}_available_mw") - result.system(f"{source}_curtailed_mw")
               for source in ("wind", "pv"))
    return np.asarray(result.system("load_mw") + result.system("pev_total_mw")
                      + result.system("losses_change_total_mw") + generation_curtailed_mw(result) - used)


def units_on_per_hour(result: Result) -> Floats:
    """[hour] the largest number of units on in any step of the hour; the last hour may be partial."""
    on = result.system("committed").sum(axis=1)
    hour = result.time_s // 3600
    highest = np.zeros(int(hour[-1]) + 1 if hour.size else 0)
    # a quick unit may start within the hour outside the commitment: it was needed, so it counts for the hour
    np.maximum.at(highest, hour, on)
    return highest
