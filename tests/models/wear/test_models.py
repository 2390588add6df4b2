"""The contract of all wear models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records.arrays import RecordError
from models.wear import wear_model, wear_model_names
from models.wear.contract import LifeUse
from models.wear.tested_range import TestedRange

NAMES = wear_model_names()
COUNTING = tuple(name for name in NAMES if name != "throughput")
REST_FOLLOWS_SOC = ("schmalstieg2014", "naumann", "xu2016")
"""Models in which storage above half full is the faster the fuller."""


def hourly(seed: int, vehicles: int, hours: int) -> np.ndarray:
    """SOC at whole hours, with rests of several hours."""
    random = np.random.default_rng(seed)
    soc = random.uniform(0.2, 0.9, (vehicles, hours + 1))
    rest = random.random((vehicles, hours + 1)) < 0.5
    for hour in range(1, hours + 1):
        soc[:, hour] = np.where(rest[:, hour], soc[:, hour - 1], soc[:, hour])
    return soc


def refined(soc: np.ndarray, parts: int) -> np.ndarray:
    hours = np.arange(soc.shape[1])
    fine = np.linspace(0, hours[-1], hours[-1] * parts + 1)
    return np.stack([np.interp(fine, hours, row) for row in soc])


def start(name: str, vehicles: int, years: float = 0.5):
    model, capacity = wear_model(name), np.linspace(50, 60, vehicles)
    return model, capacity, model.initial_state(capacity, np.full(vehicles, years), np.full(vehicles, 8.0))


@pytest.mark.parametrize("years", [0.0, 0.5, 8.0])
@pytest.mark.parametrize("name", NAMES)
def test_steps_of_a_minute_a_quarter_and_an_hour_agree(name: str, years: float) -> None:
    """Within 1 % of the increment, calendar and cycle apart, with a temperature that changes by the hour."""
    soc, celsius = hourly(3, 6, 48), 25 + 10 * np.sin(np.arange(49) / 24 * 2 * np.pi)
    model, capacity, first = start(name, 6, years)
    gains = []
    for parts in (1, 4, 60):
        kelvin = np.interp(np.linspace(0, 48, 48 * parts + 1), np.arange(49), celsius) + 273.15
        last = model.advance(first, capacity, refined(soc, parts), 3600 / parts, kelvin)
        gains.append((last.loss - first.loss, last.calendar_loss - first.calendar_loss,
                      last.cycle_loss - first.cycle_loss))
    for finer in gains[1:]:
        for got, coarse in zip(finer, gains[0], strict=True):
            assert got == pytest.approx(coarse, rel=0.01, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_add_up_to_the_whole(name: str) -> None:
    soc = hourly(5, 4, 72)
    model, capacity, first = start(name, 4)
    whole, state = model.advance(first, capacity, soc, 3600.0), first
    for begin, end in ((0, 11), (11, 48), (48, 72)):
        state = model.advance(state, capacity, soc[:, begin:end + 1], 3600.0)
    assert state.calendar_loss == pytest.approx(whole.calendar_loss, rel=1e-9)
    assert state.cycle_loss == pytest.approx(whole.cycle_loss, rel=1e-9)
    assert state.drawn_kwh == pytest.approx(whole.drawn_kwh)
    if whole.resistance_growth is not None:
        assert state.resistance_growth == pytest.approx(whole.resistance_growth, rel=1e-9)
        assert np.all(whole.resistance_growth > first.resistance_growth)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.sampled_from(NAMES), st.integers(0, 1000), st.floats(0.0, 8.0), st.integers(1, 8))
def test_wear_never_falls(name: str, seed: int, years: float, parts: int) -> None:
    """Step by step, new or old, through cycles that open and close."""
    soc = refined(hourly(seed, 3, 8), parts)
    model, capacity, state = start(name, 3, years)
    for step in range(soc.shape[1] - 1):
        after = model.advance(state, capacity, soc[:, step:step + 2], 3600.0 / parts)
        assert np.all(after.loss >= state.loss - 1e-15)
        state = after


@pytest.mark.parametrize("name", NAMES)
def test_relabelling_vehicles_changes_nothing(name: str) -> None:
    soc, order = hourly(9, 5, 30), np.array([3, 0, 4, 1, 2])
    model, capacity, first = start(name, 5)
    shuffled = model.initial_state(capacity[order], np.full(5, 0.5), np.full(5, 8.0))
    expected = model.advance(first, capacity, soc, 3600.0).loss[order]
    assert model.advance(shuffled, capacity[order], soc[order], 3600.0).loss == pytest.approx(expected, rel=1e-12)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.sampled_from(REST_FOLLOWS_SOC), st.floats(0.5, 0.98), st.floats(0.01, 0.4), st.floats(0.1, 10.0))
def test_resting_lower_never_ages_faster(name: str, low: float, more: float, years: float) -> None:
    model, capacity, first = start(name, 1, years)
    low_soc, high_soc = (np.full((1, 25), soc) for soc in (low, min(low + more, 1.0)))
    lower, higher = (model.advance(first, capacity, soc, 3600.0).loss for soc in (low_soc, high_soc))
    assert lower <= higher + 1e-15


@pytest.mark.parametrize("name", COUNTING)
def test_hotter_and_deeper_wear_more(name: str) -> None:
    model, capacity, first = start(name, 1)
    shallow, deep = np.array([[0.8, 0.7, 0.8]]), np.array([[0.8, 0.4, 0.8]])
    assert np.all(model.advance(first, capacity, deep, 7200.0).cycle_loss
                  > model.advance(first, capacity, shallow, 7200.0).cycle_loss)
    cool, hot = (model.advance(first, capacity, shallow, 7200.0, 273.15 + c).calendar_loss for c in (15, 35))
    assert np.all(hot > cool)


@pytest.mark.parametrize("name", COUNTING)
def test_state_at_an_age_is_that_of_as_many_days(name: str) -> None:
    """40 days of resting at .6 with one drive of 8 kWh at 8 kW a day, against the closed form.

    The drive is centred on the mean SOC, so the calendar part is that of .6 but for its curvature.
    """
    model, capacity = wear_model(name), np.array([56.0])
    depth, hours, use = 8 / 56, 1.0, LifeUse(power_kw=8.0)
    day_h = np.array([0, 6 - hours / 2, 6 + hours / 2, 18 - hours / 2, 18 + hours / 2, 24])
    level = np.array([0.6 + depth / 2] * 2 + [0.6 - depth / 2] * 2 + [0.6 + depth / 2] * 2)
    time_h = np.arange(0, 40 * 24 + 1e-9, 0.25)
    soc = np.interp(time_h % 24, day_h, level)[None]
    new = model.initial_state(capacity, np.zeros(1), np.zeros(1))
    driven = model.advance(new, capacity, soc, 900.0)
    closed = model.initial_state(capacity, np.array([40 / 365.25]), np.array([8.0]), use)
    assert driven.cycle_loss == pytest.approx(closed.cycle_loss, rel=0.03)
    assert driven.calendar_loss == pytest.approx(closed.calendar_loss, rel=0.03)
    assert closed.drawn_kwh == pytest.approx([320.0])


@pytest.mark.parametrize("name", NAMES)
def test_life_average_grows_with_the_battery_price_and_is_no_new_battery_price(name: str) -> None:
    model, capacity = wear_model(name), np.array([50.0, 60.0])
    price = model.life_average_usd_per_kwh(capacity)
    assert np.all((price > 0.005) & (price < 0.2))
    dear = model.life_average_usd_per_kwh(capacity, LifeUse(battery_usd_per_kwh=2 * LifeUse().battery_usd_per_kwh))
    assert dear == pytest.approx(2 * price)


@pytest.mark.parametrize("name", COUNTING)
def test_life_average_is_the_wear_of_that_life(name: str) -> None:
    """Booked by the same model over the whole life: a year's days with and without V2G, in closed form."""
    model, capacity, use = wear_model(name), np.array([60.0]), LifeUse(years_max=1.0)
    calendar, driving, both = model.per_day(capacity, np.array([8.0]), use)
    losses = [sum(model.losses(calendar[0] * 365.25, cycles * 365.25)) for cycles in (driving[0], both[0])]
    booked = (losses[1] - losses[0]) / 0.2 * use.battery_usd_per_kwh * 60
    assert model.life_average_usd_per_kwh(capacity, use) * 20 * 365.25 == pytest.approx(booked, rel=1e-6)


@pytest.mark.parametrize("name", COUNTING)
def test_outside_the_tested_range_is_flagged_and_the_impossible_refused(name: str) -> None:
    model = wear_model(name)
    soc = np.array([[0.8, 0.5, 0.8]])
    assert any(flag.startswith("celsius: 100%") for flag in model.tested.flags(soc, 3600.0, 273.15 - 10))
    tame = 0.5 * (model.tested.celsius[0] + model.tested.celsius[1]) + 273.15
    step_s = 3600.0 * 0.3 / model.tested.c_rate[1]
    assert model.tested.flags(soc, step_s, tame) == ()
    model_, capacity, first = start(name, 1)
    with pytest.raises(RecordError, match=r"must lie within 0\.\.1"):
        model_.advance(first, capacity, np.array([[0.5, 1.2]]), 900.0)
    with pytest.raises(RecordError, match="kelvin, not Celsius"):
        model_.advance(first, capacity, np.array([[0.5, 0.6]]), 900.0, 25.0)
    with pytest.raises(RecordError, match=r"must lie within 0\.\.1"):
        model_.advance(first, capacity, np.array([[0.5, np.nan]]), 900.0)


@pytest.mark.parametrize("soc", [np.full((2, 5), 0.5), np.array([[0.5, 0.504, 0.5, 0.496, 0.5]])],
                         ids=["rest", "ripple"])
def test_a_battery_that_does_not_cycle_breaks_no_limit_of_cycles(soc: np.ndarray) -> None:
    """At rest, or in cycles below 1 %, faster than was tested."""
    tested = TestedRange(soc=(0.4, 0.6), depth=(0.1, 0.2), c_rate=(1.0, 2.0), celsius=(20.0, 30.0))
    assert tested.outside(soc, 1.0, 298.15) == {"soc": 0.0, "celsius": 0.0, "depth": 0.0, "c_rate": 0.0}
    deep = tested.outside(np.array([[0.5, 0.55, 0.5, 0.2, 0.5]]), 3600.0, 298.15)
    assert deep["soc"] == 0.2 and deep["depth"] == 1.0 and deep["c_rate"] == 1.0


@pytest.mark.parametrize("name", COUNTING)
def test_the_state_of_another_model_is_not_gone_on_with(name: str) -> None:
    _, capacity, theirs = start("throughput", 2)
    with pytest.raises(ValueError, match=r"^this state belongs to another wear model: it has no sums$"):
        wear_model(name).advance(theirs, capacity, np.array([[0.5, 0.6]] * 2), 900.0)


@pytest.mark.parametrize("field", ["v2g_kwh_per_day", "kelvin", "power_kw", "end_of_life_loss", "years_max"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_a_life_that_cannot_be_is_told_by_field_and_value(field: str, value: float) -> None:
    with pytest.raises(RecordError, match=rf"^life use: {field}={value:g} must be above 0$"):
        LifeUse(**{field: value})


def test_slow_v2g_is_outside_what_schmalstieg_tested() -> None:
    """7 kW on 60 kWh is 0.12 C, tested was 1 C."""
    soc = 0.8 - 7 / 60 * np.array([[0, 1, 2, 1, 0]])
    flags = wear_model("schmalstieg2014").tested.flags(soc, 3600.0, 308.15)
    assert flags == ("c_rate: 100% outside the tested 1",)


def test_every_model_names_its_cell_year_and_source() -> None:
    for name in NAMES:
        model = wear_model(name)
        assert model.name == name
        assert model.cell
        assert model.source
        assert model.tested_range
        assert 2010 < model.year < 2030
    with pytest.raises(RecordError, match="allowed: blast_nmc622, naumann"):
        wear_model("wang2014")
