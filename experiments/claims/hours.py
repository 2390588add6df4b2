"""Hours with fewer units on: the first claim on the full grid of switches, and what wear does to it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from controllers.port import Plan, ReserveRule
from experiments.claims.plans import (
    DAY_H,
    PlanJob,
    Switches,
    cars_mw,
    fewer_units,
    first_jobs,
    solve_all,
    units_on,
)
from models.records.arrays import Floats, Ints
from testbed.scenario.parts.system import System

SCENARIO = "claims_day"
CLAIMED_HOURS = (9, 10, 11, 12, 13, 14, 20, 21, 22)
"""Found before building (C), in the setting FIRST_LINE."""
REFERENCES = ("no_pev", "uncoordinated")
PLANNED = "temporal"
"""The upper layer of `bilayer` too: one plan, two ways of carrying it out."""
CONTROLLERS = (*REFERENCES, PLANNED)
WITH_ALL = ("profiles.wind_capacity_mw=150", "profiles.pv_capacity_mw=100", "tariff.table=beijing2015")
"""What the switches can turn on must be there first."""
FIRST_LINE = Switches("scheduled", False, 0.0, 0.0, False)
TARIFF, WEAR, CARBON, RENEWABLES = (False, True), (0.0, 53.6), (0.0, 7.0, 14.0), (False, True)
WEAR_SWEEP = (0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 53.6, 75.0, 100.0, 150.0)
ASSUMED = "planning.assumed_compliance"
COMPLIANCE = (0.3, 0.5, 0.7, 0.85, 0.95, 1.0)
TWO_DAYS = ("planning.horizon_h=48", "planning.binding_h=24", "spatial.look_ahead_h=24")
NO_TAXIS = ("districts.0.taxi=0", "districts.1.taxi=0")
FLEETS: Mapping[str, tuple[str, ...]] = {
    "as it is": (),
    "taxis discharge too": ("fleet.taxi_bidirectional_share=1",),
    "no taxis": NO_TAXIS,
    "private cars alone": (*NO_TAXIS, "districts.0.government=0", "districts.1.government=0"),
    "as it is, 48 h planned": TWO_DAYS,
    "no taxis, 48 h planned": (*NO_TAXIS, *TWO_DAYS),
}


@dataclass(frozen=True)
class Cell:
    """One plan against the two references under the same switches."""

    label: str
    switches: Switches
    against_no_pev: Ints
    """Hours from 1."""
    against_uncoordinated: Ints
    charge_mw: Floats
    """[H]"""
    discharge_mw: Floats
    units_on: Ints
    """[H]"""
    units_without_cars: Ints
    """[H] of no_pev."""
    operating_cost_usd: float
    objective_usd: float
    gap_rel: float

    @property
    def claimed(self) -> int:
        """How many of the nine hours are among those found."""
        return int(np.isin(CLAIMED_HOURS, self.against_no_pev).sum())


def reserve_rules() -> tuple[ReserveRule, ...]:
    """Those that a scenario may ask for."""
    return get_args(System.model_fields["reserve_rule"].annotation)


def grid() -> list[Switches]:
    """All combinations."""
    return [Switches(*values) for values in itertools.product(reserve_rules(), TARIFF, WEAR, CARBON, RENEWABLES)]


def wear_line(tariff: bool) -> list[Switches]:
    """Wear alone changes."""
    return [Switches("scheduled", tariff, wear, 0.0, False) for wear in WEAR_SWEEP]


def first_of(changes: Sequence[tuple[str, ...]], workers: int = 1) -> list[dict[str, PlanJob]]:
    """For each set of changes the first midnight of each controller, everything switchable switched on.

    Without cars nothing of them matters, and what the plan assumes of compliance matters to planned cars alone.
    """
    asked = [(SCENARIO, name, (*WITH_ALL, *_what_matters(name, change))) for change in changes for name in CONTROLLERS]
    jobs = iter(first_jobs(asked, workers))
    return [{name: next(jobs) for name in CONTROLLERS} for _ in changes]


def _what_matters(controller: str, changes: tuple[str, ...]) -> tuple[str, ...]:
    blind = {"no_pev": ("districts.", "fleet.", ASSUMED), "uncoordinated": (ASSUMED,)}.get(controller, ())
    return tuple(change for change in changes if not change.startswith(blind))


@dataclass(frozen=True)
class Setting:
    """What one cell asks."""

    label: str
    switches: Switches
    first: Mapping[str, PlanJob]
    """Of the three controllers."""


def measure(settings: Sequence[Setting], folder: Path, workers: int = 1) -> list[Cell]:
    """One cell per setting; the references are solved under the same switches."""
    jobs = [setting.switches.turned(setting.first[name]) for setting in settings for name in CONTROLLERS]
    plans = iter(solve_all(jobs, folder, workers))
    return [_cell(setting, next(plans), next(plans), next(plans)) for setting in settings]


def _cell(setting: Setting, no_pev: Plan, loose: Plan, plan: Plan) -> Cell:
    charge, discharge = cars_mw(plan, setting.first[PLANNED].view)
    return Cell(setting.label, setting.switches, fewer_units(plan, no_pev), fewer_units(plan, loose), charge[:DAY_H],
                discharge[:DAY_H],
                units_on(plan), units_on(no_pev), plan.operating_cost_usd, plan.objective_usd, plan.gap_rel)
