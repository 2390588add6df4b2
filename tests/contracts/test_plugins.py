"""An installed package adds kinds by entry points: list, check and run know them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.registry import RegistryError
from models.wear import WEAR_MODELS
from testbed.results.reading import open_result
from testbed.setup.controller_loading import ControllerError, controller_spec, load_controller, variants
from testbed.sweeping.study import _identity
from tests.contracts.test_adding_is_a_file import NETWORK, WEAR
from tests.testbed import small_run

ROOT = Path(__file__).parents[2]
CONTROLLERS = '''
from dataclasses import dataclass
from tests.testbed.plain_controller import Plain

@dataclass
class Installed(Plain):
    name = "installed"
    description = "of another package"
    high: float = 0.5
    """A number."""

class Prophet(Plain):
    name = "prophet"
    knows_truth = True
'''
BEHAVIOUR = '''
from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(10, "sleeps", "the driver sleeps", "nothing", "nothing", drawn="never")
'''
POINTS = """
[testbed.controllers]
installed = extra_kinds.own:Installed
prophet = extra_kinds.own:Prophet
[testbed.wear_models]
lasting = extra_kinds.wear
[testbed.network_sources]
five = extra_kinds.net
[testbed.behaviours]
sleeps = extra_kinds.sleeps
"""


@pytest.fixture
def name(tmp_path: Path) -> str:
    """Of the package: another in each test, for modules are remembered."""
    return f"extra_{re.sub(r'[^a-z0-9]', '_', tmp_path.name)}"


@pytest.fixture
def installed(tmp_path: Path, name: str) -> Path:
    """A folder in which Python finds a package with entry points."""
    package, about = tmp_path / "site" / name, tmp_path / "site" / "extra_kinds-2.5.dist-info"
    for folder in (package, about):
        folder.mkdir(parents=True)
    files = {"__init__": "", "own": CONTROLLERS, "wear": WEAR, "net": NETWORK, "sleeps": BEHAVIOUR}
    for file, text in files.items():
        (package / f"{file}.py").write_text(text)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-kinds\nVersion: 2.5\n")
    (about / "entry_points.txt").write_text(POINTS.replace("extra_kinds", name))
    return package.parent


SAY = """
from testbed.cli.catalogue import catalogue
from testbed.wiring.code_version import code_hash
from models.plugins import packages
for kind in ("controllers", "wear-models", "networks", "drivers"):
    print(kind, {name: text for name, text in catalogue(kind).items() if name in
                 ("installed", "lasting2026", "five_in_a_row", "sleeps")})
print(packages())
"""


def test_all_kinds_are_listed(installed: Path) -> None:
    path = os.pathsep.join([str(installed), str(ROOT)])
    done = subprocess.run([sys.executable, "-c", SAY], env={**os.environ, "PYTHONPATH": path}, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    for words in ("'installed': 'of another package; high=0.5: A number.'", "a lasting cell", "five buses in a row",
                  "the driver sleeps", "('extra-kinds==2.5',)"):
        assert words in done.stdout


def test_an_added_controller_runs_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                              name: str) -> None:
    monkeypatch.syspath_prepend(installed)
    assert variants()["installed"].module == f"{name}.own" and "lasting2026" in WEAR_MODELS
    assert controller_spec(load_controller("installed(high=0.7)")) == "installed"
    assert _identity("installed(high=0.7)").endswith(":Installed(high=0.7)")
    result = open_result(small_run.run(tmp_path, controller="installed(high=0.7)"))
    assert (result.controller, result.status) == ("installed(high=0.7)", "completed")


def test_an_added_controller_is_given_no_truth(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(installed)
    with pytest.raises(ControllerError, match="knows_truth=True, allowed: False"):
        load_controller("prophet")


def test_an_entry_point_that_leads_nowhere_is_named(installed: Path, name: str,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    (installed / name / "wear.py").write_text("")
    text = POINTS.replace("own:Installed", "own").replace("extra_kinds", name)
    (installed / "extra_kinds-2.5.dist-info" / "entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(installed)
    with pytest.raises(ControllerError, match=r"entry point installed of testbed.controllers: .*own must be"):
        variants()
    with pytest.raises(RegistryError, match=r"wear.py: must declare WEAR_MODEL"):
        list(WEAR_MODELS)
