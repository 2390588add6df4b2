"""A JSON net is read by pandapower only after nothing but tables, numbers and texts is left in it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pandapower
import pytest

from models.network.json_screening import DEEPEST, MOST_BYTES, screened
from models.network.source import feeder_from
from models.records.arrays import RecordError
from tests.models.network.test_net_feeder import village


@pytest.fixture(scope="module")
def text() -> str:
    return str(pandapower.to_json(village()))


def with_entry(text: str, name: str, value: Any) -> bytes:
    net = json.loads(text)
    net["_object"][name] = value
    return json.dumps(net).encode()


def in_a_cell(text: str, value: Any) -> bytes:
    """The net with a value in a cell of its table of buses."""
    net = json.loads(text)
    rows = json.loads(net["_object"]["bus"]["_object"])
    rows["data"][0][0] = value
    net["_object"]["bus"]["_object"] = json.dumps(rows)
    return json.dumps(net).encode()


def test_a_net_comes_through_as_it_is(text: str) -> None:
    safe, own = (pandapower.from_json_string(written, convert=True) for written in (screened(text.encode(), "v"), text))
    assert pandapower.toolbox.nets_equal(safe, own, check_only_results=False)


def test_a_net_of_the_first_versions_is_a_text_within_and_screened_too(text: str) -> None:
    """They wrote the tables as JSON within JSON."""
    net = json.loads(text)
    assert screened(json.dumps(net | {"_object": json.dumps(net["_object"])}).encode(), "v") == screened(
        text.encode(), "v")
    evil = {"bus": net["_object"]["bus"], "extra": EVIL}
    for inner, words in ((json.dumps(evil), "extra: holds an object 'Thing' of the module 'evilmod'"),
                         ("/etc/hosts", "is no JSON"), ('{"line": 1}', "holds no pandapower net")):
        with pytest.raises(RecordError, match=f"feeder v: {words}"):
            screened(json.dumps(net | {"_object": inner}).encode(), "v")


EVIL = {"_module": "evilmod", "_class": "Thing", "_object": "{}"}


@pytest.mark.parametrize("value", [
    EVIL, {"_module": "pandas", "_class": "DataFrame", "_object": "{}", "dtype": EVIL},
    {"deep": [{"er": EVIL}]}, {"_module": "numpy", "_class": "array", "_object": [EVIL]},
    {"_module": "os", "_class": "function", "_object": "system"},
    {"_module": "evilmod.inner", "_class": "method", "_object": "x"}])
def test_no_module_that_a_net_names_is_imported(text: str, value: Any, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evilmod.py").write_text("raise SystemExit('ran')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for content in (with_entry(text, "extra", value), in_a_cell(text, value)):
        (tmp_path / "net.json").write_bytes(content)
        with pytest.raises(RecordError, match=r"net\.json: (extra|bus): .*(evilmod|'os'|unknown keys)"):
            feeder_from("net.json")
    assert "evilmod" not in sys.modules


@pytest.mark.parametrize(("value", "words"), [
    ({"_module": "pandas", "_class": "DataFrame", "_object": "/etc/hosts.json"}, "the rows of the table are no JSON"),
    ({"_module": "pandas", "_class": "DataFrame", "_object": "[1]"}, "no object of columns, index and data"),
    ({"_module": "pandas", "_class": "DataFrame", "_object": "{}", "storage_options": 1}, "unknown keys 'storage_opt"),
    ({"_module": "builtins", "_class": "eval", "_object": "1"}, "an object 'eval' of the module 'builtins'"),
    ({"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": {}}, "an object 'pandapowerNet'")])
def test_what_is_no_table_is_refused(text: str, value: Any, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        screened(with_entry(text, "extra", value), "v")


def test_objects_without_effect_on_a_power_flow_are_left_away(text: str) -> None:
    tap_changer = {"_module": "pandapower.control.controller.trafo", "_class": "TapControl", "_object": {"x": 1}}
    for content in (with_entry(text, "extra", tap_changer), in_a_cell(text, tap_changer)):
        assert "TapControl" not in screened(content, "v")


@pytest.mark.parametrize(("content", "words"), [
    (b"[" * 100_000, "nested deeper than"), (b"[1, 2]", "holds no pandapower net"), (b"{", "is no JSON"),
    (b"\xff\xfe{}", "is no JSON"), (b"1" * 5000, "is no JSON"), (b"", "is no JSON"),
    (b'{"bus": 1, "bus": 2}', "the key 'bus' is there twice"),
    (b'{"type": "FeatureCollection", "features": []}', "holds no pandapower net; write one with pandapower.to_json")])
def test_other_files_are_told(content: bytes, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        screened(content, "x.json")


def test_depth_and_size_have_bounds(text: str, tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(DEEPEST + 1):
        deep = [deep]
    with pytest.raises(RecordError, match=f"extra: is nested deeper than {DEEPEST} levels"):
        screened(with_entry(text, "extra", deep), "v")
    file = tmp_path / "large.json"
    file.touch()
    os.truncate(file, MOST_BYTES + 1)
    with pytest.raises(RecordError, match=r"large\.json: holds more than 64 MB"):
        feeder_from(str(file))
