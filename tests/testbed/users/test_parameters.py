"""Parameters of a controller: what a class takes, what may be written, how it is told."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field
from typing import Any, Literal

import numpy as np
import pytest

from controllers.base import BaseController
from testbed.running.preflight import compare_request, run_request
from testbed.setup.controller_loading import ControllerError, load_controller
from testbed.setup.given_controllers import given, label_of, words_of
from testbed.sweeping.study import _identity
from testbed.sweeping.sweep import sweep_request
from testbed.users.parameters import (
    ParameterError,
    allowed,
    called,
    file_words,
    fits,
    listed,
    made,
    parameters_of,
    unusual,
    values_of,
)

MINE = '''
from __future__ import annotations
from dataclasses import dataclass
from typing import Literal
from controllers.base import BaseController

@dataclass
class Price(BaseController):
    """Charges below a price."""
    name = "price"
    description = "charges below a price"
    high: float = 0.2
    """Price [USD/kWh] above which
    nobody charges."""
    hours: int = 3
    mode: Literal["fast", "slow"] = "slow"

    def __post_init__(self):
        self.twice = 2 * self.high
        if self.high < 0:
            raise ValueError(f"high={self.high} is below 0")
'''


@dataclass(frozen=True)
class Priced(BaseController):
    name = "priced"
    description = "for tests"
    low: float
    """Price in USD/kWh."""
    high: float | None = None
    mode: Literal["fast", "slow"] = "slow"
    loud: bool = False


@pytest.fixture
def price(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    return f"{tmp_path / 'mine.py'}:Price"


def test_a_class_tells_its_parameters_with_types_defaults_and_words():
    known = parameters_of(Priced)
    assert [parameter.words for parameter in known.values()] == ["low", "high=None", "mode='slow'", "loud=False"]
    assert (known["low"].kind, known["low"].what, known["high"].what) == (float, "Price in USD/kWh.", "")
    assert parameters_of(BaseController) == {}


def test_those_of_a_file_are_made_recorded_and_told(price):
    mine = load_controller(f"{price}(high=1, mode=fast)")
    assert (mine.high, type(mine.high), mine.hours, mine.mode) == (1.0, float, 3, "fast")
    assert values_of(mine) == {"high": 1.0, "hours": 3, "mode": "fast"}
    assert unusual(mine) == {"high": 1.0, "mode": "fast"}
    assert label_of(mine) == "price(high=1.0, mode='fast')"
    assert words_of(mine) == f"{price}(high=1.0, mode='fast')"
    assert words_of(load_controller(words_of(mine))) == words_of(mine)
    assert label_of(load_controller(f"{price}(hours=3)")) == "price"
    assert parameters_of(type(mine))["high"].what == "Price [USD/kWh] above which nobody charges."


@pytest.mark.parametrize(("brackets", "words"), [
    ("(hihg=1)", r"hihg is no parameter of Price \(did you mean high\?\); it takes high=0.2, hours=3, mode='slow'"),
    ("(high='x')", "high='x': must be a number"),
    ("(high=True)", "high=True: must be a number"),
    ("(hours=1.5)", "hours=1.5: must be a whole number"),
    ("(mode=quick)", "mode='quick': must be 'fast' or 'slow'"),
    ("(hours=0.5, mode=1)", "hours=0.5: must be a whole number; mode=1: must be 'fast' or 'slow'"),
    ("(high=-1)", r"Price\(\) failed: mine.py:\d+: ValueError: high=-1.0 is below 0"),
    ("(0.1)", "in brackets stand parameters as key=value"),
    ("(high=[1])", "in brackets stand parameters as key=value"),
    ("(high=1", "no such file|must read NAME")])
def test_what_is_wrong_with_them_is_told(price, brackets, words, monkeypatch):
    monkeypatch.chdir(price.rpartition("/")[0])
    with pytest.raises(ControllerError, match=words):
        load_controller(price + brackets)


def test_a_parameter_without_default_must_be_given():
    with pytest.raises(ParameterError, match="low must be given: a number"):
        made(Priced, {})
    assert made(Priced, {"low": 1}).low == 1.0 and made(Priced, {"low": 1, "high": None}).high is None
    with pytest.raises(ParameterError, match="loud=1: must be True or False"):
        made(Priced, {"low": 1, "loud": 1})


@pytest.mark.parametrize(("kind", "fitting", "wrong", "words"), [
    (float | None, (1, 0.5, None), ("x", True, float("nan")), "a number or None"),
    (Literal["fast", 1], ("fast", 1), ("slow", True, 1.0), "'fast' or 1"), (int, (3,), (3.0, True), "a whole number"),
    (Any, (1, "x", None, False), ([1], object()), "a plain value"),
    (np.ndarray, (np.ones(2),), (1.0, [1.0]), "ndarray")])
def test_what_fits_a_type_is_told_in_its_words(kind, fitting, wrong, words):
    assert all(fits(kind, value) for value in fitting)
    assert not any(fits(kind, value) for value in wrong)
    assert allowed(kind) == words


@pytest.mark.parametrize("text", ["a(**x)", "a(x=1", "a(x=[1])", "a(1)", "a(x=)"])
def test_brackets_that_hold_something_else_are_told(text):
    with pytest.raises(ParameterError, match=r"in brackets stand parameters as key=value|must read NAME"):
        called(text)


def test_a_registered_controller_without_parameters_says_so():
    with pytest.raises(ControllerError, match="high is no parameter of NoPev; it takes no parameters"):
        load_controller("no_pev(high=1)")


def test_lists_are_split_outside_brackets_and_quotes():
    assert listed("a, mine.py:B(x=1, y='(,'),c(t=\"'\") ,,") == ["a", "mine.py:B(x=1, y='(,')", "c(t=\"'\")"]
    assert called("/a (1)/mine.py:B(x=-1)") == ("/a (1)/mine.py:B", {"x": -1})
    assert called("bilayer") == ("bilayer", {})


def test_file_names_hold_no_brackets_and_tell_labels_apart():
    assert file_words("price(high=0.1, low=2)") == "price-high=0.1-low=2"
    assert file_words("bilayer") == "bilayer"
    assert file_words("a(t='x/y')") != file_words("a(t='x y')") and "/" not in file_words("a(t='x/y')")


def test_a_case_of_a_study_is_known_by_them(price):
    first, second = (_identity(f"{price}(high={high})") for high in (0.1, 0.3))
    assert first != second and first.startswith(second.partition("(")[0])


CHANGED = '''
from dataclasses import dataclass, field
from controllers.base import BaseController

@dataclass
class Dear(BaseController):
    name = "dear"
    description = "keeps a price in another unit than it is given"
    high: float = 0.1
    seen: list = field(default_factory=list)

    def __post_init__(self):
        self.high = 1000 * self.high

class Secret(BaseController):
    name = "secret"
    description = "keeps a parameter under another name"
    def __init__(self, high: float = 0.1):
        self._high = high
'''


@pytest.fixture
def changed(tmp_path):
    (tmp_path / "changed.py").write_text(CHANGED)
    return f"{tmp_path / 'changed.py'}:"


def test_what_is_made_again_elsewhere_gets_what_was_given(changed):
    spec = f"{changed}Dear(high=1)"
    assert run_request("smoke", spec).given == (f"{changed}Dear(high=1.0)",)
    assert compare_request("smoke", [spec, f"{changed}Dear"]).given == (f"{changed}Dear(high=1.0)", f"{changed}Dear")
    assert run_request("smoke", f"{changed}Dear", overrides=["controllers.dear.high=2"]).given == (
        f"{changed}Dear(high=2.0)",)
    case, = sweep_request({"scenario": "smoke", "controllers": [spec]}).cases
    assert case.spec == f"{changed}Dear(high=1.0)"
    assert load_controller(case.spec).high == load_controller(spec).high == 1000


def test_the_process_of_a_simulator_gets_an_equal_one(changed, tmp_path):
    apart = run_request("smoke", "no_pev", overrides=["execution.mode=separate_processes"]).scenario.execution
    with given(load_controller(f"{changed}Dear(high=1)"), apart, tmp_path) as how:
        assert how.pickled is not None  # of `Dear(high=1000.0)` another would come


def test_a_parameter_that_no_result_could_tell_is_refused(changed):
    with pytest.raises(ControllerError, match=r"Secret keeps no high; .* \(self.high = high\)"):
        load_controller(f"{changed}Secret(high=0.3)")
    assert load_controller(f"{changed}Secret").name == "secret"


@dataclass
class Wide(BaseController):
    name = "wide"
    description = "for tests"
    share: float = 0.5
    shares: Any = field(default_factory=lambda: np.zeros(2))
    notes: list[str] = field(default_factory=list)


def test_values_of_any_type_are_told_as_they_are():
    assert label_of(Wide()) == "wide" and label_of(Wide(np.float64(0.25))) == "wide(share=0.25)"
    assert label_of(Wide(notes=["a"])) == "wide(notes=['a'])" and label_of(Wide(shares=np.ones(2))) != "wide"
    assert label_of(Wide(shares=np.zeros(3))) != "wide"


def test_a_class_that_has_travelled_tells_the_same() -> None:
    """What marks a field without a factory is another object in the process to which the class was sent."""
    space: dict[str, Any] = {"__name__": __name__}
    exec(CHANGED, space)
    space["Dear"].__dataclass_fields__["high"].default_factory = type(MISSING)()
    assert label_of(space["Dear"](high=1)) == "dear(high=1000)"
