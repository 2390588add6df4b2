"""What the texts say exists: links, functions, tests, figures; and their programs run."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from controllers.temporal.unit_commitment.objective import PLANNED
from experiments.publishing.pages import without_blocks
from models.drivers.behaviours import behaviour_names
from testbed.cli.app import COMMANDS
from testbed.cli.catalogue import catalogue
from testbed.metrics.registry import METRICS
from testbed.results.reading import open_result
from testbed.scenario.parts.fleet import Drivers
from testbed.scenario.record import Scenario
from testbed.wiring.attributes import ATTRIBUTES
from tests.testbed import small_run

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("models", "controllers", "testbed", "experiments")
TEXTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/data/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`]+)`")
PROGRAM = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`((?:models|controllers|testbed|experiments|tests|docs|notebooks)/[\w./-]*)`")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """The text without its code blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def rows_of(text: str) -> list[list[str]]:
    """Cells of every table row of a text, headings and rulers left out."""
    lines = [line.strip() for line in prose(text).splitlines()]
    kept = [lines[i] for i in range(len(lines)) if lines[i].startswith("|") and not re.match(r"\|[\s:|-]+$", lines[i])
            and not (i + 1 < len(lines) and re.match(r"\|[\s:|-]+$", lines[i + 1]))]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in kept]


# ---------------------------------------------------------------- links and files
def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lost_links(path: Path) -> list[str]:
    """Links of a page to files that are not there."""
    targets = [link.split("#")[0] for link in LINK.findall(prose(path.read_text(encoding="utf-8")))]
    relative = [target for target in targets if target and "://" not in target and not target.startswith("mailto:")]
    return [target for target in relative if not (path.parent / target).exists()]


def lost_files(path: Path) -> list[str]:
    """Files that a page names and that are not there."""
    named = PATH.findall(prose(path.read_text(encoding="utf-8")))
    return [name for name in named if "NAME" not in name and not (ROOT / name).exists()]


def test_links_lead_somewhere() -> None:
    assert [(name_of(path), lost) for path in TEXTS for lost in lost_links(path)] == []


def test_files_that_are_named_exist() -> None:
    assert [(name_of(path), lost) for path in TEXTS for lost in lost_files(path)] == []


def test_a_link_and_a_file_that_are_not_there_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[there](page.md) [gone](gone.md#part), `models/fleet/fleet.py`, `models/fleet/gone.py`", "utf-8")
    assert (lost_links(page), lost_files(page)) == (["gone.md"], ["models/fleet/gone.py"])


@cache
def reached() -> frozenset[Path]:
    """Pages that links lead to from the first one."""
    seen, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page.is_dir():
            waiting += page.glob("*.md")
        elif page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            links = LINK.findall(prose(page.read_text(encoding="utf-8")))
            waiting += [page.parent / link.split("#")[0] for link in links if "://" not in link]
    return frozenset(seen)


def test_every_page_is_reached_from_the_index() -> None:
    assert [name_of(path) for path in TEXTS if path.resolve() not in reached()] == []


SPOKEN = re.compile(r"(?:`|^ {4})(python -m|testbed|make) ([a-z][\w.-]*)", re.MULTILINE)
"""A command in backticks or at the beginning of a block, and its first word."""


def unknown_commands(text: str) -> list[str]:
    """Commands of a text that nobody could give: modules, subcommands and targets that are not there."""
    targets = re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE)
    there = {"python -m": lambda word: (ROOT / word.replace(".", "/")).with_suffix(".py").exists()
             or (ROOT / word.replace(".", "/") / "__main__.py").exists() or word in ("pip", "pytest"),
             "testbed": COMMANDS.__contains__, "make": targets.__contains__}
    return [f"{program} {word}" for program, word in SPOKEN.findall(text) if not there[program](word.rstrip("."))]


def test_commands_that_are_named_exist() -> None:
    """Outside of captions, which name the command of their day."""
    assert [(name_of(path), command) for path in TEXTS
            for command in unknown_commands(without_blocks(path.read_text(encoding="utf-8")))] == []


def test_a_command_that_does_not_exist_is_found() -> None:
    text = "`testbed lst x`, `make tea`\n    python -m experiments.gone\n`testbed list`, make up, `make docs`"
    assert unknown_commands(text) == ["testbed lst", "make tea", "python -m experiments.gone"]


# ---------------------------------------------------------------- equations
@cache
def defined_in(folders: tuple[str, ...]) -> frozenset[str]:
    """Names of all functions, methods (also as Class.method) and classes in these packages, by reading alone."""
    names: set[str] = set()
    for file in (file for folder in folders for file in ROOT.glob(f"{folder}/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return frozenset(names)


EQUATION_ROWS = [row for row in rows_of(text_of("docs/equations.md")) if len(row) == 3]


def test_every_equation_names_a_function_and_a_test_that_exist() -> None:
    assert len(EQUATION_ROWS) > 100
    for row in EQUATION_ROWS:
        _, functions, tests = (QUOTED.findall(cell) for cell in row)
        assert functions and tests, row[0]
        assert [name for name in functions if name not in defined_in(PACKAGES)] == [], row[0]
        lost = [name for name in tests if not name.startswith("test_") or name not in defined_in(("tests",))]
        assert lost == [], row[0]


@cache
def used_in_packages() -> frozenset[str]:
    """Names that some code reads, calls or lists: plain, of an imported module, or of an object as `.name`."""
    names: set[str] = set()
    for file in (file for folder in PACKAGES for file in ROOT.glob(f"{folder}/**/*.py")):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        modules = {alias.asname or alias.name.rpartition(".")[2] for node in nodes
                   if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
        names |= {node.id for node in nodes if isinstance(node, ast.Name)}
        for node in (node for node in nodes if isinstance(node, ast.Attribute)):
            is_of_module = isinstance(node.value, ast.Name) and node.value.id in modules
            names.add(node.attr if is_of_module else f".{node.attr}")
    return frozenset(names)


@cache
def plain_functions() -> frozenset[str]:
    """Names of functions that stand in no class."""
    return frozenset(node.name for folder in PACKAGES for file in ROOT.glob(f"{folder}/**/*.py")
                     for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef))


def test_every_function_of_an_equation_is_used() -> None:
    """By a run, an experiment or a check: an equation that only its own test computes is none of the testbed's."""
    named = {name for row in EQUATION_ROWS for name in QUOTED.findall(row[1])} - published()
    plain = named & plain_functions()
    terms = {function.__name__ for function in PLANNED.values()}  # the objective asks for each by its name
    assert plain - used_in_packages() - terms == set()
    of_classes = {name: {name.rpartition(".")[2], f".{name.rpartition('.')[2]}"} for name in named - plain}
    assert [name for name, forms in of_classes.items() if not forms & used_in_packages()] == []


def published() -> set[str]:
    """Functions of figures, which the registry calls."""
    return {metric.function.__name__ for metric in METRICS.values()}


@cache
def equation_functions() -> set[str]:
    """Functions whose docstring begins with an equation's number, e.g. `(U1)` or `(12)`."""
    numbered = re.compile(r"^\(([UJ]\d+\w?|\d+|F\d[^)]*)\)")
    names = set()
    for file in ROOT.glob("controllers/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and numbered.match(ast.get_docstring(node) or ""):
                names.add(node.name)
    return names


def test_every_numbered_equation_is_in_the_table() -> None:
    in_table = {name for row in EQUATION_ROWS for name in QUOTED.findall(row[1])}
    composed = {"bare_network"}  # nothing but equations (1) to (6) together
    assert len(equation_functions()) > 25
    assert equation_functions() - composed - in_table == set()


# ---------------------------------------------------------------- lists that must not fall behind
def test_every_figure_is_explained_with_its_unit() -> None:
    rows = {QUOTED.findall(row[0])[0]: row for row in rows_of(text_of("docs/results.md"))
            if len(row) == 3 and QUOTED.findall(row[0])}
    missing = [name for name, metric in METRICS.items()
               if name not in rows or rows[name][1] != metric.unit or rows[name][2] != metric.definition]
    assert missing == []


def test_every_recorded_variable_is_in_the_list() -> None:
    rows = {row[0].strip("`"): row[1:] for row in rows_of(text_of("docs/results.md")) if len(row) == 4}
    missing = [a.name for a in ATTRIBUTES if a.recorded and not a.is_record
               and rows.get(a.name) != [", ".join(("time", *a.dims)), a.unit, a.long_name]]
    assert missing == []


def test_every_key_of_the_drivers_is_explained() -> None:
    text = text_of("docs/drivers.md")
    names = [*Drivers.model_fields, *behaviour_names()]
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize(("kind", "name"), [("controllers", "docs/controllers.md"), ("scenarios", "docs/scenarios.md")])
def test_everything_that_can_be_chosen_is_listed(kind: str, name: str) -> None:
    assert [member for member in catalogue(kind) if f"`{member}`" not in text_of(name)] == []


def test_every_block_of_a_scenario_is_explained() -> None:
    text = text_of("docs/scenarios.md")
    assert [name for name in Scenario.model_fields if f"`{name}`" not in text] == []


# ---------------------------------------------------------------- programs
PROGRAMS = [(name, code) for name in ("README.md", "docs/controllers.md") for code in PROGRAM.findall(text_of(name))]
CHEAP = ("planning.mip_gap=0.1", "planning.tangents=2")


def controller_in(code: str) -> ast.ClassDef:
    """The last class of a program: its controller."""
    return [node for node in ast.parse(code).body if isinstance(node, ast.ClassDef)][-1]


@pytest.mark.parametrize(("name", "code"), [
    pytest.param(name, code, marks=[] if name == "README.md" else [pytest.mark.slow],
                 id=f"{name}-{controller_in(code).name}") for name, code in PROGRAMS])
def test_controllers_in_the_texts_run(name: str, code: str, tmp_path: Path) -> None:
    kind = controller_in(code)
    plans_itself = any(isinstance(part, ast.FunctionDef) and part.name == "temporal" for part in kind.body)
    if not plans_itself:  # the lower layer is the point: any plan will do
        code += ("\n\nfrom tests.testbed.plain_controller import AllUnitsOn\n"
                 f"{kind.name}.temporal = lambda self, knowledge: AllUnitsOn(knowledge)\n")
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    path = small_run.run(tmp_path, *CHEAP, controller=f"{tmp_path / 'mine.py'}:{kind.name}")
    result = open_result(path)
    assert result.status == "completed"
    assert sum(result.district(d, "instructed_count").sum() for d in result.districts) > 0


@pytest.mark.slow
def test_results_are_read_as_the_text_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    code, = PROGRAM.findall(text_of("docs/results.md"))
    small_run.run(tmp_path, *CHEAP, name="results/smoke/bilayer-seed1.h5")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/results.md", "exec"), {})
    lowest_pu, highest_mw, unit = capsys.readouterr().out.split()
    assert (0.9 < float(lowest_pu) < 1.0, float(highest_mw) > 1000, unit) == (True, True, "pu")


def test_every_benchmark_of_the_page_of_speed_is_explained_there() -> None:
    text = text_of("benchmarks/page.py")
    apart = set(re.findall(r'"(\w+)"', text.partition("NO_SECTION = (")[2].partition(")")[0]))
    rows = {QUOTED.findall(row[0])[0] for row in rows_of(text_of("docs/performance.md")) if QUOTED.findall(row[0])}
    assert rows == {file.stem for file in ROOT.glob("benchmarks/*.py")} - apart
