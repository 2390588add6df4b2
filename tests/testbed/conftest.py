"""Synthetic result files: small, deterministic, with values one can sum in the head."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from models.drivers.behaviours import behaviour_names
from models.fleet.soc_counts import SOC_BINS
from models.records.groups import THREE_CLASSES
from testbed.results.layout import DistrictLayout, ResultHeader, ResultLayout
from testbed.results.reading import Reference
from testbed.results.writing import ResultWriter
from testbed.scenario.record import Scenario, to_yaml
from testbed.wiring.attributes import recorded
from testbed.wiring.failure import Failure
from tests.testbed.cli_runs import fake_run, here

__all__ = ["fake_run", "here"]

FEEDER, REST = "feeder33", "rest"
UNITS = ("u1", "u2", "u3")
SIZES = {"unit": len(UNITS), "group": len(THREE_CLASSES.names()), "reason": len(behaviour_names()),
         "car_class": len(THREE_CLASSES.class_names), "soc_band": SOC_BINS}
WriteResult = Callable[..., Path]


def scenario(**changes: Any) -> Scenario:
    """A district with a feeder and one without; the prices differ from every default and from each other."""
    parts: dict[str, Any] = {
        "name": "toy",
        "districts": [{"name": FEEDER, "feeder": "ieee33", "private": 2, "v_min_pu": 0.93, "v_max_pu": 1.04},
                      {"name": REST, "private": 3}],
        "objective": {"weight_operating": 1.5, "weight_owners": 2.0, "weight_curtailment": 3.0,
                      "weight_carbon": 5.0, "carbon_price_usd_per_t": 11.0,
                      "curtailment_penalty_usd_per_mwh": 70.0},
        "system": {"shed_usd_per_mwh": 3100.0, "dump_usd_per_mwh": 130.0,
                   "reserve_curve": "flat", "reserve_shortfall_usd_per_mwh": 1700.0},
        "fleet": {"eta_charge": 0.8, "slow_charger_curve": "constant"},
    }
    return Scenario.model_validate(parts | changes)


def header(made: Scenario, controller: str, seed: int, steps: int, step_s: int) -> ResultHeader:
    return ResultHeader(to_yaml(made), made.name, controller, seed, step_s, steps)


def layout(bus_count: int = 4, plans: int = 1, horizon_h: int = 3, network: Any = None) -> ResultLayout:
    numbers = np.arange(1, bus_count + 1)
    zones = np.where(numbers == 1, -1, numbers % 3)
    return ResultLayout(UNITS, THREE_CLASSES.names(), behaviour_names(), THREE_CLASSES.class_names, (
        DistrictLayout(FEEDER, numbers, zones, has_network=True, vehicle_count=2, feeder=network),
        DistrictLayout(REST, np.array([1, 2, 3]), np.array([0, 1, 2]), has_network=False, vehicle_count=3),
    ), plans, horizon_h)


def plan_arrays(made: ResultLayout, time_s: int = 0, **changes: Any) -> dict[str, Any]:
    """Fields of controllers.port.Plan, every number different."""
    hours, units, cohorts = made.horizon_h, len(made.unit_names), made.cohort_count
    rng = np.random.default_rng(time_s + 1)
    hourly = ("wind_curtailed_mw", "pv_curtailed_mw", "reserve_shortfall_mw", "reserve_shortfall_usd",
              "marginal_price_usd_per_mwh")
    numbers = ("objective_usd", "milp_objective_usd", "bound_usd", "operating_cost_usd",
               "owners_net_usd", "curtailment_usd", "carbon_cost_usd", "carbon_t", "solver_s", "compile_s")
    return {
        "time_s": time_s, "committed": rng.integers(0, 2, (units, hours)), "p_mw": rng.random((units, hours)),
        **{name: rng.random(hours) for name in hourly}, **{name: float(rng.random()) for name in numbers},
        "pc_kw": tuple(rng.random((cohorts, hours)) for _ in made.districts),
        "pd_kw": tuple(rng.random((cohorts, hours)) for _ in made.districts),
        "gap_rel": 0.0, "status": "optimal", **changes,
    }


def series(attributes: Any, sizes: Mapping[str, int], steps: int,
           given: Mapping[str, Any]) -> dict[str, Any]:
    """[steps, *dims] of every attribute: what is given, broadcast, else 0."""
    known = {a.name for a in attributes}
    assert set(given) <= known, set(given) - known
    made = {}
    for a in attributes:
        shape = (steps, *(sizes[dim] for dim in a.dims))
        values = np.asarray(given.get(a.name, 0.0), dtype=float)
        values = values.reshape(values.shape + (1,) * (len(shape) - values.ndim)) if values.ndim else values
        made[a.name] = np.broadcast_to(values, shape)
    return made


@pytest.fixture
def toy() -> ModuleType:
    """This module: the builder's parts, whatever pytest calls it."""
    return sys.modules[__name__]


@pytest.fixture
def write_result(tmp_path: Path) -> WriteResult:
    """write_result(name, controller=, seed=, steps=, step_s=, system={}, feeder={}, rest={}, ...) -> path.

    Series are numbers, [steps] or [steps, axis]; what is not given is 0.
    """
    def write(name: str = "run.h5", *, controller: str = "bilayer", seed: int = 1, steps: int = 4,
              step_s: int = 1800, system: Mapping[str, Any] | None = None,
              feeder: Mapping[str, Any] | None = None, rest: Mapping[str, Any] | None = None,
              buses: int = 4, plans: tuple[dict[str, Any], ...] = (),
              reference: Any = None, totals: Mapping[str, Mapping[str, Any]] | None = None,
              run: Mapping[str, Any] | None = None, status: str = "completed", failure: Failure | None = None,
              stop_after: int | None = None, made: Scenario | None = None, network: Any = None) -> Path:
        made = (made or scenario()).model_copy(update={"seed": seed})
        shape = layout(buses, max(len(plans), 1), network=network)
        writer = ResultWriter(tmp_path / name, header(made, controller, seed, steps, step_s), shape)
        values = {"": series(recorded("system"), SIZES, steps, system or {})}
        for district, given in zip(shape.districts, (feeder or {}, rest or {}), strict=True):
            sizes = SIZES | {"bus": district.bus_number.size}
            values[district.name] = series(district.variables(), sizes, steps, given)
        for i in range(steps if stop_after is None else stop_after):
            row = {key: {n: v[i] for n, v in arrays.items()} for key, arrays in values.items()}
            writer.write_step(i, row.pop(""), row)
        for index, plan in enumerate(plans):
            writer.write_plan(index, plan)
        if reference is not None:
            writer.write_reference(Reference("no_pev", np.asarray(reference), 1234.5))
        for district_name, arrays in (totals or {}).items():
            writer.write_totals(district_name, arrays)
        writer.write_run(run or {})
        if status == "running":
            writer.release()
        else:
            writer.close(status, failure)  # type: ignore[arg-type]
        return tmp_path / name
    return write
