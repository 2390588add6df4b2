"""Unit commitments kept between runs: controllers that differ only below share the plan above.

A plan is a pure function of what the system operator knows and sees, and of the code that solves it. The key is
a hash of exactly that; a plan taken from the cache is the plan that the solver would give again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controllers.port import Plan, SystemView
from controllers.temporal import unit_commitment
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models import records
from testbed.wiring.content_cache import content_key, store
from testbed.wiring.packing import pack, unpack

CODE = b"".join(file.read_bytes() for package in (unit_commitment, records)
                for file in sorted(Path(str(package.__file__)).parent.rglob("*.py")))
"""Read as this process starts, together with the modules themselves: files may change while a run goes on."""
SOLVERS = ("cvxpy", "highspy", "clarabel", "piqp", "numpy", "scipy")


class CachedUnitCommitment:
    """A TemporalLayer that solves only what has not been solved before."""

    def __init__(self, layer: UnitCommitment, folder: Path) -> None:
        self.layer, self.folder = layer, folder

    def plan(self, view: SystemView) -> Plan:
        """The stored plan of this view if there is one, else the layer's own, which is then stored.

        A stored plan has solver_s = compile_s = 0: nothing was solved in this run.
        """
        path = self._path(view)
        stored = _load(path)
        if stored is None:
            stored = self.layer.plan(view)
            store(path, gzip.compress(json.dumps(pack(stored.to_arrays())).encode(), compresslevel=1))
        return stored

    def _path(self, view: SystemView) -> Path:
        return self.folder / f"plan-{plan_key(self.layer, view)}.json.gz"


def plan_key(layer: UnitCommitment, view: SystemView) -> str:
    """sha256 of knowledge, view, settings, code and solver versions."""
    parts = (layer.knowledge, view, layer.car_control, layer.tuning, sorted(layer.without))
    return content_key(parts, CODE, SOLVERS)


def _load(path: Path) -> Plan | None:
    """The plan in the file; None if there is none or it cannot be read (then it is made again)."""
    try:
        raw: Mapping[str, Any] = unpack(json.loads(gzip.decompress(path.read_bytes())))
    except (OSError, EOFError, ValueError):
        return None
    values = {**raw, "pc_kw": tuple(raw["pc_kw"]), "pd_kw": tuple(raw["pd_kw"]), "solver_s": 0.0, "compile_s": 0.0}
    return Plan(**values)
