"""The process that workers on this machine are forked from: it has loaded what every run loads, and done nothing yet.

Imports take a worker two seconds; a fork of this process takes milliseconds and shares its memory. It has no threads
and no solver has run in it, so that nothing is forked half-way.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
"""How workers come about; elsewhere than on Linux not every library survives a fork."""
LOADED = ("distributed", "testbed.loaded")
ONE_THREAD: Mapping[str, str] = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Workers share the cores; what a user has set stays."""


def prepare_workers() -> None:
    """Start the process if it does not run, without waiting for it: it loads while the caller goes on."""
    if METHOD == "forkserver":
        multiprocessing.get_context(METHOD).set_forkserver_preload(list(LOADED))
        with _in_environment({name: value for name, value in ONE_THREAD.items() if name not in os.environ}):
            forkserver.ensure_running()


@contextmanager
def _in_environment(variables: Mapping[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
