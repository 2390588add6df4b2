"""A user's controller that runs in a process of its own: it is given the port's records and nothing else."""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

from controllers.base import BaseController
from controllers.port import (
    FeederView,
    Plan,
    Setpoints,
    SpatialCertificate,
    SpatialKnowledge,
    SpatialLayer,
    SystemView,
    TemporalKnowledge,
    TemporalLayer,
)
from testbed.setup.controller_loading import ControllerError
from testbed.users.parameters import Elsewhere, ParameterError, called

PROGRAM = Path(__file__).with_name("entrant.py")
ALLOWED = {("numpy", "ndarray"), ("numpy", "dtype"), ("numpy._core.multiarray", "_reconstruct"),
           ("numpy._core.multiarray", "scalar"), ("numpy._core.numeric", "_frombuffer")}
"""All that an answer is made of, beside plain values."""


class EntryFailed(RuntimeError):
    """An entry that failed, ended, or reached for what it must not know."""


class Entry(Elsewhere, BaseController):
    """The controller that `spec` names, elsewhere. Made by `entry_of`, which asks it for its fields."""

    name = "entry"
    description = "a controller in a process of its own"
    places_cars = True
    spec = ""
    content = ""
    """sha256 of its file and of what it read beside it as it was made."""
    _process: EntryProcess | None = None

    def temporal(self, knowledge: TemporalKnowledge) -> TemporalLayer:
        """Its upper layer, in a new process: nothing is left of an earlier run."""
        self._end()
        self._process = EntryProcess(self.spec)
        self._process.ask("temporal", knowledge)
        return _Upper(self._process)

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """Its lower layer of a district, in the same process."""
        if self._process is None:
            self._process = EntryProcess(self.spec)
        self._process.ask("spatial", knowledge)
        return _Lower(self._process, knowledge.district)

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_process"}


def entry_of(spec: str) -> Entry:
    """The entry of `mine.py:Class` or `mine.py:Class(key=value)`. ControllerError where it is none."""
    file, _, _ = _parts(spec)
    if not file.is_file():
        raise ControllerError(f"{spec}: there is no file {file}")
    process = EntryProcess(spec)
    try:
        fields = process.fields
    finally:
        process.end()
    if fields.get("knows_truth"):
        raise ControllerError(f"{spec}: knows_truth=True, allowed: False")
    made = Entry()
    content = _content(file, fields.pop("read"))
    vars(made).update(fields, spec=spec, content=content)
    return made


def _content(file: Path, read: Sequence[str]) -> str:
    """Of all these files in their order; of compiled ones of their sources."""
    sources = {source_from_cache(path) if path.endswith(".pyc") else path for path in read}
    there = [file, *(path for path in map(Path, sorted(sources)) if path != file and path.is_file())]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in there]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _parts(spec: str) -> tuple[Path, str, dict[str, Any]]:
    try:
        base, parameters = called(spec)
    except ParameterError as error:
        raise ControllerError(str(error)) from error
    file, colon, class_name = base.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise ControllerError(f"{spec}: an entry is written path/to/mine.py:Class")
    return Path(file).resolve(), class_name, parameters


class _Upper:
    def __init__(self, process: EntryProcess) -> None:
        self._process = process

    def plan(self, view: SystemView) -> Plan:
        """The plan as it answers it."""
        return Plan.from_arrays(self._process.ask("plan", view))


class _Lower:
    def __init__(self, process: EntryProcess, district: str) -> None:
        self._process, self._district = process, district

    def step(self, view: FeederView) -> Setpoints:
        """The set-points as it answers them."""
        fields = self._process.ask("step", self._district, view)
        return Setpoints(**{**fields, "certificate": SpatialCertificate(**fields["certificate"])})


class EntryProcess:
    """The process in which the controller is, from here."""

    def __init__(self, spec: str) -> None:
        file, class_name, parameters = _parts(spec)
        self._spec = spec
        self._calls: list[Callable[..., Any]] = []
        words = [sys.executable, "-P", "-B", str(PROGRAM), str(file.parent)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=file.parent)
        self.fields: dict[str, Any] = self.ask("make", str(file), class_name, parameters)

    def ask(self, name: str, *arguments: Any) -> Any:
        """The answer; EntryFailed, and the process ended, for whatever else comes."""
        try:
            self._send((name, *arguments))
            while True:
                kind, *content = self._receive()
                if kind != "call":
                    break
                number, given = content
                self._send(self._calls[number](*given))
        except BaseException as error:
            self.end()
            if isinstance(error, EOFError | BrokenPipeError | pickle.UnpicklingError):
                raise EntryFailed(f"{self._spec}, {name}(): its process ended or said what is no answer "
                                  f"({type(error).__name__} {error})") from error
            raise
        if kind == "ok":
            return content[0]
        self.end()
        raise EntryFailed(f"{self._spec}, {name}(): " + (
            f"refused: it reached for {content[0]}; an entry is given the port's records only"
            if kind == "refused" else str(content[0])))

    def end(self) -> None:
        """At once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.end()

    def _send(self, message: Any) -> None:
        content = io.BytesIO()
        _Records(content, self._calls).dump(message)
        assert self._process.stdin is not None
        self._process.stdin.write(struct.pack("<Q", content.tell()) + content.getvalue())
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        head = self._process.stdout.read(8)
        if len(head) < 8:
            raise EOFError
        return _Plain(io.BytesIO(self._process.stdout.read(struct.unpack("<Q", head)[0]))).load()


class _Records(pickle.Pickler):
    """Functions stay here and are called from there."""

    def __init__(self, content: io.BytesIO, calls: list[Callable[..., Any]]) -> None:
        super().__init__(content)
        self._calls = calls

    def persistent_id(self, obj: Any) -> int | None:
        """Its place among the functions; None for all else."""
        is_ours = isinstance(obj, types.MethodType) or (
            isinstance(obj, types.FunctionType) and "<" in obj.__qualname__)
        if not is_ours:
            return None
        if obj not in self._calls:
            self._calls.append(obj)
        return self._calls.index(obj)


class _Plain(pickle.Unpickler):
    """Arrays and plain values: nothing that a stranger could have run here."""

    def find_class(self, module: str, name: str) -> Any:
        """UnpicklingError for anything else."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is no array and no plain value")
        return super().find_class(module, name)
