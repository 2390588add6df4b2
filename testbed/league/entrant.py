"""The process of an entry: a program by itself, which is given the port's records over a pipe and answers.

It is started as a file, so that nothing of the testbed is loaded in it, and from then on a hook of Python's own
(`sys.addaudithook`) watches what the entry reaches for: other packages of the testbed, results, files outside of its
own folder and of Python, networks, other processes. What it reaches for ends its answer, caught or not. That keeps
honest entries honest; it is no prison for malicious code.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import pickle
import struct
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[2]
OURS = ("testbed", "experiments", "audit", "tests", "mosaik", "mosaik_api_v3")
PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn")
SYSTEM_FOLDERS = ("/usr/", "/lib", "/etc/", "/proc/cpuinfo", "/proc/meminfo", "/sys/", "/dev/")
RESULTS = (".h5", ".hdf5")


class Reached(Exception):
    """For what is beyond the port."""


class Fence:
    """What the entry reached for, as the hook saw it."""

    def __init__(self, folder: Path) -> None:
        self.folder = f"{folder.resolve()}{os.sep}"
        self.read: set[str] = set()
        """Files of its own folder that it opened."""
        own = (self.folder, f"{ROOT / 'controllers'}{os.sep}", f"{ROOT / 'models' / 'records'}{os.sep}",
               ROOT / "models" / "__init__.py")
        libraries = {sys.prefix, sys.base_prefix, sys.exec_prefix, *(path for path in sys.path if "packages" in path)}
        # what is opened is told without links, so these are too
        self._readable = (*(str(place) for place in own), *map(os.path.realpath, libraries),
                          f"/proc/{os.getpid()}/", *SYSTEM_FOLDERS)
        self.reached = ""
        self.is_up = False

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Asked by Python before imports, opened files and the like."""
        if self.is_up and (what := self._beyond(event, arguments)):
            self.is_up = False  # telling where reads files
            self.reached = self.reached or f"{what}{_line()}"
            self.is_up = True
            raise Reached(self.reached)

    def _beyond(self, event: str, arguments: tuple[Any, ...]) -> str:
        if event == "import":
            return _module_beyond(str(arguments[0]))
        if event == "open":
            return self._file_beyond(arguments[0], str(arguments[1] or "r"))
        if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
            return f"the network ({event})"
        return f"another process ({event})" if event in PROCESSES else ""

    def _file_beyond(self, path: object, mode: str) -> str:
        if not isinstance(path, str | bytes | os.PathLike):  # a descriptor that is open already
            return ""
        place = os.path.realpath(os.fsdecode(path))
        if place.endswith(RESULTS) or not place.startswith(self._readable):
            return f"the file {place}"
        if place.startswith(self.folder):
            self.read.add(place)
        return f"the file {place}, to write into it" if set(mode) & set("wax+") and place != os.devnull else ""


def _module_beyond(name: str) -> str:
    top, _, below = name.partition(".")
    if top in OURS or (top == "models" and below and not below.startswith("records")):
        return f"the module {name}"
    return ""


def _line() -> str:
    """Where, in the entry's own code."""
    own = [frame for frame in traceback.extract_stack() if str(ROOT) not in frame.filename
           and sys.prefix not in frame.filename and sys.base_prefix not in frame.filename
           and not frame.filename.startswith("<")]
    return f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""


# ---------------------------------------------------------------- the pipe
class Pipe:
    """Messages with their length before them."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink

    def send(self, message: object) -> None:
        """As pickled bytes; the other side takes arrays and plain values alone."""
        content = pickle.dumps(message)
        self._sink.write(struct.pack("<Q", len(content)) + content)
        self._sink.flush()

    def receive(self) -> Any:
        """EOFError where the other side has ended."""
        head = self._source.read(8)
        if len(head) < 8:
            raise EOFError
        return _Records(io.BytesIO(self._source.read(struct.unpack("<Q", head)[0])), self).load()


class _Records(pickle.Unpickler):
    """Records, with calls of what stays on the other side (the operator's own power flow) in place of functions."""

    def __init__(self, content: io.BytesIO, pipe: Pipe) -> None:
        super().__init__(content)
        self._pipe = pipe

    def persistent_load(self, pid: Any) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self._pipe.send(("call", pid, arguments))
            return self._pipe.receive()

        return call


# ---------------------------------------------------------------- the entry
class Entrant:
    """The user's controller and its layers, as they are asked for."""

    def __init__(self, parameters: Any, fence: Fence) -> None:
        """parameters: the module that tells what a class takes."""
        self._parameters, self._fence = parameters, fence
        self.controller: Any = None
        self.layers: dict[str, Any] = {}

    def make(self, file: str, class_name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Fields of the controller that its class in this file makes, its parameters, and the files that it read."""
        from controllers.contract import completed, mistakes  # noqa: PLC0415 - found once the path is set

        sys.path.append(str(Path(file).parent))
        spec = importlib.util.spec_from_file_location("entry", file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["entry"] = module
        spec.loader.exec_module(module)
        kind = getattr(module, class_name)
        made = self._parameters.made(kind, parameters)
        if problems := mistakes(made):
            raise TypeError(f"is not a controller: {'; '.join(problems)}")
        self.controller = c = completed(made)
        return {"name": c.name, "description": made.description, "free_behaviour": c.free_behaviour,
                "has_vehicles": c.has_vehicles, "car_control": c.car_control, "places_cars": c.places_cars,
                "learns_compliance": c.learns_compliance, "sees_feeders": c.sees_feeders,
                "promises_safely": c.promises_safely, "knows_truth": c.knows_truth,
                "all_parameters": json.loads(json.dumps(self._parameters.values_of(c), default=repr)),
                "unusual_parameters": self._parameters.as_given(kind, parameters), "read": sorted(self._fence.read)}

    def temporal(self, knowledge: Any) -> None:
        """Make the upper layer."""
        self.layers["plan"] = self.controller.temporal(knowledge)

    def spatial(self, knowledge: Any) -> None:
        """Make the lower layer of a district."""
        self.layers[knowledge.district] = self.controller.spatial(knowledge)

    def plan(self, view: Any) -> dict[str, Any]:
        """Fields of the plan."""
        return _fields(self.layers["plan"].plan(view))

    def step(self, district: str, view: Any) -> dict[str, Any]:
        """Fields of the set-points."""
        return _fields(self.layers[district].step(view))


def _fields(record: Any) -> dict[str, Any]:
    """Arrays and plain values of a record and of records within."""
    return {name: _fields(value) if hasattr(value, "to_arrays") else value
            for name, value in record.to_arrays().items()}


def answered(entrant: Entrant, fence: Fence, name: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """What came of a question: `ok` with the answer, `failed` or `refused` with why."""
    fence.is_up = True
    try:
        answer = "ok", getattr(entrant, name)(*arguments)
    except BaseException as error:
        fence.is_up = False
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if str(ROOT) not in frame.filename]
        place = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
        answer = "failed", f"{type(error).__name__}: {error}{place}"
    fence.is_up = False
    return ("refused", fence.reached) if fence.reached else answer


def _parameters() -> ModuleType:
    """What tells the parameters of a class; forgotten as a module, so that an entry that reaches for it is noticed."""
    from testbed.users import parameters  # noqa: PLC0415 - found once the path is set

    for name in [name for name in sys.modules if _module_beyond(name)]:
        del sys.modules[name]
    return parameters


def main() -> None:
    """Answer until the pipe ends."""
    sys.path.insert(0, str(ROOT))
    pipe = Pipe(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # what the entry prints is no answer
    import controllers.variants.bilayer  # noqa: PLC0415 - so that the hook does not ask of our own files
    import controllers.variants.temporal  # noqa: F401, PLC0415

    fence = Fence(Path(sys.argv[1]))
    entrant = Entrant(_parameters(), fence)
    sys.addaudithook(fence.hook)
    try:
        while True:
            name, *arguments = pipe.receive()
            pipe.send(answered(entrant, fence, name, tuple(arguments)))
    except EOFError:
        pass


if __name__ == "__main__":
    main()
