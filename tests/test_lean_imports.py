"""Libraries that load later or in part do the same as whole ones; in new processes, where nothing is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STATS_THERE = "'scipy.stats._stats_py' in sys.modules"


def said_by(*lines: str) -> list[str]:
    """Lines that a new process prints."""
    done = subprocess.run([sys.executable, "-c", "\n".join(("import sys", *lines))], check=True, capture_output=True,
                          text=True)
    return done.stdout.split()


def test_cvxpy_and_the_upper_layer_need_no_scipy_stats() -> None:
    assert said_by("import controllers.temporal.unit_commitment.answer, cvxpy", f"print({STATS_THERE})") == ["False"]


@pytest.mark.parametrize("use", [
    "from scipy.stats import norm", "import scipy.stats._stats_py", "import scipy; scipy.stats.norm",
    "from scipy.stats import *", "import scipy.stats as stats; stats.norm", "from scipy import stats; stats.norm"])
def test_scipy_stats_is_there_as_soon_as_it_is_used(use: str) -> None:
    whole = "import scipy.stats; print(type(sys.modules['scipy.stats']).__name__, scipy.stats.norm.cdf(0.0))"
    assert said_by("import controllers, cvxpy", use, whole) == ["module", "0.5"]


def test_what_cvxpy_took_of_scipy_stats_is_scipy_stats_own() -> None:
    entropy = "import cvxpy; print(sys.modules['cvxpy.atoms.quantum_rel_entr'].entropy([0.5, 0.5], base=2))"
    assert said_by("import controllers", entropy, f"print({STATS_THERE})") == ["1.0", "True"]


def test_scipy_stats_that_is_loaded_stays() -> None:
    same = "print(s is scipy.stats, sys.modules['cvxpy.atoms.quantum_rel_entr'].entropy is s.entropy)"
    assert said_by("import scipy.stats as s", "import controllers, cvxpy, scipy.stats", same) == ["True", "True"]


def test_a_cvxpy_that_uses_more_of_scipy_stats_gets_it(tmp_path: Path) -> None:
    (tmp_path / "more.py").write_text("from scipy.stats import entropy, norm\n")
    load = ("import types; from controllers.lean_cvxpy import _LeanLoader", "module = types.ModuleType('more')",
            f"_LeanLoader('more', {str(tmp_path / 'more.py')!r}).exec_module(module)", "print(module.norm.cdf(0.0))")
    assert said_by(*load) == ["0.5"]


def test_the_fast_engine_needs_no_pandas_and_leaves_lightsim2grid_whole() -> None:
    feeder = ("RadialFeeder('two', [1, 2], np.array([-1, 0]), np.array([0, 0.1]), np.array([0, 0.1]), np.ones(2), "
              "np.ones(2), np.ones(2), np.ones(2), 12.66, 1.0, 0.9, 1.1)")
    there = ("print('pandas' in sys.modules, 'lightsim2grid.lightSimBackend' in sys.modules, "
             "bool(lightsim2grid.get_include()))")
    engine = ("from models.network.power_flow import ac_engine; from models.records.feeder import RadialFeeder; "
              "import numpy as np")
    assert said_by(engine, f"ac_engine({feeder}); import lightsim2grid", there) == ["False", "False", "True"]


def test_to_know_all_kinds_takes_no_library_that_is_slow_to_import() -> None:
    """Every file of every kind is imported; networks, plots and solvers load when one is used."""
    tables = "from testbed.cli.doc_rows import KIND_TABLES as T, kind_table; tables = [kind_table(one) for one in T]"
    slow = "{'pandapower', 'plotly', 'matplotlib', 'pandas', 'simbench', 'cvxpy', 'mosaik', 'lightsim2grid'}"
    assert said_by(tables, f"print(len(tables), *({slow} & sys.modules.keys()))") == ["5"]


def test_a_scenario_is_read_without_the_files_of_kinds_that_it_does_not_name() -> None:
    read = "from testbed.scenario.loading import load_scenario; load_scenario('smoke')"
    there = "'models.wear.cells.naumann' in sys.modules, 'testbed.metrics.published.cars' in sys.modules"
    assert said_by(read, f"print({there})") == ["False", "False"]
