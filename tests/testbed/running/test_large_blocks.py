"""Freed blocks go back to the system, whatever small ones are left between them."""

import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Mapping

import pytest

from testbed.running.large_blocks import environment_of_children
from testbed.simulators.recorder import give_back_memory

PROGRAM = """
import numpy as np
import psutil
from testbed.running.large_blocks import give_back_large_blocks

give_back_large_blocks({days})
del_me = np.ones(2**21)
del del_me                                                # glibc's own threshold is 16 MB from here on
before = psutil.Process().memory_info().rss
large, small = [], []
for _ in range(20):
    large.append(np.ones(2**19))
    small.append(bytearray(b'1' * 200_000))
del large
print((psutil.Process().memory_info().rss - before) / 2**20)
"""


def left_mb(days: int, environment: Mapping[str, str] | None = None) -> float:
    """Of 80 MB that were freed."""
    return float(subprocess.check_output([sys.executable, "-c", PROGRAM.format(days=days)], env=environment))


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc's own way")


def test_what_long_runs_free_goes_back_though_small_blocks_lie_between() -> None:
    assert left_mb(7) < 10
    assert left_mb(1) > 50


def test_circles_that_a_day_left_are_gone_at_its_end() -> None:
    class Node:
        """Refers to itself."""

    node = Node()
    node.itself, gone = node, weakref.ref(node)  # type: ignore[attr-defined]
    gc.disable()
    try:
        del node
        assert gone() is not None
        give_back_memory()
        assert gone() is None
    finally:
        gc.enable()


def test_a_process_of_a_long_run_begins_so() -> None:
    assert left_mb(1, environment_of_children(30)) < 10
    assert environment_of_children(1) == os.environ
