"""The shape of the house: who may import whom, and how large a folder or a function may be."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from testbed.wiring.attributes import ATTRIBUTES

ROOT = Path(__file__).parents[1]
PACKAGES = ("audit", "models", "controllers", "testbed", "experiments")

FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
ALL_FILES = sorted([*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
FORBIDDEN = {
    "audit": {"models", "controllers", "testbed", "experiments"},
    "models": {"mosaik", "mosaik_api_v3", "cvxpy", "controllers", "testbed", "experiments"},
    "controllers": {"mosaik", "mosaik_api_v3", "simpy", "pandapower", "testbed", "experiments"},
    "testbed": {"experiments", "simpy", "pandapower"},
}
"""Top-level names that the files of a package never import, wherever in the file."""
ONLY_IN = {"simpy": {"models/mobility/vehicle_processes.py"},
           "opendssdirect": {"models/network/three_phase/engine.py"},
           "pandapower": {"models/network/sources/", "models/network/power_flow.py",
                          "models/network/written_net.py"}}
"""The only files, or folders ending in `/`, that import it."""
THIRD_PARTY_OF_AUDIT = {"h5py", "numpy", "yaml", "power_grid_model"}
THIRD_PARTY_OF_CONTROLLERS = {"numpy", "scipy", "cvxpy", "clarabel", "qoco", "piqp", "highspy", "pymoo"}
BORDER_RECORDS = "models.records"
"""The records that cross package borders."""
WORLD = "testbed/running/world.py"
OF_SPHINX = "experiments/site/conf.py"
"""What is connected there are events of the documentation's builder."""
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
    problems = []
    for name in imports_of(tree, file):
        top = name.split(".")[0]
        if top in FORBIDDEN.get(package, set()):
            problems.append(f"{file}: {package} must not import {name}")
        if top in ONLY_IN and not file.startswith(tuple(ONLY_IN[top])) and package != "tests":
            problems.append(f"{file}: only {', '.join(ONLY_IN[top])} may import {name}")
        if package == "controllers" and top == "models" and not _is_records(name):
            problems.append(f"{file}: of models, controllers read only {BORDER_RECORDS}, not {name}")
    if package in PACKAGES and file not in (WORLD, OF_SPHINX):
        problems += [f"{file}: only testbed/running/world.py may call connect" for _ in _connect_calls(tree)]
    return problems


def _is_records(name: str) -> bool:
    return name == "models" or name.startswith(BORDER_RECORDS)


def _connect_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # A server or socket connects too; mosaik's world is what this rule is about.
            target = ast.unparse(node.func.value).lower()
            if node.func.attr in ("connect", "connect_async_requests") and "sock" not in target:
                yield node


def test_imports_point_one_way():
    assert [rule for file in FILES for rule in broken_rules(file.read_text(encoding="utf-8"), name_of(file))] == []


@pytest.mark.parametrize(("file", "source", "is_broken"), [
    ("audit/x.py", "from models.records.arrays import Floats", True),
    ("audit/x.py", "from testbed.results.reading import Result", True),
    ("audit/x.py", "import h5py, numpy", False),
    ("models/x.py", "import cvxpy as cp", True),
    ("models/x.py", "def f():\n    from mosaik import World", True),
    ("models/x.py", "from testbed.scenario.record import Scenario", True),
    ("models/x.py", "import numpy, scipy.special", False),
    ("models/x.py", "import simpy", True),
    ("models/mobility/vehicle_processes.py", "import simpy", False),
    ("models/network/sources/x.py", "import pandapower.networks", False),
    ("models/network/x.py", "import pandapower.networks", True),
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


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").glob("*.py")), ids=name_of)
def test_benchmarks_run_by_their_path(file):
    """`python benchmarks/X.py` has its own folder on the path, not the one above."""
    names = set(imports_of(ast.parse(file.read_text(encoding="utf-8")), name_of(file)))
    assert [name for name in names if name.split(".")[0] == "benchmarks"] == []


def test_controllers_need_only_arrays_and_solvers():
    """Beyond the standard library and our own packages."""
    allowed = {*THIRD_PARTY_OF_CONTROLLERS, "models", "controllers", *sys.stdlib_module_names}
    for file in (file for file in FILES if name_of(file).startswith("controllers/")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        tops = {name.split(".")[0] for name in imports_of(tree, name_of(file))}
        assert tops <= allowed, f"{name_of(file)} imports {sorted(tops - allowed)}"


def test_the_audit_shares_no_code_with_what_it_judges():
    """It reads files by itself; beyond the standard library it needs three packages, and one where it is installed."""
    allowed = {*THIRD_PARTY_OF_AUDIT, "audit", *sys.stdlib_module_names}
    for file in (file for file in FILES if name_of(file).startswith("audit/")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        tops = {name.split(".")[0] for name in imports_of(tree, name_of(file))}
        assert tops <= allowed, f"{name_of(file)} imports {sorted(tops - allowed)}"


# ---------------------------------------------------------------- what the testbed asks of a controller
ASKING = ("getattr", "hasattr", "setattr", "vars")
MADE_BY_CONTROLLERS = ("load_controller", "controller_of", ".temporal(", ".spatial(", "temporal_layer(")
METHODS_OF_CONTROLLERS = ("temporal", "spatial")
DOOR = "testbed/setup/given_controllers.py"
"""Where any object is given, judged to be a controller or not, and told in words."""


def asked_in_passing(source: str, file: str) -> list[str]:
    """Questions to a controller, or to a layer it made, that are no field of the port: by name, or by its methods."""
    tree = ast.parse(source)
    theirs = _names_of_controllers(tree)
    problems = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKING and node.args:
            asked = ast.unparse(node.args[0])
            if asked in theirs or any(word in asked.lower() for word in ("controller", "layer")):
                problems.append(f"{file}:{node.lineno}: {node.func.id} of {asked}; it must be a field of Controller")
        if isinstance(node, ast.Compare):
            sides = [side for side in (node.left, *node.comparators)
                     if isinstance(side, ast.Attribute) and side.attr in METHODS_OF_CONTROLLERS]
            problems += [f"{file}:{node.lineno}: compares {ast.unparse(side)}; it must be a field of Controller"
                      for side in sides]
    return problems


def _names_of_controllers(tree: ast.AST) -> set[str]:
    """Names and attributes to which a file gives a controller, or a layer of one."""
    return {ast.unparse(target) for node in ast.walk(tree) if isinstance(node, ast.Assign)
            if any(maker in ast.unparse(node.value) for maker in MADE_BY_CONTROLLERS) for target in node.targets}


def test_nothing_is_asked_of_a_controller_but_its_fields():
    files = [file for file in FILES if name_of(file).startswith("testbed/") and name_of(file) != DOOR]
    assert [asked for file in files
            for asked in asked_in_passing(file.read_text(encoding="utf-8"), name_of(file))] == []


@pytest.mark.parametrize(("source", "is_broken"), [
    ('getattr(load_controller(spec), "sees_feeders", False)', True),
    ('mine = load_controller(spec)\nhasattr(mine, "learns")', True),
    ('self.upper = controller.temporal(known)\nknown = getattr(self.upper, "planned_with", known)', True),
    ('getattr(self.layer, "planned_with", known)', True),
    ("type(load_controller(spec)).spatial is not BaseController.spatial", True),
    ('getattr(self, "solver_s", 0.0)\ngetattr(step, name)', False),
    ("load_controller(spec).sees_feeders", False),
])
def test_asking_in_passing_can_be_seen(source, is_broken):
    assert bool(asked_in_passing(source, "testbed/x.py")) is is_broken


# ---------------------------------------------------------------- wings
WINGS = {
    "audit": ("finding", "arrays", "classes", "run", "tables", "own_tables", "units", "unit_tables", "cars", "network",
              "profiles", "series", "prices", "reserve_price", "thermal", "phase_figures", "figures", "faults",
              "registry",
              "rules", "judge"),
    "controllers": ("port", "contract", "rows", "disaggregation", "temporal", "spatial", "joint", "base", "learned",
                    "variants"),
    "models": ("data_tables", "records", "plugins", "registry", "tables", "network", "system", "wear", "drivers",
               "mobility", "fleet"),
    "testbed": ("faults", "scenario", "wiring", "users", "setup", "results", "peers", "simulators", "metrics", "owners",
                "auditing", "exporting", "stations", "running", "sweeping", "reporting", "checks", "acceptance",
                "learning", "league", "outside", "scripting", "cli", "__main__"),
    "experiments": ("processes", "runs", "csv_rows", "publishing", "system", "feeder", "drivers", "wear", "claims",
                    "published", "site"),
}
"""Parts of a package in their order: each may import itself and those before it."""
MOST_MODULES = 20
"""In one folder, its `__init__` included."""
FUNCTION_LINES = {"median": 7, "nine of ten": 20, "longest": 60}


def imports_between(sources: dict[str, str]) -> dict[str, set[str]]:
    """{module: modules of ours that it imports}, both dotted; `sources` by file name."""
    modules = {module_of(file): file for file in sources}
    imported = {}
    for module, file in modules.items():
        names = imports_of(ast.parse(sources[file]), file)
        imported[module] = {name for name in names if name in modules} - {module}
    return imported


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def backward(package: str, edges: dict[str, set[str]]) -> list[str]:
    """Every import of a wing by one before it, and wings that have no place in the order."""
    order = WINGS[package]
    problems = []
    for module, imported in edges.items():
        for other in imported:
            wings = [name.split(".")[1] for name in (module, other) if name.startswith(package + ".")]
            problems += [f"{wing} of {package} has no place in the order" for wing in wings if wing not in order]
            if len(wings) == 2 and not set(wings) - set(order) and order.index(wings[0]) < order.index(wings[1]):
                problems.append(f"{module} imports {other}, which is above it")
    return problems


def circles(edges: dict[str, set[str]]) -> list[str]:
    """Modules that import themselves by way of others."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@cache
def all_sources() -> dict[str, str]:
    return {name_of(file): file.read_text(encoding="utf-8") for file in FILES}


@cache
def edges() -> dict[str, set[str]]:
    return imports_between(all_sources())


@pytest.mark.parametrize("package", WINGS)
def test_wings_import_only_those_before_them(package):
    assert backward(package, {module: others for module, others in edges().items() if module.startswith(package)}) == []


@pytest.mark.parametrize("package", WINGS)
def test_each_part_of_a_package_has_its_place(package):
    inside = (path for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    assert {path.stem for path in inside} - {"__init__"} == set(WINGS[package])


@pytest.mark.parametrize("package", WINGS)
def test_the_page_names_every_wing(package):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = [wing for wing in WINGS[package] if (ROOT / package / wing).is_dir()]
    assert [wing for wing in folders if f"`{wing}/`" not in page] == []


def test_no_crossing_between_simulators_is_without_a_record():
    """A number, a plain array with its unit and axes, or a record whose fields have theirs."""
    crossing = [a for a in ATTRIBUTES if a.now or a.shifted]
    assert len(crossing) > 20
    assert [a.name for a in crossing if a.record is None and "table" in (*a.dims, a.unit)] == []
    assert [a.name for a in crossing if a.record is None and not a.unit] == []


def test_nothing_imports_itself_by_way_of_others():
    assert circles(edges()) == []


def test_the_order_and_the_circle_can_be_broken():
    low, high = "testbed.setup.districts", "testbed.cli.app"
    assert backward("testbed", {low: {high}}) == [f"{low} imports {high}, which is above it"]
    assert backward("testbed", {"testbed.attic.x": {low}}) == ["attic of testbed has no place in the order"]
    assert backward("testbed", {high: {low}}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) and not circles({"a": {"b", "c"}, "b": {"c"}})


def test_what_is_imported_is_seen_wherever_it_stands():
    sources = {"testbed/a.py": "def f():\n    from testbed import b", "testbed/b.py": "", "testbed/c/__init__.py": "",
               "testbed/d.py": "import testbed.c\nfrom testbed.b import thing"}
    assert imports_between(sources) == {"testbed.a": {"testbed.b"}, "testbed.b": set(), "testbed.c": set(),
                                        "testbed.d": {"testbed.b", "testbed.c"}}


def test_no_folder_is_a_hall():
    modules = Counter(name_of(file.parent) for file in FILES)
    assert {folder: count for folder, count in modules.items() if count > MOST_MODULES} == {}


def test_names_of_the_front_door_are_free():
    """`testbed.run` and the like are for functions of the package, so no module may be called so."""
    taken = {path.stem for path in (ROOT / "testbed").iterdir()}
    assert taken & {"run", "compare", "sweep", "check", "load", "report"} == set()


def function_lines() -> list[int]:
    """Length of every function of the four packages, sorted."""
    nodes = (node for source in all_sources().values() for node in ast.walk(ast.parse(source)))
    return sorted((node.end_lineno or 0) - node.lineno + 1 for node in nodes
                  if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def test_functions_are_short():
    lines = function_lines()
    measured = {"median": lines[len(lines) // 2], "nine of ten": lines[len(lines) * 9 // 10], "longest": lines[-1]}
    assert {name: length for name, length in measured.items() if length > FUNCTION_LINES[name]} == {}


def test_no_file_is_a_drawer():
    assert [name_of(file) for file in ALL_FILES if file.stem in DRAWERS] == []
