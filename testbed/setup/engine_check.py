"""Every network that a run solves with the fast engine is held against pandapower, once per network and version."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import models
from models.network.power_flow import ENGINE_AGREEMENT_PU, engine_error_pu
from models.records.feeder import RadialFeeder, ThreePhaseFeeder
from testbed.setup.networks.feeders import build_feeder
from testbed.wiring.content_cache import SUFFIX, cache_folder, content_key, kept, source_of, store
from testbed.wiring.run_spec import RunSpec

DEPENDS_ON = ("network/power_flow.py", "network/quiet.py", "records/**/*.py")
CODE = source_of(Path(str(models.__file__)).parent, DEPENDS_ON)


def engines_disagree(spec: RunSpec) -> str:
    """Which network's voltages the fast engine gets wrong by more than 1e-8 pu, and by how much; empty if none."""
    for name, feeder in _networks(spec).items():
        error_pu = _error_pu(feeder, _path(spec, feeder))
        if np.isnan(error_pu):
            return (f"{name}: no engine finds a power flow of {feeder.name} at its base load, at none, or with a "
                    "third of it fed back; impedances or loads are impossible")
        if not error_pu <= ENGINE_AGREEMENT_PU:
            return (f"{name}: lightsim2grid differs from pandapower by {error_pu:g} pu, "
                    f"allowed {ENGINE_AGREEMENT_PU:g}; choose spatial.engine: pandapower")
    return ""


def _networks(spec: RunSpec) -> dict[str, RadialFeeder]:
    """By district; none where the reference itself is the engine."""
    if spec.scenario.spatial.engine == "pandapower":
        return {}
    feeders = {district.name: build_feeder(district) for district in spec.scenario.districts}
    return {name: feeder for name, feeder in feeders.items()
            if feeder is not None and not isinstance(feeder, ThreePhaseFeeder)}


def _path(spec: RunSpec, feeder: RadialFeeder) -> Path:
    key = content_key([feeder], CODE, ("lightsim2grid", "pandapower", "numpy"))
    return cache_folder(spec.scenario) / f"engines-{key}{SUFFIX}"


def _error_pu(feeder: RadialFeeder, path: Path) -> float:
    error_pu = kept(path, _verdict_pu)
    if error_pu is None:
        error_pu = engine_error_pu(feeder)
        store(path, json.dumps(error_pu).encode())
    return error_pu


def _verdict_pu(content: bytes) -> float:
    return float(json.loads(content))
