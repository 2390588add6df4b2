"""Limits published for customers: of the day that is planned, kept by their cars, summed for the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers.disaggregation import plugged_power_kw
from controllers.port import CustomerTerms, FeederView, PlanError, SpatialKnowledge
from controllers.spatial.pro_rata import plugged_cars
from controllers.spatial.three_phase.envelopes import EnvelopePublisher
from controllers.spatial.three_phase.layer import ThreePhase
from controllers.spatial.three_phase.publishing import WithinLimits, district_limits_mw, published
from models.records.arrays import Floats
from models.records.groups import THREE_CLASSES
from tests.controllers.spatial import street_case as case

STREET = case.street(7, v_min_pu=0.97, v_max_pu=1.02)
HOUSE_KW = 0.8


def day_ahead(time_s: int, hours: int) -> tuple[Floats, Floats]:
    """Houses alike, more in the evening."""
    hour = time_s // 3600 + np.arange(hours)
    p = np.pad(np.tile(HOUSE_KW + 0.7 * (hour % 24 >= 18), (STREET.bus.size, 1)), ((1, 0), (0, 0)))
    return np.asarray(p, dtype=np.float64), 0.2 * p


def terms() -> CustomerTerms:
    most = np.r_[0.0, np.full(STREET.bus.size, 7.4)]
    return CustomerTerms(STREET.network(), STREET.flow, day_ahead, most, most, "equal")


TERMS = terms()


def evening() -> tuple[SpatialKnowledge, FeederView]:
    """A car at each connection, all asked to charge at full power at 0:00 of the plan."""
    rng = np.random.default_rng(3)
    vehicles = case.cars(rng, STREET.bus.size, kw=(7.4,))
    known = replace(case.knowledge(STREET, vehicles), customers=TERMS)
    view = case.at_connections(known, case.hour(known, rng, house_kw=HOUSE_KW), np.arange(1, STREET.bus.size + 1))
    return known, case.full_charge(known, view)


def drawn_kw(known: SpatialKnowledge, view: FeederView, setpoint_kw: Floats) -> Floats:
    return np.bincount(view.declared.bus_index, setpoint_kw, known.site.bus_count)


def test_limits_are_of_the_day_that_begins_and_hours_differ() -> None:
    day = published(TERMS, 0)
    assert day.import_kw.shape == (STREET.bus.size + 1, 24) and not day.refused
    assert np.isnan(day.import_kw[0]).all() and np.isfinite(day.import_kw[1:]).all()
    assert day.import_kw[1:, 18].max() < day.import_kw[1:, 12].max(), "houses draw more then"
    assert published(TERMS, 0) is day
    assert list(day.hours_of(22 * 3600, 4)) == [22, 23, -1, -1]


def test_days_before_the_counted_ones_have_limits_too() -> None:
    """Houses are the same each day, so that their limits are."""
    assert published(TERMS, -86_400).import_kw == pytest.approx(published(TERMS, 0).import_kw, nan_ok=True)


def test_the_plan_is_told_their_sum() -> None:
    day, limits = published(TERMS, 0), district_limits_mw(TERMS, 0, 30)
    for kw, mw in zip((day.import_kw, day.export_kw), limits, strict=True):
        assert mw[:24] == pytest.approx(kw[1:].sum(axis=0) / 1e3)
        assert list(mw[24:]) == list(mw[:6])


def test_cars_keep_what_was_published_and_would_not_otherwise() -> None:
    known, view = evening()
    free, kept = ThreePhase(known).step(view), WithinLimits(known).step(view)
    most = published(TERMS, 0).import_kw[1:, 0]
    assert (drawn_kw(known, view, free.setpoint_kw)[1:] > most + 0.1).any()
    told = drawn_kw(known, view, kept.setpoint_kw)[1:]
    assert (told <= most + 1e-6).all() and told.sum() > 0.9 * most.sum()
    assert kept.import_limit_kw[1:] == pytest.approx(most + HOUSE_KW)
    assert kept.export_limit_kw[1:] == pytest.approx(published(TERMS, 0).export_kw[1:, 0] - HOUSE_KW)


def test_after_the_published_day_nothing_is_in_force() -> None:
    """A plan of yesterday that is still carried out: its day is over, so that cars act as without limits."""
    known, view = evening()
    view = replace(view, plan_time_s=-86_400)
    known = replace(known, horizon_h=30)
    rows = THREE_CLASSES.count * 31
    view = replace(view, pc_target_kw=np.full((rows, 30), 5.0), pd_target_kw=np.zeros((rows, 30)),
                   marginal_price_usd_per_mwh=np.full(30, 50.0), price_charge_usd_per_kwh=np.full(30, 0.05),
                   price_discharge_usd_per_kwh=np.full(30, 0.05))
    answer = WithinLimits(known).step(view)
    assert not answer.import_limit_kw.size and not answer.export_limit_kw.size
    assert np.array_equal(answer.setpoint_kw, ThreePhase(known).step(view).setpoint_kw)


def test_who_has_no_terms_publishes_nothing() -> None:
    known, _ = evening()
    with pytest.raises(PlanError, match=r"^district street: no terms by which limits of customers could be published$"):
        WithinLimits(replace(known, customers=None))


def test_what_a_house_draws_beyond_its_forecast_its_cars_have_less() -> None:
    known, view = evening()
    load = view.bus_load_kw.copy()
    load[2] += 1.0
    told = drawn_kw(known, view, WithinLimits(known).step(replace(view, bus_load_kw=load)).setpoint_kw)
    most = published(TERMS, 0).import_kw[:, 0]
    assert told[2] <= most[2] - 1.0 + 1e-6
    load[2] += 100.0
    beyond = WithinLimits(known).step(replace(view, bus_load_kw=load))
    assert drawn_kw(known, view, beyond.setpoint_kw)[2] == pytest.approx(0.0, abs=1e-9), "it need not give back"


def test_nobody_feeds_back_more_because_others_are_expected_to_draw() -> None:
    day, hours = published(TERMS, 0), np.zeros(1, dtype=np.int64)
    house, outside = np.full((STREET.bus.size + 1, 1), HOUSE_KW), np.full((STREET.bus.size + 1, 1), 1.5)
    least, most = day.room_kw(house, outside, hours)
    assert least[1:, 0] == pytest.approx(-day.export_kw[1:, 0])
    assert most[1:, 0] == pytest.approx(np.maximum(day.import_kw[1:, 0] - 1.5, 0.0))


def test_the_decision_itself_knows_them() -> None:
    """Not only what is shared is cut: what is planned at each connection keeps its limit in every period of the day."""
    known, view = evening()
    layer = WithinLimits(known)
    layer.step(view)
    assert layer._held is not None
    cars = layer._held.p_plan_bus_kw - view.bus_load_kw.T
    least, most = layer._decision_room(view)
    assert (cars[:, 1:] <= most.T[:, 1:] + 1e-3).all() and (cars[:, 1:] >= least.T[:, 1:] - 1e-3).all()


def test_a_car_that_leaves_soon_is_told_no_more_while_it_is_there() -> None:
    known, view = evening()
    departure = view.declared.declared_departure_s.copy()
    departure[0] = known.step_s // 3
    view = replace(view, declared=replace(view.declared, declared_departure_s=departure))
    layer = WithinLimits(known)
    cars = plugged_cars(known, view)
    mean_kw = layer._clipped(view, 0, cars, np.full(cars.index.size, 7.4))
    mean_all = np.zeros(known.vehicles.count)
    mean_all[cars.index] = mean_kw
    told = plugged_power_kw(mean_all, view.declared, 0, known.step_s)
    assert (drawn_kw(known, view, told)[1:] <= published(TERMS, 0).import_kw[1:, 0] + 1e-6).all()


def test_an_hour_without_an_accepted_answer_grants_nothing_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise PlanError("AC refutes it")

    monkeypatch.setattr(EnvelopePublisher, "publish", refuses)
    known, view = evening()
    known = replace(known, customers=terms())
    answer = WithinLimits(known).step(view)
    assert "hour 0: nothing is granted, AC refutes it" in answer.certificate.binding
    assert np.abs(answer.setpoint_kw).max() == pytest.approx(0.0, abs=1e-9)
    assert answer.import_limit_kw[1:] == pytest.approx(HOUSE_KW)
