"""Ex-ante figures of the carried-out hours, and carbon per MWh, against sums done by hand and against a real run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.system.power_system import NetLoad, PowerSystem
from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import Result, open_result
from testbed.scenario.record import Scenario
from testbed.setup.knowledge import power_system_parameters, thermal_units
from tests.testbed import small_run


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two days of a commitment around free cars, each planned for 30 h, of which 24 bind."""
    folder = tmp_path_factory.mktemp("planned")
    return open_result(small_run.run(folder, "days=2", "planning.mip_gap=0.01", controller="temporal"))


def _units(result: Result) -> Any:
    return thermal_units(Scenario.model_validate(result.scenario))


@pytest.mark.slow
def test_planned_fuel_and_starts_are_those_of_the_plans_themselves(planned: Result) -> None:
    """The planned powers, carried out by the power system of the testbed, cost what the figure says."""
    scenario = Scenario.model_validate(planned.scenario)
    core, usd, tons = PowerSystem(_units(planned), power_system_parameters(scenario)), 0.0, 0.0
    for index in (0, 1):
        plan = planned.plan(index)
        for hour in range(24):
            net = NetLoad(float(plan["p_mw"][:, hour].sum()), 0.0, 0.0, 0.0, 0.0)
            step = core.step(86_400 * index + 3600 * hour, 3600, plan["committed"][:, hour], net)
            usd += step.fuel_cost_usd + step.startup_cost_usd
            tons += step.carbon_t
    figures = compute_metrics(planned)
    assert figures["planned_operating_cost_usd"] == pytest.approx(usd, rel=1e-4)
    assert figures["planned_carbon_t"] == pytest.approx(tons, rel=1e-4)
    assert figures["planned_carbon_cost_usd"] == pytest.approx(7 * figures["planned_carbon_t"])


@pytest.mark.slow
def test_planned_hours_beyond_the_binding_ones_do_not_count(planned: Result) -> None:
    figures = compute_metrics(planned)
    whole = sum(planned.plan(i)["operating_cost_usd"] for i in (0, 1))
    assert figures["planned_operating_cost_usd"] < 0.9 * whole
    assert figures["planned_operating_cost_usd"] == pytest.approx(figures["operating_cost_usd"], rel=0.02)


@pytest.mark.slow
def test_planned_payments_and_wear_are_powers_times_prices(planned: Result) -> None:
    price, pays = (planned.system(f"price_{way}_usd_per_kwh") for way in ("charge", "discharge"))
    usd = given = 0.0
    for index in (0, 1):
        plan, hours = planned.plan(index), slice(24 * index, 24 * (index + 1))
        for pc, pd in zip(plan["pc_kw"], plan["pd_kw"], strict=True):
            usd += float((pc[:, :24] * price[hours]).sum() - (pd[:, :24] * pays[hours]).sum())
            given += float(pd[:, :24].sum())
    figures, eta = compute_metrics(planned), planned.scenario["fleet"]["eta_discharge"]
    assert figures["planned_tariff_payments_usd"] == pytest.approx(usd)
    assert figures["planned_wear_cost_usd"] == pytest.approx(given / eta * 0.0536)
    assert figures["planned_owners_net_cost_usd"] == pytest.approx(usd + given / eta * 0.0536)
    assert given > 0


@pytest.mark.slow
def test_planned_curtailment_is_that_of_the_binding_hours(planned: Result) -> None:
    mwh = sum((plan["wind_curtailed_mw"] + plan["pv_curtailed_mw"])[:24].sum()
              for plan in (planned.plan(0), planned.plan(1)))
    assert compute_metrics(planned)["planned_curtailment_penalty_usd"] == pytest.approx(75 * mwh, abs=1e-6)


@pytest.mark.slow
def test_an_unfinished_run_counts_the_hours_that_were_run(tmp_path: Path, planned: Result) -> None:
    """The same file cut at 30 h: day one and six hours of day two."""
    import shutil  # noqa: PLC0415 - here alone

    import h5py  # noqa: PLC0415 - here alone

    path = tmp_path / "cut.h5"
    shutil.copy(planned.path, path)
    with h5py.File(path, "r+") as file:
        file.attrs["steps_written"] = 30
    cut, whole = (compute_metrics(open_result(p))["planned_carbon_t"] for p in (path, planned.path))
    units, second = _units(planned), planned.plan(1)
    rest = units.emissions_t_per_h(second["p_mw"][:, 6:24].T, second["committed"][:, 6:24].T > 0).sum()
    assert cut == pytest.approx(whole - rest)


@pytest.mark.slow
def test_average_and_marginal_carbon_of_a_real_run(planned: Result) -> None:
    """Linear units: every margin lies between 0.65 and 0.95 t/MWh, and the average below the dirtiest unit's."""
    figures = compute_metrics(planned)
    per_step = planned.system("marginal_carbon_t_per_mwh")
    assert np.all((per_step >= 0.65 - 1e-9) & (per_step <= 0.95 + 1e-9))
    generated = planned.system("p_mw").sum() + sum(planned.system(f"{s}_available_mw").sum() for s in ("wind", "pv"))
    assert figures["carbon_average_t_per_mwh"] == pytest.approx(figures["carbon_t"] / generated, rel=1e-3)
    assert figures["carbon_average_t_per_mwh"] < 0.95
    assert figures["carbon_marginal_mean_t_per_mwh"] == pytest.approx(per_step.mean())
    charge = sum(planned.district(d, "charge_kw").sum(axis=1) for d in planned.districts)
    assert figures["carbon_marginal_charging_t_per_mwh"] == pytest.approx(np.average(per_step, weights=charge))


def test_figures_by_hand(write_result: Any) -> None:
    """Four half hours; 10 + 11 + 12 + 9 t; 300 MWh thermal and 60 - 3 MWh of wind and sun."""
    groups = np.zeros((4, 18))
    groups[:, 3] = [100, 0, 0, 300]
    path = write_result(
        system={"carbon_t": [10, 11, 12, 9], "p_mw": [[100, 50, 0]] * 4, "marginal_carbon_t_per_mwh": [1, 2, 3, 0.6],
                "wind_available_mw": 20, "wind_curtailed_mw": [0, 4, 0, 0], "pv_available_mw": 10,
                "pv_curtailed_mw": [0, 0, 2, 0]},
        feeder={"charge_kw": groups})
    figures = compute_metrics(open_result(path))
    assert figures["carbon_average_t_per_mwh"] == pytest.approx(42 / (300 + 60 - 3))
    assert figures["carbon_marginal_charging_t_per_mwh"] == pytest.approx((1 * 100 + 0.6 * 300) / 400)
    assert figures["carbon_marginal_mean_t_per_mwh"] == pytest.approx(6.6 / 4)
    assert np.isnan(figures["carbon_marginal_discharging_t_per_mwh"])
    assert np.isnan(figures["planned_operating_cost_usd"])
    assert figures["tariff_in_objective"] == 1
