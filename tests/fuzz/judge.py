"""One input through the command line in this process, and what must not happen with it."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from testbed.cli.app import act
from testbed.scenario.plain_text import CONTROL

CPU_S, WALL_S = 10.0, 300.0
"""What one input may take: of the processor, and on a clock of a busy machine."""
DONE, FAILED, WRONG = 0, 1, 2
ANY = (DONE, FAILED, WRONG)
NEWS = re.compile(r"testbed: unexpected|unexpected \w+(Error|Exception|Warning)|Traceback \(most recent")


class Ended(NamedTuple):
    """Exit code, stdout and stderr of a command."""

    code: int
    out: str
    err: str


class Hang(BaseException):
    """An input that took its time; no `except Exception` keeps it."""


@dataclass(frozen=True)
class Case:
    """A command and the files beside it."""

    arguments: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[int, ...] = (DONE, WRONG)
    """Exit codes that are answers; 1 too for a result that breaks rules, 0 alone where nothing is wrong."""


@dataclass(frozen=True)
class Verdict:
    """How it ended, and what is wrong with that; empty if nothing is."""

    exit_code: int
    fault: str = ""
    said: str = ""


@contextmanager
def limited() -> Iterator[None]:
    """Raises Hang where the block takes longer than an input may."""
    def late(number: int, frame: FrameType | None) -> None:
        raise Hang
    before = [signal.signal(number, late) for number in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    signal.setitimer(signal.ITIMER_REAL, WALL_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(number, handler)


def judged(case: Case, folder: Path) -> Verdict:
    """Carry out the case in the folder, which is as before afterwards."""
    standing = _state(folder)
    before_here = Path.cwd()
    os.chdir(folder)
    try:
        _lay_out(case)
        laid_out = _state(folder)
        try:
            with limited():
                ended = called(case.arguments)
        except Hang:
            return Verdict(-1, f"took more than {CPU_S:g} s")
        except Exception as error:  # whatever the command lets out is what is looked for
            return Verdict(-1, f"traceback: {type(error).__name__}: {error}"[:300])
        return _verdict(case, ended, laid_out, _state(folder))
    finally:
        os.chdir(before_here)
        for name in _state(folder).keys() - standing.keys():
            (folder / name).unlink()


def called(arguments: Sequence[str]) -> Ended:
    """The command as a shell would call it, in this process."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["testbed", *arguments]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            act()
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
        return Ended(code, out.getvalue(), err.getvalue())
    finally:
        sys.argv = before
    return Ended(DONE, out.getvalue(), err.getvalue())


def _lay_out(case: Case) -> None:
    for name, content in case.files.items():
        Path(name).write_bytes(content)
    for name, target in case.links.items():
        Path(name).symlink_to(target)


def _state(folder: Path) -> dict[str, tuple[int, ...]]:
    """Every file with what changes as it is touched; folders that stand there are not looked into."""
    return {entry.name: (at.st_ino, at.st_size, at.st_mtime_ns) for entry in os.scandir(folder)
            for at in [entry.stat(follow_symlinks=False)] if not entry.is_dir(follow_symlinks=False)}


def _verdict(case: Case, ended: Ended, before: Mapping[str, tuple[int, ...]],
             after: Mapping[str, tuple[int, ...]]) -> Verdict:
    code, out, err = ended
    said = out + err
    faults = [
        code not in case.codes and f"exit code {code}: {err[:300]}",
        NEWS.search(said) and err[:300],
        CONTROL.search(said) and f"control characters in {said[:200]!r}",
        code == WRONG and not err.strip() and "refused without a word",
        code == WRONG and out and case.codes != ANY and f"refused, but printed {out[:100]!r}",
        code == WRONG and before != after and f"refused, but touched {sorted(before.items() ^ after.items())[:2]}",
    ]
    return Verdict(code, next((str(fault) for fault in faults if fault), ""), err[:300])
