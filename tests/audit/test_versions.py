"""Files of each published schema are read and judged; machines and versions of Python may differ by rounding alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import audit.run
from audit.finding import ROUNDING_REL
from testbed.auditing.of_runs import audited
from testbed.metrics.of_runs import compute_metrics
from testbed.owners.statements import owner_statements
from testbed.results.equality import equal_results
from testbed.results.layout import READABLE_SCHEMAS, SCHEMA_VERSION
from testbed.results.reading import open_result

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OLDER = [version for version in READABLE_SCHEMAS if version < SCHEMA_VERSION]
"""Each has a file here, made by the code of its time: a day of `smoke` under smart_charging."""
RUN = """
import sys
from pathlib import Path
from tests.testbed import small_run
small_run.run(Path(sys.argv[1]), "planning.horizon_h=26", "spatial.look_ahead_h=2", "planning.mip_gap=1e-3",
              "record.vehicles=true", controller=sys.argv[2], cache_dir=Path(sys.argv[1]) / "cache")
"""
LOOSER = {"nodal_price_usd_per_mwh": 1e-6, "target_": 1e-5, "disaggregation_loss_kwh": 1e-2, "relaxation_": 1.0}
"""Shares of an array's largest value for what hangs on a solver's last digits (docs/audit.md), by how the name begins:
prices and hourly targets, what is left of these, and residues that are judged by their size alone."""
OTHER_PYTHON = "V2G_OTHER_PYTHON"
"""Names an interpreter of the other supported version with all requirements."""


def test_audit_and_testbed_read_the_same_versions_and_each_older_one_has_a_file():
    assert audit.run.SCHEMAS == READABLE_SCHEMAS
    assert [path.name for path in sorted(HERE.glob("schema*.h5"))] == [f"schema{version}.h5" for version in OLDER]


@pytest.mark.parametrize("version", OLDER)
def test_an_older_file_is_read_and_judged_as_far_as_it_goes(version):
    path = HERE / f"schema{version}.h5"
    result, verdict = open_result(path), audited(path)
    assert result.attributes["schema_version"] == version
    figures = compute_metrics(result)
    assert figures["charged_mwh"] == pytest.approx(0.268646, abs=1e-6)
    assert owner_statements(result).count == 20
    assert verdict.violations == ()
    assert any(f"schema {version} holds no" in note for note in verdict.notes)


@pytest.mark.parametrize("version", OLDER)
def test_a_contradiction_in_an_older_file_is_found(version, tmp_path):
    shutil.copy(HERE / f"schema{version}.h5", tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        file["p_mw"][5, 0] += 1.0
        file["districts/feeder33/stored_kwh"][7] += 1.0
    rules = {line.split(":")[0] for line in audited(tmp_path / "run.h5").violations}
    assert {"balance", "energy_balance"} <= rules


# ---------------------------------------------------------------- machines and versions of Python
def made_by(python, folder, controller, **environment):
    """A run by this interpreter, in an environment of its own."""
    folder.mkdir()
    subprocess.run([python, "-W", "ignore", "-c", RUN, str(folder), controller], cwd=ROOT, check=True,
                   env={**os.environ, "PYTHONPATH": str(ROOT), **environment})
    return folder / "run.h5"


def value_of(file, name):
    """Of an array, or of an attribute written as group@attribute."""
    group, _, attribute = name.partition("@")
    return file[group or "/"].attrs[attribute] if attribute else file[group][...]


def largest_differences(here, other):
    """{array: largest difference as a share of its largest value}, of arrays that differ at all."""
    shares, names = {}, equal_results(here, other)
    with h5py.File(here, "r", locking=False) as first, h5py.File(other, "r", locking=False) as second:
        for name in names:
            a, b = (np.asarray(value_of(file, name), dtype=np.float64) for file in (first, second))
            assert a.shape == b.shape
            assert np.array_equal(np.isnan(a), np.isnan(b)), name
            shares[name] = float(np.nanmax(np.abs(a - b)) / np.nanmax(np.abs(a)))
    return shares


def allowed_of(name):
    """By how the array's own name begins."""
    own = name.rsplit("/", 1)[-1]
    return next((share for begin, share in LOOSER.items() if own.startswith(begin)), ROUNDING_REL)


@pytest.mark.slow
@pytest.mark.parametrize("controller", ["uncoordinated", "bilayer"])
def test_another_kernel_of_blas_rounds_otherwise_and_no_more(controller, tmp_path):
    """Two kernels that any processor of today can run."""
    here, other = (made_by(sys.executable, tmp_path / kernel, controller, OPENBLAS_CORETYPE=kernel)
                  for kernel in ("Haswell", "Nehalem"))
    differences = largest_differences(here, other)
    assert {name: share for name, share in differences.items() if share > allowed_of(name)} == {}
    assert audited(other).violations == ()


@pytest.mark.slow
@pytest.mark.skipif(OTHER_PYTHON not in os.environ, reason=f"{OTHER_PYTHON} names no other interpreter")
@pytest.mark.parametrize("controller", ["uncoordinated", "bilayer"])
def test_both_versions_of_python_give_equal_files(controller, tmp_path):
    here, other = (made_by(python, tmp_path / name, controller) for name, python in
                  (("this", sys.executable), ("other", os.environ[OTHER_PYTHON])))
    assert equal_results(here, other) == []
