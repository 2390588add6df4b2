"""What a run needs only at its end, worked out by a second process while the first simulates.

That process does nothing but fill the cache: the commitment without cars, and the verdict on the fast engine. Whoever
needs one of them asks for it as ever and finds it there; if the process died, it is worked out on the spot.
"""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

from testbed.engine_check import engines_disagree, is_checked
from testbed.reference import is_kept, no_car_reference
from testbed.run_spec import RunSpec


class Beforehand:
    """The second process while the block runs; none where all is kept already."""

    def __init__(self, spec: RunSpec) -> None:
        self._spec = spec
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        if not (is_kept(self._spec.scenario, self._spec.seed) and is_checked(self._spec)):
            self._process = subprocess.Popen([sys.executable, "-m", __name__, self._spec.to_json()],
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL, text=True)
        return self

    def wait(self) -> None:
        """Until it is done, well or badly."""
        if self._process is not None:
            self._process.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def work_out(spec: RunSpec) -> None:
    """Both answers, each into the cache."""
    engines_disagree(spec)
    no_car_reference(spec.scenario, spec.seed)


if __name__ == "__main__":
    work_out(RunSpec.from_json(sys.argv[1]))
