"""Tables that the audit needs: read as they are, and named where one cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.cars import per_group, wear_price_usd_per_kwh
from audit.classes import classes_of
from audit.finding import AuditError
from audit.network import tree_of
from audit.registry import rule
from audit.tables import OWN_DATA, charger_efficiencies, columns, numbers, period_prices
from audit.thermal import own_losses_kwh
from tests.audit.made import district, run


def test_columns_and_numbers_of_a_table(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("bus, kw\n1,2.5\n\n2,3\n", encoding="utf-8")
    assert columns(file) == {"bus": ["1", "2"], "kw": ["2.5", "3"]}
    assert numbers(file, "kw", "bus").tolist() == [[2.5, 3.0], [1.0, 2.0]]
    with pytest.raises(AuditError, match=r"x\.csv: has no column kvar, name$"):
        numbers(file, "bus", "kvar", "name")
    file.write_text("bus,kw\n1,much\n", encoding="utf-8")
    with pytest.raises(AuditError, match=r"x\.csv: could not convert string to float: 'much'$"):
        numbers(file, "kw")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_table_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    if content:
        (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(AuditError, match=r"^.*x\.csv: a table that the audit needs cannot be read \("):
        columns(tmp_path / "x.csv")


def test_every_published_tariff_has_a_period_for_each_hour() -> None:
    prices, hours = columns(OWN_DATA / "tariff_prices.csv"), columns(OWN_DATA / "tariff_hours.csv")
    assert set(prices) - {"period"} == set(hours) - {"hour"}
    assert hours["hour"] == [str(hour) for hour in range(24)]
    assert {period for name in hours if name != "hour" for period in hours[name]} <= set(prices["period"])


def test_curves_and_tariffs_that_there_are_not_are_named() -> None:
    own = {"loads": [0.5, 1.0], "charging": [0.8, 0.9], "discharging": [0.7, 0.8]}
    assert charger_efficiencies(own).tolist() == [[0.8, 0.9], [0.7, 0.8]]
    assert charger_efficiencies("ac_onboard").shape[0] == 2
    with pytest.raises(AuditError, match=r"^charger curve 'moon': not in .*charger_curves\.csv$"):
        charger_efficiencies("moon")
    with pytest.raises(AuditError, match=r"^tariff 'moon': not in .*tariff_prices\.csv$"):
        period_prices("moon")


def test_a_tier_of_transformer_losses_that_there_is_not_is_named() -> None:
    with pytest.raises(AuditError, match=r"^transformer_losses='gold': not in .*transformer_losses\.csv$"):
        own_losses_kwh(run(steps=1), district({}, transformer_losses="gold"))


@pytest.mark.parametrize(("numbers_", "parent"), [
    ([1, 2, 2], [-1, 1, 1]), ([1, 2, 3], [2, 1, 1]), ([1, 2, 3], [-1, 3, 1]), ([1, 2, 3], [-1, 9, 1])],
    ids=["twice", "no slack", "child before parent", "no such bus"])
def test_buses_that_are_no_tree_are_refused(numbers_: list[int], parent: list[int]) -> None:
    with pytest.raises(AuditError, match=r"^districts/street/bus_parent is no tree with parents before their"):
        tree_of(district({"bus_parent": parent}, axes={"bus": numbers_}))


@pytest.mark.parametrize("index", [-1, 1])
def test_a_car_of_a_class_that_there_is_not_is_refused(index: int) -> None:
    cars = {"vehicle_class_index": [0, index], "vehicle_is_bidirectional": [1, 0]}
    with pytest.raises(AuditError, match=r"^districts/street: classes of vehicles that there are not$"):
        per_group(district(cars), np.ones(2))
    assert per_group(district(cars | {"vehicle_class_index": [0, 0]}), np.array([3.0, 5.0])).tolist() == [5.0, 3.0]


@pytest.mark.parametrize(("model", "price"), [("throughput", 0.05), ("naumann", None)])
def test_wear_has_one_price_by_throughput_alone(model: str, price: float | None) -> None:
    assert wear_price_usd_per_kwh(run(wear={"model": model}, objective={"wear_usd_per_mwh": 50.0})) == price


FLEET: dict[str, Any] = {
    "slow_charger_kw": 7.0, "fast_charger_kw": [30, 60], "eta_charge": 0.9, "eta_discharge": 0.8,
    "fast_eta_charge": 0.95, "fast_eta_discharge": 0.95, "slow_charger_curve": "constant",
    "fast_charger_curve": "constant",
    "slow_taper_start_soc": 1.0, "fast_taper_start_soc": 0.8}
BUS = {"charger": "depot", "capacity_kwh": 300, "charger_kw": None, "bidirectional_share": 1.0, "enrolled_share": None,
       "strategy": "free"}
DEPOT = {"power_kw": 150, "eta_charge": 0.94, "eta_discharge": 0.93, "curve": "constant", "taper_start_soc": 0.8,
         "zones": ["yard"], "own_transformer": True}


def test_classes_and_chargers_of_the_scenarios_own_are_as_it_says() -> None:
    small = BUS | {"charger": "slow", "charger_kw": [5, 6], "enrolled_share": 0.3}
    own = {"zones": ["home", "yard"], "charger_kinds": {"depot": DEPOT}, "classes": {"bus": BUS, "van": small}}
    classes = classes_of({"fleet": FLEET | own, "drivers": {"enrolled_share": 0.7}})
    bus, van = classes.classes
    assert (bus.capacity_kwh, bus.charger_kw, bus.enrolled_share) == ((300.0, 300.0), (150.0, 150.0), 0.7)
    assert (van.charger_kw, van.enrolled_share) == ((5.0, 6.0), 0.3)
    assert classes.kind_of_class.tolist() == [2, 0] and classes.zones == ("home", "yard")
    assert classes.kinds[2].zones == ("yard",) and not classes.kinds[2].is_behind
    assert (bus.count({"cars": {"bus": 3}}), van.count({"cars": {"bus": 3}})) == (3, 0)
    assert bus.is_free({}) and classes.of_kind(np.array([2, 0]), "eta_charge").tolist() == [0.94, 0.9]


def test_a_rule_is_there_once() -> None:
    def energy_balance(_: Any) -> Any:
        """A second one of that name."""
        yield from ()

    import audit.rules.districts  # noqa: F401, PLC0415 - registers the first
    with pytest.raises(ValueError, match=r"^rule energy_balance is there twice$"):
        rule("5.2")(energy_balance)
