"""Targets against set-points: the balance of an hour comes with its last step."""

from types import SimpleNamespace

import numpy as np

from models.records.groups import THREE_CLASSES
from models.records.vehicles import DeclaredTable
from testbed.running.preflight import checked_scenario
from testbed.setup.districts import build_districts
from testbed.simulators.delivery import TargetLedger
from testbed.wiring.run_spec import RunSpec


def test_an_hours_target_is_told_with_its_last_step_and_missed_where_nobody_is_told_anything(tmp_path):
    spec = RunSpec(checked_scenario("smoke"), "uncoordinated", 1, tmp_path / "x.h5")
    district = build_districts(spec)["feeder33"]
    n, cohorts = district.vehicles.count, THREE_CLASSES.cohort_count(spec.horizon_h)
    charge_kw = np.zeros((cohorts, spec.horizon_h))
    charge_kw[0] = np.arange(spec.horizon_h)
    ledger, told = TargetLedger(district, spec, 1.0), []
    for time_s in range(3600, 10_800, 900):
        view = SimpleNamespace(
            time_s=time_s, plan_time_s=0, pc_target_kw=charge_kw, pd_target_kw=np.zeros_like(charge_kw),
            declared=DeclaredTable(np.full(n, -1), *np.zeros((2, n), dtype=np.int64), np.zeros(n)))
        values = ledger.book(view, SimpleNamespace(setpoint_kw=np.zeros(n), is_dispatched=np.zeros(n, dtype=np.int64)))
        told.append((values["target_charge_kw"].sum(), values["target_energy_kwh"], values["disaggregation_loss_kwh"]))
    assert told == [(1.0, 0.0, 0.0)] * 3 + [(1.0, 1.0, 1.0)] + [(2.0, 0.0, 0.0)] * 3 + [(2.0, 2.0, 2.0)]
