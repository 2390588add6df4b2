"""Unit commitments kept between runs: controllers that differ only below share the plan above.

A plan is a pure function of what the system operator knows and sees, and of the code that solves it. The key is
a hash of exactly that; a plan taken from the cache is the plan that the solver would give again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import controllers
import models
from controllers.port import Plan, SystemView
from controllers.temporal.unit_commitment.solve import UnitCommitment
from testbed.wiring.content_cache import SUFFIX, content_key, kept, source_of, store
from testbed.wiring.packing import pack, unpack

DEPENDS_ON = ((controllers, ("port.py", "rows/**/*.py", "temporal/hourly_cost.py", "temporal/unit_commitment/**/*.py")),
              (models, ("records/**/*.py",)))
"""All code that decides a plan."""
CODE = b"".join(source_of(Path(str(package.__file__)).parent, patterns) for package, patterns in DEPENDS_ON)
SOLVERS = ("cvxpy", "highspy", "clarabel", "piqp", "numpy", "scipy")


class CachedUnitCommitment:
    """A TemporalLayer that solves only what has not been solved before."""

    def __init__(self, layer: UnitCommitment, folder: Path) -> None:
        self.layer, self.folder = layer, folder

    def plan(self, view: SystemView) -> Plan:
        """The stored plan of this view if there is one, else the layer's own, which is then stored.

        A stored plan has solver_s = compile_s = 0: nothing was solved in this run.
        """
        path = self.folder / f"plan-{plan_key(self.layer, view)}{SUFFIX}"
        plan = kept(path, _plan)
        if plan is None:
            plan = self.layer.plan(view)
            store(path, gzip.compress(json.dumps(pack(plan.to_arrays())).encode(), compresslevel=1))
        return plan


def plan_key(layer: UnitCommitment, view: SystemView) -> str:
    """sha256 of knowledge (offered networks apart, which it does not read), view, settings, code, solver versions."""
    parts = (replace(layer.knowledge, offers=()), view, layer.car_control, layer.tuning, sorted(layer.without))
    return content_key(parts, CODE, SOLVERS)


def _plan(content: bytes) -> Plan:
    """The plan of an entry."""
    raw: Mapping[str, Any] = unpack(json.loads(gzip.decompress(content)))
    return Plan(**{**raw, "pc_kw": tuple(raw["pc_kw"]), "pd_kw": tuple(raw["pd_kw"]), "solver_s": 0.0,
                   "compile_s": 0.0})
