"""What the lower layer instructed of what the upper one asked: booked by the testbed, not by the controller."""

from __future__ import annotations

import numpy as np

from controllers.port import FeederView, Setpoints
from models.records.arrays import Floats, Ints
from models.records.groups import by_group_and_hour, cohort_index, group_of_row
from testbed.setup.districts import District
from testbed.simulators.adapter import Values
from testbed.wiring.run_spec import RunSpec

SECONDS_PER_HOUR = 3600


class TargetLedger:
    """Cohort targets of one district against the set-points given, hour by hour.

    At the last step of an hour `disaggregation_loss_kwh` is the sum over cohorts of target energy that no set-point
    asked for (charging and discharging apart; set-points count times the assumed compliance).
    """

    def __init__(self, district: District, spec: RunSpec, assumed_compliance: float) -> None:
        self.district = district
        self.spec = spec
        self.assumed_compliance = assumed_compliance
        self.cohorts = district.vehicles.groups.cohort_count(spec.horizon_h)
        self.by_group: Floats = np.zeros(0)
        self._clear()

    def expect(self, compliance: float, by_group: Floats) -> None:
        """Count set-points times this compliance from now on: by group [G] unless that is empty."""
        self.assumed_compliance, self.by_group = compliance, by_group

    def _clear(self) -> None:
        self.charge_kwh = np.zeros(self.cohorts)
        self.discharge_kwh = np.zeros(self.cohorts)

    def book(self, view: FeederView, answer: Setpoints) -> Values:
        """Add a step; the hour's balance comes with its last step."""
        hour = (view.time_s - view.plan_time_s) // SECONDS_PER_HOUR
        charge_kw, discharge_kw = view.pc_target_kw[:, hour], view.pd_target_kw[:, hour]
        values = {**nothing_asked(self.district.vehicles.groups.count), "target_charge_kw": self._by_group(charge_kw),
                  "target_discharge_kw": self._by_group(discharge_kw)}
        self._add(view, answer)
        if (view.time_s + self.spec.step_s) % SECONDS_PER_HOUR == 0:
            missing = _missing(charge_kw, self.charge_kwh) + _missing(discharge_kw, self.discharge_kwh)
            values["target_energy_kwh"] = float(charge_kw.sum() + discharge_kw.sum())
            values["disaggregation_loss_kwh"] = missing
            self._clear()
        return values

    def _by_group(self, per_cohort: Floats) -> Floats:
        return np.asarray(by_group_and_hour(per_cohort, self.spec.horizon_h).sum(axis=1))

    def _add(self, view: FeederView, answer: Setpoints) -> None:
        cars = np.flatnonzero(view.declared.is_plugged & (answer.is_dispatched > 0))
        present_s = self._declared_presence_s(view, cars)
        rows = self._rows(view, cars)
        compliance = (self.by_group[group_of_row(rows, self.spec.horizon_h)] if self.by_group.size
                      else self.assumed_compliance)
        energy_kwh = answer.setpoint_kw[cars] * compliance * present_s / SECONDS_PER_HOUR
        self.charge_kwh += np.bincount(rows, np.maximum(energy_kwh, 0.0), self.cohorts)
        self.discharge_kwh += np.bincount(rows, np.maximum(-energy_kwh, 0.0), self.cohorts)

    def _declared_presence_s(self, view: FeederView, cars: Ints) -> Floats:
        """Seconds of the step until the declared departure; the whole step for a car that is past it."""
        left_s = view.declared.declared_departure_s[cars] - view.time_s
        return np.where(left_s > 0, np.minimum(left_s, self.spec.step_s), self.spec.step_s).astype(np.float64)

    def _rows(self, view: FeederView, cars: Ints) -> Ints:
        zone = self.district.site.bus_zone[view.declared.bus_index[cars]]
        group = self.district.vehicles.group_of(cars, zone)
        departure_s = view.declared.declared_departure_s[cars]
        if self.spec.scenario.planning.redispatch == "hourly":  # its targets count cars past their word as leaving now
            departure_s = np.maximum(departure_s, view.time_s // SECONDS_PER_HOUR * SECONDS_PER_HOUR + 1)
        return cohort_index(group, departure_s, view.plan_time_s, self.spec.horizon_h)


def nothing_asked(groups: int) -> Values:
    """The values of a step in which nothing was asked."""
    zeros = np.zeros(groups)
    return {"target_charge_kw": zeros, "target_discharge_kw": zeros, "target_energy_kwh": 0.0,
            "disaggregation_loss_kwh": 0.0}


def _missing(target_kw: Floats, instructed_kwh: Floats) -> float:
    """Energy of an hour's targets beyond what was instructed, summed over cohorts [kWh]."""
    return float(np.maximum(target_kw - instructed_kwh, 0.0).sum())
