"""What is slow to import, or not named, is not imported; in new processes, where nothing is loaded."""

from __future__ import annotations

import subprocess
import sys


def said_by(*lines: str) -> list[str]:
    """Words that a new process prints."""
    done = subprocess.run([sys.executable, "-c", "\n".join(("import sys", *lines))], check=True, capture_output=True,
                          text=True)
    return done.stdout.split()


def test_to_know_all_kinds_takes_no_library_that_is_slow_to_import() -> None:
    """Every file of every kind is imported; networks, plots and solvers load when one is used."""
    tables = "from testbed.cli.doc_rows import KIND_TABLES as T, kind_table; tables = [kind_table(one) for one in T]"
    slow = "{'pandapower', 'plotly', 'matplotlib', 'pandas', 'simbench', 'cvxpy', 'mosaik', 'lightsim2grid'}"
    assert said_by(tables, f"print(len(tables) > 6, *({slow} & sys.modules.keys()))") == ["True"]


def test_a_scenario_is_read_without_the_files_of_kinds_that_it_does_not_name() -> None:
    read = "from testbed.scenario.loading import load_scenario; load_scenario('smoke')"
    there = "'models.wear.cells.naumann' in sys.modules, 'testbed.metrics.published.cars' in sys.modules"
    assert said_by(read, f"print({there})") == ["False", "False"]


def test_the_front_door_costs_nothing_before_it_is_used() -> None:
    assert said_by("import testbed as tb", "print('numpy' in sys.modules, len([m for m in sys.modules if "
                   "m.startswith('testbed.')]))") == ["False", "0"]
    slow = "{'mosaik', 'cvxpy', 'pandapower', 'plotly', 'pandas', 'xarray', 'distributed', 'simbench'}"
    assert said_by("import testbed as tb", "tb.run, tb.compare, tb.sweep, tb.check, tb.load, tb.Scenario",
                   f"print(*({slow} & sys.modules.keys()))") == []
