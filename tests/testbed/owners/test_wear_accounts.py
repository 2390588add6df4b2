"""Wear of recorded traces, and of V2G alone."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from models.wear import wear_model, wear_model_names
from models.wear.cells.throughput import Throughput
from testbed.metrics.of_runs import compute_metrics
from testbed.owners.wear_accounts import counterfactual, increment, soc_traces, wear_account
from testbed.results.layout import ResultError
from testbed.results.reading import open_result
from testbed.results.vehicle_traces import VehicleTraceWriter
from testbed.scenario.loading import load_scenario
from testbed.setup.knowledge import marginal_wear_usd_per_kwh, vehicle_wear_usd_per_kwh
from testbed.setup.wear_price import driven_kwh_per_day, wear_price_of_groups
from tests.testbed import small_run

ALIKE = ("fleet.eta_charge=0.95", "fleet.eta_discharge=0.95", "fleet.slow_charger_curve=constant",
         "record.vehicles=true", "wear.model=naumann")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A day without control and one with V2G, which naumann's low price makes pay."""
    folder = tmp_path_factory.mktemp("wear")
    made = {name: small_run.run(folder, *ALIKE, controller=spec, name=f"{name}.h5")
            for name, spec in (("uncoordinated", "uncoordinated"), ("v2g", "temporal"))}
    return {name: open_result(path) for name, path in made.items()}


@pytest.mark.slow
def test_traces_begin_at_midnight_and_end_with_the_run(runs) -> None:
    result = runs["v2g"]
    for district in result.districts:
        soc = soc_traces(result, district)
        capacity = result.vehicle(district, "capacity_kwh")
        assert soc.shape == (capacity.size, result.steps_total + 1)
        assert soc[:, -1] * capacity == pytest.approx(result.vehicle(district, "stored_end_kwh"), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", wear_model_names())
def test_account_is_the_model_on_the_trace(runs, name) -> None:
    result = runs["v2g"]
    account = wear_account(result, name)
    assert account.loss.size == 20
    assert np.all(account.calendar_loss + account.cycle_loss >= 0)
    assert np.all(account.loss > 0) or name == "throughput"
    district, model = result.districts[0], wear_model(name)
    capacity = result.vehicle(district, "capacity_kwh")
    state = model.initial_state(capacity, result.vehicle(district, "age_years"),
                                result.vehicle(district, "driven_kwh"))
    after = model.advance(state, capacity, soc_traces(result, district), result.step_s)
    assert account.loss[:capacity.size] == pytest.approx(after.loss - state.loss)
    assert account.cost_usd == pytest.approx(account.loss / 0.2 * 900 / 7 * account.capacity_kwh)
    assert (account.resistance_growth is None) == (after.resistance_growth is None)


@pytest.mark.slow
def test_calendar_and_new_batteries(runs) -> None:
    """A new battery ages faster than an old one, a hot one faster than a cool one."""
    result = runs["uncoordinated"]
    new, old = (wear_account(result, "naumann", age_years=age) for age in (0.5, 8.0))
    assert np.all(new.loss > old.loss)
    assert np.all(wear_account(result, "naumann", kelvin=313.15).calendar_loss
                  > wear_account(result, "naumann", kelvin=288.15).calendar_loss)
    profile = np.linspace(288.15, 313.15, result.steps_total + 1)
    between = wear_account(result, "naumann", kelvin=profile).calendar_loss.sum()
    assert wear_account(result, "naumann", kelvin=288.15).calendar_loss.sum() < between


@pytest.mark.slow
def test_increment_is_the_difference_on_the_same_cars(runs) -> None:
    v2g, free = runs["v2g"], runs["uncoordinated"]
    apart = counterfactual(v2g, [free], "xu2016")["uncoordinated"]
    accounts = wear_account(v2g, "xu2016"), wear_account(free, "xu2016")
    assert apart.loss == pytest.approx(accounts[0].loss - accounts[1].loss)
    assert apart.v2g_kwh.sum() / 1000 == pytest.approx(
        sum(r.vehicle(d, "drawn_kwh").sum() * s for r, s in ((v2g, 1e-3), (free, -1e-3)) for d in r.districts))
    itself = counterfactual(free, [free], "xu2016")["uncoordinated"]
    assert not np.any(itself.loss)
    assert np.isnan(itself.usd_per_kwh)
    with pytest.raises(ResultError, match="one model and the same cars"):
        increment(accounts[0], wear_account(free, "naumann"), v2g, free)


@pytest.mark.slow
def test_slow_charging_is_flagged_for_schmalstieg(runs) -> None:
    assert any(flag.startswith("c_rate") for flag in wear_account(runs["v2g"], "schmalstieg2014").flags)


@pytest.mark.slow
def test_without_traces_the_message_names_the_key(runs, tmp_path) -> None:
    alone = shutil.copy(runs["v2g"].path, tmp_path / "alone.h5")
    with pytest.raises(ResultError, match=r"need a run with record\.vehicles=true"):
        wear_account(open_result(alone), "naumann")


# ---------------------------------------------------------------- by hand
CAPACITY_KWH, STEPS, STEP_S = 40.0, 4, 1800
TRACE = np.array([0.5, 0.7, 0.6, 0.6])
"""SOC at the end of each step; the first begins at 0.8, so that 0.3 + 0.1 of the battery are drawn."""


def written_run(write_result, toy, folder, name, trace, drawn_kwh=16.0):
    """A run of five cars with the same trace, written without a run."""
    folder.mkdir(exist_ok=True)
    counts = {toy.FEEDER: 2, toy.REST: 3}
    each = {"capacity_kwh": CAPACITY_KWH, "stored_start_kwh": 0.8 * CAPACITY_KWH, "age_years": 3.0, "driven_kwh": 1.0,
            "drawn_kwh": drawn_kwh}
    path = write_result(str(folder / f"{name}.h5"), controller=name, steps=STEPS, step_s=STEP_S, totals={
        district: {key: np.full(count, value) for key, value in each.items()} for district, count in counts.items()})
    header = toy.header(toy.scenario(), name, 1, STEPS, STEP_S)
    writer = VehicleTraceWriter(folder / f"{name}-vehicles.h5", header, toy.layout())
    for step in range(STEPS):
        for district, count in counts.items():
            writer.write_step(step, district, {key: np.full(count, trace[step] if key == "soc" else 0.0)
                                               for key in writer.names})
    writer.close()
    return open_result(path)


def test_energy_drawn_costs_its_share_of_the_battery_by_hand(write_result, toy, tmp_path) -> None:
    """0.4 of 40 kWh drawn, 3,000 cycles of depth 0.8: 16 / (2,400 x 40) of the battery, 0.2 of which is its life."""
    account = wear_account(written_run(write_result, toy, tmp_path, "v2g", TRACE), "throughput")
    assert account.drawn_kwh == pytest.approx([16.0] * 5)
    assert account.calendar_loss == pytest.approx(0.0) and account.resistance_growth is None and account.flags == ()
    omega = Throughput().usd_per_kwh
    assert account.cost_usd == pytest.approx([16.0 * omega] * 5)
    dear = wear_account(written_run(write_result, toy, tmp_path / "again", "v2g", TRACE), "throughput",
                        battery_usd_per_kwh=2 * Throughput().battery_usd_per_kwh)
    assert dear.cost_usd == pytest.approx(2 * account.cost_usd)


def test_blocks_of_cars_and_the_age_of_all_change_what_they_say(write_result, toy, tmp_path, monkeypatch) -> None:
    run = written_run(write_result, toy, tmp_path, "v2g", TRACE)
    whole = wear_account(run, "naumann")
    monkeypatch.setattr("testbed.owners.wear_accounts.BLOCK_VEHICLES", 2)
    parts = wear_account(run, "naumann")
    assert np.array_equal(parts.loss, whole.loss) and np.array_equal(parts.cost_usd, whole.cost_usd)
    same_age = wear_account(run, "naumann", age_years=3.0)
    assert np.array_equal(same_age.loss, whole.loss)
    assert np.all(wear_account(run, "naumann", age_years=10.0).loss < whole.loss)  # its laws flatten with age
    assert np.all(wear_account(run, "naumann", kelvin=313.15).calendar_loss > whole.calendar_loss)


def test_the_increment_is_what_the_control_did(write_result, toy, tmp_path) -> None:
    v2g = written_run(write_result, toy, tmp_path, "v2g", TRACE)
    idle = written_run(write_result, toy, tmp_path, "uncoordinated", np.full(STEPS, 0.8), drawn_kwh=0.0)
    more = counterfactual(v2g, [idle], "throughput")["uncoordinated"]
    assert more.v2g_kwh == pytest.approx([16.0] * 5)
    assert more.usd_per_kwh == pytest.approx(Throughput().usd_per_kwh)
    assert np.isnan(counterfactual(idle, [idle], "throughput")["uncoordinated"].usd_per_kwh)  # nothing more was drawn
    account = wear_account(v2g, "throughput")
    for other in (replace(account, model="naumann"), replace(account, capacity_kwh=2 * account.capacity_kwh)):
        with pytest.raises(ResultError, match="needs one model and the same cars"):
            increment(account, other, v2g, v2g)


def test_a_run_without_traces_is_told(write_result) -> None:
    with pytest.raises(ResultError, match=r"run-vehicles.h5: there is no such file; wear accounts need a run with"):
        wear_account(open_result(write_result("run.h5")), "throughput")


# ---------------------------------------------------------------- inside the dispatch
def test_constant_price_by_default() -> None:
    assert np.unique(marginal_wear_usd_per_kwh(load_scenario("smoke"))) == pytest.approx([0.0536])


def test_model_sets_the_price_by_class_in_every_zone() -> None:
    described = load_scenario("smoke", ("wear.model=naumann",))
    prices = marginal_wear_usd_per_kwh(described).reshape(3, 3, 2)
    assert np.all(prices == prices[0])
    assert np.all(prices[0, :, 0] == prices[0, :, 1])
    assert prices[0, 0, 0] * 7 == pytest.approx(0.093, abs=0.002)
    assert prices[0, 1, 0] != prices[0, 0, 0]


def test_price_follows_battery_price_and_driving() -> None:
    base, dear = (wear_price_of_groups(load_scenario("smoke", ("wear.model=xu2016", f"wear.battery_cny_per_kwh={p}")))
                  for p in (900, 1800))
    assert dear == pytest.approx(2 * base)
    km = driven_kwh_per_day(load_scenario("smoke")) / 0.175
    assert km == pytest.approx([np.exp(3.2 + 0.88**2 / 2) * 1.609344, 250.0, 70.0])
    at_home = driven_kwh_per_day(load_scenario("smoke", ["drivers.profile=home"])) / 0.175
    assert at_home == pytest.approx([27.2, 250.0, 70.0], abs=0.5)


@pytest.mark.slow
def test_both_accounts_use_the_price(runs) -> None:
    """What the fleet books is the price of each car's group times what was drawn."""
    result = runs["v2g"]
    price = marginal_wear_usd_per_kwh(load_scenario("smoke", ("wear.model=naumann",)))
    booked = sum(result.district(d, "wear_usd").sum(axis=0) for d in result.districts)
    used = booked > 0
    assert used.any()
    drawn = sum(result.district(d, "discharge_kw").sum(axis=0) for d in result.districts) * result.step_h / 0.95
    assert booked[used] == pytest.approx((drawn * price)[used])
    per_car = np.concatenate([result.vehicle(d, "wear_usd") for d in result.districts])
    assert per_car.sum() == pytest.approx(compute_metrics(result)["wear_cost_usd"], abs=0.005)


def test_every_car_has_the_price_of_its_group() -> None:
    from testbed.setup.districts import build_districts  # noqa: PLC0415
    from testbed.wiring.run_spec import RunSpec  # noqa: PLC0415

    described = load_scenario("smoke", ("wear.model=blast_nmc622",))
    spec = RunSpec(described, "uncoordinated", 1, None)  # type: ignore[arg-type]
    vehicles = build_districts(spec)["feeder33"].vehicles
    per_car, groups = vehicle_wear_usd_per_kwh(described, vehicles), marginal_wear_usd_per_kwh(described)
    assert per_car == pytest.approx(groups[vehicles.class_index * 2])
