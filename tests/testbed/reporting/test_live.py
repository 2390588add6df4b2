"""The page that follows a run: what it takes from the file, how it ends, and whom it answers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import h5py
import numpy as np
import pytest

from models.network.sources.ieee33 import ieee33
from testbed.reporting.live.page import live_page
from testbed.reporting.live.panels import LIVE_PANELS, events, lines_of
from testbed.reporting.live.server import follow
from testbed.reporting.live.watched import Watched, result_to_watch, watched
from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest
from testbed.wiring.failure import Failure
from testbed.wiring.owner import this_process
from tests.testbed.cli_runs import call
from tests.testbed.reporting.chromium import BINARY, browser
from tests.testbed.reporting.days import BUSES, STEPS, day

STOP = 40


def running(write_result: Any, name: str = "run.h5", steps: int = STOP) -> Path:
    """A file as a run of this process leaves it that is so far."""
    path: Path = write_result(name, steps=STEPS, step_s=900, buses=BUSES, stop_after=steps, status="running",
                              network=ieee33(), run={"writer": this_process().to_json()}, **day(70))
    return path


def grown(path: Path, more: Path, steps: int) -> None:
    """As if the run had written further steps: those of another file of the same day."""
    with h5py.File(more, "r") as source, h5py.File(path, "r+") as target:
        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.shape[:1] == (STEPS,):
                target[name][:steps] = item[:steps]

        source.visititems(copy)
        target.attrs.modify("steps_written", steps)


@pytest.fixture
def file(write_result: Any) -> Path:
    return running(write_result)


# ---------------------------------------------------------------- what it takes
def test_lines_have_a_value_per_step_written(file: Path) -> None:
    result = open_result(file)
    lines = lines_of(result)
    assert set(lines) == {panel.name for panel in LIVE_PANELS}
    assert {values.shape for panel in lines.values() for values in panel.values()} == {(STOP,)}
    assert lines["voltage"]["lowest in feeder33"] == pytest.approx(result.district("feeder33", "vm_pu").min(axis=1))
    assert lines["load"]["load without cars"] == pytest.approx(result.system("load_mw"))


def test_newest_values_are_told_with_their_units(file: Path) -> None:
    begun = re.search(r'id="live">(.*?)</script>', live_page(open_result(file)))
    assert begun is not None
    assert json.loads(begun[1])["units"] == {"load": "MW", "cars": "MW", "ports": "", "voltage": "pu", "units": "",
                                             "prices": "USD/MWh", "refusals": ""}


def test_no_two_parts_of_the_page_have_one_name(file: Path) -> None:
    """Scripts find their data by it."""
    plain = re.sub(r"<script>.*?</script>", "", live_page(open_result(file)), flags=re.DOTALL)
    names = re.findall(r'\bid="([^"]+)"', plain)
    assert {"charts", "live", "status", "happened"} < set(names) and len(names) == len(set(names))


def test_what_is_asked_for_later_is_what_came_since(file: Path, write_result: Any) -> None:
    known = watched(result_to_watch(file))
    known.look()
    first = known.since(0)
    assert (first["from"], first["written"], first["over"], len(first["hours"])) == (0, STOP, False, STOP)
    grown(file, running(write_result, "more.h5", 60), 60)
    known.look()
    later = known.since(STOP)
    assert (later["from"], later["written"], later["hours"][0]) == (STOP, 60, STOP / 4)
    load = open_result(file).system("load_mw")
    assert later["lines"]["load"]["load without cars"] == pytest.approx(load[STOP:], rel=1e-4)
    assert known.since(0)["lines"]["load"]["load without cars"] == pytest.approx(load, rel=1e-4)
    json.dumps(later, allow_nan=False)


def test_events_say_when_units_start_load_is_not_served_and_voltage_falls(write_result: Any) -> None:
    path = running(write_result, steps=STEPS - 1)
    with h5py.File(path, "r+") as file:
        file["districts/feeder33/vm_pu"][50, 7] = 0.9
    result = open_result(path)
    told = events(result, 0)
    on = result.system("committed")[:, 2]
    rises = int(np.flatnonzero(np.diff(on.astype(int)) > 0)[0]) + 1
    assert (f"day 1, {rises // 4:02d}:{rises % 4 * 15:02d}", "u3 goes on") in told
    assert ("day 1, 19:00", "0.5 MW of load not served") in told
    assert ("day 1, 12:30", "feeder33: voltage below 0.93 pu, 0.9000 at bus 8") in told
    assert [clock for clock, _ in told] == sorted(clock for clock, _ in told)
    assert events(result, 77) == [event for event in told if event[0] >= "day 1, 19:15"]


# ---------------------------------------------------------------- how it ends
def ended(known: Watched) -> tuple[str, str]:
    known.look()
    return known.status, known.ending.replace(str(known.path), "FILE")


def test_a_run_that_completes_fails_or_dies_ends_the_watch(file: Path, write_result: Any) -> None:
    known = watched(result_to_watch(file))
    with h5py.File(file, "r+") as content:
        content.attrs["status"] = "completed"
    assert ended(known) == ("completed", f"completed, {STOP} of 96 steps") and known.is_over
    assert known.since(STOP)["over"]
    with h5py.File(file, "r+") as content:
        content.attrs["status"] = "running"
        content["run/writer"].attrs["started_s"] = 1.0
    again = Watched(file, f" {open_result(file).owner.to_json()}")  # type: ignore[union-attr]
    assert ended(again)[0] == "interrupted" and "is gone" in again.ending


def test_a_file_that_vanishes_or_becomes_another_run_is_told(file: Path, write_result: Any) -> None:
    known = watched(result_to_watch(file))
    known.run = "somebody else's"
    assert ended(known) == ("replaced", "FILE: was replaced by another run while it was watched")
    known = watched(result_to_watch(file))
    file.unlink()
    assert ended(known) == ("vanished", "FILE: has vanished while it was watched")


def test_a_look_that_falls_into_a_write_is_forgiven(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = watched(result_to_watch(file))

    def torn(result: Any) -> None:
        raise OSError("torn")

    monkeypatch.setattr(known, "_take", torn)
    for _ in range(9):
        known.look()
    assert not known.is_over
    assert ended(known) == ("unreadable", "FILE: cannot be read any more (OSError: torn)")


@pytest.mark.parametrize(("make", "message"), [
    (lambda write: write(), "nothing is left to follow: completed, 4 of 4 steps; `testbed report"),
    (lambda write: write(stop_after=2, status="failed", failure=Failure("feeder", 5400, "diverged")),
     "nothing is left to follow: failed, 2 of 4 steps; feeder"),
    (lambda write: write().with_name("none.h5"), "there is no such file"),
    (lambda write: foreign(write().with_name("other.h5")), "an HDF5 file, but not a result of this testbed"),
    (lambda write: text(write().with_name("text.h5")), "not a readable HDF5 file"),
])
def test_a_finished_foreign_or_missing_file_is_told_in_a_line(write_result: Any, make: Any, message: str) -> None:
    done = call("watch", make(write_result))
    assert done.exit_code == 2 and done.stdout == ""
    assert message in done.stderr and len(done.stderr.splitlines()) == 1


def foreign(path: Path) -> Path:
    h5py.File(path, "w").close()
    return path


def text(path: Path) -> Path:
    path.write_text("scenario: smoke\n")
    return path


# ---------------------------------------------------------------- whom it answers
@pytest.fixture
def served(file: Path) -> Iterator[str]:
    """The address of the page of a running file, which vanishes at the end."""
    came: list[str] = []
    thread = threading.Thread(target=lambda: came.append(follow(file, 0, came.append).status))
    thread.start()
    while not came:
        time.sleep(0.01)
    yield came[0]
    file.unlink(missing_ok=True)
    thread.join(20)
    assert came[1:] == ["vanished"]


def answer(address: str, **headers: str) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urlopen(Request(address, headers=named), timeout=20) as got:
            return got.status, got.read()
    except HTTPError as error:
        return error.code, error.read()


def test_the_page_answers_its_own_user_alone(served: str) -> None:
    status, page = answer(served)
    assert status == 200 and page.startswith(b"<!DOCTYPE html>") and b'id="happened"' in page
    time.sleep(0.6)  # its first look
    status, state = answer(f"{served}state?from=10", Origin=served.rstrip("/"))
    assert status == 200 and json.loads(state)["from"] == 10
    port = served.rstrip("/").rpartition(":")[2]
    assert answer(served, Host=f"localhost:{port}")[0] == 200
    for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{port}"}, {"Origin": "http://evil.example"},
                    {"Origin": "null"}, {"Origin": f"http://127.0.0.1:{int(port) - 1}"},
                    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}):
        for path in ("", "state?from=0"):
            assert answer(served + path, **headers)[0] == 403, headers
    assert answer(f"{served}state?from=x")[0] == 400 and answer(f"{served}else")[0] == 404


def test_a_port_that_is_taken_is_told(served: str, write_result: Any) -> None:
    port = int(served.rstrip("/").rpartition(":")[2])
    with pytest.raises(WrongRequest, match=f"--port {port}: cannot be listened on .*; 0 takes any that is free"):
        follow(running(write_result, "second.h5", 1), port, print)


# ---------------------------------------------------------------- with the command
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_when_it_is_asked_to(file: Path, number: int) -> None:
    process = subprocess.Popen([sys.executable, "-m", "testbed", "watch", str(file)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert answer(address)[0] == 200
    os.kill(process.pid, number)
    assert (process.wait(60), process.communicate()[1]) == (130, "testbed: stopped\n")


@pytest.mark.slow
def test_a_run_with_a_page_gives_the_same_result_and_ends(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "testbed", "run", "smoke", "--controller", "uncoordinated", "--set", "step_s=3600"]
    done = subprocess.run([*words, "--watch", "-o", str(tmp_path / "a.h5")], check=True, capture_output=True, text=True,
                          timeout=600)
    assert done.stderr.count("follow the run at http://127.0.0.1:") <= 1  # a run of a second may be over before
    subprocess.run([*words, "-o", str(tmp_path / "b.h5")], check=True, capture_output=True, timeout=600)
    from testbed.results.equality import equal_results  # noqa: PLC0415

    assert equal_results(tmp_path / "a.h5", tmp_path / "b.h5") == []


@pytest.mark.browser
@pytest.mark.skipif(not BINARY, reason="no Chromium on this machine")
def test_the_live_page_follows_a_run_and_survives_its_end(file: Path, write_result: Any) -> None:
    """Served by a process of its own, as HDF5 does not open a file for writing that its process is reading."""
    more = running(write_result, "more.h5", STEPS)
    process = subprocess.Popen([sys.executable, "-m", "testbed", "watch", str(file)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    with browser() as page:
        page.open(address)
        page.until(f"live.written === {STOP}")
        assert page.value("document.getElementById('done').value") == STOP
        assert page.value("Number(feeders[0].slider.value)") == STOP - 1
        drawn = page.value("[...document.querySelectorAll('.feeder circle')].map(c => Number(c.dataset.value))")
        assert np.allclose(drawn, open_result(file).district("feeder33", "vm_pu")[STOP - 1], atol=2.1e-5)
        grown(file, more, 70)
        page.until("live.written === 70")
        assert page.value("charts.load.data[0].x.length") == 70
        with h5py.File(file, "r+") as content:
            content.attrs["status"] = "failed"
            content.attrs.update({"failure_simulator": "feeder", "failure_time_s": 5400, "failure_cause": "diverged"})
        page.until("live.isOver")
        assert process.wait(60) == 1 and "diverged" in process.communicate()[1]
        assert "diverged" in page.value("document.getElementById('status').textContent")
        page.value("document.getElementById('theme').click()")
        assert page.value("document.documentElement.dataset.theme") == "dark" and page.errors == []
