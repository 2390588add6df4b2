"""Runs made by hand, of the few arrays that a rule or a figure looks at, and what a rule says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audit.classes import CarClass, CarClasses
from audit.finding import Check, findings
from audit.run import District, Run

NO_CLASSES = CarClasses((CarClass("private", 0, (50.0, 60.0), (7.0, 7.0), 1.0, 1.0, None),), (), ("residential",))


def district(arrays: Mapping[str, Any], *, axes: Mapping[str, Any] | None = None, name: str = "street",
             classes: CarClasses = NO_CLASSES, has_network: bool = True, attributes: Mapping[str, Any] | None = None,
             **scenario: Any) -> District:
    """A district with these arrays; further words are its part of the scenario."""
    return District(name, 0, scenario, has_network, attributes or {},
                    {key: np.asarray(values) for key, values in arrays.items()},
                    {key: np.asarray(values) for key, values in (axes or {}).items()}, classes)


def run(*districts: District, steps: int = 0, step_s: int = 3600, arrays: Mapping[str, Any] | None = None,
        plan: Mapping[str, Any] | None = None, inputs: Mapping[str, str] | None = None, schema: int = 2,
        attributes: Mapping[str, Any] | None = None, warmup_plan: Mapping[str, Any] | None = None,
        told: Mapping[str, Any] | None = None, **scenario: Any) -> Run:
    """A run with these arrays of the system; further words are parts of the scenario."""
    said = {"steps_written": steps, "step_s": step_s, "schema_version": schema, "warmup_controlled_days": 0,
            "controller": "temporal", **(attributes or {})}
    return Run(Path("run.h5"), said, scenario, {key: np.asarray(values) for key, values in (arrays or {}).items()}, {},
               districts, plan or {}, warmup_plan or {}, {}, {}, told=told or {}, inputs=inputs or {})


def said(rule: Callable[[Run], Iterator[Check]], of: Run) -> list[str]:
    """What the rule finds broken: `what, row: amount`."""
    with np.errstate(all="ignore"):
        return [f"{finding.what}, {finding.row}: {finding.amount:.6g} {finding.unit}".rstrip()
                for check in rule(of) for finding in findings("rule", check) if not finding.is_note]
