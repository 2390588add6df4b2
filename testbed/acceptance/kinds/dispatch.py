"""Units that run against a real load."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR
from models.records.objective import Objective
from models.system.power_system import NetLoad, PowerSystem, PowerSystemParameters
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind
from testbed.acceptance.kinds.commitment import units_of


def _answer(inputs: Inputs) -> Mapping[str, float]:
    units = units_of(inputs)
    parameters = PowerSystemParameters(
        objective=Objective(carbon=float(inputs.has("carbon_usd_per_t"))),
        carbon_price_usd_per_t=inputs.number("carbon_usd_per_t", 0.0), reserve_fraction=0.0,
        curtailment_penalty_usd_per_mwh=inputs.number("curtailment_usd_per_mwh", 0.0),
        shed_usd_per_mwh=inputs.number("shed_usd_per_mwh", 3000.0))
    load = NetLoad(inputs.number("load_mw"), inputs.number("charge_mw", 0.0), inputs.number("discharge_mw", 0.0),
                   inputs.number("wind_mw", 0.0), inputs.number("pv_mw", 0.0))
    step = PowerSystem(units, parameters).step(0, SECONDS_PER_HOUR, np.ones(units.count, dtype=np.int64), load)
    return {"fuel_cost_usd": step.fuel_cost_usd, "price_usd_per_mwh": step.marginal_price_usd_per_mwh,
            "shed_mw": step.shed_mw, "wind_unused_mw": step.wind_curtailed_mw, "pv_unused_mw": step.pv_curtailed_mw,
            "carbon_t": step.carbon_t,
            **{f"p_mw.{name}": float(step.p_mw[i]) for i, name in enumerate(units.names)}}


KIND = CaseKind(
    "dispatch", "the cheapest powers of units that run, for an hour, and the price of one more MWh",
    "units: table as in docs/units.md, all of them on; load_mw, charge_mw and discharge_mw of cars (0), wind_mw (0), "
    "pv_mw (0), carbon_usd_per_t (0), curtailment_usd_per_mwh (0), shed_usd_per_mwh (3000)",
    "p_mw.UNIT, price_usd_per_mwh, fuel_cost_usd, shed_mw, wind_unused_mw, pv_unused_mw, carbon_t", _answer)
