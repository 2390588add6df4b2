"""Texts that are too large, too deep, ambiguous or no text at all are refused with their line; nothing hangs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from testbed.scenario.bounded_yaml import MOST_VALUES, BoundedLoader, UnreadableYaml, text_of
from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.scenario.marked_yaml import Mistake, read_value, read_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))


def mistakes_of(text: str | bytes, tmp_path: Path) -> str:
    file = tmp_path / "mine.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    return str(caught.value)


@pytest.mark.parametrize(("text", "words"), [
    (LAUGHS, "holds more than 50000 values, each use of an alias counted"),
    ("a: " + "[" * 3000 + "]" * 3000, "mine.yaml:1: nested deeper than 20 blocks"),
    ("days: !!int abc\n", "mine.yaml:1: has a tag (!!int)"),
    ("days: !!python/object/apply:os.system [ls]\n", "has a tag (!!python/object/apply:os.system)"),
    ("extends: smoke\nseed: 012\n", "mine.yaml:2: seed: 012 is another number in YAML 1.1 than in YAML 1.2"),
    ("extends: smoke\nseed: 1:30\n", "mine.yaml:2: seed: 1:30 is another number"),
    ("extends: smoke\nseed: 1_000\n", "seed: 1_000 is another number"),
    ("extends: smoke\nseed: 0b11\n", "seed: 0b11 is another number"),
    ("seed: " + "9" * 5000, "is no value"),
    ("extends: smoke\nname: a\x1bb\n", "special characters are not allowed"),
    (b"extends: smoke\nname: \xff\n", "is not UTF-8 text: invalid start byte at byte 21"),
    ("".join(f"key{i}: 1\n" for i in range(1200)), "a block holds more than 1000 keys"),
    ("a: '" + "x" * 2_000_001 + "'", "is longer than 2000000 bytes"),
    ("? [a]\n: b\n", "a key must be a word"),
    ('extends: "smoke\\0.yaml"\n', "must be a path without control characters"),
    (f"extends: {'a' * 300}\n", "must be a path of at most 4000 bytes, 255 in each of its names"),
    (f"extends: {'/a' * 3000}\n", "must be a path of at most 4000 bytes"),
    ("extends: smoke\nprofiles: {start_date: 2016-13-45}\n", "start_date = '2016-13-45': must be a valid date"),
    ("extends: workplace_replay\ndistricts:\n  - {name: a, private: 1, sessions: jpl2019, "
     "sessions_start_date: 0001-01-01}\n", "sessions_start_date = '0001-01-01'"),
    ("extends: smoke\nseed: 9223372036854775808\n", "must be from 0 to 9,223,372,036,854,775,807"),
    ("extends: smoke\nfleet: {private_capacity_kwh: [1.0, 1e308]}\n", "must be from 0.1 to 2,000"),
    (f"extends: smoke\nname: {'a' * 5000}\n", "name = "),
    ("extends: smoke\nname: \"a\\0\"\n", "name = 'a\\x00'"),
    (f"extends: smoke\nexecution: {{cache_dir: {'x' * 256}}}\n", "execution.cache_dir"),
    ("extends: smoke\ndistricts: [{name: a, private: 999999}, {name: b, private: 2}]\n", "1,000,000 cars in all"),
])
def test_one_clear_message_at_once(text: str | bytes, words: str, tmp_path: Path) -> None:
    begun = time.process_time()
    assert words in mistakes_of(text, tmp_path)
    assert time.process_time() - begun < 5


def test_values_are_counted_as_they_are_read() -> None:
    loader = BoundedLoader("[1, 2, 3]")
    loader.values = MOST_VALUES - 3
    with pytest.raises(UnreadableYaml, match=f"holds more than {MOST_VALUES} values"):
        loader.get_single_node()


@pytest.mark.parametrize(("name", "rule"), [
    ("none.yaml", "there is no such file"), ("a\0b.yaml", "must be a path without control characters"),
    (".", "there is no such file")])
def test_a_file_that_cannot_be_one_is_told(name: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableYaml) as told:
        text_of(tmp_path / name)
    assert told.value.rule == rule


def test_a_long_row_of_bases_is_refused(tmp_path: Path) -> None:
    for i in range(1500):
        (tmp_path / f"f{i}.yaml").write_text(f"extends: f{i + 1}\n")
    (tmp_path / "f1500.yaml").write_text("extends: smoke\n")
    with pytest.raises(ScenarioError, match="must not be the base of more than 20 files in a row"):
        load_scenario(tmp_path / "f0.yaml")
    assert load_scenario(tmp_path / "f1484.yaml").days == 1


def test_links_in_a_circle_and_other_things_than_files_are_no_scenario(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("loop.yaml", "folder.yaml"):
        with pytest.raises(ScenarioError, match="no such scenario"):
            load_scenario(tmp_path / name)


@pytest.mark.parametrize("override", ["a." * 1200 + "a=1", "districts.²=1", f"districts.{'9' * 5000}.name=a", "=1",
                                      "days=" + "[" * 2000, "days=!!float ._", "days=2016-13-45", "seed=\x1b"])
def test_overrides_are_bounded_too(override: str) -> None:
    with pytest.raises(ScenarioError):
        load_scenario("smoke", [override])


@pytest.mark.parametrize(("text", "value"), [
    ("12", 12), ("-3", -3), ("0x1F", 31), ("0", 0), ("1e-4", 1e-4), ("1.5e3", 1500.0), (".5", 0.5), ("1.", 1.0),
    ("true", True), ("False", False), ("off", "off"), ("yes", "yes"), ("~", None), ("", None), ("null", None),
    ("2016-01-18", "2016-01-18"), ("2016-13-45", "2016-13-45"), ("'012'", "012"), ('"1:30"', "1:30"), ("0.10", 0.1),
    ("[1, a]", [1, "a"]), ("{a: {b: 1}}", {"a": {"b": 1}}), ("127.0.0.1:5555", "127.0.0.1:5555"),
])
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: Any) -> None:
    mistakes: list[Mistake] = []
    assert read_value(text, "here", mistakes) == value and not mistakes


def test_an_alias_still_stands_for_its_anchor(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: &x {b: 1}\nc: *x\n")
    assert read_yaml(tmp_path / "a.yaml", []).data == {"a": {"b": 1}, "c": {"b": 1}}
