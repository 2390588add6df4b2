"""What is left of a plan's cohorts: envelopes from the measured energy, on the plan's own rows and hours."""

from types import SimpleNamespace

import numpy as np
import pytest

from models.fleet.flexibility import cohort_flexibility, select
from models.records.flexibility import Sessions
from models.records.groups import THREE_CLASSES
from models.records.vehicles import DeclaredTable
from testbed.setup.remaining_cohorts import PlanWindow, remaining_cohorts

H, HOUR_S, GROUP = 8, 3600, 1
STAYING, LEAVING = GROUP * (H + 1) + H, GROUP * (H + 1) + 4


def stays(energy_kwh, now_s=0):
    """Two bidirectional cars of 7 kW that want 50 kWh: one beyond the horizon, one until 05:00."""
    both = np.ones(2)
    return Sessions(
        group=np.full(2, GROUP), bus_index=np.zeros(2, dtype=np.int64), start_s=np.full(2, now_s),
        departure_s=np.array([20, 5]) * HOUR_S, energy_kwh=np.asarray(energy_kwh, dtype=float), wanted_kwh=50.0 * both,
        max_kwh=54.0 * both, floor_v2g_kwh=21.0 * both, p_charge_max_kw=7.0 * both, p_discharge_max_kw=7.0 * both,
        eta_charge=both, eta_discharge=both, weight=both)


def declared(since_s=(-100, -100)):
    return DeclaredTable(bus_index=np.zeros(2, dtype=np.int64), plugged_since_s=np.array(since_s),
                         declared_departure_s=np.array([20, 5]) * HOUR_S, soc_wanted=np.ones(2))


def at_hour(hour, start_kwh, now_kwh, since_s=(-100, -100), compliance=1.0):
    """Cohorts left at that hour of a plan that began with start_kwh in the two cars."""
    begun = cohort_flexibility(stays(start_kwh), select(stays(start_kwh), slice(0)), 0, H, compliance, np.zeros(H))
    window = PlanWindow.begin(0, begun, 2)
    window.look(0, declared(), np.asarray(start_kwh, dtype=float))
    window.look(hour * HOUR_S, declared(since_s), np.asarray(now_kwh, dtype=float))
    known = stays(now_kwh, hour * HOUR_S)
    outlook = SimpleNamespace(now_s=hour * HOUR_S, site=SimpleNamespace(groups=THREE_CLASSES),
                              uncontrolled_kw=lambda: np.arange(H) + 1.0,
                              controllable=lambda: (known, np.arange(2), select(known, slice(0))))
    return begun, remaining_cohorts(window, outlook, H, compliance)


def test_cars_keep_their_rows_and_passed_hours_are_empty():
    begun, left = at_hour(3, [40, 45], [40, 45])
    assert np.array_equal(np.flatnonzero(left.pc_max_kw.any(axis=1)), np.flatnonzero(begun.pc_max_kw.any(axis=1)))
    assert not left.pc_max_kw[:, :3].any()
    assert not left.x_max_kwh[:, :3].any()
    np.testing.assert_allclose(left.pc_max_kw[LEAVING], [0, 0, 0, 7, 7, 0, 0, 0])
    np.testing.assert_allclose(left.p_uncontrolled_kw, [0, 0, 0, 1, 2, 3, 4, 5])
    assert left.start_s == 0


def test_envelopes_begin_at_the_measured_energy():
    """38 kWh at 03:00 and 7 kW: at 05:00 the leaver has all that two hours can give, no more was possible."""
    _, left = at_hour(3, [40, 45], [40, 38])
    assert left.x_min_kwh[LEAVING, 4] == pytest.approx(12.0)
    assert left.x_max_kwh[LEAVING, 3:5] == pytest.approx([7.0, 14.0])


@pytest.mark.parametrize(("now_kwh", "asked_kwh"), [
    (54.0, -4.0),   # what was stored beyond the wanted 50 may be given back
    (50.0, 0.0),
    (45.0, 5.0),
    (10.0, 35.0),   # 5 hours are left: more cannot be asked
])
def test_match_asks_for_the_level_of_the_plan_s_beginning(now_kwh, asked_kwh):
    _, left = at_hour(3, [40, 45], [now_kwh, 45])
    assert left.x_end_uncoordinated_kwh[STAYING] == pytest.approx(asked_kwh)


def test_a_car_that_was_above_what_it_wanted_must_come_back_to_that():
    _, left = at_hour(3, [53, 45], [50, 45])
    assert left.x_end_uncoordinated_kwh[STAYING] == pytest.approx(3.0)


def test_a_new_stay_counts_from_its_own_beginning():
    """Plugged in at 02:30 with 20 kWh: by 08:00, five hours from 03:00, it would have 50."""
    _, left = at_hour(3, [53, 45], [20, 45], since_s=(9_000, -100))
    assert left.x_end_uncoordinated_kwh[STAYING] == pytest.approx(30.0)


def test_cyclic_keeps_the_energy_of_the_plan_s_beginning():
    begun, left = at_hour(3, [40, 45], [30, 35], compliance=0.9)
    assert left.energy_start_kwh == begun.energy_start_kwh == pytest.approx(0.9 * 85)
    assert left.energy_end_base_kwh == pytest.approx(0.9 * 30)
