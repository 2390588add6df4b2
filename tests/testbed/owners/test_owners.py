"""Owner statements, compensation and the wear accounts: they add up, and nobody is forgotten."""

from __future__ import annotations

import csv
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.metrics.of_runs import compute_metrics
from testbed.owners.compensation import (
    SCHEMES,
    Offer,
    break_even_usd_per_kwh,
    budget,
    combined,
    compensation,
    make_whole_usd,
    participants,
    smallest_rate,
    worse_off_share,
)
from testbed.owners.statements import (
    Statements,
    change_usd,
    distribution,
    main,
    owner_statements,
    stored_value_usd_per_kwh,
    write_csv,
    zone_sums,
)
from testbed.reporting.report import write_report
from testbed.results.layout import ResultError
from testbed.results.reading import open_result
from tests.testbed import small_run

V2G = "temporal"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same day with V2G and left to itself; cheap wear so that cars do give back."""
    folder = tmp_path_factory.mktemp("owners")
    cheap = ("objective.wear_usd_per_mwh=5", "record.vehicles=true", "planning.redispatch=none",
             "fleet.eta_charge=0.95", "fleet.eta_discharge=0.95", "fleet.slow_charger_curve=constant")
    return {name: open_result(small_run.run(folder, *cheap, controller=name, name=f"{name}.h5"))
            for name in (V2G, "uncoordinated")}


@pytest.fixture(scope="module")
def statements(runs):
    return {name: owner_statements(result) for name, result in runs.items()}


# ---------------------------------------------------------------- statements
@pytest.mark.parametrize("name", [V2G, "uncoordinated"])
def test_statements_add_up_to_the_system_to_the_cent(runs, statements, name) -> None:
    own, figures = statements[name], compute_metrics(runs[name])
    assert own.tariff_usd.sum() == pytest.approx(figures["tariff_payments_usd"], abs=0.005)
    assert own.wear_usd.sum() == pytest.approx(figures["wear_cost_usd"], abs=0.005)
    assert own.fast_charged_usd.sum() == pytest.approx(figures["fast_charge_cost_usd"], abs=0.005)
    assert (own.tariff_usd + own.wear_usd + own.fast_charged_usd).sum() == pytest.approx(
        figures["owners_net_cost_usd"], abs=0.005)
    assert own.bought_kwh.sum() / 1000 == pytest.approx(figures["charged_mwh"])
    assert own.sold_kwh.sum() / 1000 == pytest.approx(figures["discharged_mwh"])
    assert own.stored_change_kwh.sum() / 1000 == pytest.approx(figures["stored_energy_change_mwh"])


def test_the_run_uses_the_batteries(statements) -> None:
    """Else the sums above would be sums of nothing."""
    own = statements[V2G]
    assert own.sold_kwh.sum() > 10
    assert own.wear_usd[own.sold_kwh > 0].min() > 0
    assert own.wear_usd[own.sold_kwh == 0].max() == 0
    assert np.all(own.sold_kwh[~own.is_bidirectional] == 0)
    assert np.all((own.plugged_h > 0) & (own.plugged_h <= 24))


def test_net_cost_by_hand(statements) -> None:
    own = statements[V2G]
    car = int(np.argmax(own.sold_kwh))
    parts = own.tariff_usd[car] + own.fast_charged_usd[car] + own.wear_usd[car] + own.short_kwh[car] * 1.0
    assert own.net_usd[car] == pytest.approx(parts - own.stored_usd[car])
    assert own.wear_usd[car] == pytest.approx(own.drawn_kwh[car] * 0.005)
    assert own.charger_usd[car] == pytest.approx(120 / 365.25)


def test_stored_energy_is_worth_what_filling_costs_where_the_tariff_is_lowest(runs) -> None:
    result = runs[V2G]
    charged = sum(result.district(d, "charge_kw").sum(axis=1) for d in result.districts)
    lowest = result.system("price_charge_usd_per_kwh")[charged > 0].min()
    assert stored_value_usd_per_kwh(result) == pytest.approx(lowest / 0.95)


def test_shortfall_price_changes_only_the_shortfall(runs) -> None:
    cheap, dear = (owner_statements(runs[V2G], price) for price in (1.0, 3.0))
    assert dear.net_usd - cheap.net_usd == pytest.approx(2 * cheap.short_kwh)


@pytest.mark.slow
def test_chargers_and_shortfalls_have_the_scenarios_prices(tmp_path) -> None:
    """Fast V2G chargers cost more; the prices change no figure of the system."""
    dear = ("fleet.slow_v2g_charger_usd_per_year=365.25", "fleet.fast_v2g_charger_usd_per_year=730.5",
            "fleet.taxi_bidirectional_share=1", "fleet.shortfall_usd_per_kwh=2.5", "drivers.modes.leaves_early=5")
    own = owner_statements(open_result(small_run.run(tmp_path, *dear)))
    assert own.charger_usd == pytest.approx(np.where(own.class_index == 1, 2.0, 1.0))
    assert own.shortfall_usd == pytest.approx(2.5 * own.short_kwh)


def test_change_is_against_the_same_car(statements) -> None:
    own, base = statements[V2G], statements["uncoordinated"]
    assert change_usd(base, base) == pytest.approx(np.zeros(base.count))
    assert change_usd(own, base).sum() == pytest.approx(own.net_usd.sum() - base.net_usd.sum())
    with pytest.raises(ResultError, match="do not have the same cars"):
        change_usd(own, replace(base, capacity_kwh=base.capacity_kwh + 1))


def test_distribution_and_zones_cover_all(runs, statements) -> None:
    own = statements[V2G]
    rows = distribution(own, own.net_usd)
    assert sum(row.cars for row in rows[:-1]) == rows[-1].cars == own.count == 20
    assert rows[-1].mean == pytest.approx(own.net_usd.mean())
    assert sum(row[3] for row in zone_sums(runs[V2G])) == pytest.approx(own.tariff_usd.sum())
    assert sum(row[4] for row in zone_sums(runs[V2G])) == pytest.approx(own.wear_usd.sum())


def test_csv_and_command(tmp_path, runs, statements, capsys) -> None:
    write_csv(tmp_path / "owners.csv", statements[V2G], statements["uncoordinated"])
    rows = list(csv.DictReader((tmp_path / "owners.csv").read_text().splitlines()))
    assert len(rows) == 20
    assert sum(float(row["tariff_usd"]) for row in rows) == pytest.approx(statements[V2G].tariff_usd.sum(), abs=0.005)
    assert {row["class"] for row in rows} == {"private", "taxi", "government"}
    paths = str(runs[V2G].path), "--baseline", str(runs["uncoordinated"].path), "-o", str(tmp_path / "again.csv")
    assert main(paths) == 0
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "owners.csv").read_text()
    assert "worse off" in capsys.readouterr().out


def test_report_speaks_to_drivers(tmp_path, runs) -> None:
    write_report([runs["uncoordinated"].path, runs[V2G].path], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "What owners pay and earn" in page
    assert f"An ordinary car under {V2G}: it bought" in page


# ---------------------------------------------------------------- compensation
@pytest.mark.parametrize("scheme", SCHEMES)
def test_with_the_computed_payment_nobody_is_worse_off(statements, scheme) -> None:
    own, base = statements[V2G], statements["uncoordinated"]
    paid = compensation(scheme, own, base)
    assert paid.participants == participants(own).sum()
    if paid.is_possible:
        assert paid.worse_off_after == 0
        assert worse_off_share(paid.offer, own, base) == 0
        if paid.rate_usd > 0:
            assert worse_off_share(Offer({scheme: paid.rate_usd * (1 - 1e-6)}), own, base) > 0
    else:
        assert paid.worse_off_after == paid.worse_off_before > 0
        assert paid.paid_usd == 0


def test_availability_fee_is_the_largest_harm(statements) -> None:
    own, base = statements[V2G], statements["uncoordinated"]
    worst = change_usd(own, base)[participants(own)].max()
    paid = compensation("availability_fee", own, base)
    assert paid.rate_usd == pytest.approx(max(worst, 0.0))
    assert paid.paid_usd == pytest.approx(paid.rate_usd * paid.participants)


def test_shortfall_is_paid_first_and_the_rate_is_for_the_rest(statements) -> None:
    """Worse departures are made good to the cent, so the rate does not move, and nobody is worse off at it."""
    own, base = statements[V2G], statements["uncoordinated"]
    late = np.where(participants(own) & (np.arange(own.count) % 2 == 0), 40.0, 0.0)
    worse = replace(own, short_kwh=own.short_kwh + late, shortfall_usd=own.shortfall_usd + late)
    plain, made_good = (compensation("availability_fee", s, base, 1.0, True) for s in (own, worse))
    assert made_good.rate_usd == pytest.approx(plain.rate_usd)
    assert made_good.paid_usd == pytest.approx(plain.paid_usd + late.sum())
    assert made_good.worse_off_after == 0 < made_good.worse_off_before
    assert made_good.paid_usd < compensation("availability_fee", worse, base).paid_usd


def test_combined_offer_is_the_cheapest_that_leaves_nobody_worse_off(statements) -> None:
    own, base = statements[V2G], statements["uncoordinated"]
    hurt = replace(own, tariff_usd=own.tariff_usd + 0.05 * own.bought_kwh + 0.2 * own.sold_kwh + 0.1)
    paid = combined(hurt, base)
    assert paid.is_possible and paid.worse_off_before > 0 == paid.worse_off_after
    assert worse_off_share(paid.offer, hurt, base) == 0
    single = compensation("availability_fee", hurt, base, 1.0, True)
    assert make_whole_usd(hurt, base) <= paid.paid_usd <= single.paid_usd * (1 + 1e-9)
    assert all(rate >= 0 for rate in paid.offer.rates_usd.values())
    less = Offer({name: rate * (1 - 1e-6) for name, rate in paid.offer.rates_usd.items()}, True)
    assert worse_off_share(less, hurt, base) > 0


def test_combined_offer_of_two_owners_by_hand(statements) -> None:
    """One lost 1 $ and gave 10 kWh, one lost 3 $ and gave 30: 0.1 $ a kWh serves both at no surplus."""
    own = statements[V2G]
    cars = np.flatnonzero(participants(own))[:2]
    kept = {"district": ("d", "d"), "groups": own.groups}
    two = Statements(**{f.name: kept[f.name] if f.name in kept else np.array(getattr(own, f.name))[cars]
                        for f in fields(own)})
    base = replace(two, sold_kwh=np.zeros(2), wear_usd=np.zeros(2), shortfall_usd=np.zeros(2))
    hurt = replace(base, sold_kwh=np.array([10.0, 30.0]), tariff_usd=base.tariff_usd + np.array([1.0, 3.0]))
    paid = combined(hurt, base)
    assert paid.paid_usd == pytest.approx(4) == make_whole_usd(hurt, base)
    assert paid.offer.rates_usd["per_kwh_discharged"] == pytest.approx(0.1)
    assert combined(base, base).paid_usd == 0


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 3)), min_size=1, max_size=12), st.floats(0, 1))
def test_rate_is_the_smallest(rows, share) -> None:
    harm, base = np.array(rows).T
    base = np.where(base < 1e-3, 0.0, base)
    rate = smallest_rate(harm, base, share)

    def content(at: float) -> float:
        return float(np.mean(harm - at * base <= 1e-9 * (1 + at * base)))

    if np.isfinite(rate):
        assert content(rate) >= share - 1e-9
        assert rate == 0 or content(rate * (1 - 1e-6) - 1e-8) < share
    else:
        assert content(1e12) < share


def test_budget_and_owners_share_one_cake(runs, statements) -> None:
    """The payer's gain and the owners' add up to that of the total cost; fast charging and shortfall apart."""
    figures = {name: compute_metrics(result) for name, result in runs.items()}
    payer = budget(runs[V2G], runs["uncoordinated"])
    saved = figures["uncoordinated"]["total_cost_usd_adjusted"] - figures[V2G]["total_cost_usd_adjusted"]
    wear = statements[V2G].wear_usd.sum() - statements["uncoordinated"].wear_usd.sum()
    assert payer.saved_usd == pytest.approx(saved + wear)
    tariff = statements[V2G].tariff_usd.sum() - statements["uncoordinated"].tariff_usd.sum()
    assert payer.tariff_usd == pytest.approx(tariff)
    own, base = statements[V2G], statements["uncoordinated"]
    elsewhere = sum((getattr(own, key) - getattr(base, key)).sum() for key in ("fast_charged_usd", "shortfall_usd"))
    assert payer.before_payment_usd - change_usd(own, base).sum() == pytest.approx(saved - elsewhere)
    for paid in (compensation(scheme, own, base, share=0.5) for scheme in SCHEMES):
        assert payer.after(paid.paid_usd) == pytest.approx(payer.before_payment_usd - paid.paid_usd)
        assert paid.worse_off_after <= 0.5 * paid.participants or not paid.is_possible


def test_break_even_by_hand() -> None:
    """Buying at .2833 CNY, wear .375 CNY per kWh, 95 % each way: (.2982 + .375) / .95 = .7087 CNY per kWh."""
    assert break_even_usd_per_kwh(np.array([0.375]), 0.2833, 0.95, 0.95) == pytest.approx([0.7087], abs=1e-4)
