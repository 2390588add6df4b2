"""What buses draw without cars: what follows the system's load, what is constant, and the user's own series."""

from __future__ import annotations

from collections.abc import Iterator

from audit.finding import Check, not_judged, same
from audit.registry import rule
from audit.run import Run
from audit.series import series_means


@rule("8.2", "load_bus_kw", "load_bus_kvar", "load_follow_kw", "load_follow_kvar", "load_fixed_kw", "load_fixed_kvar",
      "load_peak_kw", "load_peak_kvar", "series_bus", "series_kw", "series_kvar",
      "series_source")
def loads_of_buses(run: Run) -> Iterator[Check]:
    """Buses draw their part of the system's load, what is constant, and their series."""
    for d in run.networks if run.schema >= 2 else ():
        shape = run("load_mw")[:, None] / float(run.attributes["load_peak_mw"])
        series = series_means(run, d)
        if series is None:
            yield Check(f"{d.name}: series of buses are not at hand, and not judged", 1.0, 0.0, "", axis="run",
                        is_note=True)
        for unit in ("kw", "kvar"):
            if not d.holds("series_bus"):
                yield same(f"{d.name}: load that follows the system's at", d(f"load_follow_{unit}")[None],
                           d(f"load_peak_{unit}")[None], unit, names=d.buses)
            if teller := run.told_by(f"load_bus_{unit}", d.name):
                yield not_judged(f"{d.name}: load_bus_{unit}", teller)
            elif series is not None:
                right = shape * d(f"load_follow_{unit}") + d(f"load_fixed_{unit}") + series[unit]
                yield same(f"{d.name}: load at", d(f"load_bus_{unit}"), right, unit, names=d.buses, rel=1e-9,
                           absolute=1e-7)
