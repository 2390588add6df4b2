"""The two ends of an entry's pipe, here: what its fence lets through, what travels, what is answered."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testbed.league import entry
from testbed.league.entrant import Entrant, Fence, Pipe, Reached, answered
from testbed.league.entry import EntryFailed, entry_of
from testbed.setup.controller_loading import ControllerError
from testbed.users import parameters
from tests.testbed.league.test_league import PLAIN, entry_file


def fence_at(folder: Path) -> Fence:
    fence = Fence(folder)
    fence.is_up = True
    return fence


# ---------------------------------------------------------------- the fence
@pytest.mark.parametrize(("event", "arguments"), [
    ("import", ("numpy",)), ("import", ("models.records.arrays",)), ("import", ("controllers.base",)),
    ("import", ("models",)), ("open", (3, "r")), ("open", (os.devnull, "w")), ("open", ("/etc/hostname", None)),
    ("open", (os.path.join(sys.prefix, "pyvenv.cfg"), "r")), ("open", (b"/usr/lib/os-release", "rb")),
    ("open", ("/proc/self/status", "r")), ("socket.__new__", ()),
    ("socket.gethostname", ()), ("os.listdir", (".",)), ("compile", ())])
def test_what_an_entry_needs_is_let_through(tmp_path: Path, event: str, arguments: tuple[Any, ...]) -> None:
    fence = fence_at(tmp_path)
    fence.hook(event, arguments)
    assert fence.reached == "" and not fence.read


@pytest.mark.parametrize(("event", "arguments", "what"), [
    ("import", ("testbed",), "the module testbed"), ("import", ("audit.run",), "the module audit.run"),
    ("import", ("models.mobility.stays",), "the module models.mobility.stays"),
    ("open", ("/srv/secret", "r"), "the file /srv/secret"),
    ("open", ("/etc/own", "a"), "the file /etc/own, to write"),
    ("socket.connect", (), "the network (socket.connect)"), ("socket.getaddrinfo", (), "the network"),
    ("os.system", ("ls",), "another process (os.system)"), ("subprocess.Popen", (), "another process")])
def test_what_is_beyond_is_told_and_raised(tmp_path: Path, event: str, arguments: tuple[Any, ...], what: str) -> None:
    fence = fence_at(tmp_path)
    with pytest.raises(Reached):
        fence.hook(event, arguments)
    assert fence.reached.startswith(what)
    first = fence.reached
    with pytest.raises(Reached):
        fence.hook("os.system", ("another",))
    assert fence.reached == first  # what it reached for first is what is told


def test_its_own_folder_is_read_and_noted_and_never_written(tmp_path: Path) -> None:
    fence = fence_at(tmp_path)
    fence.hook("open", (str(tmp_path / "weights.txt"), "r"))
    assert fence.read == {str(tmp_path / "weights.txt")}
    for mode in ("w", "a", "x", "r+"):
        with pytest.raises(Reached):
            fence.hook("open", (str(tmp_path / "weights.txt"), mode))
    (tmp_path / "out.txt").symlink_to("/srv/secret")
    for name in ("out.txt", "run.h5", "../beside.txt"):  # a way out of it, and results wherever they are
        with pytest.raises(Reached):
            fence.hook("open", (str(tmp_path / name), "r"))
    assert len(fence.read) == 1


def test_a_library_behind_a_link_is_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "python")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "linked"))
    fence = fence_at(tmp_path / "entry")
    fence.hook("open", (str(tmp_path / "linked" / "lib.py"), "r"))
    assert fence.reached == ""


def test_a_fence_that_is_down_lets_everything_through(tmp_path: Path) -> None:
    fence = Fence(tmp_path)
    fence.hook("os.system", ("ls",))
    assert fence.reached == ""


# ---------------------------------------------------------------- the pipe
def test_records_travel_and_functions_are_called_where_they_are() -> None:
    sent = io.BytesIO()
    Pipe(io.BytesIO(), sent).send({"p_kw": np.arange(3.0), "name": "x"})
    content = sent.getvalue()
    assert struct.unpack("<Q", content[:8])[0] == len(content) - 8
    told = Pipe(io.BytesIO(content), io.BytesIO()).receive()
    assert told["name"] == "x" and told["p_kw"].tolist() == [0, 1, 2]
    with pytest.raises(EOFError):
        Pipe(io.BytesIO(b"\x00\x00"), io.BytesIO()).receive()

    flows: list[Any] = [lambda p_kw: p_kw * 2]
    calls: list[Any] = []
    record = io.BytesIO()
    entry._Records(record, calls).dump({"power_flow": flows[0], "again": flows[0], "numbers": np.ones(2)})
    assert calls == flows  # each function once
    answer = pickle.dumps(12.5)
    there = io.BytesIO(struct.pack("<Q", record.tell()) + record.getvalue() + struct.pack("<Q", len(answer)) + answer)
    asked = io.BytesIO()
    got = Pipe(there, asked)
    message = got.receive()
    assert message["power_flow"](6.25) == 12.5
    assert pickle.loads(asked.getvalue()[8:]) == ("call", 0, (6.25,))


def test_an_answer_is_arrays_and_plain_values() -> None:
    plain = {"soc": np.array([0.5]), "scalar": np.float64(2), "kind": np.dtype("f8"), "many": [1, (2, None)]}
    told = entry._Plain(io.BytesIO(pickle.dumps(plain))).load()
    assert told["soc"].tolist() == [0.5] and told["many"] == [1, (2, None)]
    with pytest.raises(pickle.UnpicklingError, match=r"fractions.Fraction is no array and no plain value"):
        entry._Plain(io.BytesIO(pickle.dumps(Fraction(1)))).load()


# ---------------------------------------------------------------- the entry
class Answering:
    """An entrant with one question of each end."""

    def __init__(self, fence: Fence) -> None:
        self.fence = fence

    def well(self, number: int) -> int:
        return 2 * number

    def badly(self) -> None:
        raise ValueError("no plan")

    def beyond(self) -> str:
        try:
            self.fence.hook("import", ("testbed",))
        except Reached:
            return "nobody saw it"
        return "not even noticed"


def test_what_was_reached_for_ends_the_answer_caught_or_not(tmp_path: Path) -> None:
    fence = Fence(tmp_path)
    asked: Any = Answering(fence)
    assert answered(asked, fence, "well", (21,)) == ("ok", 42)
    kind, why = answered(asked, fence, "badly", ())
    assert kind == "failed" and why.startswith("ValueError: no plan")
    kind, why = answered(asked, fence, "beyond", ())
    assert kind == "refused" and why.startswith("the module testbed") and not fence.is_up


def test_a_controller_is_made_and_tells_its_fields(tmp_path: Path) -> None:
    fence, path = Fence(tmp_path), list(sys.path)
    try:
        entrant = Entrant(parameters, fence)
        told = entrant.make(str(PLAIN), "Plain", {})
        assert told["name"] == "plain" and told["has_vehicles"] and told["read"] == []
        entrant.temporal(None)
        assert list(entrant.layers) == ["plan"]
        (tmp_path / "odd.py").write_text("class Odd:\n    name = 'odd'\n")
        with pytest.raises(TypeError, match="is not a controller: it lacks"):
            entrant.make(str(tmp_path / "odd.py"), "Odd", {})
    finally:
        sys.path[:] = path
        sys.modules.pop("entry", None)


def test_an_entry_that_asks_for_the_truth_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from controllers.base import BaseController\n\n\nclass Mine(BaseController):\n"
                                      "    name = 'mine'\n    description = 'x'\n    knows_truth = True\n")
    with pytest.raises(ControllerError, match=r"mine.py:Mine: knows_truth=True, allowed: False"):
        entry_of(f"{tmp_path / 'mine.py'}:Mine")


def test_a_process_that_ends_is_told_as_such(tmp_path: Path) -> None:
    process = entry.EntryProcess(entry_file(tmp_path, "import os; os._exit(3)"))
    with pytest.raises(EntryFailed, match=r"mine.py:Reaching, temporal\(\): its process ended or said what is no"):
        process.ask("temporal", None)
    assert process._process.returncode is not None
