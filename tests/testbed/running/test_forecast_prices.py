"""Prices made from the forecast: drivers, bills, controllers and the result file all see the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import Result, open_result
from testbed.setup.prices import build_tariff
from testbed.setup.profiles import build_profiles
from testbed.simulators import adapter
from tests.testbed import small_run

DAYS = 2
SET = ("tariff.table=forecast", "tariff.levels=chengdu2023", f"days={DAYS}", "profiles.wind_capacity_mw=600")
Trace = list[tuple[str, int, Any]]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, Result, Any]:
    """What every simulator received, the result, and the scenario."""
    seen: Trace = []
    original = adapter.Adapter._advance

    def kept(self: Any, now_s: int, inputs: Any) -> None:
        flat = {eid: self._flat(eid, values) for eid, values in inputs.items()}
        seen.extend((self.simulator, now_s, received["prices"]) for received in flat.values()
                    if "prices" in received)
        original(self, now_s, inputs)

    folder = tmp_path_factory.mktemp("prices")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter.Adapter, "_advance", kept)
        path = small_run.run(folder, *SET)
    return seen, open_result(path), small_run.scenario(*SET, cache_dir=folder / "cache")


@pytest.mark.slow
def test_all_who_see_prices_see_the_same(traced: tuple[Trace, Result, Any]) -> None:
    seen, _, scenario = traced
    tariff = build_tariff(scenario, 1)
    assert {name for name, _, _ in seen} >= {"temporal", "spatial", "fleet"}
    for _, now_s, prices in seen:
        hours = prices.charge_usd_per_kwh.size
        np.testing.assert_array_equal(prices.charge_usd_per_kwh, tariff.charge_usd_per_kwh(now_s, hours))
        np.testing.assert_array_equal(prices.discharge_usd_per_kwh, tariff.discharge_usd_per_kwh(now_s, hours))


@pytest.mark.slow
def test_the_result_records_them_and_they_follow_the_net_load(traced: tuple[Trace, Result, Any]) -> None:
    _, result, scenario = traced
    price, known = result.system("price_charge_usd_per_kwh"), build_profiles(scenario).hourly(0, 24 * DAYS)
    net = known.load_mw - known.wind_mw - known.pv_mw
    for day in range(DAYS):
        hours = slice(24 * day, 24 * (day + 1))
        order = np.argsort(net[hours], kind="stable")
        assert price[hours][order] * 7 == pytest.approx([0.2602] * 8 + [0.5464] * 8 + [0.7536] * 8)


@pytest.mark.slow
def test_bills_are_paid_at_the_recorded_prices(traced: tuple[Trace, Result, Any]) -> None:
    _, result, _ = traced
    charge, discharge = (result.system(f"price_{way}_usd_per_kwh") for way in ("charge", "discharge"))
    expected = 0.0
    for name in result.districts:
        bill = result.district(name, "tariff_usd").sum(axis=1)
        energy = [result.district(name, f"{way}_kw").sum(axis=1) for way in ("charge", "discharge")]
        expected += float(bill.sum())
        np.testing.assert_allclose(bill, energy[0] * charge - energy[1] * discharge, atol=1e-9)
    assert expected > 0
    assert compute_metrics(result)["tariff_payments_usd"] == pytest.approx(expected)


def test_a_fixed_table_is_left_as_it_was(tmp_path: Path) -> None:
    fixed = build_tariff(small_run.scenario(cache_dir=tmp_path), 1).charge_usd_per_kwh(0, 24) * 7
    assert fixed.tolist() == pytest.approx([0.2833] * 7 + [0.6725] * 3 + [1.0853] * 5 + [0.6725] * 3
                                           + [1.0853] * 3 + [0.6725] * 2 + [0.2833])


def test_forecast_errors_move_prices_and_each_seed_has_its_own(tmp_path: Path) -> None:
    wrong = small_run.scenario(*SET, "profiles.forecast_error=large", cache_dir=tmp_path)
    right = small_run.scenario(*SET, cache_dir=tmp_path)
    first, second, true = (build_tariff(scenario, seed).charge_usd_per_kwh(-86_400, 72)
                           for scenario, seed in ((wrong, 1), (wrong, 2), (right, 1)))
    assert np.any(first != true) and np.any(first != second)
    assert sorted(first[:24]) == pytest.approx(sorted(true[:24]))
    np.testing.assert_array_equal(first, build_tariff(wrong, 1).charge_usd_per_kwh(-86_400, 72))
