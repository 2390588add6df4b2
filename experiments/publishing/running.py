"""A run of a whole experiment: its folder belongs to one state of the code, finished steps are not made again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

from experiments.runs import RunsFailed, say
from testbed.running.preflight import RESULTS
from testbed.wiring.code_version import code_hash

ROOT = Path(__file__).resolve().parents[1]
BEAT_S = 30.0
SHOWING = ("published", "publishing", "site")
"""Packages that make no rows."""
Main = Callable[[Sequence[str]], int]


@cache
def study_hash() -> str:
    """Of the code that runs are made of and of the experiments' own, scenarios too."""
    digest = hashlib.sha256(code_hash().encode())
    for file in study_files():
        digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def study_files() -> list[Path]:
    """All that an experiment's rows may hang on; how they are published and shown is left out."""
    files = (file for kind in ("py", "yaml") for file in ROOT.rglob(f"*.{kind}"))
    return sorted(file for file in files if file.relative_to(ROOT).parts[0] not in SHOWING)


@dataclass(frozen=True)
class Run:
    """Where an experiment's command writes, and with how many processes."""

    folder: Path
    workers: int = 1

    def step(self, name: str, make: Callable[[], object]) -> None:
        """Do it unless it was done in this folder before, by the experiments as they are."""
        mark = self.folder / f"{name}.done"
        if mark.is_file() and mark.read_text(encoding="utf-8") == study_hash():
            say(f"{name}: done already, {mark}")
            return
        make()
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(study_hash(), encoding="utf-8")

    def command(self, main: Main, *words: str, accepts: Sequence[int] = (0,)) -> None:
        """An experiment's own command; RunsFailed if its exit code is not among those accepted."""
        if (ended := main(words)) not in accepts:
            raise RunsFailed(f"{main.__module__} {' '.join(words)}: exit code {ended}")

    @property
    def seconds(self) -> float:
        """Wall time of all calls of the command in this folder so far."""
        path = self.folder / "seconds.json"
        return float(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Adds the wall time of what happens inside, also of what is broken off or killed (then to half a minute)."""
        began, before, over = time.monotonic(), self.seconds, Event()
        self.folder.mkdir(parents=True, exist_ok=True)

        def keep() -> None:
            part = self.folder / "seconds.part"  # moved when whole: a killed process leaves no half number
            part.write_text(json.dumps(before + time.monotonic() - began), encoding="utf-8")
            part.replace(self.folder / "seconds.json")

        def beat() -> None:
            while not over.wait(BEAT_S):
                keep()

        watch = Thread(target=beat, daemon=True)
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()
            keep()


def run_of(name: str, workers: int, results: Path = RESULTS) -> Run:
    """The run of an experiment by the code as it is: another state of the code has another folder."""
    return Run(results / name / code_hash(), workers)


class RowCache:
    """Rows that took long, kept one a line as they come: a stopped command goes on where it was.

    A row is known by its settings and the code; rows of other code stay in the file and are not used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        self._rows = {key: row for key, row in filter(None, map(_line, lines))}

    def has(self, settings: Mapping[str, Any]) -> bool:
        """Whether the row of these settings is kept."""
        return _key(settings) in self._rows

    def row(self, settings: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """The row (anything JSON can hold) of these settings: kept, or made and kept."""
        key = _key(settings)
        if key not in self._rows:
            self._rows[key] = json.loads(json.dumps(make()))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, self._rows[key]]) + "\n")
        return self._rows[key]


def _key(settings: Mapping[str, Any]) -> str:
    return json.dumps([study_hash(), settings], sort_keys=True)


def _line(text: str) -> tuple[str, Any] | None:
    """None for a line that a stopped command left half written."""
    try:
        key, row = json.loads(text)
    except ValueError:
        return None
    return str(key), row
