"""Controllers on a circuit of three phases: those of one phase work there as they are, and no limit is broken."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from audit.judge import audit_file
from audit.phase_figures import phase_figures
from audit.run import read_run
from controllers.spatial.placing import optimising
from controllers.spatial.three_phase.layer import ThreePhase
from models.records.three_phase import VOLTAGE
from testbed.metrics.of_runs import compute_metrics
from testbed.results.reading import open_result
from testbed.setup.districts import build_districts
from testbed.setup.knowledge import feeder_offers, spatial_knowledge
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run
from tests.testbed.running.test_three_phase_run import districts

pytest.importorskip("opendssdirect")
V_MIN_PU = 0.96
"""Which the herd of a tariff breaks."""


def asked(folder: Path) -> str:
    return districts(folder, ("own", "customer")).replace("v_max_pu: 1.1", f"v_max_pu: 1.1, v_min_pu: {V_MIN_PU}")


def ran(folder: Path, controller: str) -> Path:
    return Path(small_run.run(folder, asked(folder), name=f"{controller}.h5", controller=controller))


@pytest.mark.slow
def test_bilayer_sees_phases_and_the_audit_upholds_it(tmp_path: Path) -> None:
    file = ran(tmp_path, "bilayer")
    assert [str(finding) for finding in audit_file(file).violations] == []
    result = open_result(file)
    assert result.district("own", "spatial_solved").sum() > 0
    assert result.district("own", "vm_plan_ac_pu")[:, 1:].min() > V_MIN_PU - 5e-4


@pytest.mark.slow
@pytest.mark.parametrize("controller", [
    "smart_charging", "bilayer_aware", "bilayer_pso", "bilayer_sga"])
def test_the_others_do_as_well(tmp_path: Path, controller: str) -> None:
    assert [str(finding) for finding in audit_file(ran(tmp_path, controller)).violations] == []


@pytest.mark.slow
def test_limits_of_customers_are_in_the_result_and_the_audit_knows_them(tmp_path: Path) -> None:
    file = ran(tmp_path, "bilayer_envelope")
    assert [str(finding) for finding in audit_file(file).violations] == []
    result = open_result(file)
    figures, again = compute_metrics(result), phase_figures(read_run(file))
    for name in ("limits_import_kwh", "limits_export_kwh", "limits_gini", "limits_broken_customer_h"):
        assert figures[name] == pytest.approx(again[name], rel=1e-9), name
    limit, load = result.district("own", "import_limit_kw"), result.district("own", "load_bus_kw")
    row = [list(result.district("own", "bus")).index(bus) for bus in result.district("own", "connection")]
    room = np.maximum(limit - load[:, row], 0.0)
    assert figures["limits_import_kwh"] == pytest.approx(room.sum()) and room.sum() > 10.0
    assert 0.0 < figures["limits_gini"] < 1.0
    for name, by in (("import_limit_kw", -20.0), ("export_limit_kw", -200.0), ("told_connection_kw", 50.0)):
        altered = shutil.copy(file, tmp_path / "altered.h5")
        with h5py.File(altered, "r+") as opened:
            opened[f"districts/own/{name}"][5] += by
        assert {finding.rule for finding in audit_file(altered).violations} & {"limits_of_customers"}, name


def test_only_controllers_whose_feeders_speak_publish_limits(tmp_path: Path) -> None:
    described = small_run.scenario(asked(tmp_path), "spatial.envelope_rule=equal",
                                   cache_dir=small_run.shared_cache(tmp_path))
    spec = RunSpec(described, "bilayer_envelope", 1, tmp_path / "none.h5")
    district = build_districts(spec)["own"]
    terms = spatial_knowledge(spec, district).customers
    offer = feeder_offers(spec)[0]
    assert terms is not None and offer is not None and offer.customers is terms
    assert terms.rule == "equal"
    ports = district.site.ports_by_kind()[:, 0]
    only_slow = (ports > 0) & (district.site.ports_by_kind()[:, 1] == 0)
    assert only_slow.any() and terms.import_kw[only_slow] == pytest.approx(7.0 * ports[only_slow])
    p_kw, _ = terms.day_ahead(0, 24)
    assert p_kw[2] == pytest.approx(2 * np.repeat([0.3, 0.5, 1.0, 2.0], 6))
    assert spatial_knowledge(RunSpec(described, "bilayer", 1, tmp_path / "none.h5"), district).customers is None


def test_the_layer_knows_connections_and_limits(tmp_path: Path) -> None:
    described = small_run.scenario(asked(tmp_path), cache_dir=small_run.shared_cache(tmp_path))
    spec = RunSpec(described, "bilayer", 1, tmp_path / "none.h5")
    known = spatial_knowledge(spec, build_districts(spec)["own"])
    assert known.network is not None
    assert isinstance(optimising(known), ThreePhase)
    assert [known.network.phases[b] for b in known.network.driven] == ["1", "2", "3"]
    assert known.network.watched.low[known.network.watched.kind == VOLTAGE] == pytest.approx(V_MIN_PU)
