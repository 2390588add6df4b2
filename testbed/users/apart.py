"""A call in a process of its own: sent to a new Python, its answer brought back.

That process starts from our own module, so the script, notebook or test in which the call was given does not run a
second time there; what classes of it are needed travel along. It ends when this process ends.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from testbed.users.carrying import carried, delivered
from testbed.users.code import ROOT
from testbed.wiring.pulse import end_with_parent
from testbed.wiring.remains import temporary_folder
from testbed.wiring.stopping import ctrl_c_blocked, heeded_signals
from testbed.wiring.whole_files import write_whole


class Apart:
    """A process at work on one call; `answer` when it has ended."""

    def __init__(self, function: Callable[..., Any], *given: Any) -> None:
        content = carried((function, given))
        self._kept = ExitStack()
        self._file = self._kept.enter_context(temporary_folder("apart")) / "answer"
        # -P: a folder of the present one called as ours is not taken for it; a group of its own: no Ctrl-C
        words = [sys.executable, "-P", "-m", "testbed.users.apart", str(os.getpid()), str(self._file)]
        group = {"process_group": 0} if os.name == "posix" else {}
        with ctrl_c_blocked():
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, env=own_environment(), **group)  # type: ignore[call-overload]
        with suppress(BrokenPipeError), self.process.stdin as pipe:  # if it has ended that is told as any other end
            pipe.write(content)

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def answer(self) -> Any:
        """What the call returned; EOFError if its process ended without an answer."""
        self.process.wait()
        try:
            if not self._file.is_file():
                raise EOFError
            return pickle.loads(self._file.read_bytes())
        finally:
            self._kept.close()

    def kill(self) -> None:
        """At once, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._kept.close()


def own_environment() -> dict[str, str]:
    """This process's, in which a new Python finds our packages before all others."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path}


def main() -> int:
    """In the new process; SIGTERM stops the call in order."""
    parent, file = int(sys.argv[1]), Path(sys.argv[2])
    end_with_parent(parent)
    try:
        with heeded_signals():
            function, given = delivered(sys.stdin.buffer.read())
            write_whole(file, pickle.dumps(function(*given)))
    except KeyboardInterrupt:
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
