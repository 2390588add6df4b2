"""Processes of an experiment's own, which end with it however it ends."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from testbed.wiring.pulse import end_with_parent


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Fresh processes: one that is killed leaves none behind that goes on computing."""
    return ProcessPoolExecutor(workers, get_context("spawn"), end_with_parent, (os.getpid(),))
