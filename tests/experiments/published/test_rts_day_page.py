"""The modern system's page: who pays by ledger and thousand cars."""

from __future__ import annotations

import pytest

from experiments.published.system import rts_day as published
from experiments.publishing.tables import Row


def metrics(scenario: str, **usd: float) -> list[Row]:
    same = {"plan_gap_max_rel": 1e-3, "objective_usd": 3e6, "wear_cost_usd": 0.0, "departures_short_kwh": 150.0,
            "discharged_mwh": 0.0, "owners_cost_usd_adjusted": 0.0, "operator_cost_usd_adjusted": 0.0}
    return [{"scenario": scenario, "controller": name, "metric": figure, "value": repr(value)}
            for name, cost in usd.items() for figure, value in {**same, "society_cost_usd_adjusted": cost}.items()]


def test_ledgers_are_by_thousand_cars_beside_what_the_plans_can_tell() -> None:
    assert published.cars("rts_day") == 150_000
    first, second = published.differences(metrics("rts_day", uncoordinated=100.0, smart_charging=100.0, bilayer=400.0))
    per = 1000 / published.cars("rts_day")
    assert (first["controller"], second["controller"]) == ("smart_charging", "bilayer")
    assert float(second["society"]) == pytest.approx(300.0 * per) and float(second["missing, kWh"]) == 0.0
    assert float(second["resolution"]) == pytest.approx(2 * 1e-3 * 3e6 * per)


def test_what_cars_give_back_is_taken_off_what_they_charge() -> None:
    assert published.net({"charge_mw": [3.0, 1.0], "discharge_mw": [0.0, 2.5]}) == [3.0, -1.5]
