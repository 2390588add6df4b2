"""Prices as the audit reckons them: published tariffs, tariffs by the load told, tables of the user's own."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.prices import known_usd_per_kwh, paid_usd_per_kwh
from audit.rules.world import tariff
from audit.run import Run
from audit.tables import period_prices
from tests.audit.made import run, said

HOURS = np.arange(48)
PROFILES = "time,load_mw,wind_mw\n" + "".join(f"{hour},{1000 + 7 * (5 * hour % 24)},0\n" for hour in range(24))
"""No load of an hour is that of another; in the order of 5 h mod 24."""
CSV = {"source": "csv", "file": "mine.csv", "resolution_s": 3600, "forecast_error": "off", "start_date": None}


def own(*rows: str, header: str = "charge_per_kwh,discharge_per_kwh", foresight: str = "published",
        controller: str = "temporal", **more: Any) -> Run:
    """Two hours of a run with prices of its own, of which the result holds the text."""
    told = {"table": "mine.csv", "currency_per_usd": 2.0, "resolution_s": 3600, "foresight": foresight}
    return run(steps=2, inputs={"prices": "\n".join([header, *rows]) + "\n"}, attributes={"controller": controller},
               tariff=told, profiles={"start_date": None, **more})


def rows(count: int = 48, columns: int = 2) -> list[str]:
    """Prices that rise by 2 an hour; columns 100 apart."""
    return [",".join(str(2 * hour + 100 * column) for column in range(columns)) for hour in range(count)]


def test_without_a_tariff_nobody_pays() -> None:
    free = run(steps=3, tariff={"table": "none", "cny_per_usd": 7.0})
    for prices in (paid_usd_per_kwh(free), known_usd_per_kwh(free, 5, 3)):
        assert prices is not None and [price.tolist() for price in prices] == [[0.0] * 3] * 2


# ---------------------------------------------------------------- by the load that is told
def by_load(error: str = "off") -> Run:
    return run(steps=48, inputs={"profiles": PROFILES}, profiles={**CSV, "forecast_error": error},
               tariff={"table": "forecast", "levels": "chengdu2023", "cny_per_usd": 7.0})


def test_the_eight_hours_of_lowest_load_are_valley_and_the_eight_highest_peak() -> None:
    levels, rank = period_prices("chengdu2023"), 5 * HOURS % 24
    right = np.array([levels[("valley", "flat", "peak")[at // 8]] for at in rank]) / 7.0
    paid = paid_usd_per_kwh(by_load())
    assert paid is not None and np.allclose(paid, right.T, rtol=1e-12)
    known = known_usd_per_kwh(by_load(), 20, 8)
    assert known is not None and np.allclose(known, right[20:28].T, rtol=1e-12), "from one day into the next"


def test_by_a_load_that_is_drawn_by_chance_no_price_is_known() -> None:
    assert paid_usd_per_kwh(by_load("large")) is None and known_usd_per_kwh(by_load("large"), 0, 4) is None


# ---------------------------------------------------------------- tables of the user's own
def test_prices_of_ones_own_are_in_ones_own_currency_and_repeat() -> None:
    """2 of the currency are a dollar: the hour 30 of a table of a day is its sixth."""
    table = own(*rows(24))
    assert [price.tolist() for price in paid_usd_per_kwh(table) or ()] == [[0.0, 1.0], [50.0, 51.0]]
    known = known_usd_per_kwh(table, 30, 2)
    assert known is not None and np.allclose(known, [[6.0, 7.0], [56.0, 57.0]])


def test_one_column_pays_both_ways_and_per_mwh_is_a_thousandth() -> None:
    paid = paid_usd_per_kwh(own("500", "700", *["0"] * 22, header="charge_per_mwh"))
    assert paid is not None and np.allclose(paid, [[0.25, 0.35]] * 2)


@pytest.mark.parametrize(("foresight", "controller", "charge", "discharge"), [
    ("published", "temporal", [25.0, 26.0, 27.0], [75.0, 76.0, 77.0]),
    ("forecast", "temporal", [25.0, 126.0, 127.0], [75.0, 176.0, 177.0]),
    ("day_before", "temporal", [25.0, 2.0, 3.0], [75.0, 52.0, 53.0]),
    ("day_before", "oracle", [25.0, 26.0, 27.0], [75.0, 76.0, 77.0])])
def test_hours_to_come_are_known_as_foresight_says(foresight: str, controller: str, charge: list[float],
                                                   discharge: list[float]) -> None:
    """At hour 25; the present hour is known to all, and an oracle is told the truth."""
    header = "charge_per_kwh,discharge_per_kwh,charge_forecast_per_kwh,discharge_forecast_per_kwh"
    known = known_usd_per_kwh(own(*rows(48, 4), header=header, foresight=foresight, controller=controller), 25, 3)
    assert known is not None and np.allclose(known, [charge, discharge])


def test_without_a_forecast_of_discharging_its_forecast_is_that_of_charging() -> None:
    table = own(*rows(48, 2), header="charge_per_kwh,charge_forecast_per_kwh", foresight="forecast")
    known = known_usd_per_kwh(table, 0, 2)
    assert known is not None and np.allclose(known, [[0.0, 51.0]] * 2)


def test_dated_prices_stand_where_their_times_say() -> None:
    """The table begins at 22:00 before the first counted midnight."""
    times = [f"2024-03-04T{22 + hour:02d}:00" if hour < 2 else f"2024-03-05T{hour - 2:02d}:00" for hour in range(24)]
    table = own(*(f"{time},{row}" for time, row in zip(times, rows(24), strict=True)),
                header="time,charge_per_kwh,discharge_per_kwh", start_date=dt.date(2024, 3, 5))
    paid = paid_usd_per_kwh(table)
    assert paid is not None and np.allclose(paid, [[2.0, 3.0], [52.0, 53.0]])


def test_prices_of_which_nothing_is_at_hand_are_not_judged() -> None:
    for unknown in (replace(own(*rows(24)), inputs={}), own(*rows(24), header="paid_per_kwh,discharge_per_kwh")):
        assert paid_usd_per_kwh(unknown) is None and known_usd_per_kwh(unknown, 0, 2) is None
        assert said(tariff, unknown) == []


# ---------------------------------------------------------------- the rule
def test_a_price_that_is_not_that_of_the_table_is_a_contradiction() -> None:
    honest = replace(own(*rows(24)), arrays={"price_charge_usd_per_kwh": np.array([0.0, 1.0]),
                                             "price_discharge_usd_per_kwh": np.array([50.0, 51.0])})
    assert said(tariff, honest) == []
    for name in honest.arrays:
        altered = replace(honest, arrays={**honest.arrays, name: np.add(honest(name), [0.0, 0.01])})
        assert said(tariff, altered) == [f"{name}, 1: 0.01 USD/kWh"]
