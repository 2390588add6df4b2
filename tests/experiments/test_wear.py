"""The study of wear: its day, its tables, and what the dispatch's price means."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from experiments import wear
from experiments import wear_study as car
from models.wear import wear_model_names


@pytest.mark.parametrize("kind", ["uncoordinated", "smart", "v2g"])
def test_day_closes_and_drives_8_kwh(kind) -> None:
    soc = car.day_trace(kind, 0.3, 0.8, 2)
    assert soc.size == 2 * 96 + 1
    assert soc[0] == soc[96] == soc[-1]
    drawn = -np.minimum(np.diff(soc), 0).sum() / 2 * car.CAPACITY_KWH
    assert drawn == pytest.approx(car.DRIVEN_KWH + (0.3 * car.CAPACITY_KWH if kind == "v2g" else 0))
    assert soc.max() == pytest.approx(0.8)


@pytest.mark.slow
def test_price_and_booked_wear_over_a_whole_life() -> None:
    """Traces of three years against the closed form of as many equal days: within a fifth, Naumann within a tenth.

    Xu books half: V2G rests the battery lower, and its calendar term pays for that.
    """
    lives = {name: car.life_booked_cny(name, 3.0) for name in wear.COUNTING_MODELS}
    ratio = {name: booked / price for name, (price, booked) in lives.items()}
    assert ratio["naumann"] == pytest.approx(1.0, abs=0.1)
    assert ratio["blast_nmc622"] == pytest.approx(1.0, abs=0.1)
    assert ratio["schmalstieg2014"] == pytest.approx(1.0, abs=0.2)
    assert ratio["xu2016"] == pytest.approx(0.5, abs=0.1)


def test_old_batteries_lose_less_per_kwh() -> None:
    for name in wear.COUNTING_MODELS:
        costs = [one.against_smart_cny for one in car.outcomes([car.Case(name, age, 0.3, 0.8) for age in car.AGES])]
        assert costs == sorted(costs, reverse=True)


def test_net_of_a_year_by_hand() -> None:
    """Throughput: 18 kWh a day, .6 CNY spread: 6574.5 x (.8833 x .95 - .2833 / .95 - .375) = 1,091 CNY."""
    one, = car.outcomes([car.Case("throughput", 2.0, 0.3, 0.8)])
    assert one.against_smart_cny == pytest.approx(0.375)
    assert one.net_cny_per_year(0.6) == pytest.approx(1091, abs=1)
    assert car.best_use([one], 0.6, 900.0) == (one, one.net_cny_per_year(0.6))
    assert car.best_use([one], 0.2, 900.0) is None


def test_prices_and_study_write_their_tables(tmp_path, capsys) -> None:
    assert wear.main(["prices", "-o", str(tmp_path)]) == 0
    rows = list(csv.DictReader((tmp_path / "prices_life_average.csv").read_text().splitlines()))
    assert {row["model"] for row in rows} == set(wear_model_names())
    assert "break-even" in capsys.readouterr().out
    table, = (t for t in wear.study(None) if t[0] == "best_use")  # type: ignore[arg-type]
    assert len(table[2]) == len(wear_model_names()) * (len(car.AGES) - 1) * len(car.BATTERY_CNY)


@pytest.mark.slow
def test_runs_of_the_study(tmp_path) -> None:
    quick = ("--scenario", "smoke", "--set", "step_s=3600", "--set", "objective.wear_usd_per_mwh=5", "-o",
             str(tmp_path))
    assert wear.main(["owners", "--seeds", "1", *quick]) == 0
    rows = list(csv.DictReader((tmp_path / "owners_compensation.csv").read_text().splitlines()))
    assert all(row["after"] == "0" for row in rows if row["share"] == "100%" and row["rate [$]"] != "inf")
    assert (tmp_path / "owners" / "owners.csv").is_file()
