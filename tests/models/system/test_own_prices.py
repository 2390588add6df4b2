"""Prices of one's own: any sign, per kWh or MWh, in any currency, and as far as they are known beforehand."""

import datetime as dt

import numpy as np
import pytest

from models.system.own_prices import PriceError, read_prices
from models.system.tariff import price_file

HOUR = 3600


def file_of(folder, rows, header="charge_per_kwh,discharge_per_kwh"):
    path = folder / "prices.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def rising(folder, days=2):
    """Two days whose hours cost 0, 1, ... cents; discharging pays a cent less."""
    return file_of(folder, [f"{i / 100},{i / 100 - 0.01}" for i in range(24 * days)])


def test_prices_have_any_sign_and_repeat(tmp_path):
    prices = read_prices(rising(tmp_path))
    assert prices.charge_usd_per_kwh(5 * HOUR, 2) == pytest.approx([0.05, 0.06])
    assert prices.discharge_usd_per_kwh(0) == pytest.approx([-0.01])
    assert prices.charge_usd_per_kwh(-HOUR) == pytest.approx([0.47])
    assert prices.paid_usd_per_kwh(5 * HOUR + 900, 900) == pytest.approx((0.05, 0.04))


def test_one_column_pays_both_ways_per_mwh_in_another_currency(tmp_path):
    prices = read_prices(file_of(tmp_path, ["-46"] * 24, "charge_per_mwh"), currency_per_usd=0.92)
    assert prices.charge_usd_per_kwh(0) == prices.discharge_usd_per_kwh(0) == pytest.approx([-0.05])


def test_bills_take_the_step_s_price_and_plans_the_hour_s_mean(tmp_path):
    prices = read_prices(file_of(tmp_path, ["1,1", "2,2", "3,3", "6,6"] * 24), 900)
    assert prices.paid_usd_per_kwh(7 * HOUR + 1800, 900) == (3.0, 3.0)
    assert prices.known_usd_per_kwh(7 * HOUR, 2)[0] == pytest.approx([3.0, 3.0])


def test_published_prices_are_known(tmp_path):
    charge, _ = read_prices(rising(tmp_path)).known_usd_per_kwh(20 * HOUR, 30)
    assert charge[:28] == pytest.approx(np.arange(20, 48) / 100) and charge[28] == pytest.approx(0.0)


def test_forecasts_are_known_of_hours_to_come_alone(tmp_path):
    header = "charge_per_kwh,discharge_per_kwh,charge_forecast_per_kwh,discharge_forecast_per_kwh"
    prices = read_prices(file_of(tmp_path, ["1,2,3,4"] * 24, header), foresight="forecast")
    charge, discharge = prices.known_usd_per_kwh(HOUR, 3)
    assert charge.tolist() == [1, 3, 3] and discharge.tolist() == [2, 4, 4]
    assert prices.paid_usd_per_kwh(2 * HOUR, HOUR) == (1, 2)


@pytest.mark.parametrize("per", ["per_kwh", "per_mwh"])
def test_a_price_paid_for_discharging_needs_a_forecast_of_its_own(tmp_path, per):
    """Or plans would expect the price of charging where another one is paid."""
    table = file_of(tmp_path, ["1,2,3"] * 24, f"charge_per_kwh,discharge_{per},charge_forecast_per_kwh")
    with pytest.raises(PriceError, match=r"prices\.csv: lacks a forecast of its own column for discharging"):
        read_prices(table, foresight="forecast")
    assert read_prices(table, foresight="published").paid_usd_per_kwh(0, HOUR)[0] == 1.0


def test_what_nobody_knows_is_expected_as_it_was_a_day_before(tmp_path):
    """At 00:00 of the second day hours to come are those of the first, and the day after that too."""
    prices = read_prices(rising(tmp_path, 4), foresight="day_before")
    charge, _ = prices.known_usd_per_kwh(24 * HOUR, 48)
    assert charge[0] == pytest.approx(0.24), "the present hour is known"
    assert charge[1:24] == pytest.approx(np.arange(1, 24) / 100)
    assert charge[24] == pytest.approx(0.24)
    assert charge[25:] == pytest.approx(np.arange(1, 24) / 100)


def test_dated_prices_have_their_days_and_end(tmp_path):
    first = dt.datetime(2019, 5, 4)
    rows = [f"{first + dt.timedelta(hours=i)},{i},{i}" for i in range(72)]
    prices = read_prices(file_of(tmp_path, rows, "time,charge_per_kwh,discharge_per_kwh"),
                         start_date=dt.date(2019, 5, 5))
    assert prices.charge_usd_per_kwh(0, 2).tolist() == [24, 25]
    with pytest.raises(PriceError, match="covers only -86400 s to 172800 s"):
        prices.charge_usd_per_kwh(0, 60)


def test_prices_without_times_are_those_of_every_day(tmp_path):
    prices = read_prices(rising(tmp_path), start_date=dt.date(2019, 5, 5))
    assert prices.repeats


@pytest.mark.parametrize(("rows", "header", "message"), [
    (["1,1"] * 23, "charge_per_kwh,discharge_per_kwh", "23 rows of 3600 s are no whole days"),
    (["1,1"] * 23 + [",1"], "charge_per_kwh,discharge_per_kwh", r"row 24 \(line 25\): column charge_per_kwh is empty"),
    (["1,1"] * 23 + ["x,1e9"], "charge_per_kwh,discharge_per_kwh", "2 mistakes"),
    (["1,1"] * 24, "price,discharge_per_kwh", "charge_per_kwh or charge_per_mwh; its header reads 'price'"),
    (["1,1"] * 24, "charge_per_kwh,charge_per_mwh", "of which one is meant"),
])
def test_a_file_that_cannot_serve_says_why(tmp_path, rows, header, message):
    with pytest.raises(PriceError, match=message):
        read_prices(file_of(tmp_path, rows, header))


def test_forecasts_that_are_asked_for_must_be_there(tmp_path):
    with pytest.raises(PriceError, match=r"lacks a column charge_forecast_per_kwh .* needed with foresight: forecast"):
        read_prices(rising(tmp_path), foresight="forecast")


def test_the_table_that_comes_along_has_hours_below_zero():
    prices = read_prices(price_file("spot_with_negative_hours"), currency_per_usd=0.92)
    assert (prices.charge_usd_per_kwh(0, 24) < 0).sum() == 5


@pytest.mark.parametrize(("header", "price", "per_usd", "usd_per_kwh"), [
    ("charge_per_mwh", 200_000, 150.0, 200 / 150), ("charge_per_kwh", 1444, 16_000.0, 1444 / 16_000)])
def test_a_currency_of_small_worth_has_large_prices(tmp_path, header, price, per_usd, usd_per_kwh):
    prices = read_prices(file_of(tmp_path, [str(price)] * 24, header), currency_per_usd=per_usd)
    assert prices.charge_usd_per_kwh(0) == pytest.approx([usd_per_kwh]) and prices.notes == ()


def test_prices_per_mwh_in_a_column_per_kwh_are_noted_and_beyond_all_exchanges_refused(tmp_path):
    note, = read_prices(file_of(tmp_path, ["92"] * 24, "charge_per_kwh")).notes
    assert "prices of charge are 92 USD/kWh in the median" in note and "charge_per_mwh" in note
    with pytest.raises(PriceError, match="'101' is out of range, allowed: -100 to 100"):
        read_prices(file_of(tmp_path, ["101"] * 24, "charge_per_kwh"))


@pytest.mark.parametrize(("header", "price", "told"), [
    ("charge_per_mwh", "0.2", "prices of charge are 0.2 USD/MWh in the median"), ("charge_per_mwh", "-20", ""),
    ("charge_per_kwh", "0", "")])
def test_prices_per_kwh_in_a_column_per_mwh_are_noted(tmp_path, header, price, told):
    notes = read_prices(file_of(tmp_path, [price, *["0"] * 23], header)).notes
    assert any(told in note for note in notes) if told else notes == ()


@pytest.mark.parametrize(("forecast", "is_odd"), [("0.11", True), ("110", False), ("-110", False), ("0", False)])
def test_forecasts_of_another_unit_than_what_is_paid_are_noted(tmp_path, forecast, is_odd):
    file = file_of(tmp_path, [f"0.1,{forecast}"] * 24, "charge_per_kwh,charge_forecast_per_mwh")
    notes = read_prices(file, foresight="forecast").notes
    assert ["forecast prices of charge are 0.00011 USD/kWh" in note for note in notes[:1]] == [True] * is_odd


def test_forecasts_that_nobody_is_told_are_noted(tmp_path):
    file = file_of(tmp_path, ["0.1,0.2"] * 24, "charge_per_kwh,charge_forecast_per_kwh")
    assert read_prices(file).notes == ("columns not used with foresight: known: charge_forecast_per_kwh",)
    assert read_prices(file, foresight="forecast").notes == ()
