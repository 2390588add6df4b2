"""Kills runs, simulators, servers and workers at random instants, and looks at what is left (docs/reliability.md).

    python benchmarks/kills.py [--count 200] [--seed 1] [--folder results/kills] [--publish]

Each kill is a function of seed and number: what is run, which process is hit, by which signal, when. A study that was
stopped goes on where it was (one line per kill in FOLDER/kills.jsonl). After each kill is looked at:

- whether the command ended, in how many seconds, and with which exit code;
- whether a process is left 10 s later (each process of a kill carries a mark in its environment);
- whether every file is readable, shown by `testbed show` as what it is, and equal to the undisturbed run's in all steps
  that it says it holds; whether a study goes on to the same table;
- whether the next command leaves nothing behind, and whether anything foreign stands on stderr.

Seconds are those of a machine that has nothing else to do: limits are stretched by how long half a CPU second takes at
the time. Ends with 1 if anything was not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
from typer.testing import CliRunner

from testbed.cli.app import app
from testbed.wiring.code_version import code_hash

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
CONTROLLER = f"{ROOT / 'tests' / 'testbed' / 'plain_controller.py'}:Plain"
MARK = "V2G_KILL"
PATIENCE_S = 20.0
SHORT = ("step_s=3600", "warmup_controlled_days=0", "planning.expectation=sampled", "planning.expectation_days=2",
         "planning.expectation_vehicles_max=20", f"execution.patience_s={PATIENCE_S:g}")
KINDS = ("one process", "with traces", "separate processes", "served districts", "compare", "sweep")
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP")
MUST_END_S, ORPHANS_S, HANG_S = 10.0, 10.0, 180.0
LATEST = 1.4
"""The last instant, in durations of an undisturbed run: runs side by side take longer, and one may have ended."""
WORK_S = 0.5
"""CPU seconds by which it is found how busy the machine is."""
COMMAND, WORK = "command", "work of the command"
"""What was hit: the process that was called, or the child that it watches, since the controller is a user's file."""
STOPPED_FOR_S = 3.0
"""Seconds after which a stopped command is told to go on."""
FOREIGN = re.compile(r"Traceback|Task was destroyed|never retrieved|Exception ignored|Segmentation|unexpected |"
                     r"ResourceWarning|leaked")
STUDY = """\
name: kills
scenario: smoke
controllers: ["{controller}"]
seeds: 2
set: {{{settings}}}
"""


@dataclass(frozen=True)
class Kill:
    """What is done to which command."""

    number: int
    kind: str
    signal: str
    target: str
    """`command`, or `process`: any other that belongs to it."""
    when: float
    """Share of the undisturbed run's duration."""

    @classmethod
    def of(cls, seed: int, number: int) -> Kill:
        """Kinds and signals in turn, so that each meets each; the rest is drawn."""
        draw = random.Random(f"{seed}-{number}")
        kind = KINDS[number % len(KINDS)]
        alone = kind in ("one process", "with traces")
        return cls(number, kind, SIGNALS[number // len(KINDS) % len(SIGNALS)],
                   "command" if alone or draw.random() < 0.4 else "process", LATEST * draw.random())


@dataclass
class Seen:
    """What was seen of a kill."""

    number: int
    kind: str
    signal: str
    target: str
    hit: str = ""
    """The process that was hit; empty if the command had ended before."""
    exit_code: int | None = None
    ended_s: float = 0.0
    """From the signal to the end of the command."""
    slowness: float = 1.0
    """Seconds that a CPU second took before the kill."""
    states: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    code: str = "not recorded"
    """The hash of the code that was killed: a study may go on after a change."""


# ---------------------------------------------------------------- commands
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


# ---------------------------------------------------------------- one kill
class Study:
    """All kills of a seed, in a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder.resolve(), seed
        self.record = self.folder / "kills.jsonl"
        self.folder.mkdir(parents=True, exist_ok=True)

    def undisturbed(self) -> dict[str, float]:
        """Wall seconds of each kind without a kill; their files are what others are held against."""
        seconds = {}
        for kind in KINDS:
            place = self.folder / f"calm {kind}"
            told = place / "seconds"
            if not told.is_file():
                shutil.rmtree(place, ignore_errors=True)
                told.parent.mkdir()
                told.write_text(str(self._calm(kind, place)), encoding="utf-8")
            seconds[kind] = float(told.read_text(encoding="utf-8"))
        return seconds

    def _calm(self, kind: str, place: Path) -> float:
        server, address = serving(place, "calm") if kind == "served districts" else (None, "")
        write_study(place)
        begun = time.perf_counter()
        code = started(command(kind, place, address), place, "calm").wait()
        seconds = time.perf_counter() - begun
        if server is not None:
            server.terminate()
            server.wait()
        if code:
            raise SystemExit(f"{kind} without a kill: exit code {code}, {(place / 'err').read_text(encoding='utf-8')}")
        return seconds

    def carry_out(self, kill: Kill, seconds: float) -> Seen:
        """Run, kill, look."""
        place, mark = self.folder / f"kill {kill.number}", f"{self.seed}-{kill.number}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        write_study(place)
        seen = Seen(kill.number, kill.kind, kill.signal, kill.target, slowness=slowness(), code=code_hash())
        server, address = serving(place, mark) if kill.kind == "served districts" else (None, "")
        process = started(command(kill.kind, place, address), place, mark)
        with suppress(subprocess.TimeoutExpired):
            process.wait(kill.when * seconds)
        hit = self._hit(kill, process, server, mark, seen)
        self._wait(kill, process, hit, seen)
        self._look_for_orphans(mark, seen)
        if server is not None:
            server.kill()
            server.wait()
        for path in sorted(place.rglob("*.h5")):
            if "parts" not in path.parts:
                look_at(path, self._calm_file(kill.kind, path, place), seen)
        self._look_at_words(place, seen)
        if kill.kind == "sweep":
            self._resume(place, mark, seen)
        self._look_for_remains(place, seen)
        if not seen.wrong:
            shutil.rmtree(place)
        return seen

    def _hit(self, kill: Kill, process: subprocess.Popen[bytes], server: subprocess.Popen[bytes] | None, mark: str,
             seen: Seen) -> psutil.Process | None:
        others = [other for other in marked(mark) if other.pid != process.pid]
        if server is not None and kill.target == "process":
            others = [psutil.Process(server.pid)]
        try:
            chosen = psutil.Process(process.pid)
            if kill.target == "process" and others:
                chosen = random.Random(f"{mark} process").choice(others)
            if process.poll() is None:
                words, own = chosen.cmdline(), psutil.Process(process.pid).cmdline()
                chosen.send_signal(getattr(signal, kill.signal))
                seen.hit = COMMAND if chosen.pid == process.pid else WORK if words == own else " ".join(words[1:5])
                return chosen
        except psutil.Error:
            pass
        return None

    def _wait(self, kill: Kill, process: subprocess.Popen[bytes], hit: psutil.Process | None, seen: Seen) -> None:
        begun = time.perf_counter()
        if hit is not None and kill.signal == "SIGSTOP" and seen.hit in (COMMAND, WORK):
            time.sleep(STOPPED_FOR_S)
            hit.send_signal(signal.SIGCONT)
        try:
            seen.exit_code = process.wait(HANG_S * seen.slowness)
        except subprocess.TimeoutExpired:
            seen.wrong.append(f"hangs for more than {HANG_S * seen.slowness:g} s")
            process.kill()
            process.wait()
        seen.ended_s = time.perf_counter() - begun
        if hit is not None and seen.hit != COMMAND and kill.signal == "SIGSTOP":
            with suppress(psutil.Error):
                hit.send_signal(signal.SIGCONT)  # one that the run could do without
        is_end = seen.hit == COMMAND and kill.signal != "SIGSTOP"
        if is_end and seen.ended_s > MUST_END_S * seen.slowness:
            seen.wrong.append(f"took {seen.ended_s:.1f} s to end")
        if is_end and seen.exit_code not in (130, 0, -signal.SIGKILL, -getattr(signal, kill.signal)):
            seen.wrong.append(f"exit code {seen.exit_code}")

    def _look_for_orphans(self, mark: str, seen: Seen) -> None:
        until = time.perf_counter() + ORPHANS_S * seen.slowness
        while (left := [process for process in marked(mark)]) and time.perf_counter() < until:
            time.sleep(0.5)
        for process in left:
            with suppress(psutil.Error):
                seen.wrong.append(f"orphan: {' '.join(process.cmdline()[1:6])}")
                process.kill()

    def _calm_file(self, kind: str, path: Path, place: Path) -> Path:
        return self.folder / f"calm {kind}" / path.relative_to(place)

    def _look_at_words(self, place: Path, seen: Seen) -> None:
        text = (place / "err").read_text(encoding="utf-8")
        if strange := sorted({match[0] for match in FOREIGN.finditer(text)}):
            seen.wrong.append(f"stderr: {', '.join(strange)}")

    def _resume(self, place: Path, mark: str, seen: Seen) -> None:
        """The same command goes on to the same table."""
        process = started(command("sweep", place, ""), place, f"{mark}-again")
        try:
            code = process.wait(HANG_S * seen.slowness)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -1
        table, calm = place / "swept" / "results.csv", self.folder / "calm sweep" / "swept" / "results.csv"
        if code or table_of(table) != table_of(calm):
            seen.wrong.append(f"does not go on to the same table (exit code {code})")

    def _look_for_remains(self, place: Path, seen: Seen) -> None:
        """Any next command removes what is left."""
        before, tempfile.tempdir = tempfile.tempdir, str(place / "tmp")
        called("list", "tariffs")
        tempfile.tempdir = before
        left = [path for path in place.rglob("*.part")]
        left += [path for path in (place / "tmp").rglob("*") if path.is_file() or path.name.startswith("v2g-run")]
        for path in left:
            seen.wrong.append(f"left behind: {path.relative_to(place)}")

    # ------------------------------------------------------------ many
    def run(self, count: int, share: int = 0, shares: int = 1) -> list[Seen]:
        """What is not carried out yet (of this share: others may work in the same folder), then all that are known."""
        seconds, known = self.undisturbed(), {seen.number: seen for seen in self.known()}
        for number in range(count):
            if number in known or number // len(KINDS) % shares != share:
                continue
            kill = Kill.of(self.seed, number)
            seen = self.carry_out(kill, seconds[kill.kind])
            known[number] = seen
            with self.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(seen)) + "\n")
            print(f"[{number + 1}/{count}] {line_of(seen)}", flush=True)
        return sorted(self.known(), key=lambda seen: seen.number)

    def known(self) -> Iterator[Seen]:
        """Those of earlier calls."""
        if self.record.is_file():
            for line in self.record.read_text(encoding="utf-8").splitlines():
                yield Seen(**json.loads(line))


# ---------------------------------------------------------------- files
def look_at(path: Path, calm: Path, seen: Seen) -> None:
    """Is it readable, does `testbed show` say what it is, does it hold what the undisturbed run's holds?"""
    is_traces = path.stem.endswith("-vehicles")
    code, out, err = called("show", str(path))
    text = out.split("\n")[0] if code == 0 else err
    said = re.search(r"completed|failed|interrupted|running|unfinished|readable", text)
    state = said[0] if said else "nothing"
    seen.states.append(f"{'traces ' if is_traces else ''}{state}")
    if state not in ("completed", "failed", "interrupted") or (code and not is_traces):
        seen.wrong.append(f"{path.name} is shown as: {text.strip()[:200]}")
        return
    try:
        wrong = traces_differ(path, calm) if is_traces else result_differs(path, calm)
    except (OSError, KeyError, ValueError) as error:
        wrong = [f"{type(error).__name__}: {error}"]
    seen.wrong += [f"{path.name}: {what}" for what in wrong[:3]]
    if state == "completed" and seen.signal == "SIGKILL" and seen.hit == COMMAND and not is_traces:
        with h5py.File(path) as file:
            if file.attrs["status"] != "completed":
                seen.wrong.append(f"{path.name} is called completed")


def result_differs(path: Path, calm: Path) -> list[str]:
    """Series of the two that differ in the steps that the first says it holds."""
    with h5py.File(path, "r") as mine, h5py.File(calm, "r") as theirs:
        steps, names = int(mine.attrs["steps_written"]), []
        mine.visit(names.append)
        over_time = [name for name in names if isinstance(mine[name], h5py.Dataset) and is_over_time(mine[name])]
        return [name for name in over_time if not np.array_equal(mine[name][:steps], theirs[name][:steps],
                                                                 equal_nan=True)]


def traces_differ(path: Path, calm: Path) -> list[str]:
    """The same of vehicle traces."""
    wrong = []
    with h5py.File(path, "r") as mine, h5py.File(calm, "r") as theirs:
        for district, group in mine["districts"].items():
            steps = int(group.attrs["steps_written"])
            for name in ("soc", "p_vehicle_kw", "reason_vehicle"):
                if not np.array_equal(group[name][:steps], theirs[f"districts/{district}/{name}"][:steps]):
                    wrong.append(f"{district}/{name}")
    return wrong


def is_over_time(dataset: Any) -> bool:
    """True if its first axis is `time`."""
    return len(dataset.dims) > 0 and len(dataset.dims[0]) > 0 and dataset.dims[0].keys()[:1] == ["time"]


def table_of(file: Path) -> list[list[str]]:
    """A study's table without the seconds that differ between equal runs."""
    import csv  # noqa: PLC0415

    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines())) if file.is_file() else []
    drop = {i for i, name in enumerate(rows[0]) if name.endswith(("wall_s", "solver_s"))} if rows else set()
    return [[cell for i, cell in enumerate(row) if i not in drop] for row in rows]


# ---------------------------------------------------------------- what is told
def line_of(seen: Seen) -> str:
    """One kill as it is told."""
    line = (f"{seen.kind}, {seen.signal} to {seen.hit or 'nothing (had ended)'}: exit code {seen.exit_code} after "
            f"{seen.ended_s:.1f} s; {', '.join(seen.states) or 'no file'}")
    return line + "".join(f"\n    WRONG {what}" for what in seen.wrong)


def summary(kills: Sequence[Seen], seed: int) -> str:
    """Counts by kind, as the page has them."""
    codes = ", ".join(f"{code} ({count})" for code, count in Counter(seen.code for seen in kills).items())
    lines = [f"{datetime.now(UTC):%Y-%m-%d}, {len(kills)} kills, seed {seed}, code {codes}; "
             f"`python benchmarks/kills.py --count {len(kills)} --seed {seed}`", "", "```text",
             f"{'what was run':20}{'kills':>6}{'hit':>6}{'as it should be':>17}   files"]
    for kind in KINDS:
        of_kind = [seen for seen in kills if seen.kind == kind]
        files = Counter(state for seen in of_kind for state in seen.states)
        none = sum(not seen.states for seen in of_kind)
        words = ", ".join(f"{count} {state}" for state, count in sorted(files.items())) + f", {none} times none"
        lines.append(f"{kind:20}{len(of_kind):6}{sum(bool(seen.hit) for seen in of_kind):6}"
                     f"{sum(not seen.wrong for seen in of_kind):17}   {words}")
    ends = [seen.ended_s for seen in kills if seen.hit == COMMAND and seen.signal in ("SIGTERM", "SIGINT")]
    if ends:
        lines += ["", f"seconds from SIGTERM or SIGINT to the end of the command: median {np.median(ends):.1f}, "
                  f"longest {max(ends):.1f}; a CPU second took {np.median([seen.slowness for seen in kills]):.1f} s"]
    lines += [f"kill {seen.number}: {line_of(seen)}" for seen in kills if seen.wrong]
    return "\n".join([*lines, "```"])


def publish(text: str) -> None:
    """Into the page's section of that name."""
    page = PAGE.read_text(encoding="utf-8")
    block = re.compile(r"(<!-- kills -->\n).*?(<!-- end of kills -->)", re.DOTALL)
    PAGE.write_text(block.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page), encoding="utf-8")


def main() -> int:
    """Exit code 1 if anything was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "kills")
    parser.add_argument("--share", default="0/1", metavar="K/N", help="only every Nth round: N commands side by side")
    parser.add_argument("--publish", action="store_true", help=f"write the counts into {PAGE.name}")
    chosen = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a child would inherit that Ctrl-C is ignored
    share, shares = (int(part) for part in chosen.share.split("/"))
    kills = Study(chosen.folder, chosen.seed).run(chosen.count, share, shares)
    text = summary(kills, chosen.seed)
    print(text)
    if chosen.publish:
        publish(text)
    return int(any(seen.wrong for seen in kills))


if __name__ == "__main__":
    raise SystemExit(main())
