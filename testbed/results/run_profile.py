"""Where the seconds of a run go: what is kept of it in the result's group `/run`, and the rows that people read.

`/run/profile` holds seconds by part. Together with the steps of the simulators in `/run/simulator_s` they add up to
`wall_s`, but for opening files and checking what the simulators left behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from testbed.results.reading import Result
from testbed.wiring.failure import Failure

LAYERS = {"temporal": "upper layer", "spatial": "lower layer"}
OTHERS = {"mobility": "mobility", "fleet": "fleet", "feeder": "feeder", "power_system": "power system",
          "profiles": "profiles", "recorder": "writing the result"}
"""Simulators besides the layers, by the words of the table."""
SECONDS = ("busy_s", "build_s", "warmup_s", "solver_s", "compile_s", "expectation_s")


@dataclass(frozen=True)
class Ledger:
    """What one simulator says of its own run."""

    steps: int
    busy_s: float
    """In its steps."""
    failure: Failure | None
    build_s: float = 0.0
    """Before the first step."""
    warmup_s: float = 0.0
    """Of busy_s, in steps of the warm-up."""
    solver_s: float = 0.0
    compile_s: float = 0.0
    """Making problems ready for the solver."""
    expectation_s: float = 0.0
    """Of busy_s, simulating or loading the expected days."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Ledger:
        """From what an adapter has left (see testbed.simulators.adapter)."""
        failure = None if raw["failure"] is None else Failure.from_json(raw["failure"])
        return cls(raw["steps"], failure=failure, **{name: raw.get(name, 0.0) for name in SECONDS})


@dataclass(frozen=True)
class Stopwatch:
    """Seconds of a run outside the simulators."""

    world_s: float
    """Starting and connecting the simulators."""
    run_s: float
    """From the first set-up to the last step."""
    reference_s: float
    """The commitment without cars and the check of the power-flow engine."""


def run_seconds(ledgers: Mapping[str, Ledger], watch: Stopwatch) -> dict[str, Any]:
    """What goes into `/run`. In separate processes `wiring` contains the transport between them."""
    inside_s = sum(ledger.busy_s + ledger.build_s for ledger in ledgers.values())
    ledgers = together(ledgers)
    layers = {f"{name}_{part}_s": getattr(ledgers[name], f"{part}_s") if name in ledgers else 0.0
              for name in LAYERS for part in ("solver", "compile")}
    return {
        "solver_s": sum(ledger.solver_s for ledger in ledgers.values()),
        "compile_s": sum(ledger.compile_s for ledger in ledgers.values()),
        "simulator_s": {name: ledger.busy_s for name, ledger in ledgers.items()},
        "set_up_s": {name: ledger.build_s for name, ledger in ledgers.items()},
        "profile": {
            "world_s": watch.world_s, "wiring_s": max(watch.run_s - inside_s, 0.0), "reference_s": watch.reference_s,
            "warmup_s": sum(ledger.warmup_s for ledger in ledgers.values()),
            "expectation_s": sum(ledger.expectation_s for ledger in ledgers.values()), **layers,
        },
    }


def together(ledgers: Mapping[str, Ledger]) -> dict[str, Ledger]:
    """By simulator, with those of districts served elsewhere (`NAME@DISTRICT`) added to their own kind."""
    summed: dict[str, Ledger] = {}
    for full_name, ledger in ledgers.items():
        name = full_name.partition("@")[0]
        summed[name] = ledger if name not in summed else _sum(summed[name], ledger)
    return summed


def _sum(ledger: Ledger, other: Ledger) -> Ledger:
    return replace(ledger, **{name: getattr(ledger, name) + getattr(other, name) for name in SECONDS})


def profile_rows(result: Result) -> list[tuple[str, float]]:
    """(part, seconds), parts that add up to all but the run's odds and ends, then the whole; empty if unknown."""
    run = result.run
    if "profile" not in run:
        return []
    parts, steps = run["profile"], run["simulator_s"]
    rows = [("starting and connecting simulators", parts["world_s"]),
            ("set-up of simulators", sum(run["set_up_s"].values()))]
    for name, words in LAYERS.items():
        solver_s, compile_s = parts[f"{name}_solver_s"], parts[f"{name}_compile_s"]
        rest_s = steps.get(name, 0.0) - solver_s - compile_s
        rows += [(f"{words}: solving", solver_s), (f"{words}: compiling", compile_s),
                 (f"{words}: rest", max(rest_s, 0.0))]
    rows += [("expected days", parts["expectation_s"])]
    for name, words in OTHERS.items():
        seconds = steps.get(name, 0.0) - (parts["expectation_s"] if name == "mobility" else 0.0)
        rows.append((words, max(seconds, 0.0)))
    rows += [("wiring", parts["wiring_s"]), ("reference without cars, engine check", parts["reference_s"])]
    rest_s = run["wall_s"] - sum(seconds for _, seconds in rows)
    return [*rows, ("other", max(rest_s, 0.0)), ("whole run", run["wall_s"])]
