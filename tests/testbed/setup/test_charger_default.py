"""Which chargers the scenarios have, and how near the plan's constant pair is to what cars then do."""

import pytest

from testbed.results.reading import open_result
from testbed.scenario.loading import load_scenario, scenario_names
from testbed.scenario.parts.fleet import Fleet
from tests.testbed import small_run

TAXI = 1

OF_PAPER = ("paper_day", "claims_day")
EFFICIENCY = ("eta_charge", "eta_discharge", "fast_eta_charge", "fast_eta_discharge", "slow_charger_curve",
              "fast_charger_curve")


@pytest.mark.parametrize("name", scenario_names())
def test_only_the_papers_days_have_the_papers_efficiency(name):
    fleet = load_scenario(name).fleet
    chargers = tuple(getattr(fleet, key) for key in EFFICIENCY)
    assert chargers == ((0.95, 0.95, 0.95, 0.95, "constant", "constant") if name in OF_PAPER
                     else tuple(getattr(Fleet(), key) for key in EFFICIENCY))


@pytest.mark.slow
def test_dispatched_powers_are_served_nearly_at_the_plans_pair(tmp_path):
    """Slow chargers are mostly asked for much or nothing: over all energy they lose little more than at rated power."""
    pins = ("planning.redispatch=none", "fleet.eta_charge=0.933", "fleet.eta_discharge=0.933",
            "fleet.fast_eta_charge=0.95", "fleet.slow_charger_curve=ac_onboard", "fleet.fast_charger_curve=constant",
            "record.vehicles=true")
    run = open_result(small_run.run(tmp_path, *pins, controller="bilayer"))
    total = {}
    for district in run.districts:
        is_slow = run.vehicle(district, "class_index") != TAXI
        for name in ("charged_kwh", "stored_kwh", "discharged_kwh", "drawn_kwh"):
            for kind, cars in (("slow", is_slow), ("fast", ~is_slow)):
                total[kind, name] = total.get((kind, name), 0.0) + float(run.vehicle(district, name)[cars].sum())
    into = total["slow", "stored_kwh"] / total["slow", "charged_kwh"]
    out = total["slow", "discharged_kwh"] / total["slow", "drawn_kwh"]
    assert 0.91 < into <= 0.933 + 1e-9 and 0.91 < out <= 0.933 + 1e-9
    assert total["fast", "stored_kwh"] == pytest.approx(0.95 * total["fast", "charged_kwh"])
