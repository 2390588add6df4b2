"""Which thermal units run, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from controllers.port import SystemView, TemporalKnowledge
from controllers.temporal.unit_commitment.solve import UnitCommitment
from models.records.groups import THREE_CLASSES
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits
from models.system.unit_csv import read_unit_csv
from models.system.units import ten_units
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind

TANGENTS = 12
MIP_GAP = 1e-6
TEN_UNITS = "ten_units"
MISSING_USD_PER_MWH = 1e4


def _answer(inputs: Inputs) -> Mapping[str, float]:
    units = units_of(inputs)
    load, none = inputs.column("load", "load_mw"), np.zeros(inputs.column("load", "load_mw").size)
    plan = UnitCommitment(_knowledge(inputs, units, load.size), "none").plan(SystemView(
        time_s=0, load_mw=load, wind_mw=inputs.column("load", "wind_mw", 0.0), pv_mw=none,
        price_charge_usd_per_kwh=none, price_discharge_usd_per_kwh=none, districts=(), hours_on=units.initial_h,
        p_mw=units.initial_p_mw))
    return {"operating_cost_usd": float(plan.operating_cost_usd), "unit_hours_on": float(plan.committed.sum()),
            "wind_unused_mwh": float(plan.wind_curtailed_mw.sum()),
            "reserve_missing_mw": float(plan.reserve_shortfall_mw.max()),
            **{f"energy_mwh.{name}": float(plan.p_mw[i].sum()) for i, name in enumerate(units.names)}}


def units_of(inputs: Inputs) -> ThermalUnits:
    """The units of a case: its table, or the ten units of the literature."""
    return ten_units() if inputs.text("units") == TEN_UNITS else read_unit_csv(Path(inputs.file("units")))


def _knowledge(inputs: Inputs, units: ThermalUnits, hours: int) -> TemporalKnowledge:
    return TemporalKnowledge(
        units=units, horizon_h=hours, binding_h=hours, objective=Objective(owners=0.0, curtailment=0.0, carbon=0.0),
        carbon_price_usd_per_t=0.0, curtailment_penalty_usd_per_mwh=0.0, wear_usd_per_kwh=np.zeros(THREE_CLASSES.count),
        tariff_in_objective=False, reserve_rule="scheduled", reserve_fraction=inputs.number("reserve_fraction", 0.0),
        reserve_curve=ReserveCurve.flat(MISSING_USD_PER_MWH), terminal="free", tangents=TANGENTS, mip_gap=MIP_GAP,
        district_names=())


KIND = CaseKind(
    "commitment", "the cheapest schedule of thermal units for a load by hours, proven to 1e-6",
    "units: table as in docs/units.md, or ten_units (Kazarlis 1996); load: table with load_mw and, where needed, "
    "wind_mw, a row an hour; reserve_fraction of the load (0), spinning",
    "operating_cost_usd (fuel and starts), unit_hours_on, energy_mwh.UNIT, wind_unused_mwh, reserve_missing_mw",
    _answer)
