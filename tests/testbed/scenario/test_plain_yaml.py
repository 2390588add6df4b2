"""libyaml writes and reads what PyYAML's own code does."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from testbed.scenario import plain_yaml
from testbed.scenario.loading import load_scenario, scenario_names
from testbed.scenario.plain_yaml import of_yaml, plain, yaml_of
from testbed.scenario.record import to_yaml

TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=20)
PLAIN = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
                     lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
                     max_leaves=12)


@given(tree=PLAIN)
def test_what_is_written_is_read(tree: object) -> None:
    assert of_yaml(yaml_of(tree)) == yaml.safe_load(yaml_of(tree)) == tree


def test_scenarios_are_the_same_text(monkeypatch) -> None:
    fast = {name: to_yaml(load_scenario(name)) for name in scenario_names()}
    monkeypatch.setattr(plain_yaml, "_SafeDumper", yaml.SafeDumper)
    assert {name: to_yaml(load_scenario(name)) for name in scenario_names()} == fast


def test_what_python_has_in_the_place_of_plain_data_is_written_as_such() -> None:
    given = {"file": Path("a/b.csv"), "day": date(2016, 1, 18), "hours": range(3), "share": np.float64(0.5),
             "of": np.array([1, 2])}
    assert json.loads(json.dumps(given, default=plain)) == {
        "file": "a/b.csv", "day": "2016-01-18", "hours": [0, 1, 2], "share": 0.5, "of": [1, 2]}
    with pytest.raises(TypeError, match="is no plain value"):
        plain(object())


@pytest.mark.parametrize("text", ["!!python/object/apply:os.getcwd []", "a: !!python/name:os.getcwd"])
def test_no_object_is_made(text: str) -> None:
    with pytest.raises(yaml.constructor.ConstructorError, match="could not determine a constructor"):
        of_yaml(text)
