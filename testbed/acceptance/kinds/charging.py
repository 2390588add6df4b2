"""Cars that charge or discharge for a stretch of time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.fleet.battery import Batteries, exchange, refuse_impossible
from models.fleet.charger_curves import ChargerCurve
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _answer(inputs: Inputs) -> Mapping[str, float]:
    def cars(name: str, default: float | None = None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray(inputs.column("cars", name, default, 0.0 if name == "hours" else -np.inf)).reshape(-1)

    capacity = cars("capacity_kwh")
    batteries = Batteries(
        capacity, cars("p_charge_max_kw"), cars("p_discharge_max_kw", 0.0), cars("eta_charge", 1.0),
        cars("eta_discharge", 1.0), capacity * cars("soc_max", 1.0), capacity * cars("soc_floor", 0.0),
        cars("taper_start_soc", 1.0))
    energy = capacity * cars("soc")
    refuse_impossible(batteries, energy)
    done = exchange(batteries, energy, cars("power_kw"), cars("hours"), batteries.max_kwh, _curve(inputs))
    end = energy + done.stored_kwh - done.drawn_kwh
    return {"charged_kwh": float(done.charged_kwh.sum()), "discharged_kwh": float(done.discharged_kwh.sum()),
            "stored_kwh": float(done.stored_kwh.sum()), "drawn_kwh": float(done.drawn_kwh.sum()),
            "soc_end": float(end.sum() / capacity.sum())}


def _curve(inputs: Inputs) -> ChargerCurve | None:
    if not inputs.has("curve"):
        return None
    return ChargerCurve(*(inputs.column("curve", name) for name in ("load", "charging", "discharging")))


KIND = CaseKind(
    "charging", "what a power held for some time does to batteries behind chargers",
    "cars: table with capacity_kwh, soc, power_kw at the bus (below 0: discharging), hours, p_charge_max_kw, and where "
    "needed p_discharge_max_kw (0), eta_charge (1), eta_discharge (1), soc_max (1), soc_floor (0), taper_start_soc "
    "(1: none); curve: table with load, charging, discharging, efficiencies by share of the rated power",
    "charged_kwh and discharged_kwh at the bus, stored_kwh and drawn_kwh in the battery, each over all cars; soc_end",
    _answer)
