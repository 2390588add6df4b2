"""What passes MV/LV transformers, and what charger curves do in a run."""

from __future__ import annotations

from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from models.network.transformers.ageing import LOSS_TABLES, ageing, transformer_losses_kw
from testbed.auditing.of_runs import audited
from testbed.metrics.of_runs import compute_metrics
from testbed.reporting.report import write_report
from testbed.results.reading import open_result
from testbed.simulators.feeder import power_flows
from testbed.wiring.crossings import BusLoad, PevFlows, PlannedFlows
from tests.testbed import small_run

WARM = list(range(11, 35))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("transformers")


@pytest.fixture(scope="module")
def plain(folder):
    return open_result(small_run.run(folder, name="plain.h5"))


@pytest.fixture(scope="module")
def changed(folder):
    """Other transformers, another day's air, chargers and cables that lose by load."""
    return open_result(small_run.run(
        folder, "districts.0.transformer_losses=tier1", f"districts.0.ambient_celsius={WARM}",
        "fleet.slow_charger_curve=ac_onboard", "fleet.connection_loss_share=0.02", "record.vehicles=true",
        name="changed.h5"))


@pytest.mark.slow
def test_figures_are_those_of_the_power_behind_each_transformer(plain, changed) -> None:
    for result, air, tier in ((plain, [20.0] * 24, "tier2"), (changed, WARM, "tier1")):
        name = result.districts[0]
        rating = result.district(name, "transformer_rating_kva")[1:]
        power = result.district(name, "transformer_kva")[:, 1:]
        assert rating.size == 32 and np.all(power[:, np.isfinite(rating)] > 0)
        used = ageing(power / rating, np.array(air, float), result.step_s)
        figures = compute_metrics(result)
        assert figures["transformer_life_max_h"] == pytest.approx(used.life_h.max())
        assert figures["transformer_life_sum_h"] == pytest.approx(used.life_h.sum())
        assert figures["transformer_hot_spot_max_celsius"] == pytest.approx(used.hot_spot_max_celsius.max())
        assert figures["transformer_losses_kwh"] == pytest.approx(
            transformer_losses_kw(power, rating, LOSS_TABLES[tier]).sum() * result.step_h)


def test_fast_chargers_do_not_pass_the_transformer() -> None:
    flows = SimpleNamespace(losses_kw=np.ones(3), p_slack_kw=np.ones(3), q_slack_kvar=np.ones(3),
                            vm_pu=np.ones((3, 2)), line_loading_percent=np.ones((3, 2)))
    district = SimpleNamespace(name="d", power_flow=lambda p, q: flows, flows=None)
    pair = np.array([0.0, 30.0])
    made = power_flows(district, {  # type: ignore[arg-type]
        "bus_load": BusLoad(pair, np.array([0.0, 40.0])),
        "pev_flows": PevFlows(p_kw=np.array([0.0, 57.0]), q_kvar=np.array([0.0, 1.0]), p_slow_kw=np.array([0.0, 7.0])),
        "planned_flows": PlannedFlows(pair, pair)})
    assert made["transformer_kva"] == pytest.approx([0, np.hypot(37, 41)])


@pytest.mark.slow
def test_chargers_lose_by_load_and_plans_do_not_know(plain, changed) -> None:
    """The same trips need more from the grid; the constant pair has no mismatch for slow chargers."""
    driven, less, more = (np.array([compute_metrics(r)[name] for r in (plain, changed)])
                          for name in ("driven_mwh", "charged_mwh", "model_mismatch_kwh"))
    assert driven[0] == driven[1] > 0
    assert less[1] > less[0]
    assert more[1] > more[0]


@pytest.mark.slow
def test_the_checker_finds_nothing_wrong_with_curves(changed) -> None:
    assert audited(changed.path).violations == ()


@pytest.mark.slow
def test_the_report_has_a_line_about_transformers_where_the_file_has_them(plain, folder) -> None:
    write_report([plain.path], folder / "new.html")
    assert "MV/LV transformers</h3>" in (folder / "new.html").read_text(encoding="utf-8")
    old = folder / "old.h5"
    old.write_bytes(plain.path.read_bytes())
    with h5py.File(old, "r+") as file:
        del file[f"districts/{plain.districts[0]}/transformer_kva"]
    assert np.isnan(compute_metrics(open_result(old))["transformer_losses_kwh"])
    write_report([old], folder / "old.html")
    assert "MV/LV transformers</h3>" not in (folder / "old.html").read_text(encoding="utf-8")
