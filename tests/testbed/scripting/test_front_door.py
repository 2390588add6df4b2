"""`import testbed as tb`: its examples run, and what runs is the object given, wherever the script stands."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import runpy
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import testbed as tb
from testbed.results.equality import equal_results
from testbed.results.reading import open_result
from testbed.running.preflight import run_request
from testbed.scenario import loading
from testbed.scenario.plain_yaml import plain
from testbed.scripting.scenario import whole
from testbed.scripting.study import _plain
from testbed.sweeping.sweep import sweep_request
from tests.testbed import small_run
from tests.testbed.cli_runs import call

ROOT = Path(__file__).parents[3]
ORDER = ("Scenario.with_", "run", "compare", "Run", "Comparison", "load", "check", "sweep")
"""In which the examples build upon one another."""
CHEAP = ("step_s: 3600", "warmup_controlled_days: 0", "planning: {expectation: sampled, expectation_days: 2, "
         "expectation_vehicles_max: 20, redispatch: none}")
CLASS = '''
from dataclasses import dataclass
from tests.testbed.plain_controller import AllUnitsOn, Plain

@dataclass
class Mine(Plain):
    name = "mine"
    high: float = 1.0

    def temporal(self, knowledge):
        return Part(knowledge, self.high)

class Part(AllUnitsOn):
    def __init__(self, knowledge, high):
        super().__init__(knowledge)
        self.high = high

    def discharging_kw(self, view):
        return tuple(self.high * d.pd_max_kw / 9 for d in view.districts)
'''
PROGRAM = CLASS + '''
import testbed as tb
print("once")
r = tb.run("cheap.yaml", Mine(high=0.5), output="from_{place}.h5")
r.metrics, r.report()
print(r.controller, r.to_xarray().sizes["time"], "bus" in r.to_xarray("rest").sizes)
'''


@pytest.fixture
def cheap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a cheap day in cheap.yaml."""
    text = "\n".join(("extends: smoke", *CHEAP, f"execution: {{cache_dir: {small_run.shared_cache(tmp_path)}}}"))
    (tmp_path / "cheap.yaml").write_text(text)
    (tmp_path / "mine.py").write_text(CLASS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def stand_in(cheap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on `smoke` is the cheap day."""
    folder = cheap / "scenarios"
    folder.mkdir()
    real = loading.SCENARIOS / "smoke.yaml"
    (folder / "smoke.yaml").write_text((cheap / "cheap.yaml").read_text().replace("extends: smoke", f"extends: {real}"))
    monkeypatch.setattr(loading, "SCENARIOS", folder)


# ---------------------------------------------------------------- examples
@pytest.mark.slow
def test_the_examples_of_all_docstrings_give_what_they_say(cheap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`smoke` stands for the cheap day here: the examples show nothing that the length of a step would change."""
    stand_in(cheap, monkeypatch)
    runner, finder = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS), doctest.DocTestFinder()
    seen = {}
    for name in dict.fromkeys(tb.PLACES.values()):
        module = importlib.import_module(f"testbed.{name}")
        seen |= {found.name.removeprefix(f"testbed.{name}."): found for found in finder.find(module) if found.examples}
    assert set(seen) == set(ORDER)
    said: list[str] = []
    for name in ORDER:
        runner.run(seen[name], out=said.append)
    assert "".join(said) == "" and runner.tries > len(ORDER)


@pytest.mark.slow
def test_the_programs_of_the_page_run_one_after_another(cheap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(cheap, monkeypatch)
    programs = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "python.md").read_text(), re.MULTILINE | re.DOTALL)
    (cheap / "page.py").write_text("".join(programs).replace('workers=2', 'workers=1'))
    space: dict[str, object] = runpy.run_path("page.py", run_name="__main__")
    assert len(programs) == 3 and set(space["done"].table.status) == {"completed"}  # type: ignore[attr-defined]
    assert (cheap / "results" / "smoke" / "timid-share=0.8-seed1.h5").is_file()


def test_every_name_of_the_door_is_there_and_others_are_told() -> None:
    assert [name for name in tb.__all__ if not callable(getattr(tb, name))] == [] and set(tb.__all__) <= set(dir(tb))
    with pytest.raises(AttributeError, match="has no attribute 'rnu'; it has Comparison, Run,"):
        _ = tb.rnu


# ---------------------------------------------------------------- the object given is the one that runs
@pytest.fixture
def by_command(cheap: Path) -> Path:
    done = call("run", "cheap.yaml", "--controller", "mine.py:Mine(high=0.5)", "-o", cheap / "by_command.h5")
    assert done.exit_code == 0, done.stderr
    return cheap / "by_command.h5"


@pytest.mark.slow
def test_a_script_standard_input_and_pytest_give_the_commands_result(cheap: Path, by_command: Path) -> None:
    (cheap / "script.py").write_text(PROGRAM.format(place="script"))
    for words, given in ((["script.py"], None), (["-"], PROGRAM.format(place="stdin"))):
        done = subprocess.run([sys.executable, *words], input=given, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.split()) == (0, ["once", "mine(high=0.5)", "24", "True"]), done.stderr
    space: dict[str, object] = {}
    exec(CLASS, space)
    tb.run("cheap.yaml", space["Mine"](high=0.5), output="from_pytest.h5")  # type: ignore[operator]
    for place in ("script", "stdin", "pytest"):
        assert equal_results(by_command, cheap / f"from_{place}.h5") == []
    result = open_result(by_command)
    assert (result.controller, result.controller_parameters) == ("mine(high=0.5)", {"high": 0.5})
    tb.run("cheap.yaml", space["Mine"](high=1.0), output="other.h5")  # type: ignore[operator]
    assert equal_results(by_command, cheap / "other.h5") != []


IN_WORKERS = CLASS + '''
import testbed as tb
print("once")
both = tb.compare("cheap.yaml", [Mine(high=0.5), Mine()], workers=2, output="both")
study = {"scenario": "cheap.yaml", "controllers": [Mine(high=0.5)], "seeds": [1], "metrics": ["charged_mwh"]}
done = tb.sweep(study, workers=1, output="study")
print(both.folder, [run.path.name for run in both], done.table.status.tolist())
again = tb.sweep(study, workers=1, output="study", progress=False)
print(next(again.runs).path)
'''


@pytest.mark.slow
def test_worker_processes_get_classes_of_a_script_without_a_guard(cheap: Path, by_command: Path) -> None:
    (cheap / "script.py").write_text(IN_WORKERS)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    once, told, case = done.stdout.splitlines()
    assert (once, told) == ("once", "both ['mine-high=0.5-seed1.h5', 'mine-seed1.h5'] ['completed']")
    for path in (cheap / "both" / "mine-high=0.5-seed1.h5", Path(case)):
        assert equal_results(by_command, path) == []


@pytest.mark.slow
def test_a_notebook_gives_the_commands_result_and_shows_how_far_it_is(
        cheap: Path, by_command: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415

    from tests.test_notebooks import _kernel  # noqa: PLC0415

    monkeypatch.setenv("IPYTHONDIR", str(cheap / "ipython"))
    cells = [nbformat.v4.new_code_cell(text) for text in (CLASS, PROGRAM.removeprefix(CLASS).format(place="notebook"))]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name=_kernel(cheap, monkeypatch), resources={"metadata": {"path": str(cheap)}},
                   timeout=300).execute()
    assert equal_results(by_command, cheap / "from_notebook.h5") == []
    shown = [out.data["text/plain"] for out in cells[1].outputs if out.output_type == "display_data"]
    assert len(shown) == 1 and "mine(high=0.5) seed 1: " in shown[0] and "h simulated" in shown[0]


# ---------------------------------------------------------------- what is wrong is told
def test_all_mistakes_are_told_and_nothing_is_written(cheap: Path) -> None:
    before = sorted(cheap.iterdir())
    with pytest.raises(tb.WrongRequest) as wrong:
        tb.run("cheap.yaml", "mine.py:Mine(hihg=1)", output="x.txt", plan="no.h5")
    assert len(wrong.value.mistakes) == 3 and "did you mean high?" in str(wrong.value)
    with pytest.raises(tb.WrongRequest, match=r"must be a plain value"):
        tb.Scenario.load("cheap.yaml").with_({"seed": object()})
    with pytest.raises(tb.WrongRequest, match=r"(?s)seed = -1.*fleet.trip .*did you mean trips"):
        tb.Scenario.load("cheap.yaml").with_({"fleet.trip": "survey", "seed": -1})
    with pytest.raises(tb.WrongRequest, match="is not a controller"):
        tb.compare("cheap.yaml", [object()])  # type: ignore[list-item]
    with pytest.raises(tb.WrongRequest, match=r"study.*scenario.*"):
        tb.sweep({"controllers": ["no_pev"]})
    with pytest.raises(tb.WrongRequest, match=r"(?s)seeds=\[1, 2\]: must be a whole.*workers=0: must be.*'bilyer'"):
        tb.compare("cheap.yaml", "bilyer", seeds=[1, 2], workers=0)  # type: ignore[arg-type]
    with pytest.raises(tb.WrongRequest, match="workers=0: must be a whole number above 0"):
        tb.sweep({"scenario": "cheap.yaml", "controllers": ["no_pev"]}, workers=0)
    with pytest.raises(tb.WrongRequest, match="--case '': is empty"):
        tb.sweep({"scenario": "cheap.yaml", "controllers": ["no_pev"]}, cases=[1, ""])
    with pytest.raises(tb.WrongRequest, match=r"<object object.*: no such scenario"):
        tb.sweep({"scenario": object(), "controllers": ["no_pev"]})
    assert sorted(cheap.iterdir()) == before


def test_what_users_of_python_have_in_the_place_of_plain_data_is_taken(cheap: Path) -> None:
    day = tb.Scenario.load(cheap / "cheap.yaml").with_({"planning.mip_gap": np.float64(1e-7)})
    assert json.dumps({"day": date(2016, 1, 14)}, default=plain) == '{"day": "2016-01-14"}'
    study = {"scenario": day, "controllers": ("no_pev",), "seeds": range(2, 4), "set": {"drivers.enrolled_share": 0.5},
             "grid": {"objective.wear_usd_per_mwh": np.linspace(0, 50, 3), "step_s": [np.int64(900)]}}
    cases = sweep_request(_plain(study), cheap / "out").cases
    assert [(case.seed, case.point) for case in cases[:3]] == [(2, ("0.0", "900")), (3, ("0.0", "900")),
                                                               (2, ("25.0", "900"))]
    keys = json.loads(cases[0].scenario_json)
    assert (keys["planning"]["mip_gap"], keys["step_s"]) == (1e-7, 900)
    assert run_request("cheap.yaml", "no_pev", whole(np.int64(3))).seeds == (3,)


def test_replaced_keys_are_those_of_the_command(cheap: Path) -> None:
    """A driver profile starts its block anew and asks for its days, as with --set."""
    made = tb.Scenario.load("smoke").with_({"drivers.profile": "home"}).with_({"drivers.enrolled_share": 0.5})
    asked = loading.load_scenario("smoke", ("drivers.profile=home", "drivers.enrolled_share=0.5"))
    assert made.keys == asked and made.keys.days == 7
    small = tb.Scenario.load("smoke").with_({"planning.mip_gap": 1e-7, "seed": 3})
    assert (small.keys.planning.mip_gap, small.keys.seed) == (1e-7, 3)


def test_a_strangers_package_of_our_names_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    done = subprocess.run([sys.executable, "-c", "import testbed"], cwd=tmp_path, capture_output=True, text=True,
                          env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 1
    assert "ImportError: the testbed's own package `models`" in done.stderr and str(tmp_path / "models") in done.stderr
