"""Large blocks of memory go back to the system as they are freed, so that a run of weeks needs no more than a day.

glibc's `malloc` keeps ever larger blocks on its heap as a program frees them (up to 32 MB), and what solvers leave
scattered between them keeps the heap from shrinking: a month of `study_day` grew by a fifth. With a threshold that
stays where it is larger blocks have pages of their own. The pages cost a twentieth of a run's time, so that short runs,
which do not grow, go without (docs/decisions/0055-large-blocks.md).
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping

M_MMAP_THRESHOLD = -3
"""Of glibc's malloc.h."""
LARGE_BYTES = 2**20
LONG_DAYS = 7


def give_back_large_blocks(days: int) -> None:
    """From now on in this process, for a run of so many days; where the C library is another one nothing happens."""
    if days >= LONG_DAYS and sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def environment_of_children(days: int) -> Mapping[str, str]:
    """The same for processes that begin with it."""
    return os.environ | ({"MALLOC_MMAP_THRESHOLD_": str(LARGE_BYTES)} if days >= LONG_DAYS else {})
