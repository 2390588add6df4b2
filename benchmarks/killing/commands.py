"""The commands that are killed, started with a mark by which their processes are known."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from typer.testing import CliRunner

from testbed.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
CONTROLLER = f"{ROOT / 'tests' / 'testbed' / 'plain_controller.py'}:Plain"
MARK = "V2G_KILL"
PATIENCE_S = 20.0
SHORT = ("step_s=3600", "warmup_controlled_days=0", "planning.expectation=sampled", "planning.expectation_days=2",
         "planning.expectation_vehicles_max=20", f"execution.patience_s={PATIENCE_S:g}")
WORK_S = 0.5
"""CPU seconds by which it is found how busy the machine is."""
STUDY = """\
name: kills
scenario: smoke
controllers: ["{controller}"]
seeds: 2
set: {{{settings}}}
"""


def settings(*more: str) -> list[str]:
    """`--set` words of the smallest scenario."""
    return [word for setting in (*SHORT, *more) for word in ("--set", setting)]


def command(kind: str, folder: Path, address: str) -> list[str]:
    """The words of the command whose run is killed."""
    cache = f"execution.cache_dir={folder.parent / 'cache'}"
    run = ["run", "smoke", "--controller", CONTROLLER, "-o", str(folder / "run.h5")]
    words = {
        "one process": [*run, *settings(cache)],
        "with traces": [*run, *settings(cache, "record.vehicles=true")],
        "separate processes": [*run, *settings(cache, "record.vehicles=true", "execution.mode=separate_processes")],
        "served districts": [*run, *settings(
            cache, f"execution.remote={{feeder33: '{address}', rest: '{address}'}}")],
        "compare": ["compare", "smoke", "--controllers", CONTROLLER, "--seeds", "2", "--workers", "2",
                    "-o", str(folder / "compared"), *settings(cache)],
        "sweep": ["sweep", str(folder / "study.yaml"), "-o", str(folder / "swept"), "--workers", "2"],
    }
    return [sys.executable, "-m", "testbed", *words[kind]]


def write_study(folder: Path) -> None:
    """The study of a sweep."""
    text = ", ".join(f'"{key}": "{value}"' if key.endswith("dir") or value == "sampled" else f'"{key}": {value}'
                     for key, value in (setting.split("=", 1) for setting in
                                        (*SHORT, f"execution.cache_dir={folder.parent / 'cache'}")))
    (folder / "study.yaml").write_text(STUDY.format(controller=CONTROLLER, settings=text), encoding="utf-8")


def started(words: Sequence[str], folder: Path, mark: str) -> subprocess.Popen[bytes]:
    """The command in a session of its own, with a temporary folder of its own, its words in files."""
    (folder / "tmp").mkdir(exist_ok=True)
    environment = {**os.environ, MARK: mark, "TMPDIR": str(folder / "tmp")}
    with (folder / "out").open("ab") as out, (folder / "err").open("ab") as err:
        return subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment,
                                start_new_session=True)


def serving(folder: Path, mark: str) -> tuple[subprocess.Popen[bytes], str]:
    """A district server and its address."""
    (folder / "server").mkdir()
    words = [sys.executable, "-m", "testbed", "serve-district", "--listen", "127.0.0.1:0"]
    server = started(words, folder / "server", f"{mark}-server")
    while not (text := (folder / "server" / "out").read_text(encoding="utf-8")).endswith("\n"):
        time.sleep(0.05)
    return server, text.split()[-1]


def called(*words: str) -> tuple[int, str, str]:
    """A command that only looks, in this process: exit code, stdout, stderr."""
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


def marked(mark: str) -> list[psutil.Process]:
    """Processes with this mark in their environment."""
    processes = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                processes.append(process)
    return processes


def slowness() -> float:
    """Seconds that a CPU second takes a process like this one now; 1 on a machine with nothing else to do."""
    begun, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < WORK_S:
        pass
    return max((time.perf_counter() - begun) / WORK_S, 1.0)
