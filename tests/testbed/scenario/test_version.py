"""Versions of scenario files."""

import pytest

from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.scenario.record import scenario_hash
from testbed.scenario.version import SCENARIO_VERSION, version_mistake

CHANGES = {1: "rename fleet.kw to fleet.slow_charger_kw", 2: "give prices per MWh"}


@pytest.fixture
def file_of(tmp_path):
    def write(version, **more):
        path = tmp_path / "mine.yaml"
        path.write_text(f"extends: smoke\nversion: {version}\n" + "".join(f"{k}: {v}\n" for k, v in more.items()))
        return path
    return write


def test_a_file_may_say_its_version_which_changes_nothing(file_of):
    said = load_scenario(file_of(SCENARIO_VERSION, name="smoke"))
    assert scenario_hash(said) == scenario_hash(load_scenario("smoke"))


@pytest.mark.parametrize(("version", "words"), [
    (99, "version = 99: is newer than this program, which reads scenarios up to version 1: install a newer one"),
    (0, "version = 0: must be a whole number from 1 to 1"), ("new", "version = 'new': must be a whole number"),
    ("true", "version = True: must be a whole number")])
def test_another_version_is_one_mistake_with_what_to_do(file_of, version, words):
    """And the only one: keys of another version would be called unknown."""
    with pytest.raises(ScenarioError) as told:
        load_scenario(file_of(version, unknown_key=1))
    [mistake] = told.value.mistakes
    assert words in str(mistake) and "mine.yaml:2" in str(mistake)


def test_an_older_file_is_told_each_step():
    assert version_mistake(3, 3, CHANGES) == ""
    assert version_mistake(1, 3, CHANGES) == (
        "must be 3; to upgrade the file: rename fleet.kw to fleet.slow_charger_kw (version 2); give prices per MWh "
        "(version 3); then write version: 3")
