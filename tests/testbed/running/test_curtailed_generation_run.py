"""A roof with more sun than its cable carries: the lower layer takes less of it, and the audit knows how much."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest

from audit.judge import audit_file
from testbed.auditing.of_runs import audited
from testbed.exporting.net import write_net
from testbed.metrics.of_runs import compute_metrics
from testbed.reporting.drawn_runs import Run
from testbed.reporting.figures.generation import generation
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest, run_request
from tests.models.network.loads.street import SERIES, written
from tests.testbed import small_run
from tests.testbed.running.test_series_run import overrides

ROOF = "sgen School roof p_kw"
CURTAILABLE = "districts.0.series.curtailable=true"


def sunny(folder):
    """Ten times the roof: 250 kW at noon where the cable carries 187 kVA."""
    series = {name: np.tile(values * (10.0 if name == ROOF else 1.0), 4) for name, values in SERIES.items()}
    return (*overrides(folder, written(folder, series, name="sunny.csv")), "districts.0.line_rating_a=assumed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sunny")


@pytest.fixture(scope="module")
def run(folder):
    return small_run.run(folder, *sunny(folder), CURTAILABLE, controller="bilayer", name="curtailed.h5")


@pytest.fixture(scope="module")
def as_it_comes(folder):
    """The same where all must be taken."""
    return small_run.run(folder, *sunny(folder), controller="bilayer", name="as_it_comes.h5")


@pytest.mark.slow
def test_the_lower_layer_takes_what_the_network_carries(run, as_it_comes):
    result, whole = open_result(run), open_result(as_it_comes)
    available, curtailed = (result.district("feeder33", f"generation_{name}_kw")[:, 0]
                            for name in ("available", "curtailed"))
    assert available == pytest.approx(10.0 * SERIES[ROOF])
    assert curtailed[12] > 10.0 and curtailed[:8].max() == 0.0
    loading = result.district("feeder33", "line_loading_percent").max()
    assert loading < 102.0, "full as planned; what cars do beside it no limit can know"
    assert whole.district("feeder33", "line_loading_percent").max() > 105.0
    assert not whole.holds("feeder33", "generation_available_kw"), "nothing is said where nothing may be curtailed"
    figures = compute_metrics(result)
    assert figures["generation_curtailed_mwh"] == pytest.approx(curtailed.sum() / 1e3)
    assert np.isnan(compute_metrics(whole)["generation_curtailed_mwh"])
    assert figures["curtailment_penalty_usd"] == pytest.approx(75.0 * figures["curtailed_mwh"])


@pytest.mark.slow
def test_the_report_and_the_exported_net_show_what_was_taken(run, as_it_comes, tmp_path):
    (chart,) = generation([Run("a", "black", "solid", open_result(run))], "feeder33")
    assert "what comes" in str(chart)
    assert generation([Run("a", "black", "solid", open_result(as_it_comes))], "feeder33") == []
    write_net(open_result(run), "feeder33", tmp_path / "net.json")
    assert (tmp_path / "net.json").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.parametrize(("array", "change", "rules"), [
    ("generation_curtailed_kw", 1.01, {"curtailed_generation", "ac_of_what_happened", "balance"}),
    ("generation_available_kw", 1.01, {"curtailed_generation"}),
    ("generation_limit_kw", 0.99, {"curtailed_generation"})])
def test_the_audit_holds_the_balance_of_the_bus(array, change, rules, run, tmp_path):
    assert audited(run).violations == ()
    shutil.copy(run, tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        file["districts/feeder33"][array][12] *= change
    assert rules <= {one.rule for one in audit_file(tmp_path / "run.h5", with_slow=False).violations}


@pytest.mark.slow
def test_without_a_lower_layer_all_is_taken(folder):
    result = open_result(small_run.run(folder, *sunny(folder), CURTAILABLE, controller="uncoordinated",
                                       name="uncoordinated.h5"))
    assert not result.district("feeder33", "generation_curtailed_kw").any()
    assert np.isnan(result.district("feeder33", "generation_limit_kw")).all()
    assert audited(result.path).violations == ()


@pytest.mark.parametrize(("changes", "words"), [
    (("districts.0.feeder=ieee33", CURTAILABLE), "series.curtailable: feeder ieee33 has no static generator"),
    (("districts.0.feeder=dss:ieee13", CURTAILABLE), "curtailable = True: is not for a circuit of three phases"),
    (("districts.0.feeder=dss:ieee13", "districts.0.tap_changer={target_pu: 1.0}"),
     "tap_changer = .*: is not for a circuit of three phases, whose own regulators act"),
    (("districts.1.series.curtailable=true",), "series = .*curtailable.*: is only for a district with a feeder")])
def test_where_nothing_can_be_curtailed_the_key_is_refused(changes, words):
    with pytest.raises(WrongRequest, match=words):
        run_request("smoke", "temporal", overrides=changes)
