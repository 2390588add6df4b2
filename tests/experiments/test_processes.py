"""Processes of an experiment's own: they work, and none outlives the experiment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.processes import process_pool

ROOT = Path(__file__).parents[2]
ENDLESS = """
import os, time
from collections.abc import Callable
from pathlib import Path
from experiments.processes import process_pool

def work(file):
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)

if __name__ == "__main__":
    with process_pool(1) as pool:
        list(pool.map(work, [{file!r}]))
"""
PATIENCE_S = 60.0


def test_they_answer_in_order() -> None:
    with process_pool(2) as pool:
        assert list(pool.map(abs, [-3, 2, -1])) == [3, 2, 1]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_experiment_leaves_none_behind(tmp_path: Path) -> None:
    script, file = tmp_path / "endless.py", tmp_path / "pid"
    script.write_text(ENDLESS.format(file=str(file)), encoding="utf-8")
    parent = subprocess.Popen([sys.executable, script], env={**os.environ, "PYTHONPATH": str(ROOT)})
    worker = int(awaited(lambda: file.read_text(encoding="utf-8") if file.is_file() else ""))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert awaited(lambda: "" if _computes(worker) else "gone") == "gone"


def awaited(look: Callable[[], str]) -> str:
    """What is there at last; nothing within PATIENCE_S is a failure."""
    end_s = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end_s, "nothing came of it"
        time.sleep(0.05)
    return str(found)


def _computes(pid: int) -> bool:
    """True while the process is there and no zombie."""
    status = Path(f"/proc/{pid}/status")
    return status.is_file() and "State:\tZ" not in status.read_text(encoding="utf-8")
