"""Runs a command, and ends with its code when all processes that it began have ended too.

    python benchmarks/whole_family.py CMD...

Those whose parents ended or were killed before waiting for them are this process's then, so that the system counts for
it what all of them used: Dask's workers would be missing else. Linux only.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Sequence

PR_SET_CHILD_SUBREAPER = 36
"""Of Linux's prctl.h."""


def main(words: Sequence[str]) -> int:
    """The command's exit code."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl: orphans cannot be adopted")
    code = subprocess.Popen(words).wait()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
