"""How the command begins."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

STOPPED_WHILE_IMPORTING = """
import os, signal, sys
from testbed.cli.begin import main

class Stopping:
    def find_spec(self, name, path=None, target=None):
        if name == "testbed.cli.app":
            os.kill(os.getpid(), signal.SIGINT)
            print("went on")

sys.meta_path.insert(0, Stopping())
{before}
sys.argv = ["testbed", "--version"]
main()
"""


@pytest.mark.parametrize(("before", "code", "lines"), [
    ("", -signal.SIGINT, 0), ("signal.signal(signal.SIGINT, signal.SIG_IGN)", 0, 2)])
def test_ctrl_c_while_all_is_imported_ends_the_command_without_a_word(before: str, code: int, lines: int) -> None:
    script = STOPPED_WHILE_IMPORTING.format(before=before)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr, len(ended.stdout.splitlines())) == (code, "", lines)
