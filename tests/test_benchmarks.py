"""What benchmarks count is what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FAMILY = Path(__file__).parents[1] / "benchmarks" / "whole_family.py"
ORPHAN = """
import os, sys, time
if os.fork() == 0:  # its parent does not wait for it
    while time.process_time() < 0.5:
        pass
    os._exit(0)
sys.exit(3)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's own way")
def test_the_cost_of_a_command_holds_processes_that_it_left_behind() -> None:
    child = subprocess.Popen([sys.executable, str(FAMILY), sys.executable, "-c", ORPHAN])
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 3
    assert used.ru_utime + used.ru_stime > 0.5
