"""The shape of the house: who may import whom, and how long a file may be."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("models", "controllers", "testbed", "experiments")
LONGEST_FILE = 400

FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
ALL_FILES = sorted([*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
FORBIDDEN = {
    "models": {"mosaik", "mosaik_api_v3", "cvxpy", "controllers", "testbed", "experiments"},
    "controllers": {"mosaik", "mosaik_api_v3", "simpy", "pandapower", "testbed", "experiments"},
    "testbed": {"experiments", "simpy", "pandapower"},
}
"""Top-level names that the files of a package never import, wherever in the file."""
ONLY_IN = {"simpy": {"models/mobility/vehicle_processes.py"},
           "pandapower": {"models/network/feeder_sources.py", "models/network/power_flow.py"}}
THIRD_PARTY_OF_CONTROLLERS = {"numpy", "scipy", "cvxpy", "clarabel", "qoco", "piqp", "highspy", "pymoo"}
BORDER_RECORDS = ("models.records", "models.records.reserve_curve")
"""The records that cross package borders."""
DRAWERS = ("utils", "util", "helpers", "helper", "misc", "common", "tools")


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imports_of(tree: ast.AST, file: str) -> Iterator[str]:
    """Full dotted names of all that a file imports, also inside functions and TYPE_CHECKING."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = file.split("/")[: -node.level] if node.level else []
            module = ".".join([*package, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def broken_rules(source: str, file: str) -> list[str]:
    """Every import rule that a file with this source would break."""
    tree = ast.parse(source)
    package = file.partition("/")[0]
    found = []
    for name in imports_of(tree, file):
        top = name.split(".")[0]
        if top in FORBIDDEN.get(package, set()):
            found.append(f"{file}: {package} must not import {name}")
        if top in ONLY_IN and file not in ONLY_IN[top] and package != "tests":
            found.append(f"{file}: only {', '.join(ONLY_IN[top])} may import {name}")
        if package == "controllers" and top == "models" and not _is_records(name):
            found.append(f"{file}: of models, controllers read only {' and '.join(BORDER_RECORDS)}, not {name}")
    if package in PACKAGES and file != "testbed/running/world.py":
        found += [f"{file}: only testbed/running/world.py may call connect" for _ in _connect_calls(tree)]
    return found


def _is_records(name: str) -> bool:
    return name == "models" or name.startswith(BORDER_RECORDS)


def _connect_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # A server or socket connects too; mosaik's world is what this rule is about.
            target = ast.unparse(node.func.value).lower()
            if node.func.attr in ("connect", "connect_async_requests") and "sock" not in target:
                yield node


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_point_one_way(file):
    assert broken_rules(file.read_text(encoding="utf-8"), name_of(file)) == []


@pytest.mark.parametrize(("file", "source", "is_broken"), [
    ("models/x.py", "import cvxpy as cp", True),
    ("models/x.py", "def f():\n    from mosaik import World", True),
    ("models/x.py", "from testbed.scenario.record import Scenario", True),
    ("models/x.py", "import numpy, scipy.special", False),
    ("models/x.py", "import simpy", True),
    ("models/mobility/vehicle_processes.py", "import simpy", False),
    ("models/network/feeder_sources.py", "import pandapower.networks", False),
    ("testbed/x.py", "import pandapower", True),
    ("controllers/x.py", "from models.records import Plan", False),
    ("controllers/x.py", "from models.fleet.fleet import Fleet", True),
    ("controllers/x.py", "from models import fleet", True),
    ("controllers/spatial/x.py", "from .. import port", False),
    ("controllers/x.py", "from testbed import scenario", True),
    ("testbed/x.py", "world.connect(a, b)", True),
    ("testbed/running/world.py", "world.connect(a, b)", False),
    ("experiments/x.py", "from testbed.scenario.record import Scenario", False),
])
def test_each_import_rule_can_fail(file, source, is_broken):
    assert bool(broken_rules(source, file)) is is_broken


def test_controllers_need_only_arrays_and_solvers():
    """Beyond the standard library and our own packages."""
    allowed = {*THIRD_PARTY_OF_CONTROLLERS, "models", "controllers", *sys.stdlib_module_names}
    for file in (file for file in FILES if name_of(file).startswith("controllers/")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        tops = {name.split(".")[0] for name in imports_of(tree, name_of(file))}
        assert tops <= allowed, f"{name_of(file)} imports {sorted(tops - allowed)}"


@pytest.mark.parametrize("file", ALL_FILES, ids=name_of)
def test_no_file_is_longer_than_400_lines(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_no_file_is_a_drawer():
    assert [name_of(file) for file in ALL_FILES if file.stem in DRAWERS] == []
