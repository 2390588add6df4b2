"""The thermal power system as a simulator: economic dispatch of the committed units at every step under control."""

from __future__ import annotations

from math import fsum

import numpy as np

from models.fleet.reserve_room import reserve_credit_mw
from models.records.arrays import SECONDS_PER_HOUR, Floats
from models.system.power_system import NetLoad, PowerSystem
from testbed.faults.supply import UNAVAILABLE
from testbed.setup.knowledge import power_system_parameters, thermal_units
from testbed.simulators.adapter import SYSTEM, Adapter, Inputs, Values
from testbed.wiring.attributes import of_step
from testbed.wiring.crossings import Commitment, PevPower, ReserveTerms, UnitsState
from testbed.wiring.run_spec import RunSpec

STEP_FIGURES = of_step("power_system", "number")


class PowerSystemSimulator(Adapter):
    """One `system` entity. Until the controller acts the units rest in their initial state."""

    simulator = "power_system"

    def build(self, spec: RunSpec) -> None:
        self.districts = tuple(district.name for district in spec.scenario.districts)
        self.core = PowerSystem(thermal_units(spec.scenario), power_system_parameters(spec.scenario))

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        return {SYSTEM: self._dispatch(now_s, inputs[SYSTEM]) if self.spec.is_controlled(now_s) else self._resting()}

    def _dispatch(self, now_s: int, received: Values) -> Values:
        by_district: dict[str, PevPower] = received["pev_mw"]
        commitment: Commitment = received["commitment"]
        pev = by_district.values()
        losses_change_mw = fsum(received.get("losses_change_mw", {}).values())
        curtailed_mw = fsum(received.get("generation_curtailed_mw", {}).values())
        credit = self._reserve(received["reserve_terms"], by_district)
        net = NetLoad(
            load_mw=received["load_mw"], pev_charge_mw=fsum(p.charge_mw for p in pev),
            pev_discharge_mw=fsum(p.discharge_mw for p in pev), wind_mw=received["wind_available_mw"],
            pv_mw=received["pv_available_mw"], must_take_mw=received["must_take_mw"], loss_change_mw=losses_change_mw,
            generation_curtailed_mw=curtailed_mw, **credit)
        on_before_h = self.core.on_s / SECONDS_PER_HOUR
        step = self.core.step(now_s, self.spec.step_s, commitment.committed, net, received.get(UNAVAILABLE),
                              commitment.p_mw)
        return {
            "units_state": UnitsState(step.hours_on, step.p_mw),
            "p_mw": step.p_mw, "committed": np.asarray(step.committed, dtype=np.float64),
            "on_before_h": on_before_h, "ordered_mw": self._begin_mw(commitment.p_mw),
            "pev_total_mw": fsum(p.charge_mw - p.discharge_mw for p in pev),
            "losses_change_total_mw": losses_change_mw, "reserve_credit_mw": net.reserve_credit_mw,
            "unit_starts": float(np.sum((step.committed > 0) & (on_before_h < 0))),
            **{name: float(getattr(step, name)) for name in STEP_FIGURES},
        }

    def _begin_mw(self, planned_mw: Floats) -> Floats:
        """[U] what the plan's powers are to a step: units without ramps do not look at them."""
        return planned_mw if self.core.has_ramps else np.full(planned_mw.size, np.nan)

    def _reserve(self, terms: ReserveTerms, pev: dict[str, PevPower]) -> dict[str, float]:
        """phi and h of rule `deliverable` from what is plugged in now; nothing under the other rules."""
        phi = float(terms.delivery_quantile)
        if self.core.parameters.reserve_rule != "deliverable" or np.isnan(phi):
            return {}
        credit = fsum(reserve_credit_mw(phi, float(compliance), pev[name].to_arrays())
                     for name, compliance in zip(self.districts, terms.compliance, strict=True))
        return {"delivery_quantile": phi, "reserve_credit_mw": float(credit)}

    def _resting(self) -> Values:
        zeros = np.zeros(self.core.units.count)
        return {"units_state": UnitsState(self.core.hours_on, self.core.units.initial_p_mw),
                "p_mw": zeros, "committed": zeros, "ordered_mw": self._begin_mw(zeros),
                "on_before_h": self.core.on_s / SECONDS_PER_HOUR,
                "pev_total_mw": 0.0, "losses_change_total_mw": 0.0, "reserve_credit_mw": 0.0, "unit_starts": 0.0,
                **dict.fromkeys(STEP_FIGURES, 0.0)}
