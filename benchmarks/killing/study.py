"""All kills of a seed in a folder: each command run, killed, and looked at from outside."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psutil

from testbed.wiring.code_version import code_hash

from .commands import called, command, marked, serving, slowness, started, write_study
from .files import look_at, table_of
from .kill import COMMAND, KINDS, WORK, Kill, Seen

MUST_END_S, ORPHANS_S, HANG_S = 10.0, 10.0, 180.0
STOPPED_FOR_S = 3.0
"""Seconds after which a stopped command is told to go on."""
FOREIGN = re.compile(r"Traceback|Task was destroyed|never retrieved|Exception ignored|Segmentation|unexpected |"
                     r"ResourceWarning|leaked")


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
            print(f"[{number + 1}/{count}] {seen}", flush=True)
        return sorted(self.known(), key=lambda seen: seen.number)

    def known(self) -> Iterator[Seen]:
        """Those of earlier calls."""
        if self.record.is_file():
            for line in self.record.read_text(encoding="utf-8").splitlines():
                yield Seen(**json.loads(line))
