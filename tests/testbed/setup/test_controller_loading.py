"""A controller is a registered name, or a class in a file of the user's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from controllers.base import BaseController
from controllers.port import SpatialKnowledge, SpatialLayer
from controllers.spatial.none import NoDispatch
from testbed.setup import controller_loading as loading
from testbed.setup.controller_loading import ControllerError, controller_spec, load_controller, variants

ROOT = Path(loading.__file__).parents[2]
OWN = '''
from dataclasses import dataclass

class Mine:
    name = "mine"
    description = "does nothing"
    free_behaviour = "on_arrival"
    has_vehicles = True
    car_control = "none"

    def temporal(self, knowledge):
        return None

    def spatial(self, knowledge):
        return None


@dataclass(frozen=True)
class Half:
    name: str = "half"
    car_control: str = "sideways"

    def temporal(self, knowledge):
        return None


class Unsafe(Mine):
    name = "../mine"


class Deaf(Mine):
    spatial = None


class Vague(Mine):
    sees_feeders = "sometimes"


class Prophet(Mine):
    knows_truth = True


class Broken(Mine):
    def __init__(self):
        raise OSError("no licence")
'''
VARIANT = '''
class A{0}:
    name = "{0}"
    description = ("one text in "
                   "two pieces")
'''


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    return file


def test_registered_names_are_those_of_the_files() -> None:
    known = variants()
    files = {file.name for file in loading.VARIANTS.glob("*.py")} - {"__init__.py"}
    assert {variant.file.name for variant in known.values()} == files
    assert {"no_pev", "uncoordinated", "tariff", "smart_charging", "temporal", "bilayer"} <= known.keys()
    assert list(known) == sorted(known) == list(loading.controller_names())
    assert all(variant.description for variant in known.values())


def test_names_are_read_without_importing_any_variant() -> None:
    code = ("import sys; from testbed.setup.controller_loading import controller_names; controller_names(); "
            "print([m for m in sys.modules if m.startswith('controllers.variants') or m == 'cvxpy'])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_every_registered_name_loads_as_itself() -> None:
    for name in loading.controller_names():
        controller = load_controller(name)
        assert controller.name == name
        assert controller_spec(controller) == name


def test_an_own_file_needs_no_registration(own: Path) -> None:
    controller = load_controller(f"{own}:Mine")
    assert controller.name == "mine"
    assert "mine" not in loading.controller_names()


def test_the_spec_of_an_own_controller_loads_it_again_from_elsewhere(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = controller_spec(load_controller("mine.py:Mine"))
    code = f"from testbed.setup.controller_loading import load_controller; print(load_controller({spec!r}).name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "mine"


def test_an_edited_own_file_takes_effect(own: Path) -> None:
    load_controller(f"{own}:Mine")
    own.write_text(OWN.replace('name = "mine"', 'name = "other"'))
    assert load_controller(f"{own}:Mine").name == "other"


def test_what_a_controller_leaves_unsaid_is_known_all_the_same(own: Path) -> None:
    """A whole class of a user's own has a lower layer; one upon BaseController has it if it writes one."""
    mine = load_controller(f"{own}:Mine")
    assert mine.places_cars
    assert not (mine.learns_compliance or mine.sees_feeders or mine.promises_safely or mine.knows_truth)
    assert {name: load_controller(name).places_cars for name in ("uncoordinated", "tariff", "no_pev", "temporal",
                                                                 "bilayer", "smart_charging", "joint")} == {
        "uncoordinated": False, "tariff": False, "no_pev": False, "temporal": True, "bilayer": True,
        "smart_charging": True, "joint": True}

    class Silent(BaseController):
        places_cars = False

        def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
            return NoDispatch(knowledge)

    assert not Silent().places_cars


@pytest.mark.parametrize(("spec", "words"), [
    ("bilyer", ["'bilyer' is not known", "did you mean bilayer?", "no_pev", "path/to/file.py:Class"]),
    ("{folder}/none.py:Mine", ["no such file", "none.py"]),
    ("{folder}/mine.py:Yours", ["no class Yours", "Mine, Half, Unsafe, Deaf, Vague, Prophet, Broken"]),
    ("{folder}/mine.py", ["name the class", "Mine, Half, Unsafe, Deaf, Vague, Prophet, Broken"]),
    ("{folder}/mine.py:OWN", ["no class OWN"]),
    ("{folder}/mine.py:Half", ["not a controller", "lacks free_behaviour, has_vehicles, description, spatial",
                               "car_control='sideways', allowed: none, charge_only, bidirectional"]),
    ("{folder}/mine.py:Unsafe", ["name='../mine'", "files are named after it"]),
    ("{folder}/mine.py:Deaf", ["spatial must be a method"]),
    ("{folder}/mine.py:Vague", ["sees_feeders='sometimes', allowed: True, False"]),
    ("{folder}/mine.py:Prophet", ["knows_truth=True, allowed: False", "registered controllers see"]),
    ("{folder}/mine.py:Broken", ["Broken() failed: ", "mine.py:45: OSError: no licence"]),
])
def test_a_mistake_says_what_is_allowed(own: Path, spec: str, words: list[str]) -> None:
    with pytest.raises(ControllerError) as caught:
        load_controller(spec.format(folder=own.parent))
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(("text", "word"), [("def f(:\n", "SyntaxError"), ("import no_such_module\n", "no_such")])
def test_a_file_that_cannot_be_imported_says_why_and_leaves_no_module(
    tmp_path: Path, text: str, word: str
) -> None:
    file = tmp_path / "bad.py"
    file.write_text(text)
    with pytest.raises(ControllerError, match=word):
        load_controller(f"{file}:Any")
    assert not any(getattr(module, "__file__", None) == str(file) for module in sys.modules.values())


def test_a_variant_file_defines_exactly_one_controller(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(VARIANT.format("one"))
    assert variants(tmp_path)["one"].description == "one text in two pieces"
    (tmp_path / "two.py").write_text(VARIANT.format("b") + VARIANT.format("c"))
    with pytest.raises(ControllerError, match=r"two.py.*exactly one.*Ab, Ac"):
        variants(tmp_path)
    (tmp_path / "two.py").write_text("x = 1\n")
    with pytest.raises(ControllerError, match=r"two.py.*exactly one.*none"):
        variants(tmp_path)
    (tmp_path / "two.py").write_text(VARIANT.format("one"))
    with pytest.raises(ControllerError, match=r"'one' is taken by .*one.py already"):
        variants(tmp_path)
    (tmp_path / "two.py").write_text("class\n")
    with pytest.raises(ControllerError, match=r"two.py:1: is not Python"):
        variants(tmp_path)
