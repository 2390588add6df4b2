"""The study of wear: its day, its tables, and what the dispatch's price means."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from experiments.runs import save_figure
from experiments.wear import figures, owners
from experiments.wear import one_car as car
from experiments.wear import study as wear
from models.wear import wear_model_names
from testbed.owners.compensation import Compensation, Offer


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
        costs = [use.against_smart_cny for use in car.outcomes([car.Case(name, age, 0.3, 0.8) for age in car.AGES])]
        assert costs == sorted(costs, reverse=True)


def test_net_of_a_year_by_hand() -> None:
    """Throughput: 18 kWh a day, .6 CNY spread: 6574.5 x (.8833 x .95 - .2833 / .95 - .375) = 1,091 CNY."""
    use, = car.outcomes([car.Case("throughput", 2.0, 0.3, 0.8)])
    assert use.against_smart_cny == pytest.approx(0.375)
    assert use.net_cny_per_year(0.6) == pytest.approx(1091, abs=1)
    assert car.best_use([use], 0.6, 900.0) == (use, use.net_cny_per_year(0.6))
    assert car.best_use([use], 0.2, 900.0) is None


@pytest.mark.slow
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
    assert all(row["after"] == "0" for row in rows if row["share"] == "100.0%" and row["rate [$]"] != "inf")
    assert rows[-1]["scheme"] == "combined + shortfall" and rows[-1]["after"] == "0"
    assert (tmp_path / "owners" / "owners.csv").is_file()
    seeds = list(csv.DictReader((tmp_path / "owners_seeds.csv").read_text().splitlines()))
    assert {row["seed"] for row in seeds} == {"2"}


@pytest.mark.slow
def test_v2g_fades_as_wear_grows(tmp_path, monkeypatch) -> None:
    """No coefficient, no restraint; at 75 $/MWh without tariff nothing is given back."""
    monkeypatch.setattr(wear, "FADING_COEFFICIENTS", (0.0, 75.0))
    monkeypatch.setattr(wear, "FADING", {"without tariff": wear.FADING["without tariff"]})
    assert wear.main(["fading", "--scenario", "smoke", "--set", "step_s=3600", "-o", str(tmp_path)]) == 0
    rows = list(csv.DictReader((tmp_path / "fading_hours.csv").read_text().splitlines()))
    free, dear = (float(row["discharged_mwh"]) for row in rows)
    assert free > 0 == dear


# ---------------------------------------------------------------- offers and figures
def one_offer(promised: float, elsewhere: list[float]) -> owners.Tried:
    paid = Compensation("availability_fee", promised, 0.5, 10.0, 20, 3, 0, Offer({"availability_fee": 0.5}, True))
    return owners.Tried(paid, promised, True, np.array(elsewhere))


def test_a_promise_is_kept_or_broken_seed_by_seed() -> None:
    offered = one_offer(0.95, [0.0, 0.05, 0.06])
    assert offered.kept == 2 and offered.label == "availability_fee + shortfall"
    row, = owners.offer_rows([offered], {0: 7.0})
    assert row[-4:] == ("3.67%", "+- 7.99%", "6.00%", "2 of 3")
    assert owners.offer_rows([one_offer(0.95, [])], {0: 7.0})[0][-1] == "-"
    assert [r[2] for r in owners.seed_rows([offered], [5, 6, 7])] == ["5", "6", "7"]


def test_break_even_map_is_linear_in_the_price_of_the_battery() -> None:
    rows = figures.break_even_map(figures.wear_by_age("throughput"))
    by_hand = [car.break_even_cny(0.375 * price / 900) for price in figures.MAP_BATTERIES_CNY]
    assert rows == pytest.approx(np.tile(by_hand, (len(figures.MAP_AGES), 1)))
    naumann = figures.break_even_map(figures.wear_by_age("naumann"))
    assert np.all(np.diff(naumann, axis=0) < 0) and np.all(np.diff(naumann, axis=1) > 0)


@pytest.mark.slow
def test_figures_are_written(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    save_figure(figures.break_even_picture({"throughput": figures.wear_by_age("throughput")}), tmp_path / "map")
    shown = owners.shown_offers([one_offer(0.95, [0.0, 0.05]), one_offer(0.99, [])])
    assert [(point.mean_percent, point.worst_percent) for point in shown] == [(2.5, 5.0)]
    assert shown[0].promised_percent == pytest.approx(5.0)
    save_figure(figures.offers_picture(shown), tmp_path / "offers")
    curve = figures.Fading("a setting", np.array([0.0, 50.0]), np.array([[9, 8], [0, 1]]), np.array([[5, 4], [0, 0]]))
    prices = {"one": 14.0, "near": 14.5, "beyond": 99.0}
    save_figure(figures.fading_picture([curve], prices), tmp_path / "fading")
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}{suffix}" for name in ("map", "offers", "fading") for suffix in (".png", ".svg")}
