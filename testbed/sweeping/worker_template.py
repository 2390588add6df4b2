"""The process that workers on this machine are forked from: it has loaded what every run loads, and done nothing yet.

Imports take a worker two seconds; a fork of this process takes milliseconds and shares its memory. It has no threads
and no solver has run in it, so that nothing is forked half-way.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
"""How workers come about; elsewhere than on Linux not every library survives a fork."""
LOADED = ("distributed", "testbed.running.loaded")
ONE_THREAD: Mapping[str, str] = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Workers share the cores; what a user has set stays."""


def prepare_workers() -> None:
    """Start the process if it does not run, without waiting for it: it loads while the caller goes on."""
    if METHOD == "forkserver":
        multiprocessing.get_context(METHOD).set_forkserver_preload(list(LOADED))
        with _environment(_modules_as_here() | {name: os.environ.get(name, one) for name, one in ONE_THREAD.items()}):
            _without_interrupts(forkserver.ensure_running)


def _without_interrupts(start: Callable[[], None]) -> None:
    """A child inherits what is blocked: Ctrl-C is for the command, which ends its workers in order."""
    resource_tracker.ensure_running()  # which would unblock it again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _modules_as_here() -> dict[str, str]:
    """It would find modules in the working folder first, whatever lies there; so would what its workers start."""
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(folder or os.getcwd() for folder in sys.path)}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
