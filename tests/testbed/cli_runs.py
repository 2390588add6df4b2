"""Runs of the command line in tests: a stand-in for testbed.running.one_run, an empty folder, and ways to look at what
came."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from testbed.cli.app import app
from testbed.wiring.failure import Failure

OWN = '''
class {name}:
    name = "{lower}"
    description = "an own controller"
    free_behaviour = "on_arrival"
    has_vehicles = True
    car_control = "none"

    def temporal(self, knowledge):
        return None

    def spatial(self, knowledge):
        return None
'''


class RunFailed(RuntimeError):
    """Stands for testbed.running.one_run.RunFailed."""

    def __init__(self, simulator: str, time_s: int, cause: str, partial: Path) -> None:
        super().__init__(cause)
        self.failure, self.partial = Failure(simulator, time_s, cause), partial


@dataclass
class FakeRun:
    """Stands for testbed.running.one_run: remembers what it was asked for, and writes a small result or ends as
    told."""

    write: Callable[..., Path]
    calls: list[tuple[str, int, Path, Path | None]] = field(default_factory=list)
    ending: dict[tuple[str, int], BaseException] = field(default_factory=dict)

    def __call__(self, scenario: Any, controller: Any, *, seed: int, output: Path, plan: Path | None = None,
                 progress: Any = None) -> Path:
        self.calls.append((controller.name, seed, output, plan))
        assert scenario.seed == seed
        output.parent.mkdir(parents=True, exist_ok=True)
        error = self.ending.get((controller.name, seed))
        if error is None:
            self.write(str(output.absolute()), controller=controller.name, seed=seed)
            return output
        left: dict[str, Any] = {"stop_after": 3, "status": "running"}
        if isinstance(error, RunFailed):
            left = {"stop_after": 3, "status": "failed", "failure": Failure("feeder", 5400, "diverged")}
        self.write(str(output.absolute()), controller=controller.name, seed=seed, **left)
        raise error


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with two own controllers in mine.py."""
    folder = tmp_path / "here"
    folder.mkdir()
    text = OWN.format(name="Mine", lower="mine") + OWN.format(name="Other", lower="other")
    (folder / "mine.py").write_text(text)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def fake_run(here: Path, write_result: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRun]:
    fake, module = FakeRun(write_result), ModuleType("testbed.running.one_run")
    module.__dict__.update(run_scenario=fake, RunFailed=RunFailed)
    monkeypatch.setitem(sys.modules, "testbed.running.one_run", module)
    yield fake


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text().splitlines()))
