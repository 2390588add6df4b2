"""The live page in a process of its own, beside the command that carries the run out (`testbed run --watch`)."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testbed.reporting.live.server import follow
from testbed.reporting.live.watched import result_to_watch
from testbed.running.preflight import WrongRequest
from testbed.wiring.pulse import end_with_parent
from testbed.wiring.stopping import without_ctrl_c

LOOK_S = 0.2
GRACE_S = 10.0
"""For an open page to hear how the run ended."""


@contextmanager
def live_beside(file: Path, port: int = 0) -> Iterator[None]:
    """Within, a page follows the run that is about to write this file; its address comes on stderr.

    A run does not depend on it: the page reads the file from another process, which ends by itself after the run and
    is ended with this process.
    """
    words = [sys.executable, "-P", "-m", "testbed.reporting.live.beside", str(file), str(port), str(os.getpid())]
    with without_ctrl_c():
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=sys.stderr.fileno() if _has_number() else None)
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()  # by which a page that still waits for the file knows that none will come
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()


def _has_number() -> bool:
    """Whether stderr is a file of the system: in tests it may be a text in memory."""
    try:
        return sys.stderr.fileno() >= 0
    except (OSError, ValueError, AttributeError):
        return False


def main(words: list[str]) -> int:
    """In the child: wait for the run's file, then serve."""
    file, port, parent = Path(words[0]), int(words[1]), int(words[2])
    end_with_parent(parent)
    while not _is_there(file):
        if select.select([sys.stdin], [], [], LOOK_S)[0]:  # the run has ended without it
            return 0
    try:
        follow(file, port, lambda address: print(f"follow the run at {address}", flush=True))
    except WrongRequest as wrong:
        print(f"testbed: {wrong.mistakes[0]}", flush=True)
    return 0


def _is_there(file: Path) -> bool:
    """False while there is none, or an older result that is about to be replaced."""
    try:
        result_to_watch(file)
    except WrongRequest:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
