"""Thermal units against real net load: dispatch, shortfalls and their order, starts, hours on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from models.records.arrays import Floats, RecordError
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import OPTIONAL_LIMITS, ThermalUnits
from models.system.dispatch_curve import DispatchCurve
from models.system.power_system import NetLoad, PowerSystem, PowerSystemParameters, PowerSystemStep
from models.system.units import ten_unit_load_mw, ten_units

HOUR = 3600
ALL = np.ones(10, dtype=np.int64)
FIRST_FIVE = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])


def _system(**changes: object) -> PowerSystem:
    return PowerSystem(ten_units(), replace(PowerSystemParameters(), **changes))


def _load(load_mw: float, **changes: float) -> NetLoad:
    powers = {"pev_charge_mw": 0.0, "pev_discharge_mw": 0.0, "wind_mw": 0.0, "pv_mw": 0.0}
    return NetLoad(load_mw, **(powers | changes))


def _imbalance(step: PowerSystemStep, net: NetLoad) -> float:
    supply = (step.p_mw.sum() + net.wind_mw - step.wind_curtailed_mw + net.pv_mw - step.pv_curtailed_mw
              + step.shed_mw)
    return float(supply - step.dump_mw - net.demand_mw)


# ------------------------------------------------------------------ the table
def test_the_table_has_the_sources_and_the_emission_sets() -> None:
    linear, quadratic = ten_units(), ten_units("quadratic")
    assert linear.emission_beta_t_per_mwh.tolist() == [0.95] * 5 + [0.75] * 2 + [0.65] * 3
    assert not linear.emission_gamma_t_per_mw2h.any()
    marginal = quadratic.emission_beta_t_per_mwh[0] + 2 * quadratic.emission_gamma_t_per_mw2h[0] * 455
    assert marginal == pytest.approx(2.595, abs=1e-3)
    assert linear.p_max_mw.sum() == 1662
    assert ten_unit_load_mw().sum() == 27_100


def test_scaled_units_cost_the_same_per_mwh() -> None:
    whole, half = ten_units("quadratic"), ten_units("quadratic", unit_scale=0.5, unit_copies=2)
    p, on = whole.p_max_mw * 0.8, np.ones(10, dtype=bool)
    assert half.count == 20
    assert len(set(half.names)) == 20
    both = np.tile(0.5 * p, 2)
    assert half.fuel_cost_usd_per_h(both, np.tile(on, 2)).sum() == pytest.approx(whole.fuel_cost_usd_per_h(p, on).sum())
    assert half.emissions_t_per_h(both, np.tile(on, 2)).sum() == pytest.approx(whole.emissions_t_per_h(p, on).sum())


@pytest.mark.parametrize(("changes", "message"), [
    ({"emissions": "cubic"}, "allowed: linear, quadratic"), ({"ramps": "steep"}, "allowed: none, ten_unit"),
    ({"unit_copies": 0}, "unit_copies=0"), ({"unit_scale": 0.0}, "unit_scale=0"),
])
def test_bad_units_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ten_units(**changes)


# ------------------------------------------------------------------ dispatch
@pytest.mark.parametrize("load_mw", [460.0, 700.0, 1100.0, 1499.0, 1640.0])
@pytest.mark.parametrize("emissions", ["linear", "quadratic"])
def test_dispatch_is_the_optimum_of_the_true_curves(load_mw: float, emissions: str) -> None:
    units = ten_units(emissions)
    q = PowerSystemParameters(objective=Objective(carbon=0.5), carbon_price_usd_per_t=20.0)
    step = PowerSystem(units, q).step(0, HOUR, ALL, _load(load_mw))

    def cost(p: np.ndarray) -> float:
        return float(units.fuel_cost_usd_per_h(p, ALL).sum() + 10.0 * units.emissions_t_per_h(p, ALL).sum())

    best = minimize(cost, np.clip(step.p_mw + 1.0, units.p_min_mw, units.p_max_mw), method="SLSQP",
                    bounds=list(zip(units.p_min_mw, units.p_max_mw, strict=True)),
                    constraints={"type": "eq", "fun": lambda p: p.sum() - load_mw}, options={"ftol": 1e-12})
    assert cost(step.p_mw) <= best.fun + 1e-4
    assert abs(_imbalance(step, _load(load_mw))) < 1e-9


def test_marginal_price_is_the_cost_of_one_more_mwh() -> None:
    q = PowerSystemParameters()
    a, b = (_system().step(0, HOUR, ALL, _load(load)) for load in (1200.0, 1200.01))
    cost = [s.fuel_cost_usd + q.carbon_price_usd_per_t * s.carbon_t for s in (a, b)]
    assert (cost[1] - cost[0]) / 0.01 == pytest.approx(a.marginal_price_usd_per_mwh, rel=1e-4)


def test_units_of_equal_constant_cost_share_a_corner() -> None:
    """c = 0: merit order, and exact totals inside the step between equal prices."""
    curve = DispatchCurve(np.array([10.0, 20.0, 20.0]), np.zeros(3), np.array([1.0, 2, 3]), np.array([5.0, 6, 7]))
    powers, price = curve.at(9.0)
    assert powers[0] == 1.0 or price >= 10.0
    assert curve.at(12.0)[0].tolist() == pytest.approx([5.0, 3.0, 4.0])
    assert curve.at(12.0)[1] == 20.0
    assert curve.at(8.0)[0].tolist() == pytest.approx([3.0, 2.0, 3.0])


@settings(deadline=None, derandomize=True, max_examples=150)
@given(load=st.floats(0, 2500), charge=st.floats(0, 300), discharge=st.floats(0, 300), wind=st.floats(0, 1200),
       pv=st.floats(0, 100), losses=st.floats(-2, 2), bits=st.integers(0, 1023), quadratic=st.booleans())
def test_the_balance_closes_and_limits_hold(load: float, charge: float, discharge: float, wind: float, pv: float,
                                            losses: float, bits: int, quadratic: bool) -> None:
    units = ten_units("quadratic" if quadratic else "linear")
    on = np.array([bits >> i & 1 for i in range(10)])
    net = NetLoad(load, charge, discharge, wind, pv, losses)
    step = PowerSystem(units).step(0, 900, on, net)
    assert abs(_imbalance(step, net)) < 1e-9
    assert np.all(step.p_mw >= on * units.p_min_mw - 1e-9)
    assert np.all(step.p_mw <= on * units.p_max_mw + 1e-9)
    assert min(step.shed_mw, step.dump_mw, step.wind_curtailed_mw, step.pv_curtailed_mw) >= 0
    assert step.wind_curtailed_mw <= wind + 1e-9
    assert step.pv_curtailed_mw <= pv + 1e-9
    assert step.shed_mw * step.dump_mw == 0
    if step.dump_mw > 0:
        assert step.wind_curtailed_mw + step.pv_curtailed_mw == pytest.approx(wind + pv)


def test_what_must_be_taken_is_dumped_and_not_curtailed() -> None:
    """The first five units give at least 360 MW: of 600 MW of wind for 700 MW of load 260 MW are too much."""
    free, bound, flooded = (_system().step(0, HOUR, FIRST_FIVE, _load(700.0, wind_mw=600.0, must_take_mw=least))
                            for least in (0.0, 400.0, 590.0))
    surplus = ten_units().p_min_mw[:5].sum() + 600.0 - 700.0
    assert (free.wind_curtailed_mw, free.dump_mw) == pytest.approx((surplus, 0.0))
    assert (bound.wind_curtailed_mw, bound.dump_mw) == pytest.approx((200.0, surplus - 200.0))
    assert (flooded.wind_curtailed_mw, flooded.dump_mw) == pytest.approx((10.0, surplus - 10.0))
    assert flooded.marginal_price_usd_per_mwh == -100.0


@settings(deadline=None, derandomize=True, max_examples=60)
@given(low=st.floats(500, 1600), more=st.floats(0, 60), order=st.permutations(range(10)))
def test_more_load_never_costs_less_and_order_does_not_matter(low: float, more: float, order: list[int]) -> None:
    a, b = (_system().step(0, HOUR, ALL, _load(x)) for x in (low, low + more))
    assert a.fuel_cost_usd <= b.fuel_cost_usd + 1e-6
    assert a.marginal_price_usd_per_mwh <= b.marginal_price_usd_per_mwh + 1e-9
    units = ten_units()
    fields = {name: getattr(units, name)[order] for name in type(units).__dataclass_fields__ if name != "names"}
    shuffled = PowerSystem(replace(units, **fields)).step(0, HOUR, ALL, _load(low))
    assert shuffled.p_mw == pytest.approx(a.p_mw[order], abs=1e-8)


# ------------------------------------------------------------------ ramps
def test_the_table_of_ramps_is_sixty_percent_an_hour_and_scales() -> None:
    units, half = ten_units(ramps="ten_unit"), ten_units(ramps="ten_unit", unit_copies=2, unit_scale=0.5)
    for name in OPTIONAL_LIMITS:
        assert getattr(units, name) == pytest.approx(0.6 * units.p_max_mw)
        assert getattr(half, name) == pytest.approx(0.5 * np.tile(getattr(units, name), 2))
        assert np.all(np.isinf(getattr(ten_units(), name)))


def test_power_moves_by_its_ramp_between_steps_an_hour_apart() -> None:
    """Two units of 400 MW in all may rise by 100 MW an hour, whatever the steps within it; the rest is shed."""
    units = replace(ten_units(), ramp_up_mw_per_h=np.full(10, 50.0), ramp_down_mw_per_h=np.full(10, 40.0))
    on = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    system = PowerSystem(units, PowerSystemParameters())
    first = [system.step(900 * k, 900, on, _load(400.0)) for k in range(4)]
    higher = [system.step(3600 + 900 * k, 900, on, _load(550.0)) for k in range(4)]
    lower = [system.step(7200 + 900 * k, 900, on, _load(330.0)) for k in range(4)]
    assert [s.p_mw.sum() for s in first] == pytest.approx([400.0] * 4)
    assert [s.shed_mw for s in higher] == pytest.approx([50.0] * 4)
    assert [s.dump_mw for s in lower] == pytest.approx([90.0] * 4)
    rise, fall = higher[0].p_mw[:2] - first[0].p_mw[:2], higher[0].p_mw[:2] - lower[0].p_mw[:2]
    assert rise == pytest.approx([50.0, 50.0])
    assert fall == pytest.approx([40.0, 40.0])


TWO = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
PLANNED = np.array([405.0, 395.0, 0, 0, 0, 0, 0, 0, 0, 0])
"""Both reach 900 MW an hour later with 50 MW an hour; the cheaper one full and 345 MW of the other reach 850."""


def _of_two(**changes: Any) -> PowerSystem:
    """Two units with ramps after an hour at 800 MW."""
    units = replace(ten_units(), ramp_up_mw_per_h=np.full(10, 50.0), ramp_down_mw_per_h=np.full(10, 50.0))
    system = PowerSystem(units, replace(PowerSystemParameters(), **changes))
    system.step(0, HOUR, TWO, _load(800.0))
    return system


@pytest.mark.parametrize(("planned_mw", "shed_mw"), [(None, 50.0), (PLANNED, 0.0)])
def test_a_plan_that_sees_the_next_hour_come_is_begun_from(planned_mw: Any, shed_mw: float) -> None:
    system = _of_two()
    system.step(HOUR, HOUR, TWO, _load(800.0), planned_mw=planned_mw)
    assert system.step(2 * HOUR, HOUR, TWO, _load(900.0)).shed_mw == pytest.approx(shed_mw)


@pytest.mark.parametrize(("load_mw", "p_mw"), [
    (800.0, (405.0, 395.0)), (810.0, (415.0, 395.0)), (790.0, (405.0, 385.0)),
    (910.0, (455.0, 395.0)), (700.0, (405.0, 295.0))])
def test_what_departs_from_the_plan_is_met_at_least_cost(load_mw: float, p_mw: tuple[float, float]) -> None:
    """More by the cheaper unit, less by the dearer one, as far as ramps let them."""
    step = _of_two().step(HOUR, HOUR, TWO, _load(load_mw), planned_mw=PLANNED)
    assert step.p_mw[:2] == pytest.approx(p_mw)
    assert step.shed_mw == pytest.approx(max(load_mw - sum(p_mw), 0.0))


@pytest.mark.parametrize("rounding_mw", [0.0, 1e-7, -1e-7])
@pytest.mark.parametrize("beside_mw", [0.0, 3e-13, -3e-13, 1e-5, -1e-5])
def test_as_planned_the_price_is_that_of_a_unit_with_room(rounding_mw: float, beside_mw: float) -> None:
    """The cheaper unit is full, but for what a solver leaves: one more MWh is the other's, 345 MW of it run."""
    system, units = _of_two(objective=Objective(carbon=0.0)), ten_units()
    planned = np.array([455.0 - abs(rounding_mw), 345.0 + rounding_mw, 0, 0, 0, 0, 0, 0, 0, 0])
    step = system.step(HOUR, HOUR, TWO, _load(float(planned.sum()) + beside_mw), planned_mw=planned)
    b, c = units.cost_b_usd_per_mwh[1], units.cost_c_usd_per_mw2h[1]
    assert step.marginal_price_usd_per_mwh == pytest.approx(b + 2 * c * 345.0, abs=1e-5)
    assert (step.wind_curtailed_mw, step.shed_mw, step.dump_mw) == (0.0, 0.0, 0.0)


def test_reserve_is_what_units_reach_whatever_was_planned() -> None:
    """455 + 395 MW can be reached; 790 and a tenth are needed."""
    system = _of_two(headroom="reachable", reserve_rule="thermal_only")
    step = system.step(HOUR, HOUR, TWO, _load(790.0), planned_mw=PLANNED)
    assert step.reserve_shortfall_mw == pytest.approx(790.0 * 1.1 - 850.0)


def test_units_without_ramps_do_not_look_at_a_plan() -> None:
    on, planned = TWO, PLANNED[::-1]
    alone, told = _system(), _system()
    alone.step(0, HOUR, on, _load(800.0)), told.step(0, HOUR, on, _load(800.0))
    assert np.array_equal(told.step(HOUR, HOUR, on, _load(790.0), planned_mw=planned).p_mw,
                          alone.step(HOUR, HOUR, on, _load(790.0)).p_mw)


def test_load_that_is_shed_needs_no_reserve() -> None:
    """910 MW run; at 800 the cheaper unit is full, so they reach 850: of 920 MW 70 are shed, and of the reserve
    1.1 x 920 - 70 - 910 MW are missing."""
    units = replace(ten_units(), ramp_up_mw_per_h=np.full(10, 50.0), ramp_down_mw_per_h=np.full(10, 50.0))
    system, on = PowerSystem(units, PowerSystemParameters()), np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    system.step(0, 3600, on, _load(800.0))
    step = system.step(3600, 3600, on, _load(920.0))
    assert step.shed_mw == pytest.approx(70.0)
    assert step.reserve_shortfall_mw == pytest.approx(32.0)


def test_a_unit_starts_at_most_at_its_startup_limit_for_one_hour() -> None:
    units = replace(ten_units(), p_startup_max_mw=np.array([np.inf] * 4 + [60.0] + [np.inf] * 5))
    system = PowerSystem(units, PowerSystemParameters())
    four = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    for k in range(4):
        system.step(900 * k, 900, four, _load(1100.0))
    powers = [system.step(3600 + 900 * k, 900, FIRST_FIVE, _load(1300.0)).p_mw[4] for k in range(5)]
    assert powers == pytest.approx([60.0] * 4 + [130.0])


def test_without_limits_nothing_is_remembered() -> None:
    system = _system()
    system.step(0, 900, ALL, _load(900.0))
    assert system._last_hour == []


@pytest.mark.parametrize(("name", "value", "message"), [
    ("ramp_up_mw_per_h", -1.0, "U4: 0=0 is above ramp_up_mw_per_h=-1"),
    ("p_startup_max_mw", 19.0, "U4: p_min_mw=20 is above p_startup_max_mw=19"),
])
def test_limits_that_no_unit_could_keep_are_refused(name: str, value: float, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        replace(ten_units(), **{name: np.where(np.arange(10) == 3, value, np.inf)})


# ------------------------------------------------------------------ too much, too little
def test_wind_and_pv_are_curtailed_before_anything_is_dumped() -> None:
    step = _system().step(0, HOUR, ALL, _load(500.0, wind_mw=90.0, pv_mw=30.0))
    assert step.p_mw.sum() == 440
    assert step.wind_curtailed_mw + step.pv_curtailed_mw == pytest.approx(60.0)
    assert step.wind_curtailed_mw == pytest.approx(45.0)
    assert step.marginal_price_usd_per_mwh == -75.0
    assert step.dump_mw == 0


def test_units_serve_load_and_cars_and_the_change_of_losses() -> None:
    """Losses beyond normal ones are load, whatever sign they have."""
    for change in (-2.0, 3.0):
        net = NetLoad(1000.0, 20.0, 5.0, 0.0, 0.0, loss_change_mw=change)
        assert net.demand_mw == 1015.0 + change
        assert _system().step(0, HOUR, ALL, net).p_mw.sum() == pytest.approx(1015.0 + change)


def test_what_is_curtailed_is_no_reserve() -> None:
    """Of 120 MW of wind and sun 60 are used: 1,662 + 60 MW against four times 500."""
    step = _system(reserve_rule="thermal_only", reserve_fraction=3.0).step(
        0, HOUR, ALL, _load(500.0, wind_mw=90.0, pv_mw=30.0))
    assert step.reserve_shortfall_mw == pytest.approx(2000.0 - 1722.0)


def test_what_is_left_is_dumped_at_its_price() -> None:
    step = _system(reserve_rule="thermal_only").step(0, 900, ALL, _load(400.0, wind_mw=10.0))
    assert step.dump_mw == pytest.approx(40.0)
    assert step.wind_curtailed_mw == pytest.approx(10.0)
    assert step.marginal_price_usd_per_mwh == -100.0
    assert step.imbalance_cost_usd == pytest.approx(40.0 * 100 / 4)


def test_shed_load_has_its_price() -> None:
    """Once: all of the reserve is missing too, but what is shed is no reserve that is missing beyond it."""
    for fraction, short_mw in ((0.0, 0.0), (0.1, 140.0)):
        system = _system(reserve_fraction=fraction, reserve_curve=ReserveCurve.flat(1000.0))
        step = system.step(0, 900, FIRST_FIVE, _load(1400.0))
        assert step.shed_mw == pytest.approx(1400 - 1332)
        assert step.reserve_shortfall_mw == pytest.approx(short_mw)
        assert step.marginal_price_usd_per_mwh == 3000.0
        assert step.imbalance_cost_usd == pytest.approx((68.0 * 3000 + short_mw * 1000) / 4)


@pytest.mark.parametrize(("rule", "shortfall"), [("thermal_only", 43.0), ("scheduled", 28.0), ("deliverable", 21.0)])
def test_reserve_ex_post_follows_the_rule_of_the_plan(rule: str, shortfall: float) -> None:
    """1.1 x 1250 + 20 = 1395 against 1332 thermal and 20 MW of renewables."""
    net = _load(1250.0, pev_charge_mw=20.0, pev_discharge_mw=15.0, wind_mw=15.0, pv_mw=5.0, reserve_credit_mw=7.0)
    step = _system(reserve_rule=rule).step(0, HOUR, FIRST_FIVE, net)
    assert step.reserve_shortfall_mw == pytest.approx(shortfall)


def test_discharge_is_reserve_as_far_as_drivers_deliver() -> None:
    """Half of 20 MW of discharge counts where half is delivered; what is promised beyond it counts by itself."""
    net = _load(1250.0, pev_discharge_mw=20.0, delivery_quantile=0.5, reserve_credit_mw=7.0)
    more = _system().step(0, HOUR, FIRST_FIVE, replace(net, delivery_quantile=1.0)).reserve_shortfall_mw
    assert _system().step(0, HOUR, FIRST_FIVE, net).reserve_shortfall_mw - more == pytest.approx(10.0)


# ------------------------------------------------------------------ starts and hours
def test_start_costs_are_hot_within_md_plus_csh_and_cold_after() -> None:
    """Unit 6: MD 3 h, CSH 2 h, 170 $ hot, 340 $ cold; it comes with 3 hours off."""
    on = FIRST_FIVE.copy()
    with_six = on.copy()
    with_six[5] = 1
    for waits_h, price in ((2, 170.0), (3, 340.0)):
        system = _system()
        for k in range(4 * waits_h):
            system.step(900 * k, 900, on, _load(1000.0))
        step = system.step(3600 * waits_h, 900, with_six, _load(1000.0))
        assert step.startup_cost_usd == price
        assert system.step(3600 * waits_h + 900, 900, with_six, _load(1000.0)).startup_cost_usd == 0.0


def test_hours_on_are_exact_at_quarter_hours() -> None:
    system = _system()
    off = np.zeros(10, dtype=np.int64)
    for k in range(6):
        system.step(900 * k, 900, ALL if k < 5 else off, _load(1000.0))
    assert system.on_s.tolist() == [-900] * 10
    assert system.hours_on.tolist() == [-1] * 10
    other = _system()
    for k in range(8):
        step = other.step(900 * k, 900, FIRST_FIVE, _load(1000.0))
    assert step.hours_on.tolist() == [10, 10, 2, 2, 2, -5, -5, -3, -3, -3]


def test_costs_of_four_quarters_are_the_cost_of_an_hour() -> None:
    whole = _system().step(0, HOUR, ALL, _load(1300.0))
    system = _system()
    parts = [system.step(900 * k, 900, ALL, _load(1300.0)) for k in range(4)]
    for name in ("fuel_cost_usd", "startup_cost_usd", "carbon_t", "imbalance_cost_usd"):
        assert sum(getattr(p, name) for p in parts) == pytest.approx(getattr(whole, name))


def test_a_fast_unit_starts_one_step_after_the_shortage() -> None:
    system = _system()
    first = system.step(0, 900, FIRST_FIVE, _load(1400.0))
    second = system.step(900, 900, FIRST_FIVE, _load(1400.0))
    assert (first.emergency_starts, first.shed_mw) == (0, pytest.approx(68.0))
    assert (second.emergency_starts, second.shed_mw) == (2, 0.0)
    assert second.committed.tolist() == [1, 1, 1, 1, 1, 0, 0, 1, 1, 0]
    assert second.startup_cost_usd == 120.0  # cold: off for 1 h 15 min, hot only up to MD + CSH = 1 h


def test_emergency_units_stay_their_minimum_time_and_leave_at_a_whole_hour() -> None:
    system = _system()
    running = []
    for k in range(12):
        load = 1400.0 if k < 2 else 1000.0
        running.append(int(system.step(900 * k, 900, FIRST_FIVE, _load(load)).committed[7:].sum()))
    assert running == [0, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(("later_mw", "left"), [(1400.0, 2), (1387.1, 2), (1386.9, 1), (1332.1, 1), (1331.9, 0)])
def test_emergency_units_stay_while_the_rest_would_not_be_enough(later_mw: float, left: int) -> None:
    """Ordered are 1332 MW, two emergency units add 55 MW each: one more goes with every 55 MW to spare."""
    system = _system()
    running = [int(system.step(900 * k, 900, FIRST_FIVE, _load(1400.0 if k < 2 else later_mw)).committed[7:].sum())
               for k in range(12)]
    assert running == [0, *[2] * 7, *[left] * 4]


def test_a_unit_that_just_stopped_is_not_restarted_within_its_hour() -> None:
    system = _system()
    fast_on = FIRST_FIVE + np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    system.step(0, HOUR, fast_on, _load(1400.0))
    steps = [system.step(HOUR + 900 * k, 900, FIRST_FIVE, _load(1400.0)) for k in range(5)]
    assert [s.emergency_starts for s in steps] == [0, 0, 0, 0, 2]


def test_no_units_at_all_sheds_everything() -> None:
    step = _system().step(0, HOUR, np.zeros(10, dtype=np.int64), _load(100.0, wind_mw=30.0))
    assert step.shed_mw == pytest.approx(70.0)
    assert step.p_mw.tolist() == [0.0] * 10


# ------------------------------------------------------------------ marginal carbon
def _marginal(units: str, on: np.ndarray, load_mw: float, **net: float) -> float:
    """From one step of the re-dispatch."""
    system = PowerSystem(ten_units(units), PowerSystemParameters(carbon_price_usd_per_t=7.0))
    return system.step(0, HOUR, on, _load(load_mw, **net)).marginal_carbon_t_per_mwh


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.sampled_from(["linear", "quadratic"]), st.integers(1, 10), st.floats(0.02, 0.98))
def test_marginal_carbon_is_the_derivative_of_emissions(units: str, count: int, share: float) -> None:
    """Central difference over 2 kW, wherever no unit meets a limit within it."""
    table, on = ten_units(units), np.zeros(10, dtype=np.int64)
    on[:count] = 1
    least, most = table.p_min_mw[:count].sum(), table.p_max_mw[:count].sum()
    load, h = float(least + share * (most - least)), 1e-3
    tons = [PowerSystem(table, PowerSystemParameters()).step(0, HOUR, on, _load(load + d)) for d in (-h, 0.0, h)]
    sides = [(b.carbon_t - a.carbon_t) / h for a, b in ((tons[0], tons[1]), (tons[1], tons[2]))]
    if abs(sides[1] - sides[0]) < 1e-4:
        assert tons[1].marginal_carbon_t_per_mwh == pytest.approx(np.mean(sides), abs=1e-4)


def test_marginal_carbon_of_linear_units_is_that_of_the_unit_that_follows() -> None:
    only_last = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    assert _marginal("linear", only_last, 30.0) == pytest.approx(0.65)
    assert _marginal("linear", FIRST_FIVE, 700.0) == pytest.approx(0.95)
    assert _marginal("quadratic", np.array([1, *[0] * 9]), 455.0) == pytest.approx(-0.24444 + 2 * 0.00312 * 455)


def test_two_units_follow_by_their_curvature() -> None:
    """Units 1 and 2 with fuel alone: one more MW is shared 1/c_1 : 1/c_2; their emissions at 0.5 and 0.9 t/MWh."""
    table = replace(ten_units(), emission_beta_t_per_mwh=np.array([0.5, 0.9, *[0.95] * 8]),
                    p_max_mw=np.array([4550.0, 4550, 130, 130, 162, 80, 85, 55, 55, 55]))
    system = PowerSystem(table, PowerSystemParameters(objective=Objective(carbon=0.0)))
    step = system.step(0, HOUR, np.array([1, 1, *[0] * 8]), _load(3000.0))
    whole, two = 1 / 0.00048, 1 / 0.00031
    assert step.marginal_carbon_t_per_mwh == pytest.approx((0.5 * whole + 0.9 * two) / (whole + two))


def test_at_a_corner_the_mean_of_both_sides_counts() -> None:
    """Merit order at constant prices: unit 1 (0.95 t) full, unit 10 (0.65 t) at its minimum."""
    table = replace(ten_units(), cost_c_usd_per_mw2h=np.zeros(10))
    system = PowerSystem(table, PowerSystemParameters())
    step = system.step(0, HOUR, np.array([1, *[0] * 8, 1]), _load(465.0))
    assert step.marginal_carbon_t_per_mwh == pytest.approx((0.95 + 0.65) / 2)


@pytest.mark.parametrize("net", [{"wind_mw": 400.0}, {}, {"load_mw": 5000.0}])
def test_no_marginal_carbon_where_units_do_not_follow(net: dict[str, float]) -> None:
    """Curtailed wind serves the next MWh; in the last two energy is dumped and load is shed."""
    load = net.pop("load_mw", 100.0)
    assert _marginal("linear", FIRST_FIVE, load, **net) == 0.0


# ------------------------------------------------------------------ kinked curves, reserve that must be reachable
def _kinked(count: int, seed: int) -> ThermalUnits:
    rng = np.random.default_rng(seed)
    ten = ten_units()
    at = ten.p_min_mw[:, None] + (ten.p_max_mw - ten.p_min_mw)[:, None] * np.sort(rng.uniform(0, 1, (10, count)))
    return replace(ten, kink_mw=at, kink_usd_per_mwh=rng.uniform(0, 5, (10, count)))


@pytest.mark.parametrize("seed", range(4))
def test_dispatch_of_kinked_curves_is_the_optimum(seed: int) -> None:
    """No pair of running units could exchange a little power and save; the price is what one more MWh costs."""
    units = _kinked(3, seed)
    system = PowerSystem(units, PowerSystemParameters(carbon_price_usd_per_t=0.0))
    on = np.ones(10, dtype=np.int64)
    load = float(np.random.default_rng(seed).uniform(700, 1500))
    first = system.step(0, 3600, on, NetLoad(load, 0, 0, 0, 0))
    assert first.p_mw.sum() == pytest.approx(load)
    by = 1e-4

    def usd(p_mw: Floats) -> float:
        return float(units.fuel_cost_usd_per_h(p_mw, on).sum())

    for i in np.flatnonzero(first.p_mw < units.p_max_mw - by):
        for j in np.flatnonzero(first.p_mw > units.p_min_mw + by):
            change = np.zeros(10)
            change[i] += by
            change[j] -= by
            assert usd(first.p_mw + change) >= usd(first.p_mw) - 1e-9
    more, less = (PowerSystem(units, system.parameters).step(0, 3600, on, NetLoad(load + d, 0, 0, 0, 0))
                  for d in (0.01, -0.01))
    slope = (more.fuel_cost_usd - less.fuel_cost_usd) / 0.02
    assert first.marginal_cost_usd_per_mwh == pytest.approx(slope, abs=0.02)


def test_reserve_after_the_fact_is_what_units_can_reach() -> None:
    """A unit of 455 MW with a ramp of 20 MW/h at 300 MW: of 30 MW asked for 10 are missing, but in the first hour."""
    units = replace(ten_units(), ramp_up_mw_per_h=np.full(10, 20.0))
    shortfalls = []
    for headroom in ("capacity", "reachable"):
        system = PowerSystem(units, PowerSystemParameters(reserve_rule="thermal_only", headroom=headroom))
        on = np.arange(10) == 0
        steps = [system.step(t * 900, 900, on.astype(np.int64), NetLoad(300, 0, 0, 0, 0)) for t in range(5)]
        shortfalls.append([step.reserve_shortfall_mw for step in steps])
    assert shortfalls[0] == [0.0] * 5
    assert shortfalls[1] == pytest.approx([0.0] * 4 + [10.0])
