"""Controllers on a circuit of three phases: those of one phase work there as they are, and no limit is broken."""

from pathlib import Path

import pytest

from audit.judge import audit_file
from controllers.spatial.placing import optimising
from controllers.spatial.three_phase.layer import ThreePhase
from models.records.three_phase import VOLTAGE
from testbed.results.reading import open_result
from testbed.setup.districts import build_districts
from testbed.setup.knowledge import spatial_knowledge
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
    "smart_charging", "bilayer_aware", "bilayer_envelope", "bilayer_pso", "bilayer_sga"])
def test_the_others_do_as_well(tmp_path: Path, controller: str) -> None:
    assert [str(finding) for finding in audit_file(ran(tmp_path, controller)).violations] == []


def test_the_layer_knows_connections_and_limits(tmp_path: Path) -> None:
    described = small_run.scenario(asked(tmp_path), cache_dir=small_run.shared_cache(tmp_path))
    spec = RunSpec(described, "bilayer", 1, tmp_path / "none.h5")
    known = spatial_knowledge(spec, build_districts(spec)["own"])
    assert known.network is not None
    assert isinstance(optimising(known), ThreePhase)
    assert [known.network.phases[b] for b in known.network.driven] == ["1", "2", "3"]
    assert known.network.watched.low[known.network.watched.kind == VOLTAGE] == pytest.approx(V_MIN_PU)
