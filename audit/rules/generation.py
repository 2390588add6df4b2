"""Generation in feeders of which less may be taken: what there is, what was taken, and who said so."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.finding import Check, Floats, same, within
from audit.network import generation_rows
from audit.registry import rule
from audit.run import District, Run
from audit.series import series_means


@rule("4.4", "generation_available_kw", "generation_curtailed_kw", "generation_limit_kw", "generation_fixed_kw",
      "series_is_generation")
def curtailed_generation(run: Run) -> Iterator[Check]:
    """Of a bus's generators as much is taken as comes, or as the operator's limit lets through; what comes
    is what their series say (16)."""
    for d in run.networks if run.schema >= 2 else ():
        if not d.holds("generation_available_kw"):
            continue
        buses = tuple(d.buses[row] for row in generation_rows(d))
        available, curtailed, limit = (d(f"generation_{name}_kw") for name in ("available", "curtailed", "limit"))
        yield within(f"{d.name}: curtailed at", curtailed, 0.0, available, "kW", names=buses)
        beyond = np.where(np.isnan(limit), 0.0, np.maximum(available - np.nan_to_num(limit), 0.0))
        yield same(f"{d.name}: curtailed by the limit at", curtailed, beyond, "kW", names=buses)
        yield within(f"{d.name}: limit at", np.nan_to_num(limit), 0.0, np.inf, "kW", names=buses)
        yield from _what_comes(run, d, buses, available)


def _what_comes(run: Run, d: District, buses: tuple[str, ...], available: Floats) -> Iterator[Check]:
    drawn = d("generation_fixed_kw") + np.zeros((run.steps, 1))
    if d.holds("series_bus"):
        of_series = series_means(run, d, d("series_is_generation"))
        if of_series is None:
            return
        drawn = drawn + of_series["kw"][:, generation_rows(d)]
    yield same(f"{d.name}: given by generators at", available, np.maximum(-drawn, 0.0), "kW", names=buses, rel=1e-9,
               absolute=1e-7)
